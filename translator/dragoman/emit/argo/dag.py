"""Graphs of steps as Argo DAG templates: tasks, their order, their loops, what they hand on."""

from __future__ import annotations

from typing import Any

from dragoman.emit.argo import nulls
from dragoman.emit.argo.build import ACCEPTABLE, COMPLETED, DEPENDS, Build, arguments_of, inputs_of, span_of
from dragoman.emit.argo.expressions import Unprintable, as_text, condition, spelling
from dragoman.emit.argo.failing import judged_rightly, stops
from dragoman.emit.argo.loops import item_of, loop_fields
from dragoman.emit.argo.names import SETTLED, slug, task_name
from dragoman.emit.argo.pod import pod_template
from dragoman.emit.argo.results import mentions_item, result, wraps_item, wraps_loop
from dragoman.emit.argo.scope import Scope, TaskScope
from dragoman.emit.argo.wrappers import around_item, around_loop
from dragoman.emit.objects import drop_empty
from dragoman.expr.tree import Expr
from dragoman.findings import Finding
from dragoman.plan.model import Address, Foreach, Output, Step


def graph(
    build: Build,
    name: str,
    address: Address,
    steps: tuple[Step, ...],
    *,
    fail_fast: bool = True,
    parallelism: int | None = None,
    outputs: tuple[Output, ...] = (),
) -> Scope:
    """Add the DAG template of a graph, and the templates of its steps after it; its scope says what it needs."""
    results = {
        (step.address, output.name): result(step, output, steps) for step in steps for output in step.outputs.values()
    }
    build.known.nulls.update(place for place, found in results.items() if found.nullable)
    scope = Scope(address, build.known, results)
    template: dict[str, Any] = {}
    build.templates.append(template)
    build.findings += _same_tasks(steps)
    tasks = [task for step in steps if (task := _printable_task(build, step, scope)) is not None]
    if not (judged_rightly(steps, "failed") and judged_rightly(steps, "completed")):
        tasks.append(_judge(build, steps))
    parameters = [_computed_output(output, scope) for output in outputs if output.value is not None]
    template.update(
        drop_empty(
            {
                "name": name,
                "parallelism": parallelism,
                "failFast": True if fail_fast and stops(steps) else None,
                "inputs": inputs_of(scope),
                "outputs": {"parameters": parameters} if parameters else None,
                "dag": drop_empty({"failFast": None if fail_fast else False, "tasks": tasks}),
            }
        )
    )
    return scope


def _judge(build: Build, steps: tuple[Step, ...]) -> dict[str, Any]:
    """A last task: Argo judges a graph by it, and it runs when every failure was accepted."""
    accepted = {need.step for step in steps for need in step.needs if need.condition != "succeeded"}
    ends = [(COMPLETED if step.name in accepted else ACCEPTABLE).format(task_name(step.name)) for step in steps]
    return {"name": SETTLED, "template": build.settled(), "depends": " && ".join(sorted(ends))}


def _same_tasks(steps: tuple[Step, ...]) -> list[Finding]:
    """Steps whose task has another's name, because Argo keeps their own for itself."""
    renamed = {task_name(step.name): step.name for step in steps if task_name(step.name) != slug(step.name)}
    findings = []
    for step in steps if renamed else ():
        task = slug(step.name)
        if task in renamed:
            message = f"steps `{step.name}` and `{renamed[task]}` would both be the Argo task `{task}`"
            address = ".".join(step.address)
            findings.append(Finding("DRG136", message, span_of(step), "rename one of them", address=address))
    return findings


def _printable_task(build: Build, step: Step, scope: Scope) -> dict[str, Any] | None:
    try:
        return _task(build, step, scope)
    except Unprintable as error:
        address = ".".join(step.address)
        build.findings.append(Finding("DRG304", error.message, span_of(step), error.help, address=address))
        return None


def _task(build: Build, step: Step, dag: Scope) -> dict[str, Any]:
    loop = step.foreach
    if loop is not None:
        return _loop_task(build, step, loop, dag)
    called, wants = _called(build, step)
    return drop_empty(
        {
            "name": task_name(step.name),
            "template": called,
            "depends": _depends(step),
            "when": None if step.when is None else condition(step.when, dag.spell),
            "arguments": arguments_of(wants, dag.spell),
        }
    )


def _loop_task(build: Build, step: Step, loop: Foreach, dag: Scope) -> dict[str, Any]:
    """The task of a step that loops; it calls a template around the loop, or around each item, where Argo needs one."""
    at = len(build.templates)
    item = item_of(step)
    build.known.trusts[step.address] = item.trust
    called, wants = _called(build, step)
    outer: Expr | None = step.when
    inner: Expr | None = None
    if mentions_item(step, step.when):
        outer, inner = None, step.when
    if wraps_item(step):
        called, wants = around_item(build, step, loop, called, wants, at)
        inner = None
    spell = TaskScope(dag, step.address, item).spell
    looping = {}
    if wraps_loop(step):
        called, wants = around_loop(build, step, loop, item, called, wants, inner, at)
    else:
        outer = inner if outer is None else outer
        looping = loop_fields(loop, item, dag.spell)
    return drop_empty(
        {
            "name": task_name(step.name),
            "template": called,
            "depends": _depends(step),
            "when": None if outer is None else condition(outer, spell),
            "arguments": arguments_of(wants, spell),
            **looping,
        }
    )


def _called(build: Build, step: Step) -> tuple[str, Scope]:
    """The template that does the work of a step, once."""
    name = build.name(step)
    if step.steps:
        outputs = tuple(step.outputs.values())
        return name, graph(
            build,
            name,
            step.address,
            step.steps,
            fail_fast=step.fail_fast,
            parallelism=step.parallelism,
            outputs=outputs,
        )
    scope = Scope(step.address, build.known, attempts=step.retry is not None)
    build.templates.append(pod_template(step, name, scope, build.settings))
    build.findings += nulls.findings(step, build.known)
    return name, scope


def _depends(step: Step) -> str | None:
    return " && ".join(DEPENDS[need.condition].format(task_name(need.step)) for need in step.needs) or None


def _computed_output(output: Output, scope: Scope) -> dict[str, Any]:
    value = output.value
    assert value is not None
    spelled = spelling(value, scope.handed)
    if spelled is not None and spelled.trust == "escaped":
        message = f"`{output.name}` holds `{{{{` or `$(`, which Argo reads: a group cannot hand it on"
        raise Unprintable(message, "list items without such letters")
    if spelled is not None and spelled.tag.startswith("tasks.") and not spelled.gathered:
        return {"name": output.name, "valueFrom": {"parameter": "{{" + spelled.tag + "}}"}}
    return {"name": output.name, "valueFrom": {"expression": as_text(value, scope.handed)}}
