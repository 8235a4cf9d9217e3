"""DAG templates around a loop or around one of its items, for what Argo's loops cannot say themselves."""

from __future__ import annotations

from typing import Any

from dragoman.emit.argo.build import COMPLETED, Build, arguments_of, inputs_of
from dragoman.emit.argo.expressions import Spelling, condition, decoded
from dragoman.emit.argo.failing import loop_stops
from dragoman.emit.argo.loops import loop_fields
from dragoman.emit.argo.results import completeness, mentions_item, output_of
from dragoman.emit.argo.scope import Item, Scope, TaskScope
from dragoman.emit.objects import drop_empty
from dragoman.expr.tree import Expr
from dragoman.expr.types import list_of
from dragoman.plan.model import Foreach, Output, Step


def around_item(build: Build, step: Step, loop: Foreach, called: str, wants: Scope, at: int) -> tuple[str, Scope]:
    """A DAG around one item, so that the list of results has an entry for it whatever becomes of it."""
    name = build.name(step, "-item")
    scope = Scope(step.address, build.known)
    when = step.when if mentions_item(step, step.when) else None
    tasks = [
        drop_empty(
            {
                "name": "run",
                "template": called,
                "when": None if when is None else condition(when, scope.spell),
                "arguments": arguments_of(wants, scope.spell),
            }
        )
    ]
    if loop.tolerate == "all":  # a DAG is judged by its last tasks: this one succeeds whatever became of the other
        tasks.append({"name": "settled", "template": build.settled(), "depends": COMPLETED.format("run")})
    build.templates.insert(
        at,
        drop_empty(
            {
                "name": name,
                "inputs": inputs_of(scope),
                "outputs": drop_empty({"parameters": [_of_item(step, output) for output in step.outputs.values()]}),
                "dag": {"tasks": tasks},
            }
        ),
    )
    return name, scope


def around_loop(
    build: Build, step: Step, loop: Foreach, item: Item, called: str, wants: Scope, when: Expr | None, at: int
) -> tuple[str, Scope]:
    """A DAG around the loop: Argo limits what runs at once in a template, not in a task."""
    name = build.name(step, "-loop")
    scope = Scope(step.address[:-1], build.known)
    spell = TaskScope(scope, step.address, item).spell
    task = drop_empty(
        {
            "name": "each",
            "template": called,
            "when": None if when is None else condition(when, spell),
            "arguments": arguments_of(wants, spell),
            **loop_fields(loop, item, scope.spell),
        }
    )
    build.templates.insert(
        at,
        drop_empty(
            {
                "name": name,
                "parallelism": loop.parallelism,
                "failFast": True if loop.tolerate is None and loop_stops(step) else None,
                "inputs": inputs_of(scope),
                "outputs": drop_empty({"parameters": [_of_loop(step, output) for output in step.outputs.values()]}),
                "dag": {"tasks": [task]},
            }
        ),
    )
    return name, scope


def _of_item(step: Step, output: Output) -> dict[str, Any]:
    name = None if output.stdout else output.name
    loop = step.foreach
    failed = (
        "tasks.run.status == 'Failed' || tasks.run.status == 'Error' ? 'null' : "  # Argo keeps a failed pod's outputs
    )
    if loop is None or loop.tolerate != "all":
        failed = ""
    if completeness(step, output) == "json":  # text could be the very word null: the list holds JSON texts
        value = output_of("run", name, output.default, absent=True)
        return {"name": output.name, "valueFrom": {"expression": f"{failed}toJson({value})"}}
    fallback = "null" if output.default is None else output.default
    return {"name": output.name, "valueFrom": {"expression": failed + output_of("run", name, fallback)}}


def _of_loop(step: Step, output: Output) -> dict[str, Any]:
    shown = decoded(
        Spelling(output_of("each", output.name, "[]"), gathered=completeness(step, output)),
        list_of(output.type),
    )
    return {"name": output.name, "valueFrom": {"expression": f"toJson({shown})"}}
