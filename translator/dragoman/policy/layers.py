"""Several layers of policies as one: lower ones add to the upper ones and may only tighten them.

What an upper layer leaves to the lower ones it says itself: `overridable: true` of a bound, a quota or a rule, and its
own list `overridable`. Of everything else the lower layer's word is an error, or has no effect, and is told so.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from dragoman import quantity
from dragoman.findings import ERROR, SEVERITIES, WARNING, Finding, did_you_mean
from dragoman.load.document import Document
from dragoman.plan.origin import Origin
from dragoman.policy.model import Bound, Exemption, Missing, Policies, Quota, Rule

Entry = TypeVar("Entry", Bound, Quota)
LIMITS = ("limits.cpu", "limits.memory", "limits.disk")
STRENGTH = {"warn": 0, "clamp": 1, "deny": 2}


def stacked(layers: Sequence[Policies]) -> tuple[Policies, list[Finding]]:
    """The layers as one, the first is the highest, with a finding for each that would loosen an upper one."""
    findings: list[Finding] = []
    one = Policies()
    for number, layer in enumerate(layers):
        if layer.exemptions:
            findings += _excused(layer.exemptions, one, layers[:number])
        one = _below(one, layer, findings)
    if one.minima:
        findings += _contradictions(one)
    return one, findings


def _below(one: Policies, layer: Policies, findings: list[Finding]) -> Policies:
    """A layer below those that are one already."""
    return Policies(
        defaults={**one.defaults, **layer.defaults},
        accelerator=layer.accelerator or one.accelerator,
        accelerators={**one.accelerators, **layer.accelerators},
        missing={**one.missing, **dict(_missing(one, layer, findings))},
        maxima=_joined("max", one.maxima, layer.maxima, findings),
        minima=_joined("min", one.minima, layer.minima, findings),
        quotas=_joined("quota", one.quotas, layer.quotas, findings),
        enforced=(*one.enforced, *layer.enforced),
        values={**one.values, **dict(_values(one, layer, findings))},
        rules=_rules(one, layer, findings),
        exemptions=(*one.exemptions, *layer.exemptions),
        overridable=_overridable(one, layer),
    )


def _overridable(one: Policies, layer: Policies) -> dict[str, Origin]:
    """What may still be loosened: whoever says a thing last decides about it, and nobody else."""
    said = {*(f"limits.{key}" for key in layer.missing), *(f"values.{name}" for name in layer.values)}
    theirs = {f"limits.{key}" for key, (_, origin) in one.missing.items() if origin.layer != "built-in"} - said
    found = {name: origin for name, origin in one.overridable.items() if name not in said}
    for name, origin in layer.overridable.items():
        mine = (one for one in (LIMITS if name == "limits" else (name,)) if one not in theirs)
        found.update(dict.fromkeys(mine, origin))
    return found


def _missing(one: Policies, layer: Policies, findings: list[Finding]) -> Iterator[tuple[str, tuple[Missing, Origin]]]:
    """What a layer may say of missing limits; what nobody said but dragoman itself is free."""
    for key, (word, origin) in layer.missing.items():
        upper = one.missing.get(key)
        name = f"limits.{key}"
        if upper is None or upper[1].layer == "built-in" or name in one.overridable or _rank(word) <= _rank(upper[0]):
            yield key, (word, origin)
            continue
        way_out = f"leave it out, or let the upper policy say `overridable: [{name}]`"
        message = f"`{name}` is {_word(upper[0])} in an upper policy; {_word(word)} here would loosen it"
        findings.append(_two("DRG467", message, origin, upper[1], way_out))


def _rank(word: Missing) -> float:
    """How loose it is: the request is the tightest limit, no limit the loosest."""
    return 1.0 if word == "equal" else float("inf") if word == "none" else float(word)


def _word(word: Missing) -> str:
    return f"`{word}`" if isinstance(word, str) else f"`ratio: {word:g}`"


def _values(one: Policies, layer: Policies, findings: list[Finding]) -> Iterator[tuple[str, tuple[Any, Origin]]]:
    """The constants that a layer may set: new ones, and those that are left to it, which keep their type."""
    for name, (value, origin) in layer.values.items():
        upper = one.values.get(name)
        if upper is None:
            yield name, (value, origin)
        elif upper[0] == value and type(upper[0]) is type(value):
            continue
        elif f"values.{name}" not in one.overridable:
            way_out = f"leave it out, or let the upper policy say `overridable: [values.{name}]`"
            message = f"the constant `{name}` is an upper policy's, which does not leave it to others"
            findings.append(_two("DRG467", message, origin, upper[1], way_out))
        elif not _of_one_type(value, upper[0]):
            from dragoman.expr.types import named
            from dragoman.expr.values import type_of_value

            was, now = named(type_of_value(upper[0])), named(type_of_value(value))
            message = f"the constant `{name}` is {was} in the upper policy, here {now}"
            findings.append(_two("DRG467", message, origin, upper[1], "a value that is overridden keeps its type"))
        else:
            yield name, (value, origin)


def _of_one_type(value: Any, upper: Any) -> bool:
    """Whether a value is of another's type; a list without items is of every list's."""
    from dragoman.expr.values import type_of_value

    return type_of_value(value) == type_of_value(upper) or (value == [] and isinstance(upper, list))


def _joined(
    side: str, upper: tuple[Entry, ...], lower: tuple[Entry, ...], findings: list[Finding]
) -> tuple[Entry, ...]:
    """The bounds of two layers: all of them count, but for overridable ones that the lower layer loosens."""
    kept: list[Entry] = list(upper)
    for mine in lower:
        theirs = [one for one in kept if _thing(one) == _thing(mine) and _looser(side, mine, one)]
        kept = [one for one in kept if one not in theirs or not one.overridable]
        idle = next((one for one in theirs if not one.overridable and _covers(one, mine)), None)
        if idle is not None:
            said, other = (_amount(one) for one in (mine, idle))
            message = f"`{side}` of {said} has no effect: an upper policy says {other}"
            way_out = "take it out, or let the upper policy say `overridable: true` there"
            findings.append(_two("DRG468", message, mine.origin, idle.origin, way_out, WARNING))
    kept += lower
    return tuple(kept)


def _thing(entry: Bound | Quota) -> Hashable:
    """What an entry bounds: entries of one thing are compared."""
    return entry.key if isinstance(entry, Bound) else (entry.key, entry.covers, entry.compute)


def _looser(side: str, mine: Bound | Quota, theirs: Bound | Quota) -> bool:
    if mine.amount == theirs.amount:
        return STRENGTH[mine.action] < STRENGTH[theirs.action]
    return (mine.amount < theirs.amount) is (side == "min")


def _covers(theirs: Bound | Quota, mine: Bound | Quota) -> bool:
    """Whether a tighter bound leaves nothing to a looser one: what is only warned of may still be refused."""
    return STRENGTH[theirs.action] >= STRENGTH[mine.action]


def _amount(entry: Bound | Quota) -> str:
    """The amount and the action of an entry, in a sentence."""
    kind, _, key = entry.key.rpartition(".")
    key = {"ephemeral-storage": "disk"}.get(key, key)
    return (
        f"{'a limit of ' if kind == 'limits' else ''}{quantity.canonical(key, entry.amount)} {key} (`{entry.action}`)"
    )


def _rules(one: Policies, layer: Policies, findings: list[Finding]) -> tuple[Rule, ...]:
    """The rules of both; one of the same id takes the upper one's place only if it may."""
    rules = {rule.id: rule for rule in one.rules}
    for rule in layer.rules:
        upper = rules.get(rule.id)
        if upper is None or upper.body.get("overridable") or _stricter(rule, upper):
            rules[rule.id] = rule
        elif rule.body != upper.body:
            message = f"the rule `{rule.id}` is an upper policy's, which does not leave it to others"
            way_out = (
                "give it another id, or let the upper one say `overridable: true`; only its severity may be raised"
            )
            findings.append(_two("DRG467", message, rule.origin, upper.origin, way_out))
    return tuple(rules.values())


