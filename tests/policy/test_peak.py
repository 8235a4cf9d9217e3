"""The heaviest steps that may run together, against every set of steps there is."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.policy.quota.peak import heaviest, order


class Dag(NamedTuple):
    """A graph: pairs (before, after), and what each step weighs."""

    pairs: tuple[tuple[int, int], ...]
    weights: tuple[int, ...]


@st.composite
def dags(draw: st.DrawFn, largest: int = 10) -> Dag:
    size = draw(st.integers(0, largest))
    every = list(combinations(range(size), 2))
    pairs = draw(st.lists(st.sampled_from(every), max_size=20)) if every else []
    names = draw(st.permutations(range(size)))  # steps need not be in their order
    weights = draw(st.lists(st.integers(0, 9), min_size=size, max_size=size))
    return Dag(tuple((names[one], names[other]) for one, other in pairs), tuple(weights))


@settings(max_examples=500, deadline=None)
@given(dags())
def test_it_is_the_heaviest_set_without_a_step_before_another(dag: Dag) -> None:
    weight, chosen = heaviest(order(len(dag.weights), dag.pairs), dag.weights)
    assert weight == _every_set(dag)
    assert weight == sum(dag.weights[step] for step in chosen)
    assert _together(dag, chosen)


def _every_set(dag: Dag) -> int:
    steps = range(len(dag.weights))
    return max(
        sum(dag.weights[step] for step in some)
        for size in range(len(dag.weights) + 1)
        for some in combinations(steps, size)
        if _together(dag, some)
    )


def _together(dag: Dag, some: tuple[int, ...] | list[int]) -> bool:
    after: dict[int, set[int]] = {step: set() for step in range(len(dag.weights))}
    for _ in after:
        for one, other in dag.pairs:
            after[one] |= {other, *after[other]}
    return not any(other in after[one] for one in some for other in some)


CHAIN = [(0, 1), (1, 2)]
DIAMOND = [(0, 1), (0, 2), (1, 3), (2, 3)]
N = [(0, 2), (0, 3), (1, 3)]  # no chains and forks make this one


@pytest.mark.parametrize(
    ("pairs", "weights", "weight", "chosen"),
    [
        ([], [], 0, []),
        ([], [2, 0, 3], 5, [0, 2]),
        (CHAIN, [2, 3, 2], 3, [1]),
        (CHAIN, [2, 0, 2], 2, None),
        (DIAMOND, [4, 2, 3, 4], 5, [1, 2]),
        (DIAMOND, [6, 2, 3, 4], 6, [0]),
        (N, [1, 5, 4, 3], 9, [1, 2]),
        ([*CHAIN, (0, 2), (0, 2)], [2, 3, 2], 3, [1]),
        ([], [2**70, 2**70], 2**71, [0, 1]),
    ],
)
def test_shapes(pairs: list[tuple[int, int]], weights: list[int], weight: int, chosen: list[int] | None) -> None:
    found = heaviest(order(len(weights), pairs), weights)
    assert found[0] == weight
    assert chosen is None or found[1] == chosen
