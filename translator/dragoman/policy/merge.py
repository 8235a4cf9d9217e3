"""Max-of: of what a step says for every target and in its block for this one, the larger, key by key.

Only what is said explicitly takes part: the step's own words and its template's, an environment's, `--set`. The flow's
defaults, a policy's and the built-in ones fill what is left open, later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.context import address_of
from dragoman.plan.model import Amount, Resources, Step
from dragoman.plan.origin import Origin
from dragoman.plan.origins import origin

Place: TypeAlias = tuple[str, ...]  # below `resources`: ("requests", "cpu"), ("bounds", "memory"), ("shm",)
Said: TypeAlias = Mapping[Place, tuple[Amount, Origin]]
Known: TypeAlias = dict[Place, tuple[int, Origin]]
SHM: Place = ("shm",)


class Clash(NamedTuple):
    """Two amounts of one place, neither of which is the larger."""

    place: Place
    one: Origin
    other: Origin


def placed(amounts: Resources) -> dict[Place, Amount]:
    """Every amount of some resources by its place."""
    found: dict[Place, Amount] = {} if amounts.shm is None else {SHM: amounts.shm}
    for kind, block in (("requests", amounts.requests), ("limits", amounts.limits), ("bounds", amounts.bounds)):
        for key, amount in block.items():
            found[(kind, key)] = amount
    return found


def max_of(one: Said, other: Said) -> tuple[dict[Place, tuple[Amount, Origin]], list[Clash]]:
    """The larger of the two at each place; where that cannot be told, the first one's, and a clash."""
    larger, clashes = dict(one), []
    for place, (amount, said) in other.items():
        if place not in larger:
            larger[place] = (amount, said)
            continue
        mine, by = larger[place]
        if isinstance(mine, int) and isinstance(amount, int):
            if amount > mine:
                larger[place] = (amount, said)
        elif not _same(mine, amount):
            clashes.append(Clash(place, by, said))
    return larger, clashes


def merged(step: Step, target: str, findings: list[Finding]) -> tuple[dict[Place, tuple[Amount, Origin]], Said]:
    """What a step says explicitly of its amounts, merged with its block for the target; and what the defaults say."""
    assert step.container is not None
    own: dict[Place, tuple[Amount, Origin]] = {}
    defaults: dict[Place, tuple[Amount, Origin]] = {}
    for place, amount in placed(step.container.resources).items():
        said = origin(step, "resources", *place)
        (defaults if said.layer == "defaults" else own)[place] = (amount, said)
    block = placed(step.target_resources)
    if not block:
        return own, defaults
    for_target = {place: (amount, origin_in_block(step, target, place)) for place, amount in block.items()}
    result, clashes = max_of(own, for_target)
    findings += [_incomparable(step, clash) for clash in clashes]
    return result, defaults


def origin_in_block(step: Step, target: str, place: Place) -> Origin:
    """Who set a value of the step's block for a target."""
    for layer in step.layers:
        block = (layer.data.get("targets") or {}).get(target)
        if not block:
            continue
        for path in (place, place[1:]) if place[0] == "requests" else (place,):
            if _at(block.get("resources"), path) is not None:
                return Origin(layer.name, layer.source, (*layer.path, "targets", target, "resources", *path))
    return Origin("built-in")


def where(step: Step, *path: str) -> str:
    """The address of a value of a step, as the spec has it."""
    return address_of((*step.layers[0].path, *path))


def _at(block: object, path: Path) -> object:
    for name in path:
        block = block.get(name) if isinstance(block, Mapping) else None
    return block


def _same(one: Amount, other: Amount) -> bool:
    """Whether two amounts from data are the same expression, wherever it is written."""
    if isinstance(one, int) or isinstance(other, int):
        return False
    from dragoman.expr.text import refs
    from dragoman.expr.unparse import unparse

    shown = [[part if isinstance(part, str) else unparse(part) for part in text.parts] for text in (one, other)]
    known = [[ref.target for ref in refs(text)] for text in (one, other)]
    return shown[0] == shown[1] and known[0] == known[1]


def _incomparable(step: Step, clash: Clash) -> Finding:
    span = clash.other.span()
    key, kind = clash.place[-1], {"limits": "limit of ", "bounds": "bound of "}.get(clash.place[0], "")
    return Finding(
        "DRG403",
        f"the {kind}`{key}` of step `{step.name}` is known only at run time, here or there: neither is the larger",
        clash.one.span() or span,
        "keep one of the two",
        address=where(step, "resources", *clash.place),
        related=((span, "for this target it is set here"),) if span is not None else (),
    )
