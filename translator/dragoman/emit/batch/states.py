"""States of a step: its job, what it hands on, what happens when it fails, whether it runs at all.

States are made from the last to the first: each knows the name of the next, None at the end of its scope.
"""

from __future__ import annotations

from typing import Any

from dragoman.emit.batch import trying
from dragoman.emit.batch.build import Build, absent
from dragoman.emit.batch.definition import CARRIER, MAIN, job_definition
from dragoman.emit.batch.jsonata import literal
from dragoman.emit.batch.names import named, state_name
from dragoman.emit.batch.scope import INPUT, Scope, add, expression, recorded
from dragoman.emit.objects import drop_empty
from dragoman.expr.text import Template
from dragoman.plan.model import Amount, Resources, Step

SUBMIT = "arn:{partition}:states:::batch:submitJob.sync"
READ = "arn:{partition}:states:::aws-sdk:s3:getObject"
# AWS Batch admits 50 jobs a second: a refusal passes
AGAIN = {
    "ErrorEquals": ["Batch.AWSBatchException", "Batch.ServerException", "Batch.TooManyRequestsException"],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 10,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}


def task(build: Build, scope: Scope, step: Step, after: str | None, *, caught: bool, size: int | None = None) -> str:
    """The states of a step that runs once; the name of the first.

    caught  whether a failure is noted rather than ending the scope
    size    how many children the job has, where it is an array
    """
    if caught and step.outputs and step.address in build.wanted:
        return _together(build, scope, step, after)
    name = named([build.plan.name, *step.address])
    read = step.address in build.wanted and bool(step.outputs)
    by_machine, by_state = trying.by_machine(step), trying.by_state(step)
    definition = job_definition(
        build.plan,
        step,
        name,
        build.options,
        hands_on=bool(step.outputs),
        retries=not by_machine and by_state is None,
    )
    build.definitions.append(definition)
    build.place(definition["jobDefinitionName"], step)
    done = recorded(step, "succeeded", {}) if build.keeps(step) and not read else INPUT
    lost = _failed(build, scope, step, after) if caught else None
    then = _read(build, scope, step, after) if read else after
    state = drop_empty(
        {
            "Type": "Task",
            "Resource": SUBMIT.format(partition=build.options.partition),
            "Arguments": {
                **_arguments(build, scope, step, name, definition["jobDefinitionName"]),
                **({"ArrayProperties": {"Size": size}} if size is not None else {}),
            },
            "Retry": [AGAIN, *([by_state] if by_state else [])],
            "Output": expression(done),
        }
    )
    if by_machine:
        return trying.states(build, scope, step, state, then, lost)
    if lost is not None:
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Output": expression(INPUT), "Next": lost}]
    add(scope, state_name(step), state, then)
    return trying.first(scope, step, state_name(step)) if trying.asks(step) else state_name(step)


def _together(build: Build, scope: Scope, step: Step, after: str | None) -> str:
    """A job and what reads its outputs as one branch: a wrong output is a failure that is noted, too."""
    inner = Scope({}, scope.loops)
    start = task(build, inner, step, None, caught=False)
    lost = _failed(build, scope, step, after)
    state = {
        "Type": "Parallel",
        "Branches": [{"StartAt": start, "States": dict(reversed(inner.states.items()))}],
        "Output": expression("$states.result[0]"),
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": expression(INPUT), "Next": lost}],
    }
    return add(scope, state_name(step, "whole"), state, after)


def _arguments(build: Build, scope: Scope, step: Step, name: str, definition: str) -> dict[str, Any]:
    assert step.container is not None
    kind = step.container.resources.accelerator or ""
    queue = step.queue or build.options.accelerators.get(kind) or build.options.queue or ""
    overrides = _overrides(build, scope, step)
    several = bool(step.outputs)
    return drop_empty(
        {
            "JobName": name,
            "JobQueue": queue,
            "JobDefinition": definition,
            "ShareIdentifier": build.options.shareIdentifier,
            "ContainerOverrides": None if several else overrides,
            "EcsPropertiesOverride": {"TaskProperties": [{"Containers": _containers(build, scope, step, overrides)}]}
            if several
            else None,
        }
    )


def _containers(build: Build, scope: Scope, step: Step, overrides: dict[str, Any]) -> list[dict[str, Any]]:
    where = {"Name": "DRAGOMAN_RESULT", "Value": expression(object_url(build, scope, step))}
    main = [{"Name": MAIN, **overrides}] if overrides else []
    return [*main, {"Name": CARRIER, "Environment": [where]}]