def _stricter(rule: Rule, upper: Rule) -> bool:
    """Whether a rule is the upper one with a higher severity, and differs in nothing else."""
    mine, theirs = ({**one.body, "severity": "", "overridable": False} for one in (rule, upper))
    return mine == theirs and SEVERITIES.index(rule.severity) > SEVERITIES.index(upper.severity)


def _excused(exemptions: Iterable[Exemption], one: Policies, uppers: Iterable[Policies]) -> Iterator[Finding]:
    """Findings about exemptions from what an upper layer says and does not leave to others."""
    from fnmatch import fnmatchcase

    leaving = [_document(layer.overridable["exemptions"]) for layer in uppers if "exemptions" in layer.overridable]
    held = [
        (name, origin)
        for name, origin, overridable in named(one)
        if not overridable and not any(_document(origin) is document for document in leaving)
    ]
    for exemption in exemptions:
        for name, origin in held:
            if fnmatchcase(name, exemption.body["rule"]):
                place = exemption.origin._replace(path=(*exemption.origin.path, "rule"))
                message = f"an exemption from `{name}`, which an upper policy says and does not leave to others"
                way_out = "let the upper policy have the exemption, or say `overridable: [exemptions]`"
                yield _two("DRG467", message, place, origin, way_out)
                break


def named(one: Policies) -> Iterator[tuple[str, Origin, bool]]:
    """What exemptions can name, who says it, and whether it is left to others."""
    for rule in one.rules:
        yield rule.id, rule.origin, bool(rule.body.get("overridable"))
    for side, bounds in (("max", one.maxima), ("min", one.minima)):
        for bound in bounds:
            yield f"{side}.{bound.key}", bound.origin, bound.overridable
    for quota in one.quotas:
        yield f"quota.{quota.key.removeprefix('requests.')}", quota.origin, quota.overridable


