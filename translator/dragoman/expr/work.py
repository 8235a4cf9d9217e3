"""How much work an expression of a rule may be, whatever it says: units, and who spends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dragoman.expr.tree import FAILED, Expr, ExprError
from dragoman.expr.unparse import excerpt
from dragoman.expr.values import Value

LIMIT = 10_000  # units of one evaluation; a turn of a loop is one (Google's CEL allows as many turns)
LETTERS = 64  # of a text that are one unit

Frame: TypeAlias = list[Any]  # the units that are left, then the value of each name
Run: TypeAlias = Callable[[Frame], Value]


class Exhausted(ExprError):
    """An evaluation that is too much work; nothing absorbs it."""


def spend(frame: Frame, units: int, expr: Expr) -> None:
    """Take units from those that are left; `Exhausted` when there are not so many."""
    frame[0] -= units
    if frame[0] < 0:
        message = f"`{excerpt(expr)}` goes over too many items, or too much text"
        raise Exhausted(FAILED, message, expr.at, expr.end, WAY_OUT)


WAY_OUT = f"one evaluation may look at {LIMIT:,} items, or {LIMIT * LETTERS:,} letters"


def weigh(value: Value, room: int) -> int:
    """The units of reading all of a value: its items and fields, and its texts; more than `room` when it has more."""
    units = 0
    waiting = [value]
    while waiting and units <= room:
        one = waiting.pop()
        if isinstance(one, str):
            units += len(one) // LETTERS
        elif isinstance(one, (list, dict)):
            units += len(one)
            if units <= room:
                waiting.extend(one.values() if isinstance(one, dict) else one)
    return units
