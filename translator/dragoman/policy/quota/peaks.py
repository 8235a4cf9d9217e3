"""The peak of each thing that quotas count: how much, which pods hold it then, and whether that is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import gcd
from typing import Literal, NamedTuple

from dragoman.plan.footprint import Amounts, Footprint
from dragoman.plan.model import Plan, Step
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.usage import Usage, attempts, containers, usage
from dragoman.policy.quota.work import Graph, Leaf, Loop, Part
from dragoman.policy.quota.worst import Worst, worst

Weigh = Callable[[Leaf, Amounts], "int | None"]


class Share(NamedTuple):
    """The pods of one step in a peak.

    name    what people call the step
    steps   whose containers they run; empty for a pod of the target's own
    amount  what each of them holds
    number  how many of them there are
    """

    name: str
    steps: tuple[Step, ...]
    amount: int
    number: int


class Unbounded(NamedTuple):
    """Why a peak is not known: the items of a loop, or an amount, are known only at run time."""

    step: Step
    what: Literal["items", "amount"]


class Peak(NamedTuple):
    """The most that a flow may hold at one time, or make in all of `count/…`.

    amount     never more than this; None where that is not known before the run
    least      so much for certain in some run, where nothing fails and no condition must hold
    shares     the pods that hold it then, what is most first; objects have none
    unbounded  why it is not known
    """

    amount: int | None
    least: int = 0
    shares: tuple[Share, ...] = ()
    unbounded: tuple[Unbounded, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether some run really holds that much."""
        return self.amount == self.least


def peaks(plan: Plan, footprint: Footprint) -> Mapping[str, Peak]:
    """The peak of everything that the plan holds anything of, by the names of a ResourceQuota."""
    return Peaks(plan, footprint).every()


