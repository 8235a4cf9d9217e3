"""A rule of a policy, read: its expressions typed and made closures, or what is wrong with it at its exact place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.expr import text
from dragoman.expr.check import check_rule
from dragoman.expr.closures import compiled, compiled_text
from dragoman.expr.parse import MAX_DEPTH, parse
from dragoman.expr.scope import Scope, Variable
from dragoman.expr.text import Template
from dragoman.expr.tree import Expr, ExprError, children
from dragoman.expr.types import named
from dragoman.expr.work import Frame, Run
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.context import located
from dragoman.plan.origin import Origin, Source
from dragoman.policy.rules import fields
from dragoman.policy.rules.written import stranger

SLOTS: Mapping[str, int] = {"flow": 1, "step": 2, "target": 3, "policy": 4}
STEP = SLOTS["step"]
FIXES = ("string", "int", "float", "bool", "quantity", "any")


class Compiled(NamedTuple):
    """A rule, ready to be asked.

    policy   the name of the policy that it stands in
    values   the constants of its policy and those above; a lower layer may have set others
    each     it names `step`: it is asked of every step, else once of the flow
    effort   what a unit of its work counts, for a turn of a loop is as long as what is in it
    """

    policy: str
    values: Mapping[str, Any]
    each: bool
    effort: int
    holds: Run
    message: Run
    help: Run
    at: Run
    fix: Run | None


def frame(flow: Any, target: Any, policy: Any) -> Frame:
    """The values that a rule's closures read, with room for the variables of its macros."""
    return [0, flow, None, target, policy, *[None] * MAX_DEPTH]


def compile_rule(
    body: Mapping[str, Any], policy: str, values: Mapping[str, Any], origin: Origin, findings: list[Finding]
) -> Compiled | None:
    """A rule of a policy; None, and findings (DRG442), when it is wrong.

    values  the constants that it may name
    """
    assert origin.source is not None
    reader = _Reader(body, origin.source, origin.path, _scope(values), findings)
    before = len(findings)
    holds, fix = reader.expression("assert", "bool", "any"), reader.expression("fix", *FIXES)
    message, advice, at = reader.text("message"), reader.text("help"), reader.text("at")
    if len(findings) > before or holds is None:
        return None
    parts = [part for part in (holds, fix, message, advice, at) if part is not None]
    each = any(ref.target == "step" for part in parts for ref in text.refs(part))
    reader.check_place(at, each=each)
    if len(findings) > before:
        return None
    return Compiled(
        policy,
        values,
        each,
        1 + _nodes(holds) // 20,
        compiled(holds, SLOTS),
        compiled_text(message, SLOTS),
        compiled_text(advice, SLOTS),
        compiled_text(at, SLOTS),
        None if fix is None else compiled(fix, SLOTS),
    )


def _nodes(expr: Expr) -> int:
    return 1 + sum(map(_nodes, children(expr)))


def _scope(values: Mapping[str, Any]) -> Scope:
    return {
        "flow": Variable("flow", fields.record(fields.FLOW)),
        "step": Variable("step", fields.record(fields.STEP)),
        "target": Variable("target", fields.record(fields.TARGET)),
        "policy": Variable("policy", fields.policy(values)),
    }


class _Reader(NamedTuple):
    """Reads the fields of one rule."""

    body: Mapping[str, Any]
    source: Source
    path: Path
    scope: Scope
    findings: list[Finding]

    def expression(self, field: str, *kinds: str) -> Expr | None:
        """A field that is an expression, which gives one of some kinds."""
        written = self.body.get(field)
        if written is None:
            return None
        try:
            tree = check_rule(parse(written, rule=True), self.scope)
        except ExprError as error:
            self.report(field, error)
            return None
        if tree.type.kind not in kinds:
            wanted = "a bool" if field == "assert" else "a text, a number or a bool"
            self.refuse(field, f"this gives {named(tree.type)}, and {wanted} is wanted")
        return tree

    def text(self, field: str) -> str | Template:
        """A field that is a text with expressions; empty where there is none."""
        written = self.body.get(field) or ""
        try:
            parsed = text.parse_text(written, rule=True)
            if isinstance(parsed, str):
                return parsed
            return Template(
                tuple(part if isinstance(part, str) else check_rule(part, self.scope) for part in parsed.parts)
            )
        except ExprError as error:
            self.report(field, error)
            return ""

    def check_place(self, at: str | Template, *, each: bool) -> None:
        """That `at` is a field of the spec, as far as it is known yet, and that a fix has one to mend."""
        if self.body.get("fix") is not None and not at:
            self.refuse("fix", "a fix mends the field that `at` names, and there is no `at`", "add `at`")
        if at and isinstance(at, str):
            unknown = stranger(at.split("."), "Step" if each else "FlowSpec")
            if unknown:
                self.refuse("at", *unknown)

    def report(self, field: str, error: ExprError) -> None:
        """Add what is wrong with an expression."""
        finding = located(error, self.body[field], self.source, (*self.path, field))
        self.findings.append(self.of_rule(finding, finding.message))

    def refuse(self, field: str, message: str, hint: str = "") -> None:
        """Add what is wrong with a whole field."""
        span = self.source.span((*self.path, field))
        self.findings.append(self.of_rule(Finding("DRG442", message, span, hint), message))

    def of_rule(self, finding: Finding, message: str) -> Finding:
        """The finding as one about this rule."""
        name = self.body["id"]
        return finding._replace(code="DRG442", message=f"the rule `{name}`: {message}", rule=name)
