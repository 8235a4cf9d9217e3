"""The most that may be held under caps, in loops and in groups, against every way in which pods may start and end."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dragoman.plan.footprint import Amounts
from dragoman.plan.model import Step
from dragoman.policy.quota.work import Graph, Leaf, Loop, Part, Size
from dragoman.policy.quota.worst import Worst, worst
from policy.simulated import Item, Many, Run, most

PODS = 7  # of a run: every state of them is looked at


def _weight(leaf: Leaf, holds: Amounts) -> int:
    amount = holds.requests["cpu"]
    assert amount is not None
    return amount


def found(run: Run) -> Worst:
    return worst(_graph(run), _weight)


def _graph(run: Run) -> Graph:
    return Graph(tuple(map(_part, run.parts)), run.pairs, run.cap, run.counts)


def _part(part: Item | Many) -> Part:
    if isinstance(part, Run):
        return _graph(part)
    if isinstance(part, int):
        return Leaf("pod", (), (Size(Amounts({"cpu": part}), 1),), 1)
    if any(isinstance(item, Run) for item in part.items):
        runs = tuple((_graph(item if isinstance(item, Run) else Run((item,))), 1) for item in part.items)
        return Loop(Step(("loop",)), runs, part.width, part.single)
    sizes = tuple(Size(Amounts({"cpu": item}), 1) for item in part.items if isinstance(item, int))
    return Leaf("loop", (), sizes, part.width, single=part.single)


class Budget:
    """How many pods a run may still have."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self) -> None:
        self.left -= 1


@st.composite
def runs(draw: st.DrawFn, caps: bool = True, counts: Any = "pods") -> Run:
    return _run(draw, Budget(PODS), 0, caps, counts)


def _run(draw: st.DrawFn, budget: Budget, depth: int, caps: bool, counts: Any) -> Run:
    parts: list[Item | Many] = []
    for _ in range(draw(st.integers(1, 5 - depth))):
        if budget.left > 0 or not parts:
            parts.append(_drawn(draw, budget, depth, caps, counts))
    every = list(combinations(range(len(parts)), 2))
    pairs = draw(st.lists(st.sampled_from(every), max_size=4, unique=True)) if every else []
    cap = draw(st.none() | st.integers(1, 4)) if caps else None
    return Run(tuple(parts), tuple(pairs), cap, "pods" if depth == 0 else counts)


def _drawn(draw: st.DrawFn, budget: Budget, depth: int, caps: bool, counts: Any) -> Item | Many:
    if draw(st.booleans()):
        return _item(draw, budget, depth, caps, counts)
    items = [_item(draw, budget, depth, caps, counts)]
    while budget.left > 0 and len(items) < 3 and draw(st.booleans()):
        items.append(_item(draw, budget, depth, caps, counts))
    width = draw(st.none() | st.integers(1, 3)) if caps else None
    return Many(tuple(items), width or len(items), draw(st.booleans()))


def _item(draw: st.DrawFn, budget: Budget, depth: int, caps: bool, counts: Any) -> Item:
    if depth < 2 and budget.left > 1 and draw(st.integers(0, 2)) == 0:
        return _run(draw, budget, depth + 1, caps, counts)
    budget.take()
    return draw(st.integers(0, 6))


@settings(max_examples=300, deadline=None)
@given(runs(caps=False))
def test_without_caps_it_is_exact(run: Run) -> None:
    answer = found(run)
    assert answer.amount == most(run) == _held(answer)


@settings(max_examples=400, deadline=None)
@given(runs())
def test_under_caps_on_pods_it_is_a_bound(run: Run) -> None:
    _bounds(run)


@settings(max_examples=400, deadline=None)
@given(runs(counts="children"))
def test_under_caps_on_children_it_is_a_bound(run: Run) -> None:
    _bounds(run)


def _bounds(run: Run) -> None:
    """Never below; what it says is held can be; and where the two are one, that is the answer."""
    answer, truth = found(run), most(run)
    assert _held(answer) <= truth <= answer.amount
    event(f"exact: {_held(answer) == answer.amount}")


def _held(answer: Worst) -> int:
    return sum(one.amount * one.number for one in answer.held)


def test_most_answers_are_exact() -> None:
    """A bound could be safe and useless."""
    known = [Run((Many((1, 2, 3, 4)), 5, 2), ((0, 1),), cap) for cap in range(1, 6)]
    assert [found(run).amount for run in known] == [5, 7, 9, 11, 12]
    assert [most(run) for run in known] == [5, 7, 9, 11, 12]


def test_equal_pods_under_a_cap_are_exact() -> None:
    answer = found(Run((Many((3,) * 5), Many((3,) * 4), 3), ((0, 1), (0, 2)), cap=4))
    assert (answer.amount, _held(answer)) == (12, 12)


def test_a_cap_that_no_price_describes_is_a_bound_from_both_sides() -> None:
    """Either the two of 5, or one of 8: the cap is one pod more than the one, and cuts the other."""
    run = Run((8, Many((5, 5))), ((0, 1),), cap=1)
    assert (found(run).amount, _held(found(run)), most(run)) == (8, 8, 8)
    loose = Run((Many((4, 4)), Many((3, 3, 3, 3))), ((0, 1),), cap=3)
    assert (found(loose).amount, _held(found(loose)), most(loose)) == (10, 9, 9)


@pytest.mark.parametrize(
    ("run", "amount"),
    [
        # iterations of a group may be at different places: one at its first step, one at its last
        (Run((Many((Run((5, 1), ((0, 1),)), Run((1, 5), ((0, 1),)))),)), 10),
        # a loop takes its heaviest items
        (Run((Many((1, 7, 3), 2),)), 10),
        # groups in groups, each with its own cap
        (Run((Run((Many((2, 2, 2)), 3), (), 2), 4), (), 3), 9),
        # in Argo a group counts its children: a loop inside is one of them
        (Run((Run((Many((2, 2, 2), None, True), 3), (), 1, "children"),)), 6),
        (Run((Run((Many((2, 2, 2), None, False), 3), (), 1, "children"),)), 3),
    ],
)
def test_what_runs_at_once(run: Run, amount: int) -> None:
    assert (found(run).amount, most(run)) == (amount, amount)
