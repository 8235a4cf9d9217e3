"""One state machine under construction: its definitions so far, and what its builders share."""

from __future__ import annotations

from typing import Any, NamedTuple

from dragoman.emit.batch.jsonata import Unprintable, literal, parsed, printed, printed_text
from dragoman.emit.batch.jsonata_facts import certain
from dragoman.emit.batch.scope import Scope, expression
from dragoman.emit.batch.settings import Settings
from dragoman.expr.text import Template
from dragoman.expr.tree import Expr
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.model import Address, Output, Plan, Step
from dragoman.plan.references import everything, target

FAILED = "DragomanStepFailed"


class Build(NamedTuple):
    """What is being built.

    wanted       steps whose outputs are read
    conditional  steps whose end another one asks about
    """

    plan: Plan
    options: Settings
    wanted: frozenset[Address]
    conditional: frozenset[Address]
    definitions: list[dict[str, Any]]
    places: dict[str, Path]
    findings: list[Finding]
    taken: set[str]

    def fresh(self, name: str) -> str:
        """A name for a state that is no step's own."""
        number, free = 2, name
        while free in self.taken:
            free, number = f"{name}-{number}", number + 1
        self.taken.add(free)
        return free

    def place(self, name: str, step: Step) -> None:
        """Remember which step a definition is of; a finding when it is another one's already."""
        path = step.layers[0].path
        other = self.places.setdefault(name, path)
        if other != path:
            where = ".".join(map(str, path))
            message = f"this step and `{'.'.join(map(str, other[2:]))}` would both be the job definition `{name}`"
            span = step.layers[0].source.span(path, key=True)
            way_out = "rename one of them: a group's name comes before its steps', with a dash between"
            self.findings.append(Finding("DRG136", message, span, way_out, address=where))

    def source(self, expr: Expr, scope: Scope, step: Step, *field: str) -> str:
        """An expression in the machine's language; a finding when it cannot be said."""
        try:
            return printed(expr, scope.name)
        except Unprintable as error:
            self.refuse(step, error, *field)
            return "null"

    def condition(self, expr: Expr, scope: Scope, step: Step) -> str:
        """A step's condition; null, of a step that did not run, is none to a state."""
        source = self.source(expr, scope, step, "when")
        return source if certain(expr) else f"({source}) = true"

    def value(self, source: str, step: Step, output: Output) -> str:
        """The value of a text by the type of an output; a finding when a machine cannot tell it."""
        try:
            return parsed(source, output.type)
        except Unprintable as error:
            self.refuse(step, error, "outputs", output.name)
            return "null"

    def text(self, value: str | Template, scope: Scope, step: Step, *field: str) -> str:
        """A text as a string of the machine: known, or an expression."""
        if isinstance(value, str):
            return expression(literal(value)) if "{%" in value or "%}" in value else value
        try:
            return expression(printed_text(value, scope.name))
        except Unprintable as error:
            self.refuse(step, error, *field)
            return ""

    def refuse(self, step: Step, error: Unprintable, *field: str) -> None:
        """A finding at a field of a step, or at the step."""
        layer = next((one for one in step.layers if field and field[0] in one.data), step.layers[0])
        path = (*layer.path, *field) if field and field[0] in layer.data else layer.path
        address = ".".join(map(str, path))
        span = layer.source.span(path, key=not field)
        found = Finding("DRG304", error.message, span, error.help, address=address)
        if found not in self.findings:  # a default is written wherever the step may not run
            self.findings.append(found)

    def keeps(self, step: Step) -> bool:
        """Whether anything wants to know what became of a step."""
        return step.address in self.wanted or step.address in self.conditional


def begun(plan: Plan, options: Settings) -> Build:
    """An empty machine for a plan."""
    wanted = {
        target(ref).step
        for step in (*plan.steps, *plan.on_exit)
        for ref in everything(step)
        if target(ref).kind == "output"
    }
    conditional: set[Address] = set()
    for steps, fail_fast in graphs(plan):
        if careful(steps, fail_fast=fail_fast):
            conditional |= {step.address for step in steps}
    return Build(plan, options, frozenset(wanted), frozenset(conditional), [], {}, [], set())


def graphs(plan: Plan) -> list[tuple[tuple[Step, ...], bool]]:
    """Every graph of a plan, and whether its first failure ends it."""
    found = [(plan.steps, plan.fail_fast), (plan.on_exit, True)]
    waiting = [*plan.steps, *plan.on_exit]
    while waiting:
        step = waiting.pop()
        if step.steps:
            found.append((step.steps, step.fail_fast))
            waiting += step.steps
    return [one for one in found if one[0]]


def careful(steps: tuple[Step, ...], *, fail_fast: bool) -> bool:
    """Whether steps must be asked how they ended: a failure does not end their graph, or somebody waits for one."""
    return not fail_fast or any(need.condition != "succeeded" for step in steps for need in step.needs)


def absent(build: Build, step: Step, *, loop: bool) -> dict[str, str]:
    """The outputs of a step that did not run: their defaults, or null; of a loop, none of no item."""
    if loop:
        return dict.fromkeys(step.outputs, "[]")
    return {
        name: "null" if output.default is None else build.value(literal(output.default), step, output)
        for name, output in step.outputs.items()
    }
