"""The value of a checked expression, and `fold`, which computes what is constant before anything runs.

`&&` and `||` stop when the left side decides, as they do on the engines. In rules of policies they absorb
errors, as in CEL: see `expr.closures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dragoman.expr import apply
from dragoman.expr.operators import LOGIC
from dragoman.expr.tree import (
    FAILED,
    MAX_HEIGHT,
    MISMATCH,
    Binary,
    Call,
    Conditional,
    Expr,
    ExprError,
    Index,
    ListOf,
    Literal,
    Member,
    Name,
    Ref,
    Unary,
    children,
    mapped,
    refs,
    within_bounds,
)
from dragoman.expr.types import BOOL
from dragoman.expr.unparse import excerpt
from dragoman.expr.values import Value, type_of_value

Values: TypeAlias = Mapping[Any, Value]  # by target


def evaluate(expr: Expr, values: Values) -> Value:
    """The value of a checked tree, from one converted value per target; ExprError DRG205 if it has none."""
    if isinstance(expr, Literal):
        return expr.value
    if isinstance(expr, Ref):
        return values[expr.target]
    if isinstance(expr, Member):
        return apply.field(expr, evaluate(expr.value, values), expr.name)
    if isinstance(expr, Binary):
        left = evaluate(expr.left, values)
        if expr.op in LOGIC:
            decided = apply.truth(expr.left, left, expr.op) is (expr.op == "||")
            return left if decided else apply.truth(expr.right, evaluate(expr.right, values), expr.op)
        return apply.binary(expr, left, evaluate(expr.right, values))
    if isinstance(expr, Conditional):
        chosen = apply.truth(expr.condition, evaluate(expr.condition, values), "?:")
        return evaluate(expr.then if chosen else expr.otherwise, values)
    if isinstance(expr, Call):
        return apply.called(expr, [evaluate(arg, values) for arg in expr.args])
    if isinstance(expr, Unary):
        return apply.unary(expr, evaluate(expr.operand, values))
    if isinstance(expr, Index):
        return apply.indexed(expr, evaluate(expr.value, values), evaluate(expr.key, values))
    if isinstance(expr, ListOf):
        return [evaluate(item, values) for item in expr.items]
    raise TypeError(f"{expr} has not been checked")


def fold(expr: Expr) -> Expr:
    """The tree with everything constant computed; a branch that is never taken is not even looked at."""
    if isinstance(expr, (Ref, Name)):
        return expr
    if isinstance(expr, Literal):
        return _constant(expr, expr.value)
    if isinstance(expr, Conditional):
        condition = fold(expr.condition)
        if isinstance(condition, Literal):
            return fold(expr.then if apply.truth(condition, condition.value, "?:") else expr.otherwise)
        return expr._replace(condition=condition, then=fold(expr.then), otherwise=fold(expr.otherwise))
    if isinstance(expr, Binary) and expr.op in LOGIC:
        return _fold_logic(expr)
    folded = mapped(expr, fold)
    if not all(isinstance(child, Literal) for child in children(folded)):
        return _printable(folded)
    return _constant(expr, evaluate(folded, {}))


def _printable(expr: Expr) -> Expr:
    """The same node: engines print what is left, and a pattern only where it is known."""
    if isinstance(expr, Call) and expr.function == "matches":
        check_pattern(expr.args[1])
    return expr


def check_pattern(expr: Expr) -> None:
    """That an expression is a pattern that is known now, and of the subset; ExprError DRG203."""
    from dragoman.expr.pattern import read_pattern

    if not isinstance(expr, Literal):
        message, hint = f"the pattern `{excerpt(expr)}` is only known while running", "write it as a string"
        raise ExprError(MISMATCH, message, expr.at, expr.end, hint)
    try:
        read_pattern(expr.value)
    except ValueError as error:
        message = f"the pattern {excerpt(expr)} is not supported: {error}"
        raise ExprError(MISMATCH, message, expr.at, expr.end) from None


def _constant(expr: Expr, value: Value) -> Literal:
    """A constant in the place of an expression; what was of any type is now of the value's."""
    if isinstance(expr, Literal) and expr.type.kind != "any":
        return expr
    known = type_of_value(value) if expr.type.kind == "any" else expr.type
    return Literal(value, known, expr.at, expr.end)


def substitute(expr: Expr, replace: Callable[[Ref], Expr | None]) -> Expr:
    """The tree with every reference to a target replaced by a checked tree (None: it stays), folded again.

    What comes in takes the place of its reference in the source. ExprError DRG205 when it grows too large.
    """

    new = {ref.target: replace(ref) for ref in refs(expr)}

    def replaced(node: Expr, place: Callable[[Expr, Ref], Expr]) -> Expr:
        if isinstance(node, Ref):
            other = new[node.target]
            return node if other is None else place(other, node)
        return mapped(node, lambda part: replaced(part, place))

    if not within_bounds(replaced(expr, lambda other, _: other)):
        message = f"with its inputs written out the expression is too large, or nests deeper than {MAX_HEIGHT}"
        raise ExprError(FAILED, message, expr.at, expr.end, "let a step compute the inner part")
    return fold(replaced(expr, _moved))


def _moved(expr: Expr, ref: Ref) -> Expr:
    return mapped(expr, lambda part: _moved(part, ref))._replace(at=ref.at, end=ref.end)


def _fold_logic(expr: Binary) -> Expr:
    decides = expr.op == "||"
    left = fold(expr.left)
    if isinstance(left, Literal) and apply.truth(left, left.value, expr.op) is decides:
        return Literal(decides, BOOL, expr.at, expr.end)
    right = fold(expr.right)
    if isinstance(right, Literal) and apply.truth(right, right.value, expr.op) is decides:
        return Literal(decides, BOOL, expr.at, expr.end)
    for neutral, other in ((left, right), (right, left)):
        if isinstance(neutral, Literal) and other.type == BOOL:
            return other
    return expr._replace(left=left, right=right)
