"""What a flow may run at one time, as a tree: pods, loops and graphs, with the most of each at once."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from dragoman.plan.footprint import Amounts
from dragoman.plan.model import Step
from dragoman.policy.quota.peak import Order, order


class Size(NamedTuple):
    """Pods of a step that hold the same; `number` is None where that is known only at run time."""

    holds: Amounts
    number: int | None


class Leaf(NamedTuple):
    """The pods of one step, in one run of the graph that it is in.

    name    what people call it
    steps   whose containers they run; empty for a pod of the target's own
    sizes   its items, by what they hold
    width   how many run at once; None where nothing limits it
    tries   how many pods one item has, one after the other, when all but the last fail
    sure    whether it runs in every run that does not fail
    single  whether it counts once for a group's `parallelism`, however many run
    """

    name: str
    steps: tuple[Step, ...]
    sizes: tuple[Size, ...]
    width: int | None
    tries: int = 1
    sure: bool = True
    single: bool = False


class Loop(NamedTuple):
    """A group that runs once for each item; runs that are alike together, with their number."""

    step: Step
    runs: tuple[tuple[Graph, int | None], ...]
    width: int | None
    single: bool = False


class Graph:
    """Steps and the pairs (before, after) of their places; `cap` is how many run at once, as `counts` counts them."""

    def __init__(
        self,
        parts: tuple[Part, ...],
        pairs: tuple[tuple[int, int], ...] = (),
        cap: int | None = None,
        counts: Literal["pods", "children"] = "pods",
    ) -> None:
        self.parts, self.pairs, self.cap, self.counts = parts, pairs, cap, counts

    @cached_property
    def order(self) -> Order:
        """The graph as a network, made once for all that is asked of it."""
        return order(len(self.parts), self.pairs)


Part: TypeAlias = Leaf | Loop | Graph
