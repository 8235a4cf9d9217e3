"""Strings with `${{ expression }}` inside; `$${{` stands for the letters `${{`.

A string that is one expression and nothing else keeps the expression's type; any other is text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from dragoman.expr import tree
from dragoman.expr.arithmetic import LARGEST
from dragoman.expr.evaluate import Values, evaluate, fold, substitute
from dragoman.expr.scope import Scope
from dragoman.expr.tree import FAILED, Binary, Call, Expr, ExprError, Literal, Ref
from dragoman.expr.types import STRING, Type
from dragoman.expr.values import to_text


class Template(NamedTuple):
    """A string in its parts: text and expressions, whose offsets are into the whole string."""

    parts: tuple[str | Expr, ...]

    @property
    def type(self) -> Type:
        """The type of what it becomes."""
        only = self.parts[0] if len(self.parts) == 1 else ""
        return STRING if isinstance(only, str) else only.type


Text: TypeAlias = str | Template | Literal


def parse_text(source: str, *, rule: bool = False) -> str | Template:
    """The parts of a string, unchecked; the string itself when no expression is in it. ExprError DRG201.

    rule  the string is a policy's, whose expressions may use macros
    """
    if "${{" not in source:
        return source
    from dragoman.expr.parse import parse_inside  # many flows have no expressions

    parts: list[str | Expr] = []
    at = 0
    while (opening := source.find("${{", at)) >= 0:
        if opening > at and source[opening - 1] == "$":
            parts.append(source[at : opening - 1] + "${{")
            at = opening + 3
            continue
        parts.append(source[at:opening])
        expr, at = parse_inside(source, opening + 3, rule=rule)
        parts.append(expr)
    return _whole((*parts, source[at:]))


def check_text(text: str | Template, scope: Scope) -> Text:
    """The text with its expressions checked and folded: a str, a typed constant, or what is left to run."""
    if isinstance(text, str):
        return text
    from dragoman.expr.check import check

    return _settled([part if isinstance(part, str) else check(part, scope) for part in text.parts])


def substitute_text(text: Text, replace: Callable[[Ref], Expr | None]) -> Text:
    """The text with references replaced, as `substitute` does it, and folded again."""
    if not isinstance(text, Template):
        return text
    return _settled([part if isinstance(part, str) else substitute(part, replace) for part in text.parts])


def render_text(text: Text, values: Values) -> str:
    """What the text is at run time; ExprError DRG205. (`evaluate` keeps the type of a lone part.)"""
    if isinstance(text, Template):
        return "".join(part if isinstance(part, str) else to_text(evaluate(part, values)) for part in text.parts)
    return text if isinstance(text, str) else to_text(text.value)


def as_expr(text: Text) -> Expr:
    """A checked text as one checked expression with the same value: text between expressions is added up."""
    if isinstance(text, str):
        return Literal(text, STRING)
    if isinstance(text, Literal):
        return text
    if len(text.parts) == 1 and not isinstance(text.parts[0], str):
        return text.parts[0]
    return fold(_sum([_as_string(part) for part in text.parts]))


def refs(text: Text | Expr) -> Iterator[Ref]:
    """Every reference of a text or an expression, in the order of the source."""
    if isinstance(text, Template):
        for part in text.parts:
            yield from refs(part)
    elif not isinstance(text, str):
        yield from tree.refs(text)


def _whole(parts: Iterable[str | Expr]) -> str | Template:
    """Parts with neighbouring texts made one and empty ones left out."""
    merged: list[str | Expr] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        elif part != "":
            merged.append(part)
    if any(not isinstance(part, str) for part in merged):
        return Template(tuple(merged))
    return "".join(part for part in merged if isinstance(part, str))


def _settled(parts: list[str | Expr]) -> Text:
    if len(parts) == 1 and isinstance(parts[0], Literal):
        return parts[0]
    text = _whole(to_text(part.value) if isinstance(part, Literal) else part for part in parts)
    size = len(text) if isinstance(text, str) else sum(len(part) for part in text.parts if isinstance(part, str))
    if size > LARGEST:
        raise ExprError(FAILED, f"the text has {size} letters, maximum {LARGEST}", 0, 0)
    return text


def _as_string(part: str | Expr) -> Expr:
    if isinstance(part, str):
        return Literal(part, STRING)
    return part if part.type == STRING else Call("string", (part,), STRING, part.at, part.end)


def _sum(parts: list[Expr]) -> Expr:
    """The parts added up, halved again and again so that the tree stays flat."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _sum(parts[:half]), _sum(parts[half:])
    return Binary("+", left, right, STRING, left.at, right.end)
