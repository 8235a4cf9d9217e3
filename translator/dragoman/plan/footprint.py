"""What a target makes of a plan, as far as quotas count it: pods, what each holds, which of them may run at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from dragoman.plan.model import Address, Plan, Step

KUBERNETES, BATCH = "kubernetes", "batch"  # the computes, as `Step.compute` names them


class Amounts(NamedTuple):
    """Requests and limits in the units of `quantity.SCALE`; None is an amount that nobody knows before the run."""

    requests: Mapping[str, int | None] = {}
    limits: Mapping[str, int | None] = {}


def beside(one: Amounts, other: Amounts) -> Amounts:
    """Two containers that run at the same time."""
    return _joined(one, other, lambda first, second: first + second)


def either(one: Amounts, other: Amounts) -> Amounts:
    """Two containers that run one after the other, in a pod that holds enough for each."""
    return _joined(one, other, max)


def _joined(one: Amounts, other: Amounts, join: Callable[[int, int], int]) -> Amounts:
    def block(first: Mapping[str, int | None], second: Mapping[str, int | None]) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for key in (*first, *second):
            left, right = first.get(key, 0), second.get(key, 0)
            found[key] = None if left is None or right is None else join(left, right)
        return found

    return Amounts(block(one.requests, other.requests), block(one.limits, other.limits))


class Beside(NamedTuple):
    """A container that the target puts into the pod of a step.

    holds      what it asks for
    init       whether it has ended before the step's own starts
    elsewhere  where somebody else may say what it asks for, whom no flow knows
    """

    name: str
    holds: Amounts
    init: bool = False
    elsewhere: str = ""


class Pods(NamedTuple):
    """Pods that are alike.

    name    what people call them
    steps   whose containers they run; empty for the target's own
    holds   what one of them holds
    number  how many there are; none, where it only keeps others in order
    width   how many of them run at once; all of them, when None
    after   the places, in the same list, of what has ended before
    """

    name: str
    steps: tuple[Step, ...]
    holds: Amounts
    number: int = 1
    width: int | None = None
    after: tuple[int, ...] = ()


class Made(NamedTuple):
    """How many objects of a kind a run makes in all.

    always   for certain
    failing  at most so many more, when pods fail
    attempt  for each attempt of each container
    """

    always: int = 0
    failing: int = 0
    attempt: int = 0


class Footprint(NamedTuple):
    """What a target adds to a plan, and how it orders it.

    compute  where a step runs that names no compute
    pod      what the pod of a step holds whose container asks for so much, with what the target puts beside it
    always   pods that are there from the first step to the last
    jobs     everything that runs, where the target knows it before the run; None where the plan's own graph says it
    waits    steps of a graph that a step waits for beside those that it needs, by its address
    widths   how many items of a loop the target runs at once, by the loop's address, where the plan says no number
    counts   what `parallelism` of a group counts: pods, wherever inside, or the graph's own steps, items and loops
    single   loops that count once for that, however many of their items run
    made     objects of a run by kind, as `count/…` of a ResourceQuota names them
    exact    whether nothing is counted here that does not hold anything at that time
    limited  whether the target can keep to `parallelism` of a flow
    others   the containers beside a step's own in its pod
    clock    whether the time limit of the flow is one of each pod
    again    the footprint of the same flow with other caps; this one, when None
    """

    compute: str = ""
    pod: Callable[[Step, Amounts], Amounts] = lambda step, amounts: amounts
    always: tuple[Pods, ...] = ()
    jobs: tuple[Pods, ...] | None = None
    waits: Mapping[Address, tuple[str, ...]] = {}
    widths: Mapping[Address, int] = {}
    counts: Literal["pods", "children"] = "pods"
    single: frozenset[Address] = frozenset()
    made: Mapping[str, Made] = {}
    exact: bool = True
    limited: bool = True
    others: Callable[[Step], tuple[Beside, ...]] = lambda step: ()
    clock: bool = False
    again: Callable[[Plan], Footprint] | None = None


def plain(plan: Plan) -> Footprint:
    """The footprint of a target that adds nothing and runs the plan's own graph."""
    return Footprint()
