"""Models of a step and its parts: what one unit of work says about its container, order and results."""
# ruff: noqa: N815 (the fields are spelled as in the format)

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dragoman.spec import fields as f
from dragoman.spec.fields import Amount, Duration, Expression, Model, Name, ObjectName, Plain, Text
from dragoman.spec.types import Input, Output


class ResourceAmounts(Model):
    """Amounts by resource: cores, bytes with a unit, whole devices. Each may be an expression."""

    cpu: Amount | None = None
    """Cores: `2`, `0.5`, `500m`."""
    memory: Amount | None = None
    """Bytes with a unit: `4Gi`, `60000Mi`. A bare number is refused: MB or MiB?"""
    gpu: Amount | None = None
    """Whole GPUs."""
    disk: Amount | None = None
    """Scratch disk of the container, bytes with a unit."""


class Resources(ResourceAmounts):
    """What a step needs. Right under `resources`, amounts are requests; `requests` and `limits` say both."""

    shm: Amount | None = None
    """Size of /dev/shm, bytes with a unit; it counts as memory."""
    accelerator: str | None = None
    """The kind of GPU, a name from the platform's policy (`nvidia-l4`)."""
    requests: ResourceAmounts | None = None
    """What the scheduler reserves."""
    limits: ResourceAmounts | None = None
    """What the container may not exceed."""
    bounds: ResourceAmounts | None = None
    """The largest amounts that expressions may give: policy and quota count with them before the run."""


class Backoff(Model):
    """The wait between attempts: `delay`, times `factor` each time, at most `max`."""

    delay: Duration | None = None
    """Before the first retry."""
    factor: Annotated[int, Field(ge=1, le=100)] | None = None
    """Multiplies the wait after each attempt."""
    max: Duration | None = None
    """The longest wait."""


class Escalation(Model):
    """Growth of one resource with each retry."""

    factor: Annotated[float, Field(gt=1, le=100)] = 2
    """Multiplies the amount with each retry."""
    max: Amount
    """The largest amount."""


class Escalate(Model):
    """Resources that grow with each retry."""

    memory: Escalation | None = None
    """Memory: the request, and the limit with it."""
    cpu: Escalation | None = None
    """Cores."""


NamedCause: TypeAlias = Annotated[
    Literal["error", "oom", "spot"],
    f.Meanings(error="any exit code but 0", oom="the container ran out of memory", spot="the node went away"),
]
Cause: TypeAlias = Annotated[
    Annotated[NamedCause, f.STRING] | Annotated[int, Field(ge=1, le=255), f.INTEGER], f.BY_SHAPE
]


class Retry(Model):
    """What happens when an attempt fails."""

    limit: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Retries after the first attempt."""
    backoff: Backoff | None = None
    """The wait between attempts."""
    causes: list[Cause] | None = None
    """What is worth a retry: `error`, `oom`, `spot`, or exit codes. All of them, when absent."""
    escalate: Escalate | None = None
    """Resources that grow with each retry."""


Items: TypeAlias = Annotated[Annotated[Expression, f.STRING] | Annotated[list[Plain], f.LIST], f.BY_SHAPE]
Count: TypeAlias = Annotated[Annotated[Expression, f.STRING] | Annotated[int, Field(ge=0), f.INTEGER], f.BY_SHAPE]
Tolerance: TypeAlias = Annotated[
    Annotated[Literal["all"], f.STRING] | Annotated[int, Field(ge=0), f.INTEGER], f.BY_SHAPE
]


class Foreach(Model):
    """One run of the step (or group) for each item of exactly one of `in`, `range`, `matrix`."""

    in_: Annotated[Items | None, Field(alias="in", examples=["steps.plan.outputs.items"])] = None
    """The items: a list, or an expression that gives one."""
    range: Annotated[Count | None, Field(examples=[10, "params.rows / 100"])] = None
    """A count: the items are 0, 1, … count-1."""
    matrix: dict[Name, Items] | None = None
    """Every combination of the named lists; the item is a map with one field a list."""
    as_: Annotated[Name | None, Field(alias="as")] = None
    """The item's name in expressions; `item` when absent."""
    parallelism: Annotated[int, Field(ge=1, le=f.LARGEST)] | None = None
    """How many may run at once."""
    maxItems: Annotated[int, Field(ge=1, le=f.LARGEST)] | None = None
    """The largest number of items expected; quotas count with it before the run."""
    tolerate: Tolerance | None = None
    """How many items may fail without failing the step (`all`, or a number); their outputs are null."""


class Script(Model):
    """A program in the spec. Expressions are refused inside: values come in through `env` or `with`."""

    interpreter: Annotated[list[str], Field(min_length=1, examples=[["python"], ["bash", "-eu"]])]
    """The command that runs the file."""
    source: Text
    """The program's text."""


class EnvSource(Model):
    """A value that the engine looks up: exactly one of these."""

    secret: f.KeyReference | None = None
    """`name/key` of a secret."""
    configMap: f.KeyReference | None = None
    """`name/key` of a ConfigMap."""


Medium: TypeAlias = Annotated[
    Literal["Disk", "Memory"],
    f.Meanings(Disk="the node's disk", Memory="memory; it counts as the container's"),
]


class EmptyDir(Model):
    """A directory that lives as long as the container."""

    size: Amount | None = None
    """The most it may hold, bytes with a unit."""
    medium: Medium | None = None
    """Where it lives."""