class Peaks:
    """The peaks of one plan; what is counted alike is searched once."""

    def __init__(self, plan: Plan, footprint: Footprint) -> None:
        self.footprint = footprint
        self.usage: Usage = usage(plan, footprint)
        self.found: dict[tuple[int, ...], Worst] = {}

    def every(self) -> Mapping[str, Peak]:
        """The peak of everything that the plan holds anything of, by the names of a ResourceQuota."""
        names = ["requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory"]
        names += ["limits.ephemeral-storage", "gpu", *sorted(f"requests.{name}" for name in self.devices()), "pods"]
        names += [f"{keys.OBJECTS}{kind}" for kind in self.footprint.made]
        found = {name: self.of(name) for name in names}
        return {name: peak for name, peak in found.items() if peak.amount != 0}

    def of(self, key: str, quota: Quota | None = None) -> Peak:
        """The peak of one thing, of what a quota counts."""
        if key.startswith(keys.OBJECTS) and key.removeprefix(keys.OBJECTS) in self.footprint.made:
            return self._objects(key.removeprefix(keys.OBJECTS))

        def weigh(leaf: Leaf, holds: Amounts) -> int | None:
            counted = quota is None or _counted(quota, leaf, self.footprint)
            return keys.amount(key, leaf, holds) if counted else 0

        unknown = _distinct(_unbounded(self.usage.graph, weigh))
        return Peak(None, unbounded=unknown) if unknown else self._peak(weigh)

    def counts(self, quota: Quota, step: Step) -> bool:
        """Whether a quota counts the pods of a step."""
        return _counted(quota, Leaf(step.name, (step,), (), None), self.footprint)

    def devices(self) -> set[str]:
        """The names of all kinds of devices that the plan asks for."""
        return {name for leaf in _leaves(self.usage.graph) for name in keys.devices(leaf) if _has_devices(leaf)}

    def _objects(self, kind: str) -> Peak:
        made, graph = self.footprint.made[kind], self.usage.graph
        once, tried = (containers(graph), attempts(graph)) if made.attempt else (0, 0)
        if once is None or tried is None:
            return Peak(None, unbounded=_distinct(_endless(graph)))
        return Peak(made.always + made.failing + made.attempt * tried, made.always + made.attempt * once)

    def _peak(self, weigh: Weigh) -> Peak:
        found = self._worst(weigh)
        shares: dict[tuple[str, int], Share] = {}
        sure = 0
        always = [
            (leaf, weigh(leaf, size.holds) or 0, size.number or 0) for leaf in self.usage.always for size in leaf.sizes
        ]
        for leaf, amount, number in (*((one.leaf, one.amount, one.number) for one in found.held), *always):
            if amount:
                known = shares.get((leaf.name, amount)) or Share(leaf.name, leaf.steps, amount, 0)
                shares[leaf.name, amount] = known._replace(number=known.number + number)
                sure += amount * number if leaf.sure else 0
        ranked = sorted(shares.values(), key=lambda share: -share.amount * share.number)
        if not self.footprint.exact:
            sure = max((share.amount for share in ranked), default=0)
        return Peak(found.amount + sum(amount * number for _, amount, number in always), sure, tuple(ranked))

    def _worst(self, weigh: Weigh) -> Worst:
        """The most at one time, kept by what everything weighs: steps often ask for cpu and memory alike."""
        weights = tuple(weigh(leaf, size.holds) or 0 for leaf in _leaves(self.usage.graph) for size in leaf.sizes)
        unit = gcd(*weights) or 1
        alike = tuple(weight // unit for weight in weights)
        if alike not in self.found:
            self.found[alike] = worst(self.usage.graph, lambda leaf, holds: (weigh(leaf, holds) or 0) // unit)
        found = self.found[alike]
        return Worst(found.amount * unit, tuple(one._replace(amount=one.amount * unit) for one in found.held))


def _counted(quota: Quota, leaf: Leaf, footprint: Footprint) -> bool:
    """Whether a quota counts the pods of a step: one of the cluster does not count what runs elsewhere."""
    computes = {step.compute or footprint.compute for step in leaf.steps} or {footprint.compute}
    if quota.compute and quota.compute not in computes:
        return False
    addresses = {step.address for step in leaf.steps} or {()}
    return quota.covers is None or not quota.covers.isdisjoint(addresses)


def _distinct(found: Iterable[Unbounded]) -> tuple[Unbounded, ...]:
    return tuple({(one.step.address, one.what): one for one in found}.values())


def _leaves(part: Part) -> Iterator[Leaf]:
    if isinstance(part, Leaf):
        yield part
    else:
        for inner in [graph for graph, _ in part.runs] if isinstance(part, Loop) else part.parts:
            yield from _leaves(inner)


def _has_devices(leaf: Leaf) -> bool:
    return any(size.holds.requests.get("gpu", size.holds.limits.get("gpu", 0)) != 0 for size in leaf.sizes)


def _unbounded(part: Part, weigh: Weigh) -> Iterator[Unbounded]:
    """The loops and the amounts of which a quota cannot know the most."""
    if isinstance(part, Graph):
        for inner in part.parts:
            yield from _unbounded(inner, weigh)
    elif part.width == 0:
        return
    elif isinstance(part, Loop):
        inside = [leaf for graph, _ in part.runs for leaf in _leaves(graph)]
        if part.width is None and any(number is None for _, number in part.runs) and _weighs(inside, weigh):
            yield Unbounded(part.step, "items")
        for graph, _ in part.runs:
            yield from _unbounded(graph, weigh)
    else:
        for size in part.sizes:
            weight = weigh(part, size.holds)
            if weight is None:
                yield Unbounded(part.steps[0], "amount")
            if weight != 0 and part.width is None and size.number is None:
                yield Unbounded(part.steps[0], "items")


def _weighs(leaves: list[Leaf], weigh: Weigh) -> bool:
    return any(weigh(leaf, size.holds) != 0 for leaf in leaves for size in leaf.sizes)


def _endless(part: Part) -> Iterator[Unbounded]:
    """The loops whose items nobody has counted."""
    if isinstance(part, Leaf):
        if any(size.number is None for size in part.sizes):
            yield Unbounded(part.steps[0], "items")
    elif isinstance(part, Loop):
        if any(number is None for _, number in part.runs):
            yield Unbounded(part.step, "items")
        for graph, _ in part.runs:
            yield from _endless(graph)
    else:
        for inner in part.parts:
            yield from _endless(inner)
