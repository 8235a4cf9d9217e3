"""Expand a matrix of known lists into one list of its combinations.

    foreach: {matrix: {size: [1, 2], color: [red, blue]}}
becomes
    foreach: {in: [{size: 1, color: red}, {size: 1, color: blue}, {size: 2, color: red}, {size: 2, color: blue}]}
"""

from __future__ import annotations

from itertools import product

from dragoman.expr.tree import Literal
from dragoman.expr.types import list_of
from dragoman.plan.loops import width
from dragoman.plan.model import Foreach, Plan, Step


def expand_matrix(plan: Plan) -> Plan:
    """The plan without matrices whose lists are known; the first list changes slowest."""
    return plan._replace(steps=tuple(map(_expanded, plan.steps)), on_exit=tuple(map(_expanded, plan.on_exit)))


def _expanded(step: Step) -> Step:
    if step.steps:
        step = step._replace(steps=tuple(map(_expanded, step.steps)))
    loop = step.foreach
    if loop is None or loop.kind != "matrix" or width(loop) is None:
        return step
    return step._replace(foreach=loop._replace(kind="list", items=_combinations(loop), axes=()))


def _combinations(loop: Foreach) -> Literal:
    names = [name for name, _ in loop.axes]
    lists = [axis.value for _, axis in loop.axes if isinstance(axis, Literal)]
    items = [dict(zip(names, values, strict=True)) for values in product(*lists)]
    return Literal(items, list_of(loop.type))
