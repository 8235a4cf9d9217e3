"""What operators compute, for operands that fit them: 64-bit ints, finite floats, exact quantities."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from dragoman import quantity
from dragoman.expr.values import Quantity, Value, equal, finite, int64

LARGEST = 2**20  # letters of a text, items of a list: what `+` may build


def compute(op: str, kind: str, left: Value, right: Value) -> Value:
    """`left op right`, which is of this kind; ZeroDivisionError, or ValueError if the result has no place."""
    if kind == "bool":
        return _compared(op, left, right)
    if kind == "quantity":
        return _quantity(op, left, right)
    if kind == "int" and op in ("/", "%"):
        return _divided(op, left, right)
    result = _COMPUTED[op](left, right)
    if kind == "int":
        return int64(result)
    if kind == "float":
        return finite(result)
    if len(result) > LARGEST:
        raise ValueError(f"the result has {len(result)} letters or items, maximum {LARGEST}")
    return result


_COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compared(op: str, left: Value, right: Value) -> bool:
    if op in ("==", "!="):
        return equal(left, right) is (op == "==")
    if op == "in":
        return left in right if isinstance(right, dict) else any(equal(left, item) for item in right)
    if isinstance(left, Quantity):
        left, right = left.millis, right.millis
    return bool(_COMPUTED[op](left, right))


def _divided(op: str, left: int, right: int) -> int:
    """Toward zero; the remainder has the sign of the dividend (CEL, Go)."""
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return int64(quotient) if op == "/" else left - right * quotient


def _quantity(op: str, left: Value, right: Value) -> Quantity:
    """Exact, then rounded up: to a whole if an operand is written with a suffix of size, else to a milli."""
    (above, below), (other_above, other_below) = _ratio(left), _ratio(right)
    if op in ("+", "-"):
        millis = above + other_above if op == "+" else above - other_above
    elif op == "*":
        millis = _quotient_up(above * other_above, below * other_below)
    else:
        millis = _quotient_up(above * other_below, below * other_above)
    if millis < 0:
        raise ValueError("a quantity is never negative")
    if any(isinstance(side, Quantity) and side.text[-1] in "ikMGTPE" for side in (left, right)):
        return Quantity(quantity.byte_text(_quotient_up(millis, 1000)))
    return Quantity(quantity.milli_text(millis))


def _quotient_up(above: int, below: int) -> int:
    return -(-above // below)


def _ratio(side: Value) -> tuple[int, int]:
    """A side as a fraction, quantities in millis; a float is the decimal number that it prints as."""
    if isinstance(side, float):
        from decimal import Decimal

        return Decimal(repr(side)).as_integer_ratio()
    return (side.millis if isinstance(side, Quantity) else side), 1
