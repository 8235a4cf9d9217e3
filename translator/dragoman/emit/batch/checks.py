"""What of a plan AWS cannot be told, or only with more than the flow says; each finding at the field it is about."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman import quantity
from dragoman.emit.batch.definition import CARRIER_CPU, CARRIER_MEMORY, reserved, share
from dragoman.emit.batch.settings import Settings
from dragoman.emit.scripts import INLINE, flag
from dragoman.expr.text import Template
from dragoman.findings import WARNING, Finding
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Container, EnvSource, Resources, Step
from dragoman.plan.origins import origin

SHORTEST = 60  # seconds that Batch's timeout has at least


def checks(step: Step, options: Settings) -> Iterator[Finding]:
    """Findings about one step with a container."""
    container = step.container
    if container is None:
        return
    yield from _queue(step, container, options)
    yield from _outputs(step, options)
    yield from _texts(step, container, options)
    yield from _volumes(step, container, options)
    yield from _sizes(step, container.resources, options)
    if step.timeout is not None and step.timeout < SHORTEST:
        message = f"`timeout` is {step.timeout} s, and Batch stops a job after {SHORTEST} s at the earliest"
        yield _at(step, message, "give it a minute or more, or leave it out", "timeout")


def _queue(step: Step, container: Container, options: Settings) -> Iterator[Finding]:
    kind = container.resources.accelerator
    if kind is not None and step.queue is None and kind not in options.accelerators:
        message = f"no job queue is known for the accelerator `{kind}`: on Batch, the queue decides the machine"
        way_out = f"say `targets.batch.accelerators: {{{kind}: QUEUE}}`, or give the step a `queue`"
        yield _at(step, message, way_out, "resources", "accelerator")
    elif kind is None and step.queue is None and options.queue is None:
        yield _at(step, f"step `{step.name}` has no job queue", "say `spec.queue`, or `targets.batch.queue`")


def _outputs(step: Step, options: Settings) -> Iterator[Finding]:
    for name, output in step.outputs.items():
        if output.stdout:
            continue
        if options.outputs is None:
            message = f"output `{name}` has no way out of its job: Batch hands nothing from job to job"
            yield _at(
                step, message, "say where outputs travel: `targets.batch.outputs: s3://bucket/prefix`", "outputs", name
            )
        elif not (output.path or "").startswith(f"{DIRECTORY}/"):
            message = f"the container that hands on outputs cannot see `{output.path}`"
            yield _at(
                step, message, f"leave `path` out, and write the file `$DRAGOMAN_OUTPUTS/{name}`", "outputs", name
            )


def _texts(step: Step, container: Container, options: Settings) -> Iterator[Finding]:
    if isinstance(container.image, Template):
        yield _at(step, "the image is known only while the flow runs, and is part of a definition", "fix it", "image")
    if container.script is not None and flag(container.script.interpreter[0]) is None:
        message = (
            f"Batch has no files: the script is an argument, which `{container.script.interpreter[0]}` takes none of"
        )
        yield _at(step, message, "put the script into the image, or use one of " + ", ".join(INLINE), "script")
    for name, value in container.env.items():
        if isinstance(value, EnvSource) and f"{value.name}/{value.key}" not in options.secrets:
            message = f"`{name}` is `{value.name}/{value.key}`, and AWS's name of it is not known"
            way_out = f"say `targets.batch.secrets: {{{value.name}/{value.key}: ARN}}`"
            yield _at(step, message, way_out, "env", name)


def _volumes(step: Step, container: Container, options: Settings) -> Iterator[Finding]:
    for volume in container.volumes:
        if volume.kind == "pvc" and volume.name not in options.volumes:
            message = f"what stands for the claim `{volume.name}` on AWS is not known"
            way_out = f"say `targets.batch.volumes: {{{volume.name}: {{efs: fs-…}}}}`"
            yield _at(step, message, way_out, "volumes")


def _sizes(step: Step, amounts: Resources, options: Settings) -> Iterator[Finding]:
    """What is rounded up, and said; on Fargate, what has no size."""
    known = isinstance(amounts.requests.get("cpu"), int) and isinstance(
        amounts.limits.get("memory", amounts.requests.get("memory")), int
    )
    cpu, memory = reserved(amounts)
    asked = f"{quantity.canonical('cpu', cpu)} cpu and {quantity.canonical('memory', memory)}"
    if options.platform == "FARGATE":
        given = share(cpu, memory, beside=bool(step.outputs))
        if given is None:
            beside = f", and {CARRIER_CPU}m and {CARRIER_MEMORY}Mi to hand on its outputs" if step.outputs else ""
            message = f"Fargate has nothing as large as {asked}{beside}"
            yield _at(step, message, "say `targets.batch.platform: EC2`", "resources")
        elif known and (given[0], given[1] * 2**20) != (cpu, memory):
            message = (
                f"asked {asked}, given {given[0] / 1000:g} vCPU and {given[1]} MiB: the next size that Fargate has"
            )
            yield _rounded(step, message)
    elif known and (cpu % 1000 or memory % 2**20):
        message = f"asked {asked}, given {-(-cpu // 1000)} vCPU and {-(-memory // 2**20)} MiB: Batch counts whole ones"
        yield _rounded(step, message)


def _rounded(step: Step, message: str) -> Finding:
    found = _at(step, message, "ask for as much, and nothing is rounded", "resources")
    return Finding("DRG312", found.message, found.span, found.help, WARNING, found.address)


def _at(step: Step, message: str, way_out: str, *field: str) -> Finding:
    layer = step.layers[0]
    place = origin(step, *field).span(key=True) if field else None
    path = (*layer.path, *field)
    return Finding(
        "DRG304", message, place or layer.source.span(layer.path, key=True), way_out, address=".".join(map(str, path))
    )
