"""Check what a flow says under `targets.<name>` by its emitter's own model."""

from __future__ import annotations

from importlib import import_module
from os.path import dirname, isabs, join
from typing import Any

from dragoman.emitter import Emitter
from dragoman.findings import Findings
from dragoman.load.document import Path
from dragoman.plan.model import Plan
from dragoman.spec.gate import judge

_HOME = dirname(dirname(__file__))


def check_options(plan: Plan, emitter: Emitter) -> None:
    """Raise `Findings` when the options are not what the target understands."""
    if not plan.options:
        return
    if emitter.schema and judge(_schema(emitter.schema))(dict(plan.options)):
        return
    from dragoman.spec.mistakes import mistakes_of

    found = mistakes_of(model(emitter), plan.options, _Place(plan, ("spec", "targets", plan.target)))
    if found:
        raise Findings(found)


def model(emitter: Emitter) -> Any:
    """The pydantic model of a target's options."""
    module, _, name = emitter.options.partition(":")
    return getattr(import_module(module), name)


def _schema(path: str) -> dict[str, Any]:
    import json

    with open(path if isabs(path) else join(_HOME, path), encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


class _Place:
    """The options as a document of their own, each value where the flow says it."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self.data, self.source, self.path = dict(plan.options), plan.source, path

    def span(self, path: Path, *, key: bool = False) -> Any:
        return self.source.span((*self.path, *path), key=key)
