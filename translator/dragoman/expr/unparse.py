"""An expression as canonical source text: one space around operators, parentheses only where they are needed.

The model for the printers of the engines.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from dragoman.expr.tree import (
    CONDITIONAL,
    FUNCTIONS,
    HAS,
    POSTFIX,
    PRECEDENCE,
    UNARY,
    Binary,
    Call,
    Conditional,
    Expr,
    Index,
    ListOf,
    Literal,
    Member,
    Name,
    Ref,
    Unary,
)
from dragoman.expr.values import Quantity, Value, to_json

_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in (*range(32), 127)},
    ord("\n"): "\\n",
    ord("\t"): "\\t",
    ord("\r"): "\\r",
    ord("\\"): "\\\\",
    ord("'"): "\\'",
}


def unparse(expr: Expr, name: Callable[[Hashable], str] | None = None) -> str:
    """The source text; `name` writes a reference's target, else the reference stands as in its source."""

    def show(node: Expr, floor: int) -> str:
        text = _text(node, show, name)
        return text if precedence(node) >= floor else f"({text})"

    return show(expr, CONDITIONAL)


def excerpt(expr: Expr) -> str:
    """The source text for a message, cut after 100 letters."""
    text = unparse(expr)
    return text if len(text) <= 100 else text[:99] + "…"


def precedence(expr: Expr) -> int:
    """How tightly the outermost operator of a node binds; a part that binds less needs parentheses."""
    if isinstance(expr, Binary):
        return PRECEDENCE[expr.op]
    if isinstance(expr, Conditional):
        return CONDITIONAL
    negative = isinstance(expr, Literal) and expr.type.kind in ("int", "float") and to_json(expr.value)[0] == "-"
    return UNARY if negative or isinstance(expr, Unary) else POSTFIX


def _text(node: Expr, show: Callable[[Expr, int], str], name: Callable[[Hashable], str] | None) -> str:
    if isinstance(node, Literal):
        return literal_text(node.value)
    if isinstance(node, Ref):
        return node.source if name is None else name(node.target)
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Member):
        return f"{show(node.value, POSTFIX)}.{node.name}"
    if isinstance(node, Index):
        return f"{show(node.value, POSTFIX)}[{show(node.key, CONDITIONAL)}]"
    if isinstance(node, Binary):
        level = PRECEDENCE[node.op]
        return f"{show(node.left, level)} {node.op} {show(node.right, level + 1)}"
    if isinstance(node, Unary):
        operand = show(node.operand, UNARY)
        return f"-({operand})" if node.op == "-" and operand[0].isdigit() else node.op + operand
    if isinstance(node, Conditional):
        condition, then = show(node.condition, CONDITIONAL + 1), show(node.then, CONDITIONAL + 1)
        return f"{condition} ? {then} : {show(node.otherwise, CONDITIONAL)}"
    if isinstance(node, ListOf):
        return "[" + ", ".join(show(item, CONDITIONAL) for item in node.items) + "]"
    return _call(node, show)


def _call(node: Call, show: Callable[[Expr, int], str]) -> str:
    receiver = "" if node.function in FUNCTIONS or node.function == HAS else show(node.args[0], POSTFIX) + "."
    args = node.args[1:] if receiver else node.args
    return f"{receiver}{node.function}({', '.join(show(arg, CONDITIONAL) for arg in args)})"


def literal_text(value: Value) -> str:
    """A constant as an expression; what has no literal of its own is a call that gives it."""
    if isinstance(value, str):
        return "'" + value.translate(_ESCAPES) + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal_text, value)) + "]"
    if isinstance(value, Quantity):
        return f"quantity({literal_text(value.text)})"
    if isinstance(value, dict):
        return f"fromJson({literal_text(to_json(value))})"
    text = to_json(value)
    return f"{text}.0" if isinstance(value, float) and text.lstrip("-").isdigit() else text
