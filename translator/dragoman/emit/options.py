"""Check what a flow says under `targets.<name>` by its emitter's own model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dragoman.emitter import Emitter
from dragoman.findings import Findings
from dragoman.plan.model import Plan
from dragoman.plan.resolve import Overlaid
from dragoman.spec.gate import judge, published

if TYPE_CHECKING:
    from dragoman.spec.fields import Model


def check_options(plan: Plan, emitter: Emitter) -> None:
    """Raise `Findings` when the options are not what the target understands.

    The published schema knows our own targets' options: the model sees only what the schema refuses.
    """
    schema = published()
    known = schema["definitions"]["FlowSpec"]["properties"]["targets"]["properties"]
    if emitter.name in known and judge({**known[emitter.name], "definitions": schema["definitions"]})(plan.options):
        return
    from dragoman.spec.mistakes import mistakes

    found = mistakes(_document(plan), model(emitter), ("spec", "targets", plan.target))
    if found:
        raise Findings(found)


def model(emitter: Emitter) -> type[Model]:
    """The pydantic model of a target's options."""
    module, _, name = emitter.options.partition(":")
    found: type[Model] = getattr(import_module(module), name)
    return found


def _document(plan: Plan) -> Overlaid:
    """The flow with the options that this plan was made with, overlays included."""
    data: dict[str, Any] = plan.source.document.data
    targets = {**(data["spec"].get("targets") or {}), plan.target: plan.options}
    return Overlaid({**data, "spec": {**data["spec"], "targets": targets}}, plan.source)
