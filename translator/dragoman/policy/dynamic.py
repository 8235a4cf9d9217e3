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


def within(amount: Template, key: str, least: int | None = None, most: int | None = None) -> Template:
    """An amount, or the nearest of two that are known, in the units of `quantity.SCALE`, where it is beyond them."""
    expr = as_expr(amount)
    result = expr if expr.type.kind == "float" else _quantity(expr)
    for op, bound in (("<", least), (">", most)):  # the maximum is asked first, and has the last word
        if bound is not None:
            result = _chosen(expr, key, op, bound, result)
    return Template((result,))


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


def _chosen(expr: Expr, key: str, op: str, bound: int, otherwise: Expr) -> Expr:
    """`expr op bound ? bound : otherwise`."""
    scale = quantity.SCALE[key]
    known = Literal(Quantity(quantity.canonical(key, bound)), QUANTITY)
    if expr.type.kind == "float":
        limit = Literal(bound / scale, FLOAT)
        return Conditional(Binary(op, expr, limit, BOOL), limit, otherwise, FLOAT)
    if expr.type.kind == "int":  # more than 1.5 is more than 1, less than 1.5 is less than 2
        whole = Literal(bound // scale if op == ">" else -(-bound // scale), INT)
        return Conditional(Binary(op, expr, whole, BOOL), known, otherwise, QUANTITY)
    return Conditional(Binary(op, _quantity(expr), known, BOOL), known, otherwise, QUANTITY)


def _quantity(expr: Expr) -> Expr:
    return expr if expr.type.kind == "quantity" else Call("quantity", (expr,), QUANTITY)
