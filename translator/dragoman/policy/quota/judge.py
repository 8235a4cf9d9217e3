"""What a plan may hold against its quotas: a finding for each that it may exceed, or that nobody can judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dragoman.findings import ERROR, WARNING, Finding, Span
from dragoman.plan.context import address_of
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Address, Plan, Step
from dragoman.plan.origins import origin
from dragoman.plan.references import steps_of
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.advice import Advice
from dragoman.policy.quota.peaks import Peak, Peaks, Share, Unbounded

SHOWN = 5  # steps of a peak, in a sentence


def judge(plan: Plan, quotas: Sequence[Quota], footprint: Footprint) -> list[Finding]:
    """Findings about quotas that a run of the plan may exceed; `footprint` is the plan's target's."""
    if not quotas:
        return []
    peaks, advice = Peaks(plan, footprint), Advice(plan, footprint)
    findings: list[Finding] = []
    unknown: dict[tuple[Address, str, str], tuple[Unbounded, Quota]] = {}
    for several in _same(quotas):
        peak = peaks.of(several[0].key, several[0])
        for reason in peak.unbounded:
            place = (reason.step.address, reason.what, _resource(several[0].key) if reason.what == "amount" else "")
            others = [unknown[place][1]] if place in unknown else []
            unknown[place] = reason, _gravest([*several, *others])
        exceeded = [quota for quota in several if peak.amount is not None and peak.amount > quota.amount]
        if exceeded:
            findings.append(_exceeded(plan, _gravest(exceeded), peak, advice))
        findings += _lacking(plan, _gravest(several), peaks)
    findings += [_unbounded(reason, quota) for reason, quota in unknown.values()]
    return findings


def _same(quotas: Sequence[Quota]) -> list[list[Quota]]:
    """Quotas by what they count."""
    found: dict[object, list[Quota]] = {}
    for quota in quotas:
        if keys.countable(quota.key) or quota.key.startswith(keys.OBJECTS):
            found.setdefault((quota.key, quota.covers, quota.enforced, quota.compute), []).append(quota)
    return list(found.values())


def _gravest(quotas: Sequence[Quota]) -> Quota:
    """The one to tell: what is an error before what is not, then the smallest."""
    return min(quotas, key=lambda quota: (_severity(quota) != ERROR, quota.amount))


def _severity(quota: Quota) -> str:
    return ERROR if quota.action == "deny" and not quota.enforced else WARNING


def _exceeded(plan: Plan, quota: Quota, peak: Peak, advice: Advice) -> Finding:
    assert peak.amount is not None
    if quota.key.startswith(keys.OBJECTS) and not peak.shares:
        return _too_many(plan, quota, peak)
    room = quota.amount - sum(share.amount * share.number for share in peak.shares if not share.steps)
    largest = max(peak.shares, key=lambda share: (bool(share.steps), share.amount))
    if quota.enforced and largest.amount > room:
        return _never(plan, quota, largest, room)
    place = _place(plan, peak.shares)
    return Finding(
        "DRG420",
        f"{_most(quota.key, peak)}, {_allowed(quota)}{_waiting(quota, peak, room)}: {_who(quota.key, peak.shares)}",
        place,
        advice.on(quota, peak),
        _severity(quota),
        "spec",
        (*_set_here(quota), *_others(quota.key, peak.shares, place)),
        rule=f"quota.{keys.field(quota.key)}",
    )


def _most(key: str, peak: Peak) -> str:
    assert peak.amount is not None
    if peak.exact:
        return f"the flow may hold {keys.phrase(key, peak.amount)} at one time"
    least = f", at least {keys.shown(key, peak.least)}" if peak.least else ""
    return f"the flow may hold at most {keys.phrase(key, peak.amount)} at one time{least}"


def _allowed(quota: Quota) -> str:
    whose = f"{quota.reason} allows" if quota.enforced and quota.reason else "the quota is"
    return f"{whose} {keys.shown(quota.key, quota.amount)}"


def _waiting(quota: Quota, peak: Peak, room: int) -> str:
    """How many pods would wait for a cluster's quota, were as many as can be to run."""
    if not quota.enforced:
        return ""
    waiting = 0
    for share in sorted((share for share in peak.shares if share.steps), key=lambda share: share.amount):
        fitting = min(share.number, max(room, 0) // share.amount)
        room -= fitting * share.amount
        waiting += share.number - fitting
    return f", so that {waiting} {'pod waits' if waiting == 1 else 'pods wait'}"


def _who(key: str, shares: Sequence[Share]) -> str:
    """The steps of a peak, with what each holds of it: `train` ×8 (64), `eval` ×4 (24), the coordinator (0.1)."""
    steps = _by_step(shares)
    shown = []
    for name, several in list(steps.items())[:SHOWN]:
        number, amount = sum(one.number for one in several), sum(one.number * one.amount for one in several)
        part = f" ({keys.shown(key, amount)})" if len(steps) > 1 and key not in keys.PODS else ""
        called = name if len(several[0].steps) != 1 else f"`{name}`"
        shown.append(f"{called}{f' ×{number}' if number > 1 else ''}{part}")
    left = len(steps) - SHOWN
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")


def _by_step(shares: Sequence[Share]) -> dict[str, list[Share]]:
    """The shares of each step, what is most first."""
    found: dict[str, list[Share]] = {}
    for share in shares:
        found.setdefault(share.name, []).append(share)
    total = {name: sum(one.number * one.amount for one in several) for name, several in found.items()}
    return dict(sorted(found.items(), key=lambda one: -total[one[0]]))


def _others(key: str, shares: Sequence[Share], place: Span) -> Iterator[tuple[Span, str]]:
    """The places of the other steps, and what pods of each hold."""
    for several in list(_by_step(shares).values())[:SHOWN]:
        step = next(iter(several[0].steps), None)
        if step is not None and _name(step) != place:
            number = sum(one.number for one in several)
            if key in keys.PODS:
                said = keys.phrase(key, number)
            elif len(several) > 1:
                said = f"{number} pods with {keys.phrase(key, sum(one.number * one.amount for one in several))}"
            else:
                said = f"{f'{number} × ' if number > 1 else ''}{keys.phrase(key, several[0].amount)}"
            yield _name(step), said


def _set_here(quota: Quota) -> list[tuple[Span, str]]:
    span = quota.origin.span()
    return [] if span is None else [(span, "the quota is set here")]


def _place(plan: Plan, shares: Sequence[Share]) -> Span:
    """The heaviest step; the flow, where none has a part in it."""
    steps = [step for several in _by_step(shares).values() for step in several[0].steps]
    return _name(steps[0]) if steps else plan.source.span(("metadata", "name"))


def _name(step: Step) -> Span:
    layer = step.layers[0]
    return layer.source.span(layer.path, key=True)


def _never(plan: Plan, quota: Quota, largest: Share, room: int) -> Finding:
    """A pod that a cluster's quota has no room for, even alone."""
    beside = "" if room == quota.amount else f", and {keys.shown(quota.key, quota.amount - room)} of that is taken"
    name = f"`{largest.name}`" if largest.steps else largest.name
    return Finding(
        "DRG422",
        f"a pod of {name} holds {keys.phrase(quota.key, largest.amount)}, {_allowed(quota)}{beside}",
        _place(plan, [largest]),
        "ask for less: the pod would never start, and the run never end",
        ERROR,
        "spec",
        tuple(_set_here(quota)),
        rule=f"quota.{keys.field(quota.key)}",
    )


def _too_many(plan: Plan, quota: Quota, peak: Peak) -> Finding:
    """Objects that a run makes in all: they count until they are deleted, which may be never while it runs."""
    assert peak.amount is not None
    kind = quota.key.removeprefix(keys.OBJECTS)
    certain = peak.least > quota.amount
    retried = "" if peak.exact else f" (when all retries are needed {peak.amount})"
    return Finding(
        "DRG425",
        f"a run makes {peak.least} {kind}{retried}, {_allowed(quota)}: they count until they are deleted",
        plan.source.span(("metadata", "name")),
        "make fewer: give each item more of the work, or split the flow"
        if certain
        else "retry less, or let the quota allow more",
        ERROR if certain else _severity(quota),
        "spec",
        tuple(_set_here(quota)),
        rule=f"quota.{keys.field(quota.key)}",
    )


def _lacking(plan: Plan, quota: Quota, peaks: Peaks) -> Iterator[Finding]:
    """Steps that do not say what a quota counts: it does not bound what they may use."""
    kind, _, name = quota.key.partition(".")
    if quota.enforced or name not in ("cpu", "memory"):  # what a cluster's own quotas want is told where they are read
        return
    silent = [
        step
        for step in steps_of(plan)
        if step.container is not None
        and peaks.counts(quota, step)
        and keys.RESOURCES[name] not in getattr(step.container.resources, kind)
    ]
    if silent:
        field = f"resources.{kind}.{keys.RESOURCES[name]}"
        yield Finding(
            "DRG423",
            f"step `{silent[0].name}` has no `{field}`, which the quota counts",
            _name(silent[0]),
            f"say `{field}`, or let the policy's `limits` say what a missing one becomes",
            _severity(quota),
            address_of((*silent[0].layers[0].path, *field.split("."))),
            (*_set_here(quota), *((_name(step), f"`{step.name}` has none either") for step in silent[1:SHOWN])),
            rule=f"quota.{keys.field(quota.key)}",
        )


def _unbounded(reason: Unbounded, quota: Quota) -> Finding:
    step = reason.step
    if reason.what == "items":
        loop = origin(step, "foreach")
        return Finding(
            "DRG421",
            f"how many items `{'.'.join(step.address)}` runs over is known only at run time: no quota can be judged",
            loop.span(key=True) or _name(step),
            "declare the most with `foreach.maxItems`, or limit what runs at once with `foreach.parallelism`"
            if not quota.key.startswith(keys.OBJECTS)
            else "declare the most with `foreach.maxItems`",
            _severity(quota),
            address_of((*step.layers[0].path, "foreach")),
            tuple(_set_here(quota)),
            rule="quota.unbounded",
        )
    name, kind = _resource(quota.key), "limits" if quota.key.startswith("limits.") else "requests"
    return Finding(
        "DRG421",
        f"the {name} of `{'.'.join(step.address)}` is known only at run time, {_allowed(quota)}",
        origin(step, "resources", kind, name).span() or _name(step),
        f"declare the most with `resources.bounds.{name}`",
        _severity(quota),
        address_of((*step.layers[0].path, "resources", kind, name)),
        tuple(_set_here(quota)),
        rule="quota.unbounded",
    )


def _resource(key: str) -> str:
    """What the spec calls the resource of a key: devices of every kind are `gpu`."""
    return keys.RESOURCES.get(key.partition(".")[2], "gpu")
