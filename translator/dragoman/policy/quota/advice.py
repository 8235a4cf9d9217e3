"""What to do about a quota that a flow may exceed: the loop to slow down, and to how many items at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Address, Plan, Step
from dragoman.plan.references import steps_of
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.peaks import Peak, Peaks, Share

TRIED = 3  # loops, the heaviest first


class Advice:
    """What to do about the quotas of one plan; what was tried for one of them is there for the others."""

    def __init__(self, plan: Plan, footprint: Footprint) -> None:
        self.plan, self.footprint = plan, footprint
        self.tried: dict[tuple[Address, int], Peaks] = {}

    def on(self, quota: Quota, peak: Peak) -> str:
        """The help of a finding: the heaviest loop that can be slowed down enough, else the flow, else less."""
        advice = self._slower(quota, peak) or _smaller(quota, peak)
        return advice if quota.enforced or not quota.reason else f"{advice}: {quota.reason.rstrip('.')}"

    def _slower(self, quota: Quota, peak: Peak) -> str:
        for where, width in self._places(peak):
            found = _most(width, partial(self._peak, where, quota), quota.amount)
            if found is not None:
                field, place = ("foreach", f" in `{'.'.join(where)}`") if where else ("spec", "")
                return f"say `{field}.parallelism: {found[0]}`{place}: then it is {keys.phrase(quota.key, found[1])}"
        return ""

    def _places(self, peak: Peak) -> Iterator[tuple[Address, int]]:
        """Where to say how many run at once, and how many pods do now: the heaviest loops, then the flow."""
        for loop in islice(_loops(self.plan, peak.shares), TRIED):
            yield loop.address, sum(share.number for share in peak.shares if _within(share, loop))
        if self.footprint.limited:
            yield (), sum(share.number for share in peak.shares if share.steps)

    def _peak(self, where: Address, quota: Quota, most: int) -> Peak:
        """The peak if no more than so many ran at once: items of the loop there, containers of the flow."""
        if (where, most) not in self.tried:
            plan = _slowed(self.plan, where, most) if where else self.plan._replace(parallelism=most)
            again = self.footprint.again
            self.tried[where, most] = Peaks(plan, self.footprint if again is None else again(plan))
        return self.tried[where, most].of(quota.key, quota)


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


def _slowed(plan: Plan, loop: Address, items: int) -> Plan:
    def changed(step: Step) -> Step:
        if step.address == loop and step.foreach is not None:
            return step._replace(foreach=step.foreach._replace(parallelism=items))
        return step._replace(steps=tuple(map(changed, step.steps)))

    return plan._replace(steps=tuple(map(changed, plan.steps)), on_exit=tuple(map(changed, plan.on_exit)))


def _smaller(quota: Quota, peak: Peak) -> str:
    largest = max(peak.shares, key=lambda share: share.amount)
    if largest.steps and largest.amount > quota.amount:
        return f"`{largest.name}` alone holds {keys.phrase(quota.key, largest.amount)}: ask for less"
    return "ask for less, or let steps wait for each other with `needs`"
