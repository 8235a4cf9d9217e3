"""Where a container computes with what may be null: Argo leaves an expression that fails in the text, as it is."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.argo.build import span_of
from dragoman.emit.argo.scope import Known
from dragoman.expr.text import Template
from dragoman.expr.tree import Binary, Call, Expr, Literal, Ref, children
from dragoman.expr.unparse import unparse
from dragoman.findings import WARNING, Finding
from dragoman.plan.model import Step
from dragoman.plan.references import target


def findings(step: Step, known: Known) -> list[Finding]:
    """A finding for each expression of a container that is an error elsewhere when its step was skipped."""
    if not known.nulls:
        return []
    return [
        Finding(
            "DRG302",
            f"argo translates `{unparse(expr)}` nearly: where that is null, the container gets these letters",
            span_of(step),
            "give the output a `default`, or test it first: `x == null ? … : …`",
            WARNING,
            ".".join(step.address),
        )
        for expr in _computed(step)
        if not _tests_for_null(expr) and _needs_value(expr, known)
    ]


def _computed(step: Step) -> Iterator[Expr]:
    container = step.container
    assert container is not None
    for text in (*(container.command or ()), *(container.args or ()), *container.env.values()):
        for part in text.parts if isinstance(text, Template) else ():
            if not isinstance(part, str | Ref):
                yield part


def _needs_value(expr: Expr, known: Known) -> bool:
    """Whether an operator in the expression takes no null, and may get one."""
    takes_null = (isinstance(expr, Binary) and expr.op in ("==", "!=")) or (
        isinstance(expr, Call) and expr.function in ("string", "toJson")
    )
    parts = children(expr)
    if not takes_null and any(isinstance(part, Ref) and _may_be_null(part, known) for part in parts):
        return True
    return any(_needs_value(part, known) for part in parts)


def _may_be_null(ref: Ref, known: Known) -> bool:
    wanted = target(ref)
    return wanted.kind == "output" and (wanted.step, wanted.name) in known.nulls


def _tests_for_null(expr: Expr) -> bool:
    if isinstance(expr, Literal):
        return expr.value is None
    return any(map(_tests_for_null, children(expr)))
