"""What can run at one time, found by running it: every order in which pods may start and end is tried.

Knows nothing of antichains, flows or prices: a state is the set of pods that run and the set of those that have ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

Item: TypeAlias = "int | Run"  # one pod, by what it weighs, or a graph of its own
Path: TypeAlias = tuple[object, ...]


class Many(NamedTuple):
    """Items of a loop, of which so many run at once; `single`: they count once for their graph's cap."""

    items: tuple[Item, ...]
    width: int | None = None
    single: bool = False


class Run(NamedTuple):
    """A graph: its parts, what comes before what, and how many of `counts` run at once."""

    parts: tuple[Item | Many, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    cap: int | None = None
    counts: Literal["pods", "children"] = "pods"


class Limit(NamedTuple):
    """No more than `most` of these sets of pods may have begun and not ended."""

    most: int
    members: tuple[int, ...]


class Machine:
    """A run, flattened: pods, what each waits for, and limits; sets of pods are the bits of a number."""

    def __init__(self, run: Run) -> None:
        self.weights: list[int] = []
        self.before: list[int] = []
        self.limits: list[Limit] = []
        self._run(run, 0)

    def _run(self, run: Run, before: int) -> int:
        """Add the pods of a run, all of which wait for `before`; the set of them."""
        done: dict[int, int] = {}
        for place in self._sorted(run):
            waits = before
            for one, other in run.pairs:
                if other == place:
                    waits |= done[one]
            done[place] = self._part(run.parts[place], waits)
        everything = sum(done.values())
        if run.cap is not None and run.counts == "pods":
            self.limits.append(Limit(run.cap, tuple(self._bits(everything))))
        elif run.cap is not None:
            children = [child for place in done for child in self._children[run.parts[place], done[place]]]
            self.limits.append(Limit(run.cap, tuple(children)))
        return everything

    @cached_property
    def _children(self) -> dict[tuple[object, int], list[int]]:
        return {}

    def _part(self, part: Item | Many, before: int) -> int:
        items = part.items if isinstance(part, Many) else (part,)
        sets = [self._item(item, before) for item in items]
        if isinstance(part, Many) and part.width is not None:
            self.limits.append(Limit(part.width, tuple(sets)))
        everything = sum(sets)
        self._children[part, everything] = [everything] if isinstance(part, Many) and part.single else sets
        return everything

    def _item(self, item: Item, before: int) -> int:
        if isinstance(item, Run):
            return self._run(item, before)
        self.weights.append(item)
        self.before.append(before)
        return 1 << (len(self.weights) - 1)

    def _sorted(self, run: Run) -> Iterator[int]:
        left = list(range(len(run.parts)))
        while left:
            place = next(one for one in left if not any(after == one and first in left for first, after in run.pairs))
            left.remove(place)
            yield place

    def _bits(self, pods: int) -> Iterator[int]:
        return (1 << number for number in range(len(self.weights)) if pods & (1 << number))

    def most(self) -> int:
        """The heaviest set of pods that runs in any state that can be reached."""
        best, seen, waiting = 0, {(0, 0)}, [(0, 0)]
        while waiting:
            running, ended = waiting.pop()
            best = max(best, sum(weight for number, weight in enumerate(self.weights) if running & (1 << number)))
            for state in self._next(running, ended):
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
        return best

    def _next(self, running: int, ended: int) -> Iterator[tuple[int, int]]:
        for number, before in enumerate(self.before):
            pod = 1 << number
            if running & pod:
                yield running & ~pod, ended | pod
            elif not ended & pod and before & ended == before and self._fits(running | pod, ended):
                yield running | pod, ended

    def _fits(self, running: int, ended: int) -> bool:
        begun = running | ended
        return all(
            sum(bool(member & begun) and member & ended != member for member in limit.members) <= limit.most
            for limit in self.limits
        )


def most(run: Run) -> int:
    """The most that can be held at one time."""
    return Machine(run).most()
