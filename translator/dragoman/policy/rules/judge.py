"""Rules asked of a plan: a finding for each that is not met, and an error for each that nobody can judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dragoman.expr.tree import FAILED, ExprError
from dragoman.expr.types import named
from dragoman.expr.values import Value, type_of_value
from dragoman.expr.work import LIMIT, Exhausted, Frame, Run
from dragoman.findings import Finding, Span
from dragoman.plan.context import located
from dragoman.plan.model import Plan, Step
from dragoman.policy.model import Policies, Rule
from dragoman.policy.rules.compile import STEP, Compiled, frame
from dragoman.policy.rules.facts import Facts, Subjects, subjects
from dragoman.policy.rules.places import Place, in_flow, in_step

WORK = 200 * LIMIT  # units that one rule of usual length may spend on a whole flow
LONGEST = 2000  # letters of a message
OF_NULL = "what nobody says, or is known only while the flow runs, is null: the rule has to say what holds then"


def judge(plan: Plan, policies: Policies) -> list[Finding]:
    """Findings of the rules in force: DRG440 for one that is not met, DRG441 for one that has no answer."""
    found: Subjects | None = None
    findings: list[Finding] = []
    for rule in policies.rules:
        if rule.compiled is not None:
            found = found or subjects(plan)
            findings += _judged(rule, rule.compiled, policies, plan, found)
    return findings


def _judged(rule: Rule, read: Compiled, policies: Policies, plan: Plan, found: Subjects) -> Iterator[Finding]:
    """Findings of one rule, on every step that it is for, or on the flow."""
    values = {name: policies.values[name][0] if name in policies.values else own for name, own in read.values.items()}
    frame_ = frame(found.flow, found.target, {"name": read.policy, "values": values})
    asked: Sequence[tuple[Step | None, Facts | None]] = found.steps if read.each else [(None, None)]
    holds, spent = read.holds, 0
    for step, facts in asked:
        frame_[0], frame_[STEP] = LIMIT, facts
        try:
            met = holds(frame_)
            spent += (LIMIT - frame_[0]) * read.effort
            if met is True and spent <= WORK:
                continue
            _check(met, spent, rule)
        except ExprError as error:
            yield _Case(rule, read, plan, step, frame_).unjudged(error)
            if isinstance(error, Exhausted):
                return  # elsewhere it would be no less work
        else:
            yield _Case(rule, read, plan, step, frame_).broken()


def _check(met: Value, spent: int, rule: Rule) -> None:
    """That the answer of a rule is a bool, and was not too much work."""
    if spent > WORK:
        message = "it goes over too many items, or too much text, in all steps together"
        raise Exhausted(FAILED, message, 0, 0, "look only at `step`, or write a rule for the flow, without `step`")
    if not isinstance(met, bool):
        raise ExprError(FAILED, f"it gives {named(type_of_value(met))}, not a bool", 0, len(rule.body["assert"]))


class _Case(NamedTuple):
    """A rule, and the step (or the flow) that it was asked of."""

    rule: Rule
    read: Compiled
    plan: Plan
    step: Step | None
    frame: Frame

    def broken(self) -> Finding:
        """That the rule is not met."""
        place, body, origin = self.place(), self.rule.body, self.rule.origin
        assert origin.source is not None
        return Finding(
            "DRG440",
            self.said(self.read.message, body["message"]) or f"the rule `{self.rule.id}` is not met",
            place.span,
            self.said(self.read.help, body.get("help") or ""),
            self.rule.severity,
            place.address,
            (*place.related, *self.named_in(origin.source.span((*origin.path, "id")))),
            self.rule.id,
            body.get("docs") or "",
            None if self.read.fix is None else place.fix(self.computed(self.read.fix)),
        )

    def unjudged(self, error: ExprError) -> Finding:
        """That the rule has no answer: it is not met then, whatever its severity."""
        place, origin = self.place(), self.rule.origin
        assert origin.source is not None
        where = located(error, self.rule.body["assert"], origin.source, (*origin.path, "assert")).span
        whom = "this flow" if self.step is None else f"step `{self.step.name}`"
        return Finding(
            "DRG441",
            f"the rule `{self.rule.id}` cannot be judged of {whom}: {error.message}",
            place.span,
            error.help or (OF_NULL if " null" in error.message else ""),
            address=place.address,
            related=(*place.related, *self.named_in(where)),
            rule=self.rule.id,
            docs=self.rule.body.get("docs") or "",
        )

    def place(self) -> Place:
        """Where the rule points to."""
        at = self.computed(self.read.at) or ""
        return in_flow(self.plan, at) if self.step is None else in_step(self.step, at)

    def named_in(self, span: Span | None) -> list[tuple[Span, str]]:
        """The rule's own place, in a few words."""
        return [] if span is None else [(span, f"the rule `{self.rule.id}` of the policy `{self.read.policy}`")]

    def said(self, text: Run, written: str) -> str:
        """A text of the rule in one line; as it is written, when its expressions have no value."""
        found = self.computed(text)
        line = " ".join((written if found is None else found).split())
        return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"

    def computed(self, run: Run) -> Value:
        """What an expression of the rule gives; None when it has no value."""
        self.frame[0] = LIMIT
        try:
            return run(self.frame)
        except ExprError:
            return None
