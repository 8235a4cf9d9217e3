"""Graphs of steps as Argo DAG templates: tasks, their order, their loops, what they hand on."""

from __future__ import annotations

from typing import Any

from dragoman.emit.argo.expressions import (
    Spell,
    Spelling,
    Unprintable,
    as_text,
    decoded,
    key,
    native,
    spelling,
    string,
    tag,
)
from dragoman.emit.argo.loops import item_of, loop_fields
from dragoman.emit.argo.names import Names, task_name
from dragoman.emit.argo.pod import drop_empty, pod_template
from dragoman.emit.argo.scope import Item, Result, Scope, TaskScope
from dragoman.emit.argo.settings import Settings
from dragoman.emit.argo.text import argument_text
from dragoman.expr.text import refs
from dragoman.expr.tree import Expr
from dragoman.expr.types import list_of
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.loops import width
from dragoman.plan.model import Address, Need, Output, Plan, Step
from dragoman.plan.references import target

DEPENDS = {
    "succeeded": "{0}",  # Argo: succeeded, skipped or daemoned; an empty loop is skipped
    "failed": "({0}.Failed || {0}.Errored)",
    "completed": "({0}.Succeeded || {0}.Failed || {0}.Errored || {0}.Skipped || {0}.Omitted || {0}.Daemoned)",
}
SETTLED = "dragoman-settled"  # a template that does nothing and succeeds


class Build:
    """One workflow under construction: its templates so far, and what is known about the loops."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.plan, self.settings = plan, settings
        self.names = Names()
        self.templates: list[dict[str, Any]] = []
        self.places: dict[str, Path] = {}
        self.findings: list[Finding] = []
        self.trusts: dict[Address, str] = {}

    def name(self, step: Step, suffix: str = "") -> str:
        """A template's name for a step, remembered with the step's place."""
        name = self.names.template(step.address, suffix, origin_span(step))
        self.places[name] = step.layers[0].path
        return name


def origin_span(step: Step) -> Any:
    """The place of a step's name."""
    layer = step.layers[0]
    return layer.source.span(layer.path, key=True)


def graph(build: Build, name: str, address: Address, steps: tuple[Step, ...], *, fail_fast: bool = True,
          parallelism: int | None = None, outputs: tuple[Output, ...] = ()) -> Scope:  # fmt: skip
    """Add the DAG template of a graph, and the templates of its steps after it; its scope says what it needs."""
    results = {
        (step.address, output.name): _result(step, output)
        for step in steps
        for output in step.outputs.values()
    }
    scope = Scope(address, build.trusts, results)
    template: dict[str, Any] = {}
    build.templates.append(template)
    tasks = []
    for step in steps:
        try:
            tasks.append(_task(build, step, scope))
        except Unprintable as error:
            build.findings.append(
                Finding(
                    "DRG304", error.message, origin_span(step), error.help, address=".".join(step.address)
                )
            )
    parameters = [_computed_output(output, scope) for output in outputs if output.value is not None]
    template.update(drop_empty({
        "name": name,
        "parallelism": parallelism,
        "inputs": inputs_of(scope),
        "outputs": drop_empty({"parameters": parameters}),
        "dag": drop_empty({"failFast": None if fail_fast else False, "tasks": tasks}),
    }))  # fmt: skip
    return scope


def inputs_of(scope: Scope) -> dict[str, Any]:
    """A template's inputs: what its texts asked for."""
    return drop_empty({"parameters": [{"name": name} for name in scope.inputs]})


def _task(build: Build, step: Step, dag: Scope) -> dict[str, Any]:
    """One step's task: it calls the step's template, or the loop's where the loop needs one of its own."""
    loop = step.foreach
    item = item_of(step) if loop is not None else None
    if item is not None:
        build.trusts[step.address] = item.trust
    called, wants = _called(build, step)
    per_item = _mentions_item(step, step.when)
    when = step.when
    if loop is not None and item is not None and _wraps_item(step):
        called, wants = _item_wrapper(build, step, called, wants)
        when = None if per_item else when
    if loop is not None and item is not None and loop.parallelism is not None:
        inner_when = when if per_item else None
        called, wants = _capped(build, step, item, called, wants, inner_when)
        when = None if per_item else when
        loop = None
    spell = TaskScope(dag, step.address, item).spell if loop is not None and item is not None else dag.spell
    return drop_empty({
        "name": task_name(step.name),
        "template": called,
        "depends": " && ".join(_depends(need) for need in step.needs) or None,
        "when": None if when is None else tag(native(when, spell)),
        "arguments": _arguments(wants, spell),
        **(loop_fields(loop, item, dag.spell) if loop is not None and item is not None else {}),
    })  # fmt: skip


def _called(build: Build, step: Step) -> tuple[str, Scope]:
    """The template that does the work of a step, once."""
    name = build.name(step)
    if step.steps:
        return name, graph(build, name, step.address, step.steps, fail_fast=step.fail_fast, parallelism=step.parallelism,
                           outputs=tuple(step.outputs.values()))  # fmt: skip
    scope = Scope(step.address, build.trusts, attempts=step.retry is not None)
    template = pod_template(step, name, scope, build.settings)
    template["inputs"] = inputs_of(scope)
    if not template["inputs"]:
        del template["inputs"]
    build.templates.append(template)
    return name, scope


