"""The most of one thing that may be held at one time, and what holds it then.

Without caps that is exact: the heaviest steps of each graph that may run together (`peak`), a loop as heavy as its
heaviest items. With a cap on the number of pods it is NP-hard to find (it holds a maximum-weight independent set of
bounded size in a bipartite graph). A price for each pod gives a bound: whatever runs under the cap is worth no more
than the best at that price, and the price of a full cap. The price that gives the least bound is searched along the
lines (amount, pods) of what is best at each price; their hull is convex (Lagrange). What was best at some price, cut
to the cap, is something that can run: a bound from below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import floor, lcm
from typing import NamedTuple, TypeAlias

from dragoman.plan.footprint import Amounts
from dragoman.policy.quota.peak import heaviest
from dragoman.policy.quota.work import Graph, Leaf, Loop, Part

Weigh: TypeAlias = Callable[[Leaf, Amounts], int]
Number: TypeAlias = int | Fraction
MOST_PRICES = 60  # that are tried for one cap; far fewer are needed


class Held(NamedTuple):
    """Pods of a step that run at once, and what each holds."""

    leaf: Leaf
    amount: int
    number: int


class Sum(NamedTuple):
    """What runs at one time: at most so much on so many pods, among so many children; `held` can run for certain."""

    amount: Number = 0
    pods: Number = 0
    children: Number = 0
    held: tuple[Held, ...] = ()


class Child(NamedTuple):
    """Children of a graph that are alike: one of them, and how many."""

    one: Sum
    number: int


class Price(NamedTuple):
    """What is paid for each pod, and for each child of the graph that is looked at, in parts of `scale`."""

    pod: int = 0
    child: int = 0
    scale: int = 1

    def worth(self, one: Sum) -> Number:
        """What a child is worth beyond its price, in parts of `scale`."""
        return one.amount * self.scale - one.pods * self.pod - self.child


class Worst(NamedTuple):
    """No more than `amount` is ever held at one time; `held` may be, all together."""

    amount: int
    held: tuple[Held, ...]


def worst(graph: Graph, weigh: Weigh) -> Worst:
    """The most at one time, where a pod of a leaf weighs what `weigh` says."""
    found = _Look(weigh).graph(graph, FREE)
    return Worst(floor(found.amount), found.held)


FREE = Price()


class _Look:
    """One thing that is weighed; what was found for a cap is kept, as the price of an outer one only adds to it."""

    def __init__(self, weigh: Weigh) -> None:
        self.weigh = weigh
        self.weights: dict[int, list[tuple[Sum, int | None]]] = {}
        self.tight: dict[int, tuple[Fraction, Sum]] = {}

    def graph(self, graph: Graph, price: Price) -> Sum:
        """The best of a graph when each pod costs so much."""
        cap = graph.cap
        if cap is None:
            return self._together(graph, price)
        if graph.counts == "children":
            return _under(cap, lambda child: self._together(graph, _with_child(price, child)), _children, price)[1]
        if id(graph) not in self.tight:
            self.tight[id(graph)] = _under(cap, lambda pod: self._together(graph, _of_pods(pod)), _pods, FREE)
        least, found = self.tight[id(graph)]
        return found if price.pod < least * price.scale else self._together(graph, price)

    def _together(self, graph: Graph, price: Price) -> Sum:
        """The best of a graph without its cap."""
        children = [list(self._of(part, price)) for part in graph.parts]
        worth = [sum(child.number * price.worth(child.one) for child in found) for found in children]
        scale = lcm(*(number.denominator for number in worth))  # only what is under a cap is worth a fraction
        _, chosen = heaviest(graph.order, [max(int(number * scale), 0) for number in worth])
        return _sum([child for place in chosen for child in children[place]], graph)

    def _of(self, part: Part, price: Price) -> Iterator[Child]:
        """What runs of a part at its best: whatever is worth its price, as far as its width goes."""
        if isinstance(part, Graph):
            yield Child(self.graph(part, price._replace(child=0)), 1)
        elif part.single:
            yield Child(_sum(list(self._items(part, price._replace(child=0))), None), 1)
        else:
            yield from self._items(part, price)

    def _items(self, part: Leaf | Loop, price: Price) -> Iterator[Child]:
        left = part.width
        for one, number in self._leaf(part) if isinstance(part, Leaf) else self._runs(part, price):
            if price.worth(one) <= 0:
                return
            taken = number if left is None else left if number is None else min(number, left)
            assert taken is not None, "told as unbounded before"
            if taken:
                yield Child(one, taken)
            left = None if left is None else left - taken

    def _leaf(self, leaf: Leaf) -> list[tuple[Sum, int | None]]:
        """The sizes of a leaf's pods, the heaviest first."""
        if id(leaf) not in self.weights:
            sizes = sorted(
                ((self.weigh(leaf, size.holds), size.number) for size in leaf.sizes), key=lambda one: -one[0]
            )
            found = [(Sum(weight, 1, 1, (Held(leaf, weight, 1),)), number) for weight, number in sizes]
            self.weights[id(leaf)] = found
        return self.weights[id(leaf)]

    def _runs(self, loop: Loop, price: Price) -> list[tuple[Sum, int | None]]:
        runs = [(self.graph(graph, price._replace(child=0)), number) for graph, number in loop.runs]
        return sorted(runs, key=lambda run: -price.worth(run[0]))


