"""What to do about a quota that a flow may exceed: the loop to slow down, and to how many items at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Plan, Step
from dragoman.plan.references import steps_of
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.peaks import Peak, Peaks, Share

TRIED = 3  # loops, the heaviest first


def way_out(plan: Plan, quota: Quota, peak: Peak, footprint: Footprint) -> str:
    """The help of a finding: the heaviest loop that can be slowed down enough, else the flow, else less."""
    advice = _slower(plan, quota, peak, footprint) or _smaller(quota, peak)
    return advice if quota.enforced or not quota.reason else f"{advice}: {quota.reason.rstrip('.')}"


def _slower(plan: Plan, quota: Quota, peak: Peak, footprint: Footprint) -> str:
    for loop in islice(_loops(plan, peak.shares), TRIED):
        inside = sum(share.number for share in peak.shares if _within(share, loop))

        def slowed(items: int, loop: Step = loop) -> Peak:
            return _peak(_slowed(plan, loop, items), quota, footprint)

        found = _most(inside, slowed, quota.amount)
        if found is not None:
            name = ".".join(loop.address)
            return f"say `foreach.parallelism: {found[0]}` in `{name}`: then it is {keys.phrase(quota.key, found[1])}"
    if footprint.limited:
        pods = sum(share.number for share in peak.shares if share.steps)

        def limited(most: int) -> Peak:
            return _peak(plan._replace(parallelism=most), quota, footprint)

        found = _most(pods, limited, quota.amount)
        if found is not None:
            return f"say `spec.parallelism: {found[0]}`: then it is {keys.phrase(quota.key, found[1])}"
    return ""


def _peak(plan: Plan, quota: Quota, footprint: Footprint) -> Peak:
    return Peaks(plan, footprint if footprint.again is None else footprint.again(plan)).of(quota.key, quota)


def _most(width: int, peak_at: Callable[[int], Peak], amount: int) -> tuple[int, int] | None:
    """The most at once, less than `width`, whose peak is within an amount, and that peak; None for none."""
    fits: tuple[int, int] | None = None
    low, high, tried = 1, width - 1, 1
    while low <= high:
        peak = peak_at(tried)
        if peak.amount is not None and peak.amount <= amount:
            fits, low = (tried, peak.amount), tried + 1
        elif tried == 1:
            return None
        else:
            high = tried - 1
        tried = (low + high + 1) // 2
    return fits


def _loops(plan: Plan, shares: Sequence[Share]) -> Iterator[Step]:
    """The loops that steps of a peak are in, the heaviest step's first, each from the inside out."""
    steps = {step.address: step for step in steps_of(plan)}
    seen = set()
    for address in (step.address for share in shares for step in share.steps):
        for size in range(len(address), 0, -1):
            around = steps.get(address[:size])
            if around is not None and around.foreach is not None and around.address not in seen:
                seen.add(around.address)
                yield around


def _within(share: Share, loop: Step) -> bool:
    size = len(loop.address)
    return any(step.address[:size] == loop.address for step in share.steps)


def _slowed(plan: Plan, loop: Step, items: int) -> Plan:
    def changed(step: Step) -> Step:
        if step.address == loop.address and step.foreach is not None:
            return step._replace(foreach=step.foreach._replace(parallelism=items))
        return step._replace(steps=tuple(map(changed, step.steps)))

    return plan._replace(steps=tuple(map(changed, plan.steps)), on_exit=tuple(map(changed, plan.on_exit)))


def _smaller(quota: Quota, peak: Peak) -> str:
    largest = max(peak.shares, key=lambda share: share.amount)
    if largest.steps and largest.amount > quota.amount:
        return f"`{largest.name}` alone holds {keys.phrase(quota.key, largest.amount)}: ask for less"
    return "ask for less, or let steps wait for each other with `needs`"
