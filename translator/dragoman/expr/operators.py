"""What each operator takes and gives: one table for the checker and for evaluation, and words for a misfit.

Everything is by kind. `any` fits wherever some kind fits: what it is then gets checked when it is known.
"""

from __future__ import annotations

from typing import NamedTuple

from dragoman.expr.types import NUMBERS

LOGIC = frozenset({"&&", "||"})
EQUALITY = frozenset({"==", "!="})
ORDER = frozenset({"<", "<=", ">", ">="})

_SAME = {(kind, kind): kind for kind in ("int", "float")}
_WITH_QUANTITIES = {**_SAME, ("quantity", "quantity"): "quantity"}
_SCALED = {("quantity", "int"): "quantity"}
_ARITHMETIC = {
    "+": {**_WITH_QUANTITIES, ("string", "string"): "string", ("list", "list"): "list"},
    "-": _WITH_QUANTITIES,
    "*": {
        **_SAME,
        **_SCALED,
        ("int", "quantity"): "quantity",
        ("quantity", "float"): "quantity",
        ("float", "quantity"): "quantity",
    },
    "/": {**_SAME, **_SCALED},
    "%": {("int", "int"): "int"},
}
_ORDERED = {(kind, kind): "bool" for kind in ("string", "int", "float", "quantity")} | {
    ("int", "float"): "bool",
    ("float", "int"): "bool",
}
_VERBS = {
    "+": "adds {left} and {right}",
    "-": "subtracts {right} from {left}",
    "*": "multiplies {left} by {right}",
    "/": "divides {left} by {right}",
    "%": "takes the remainder of {left} by {right}",
    "in": "looks for {left} in {right}",
}


def result_kind(op: str, left: str, right: str) -> str | None:
    """The kind that `left op right` gives; None when the operator does not take these kinds."""
    if op in LOGIC:
        return "bool" if left in ("bool", "any") and right in ("bool", "any") else None
    kinds = {left, right}
    if op in EQUALITY:
        fits = left == right or kinds <= NUMBERS or "any" in kinds or "null" in kinds
        return "bool" if fits else None
    if op == "in":
        fits = right in ("list", "any") or (right == "map" and left in ("string", "any"))
        return "bool" if fits else None
    table = _ORDERED if op in ORDER else _ARITHMETIC[op]
    if "any" not in kinds:
        return table.get((left, right))
    if not any(left in (one, "any") and right in (other, "any") for one, other in table):
        return None
    return "bool" if op in ORDER else "any"


class Operand(NamedTuple):
    """One side of an operator, for a message: its source text, its kind, its type in words (`an int`)."""

    text: str
    kind: str
    named: str


def misfit(text: str, op: str, left: Operand, right: Operand) -> tuple[str, str]:
    """Message and help for operands that do not fit; `text` is the whole `left op right`."""
    verb = _VERBS.get(op, "compares {left} with {right}").format(left=left.named, right=right.named)
    return f"`{text}` {verb}", _way_out(op, left, right)


def _way_out(op: str, left: Operand, right: Operand) -> str:
    kinds = {left.kind, right.kind}
    if "null" in kinds:
        text = left.text if left.kind == "null" else right.text
        return "" if text == "null" else f"test `{text} != null` first"
    if op == "in":
        return f"write `{right.text}.contains({left.text})`" if kinds == {"string"} else ""
    if op == "%" and kinds <= NUMBERS:
        return "`%` takes ints only"
    for kind, function, convertible in _CONVERSIONS:
        if kind in kinds and kinds <= convertible and result_kind(op, kind, kind):
            return f"write `{function}({left.text if right.kind == kind else right.text})`"
    return ""


# what to convert to, by which function, from what; the first that fits is offered
_CONVERSIONS = (
    ("quantity", "quantity", frozenset({"quantity", "int", "float", "string"})),
    ("float", "double", frozenset({"int", "float"})),
    ("string", "string", frozenset({"string", "int", "float", "bool"})),
    ("int", "int", frozenset({"int", "string"})),
    ("float", "double", frozenset({"float", "string"})),
)