def _item_wrapper(build: Build, step: Step, called: str, wants: Scope) -> tuple[str, Scope]:
    """A DAG around one item, so that the list of results has an entry for it whatever becomes of it."""
    name = build.name(step, "-item")
    scope = Scope(step.address, build.trusts)
    loop = step.foreach
    assert loop is not None
    when = step.when if _mentions_item(step, step.when) else None
    tasks = [drop_empty({
        "name": "run",
        "template": called,
        "when": None if when is None else tag(native(when, scope.spell)),
        "arguments": _arguments(wants, scope.spell),
    })]  # fmt: skip
    if loop.tolerate == "all":
        tasks.append(
            {"name": "settled", "template": _settled(build), "depends": DEPENDS["completed"].format("run")}
        )
    parameters = []
    for output in step.outputs.values():
        value = (
            "tasks.run.outputs.result" if output.stdout else f"tasks.run.outputs.parameters{key(output.name)}"
        )
        fallback = "null" if output.default is None else output.default
        parameters.append(
            {"name": output.name, "valueFrom": {"expression": f"{value} ?? {string(fallback)}"}}
        )
    build.templates.append(drop_empty({
        "name": name,
        "inputs": inputs_of(scope),
        "outputs": drop_empty({"parameters": parameters}),
        "dag": {"tasks": tasks},
    }))  # fmt: skip
    return name, scope


def _capped(
    build: Build, step: Step, item: Item, called: str, wants: Scope, when: Expr | None
) -> tuple[str, Scope]:
    """A DAG around the loop: Argo limits what runs at once in a template, not in a task."""
    name = build.name(step, "-loop")
    scope = Scope(step.address[:-1], build.trusts)
    loop = step.foreach
    assert loop is not None
    spell = TaskScope(scope, step.address, item).spell
    task = drop_empty({
        "name": "each",
        "template": called,
        "when": None if when is None else tag(native(when, spell)),
        "arguments": _arguments(wants, spell),
        **loop_fields(loop, item, scope.spell),
    })  # fmt: skip
    parameters = []
    for output in step.outputs.values():
        gathered = _gathered(f"tasks.each.outputs.parameters{key(output.name)}", output, step)
        parameters.append({"name": output.name, "valueFrom": {"expression": gathered}})
    build.templates.append(drop_empty({
        "name": name,
        "parallelism": loop.parallelism,
        "inputs": inputs_of(scope),
        "outputs": drop_empty({"parameters": parameters}),
        "dag": {"tasks": [task]},
    }))  # fmt: skip
    return name, scope


def _gathered(path: str, output: Output, step: Step) -> str:
    spelled = Spelling(f"({path} ?? '[]')", gathered=_completeness(step))
    return f"toJson({decoded(spelled, list_of(output.type))})"


def _completeness(step: Step) -> str:
    return "some" if step.foreach is not None and _wraps_item(step) else "all"


def _wraps_item(step: Step) -> bool:
    """Whether an item can end without its outputs, or its outputs are no list that Argo can gather itself."""
    loop = step.foreach
    assert loop is not None
    if loop.tolerate == "all":
        return True
    sometimes = _mentions_item(step, step.when)
    return any(sometimes or output.stdout or output.default is not None for output in step.outputs.values())


def _mentions_item(step: Step, expr: Expr | None) -> bool:
    return expr is not None and any(
        target(ref).kind in ("item", "index") and target(ref).step == step.address for ref in refs(expr)
    )


def _settled(build: Build) -> str:
    if SETTLED not in build.places:
        build.places[SETTLED] = ("spec",)
        build.templates.append({"name": SETTLED, "suspend": {"duration": "0"}})
    return SETTLED


def _arguments(wants: Scope, spell: Spell) -> dict[str, Any]:
    return drop_empty(
        {
            "parameters": [
                {"name": name, "value": argument_text(value, spell)} for name, value in wants.inputs.items()
            ]
        }
    )


def _depends(need: Need) -> str:
    return DEPENDS[need.condition].format(task_name(need.step))


def _result(step: Step, output: Output) -> Result:
    """How the tasks beside a step see one of its outputs."""
    loop = step.foreach
    wrapped = loop is not None and (loop.parallelism is not None or _wraps_item(step))
    place = "result" if output.stdout and not wrapped else f"parameters.{output.name}"
    member = ".outputs.result" if output.stdout and not wrapped else f".outputs.parameters{key(output.name)}"
    task = task_name(step.name)
    fallback = None
    if loop is not None:
        fallback = "[]" if step.when is not None or not width(loop) else None
    elif (
        step.when is not None
        or output.default is not None
        or any(need.condition == "failed" for need in step.needs)
    ):
        fallback = "null" if output.default is None else output.default
    gathered = _completeness(step) if loop is not None and loop.parallelism is None else ""
    return Result(f"tasks.{task}.outputs.{place}", f"tasks{key(task)}{member}", fallback, gathered)


def _computed_output(output: Output, scope: Scope) -> dict[str, Any]:
    value = output.value
    assert value is not None
    spelled = spelling(value, scope.spell)
    if spelled is not None and spelled.tag.startswith("tasks.") and not spelled.gathered:
        return {"name": output.name, "valueFrom": {"parameter": "{{" + spelled.tag + "}}"}}
    return {"name": output.name, "valueFrom": {"expression": as_text(value, scope.spell)}}
