"""Amounts that are known only while a flow runs, changed by expressions that the engine computes then.

The comparison is in the type that an amount has: every engine compares numbers, not all of them quantities.
"""

from __future__ import annotations

from decimal import Decimal

from dragoman import quantity
from dragoman.expr.text import Template, as_expr
from dragoman.expr.tree import Binary, Call, Conditional, Expr, Literal
from dragoman.expr.types import BOOL, FLOAT, INT, QUANTITY
from dragoman.expr.values import Quantity


def at_most(amount: Template, key: str, most: int) -> Template:
    """The smaller of an amount and one that is known, in the units of `quantity.SCALE`."""
    return _chosen(amount, key, ">", most)


def at_least(amount: Template, key: str, least: int) -> Template:
    """The larger of the two."""
    return _chosen(amount, key, "<", least)


def times(amount: Template, ratio: float) -> Template:
    """So many times an amount, rounded up to thousandths; with a unit of bytes, to bytes."""
    expr = as_expr(amount)
    if expr.type.kind == "int":  # thousandths as a whole number: no engine multiplies ints by fractions
        above, below = Decimal(repr(ratio)).as_integer_ratio()
        whole = Binary("*", expr, Literal(1000 * above, INT), INT)
        if 1000 % below == 0:
            millis: Expr = Binary("*", expr, Literal(1000 // below * above, INT), INT)
        else:
            rounded = Binary("+", whole, Literal(below - 1, INT), INT)
            millis = Binary("/", rounded, Literal(below, INT), INT)
        return Template((millis, "m"))
    if expr.type.kind == "float":
        return Template((Binary("*", expr, Literal(ratio, FLOAT), FLOAT),))
    return Template((Binary("*", _quantity(expr), Literal(ratio, FLOAT), QUANTITY),))


def _chosen(amount: Template, key: str, op: str, bound: int) -> Template:
    """`amount op bound ? bound : amount`."""
    expr = as_expr(amount)
    scale = quantity.SCALE[key]
    known = Literal(Quantity(quantity.canonical(key, bound)), QUANTITY)
    if expr.type.kind == "float":
        limit = Literal(bound / scale, FLOAT)
        return Template((Conditional(Binary(op, expr, limit, BOOL), limit, expr, FLOAT),))
    if expr.type.kind == "int":  # more than 1.5 is more than 1, less than 1.5 is less than 2
        whole = Literal(bound // scale if op == ">" else -(-bound // scale), INT)
        return Template((Conditional(Binary(op, expr, whole, BOOL), known, _quantity(expr), QUANTITY),))
    value = _quantity(expr)
    return Template((Conditional(Binary(op, value, known, BOOL), known, value, QUANTITY),))


def _quantity(expr: Expr) -> Expr:
    return expr if expr.type.kind == "quantity" else Call("quantity", (expr,), QUANTITY)
