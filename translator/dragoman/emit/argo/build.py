"""One workflow under construction: its templates so far, and what their builders share."""

from __future__ import annotations

from typing import Any

from dragoman.emit.argo.expressions import Spell
from dragoman.emit.argo.names import SETTLED, Names
from dragoman.emit.argo.scope import Known, Scope
from dragoman.emit.argo.settings import Settings
from dragoman.emit.argo.text import argument_text
from dragoman.findings import Finding, Span
from dragoman.load.document import Path
from dragoman.plan.model import Plan, Step

# Argo: a bare name is succeeded, skipped or daemoned; a loop over no items is skipped
SUCCEEDED = "{0}"
FAILED = "({0}.Failed || {0}.Errored)"
COMPLETED = "({0}.Succeeded || {0}.Failed || {0}.Errored || {0}.Skipped || {0}.Omitted || {0}.Daemoned)"
ACCEPTABLE = "({0}.Succeeded || {0}.Skipped || {0}.Omitted)"
DEPENDS = {"succeeded": SUCCEEDED, "failed": FAILED, "completed": COMPLETED}


class Build:
    """The templates of a workflow, in the order of its file, and where the spec asked for each."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.plan, self.settings = plan, settings
        self.names = Names()
        self.templates: list[dict[str, Any]] = []
        self.places: dict[str, Path] = {}
        self.findings: list[Finding] = []
        self.known = Known({}, set())

    def name(self, step: Step, suffix: str = "") -> str:
        """A template's name for a step, remembered with the step's place."""
        name = self.names.template(step, suffix)
        self.places[name] = step.layers[0].path
        return name

    def settled(self) -> str:
        """The template that does nothing: tasks call it to wait for others."""
        if SETTLED not in self.places:
            self.places[SETTLED] = ("spec",)
            self.templates.append({"name": SETTLED, "suspend": {"duration": "0"}})
        return SETTLED


def span_of(step: Step) -> Span:
    """The place of a step's name."""
    layer = step.layers[0]
    return layer.source.span(layer.path, key=True)


def inputs_of(scope: Scope) -> dict[str, Any]:
    """A template's inputs: what its texts asked for."""
    return {"parameters": [{"name": name} for name in scope.inputs]} if scope.inputs else {}


def arguments_of(wants: Scope, spell: Spell) -> dict[str, Any]:
    """A task's arguments: what the template it calls asked for."""
    given = [{"name": name, "value": argument_text(value, spell)} for name, value in wants.inputs.items()]
    return {"parameters": given} if given else {}
