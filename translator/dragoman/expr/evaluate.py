"""The value of a checked expression, and `fold`, which computes what is constant before anything runs.

Every step looks at what it gets, because `any` is only known here. `&&` and `||` stop when the left
side decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dragoman.expr.arithmetic import compute
from dragoman.expr.functions import ACCEPTED, call
from dragoman.expr.operators import EQUALITY, LOGIC, Operand, misfit, result_kind
from dragoman.expr.tree import (
    FAILED,
    MAX_HEIGHT,
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
from dragoman.expr.types import BOOL, named
from dragoman.expr.unparse import excerpt
from dragoman.expr.values import Value, finite, int64, kind_of, type_of_value

Values: TypeAlias = Mapping[Any, Value]  # by target


def evaluate(expr: Expr, values: Values) -> Value:
    """The value of a checked tree, from one converted value per target; ExprError DRG205 if it has none."""
    if isinstance(expr, Literal):
        return expr.value
    if isinstance(expr, Ref):
        return values[expr.target]
    if isinstance(expr, Member):
        return _field(expr, evaluate(expr.value, values), expr.name)
    if isinstance(expr, Binary):
        left = evaluate(expr.left, values)
        if expr.op in LOGIC:
            decided = _bool(expr.left, left, expr.op) is (expr.op == "||")
            return left if decided else _bool(expr.right, evaluate(expr.right, values), expr.op)
        return _binary(expr, left, evaluate(expr.right, values))
    if isinstance(expr, Conditional):
        chosen = _bool(expr.condition, evaluate(expr.condition, values), "?:")
        return evaluate(expr.then if chosen else expr.otherwise, values)
    if isinstance(expr, Call):
        return _call(expr, [evaluate(arg, values) for arg in expr.args])
    if isinstance(expr, Unary):
        return _unary(expr, evaluate(expr.operand, values))
    if isinstance(expr, Index):
        return _indexed(expr, evaluate(expr.value, values), evaluate(expr.key, values))
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
            return fold(expr.then if _bool(condition, condition.value, "?:") else expr.otherwise)
        return expr._replace(condition=condition, then=fold(expr.then), otherwise=fold(expr.otherwise))
    if isinstance(expr, Binary) and expr.op in LOGIC:
        return _fold_logic(expr)
    folded = mapped(expr, fold)
    if not all(isinstance(child, Literal) for child in children(folded)):
        return folded
    return _constant(expr, evaluate(folded, {}))


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
    if isinstance(left, Literal) and _bool(left, left.value, expr.op) is decides:
        return Literal(decides, BOOL, expr.at, expr.end)
    right = fold(expr.right)
    if isinstance(right, Literal) and _bool(right, right.value, expr.op) is decides:
        return Literal(decides, BOOL, expr.at, expr.end)
    for neutral, other in ((left, right), (right, left)):
        if isinstance(neutral, Literal) and other.type == BOOL:
            return other
    return expr._replace(left=left, right=right)


def _binary(expr: Binary, left: Value, right: Value) -> Value:
    kinds = kind_of(left), kind_of(right)
    kind = "bool" if expr.op in EQUALITY else result_kind(expr.op, *kinds)
    if kind is None:
        one = Operand(excerpt(expr.left), kinds[0], named(type_of_value(left)))
        two = Operand(excerpt(expr.right), kinds[1], named(type_of_value(right)))
        raise _failed(expr, *misfit(excerpt(expr), expr.op, one, two))
    try:
        return compute(expr.op, kind, left, right)
    except ZeroDivisionError:
        raise _failed(expr, f"`{excerpt(expr)}` divides by zero") from None
    except ValueError as error:
        raise _failed(expr, f"`{excerpt(expr)}`: {error}") from None


def _unary(expr: Unary, value: Value) -> Value:
    if expr.op == "!":
        return not _bool(expr.operand, value, "!")
    kind = kind_of(value)
    if kind not in ("int", "float"):
        raise _failed(expr, f"`{excerpt(expr)}` negates {named(type_of_value(value))}")
    try:
        return int64(-value) if kind == "int" else finite(-value)
    except ValueError as error:
        raise _failed(expr, f"`{excerpt(expr)}`: {error}") from None


def _indexed(expr: Index, value: Value, key: Value) -> Value:
    if isinstance(key, str):
        return _field(expr, value, key)
    owner = excerpt(expr.value)
    if not isinstance(value, list) or kind_of(key) != "int":
        raise _failed(expr, f"`{owner}` is {named(type_of_value(value))}, its `[]` takes no {kind_of(key)}")
    if not 0 <= key < len(value):
        raise _failed(expr, f"`{owner}` has {len(value)} items, no item {key}", "items count from 0")
    return value[key]


def _field(expr: Member | Index, value: Value, name: str) -> Value:
    if not isinstance(value, dict):
        raise _failed(expr, f"`{excerpt(expr.value)}` is {named(type_of_value(value))}, it has no `{name}`")
    if name not in value:
        from dragoman.findings import did_you_mean

        raise _failed(expr, f"`{excerpt(expr.value)}` has no `{name}`", did_you_mean(name, value))
    return value[name]


def _bool(expr: Expr, value: Value, op: str) -> bool:
    if not isinstance(value, bool):
        raise _failed(expr, f"`{excerpt(expr)}` is {named(type_of_value(value))}, `{op}` needs a bool")
    return value


def _call(expr: Call, args: list[Value]) -> Value:
    accepted = kind_of(args[0]) in ACCEPTED[expr.function]
    if not accepted or not all(isinstance(arg, str) for arg in args[1:]):
        given = " and ".join(named(type_of_value(arg)) for arg in args)
        raise _failed(expr, f"`{excerpt(expr)}` is given {given}")
    try:
        return call(expr.function, args)
    except ValueError as error:
        raise _failed(expr, f"`{excerpt(expr)}`: {error}") from None


def _failed(expr: Expr, message: str, hint: str = "") -> ExprError:
    return ExprError(FAILED, message, expr.at, expr.end, hint)
