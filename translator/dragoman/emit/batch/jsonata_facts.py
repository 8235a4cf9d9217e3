"""What is known of an expression before it is JSONata: what it may hold, and whether it may be null, or fail."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.expr.operators import EQUALITY, LOGIC
from dragoman.expr.text import Template
from dragoman.expr.tree import Binary, Call, Conditional, Expr, Index, Literal, Member, Ref, Unary, children
from dragoman.expr.types import NUMBERS, Type
from dragoman.expr.values import Value


def writes_floats(value: Template | Expr) -> bool:
    """Whether a float may become text in it: Step Functions writes 15 digits of 17."""
    if isinstance(value, Template):
        return any(not isinstance(part, str) and (_floats(part.type) or writes_floats(part)) for part in value.parts)
    if isinstance(value, Call) and value.function in ("string", "toJson") and _floats(value.args[0].type):
        return not isinstance(value.args[0], Literal)
    return any(map(writes_floats, children(value)))


def _floats(kind: Type) -> bool:
    """Whether values of the type may hold a float; a map may have fields that it does not declare."""
    return kind.kind in ("float", "any", "map") or (kind.kind == "list" and _floats(kind.item or Type("any")))


def holds(kind: Type, wanted: str) -> bool:
    """Whether values of the type may hold one of this kind, as far as the type declares it."""
    inner = [*([kind.item] if kind.item else []), *(kind.fields or {}).values()]
    return kind.kind == wanted or any(holds(each, wanted) for each in inner)


def certain(expr: Expr) -> bool:
    """Whether the value is of the expression's type and not null: a skipped step's outputs are null."""
    if expr.type.kind in ("any", "null"):
        return False
    if isinstance(expr, Conditional):
        return certain(expr.then) and certain(expr.otherwise)
    if isinstance(expr, Literal):
        return expr.value is not None
    return not isinstance(expr, (Ref, Member, Index))


def height(value: Value) -> int:
    """How many levels a constant has."""
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return 1 + max(map(height, inner), default=0)


def one_shape(expr: Expr, *parts: Expr) -> bool:
    """Whether a value made of parts still declares where its quantities are: as text they equal texts."""
    return holds(expr.type, "quantity") or not any(holds(part.type, "quantity") for part in parts)


def summands(expr: Expr) -> Iterator[Expr]:
    """The texts that a sum of texts adds up."""
    if isinstance(expr, Binary) and expr.op == "+":
        yield from summands(expr.left)
        yield from summands(expr.right)
    else:
        yield expr


def plain_letters(expr: Expr) -> bool:
    """Whether a side sorts alike by code points and by UTF-16: a number, or a constant of letters below the pairs."""
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        return all(letter < "\ud7ff" for letter in expr.value)
    return expr.type.kind in NUMBERS


def may_fail(expr: Expr) -> bool:
    """Whether an evaluation may end in an error."""
    if isinstance(expr, (Literal, Ref)):
        return False
    if (
        isinstance(expr, Binary)
        and expr.op in EQUALITY
        and "quantity" not in (expr.left.type.kind, expr.right.type.kind)
    ):
        return any(map(may_fail, children(expr)))
    if isinstance(expr, (Binary, Unary)) and (expr.op == "!" or expr.op in LOGIC):
        return not all(map(certain, children(expr))) or any(map(may_fail, children(expr)))
    return True
