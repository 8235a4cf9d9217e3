"""What a step leaves open: requests and sizes from the defaults, limits from what the platform says of missing ones."""

from __future__ import annotations

from dragoman import quantity
from dragoman.expr.text import Template
from dragoman.findings import INFO, Finding
from dragoman.plan.model import Amount, Step
from dragoman.plan.origin import Origin
from dragoman.policy.bounds import Amounts, Bounds
from dragoman.policy.floors import Floor
from dragoman.policy.merge import SHM, Place, Said, where
from dragoman.policy.model import Policies


def filled(explicit: Said, defaults: Said, policies: Policies, floor: Floor) -> Amounts:
    """What a step says, then the flow's defaults, then the platform's, then ours; a limit alone is also the request.

    floor  what a step has at least of a resource of which it says nothing itself
    """
    amounts: Amounts = {**defaults, **explicit}
    _limits_as_requests(amounts)
    for own in (False, True):
        for place, said in policies.defaults.items():
            if (said[1].layer == "built-in") is own:
                amounts.setdefault(place, said)
        _limits_as_requests(amounts)
    for key, least in floor.items():
        places: list[Place] = [SHM] if key == "shm" else [("requests", key), ("limits", key)]
        if not any(place in explicit for place in places):
            amounts.setdefault(places[0], least)
            for place in places:
                if place in amounts:
                    amounts[place] = _larger(key, amounts[place], least)
    return amounts


def _limits_as_requests(amounts: Amounts) -> None:
    """A limit whose request nobody said is that, too: as the API server does it."""
    for place, said in list(amounts.items()):
        if place[0] == "limits":
            amounts.setdefault(("requests", place[1]), said)


def _larger(key: str, default: tuple[Amount, Origin], least: tuple[int, Origin]) -> tuple[Amount, Origin]:
    amount = default[0]
    if isinstance(amount, int):
        return least if least[0] > amount else default
    from dragoman.policy.dynamic import within

    return within(amount, key, least=least[0]), least[1]


def limited(step: Step, amounts: Amounts, bounds: Bounds, findings: list[Finding], *, running: bool) -> None:
    """Give amounts the limits that nobody wrote. Devices cannot be overcommitted: their limit is the request.

    running  those of requests that are known only while the flow runs: before bounds hold both; else after that
    """
    said = {"gpu": ("equal", Origin("built-in")), **bounds.policies.missing}
    for key, (word, source) in said.items():
        request, by = amounts.get(("requests", key), (None, source))
        if request is None or isinstance(request, int) is running or ("limits", key) in amounts or word == "none":
            continue
        if word == "equal" or key == "gpu":
            amounts["limits", key] = (request, by)
            continue
        assert not isinstance(word, str)
        if isinstance(request, int):
            limit: Amount = _multiple(step, key, request, word, source, bounds, findings)
        else:
            limit = _times(request, word, key, amounts)
        amounts["limits", key] = (limit, source)


def _times(request: Template, ratio: float, key: str, amounts: Amounts) -> Template:
    """So many times a request that is known only while the flow runs, within what is declared of it."""
    from dragoman.policy.dynamic import times, within

    declared, _ = amounts.get(("bounds", key), (None, None))
    limit = times(request, ratio)
    return within(limit, key, most=declared) if isinstance(declared, int) else limit


def _multiple(
    step: Step, key: str, request: int, ratio: float, source: Origin, bounds: Bounds, findings: list[Finding]
) -> int:
    """So many times the request, rounded up; never more than a maximum that the request is within."""
    from decimal import Decimal

    found = (bounds.tightest.get(("max", key, action)) for action in ("deny", "clamp"))
    bound = min(filter(None, found), key=lambda one: one.amount, default=None)
    if bound is not None and bounds.exemption(step, "max", key):
        bound = None
    above, below = Decimal(repr(ratio)).as_integer_ratio()
    limit_of = -(-request * above // below)
    if bound is None or limit_of <= max(request, bound.amount):
        return limit_of
    given = max(request, bound.amount)
    shown = quantity.canonical(key, limit_of), quantity.canonical(key, given)
    places = [(origin.span(), words) for origin, words in ((source, "the ratio"), (bound.origin, "the maximum"))]
    findings.append(
        Finding(
            "DRG409",
            f"step `{step.name}`: {ratio:g} times its request would be a {key} limit of {shown[0]}, given {shown[1]}",
            step.layers[0].source.span(step.layers[0].path, key=True),
            f"the platform's own limit ends at its maximum; say `resources.limits.{key}` for another one",
            INFO,
            where(step, "resources", "limits", key),
            tuple((span, f"{words} is set here") for span, words in places if span is not None),
            rule=f"max.{key}",
        )
    )
    return given
