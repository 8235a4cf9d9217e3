"""What one node of an expression computes from the values of its parts; ExprError DRG205 when it has no value.

Every function looks at what it gets, because `any` is only known here.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.expr.arithmetic import compute
from dragoman.expr.functions import ACCEPTED, call
from dragoman.expr.operators import EQUALITY, Operand, misfit, result_kind
from dragoman.expr.tree import FAILED, Binary, Call, Expr, ExprError, Index, Member, Unary
from dragoman.expr.types import LIST, MAP, named
from dragoman.expr.unparse import excerpt
from dragoman.expr.values import Value, finite, int64, kind_of, type_of_value

MANY = 50  # items that a message looks at, names that it compares


def binary(expr: Binary, left: Value, right: Value) -> Value:
    """`left op right`, for every operator but `&&` and `||`."""
    kinds = kind_of(left), kind_of(right)
    kind = "bool" if expr.op in EQUALITY else result_kind(expr.op, *kinds)
    if kind is None:
        raise failed(expr, lambda: _misfit(expr, left, right))
    try:
        return compute(expr.op, kind, left, right)
    except ZeroDivisionError:
        raise failed(expr, lambda: (f"`{excerpt(expr)}` divides by zero", "")) from None
    except ValueError as error:
        raise _no_result(expr, error) from None


def _misfit(expr: Binary, left: Value, right: Value) -> tuple[str, str]:
    one = Operand(excerpt(expr.left), kind_of(left), a(left))
    two = Operand(excerpt(expr.right), kind_of(right), a(right))
    return misfit(excerpt(expr), expr.op, one, two)


def unary(expr: Unary, value: Value) -> Value:
    """`!value` or `-value`."""
    if expr.op == "!":
        return not truth(expr.operand, value, "!")
    kind = kind_of(value)
    if kind not in ("int", "float"):
        raise failed(expr, lambda: (f"`{excerpt(expr)}` negates {a(value)}", ""))
    try:
        return int64(-value) if kind == "int" else finite(-value)
    except ValueError as error:
        raise _no_result(expr, error) from None


def indexed(expr: Index, value: Value, key: Value) -> Value:
    """`value[key]`."""
    if isinstance(key, str):
        return field(expr, value, key)
    if not isinstance(value, list) or kind_of(key) != "int":
        takes_no = f"its `[]` takes no {kind_of(key)}"
        raise failed(expr, lambda: (f"`{excerpt(expr.value)}` is {a(value)}, {takes_no}", ""))
    if not 0 <= key < len(value):
        missing = f"has {len(value)} items, no item {key}"
        raise failed(expr, lambda: (f"`{excerpt(expr.value)}` {missing}", "items count from 0"))
    return value[key]


def field(expr: Member | Index, value: Value, name: str) -> Value:
    """`value.name`."""
    if not isinstance(value, dict):
        raise failed(expr, lambda: (f"`{excerpt(expr.value)}` is {a(value)}, it has no `{name}`", ""))
    if name not in value:
        raise failed(expr, lambda: _no_field(expr, value, name))
    return value[name]


def _no_field(expr: Member | Index, value: dict[str, Value], name: str) -> tuple[str, str]:
    from dragoman.findings import did_you_mean

    return f"`{excerpt(expr.value)}` has no `{name}`", did_you_mean(name, value) if len(value) <= MANY else ""


def truth(expr: Expr, value: Value, op: str) -> bool:
    """The value, where only a bool will do."""
    if not isinstance(value, bool):
        raise failed(expr, lambda: (f"`{excerpt(expr)}` is {a(value)}, `{op}` needs a bool", ""))
    return value


def called(expr: Call, args: list[Value]) -> Value:
    """A function's or a method's result."""
    accepted = kind_of(args[0]) in ACCEPTED[expr.function]
    if not accepted or not all(isinstance(arg, str) for arg in args[1:]):
        raise failed(expr, lambda: (f"`{excerpt(expr)}` is given {' and '.join(map(a, args))}", ""))
    try:
        return call(expr.function, args)
    except ValueError as error:
        raise _no_result(expr, error) from None


def a(value: Value) -> str:
    """What a value is, in a sentence: `an int`, `a map`."""
    if isinstance(value, dict):
        return named(MAP)
    return named(LIST if isinstance(value, list) and len(value) > MANY else type_of_value(value))


def failed(expr: Expr, words: Callable[[], tuple[str, str]]) -> ExprError:
    """That an expression has no value; `words` gives message and help."""
    return ExprError(FAILED, words, expr.at, expr.end)


def _no_result(expr: Expr, error: ValueError) -> ExprError:
    reason = str(error)
    return failed(expr, lambda: (f"`{excerpt(expr)}`: {reason}", ""))