class Volume(Model):
    """A directory mounted into the container, from exactly one of pvc, secret, configMap, emptyDir."""

    mount: f.AbsolutePath
    """Where it appears in the container."""
    pvc: ObjectName | None = None
    """A PersistentVolumeClaim's name."""
    secret: ObjectName | None = None
    """A Secret's name: one file a key."""
    configMap: ObjectName | None = None
    """A ConfigMap's name: one file a key."""
    emptyDir: EmptyDir | None = None
    """A new empty directory."""
    subPath: str | None = None
    """A path inside the volume."""
    readOnly: bool | None = None
    """Whether the container may not write to it."""


class TargetStep(Model):
    """What a step says about one target only."""

    resources: Resources | None = None
    """Explicit amounts for this target: the larger value wins, resource by resource."""


EnvValue: TypeAlias = Annotated[
    Annotated[Text, f.STRING] | Annotated[int, f.INTEGER] | Annotated[EnvSource, f.MAP], f.BY_SHAPE
]


PullPolicy: TypeAlias = Annotated[
    Literal["Always", "IfNotPresent", "Never"],
    f.Meanings(
        Always="ask the registry each time",
        IfNotPresent="only when the node lacks it",
        Never="the node must have it",
    ),
]
Compute: TypeAlias = Annotated[
    Literal["kubernetes", "batch"],
    f.Meanings(kubernetes="a Kubernetes Job", batch="an AWS Batch job"),
]


class Work(Model):
    """What defaults, templates and steps have in common: the container and how it runs."""

    image: str | None = None
    """The container image."""
    imagePullPolicy: PullPolicy | None = None
    """When the image is pulled."""
    command: Annotated[list[Text] | None, Field(examples=[["python", "train.py"]])] = None
    """The entrypoint, as in Kubernetes."""
    args: list[Text] | None = None
    """Arguments of the entrypoint, as in Kubernetes."""
    script: Script | None = None
    """A program in the spec, instead of `command`."""
    workingDir: str | None = None
    """The directory the command starts in."""
    env: dict[f.EnvName, EnvValue | None] | None = None
    """Environment variables; null takes away what a lower layer set."""
    volumes: list[Volume] | None = None
    """Directories mounted into the container."""
    resources: Resources | None = None
    """What the container needs."""
    retry: Retry | None = None
    """What happens when an attempt fails."""
    timeout: Duration | None = None
    """The longest one attempt may take."""
    compute: Compute | None = None
    """Where the container runs, when not on the flow's target."""
    queue: str | None = None
    """The queue it waits in: a Kueue LocalQueue, an AWS Batch job queue."""
    serviceAccount: ObjectName | None = None
    """The Kubernetes service account of the pod."""
    labels: dict[f.LabelKey, f.LabelValue] | None = None
    """Labels of the pod."""
    annotations: dict[f.LabelKey, str] | None = None
    """Annotations of the pod."""
    targets: dict[Name, TargetStep] | None = None
    """What holds for one target only."""


class Defaults(Work):
    """The lowest layer of the spec: fills what steps and templates leave open; takes no part in max-of."""


class Template(Work):
    """A step's body under a name, used by `use`; its `inputs` are filled by `with`."""

    description: str | None = None
    """For people."""
    inputs: dict[Name, Input] | None = None
    """What `with` may give."""
    outputs: dict[Name, Output] | None = None
    """What the step hands on."""
    when: Expression | None = None
    """Runs only if this is true."""


Outcome: TypeAlias = Annotated[
    Literal["succeeded", "failed", "completed"],
    f.Meanings(
        succeeded="it ran to its end, or was skipped",
        failed="it failed and has no retries left",
        completed="either of the two",
    ),
]
Needs: TypeAlias = Annotated[
    Annotated[list[Name], f.LIST] | Annotated[dict[Name, Outcome], f.MAP],
    f.BY_SHAPE,
    Field(examples=[["prepare"], {"prepare": "completed"}]),
]


StepOutput: TypeAlias = Annotated[Annotated[Output, f.MAP] | Annotated[Expression, f.STRING], f.BY_SHAPE]


class Step(Work):
    """One unit of work, or (with `steps`) a group: a graph of its own."""

    description: str | None = None
    """For people."""
    use: Annotated[str, Field(pattern=f.TEMPLATE_NAME)] | None = None
    """A template's name; `lib.name` for one from an imported file."""
    with_: Annotated[dict[Name, Plain] | None, Field(alias="with")] = None
    """The template's inputs."""
    needs: Needs | None = None
    """Steps that come first; as a map, with what must have become of them."""
    when: Annotated[Expression | None, Field(examples=["params.rows > 100"])] = None
    """Runs only if this is true; a skipped step satisfies `needs`."""
    foreach: Foreach | None = None
    """Runs once for each item."""
    steps: Annotated[dict[Name, Step], Field(min_length=1)] | None = None
    """Makes this a group: its own steps."""
    parallelism: Annotated[int, Field(ge=1, le=f.LARGEST)] | None = None
    """Group only: how many of its steps may run at once."""
    failFast: bool | None = None
    """Group only: false lets independent branches go on after a failure."""
    outputs: dict[Name, StepOutput] | None = None
    """What the step hands on; for a group, expressions over its steps' outputs."""
