"""Measure a plan for a report: what each step asks for and gets, and what all of them hold at one time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dragoman import quantity
from dragoman.expr.unparse import excerpt
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Address, Container, Plan, Step
from dragoman.plan.model import Amount as Planned
from dragoman.plan.origins import origin
from dragoman.policy.beyond import NOT_ASKED
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.peaks import Peak as Held
from dragoman.policy.quota.peaks import Peaks
from dragoman.policy.quota.usage import usage
from dragoman.policy.quota.work import Graph, Leaf, Part
from dragoman.report.needs import Amount, Need, Peak

RESOURCES = ("cpu", "memory", "gpu", "disk")


def needs(plan: Plan, unbounded: Plan, footprint: Footprint) -> tuple[Need, ...]:
    """What each step of a settled plan asks for and gets.

    unbounded  the plan as policies without maxima and minima settle it
    """
    asked = {step.address: step for step in _working((*unbounded.steps, *unbounded.on_exit))}
    widths = dict(_widths(usage(plan, footprint).graph))
    return tuple(
        Need(".".join(step.address), widths.get(step.address, 0), _amounts(step, asked[step.address]))
        for step in _working((*plan.steps, *plan.on_exit))
    )


def peaks(plan: Plan, footprint: Footprint, quotas: Sequence[Quota]) -> tuple[Peak, ...]:
    """The peak of everything that the plan holds anything of; of what has a quota, as that quota counts it."""
    tightest: dict[object, Quota] = {}
    for quota in quotas:
        counted = (quota.key, quota.covers, quota.compute)
        if counted not in tightest or quota.amount < tightest[counted].amount:
            tightest[counted] = quota
    counts = Peaks(plan, footprint)
    every = counts.every()
    limited = [_peak(quota.key, counts.of(quota.key, quota), quota) for quota in tightest.values()]
    known = {quota.key for quota in tightest.values()}
    free = [_peak(key, peak) for key, peak in every.items() if key not in known]
    order = [*every, *sorted(known - set(every))]
    return tuple(sorted((*limited, *free), key=lambda peak: order.index(peak.key)))


def _peak(key: str, held: Held, quota: Quota | None = None) -> Peak:
    steps: dict[str, int] = {}
    for share in held.shares:
        steps[share.name] = steps.get(share.name, 0) + share.number
    return Peak(
        key,
        "" if held.amount is None else keys.shown(key, held.amount),
        "" if held.amount is None else keys.shown(key, held.least),
        tuple(steps.items()),
        "" if quota is None else keys.shown(key, quota.amount),
        quota is not None and held.amount is not None and held.amount > quota.amount,
    )


def _working(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if step.container is not None:
            yield step
        yield from _working(step.steps)


def _amounts(step: Step, asked: Step) -> dict[str, Amount]:
    given, before = _requests(step.container), _requests(asked.container)
    growth = {one.resource: one.maximum for one in (step.retry.escalate if step.retry is not None else ())}
    found = {}
    for key in RESOURCES:
        if key in given or key in before:
            wanted = before.get(key) if origin(asked, "resources", "requests", key).layer not in NOT_ASKED else None
            found[key] = Amount(_written(key, wanted), _written(key, given.get(key)), _written(key, growth.get(key)))
    return found


def _requests(container: Container | None) -> Mapping[str, Planned]:
    return {} if container is None else container.resources.requests


def _written(key: str, amount: Planned | None) -> str:
    if amount is None:
        return ""
    if isinstance(amount, int):
        return quantity.canonical(key, amount)
    return "".join(part if isinstance(part, str) else f"${{{{ {excerpt(part)} }}}}" for part in amount.parts)


def _widths(part: Part) -> Iterator[tuple[Address, int | None]]:
    """Steps, each with the most of its pods at one time, whatever else runs then."""
    if isinstance(part, Leaf):
        count = _sum(size.number for size in part.sizes)
        for step in part.steps:
            yield step.address, _least(count, part.width)
        return
    within: dict[Address, int | None] = {}
    if isinstance(part, Graph):
        for child in part.parts:
            for address, width in _widths(child):
                within[address] = _sum((within.get(address, 0), width))
        cap = part.cap if part.counts == "pods" else None
        yield from ((address, _least(width, cap)) for address, width in within.items())
        return
    for graph, _ in part.runs:
        for address, width in _widths(graph):
            most = within.get(address, 0)
            within[address] = None if width is None or most is None else max(width, most)
    times = _least(_sum(count for _, count in part.runs), part.width)
    yield from (
        (address, None if width is None or times is None else width * times) for address, width in within.items()
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    """All together; None when one is not known."""
    found = list(counts)
    return None if None in found else sum(count for count in found if count is not None)


def _least(one: int | None, other: int | None) -> int | None:
    """The smaller of two, where None is without end."""
    return min((count for count in (one, other) if count is not None), default=None)
