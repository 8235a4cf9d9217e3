"""The heaviest steps of a graph that may run at the same time.

At any moment no running step comes before another one, and every set of steps none of which comes before another can
run together: what is looked for is the heaviest such set, a maximum-weight antichain. By Dilworth's theorem, with
weights, it weighs as much as the least flow that gives every step at least its weight, along paths of the graph. That
is all weights together less the largest flow of another network: what one path can carry for two steps in turn.

    source ─(weight)─► out(u) ─► in(v) ─(weight)─► sink     for every v that comes right after u
                                 in(v) ─► out(v)            and so for whatever comes after v

Dinic's algorithm finds that flow. A smallest cut names the steps: those whose `in` could still send to the sink, and
whose `out` could not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Order(NamedTuple):
    """A graph of steps as a network; an arc and its way back have the numbers 2n and 2n+1.

    size   how many steps; `out` of step v is node v, `in` is node size + v, then come the source and the sink
    pairs  the steps right before and right after each other
    heads  the node that each arc leads to
    arcs   the arcs that leave each node
    """

    size: int
    pairs: tuple[tuple[int, int], ...]
    heads: tuple[int, ...]
    arcs: tuple[tuple[int, ...], ...]


def order(size: int, pairs: Iterable[tuple[int, int]]) -> Order:
    """The network of a graph without cycles, whose steps are numbers and whose pairs are (before, after)."""
    found = tuple(dict.fromkeys(pairs))
    source, sink = 2 * size, 2 * size + 1
    heads: list[int] = []
    arcs: list[list[int]] = [[] for _ in range(2 * size + 2)]

    def arc(tail: int, head: int) -> None:
        arcs[tail].append(len(heads))
        arcs[head].append(len(heads) + 1)
        heads.extend((head, tail))

    for step in range(size):  # the arcs 6·step, 6·step + 2, 6·step + 4
        arc(source, step)
        arc(size + step, sink)
        arc(size + step, step)
    for before, after in found:
        arc(before, size + after)
    return Order(size, found, tuple(heads), tuple(map(tuple, arcs)))


def heaviest(graph: Order, weights: Sequence[int]) -> tuple[int, list[int]]:
    """The weight of the heaviest steps that may run together, and those steps; weights are not negative."""
    room = _begun(graph, weights)
    levels = _levels(graph, room)
    while levels[-2] >= 0:
        _fill(graph, room, levels)
        levels = _levels(graph, room)
    size = graph.size
    chosen = [step for step in range(size) if weights[step] and levels[step] < 0 <= levels[size + step]]
    return sum(weights[step] for step in chosen), chosen


def _begun(graph: Order, weights: Sequence[int]) -> list[int]:
    """What each arc can still take, after a first flow from each step to those right after it."""
    endless = sum(weights) + 1
    room: list[int] = []
    for weight in weights:
        room += (weight, 0, weight, 0, endless, 0)
    room += (endless, 0) * len(graph.pairs)
    for number, (before, after) in enumerate(graph.pairs):
        given, taken = 6 * before, 6 * after + 2
        flow = min(room[given], room[taken])
        if flow:
            for arc in (given, taken, 6 * graph.size + 2 * number):
                room[arc] -= flow
                room[arc ^ 1] += flow
    return room


def _levels(graph: Order, room: Sequence[int]) -> list[int]:
    """How many arcs with room each node is away from the sink; -1 where none lead there, or farther than the source."""
    heads, arcs = graph.heads, graph.arcs
    levels = [-1] * len(arcs)
    source = len(arcs) - 2
    levels[-1] = 0
    reached = [len(arcs) - 1]
    for node in reached:
        farther = levels[node] + 1
        for arc in arcs[node]:
            if room[arc ^ 1] and levels[heads[arc]] < 0:
                levels[heads[arc]] = farther
                reached.append(heads[arc])
        if levels[source] >= 0:
            break
    return levels


def _fill(graph: Order, room: list[int], levels: list[int]) -> None:
    """Send what can be sent along shortest paths: every arc of a path leads one level further."""
    heads, arcs = graph.heads, graph.arcs
    source, sink = len(arcs) - 2, len(arcs) - 1
    tried = [0] * len(arcs)  # the arcs of each node that lead nowhere any more
    path: list[int] = []
    node = source
    while True:
        leaving, wanted, number = arcs[node], levels[node] - 1, tried[node]
        while number < len(leaving):
            arc = leaving[number]
            if room[arc] and levels[heads[arc]] == wanted:
                break
            number += 1
        tried[node] = number
        if number < len(leaving):
            path.append(arc)
            node = heads[arc]
            if node == sink:
                node = _send(heads, room, path)
        elif node == source:
            return
        else:
            levels[node] = -1
            node = heads[path.pop() ^ 1]


def _send(heads: Sequence[int], room: list[int], path: list[int]) -> int:
    """Send along a path what it can take; the path is cut before its first arc that is full then, at this node."""
    flow = min(room[arc] for arc in path)
    for arc in path:
        room[arc] -= flow
        room[arc ^ 1] += flow
    full = next(number for number, arc in enumerate(path) if not room[arc])
    node = heads[path[full] ^ 1]
    del path[full:]
    return node
