"""Unroll a plan whose loops, conditions and texts are all known at render: every container that will run, in order.

    a: {}
    b: {needs: [a], foreach: {in: [x, y]}}
becomes
    a, b[0] after a, b[1] after a

What is known only while running cannot be unrolled: `Dynamic` says what, and where.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.expr.evaluate import evaluate
from dragoman.expr.tree import ExprError
from dragoman.lower.task import Id, Task, Values, ready
from dragoman.plan.features import topological
from dragoman.plan.model import Foreach, Plan, Reference, Step

MOST_ITEMS = 100_000  # of a loop that is written out, or driven


class Node(NamedTuple):
    """A container that will run, after those that it needs.

    item  what its own loop gives it; `size` is how many items that has, None when the step does not loop
    """

    task: Task
    needs: tuple[Id, ...]
    item: Any = None
    size: int | None = None


class Dynamic(Exception):
    """A value that is known only while the flow runs: the step that wants it, and what it refers to."""

    def __init__(self, step: Step, reference: Reference) -> None:
        self.step, self.reference = step, reference
        super().__init__(f"{'.'.join(step.address)} reads {reference.kind} {reference.name}")


class Impossible(Exception):
    """A text or an amount of a step that cannot be computed, and why."""

    def __init__(self, step: Step, message: str) -> None:
        self.step, self.message = step, message
        super().__init__(message)


def unroll(plan: Plan) -> tuple[Node, ...]:
    """Every container of the plan's steps, each after what it needs; parameters have the values of the plan."""
    known = {Reference("param", (), param.name): param.value for param in plan.params}
    nodes: list[Node] = []
    _graph(plan.steps, known, (), (), nodes)
    return tuple(nodes)


def items_of(loop: Foreach, values: Values) -> list[Any]:
    """What a loop runs over; nothing where that is null; of a matrix, the first list changes slowest."""
    if loop.kind == "range":
        assert loop.size is not None
        size = max(evaluate(loop.size, values) or 0, 0)
        if size > MOST_ITEMS:
            raise ValueError(f"the loop has {size:,} items, maximum {MOST_ITEMS:,}")
        return list(range(size))
    if loop.kind == "list":
        assert loop.items is not None
        return list(evaluate(loop.items, values) or ())
    combinations: list[dict[str, Any]] = [{}]
    for name, axis in loop.axes:
        combinations = [{**one, name: value} for one in combinations for value in evaluate(axis, values) or ()]
    return combinations


def _graph(
    steps: tuple[Step, ...], values: Mapping[Any, Any], place: Id, before: tuple[Id, ...], nodes: list[Node]
) -> tuple[Id, ...]:
    """Add the nodes of a graph, which starts after `before`; those that nothing in it waits for."""
    tails: dict[str, tuple[Id, ...]] = {}
    for step in topological(steps):
        needs = tuple(dict.fromkeys(task for need in step.needs for task in tails[need.step])) or before
        try:
            tails[step.name] = _step(step, values, (*place, step.name), needs, nodes) or needs
        except KeyError as error:
            if not isinstance(error.args[0], Reference):
                raise
            raise Dynamic(step, error.args[0]) from None
        except (ExprError, ValueError) as error:
            raise Impossible(step, error.message if isinstance(error, ExprError) else str(error)) from None
    needed = {need.step for step in steps for need in step.needs}
    return tuple(dict.fromkeys(task for name, tail in tails.items() if name not in needed for task in tail))


def _step(step: Step, values: Mapping[Any, Any], where: Id, needs: tuple[Id, ...], nodes: list[Node]) -> tuple[Id, ...]:
    if step.foreach is None:
        return _once(step, values, where, needs, nodes)
    items = items_of(step.foreach, values)
    tails: list[Id] = []
    for index, item in enumerate(items):
        known = {
            **values,
            Reference("item", step.address, step.foreach.variable): item,
            Reference("index", step.address, "index"): index,
        }
        first = len(nodes)
        tails += _once(step, known, (*where, index), needs, nodes)
        if not step.steps and len(nodes) > first:
            nodes[-1] = nodes[-1]._replace(item=item, size=len(items))
    return tuple(dict.fromkeys(tails))


def _once(step: Step, values: Mapping[Any, Any], where: Id, needs: tuple[Id, ...], nodes: list[Node]) -> tuple[Id, ...]:
    """The tail of one run of a step; empty when its condition is false."""
    if step.when is not None and not evaluate(step.when, values):
        return ()
    if step.steps:
        return _graph(step.steps, values, where, needs, nodes)
    nodes.append(Node(ready(where, step, 1, values), needs))
    return (where,)
