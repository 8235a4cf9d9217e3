"""The features a plan can use, detected from the plan itself, so that no emitter can forget to look.

A feature is what a target may lack. Each has the question that detects it in a step or a plan; `uses` answers all of
them in one walk and says where each is used first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from dragoman.expr.text import Template
from dragoman.expr.text import refs as text_refs
from dragoman.expr.types import Type
from dragoman.load.document import Path
from dragoman.plan.loops import width
from dragoman.plan.model import Address, Container, EnvSource, Plan, Resources, Step
from dragoman.plan.references import own, target


class Feature(Enum):
    """A feature's name as people read it: the field it comes from."""

    ORDER = "needs"
    ON_FAILURE = "needs.failed"
    ON_COMPLETION = "needs.completed"
    WHEN = "when"
    GROUP = "steps"
    GROUP_PARALLELISM = "parallelism (group)"
    FAIL_FAST = "failFast: true"
    GO_ON_AFTER_FAILURE = "failFast: false"
    FOREACH_STATIC = "foreach (known items)"
    FOREACH_OUTPUT = "foreach (over an output)"
    FOREACH_RANGE = "foreach.range (over an output)"
    FOREACH_MATRIX = "foreach.matrix"
    FOREACH_MATRIX_OUTPUT = "foreach.matrix (over an output)"
    FOREACH_PARALLELISM = "foreach.parallelism"
    FOREACH_MAX_ITEMS = "foreach.maxItems"
    FOREACH_INDEX = "index"
    TOLERATE_ALL = "foreach.tolerate: all"
    TOLERATE_COUNT = "foreach.tolerate (a count)"
    OUTPUT_FILE = "outputs (file)"
    OUTPUT_STDOUT = "outputs.from: stdout"
    OUTPUT_DEFAULT = "outputs.default"
    OUTPUT_LIST = "outputs of a loop"
    RUNTIME_TEXT = "text from data"
    RUNTIME_PARAM = "params.runtime"
    COMMAND = "command"
    SCRIPT = "script"
    SECRET_ENV = "env.secret"
    CONFIG_ENV = "env.configMap"
    PVC = "volumes.pvc"
    SECRET_VOLUME = "volumes.secret"
    CONFIG_VOLUME = "volumes.configMap"
    EMPTY_DIR = "volumes.emptyDir"
    REQUESTS_AND_LIMITS = "resources.requests, limits"
    DYNAMIC_RESOURCES = "resources (from data)"
    BOUNDS = "resources.bounds"
    GPU = "resources.gpu"
    ACCELERATOR = "resources.accelerator"
    DISK = "resources.disk"
    SHM = "resources.shm"
    RETRY = "retry.limit"
    BACKOFF = "retry.backoff"
    RETRY_EXIT_CODE = "retry.causes (exit codes)"
    RETRY_OOM = "retry.causes: oom"
    RETRY_SPOT = "retry.causes: spot"
    ESCALATE = "retry.escalate"
    ATTEMPT = "attempt"
    TIMEOUT = "timeout"
    FLOW_TIMEOUT = "timeout (flow)"
    FLOW_PARALLELISM = "parallelism (flow)"
    ON_EXIT = "onExit"
    SCHEDULE = "schedule"
    QUEUE = "queue"
    COMPUTE_KUBERNETES = "compute: kubernetes"
    COMPUTE_BATCH = "compute: batch"
    SERVICE_ACCOUNT = "serviceAccount"
    POD_METADATA = "labels, annotations (step)"
    PULL_POLICY = "imagePullPolicy"
    WORKING_DIR = "workingDir"
    PATCH = "patch"


_OF_CONDITIONS = {
    "succeeded": Feature.ORDER,
    "failed": Feature.ON_FAILURE,
    "completed": Feature.ON_COMPLETION,
}
_OF_REFERENCES = {"index": Feature.FOREACH_INDEX, "attempt": Feature.ATTEMPT}
VOLUMES = {
    "pvc": Feature.PVC,
    "secret": Feature.SECRET_VOLUME,
    "configMap": Feature.CONFIG_VOLUME,
    "emptyDir": Feature.EMPTY_DIR,
}


def uses(plan: Plan) -> dict[Feature, Path]:
    """The features that a plan uses, each with the path of its first use in the document."""
    found: dict[Feature, Path] = {}
    for feature, used in PLAN_USES.items():
        if used(plan):
            found[feature] = _PLAN_PATHS.get(feature, ("spec",))
    for step in (*plan.steps, *plan.on_exit):
        _collect(step, found, frozenset())
    return found


def _collect(step: Step, found: dict[Feature, Path], unknown: frozenset[Address]) -> None:
    """`unknown` are the loops around the step whose items are not known at render."""
    if step.foreach is not None and width(step.foreach) is None:
        unknown |= {step.address}
    for feature, where in (*_of_step(step), *_runtime_text(step, unknown)):
        if feature not in found:
            found[feature] = (*step.layers[0].path, *where) if step.layers else where
    for child in step.steps:
        _collect(child, found, unknown)


