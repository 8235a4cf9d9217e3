"""What Kubernetes accepts, checked on what was emitted, with findings at the places of the spec that asked for it.

The Jobs that a coordinator will make are checked too, as far as they are known at render.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.emit.cron import schedules
from dragoman.emit.kubernetes.coordinator import PLAN_FILE
from dragoman.emit.kubernetes.fields import field_of
from dragoman.emit.kubernetes.job import Run, task_job
from dragoman.emit.kubernetes.settings import Settings, settings
from dragoman.emit.sizes import STRING_BYTES, size
from dragoman.emitter import Emission
from dragoman.expr.text import Template
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.lower.task import Task
from dragoman.plan.model import Amount, EnvSource, Plan, Step
from dragoman.plan.origins import origin
from dragoman.plan.references import steps_of

if TYPE_CHECKING:
    from dragoman.emit.kubernetes.judge import Problem

TEXT_BYTES = 2 * 1024 * 1024  # arguments and environment together: a quarter of the usual stack of 8 MiB (execve(2))
_ANY = "x"  # stands for a text that is known only while the flow runs


def verify(plan: Plan, emission: Emission) -> Sequence[Finding]:
    """Findings about what was emitted, and about what will be."""
    from dragoman.emit.kubernetes.judge import problems  # a driver, which imports this package, judges nothing

    options = settings(plan.options)
    findings: list[Finding] = [*schedules(plan)]
    for manifest in emission.manifests:
        findings += size(plan, manifest)
        body = manifest.body
        findings += [
            _finding(plan, problem, _place(emission, body, problem.pointer), body)
            for problem in problems(body, options.minor)
            if problem.pointer != ("spec", "schedule")  # told above, at its place
        ]
        findings += _texts(plan, body, emission)
    if any(PLAN_FILE in (manifest.body.get("data") or ()) for manifest in emission.manifests):
        findings += _driven(plan, options)
    return findings


def _driven(plan: Plan, options: Settings) -> Iterator[Finding]:
    """Problems of the Jobs that the coordinator will make, each told once, at its step."""
    from dragoman.emit.kubernetes.judge import problems

    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": plan.name, "uid": plan.name}
    run = Run(plan.name, plan.name, plan.name, plan.namespace or "default", owner, plan.name, plan.labels)
    for step in steps_of(plan):
        if step.container is None:
            continue
        body = task_job(_sample(step), options, run)
        for problem in problems(body, options.minor):
            yield _finding(plan, problem, step.layers[0].path, body)
        yield from _texts(plan, body, Emission((), {body["metadata"]["name"]: step.layers[0].path}))


def _sample(step: Step) -> Task:
    """A task of the step, with a text for each that is not known yet."""
    container = step.container
    assert container is not None
    amounts = container.resources
    return Task(
        id=step.address,
        step=step,
        attempt=1,
        image=_known(container.image),
        command=None if container.command is None else tuple(map(_known, container.command)),
        args=None if container.args is None else tuple(map(_known, container.args)),
        env={name: value if isinstance(value, EnvSource) else _known(value) for name, value in container.env.items()},
        requests=_fixed(amounts.requests, amounts.limits),
        limits=_fixed(amounts.limits, amounts.requests),
    )


def _known(text: str | Template) -> str:
    return text if isinstance(text, str) else "".join(part if isinstance(part, str) else _ANY for part in text.parts)


def _fixed(amounts: Mapping[str, Amount], others: Mapping[str, Amount]) -> dict[str, int]:
    """Amounts that can be compared: both are known."""
    return {
        key: value for key, value in amounts.items() if isinstance(value, int) and isinstance(others.get(key, 0), int)
    }


def _place(emission: Emission, body: Mapping[str, Any], pointer: tuple[str | int, ...]) -> Path:
    """The step that a part of an object comes from: by the object's name, or by the name of the Job in a set."""
    name = body["metadata"].get("name")
    if body["kind"] == "JobSet" and pointer[:2] == ("spec", "replicatedJobs") and len(pointer) > 2:
        name = body["spec"]["replicatedJobs"][pointer[2]].get("name")
    return emission.places.get(name, ("spec", "steps"))


def _finding(plan: Plan, problem: Problem, path: Path, body: Mapping[str, Any]) -> Finding:
    name = body["metadata"].get("name")
    message = f"Kubernetes would refuse the {body['kind']} `{name}`: {problem.message}"
    step = next((step for step in steps_of(plan) if step.layers[0].path == path), None)
    field = field_of(body, problem.pointer) if step is not None else ()
    address = ".".join(map(str, (*path, *field)))
    span = plan.source.span(path, key=True)
    if step is not None and field:
        span = origin(step, *field).span(key=True) or span
    return Finding("DRG511", message, span, problem.help, address=address)


def _texts(plan: Plan, body: Mapping[str, Any], emission: Emission) -> Iterator[Finding]:
    """Arguments and variables that Linux would not take."""
    for pointer, container in _containers(body, ()):
        texts = [*container.get("command", ()), *container.get("args", ())]
        texts += [f"{entry['name']}={entry.get('value', '')}" for entry in container.get("env", ())]
        longest, total = max((len(text.encode()) for text in texts), default=0), sum(map(len, texts))
        if longest >= STRING_BYTES or total >= TEXT_BYTES:
            path = _place(emission, body, pointer)
            message = (
                f"an argument or a variable of this step has {longest:,} bytes, maximum {STRING_BYTES - 1:,}"
                if longest >= STRING_BYTES
                else f"the arguments and variables of this step have {total:,} letters, maximum {TEXT_BYTES:,}"
            )
            way_out = "put them into the image, a ConfigMap or a volume"
            yield Finding(
                "DRG504", message, plan.source.span(path, key=True), way_out, address=".".join(map(str, path))
            )


def _containers(
    value: Any, pointer: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("containers", "initContainers") and isinstance(inner, list):
                yield from (((*pointer, key, number), one) for number, one in enumerate(inner))
            elif key in ("spec", "template", "jobTemplate", "replicatedJobs"):
                yield from _containers(inner, (*pointer, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _containers(inner, (*pointer, number))
