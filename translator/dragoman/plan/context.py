"""What resolving a flow carries along: the findings so far, the source of each text, and checks of expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.expr import text
from dragoman.expr.scope import Scope
from dragoman.expr.text import Template
from dragoman.expr.tree import Expr, ExprError, Literal
from dragoman.expr.types import STRING, Type
from dragoman.expr.values import to_text
from dragoman.findings import Finding, Fix, Span
from dragoman.load.document import Path
from dragoman.plan.origin import Source


class Context(NamedTuple):
    """The flow under resolution. `findings` grows; everything else is read."""

    source: Source
    target: str
    findings: list[Finding]
    roots: Scope  # names known everywhere: params, env
    templates: Mapping[str, Any]
    defaults: Mapping[str, Any]
    libraries: Mapping[str, Any]

    def report(
        self,
        code: str,
        message: str,
        source: Source,
        path: Path,
        help: str = "",
        *,
        key: bool = False,
        related: tuple[tuple[Span, str], ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Add an error at a value's place (or at its key)."""
        place = source.span(path, key=key)
        self.findings.append(Finding(code, message, place, help, address=address_of(path), related=related, fix=fix))

    def expression(self, written: str, source: Source, path: Path, scope: Scope, *expected: str) -> Expr | None:
        """A bare expression's typed tree; None (and a finding) when it is wrong or of none of the expected kinds."""
        from dragoman.expr.check import check
        from dragoman.expr.parse import parse

        try:
            tree = check(parse(written), scope)
        except ExprError as error:
            self.findings.append(located(error, written, source, path))
            return None
        if expected and tree.type.kind not in (*expected, "any"):
            self.report(
                "DRG203",
                f"this gives {article(str(tree.type))} where {article(' or '.join(expected))} is expected",
                source,
                path,
            )
            return None
        return tree

    def text(self, written: str, source: Source, path: Path, scope: Scope) -> str | Template | Literal:
        """A string with `${{ … }}`: plain text, a constant of another type, or a template of typed expressions."""
        if "${{" not in written:
            return written
        try:
            return text.check_text(text.parse_text(written), scope)
        except ExprError as error:
            self.findings.append(located(error, written, source, path))
            return written

    def string(self, written: str, source: Source, path: Path, scope: Scope) -> str | Template:
        """A string with `${{ … }}`, where only text will do: constants become their text."""
        value = self.text(written, source, path, scope)
        return as_text(value)

    def constant(self, written: str, source: Source, path: Path) -> str:
        """A string that must be known at render, its expressions replaced."""
        value = self.string(written, source, path, self.roots)
        if isinstance(value, str):
            return value
        self.report("DRG204", f"`{path[-1]}` must be known at render", source, path, "use `params`, or write it out")
        return written


def type_of_text(value: str | Template | Literal) -> Type:
    """The type of a string with expressions: that of its only expression, else string."""
    return STRING if isinstance(value, str) else value.type


def as_text(value: str | Template | Literal) -> str | Template:
    """A constant as its text; anything else as it is."""
    return to_text(value.value) if isinstance(value, Literal) else value


def address_of(path: Path) -> str:
    """A path as people write it: names and indices joined by dots."""
    return ".".join(str(step) for step in path)


def article(words: str) -> str:
    """The words with `a` or `an` before them."""
    return ("an " if words[:1] in "aeiou" else "a ") + words


def located(error: ExprError, written: str, source: Source, path: Path) -> Finding:
    """What is wrong with an expression, at its place in the text that is written at `path`."""
    span = source.span(path)
    quotes = span.end_column - span.column - len(written)
    if span.line == span.end_line and quotes in (0, 2):  # else there are escapes, or lines, in it
        start = span.column + quotes // 2
        span = span._replace(column=start + error.start, end_column=start + max(error.end, error.start + 1))
    return Finding(error.code, error.message, span, error.help, address=address_of(path))