def _of_pods(pod: Fraction) -> Price:
    return Price(pod.numerator, 0, pod.denominator)


def _with_child(price: Price, child: Fraction) -> Price:
    scale = lcm(price.scale, child.denominator)
    return Price(price.pod * (scale // price.scale), child.numerator * (scale // child.denominator), scale)


def _sum(children: Sequence[Child], graph: Graph | None) -> Sum:
    """Children that run at once; what is held for certain is cut to the graph's cap."""
    amount: Number = sum(child.number * child.one.amount for child in children)
    pods: Number = sum(child.number * child.one.pods for child in children)
    count = sum(child.number for child in children)
    if graph is not None and graph.cap is not None and graph.counts == "children":
        children = list(_cut_children(children, graph.cap))
    held = tuple(
        one._replace(number=one.number * child.number) if child.number > 1 else one
        for child in children
        for one in child.one.held
    )
    if graph is not None and graph.cap is not None and graph.counts == "pods":
        held = tuple(_cut(held, graph.cap))
    return Sum(amount, pods, count, held)


def _cut_children(children: Sequence[Child], most: int) -> Iterator[Child]:
    for child in sorted(children, key=lambda child: -_amount(child.one.held)):
        taken = min(child.number, most)
        if taken:
            yield Child(child.one, taken)
        most -= taken


def _cut(held: Sequence[Held], most: int) -> Iterator[Held]:
    for one in sorted(held, key=lambda one: -one.amount):
        taken = min(one.number, most)
        if taken:
            yield one._replace(number=taken)
        most -= taken


def _amount(held: Sequence[Held]) -> int:
    return sum(one.amount * one.number for one in held)


def _pods(found: Sum) -> Number:
    return found.pods


def _children(found: Sum) -> Number:
    return found.children


def _under(
    cap: int, best: Callable[[Fraction], Sum], counted: Callable[[Sum], Number], price: Price
) -> tuple[Fraction, Sum]:
    """The least bound under a cap, and the price of what it counts that gives it; `price` is paid besides.

    Where two lines meet, nothing may be better than both: then they are neighbours in the hull, and the bound is that
    of a mixture of the two that fills the cap. No bound can be less than what can run.
    """
    pod = Fraction(price.pod, price.scale)
    many, few = best(Fraction(0)), Sum()
    if counted(many) <= cap:
        return Fraction(0), many
    held = many.held
    for _ in range(MOST_PRICES):
        left, right = many.amount - pod * many.pods, few.amount - pod * few.pods
        meeting = (left - right) / Fraction(counted(many) - counted(few))
        found = best(meeting)
        held = max(held, found.held, key=_amount)
        value = found.amount - pod * found.pods - meeting * counted(found)
        if value <= left - meeting * counted(many):
            part = Fraction(cap - counted(few)) / Fraction(counted(many) - counted(few))
            amount = few.amount + part * (many.amount - few.amount)
            return meeting, Sum(amount, few.pods + part * (many.pods - few.pods), cap, held)
        bound = Sum(value + (meeting + pod) * cap, cap, cap, held)
        if not pod and floor(bound.amount) <= _amount(held):
            return meeting, bound
        if counted(found) > cap:
            many = found
        else:
            few = found
    return meeting, bound