def _runtime_text(step: Step, unknown: frozenset[Address]) -> Iterator[tuple[Feature, Path]]:
    """Text of a container that is made while running, and so may hold anything."""
    container = step.container
    if container is None:
        return
    for name, value in container.env.items():
        if _holds_text(value, unknown):
            yield Feature.RUNTIME_TEXT, ("env", name)
    for field, words in (("command", container.command), ("args", container.args)):
        for number, word in enumerate(words or ()):
            if _holds_text(word, unknown):
                yield Feature.RUNTIME_TEXT, (field, number)


def _holds_text(value: object, unknown: frozenset[Address]) -> bool:
    return isinstance(value, Template) and any(
        not textless(ref.type) and (target(ref).kind in ("output", "param") or target(ref).step in unknown)
        for ref in text_refs(value)
    )


def starts_beside_failures(steps: tuple[Step, ...]) -> bool:
    """Whether a step may become ready after one has failed that it does not depend on.

    Sets of steps are the bits of a number: a thousand steps are a thousand small numbers.
    """
    if not any(step.needs for step in steps):
        return False
    bit = {step.name: 1 << number for number, step in enumerate(steps)}
    before: dict[str, int] = {}
    for step in topological(steps):
        before[step.name] = 0
        for need in step.needs:
            before[step.name] |= bit[need.step] | before[need.step]
    after = dict.fromkeys(bit, 0)
    for step in reversed(list(topological(steps))):
        for need in step.needs:
            after[need.step] |= bit[step.name] | after[step.name]
    everything = (1 << len(steps)) - 1
    return any(
        everything & ~(before[step.name] | after[step.name] | bit[step.name] | after[need.step])
        for step in steps
        for need in step.needs
    )


def topological(steps: tuple[Step, ...]) -> Iterator[Step]:
    """The steps of a graph without cycles, each after what it needs."""
    seen: set[str] = set()
    named = {step.name: step for step in steps}
    for start in steps:
        trail = [(start, iter(start.needs))]
        while trail:
            step, needs = trail[-1]
            following = next((named[need.step] for need in needs if need.step not in seen), None)
            if following is not None:
                trail.append((following, iter(following.needs)))
                continue
            trail.pop()
            if step.name not in seen:
                seen.add(step.name)
                yield step


def textless(kind: Type) -> bool:
    """Whether no value of the type holds text of its own: numbers, bools, quantities, and lists of them."""
    if kind.kind == "list":
        return kind.item is not None and textless(kind.item)
    if kind.fields is not None:
        return all(map(textless, kind.fields.values()))
    return kind.kind in ("int", "float", "bool", "quantity")


PLAN_USES: dict[Feature, Callable[[Plan], object]] = {
    Feature.SCHEDULE: lambda plan: plan.schedule,
    Feature.ON_EXIT: lambda plan: plan.on_exit,
    Feature.FLOW_TIMEOUT: lambda plan: plan.timeout,
    Feature.FLOW_PARALLELISM: lambda plan: plan.parallelism,
    Feature.GO_ON_AFTER_FAILURE: lambda plan: not plan.fail_fast,
    Feature.FAIL_FAST: lambda plan: plan.fail_fast and starts_beside_failures(plan.steps),
    Feature.RUNTIME_PARAM: lambda plan: any(param.runtime for param in plan.params),
    Feature.PATCH: lambda plan: plan.options.get("patch"),
}
_PLAN_PATHS: dict[Feature, Path] = {
    Feature.SCHEDULE: ("spec", "schedule"),
    Feature.ON_EXIT: ("spec", "onExit"),
    Feature.FLOW_TIMEOUT: ("spec", "timeout"),
    Feature.FLOW_PARALLELISM: ("spec", "parallelism"),
    Feature.GO_ON_AFTER_FAILURE: ("spec", "failFast"),
    Feature.FAIL_FAST: ("spec", "steps"),
    Feature.RUNTIME_PARAM: ("spec", "params"),
    Feature.PATCH: ("spec", "targets"),
}


def _of_step(step: Step) -> Iterator[tuple[Feature, Path]]:
    yield from _of_order(step)
    if step.foreach is not None:
        yield from _of_loop(step)
    yield from _of_outputs(step)
    for ref in own(step):
        if target(ref).kind in _OF_REFERENCES:
            yield _OF_REFERENCES[target(ref).kind], ()
    if step.retry is not None:
        yield from _of_retry(step)
    if step.compute is not None:
        yield Feature.COMPUTE_BATCH if step.compute == "batch" else Feature.COMPUTE_KUBERNETES, ("compute",)
    for feature, value, field in ((Feature.TIMEOUT, step.timeout, "timeout"), (Feature.QUEUE, step.queue, "queue")):
        if value is not None:
            yield feature, (field,)
    if step.container is not None:
        yield from _of_container(step.container)
        yield from _of_resources(step.container.resources)


