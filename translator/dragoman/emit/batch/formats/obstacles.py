"""What a flow asks for that AWS Batch does not do by itself: the first of it, where the flow says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dragoman.emit.batch import trying
from dragoman.expr.tree import Literal
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.features import starts_beside_failures
from dragoman.plan.model import Need, Plan, Step
from dragoman.plan.references import own, target

MOST_DEPENDENCIES = 20  # of a job (AWS Batch service quotas)
WAY_OUT = "leave it out, or render `api`, `crossplane` or `cloudformation`, which have a state machine"
MEANINGS = {
    "param": "parameter `{name}` may change when a run starts",
    "run": "what `run.{name}` is, is known only when a run starts",
    "attempt": "Batch does not put an attempt's number into a text",
    "output": "Batch hands no output from job to job",
}


def obstacle(plan: Plan) -> Finding | None:
    """The first thing that needs a state machine; None where Batch is enough."""
    return next(_of_plan(plan), None)


def _of_plan(plan: Plan) -> Iterator[Finding]:
    for step in plan.steps:
        yield from _of_step(step)
    for given, field, what in (
        (plan.on_exit, "onExit", "runs no step because a flow has ended"),
        (plan.timeout, "timeout", "does not stop a flow"),
        (plan.schedule, "schedule", "does not start a flow by itself"),
    ):
        if given:
            span = plan.source.span(("spec", field), key=True)
            yield Finding("DRG326", f"without a state machine, Batch {what}", span, WAY_OUT, address=f"spec.{field}")


def _of_step(step: Step) -> Iterator[Finding]:
    if step.when is not None:
        yield refused(step, "without a state machine, nobody asks whether a step is to run", WAY_OUT, "when")
    for need in step.needs:
        if need.condition != "succeeded":
            message = f"in Batch, a job waits only for others to succeed, and `{need.step}` must have {need.condition}"
            yield refused(step, message, WAY_OUT, "needs")
    loop = step.foreach
    if loop is not None:
        if not isinstance(loop.size if loop.kind == "range" else loop.items, Literal):
            yield refused(step, "what the loop runs over is known only while the flow runs", WAY_OUT, "foreach")
        if loop.parallelism is not None:
            message = "without a state machine, Batch runs as many items at once as it has room for"
            yield refused(step, message, WAY_OUT, "foreach", "parallelism")
        if loop.tolerate is not None:
            yield refused(step, "in Batch, an item that fails fails its loop", WAY_OUT, "foreach", "tolerate")
    for ref in own(step):
        wanted = target(ref)
        if wanted.kind in MEANINGS:
            yield refused(step, MEANINGS[wanted.kind].format(name=wanted.name), WAY_OUT)
    if trying.by_machine(step) or trying.by_state(step):
        message = "Batch tries at most 10 times, waits for nothing in between and gives each attempt the same"
        yield refused(step, message, WAY_OUT, "retry")
    if step.outputs:
        yield refused(step, MEANINGS["output"], WAY_OUT, "outputs")
    for child in step.steps:
        yield from _of_step(child)


def refused(step: Step, message: str, way_out: str, *field: str) -> Finding:
    """A finding at a field of a step, or at the step."""
    layer = next((one for one in step.layers if field and field[0] in one.data), step.layers[0])
    path: Path = layer.path
    data: Any = layer.data
    for name in field:
        if isinstance(data, Mapping) and name in data:
            path, data = (*path, name), data[name]
    return Finding("DRG326", message, layer.source.span(path, key=True), way_out, address=".".join(map(str, path)))


def late_starter(jobs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of these jobs may start after another has failed that it does not wait for."""
    names = {job["jobName"] for job in jobs}
    needs = {
        job["jobName"]: [one["jobId"] for one in job.get("dependsOn", ()) if one["jobId"] in names] for job in jobs
    }
    return starts_beside_failures(tuple(Step((name,), needs=tuple(map(Need, found))) for name, found in needs.items()))


def goes_on(plan: Plan, group: Step | None) -> Finding:
    """What is said where a graph must stop at its first failure, and Batch goes on."""
    message = "Batch goes on beside a job that has failed, and `failFast` is true"
    if group is not None:
        return refused(group, message, "say `failFast: false`", "failFast")
    span = plan.source.span(("metadata", "name"))
    return Finding("DRG326", message, span, "say `failFast: false`", address="spec.failFast")