def _document(origin: Origin) -> Document | None:
    return None if origin.source is None else origin.source.document


def _contradictions(one: Policies) -> Iterator[Finding]:
    """Findings about minima above a maximum: no amount is within both."""
    for least in one.minima:
        most = next((most for most in one.maxima if most.key == least.key and most.amount < least.amount), None)
        if most is not None:
            shown = [quantity.canonical(least.key, bound.amount) for bound in (least, most)]
            message = f"the minimum of `{least.key}` is {shown[0]}, and its maximum {shown[1]}"
            way_out = "no step can obey both: lower the minimum, or raise the maximum"
            yield _two("DRG466", message, least.origin, most.origin, way_out)


def _two(code: str, message: str, here: Origin, there: Origin, help: str, severity: str = ERROR) -> Finding:
    """A finding that two layers take part in."""
    span = there.span()
    related = () if span is None else ((span, "the upper policy says it here" if code != "DRG466" else "the maximum"),)
    return Finding(code, message, here.span(), help, severity, related=related)


def unsound(said: Policies) -> list[Finding]:
    """What is wrong with a layer by itself: two rules of one id, a name of `overridable` that is nothing's."""
    findings = []
    seen: dict[str, Rule] = {}
    for rule in said.rules:
        other = seen.setdefault(rule.id, rule)
        if other is not rule:
            place, first = (one.origin._replace(path=(*one.origin.path, "id")) for one in (rule, other))
            message = f"two rules of this policy are `{rule.id}`"
            related = tuple((span, "the other one") for span in [first.span()] if span is not None)
            way_out = "an id is one rule's: rename one"
            findings.append(Finding("DRG419", message, place.span(), way_out, related=related))
    names = ["exemptions", "limits", *LIMITS, *(f"values.{name}" for name in said.values)]
    for name, origin in said.overridable.items():
        if name not in names:
            message = f"`overridable` names `{name}`, which this policy does not have"
            way_out = did_you_mean(name, names)
            if name in ("max", "min", "quota", "rules"):
                way_out = f"say `overridable: true` in each entry of `{name}` that others may loosen"
            findings.append(Finding("DRG469", message, origin.span(), way_out))
    return findings