def object_key(build: Build, scope: Scope, step: Step) -> str:
    """The source of the S3 key of a step's outputs: one object for each run, step and item."""
    _, _, prefix = (build.options.outputs or "").removeprefix("s3://").partition("/")
    start = "/".join(filter(None, (prefix.strip("/"), build.plan.name)))
    parts = [literal(f"{start}/"), f"{scope.at(0)}.run", literal(f"/{'.'.join(step.address)}")]
    for depth in range(len(scope.loops)):
        parts += [literal("/"), f"$string({scope.at(depth + 1)}.index)"]
    return " & ".join([*parts, literal(".json")])


def bucket(build: Build) -> str:
    """The bucket that outputs are written to."""
    return (build.options.outputs or "").removeprefix("s3://").partition("/")[0]


def object_url(build: Build, scope: Scope, step: Step) -> str:
    """The source of the URL of a step's outputs."""
    return f"{literal(f's3://{bucket(build)}/')} & {object_key(build, scope, step)}"


def _read(build: Build, scope: Scope, step: Step, after: str | None) -> str:
    """The state that reads what the job has handed on, each output by its type."""
    body = "$parse($states.result.Body).outputs"
    out = {}
    for name, output in step.outputs.items():
        text = f"$lookup({body}, {literal(name)})"
        value = build.value(text, step, output)
        if output.default is not None:
            value = f"$exists({text}) ? {value} : {build.value(literal(output.default), step, output)}"
        out[name] = f"({value})"
    state = {
        "Type": "Task",
        "Resource": READ.format(partition=build.options.partition),
        "Arguments": {"Bucket": bucket(build), "Key": expression(object_key(build, scope, step))},
        "Output": expression(recorded(step, "succeeded", out)),
    }
    return add(scope, state_name(step, "outputs"), state, after)


def _failed(build: Build, scope: Scope, step: Step, after: str | None) -> str:
    out = absent(build, step, loop=step.foreach is not None)
    state = {"Type": "Pass", "Output": expression(recorded(step, "failed", out))}
    return add(scope, state_name(step, "failed"), state, after)


def _overrides(build: Build, scope: Scope, step: Step) -> dict[str, Any]:
    """What of a container is known only while the flow runs."""
    container = step.container
    assert container is not None
    environment = [
        {"Name": name, "Value": build.text(value, scope, step, "env", name)}
        for name, value in container.env.items()
        if isinstance(value, Template)
    ]
    words = [("command", number, word) for number, word in enumerate(container.command or ())]
    words += [("args", number, word) for number, word in enumerate(container.args or ())]
    command = (
        [build.text(word, scope, step, field) for field, _, word in words]
        if any(isinstance(word, Template) for _, _, word in words)
        else []
    )
    return drop_empty(
        {"Command": command, "Environment": environment, "ResourceRequirements": _amounts(build, scope, step)}
    )


def _amounts(build: Build, scope: Scope, step: Step) -> list[dict[str, str]]:
    """Amounts from data, and those that grow: in the units of Batch, rounded up."""
    container = step.container
    assert container is not None
    growth = {one.resource: one for one in step.retry.escalate} if step.retry is not None else {}
    found = []
    for key, kind in (("cpu", "VCPU"), ("memory", "MEMORY"), ("gpu", "GPU")):
        amounts = _reserved(container.resources, key)
        if not amounts or (all(isinstance(amount, int) for amount in amounts) and key not in growth):
            continue
        sources = [
            str(amount) if isinstance(amount, int) else trying.amount(build, scope, step, key, amount)
            for amount in amounts
        ]
        source = sources[0] if len(sources) == 1 else f"$max([{', '.join(sources)}])"
        if key in growth:
            source = trying.grown(source, growth[key])
        unit = {"cpu": 1000, "memory": 2**20, "gpu": 1}[key]
        found.append({"Type": kind, "Value": expression(f"$string($ceil(({source}) / {unit}))")})
    return found


def _reserved(resources: Resources, key: str) -> list[Amount]:
    """What Batch reserves the larger of: of memory the request and the limit, as it has one number for both."""
    blocks = [resources.requests, resources.limits] if key == "memory" else [resources.requests]
    found = [block[key] for block in blocks if key in block]
    return found[:1] if found[1:] == found[:1] else found