def _of_order(step: Step) -> Iterator[tuple[Feature, Path]]:
    for need in step.needs:
        yield _OF_CONDITIONS[need.condition], ("needs",)
    if step.when is not None:
        yield Feature.WHEN, ("when",)
    if step.steps:
        yield Feature.GROUP, ("steps",)
    if step.parallelism:
        yield Feature.GROUP_PARALLELISM, ("parallelism",)
    if not step.fail_fast:
        yield Feature.GO_ON_AFTER_FAILURE, ("failFast",)
    elif starts_beside_failures(step.steps):
        yield Feature.FAIL_FAST, ("steps",)


def _of_outputs(step: Step) -> Iterator[tuple[Feature, Path]]:
    for name, output in step.outputs.items():
        where = ("outputs", name)
        if output.value is None:
            yield Feature.OUTPUT_STDOUT if output.stdout else Feature.OUTPUT_FILE, where
        if output.default is not None:
            yield Feature.OUTPUT_DEFAULT, where
        if step.foreach is not None:
            yield Feature.OUTPUT_LIST, where


def _of_loop(step: Step) -> Iterator[tuple[Feature, Path]]:
    loop = step.foreach
    assert loop is not None
    where = ("foreach", "in" if loop.kind == "list" else loop.kind)
    if loop.kind == "matrix":
        yield Feature.FOREACH_MATRIX_OUTPUT if width(loop) is None else Feature.FOREACH_MATRIX, where
    elif width(loop) is not None:
        yield Feature.FOREACH_STATIC, where
    else:
        yield Feature.FOREACH_RANGE if loop.kind == "range" else Feature.FOREACH_OUTPUT, where
    if loop.parallelism is not None:
        yield Feature.FOREACH_PARALLELISM, ("foreach", "parallelism")
        if loop.tolerate is None:
            yield Feature.FAIL_FAST, ("foreach", "parallelism")
    if loop.max_items is not None and width(loop) is None:
        yield Feature.FOREACH_MAX_ITEMS, ("foreach", "maxItems")
    if loop.tolerate is not None:
        yield (
            Feature.TOLERATE_ALL if loop.tolerate == "all" else Feature.TOLERATE_COUNT,
            ("foreach", "tolerate"),
        )


def _of_retry(step: Step) -> Iterator[tuple[Feature, Path]]:
    retry = step.retry
    assert retry is not None
    yield Feature.RETRY, ("retry", "limit")
    if retry.backoff is not None:
        yield Feature.BACKOFF, ("retry", "backoff")
    for cause in retry.causes:
        where = ("retry", "causes")
        if cause == "oom":
            yield Feature.RETRY_OOM, where
        elif cause == "spot":
            yield Feature.RETRY_SPOT, where
        else:
            yield Feature.RETRY_EXIT_CODE, where
    if retry.escalate:
        yield Feature.ESCALATE, ("retry", "escalate")


def _of_container(container: Container) -> Iterator[tuple[Feature, Path]]:
    if container.command is not None:
        yield Feature.COMMAND, ("command",)
    if container.script is not None:
        yield Feature.SCRIPT, ("script",)
    for name, value in container.env.items():
        if isinstance(value, EnvSource):
            yield Feature.SECRET_ENV if value.kind == "secret" else Feature.CONFIG_ENV, ("env", name)
    for number, volume in enumerate(container.volumes):
        yield VOLUMES[volume.kind], ("volumes", number)
    if container.service_account is not None:
        yield Feature.SERVICE_ACCOUNT, ("serviceAccount",)
    if container.labels or container.annotations:
        yield Feature.POD_METADATA, ("labels",)
    if container.pull_policy is not None:
        yield Feature.PULL_POLICY, ("imagePullPolicy",)
    if container.working_dir is not None:
        yield Feature.WORKING_DIR, ("workingDir",)


def _of_resources(amounts: Resources) -> Iterator[tuple[Feature, Path]]:
    if any(not isinstance(value, int) for value in (*amounts.requests.values(), *amounts.limits.values())):
        yield Feature.DYNAMIC_RESOURCES, ("resources",)
    if amounts.bounds:
        yield Feature.BOUNDS, ("resources", "bounds")
    if any(amounts.limits.get(key, amounts.requests.get(key)) != value for key, value in amounts.requests.items()):
        yield Feature.REQUESTS_AND_LIMITS, ("resources",)
    if amounts.requests.get("gpu"):
        yield Feature.GPU, ("resources", "gpu")
    if amounts.accelerator is not None:
        yield Feature.ACCELERATOR, ("resources", "accelerator")
    if amounts.requests.get("disk") or amounts.limits.get("disk"):
        yield Feature.DISK, ("resources", "disk")
    if amounts.shm is not None:
        yield Feature.SHM, ("resources", "shm")
