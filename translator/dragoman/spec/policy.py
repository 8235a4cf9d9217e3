"""The model of a policy: what a platform says about every flow."""
# ruff: noqa: N815 (the fields are spelled as in the format)

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dragoman.spec import fields as f
from dragoman.spec.fields import Amount, Model, Name, Plain
from dragoman.spec.flow import ApiVersion, Metadata
from dragoman.spec.step import Resources

Operator: TypeAlias = Annotated[
    Literal["Exists", "Equal"],
    f.Meanings(Exists="the taint has the key", Equal="the taint has the key and the value"),
]
Effect: TypeAlias = Annotated[
    Literal["NoSchedule", "PreferNoSchedule", "NoExecute"],
    f.Meanings(
        NoSchedule="keeps new pods away",
        PreferNoSchedule="keeps new pods away if others have room",
        NoExecute="drives running pods away too",
    ),
]


class Toleration(Model):
    """A Kubernetes toleration."""

    key: str | None = None
    """The taint's key."""
    operator: Operator | None = None
    """How it matches."""
    value: str | None = None
    """The taint's value."""
    effect: Effect | None = None
    """The taint's effect."""


class Accelerator(Model):
    """How a kind of GPU is asked for."""

    resource: str = "nvidia.com/gpu"
    """The extended resource that counts the devices."""
    nodeSelector: dict[str, str] | None = None
    """Labels of the nodes that have it."""
    tolerations: list[Toleration] | None = None
    """Taints of those nodes."""


class PolicyDefaults(Model):
    """Values for what a flow leaves open; below every layer of the flow."""

    resources: Resources | None = None
    """Resources of a step that says nothing."""


class PolicyMatch(Model):
    """Which flows the policy is for; everything, when absent."""

    namespaces: Annotated[list[str] | None, Field(examples=[["ml-*"]])] = None
    """Patterns of namespaces."""
    targets: list[Name] | None = None
    """Targets."""
    labels: dict[str, str] | None = None
    """Labels the flow must have."""


class Merge(Model):
    """How a step's own amounts and those of its block for the target become one."""

    resources: Annotated[Literal["max"], f.Meanings(max="the larger explicit value, key by key")] = "max"
    """Resources."""


class Ratio(Model):
    """A limit as a multiple of the request."""

    ratio: Annotated[float, Field(ge=1, le=100)]
    """The limit is this many times the request."""


MissingWord: TypeAlias = Annotated[
    Literal["equal", "none"], f.Meanings(equal="the request", none="no limit: the container may use what is free")
]
Missing: TypeAlias = Annotated[Annotated[MissingWord, f.STRING] | Annotated[Ratio, f.MAP], f.BY_SHAPE]


class MissingLimits(Model):
    """What a limit becomes that nobody wrote."""

    memory: Missing | None = None
    """The limit of memory; the request, when absent."""
    cpu: Missing | None = None
    """The limit of cores; none, when absent."""
    disk: Missing | None = None
    """The limit of scratch disk; none, when absent."""


BoundAction: TypeAlias = Annotated[
    Literal["deny", "clamp", "warn"],
    f.Meanings(
        deny="an error: nothing is rendered",
        clamp="the amount is cut (or raised) to the bound, and a warning says so",
        warn="a warning: the amount stays as it is",
    ),
]


class Bound(Model):
    """Amounts that no step may be beyond, and what happens to one that is."""

    cpu: Amount | None = None
    """Cores: `4`, `500m`."""
    memory: Amount | None = None
    """Bytes with a unit."""
    gpu: Amount | None = None
    """Whole GPUs; `0` forbids them."""
    disk: Amount | None = None
    """Scratch disk, bytes with a unit."""
    shm: Amount | None = None
    """Size of /dev/shm, bytes with a unit."""
    action: BoundAction = "deny"
    """What happens."""
    reason: str | None = None
    """Why, for the author who meets it."""
    overridable: bool = False
    """A lower layer may loosen it."""


QuotaAction: TypeAlias = Annotated[
    Literal["deny", "warn"], f.Meanings(deny="an error: nothing is rendered", warn="a warning")
]


class QuotaLimits(Model):
    """The same of limits instead of requests."""

    cpu: Amount | None = None
    """Cores."""
    memory: Amount | None = None
    """Bytes with a unit."""
    disk: Amount | None = None
    """Bytes with a unit."""


class Quota(Model):
    """What a flow may hold at one time, at its worst; amounts are requests."""

    cpu: Amount | None = None
    """Cores."""
    memory: Amount | None = None
    """Bytes with a unit."""
    gpu: Amount | None = None
    """Whole GPUs."""
    disk: Amount | None = None
    """Scratch disk, bytes with a unit."""
    pods: Annotated[int, Field(ge=0, le=f.LARGEST)] | None = None
    """Containers that run at one time."""
    limits: QuotaLimits | None = None
    """What limits may add up to."""
    action: QuotaAction = "deny"
    """What happens to a flow that may hold more."""
    reason: str | None = None
    """Why, for the author who meets it."""
    overridable: bool = False
    """A lower layer may loosen it."""


Severity: TypeAlias = Annotated[
    Literal["error", "warning", "info"],
    f.Meanings(error="nothing is rendered", warning="shown; the render goes on", info="shown with `--verbose`"),
]


class Rule(Model):
    """What must be true of every step (an expression that names `step`), or of the flow."""

    id: Annotated[str, Field(pattern=f.NAME, max_length=100, examples=["pinned-image"])]
    """The rule's name, unique in the policy and what it extends."""
    severity: Severity = "error"
    """How bad it is when it is not true."""
    assert_: Annotated[f.Expression, Field(alias="assert", examples=["step.image.contains('@sha256:')"])]
    """An expression over `flow`, `step`, `target` and `policy` that gives true."""
    message: Annotated[str, Field(min_length=1, max_length=4096)]
    """What is wrong, for the author; may hold `${{ … }}`."""
    help: Annotated[str, Field(max_length=4096)] | None = None
    """What to do about it; may hold `${{ … }}`."""
    docs: Annotated[str, Field(max_length=2048)] | None = None
    """Where to read more: an address."""
    at: Annotated[str, Field(max_length=1024, examples=["image", "resources.limits.memory"])] | None = None
    """The field to point at, as it is under the step (or under the flow's `spec`); the step's name, when absent."""
    fix: Annotated[f.Expression | None, Field(examples=["step.resources.requests.memory"])] = None
    """An expression that gives what `at` should be, for `dragoman check --fix`."""
    overridable: bool = False
    """A lower layer may loosen or replace it."""


class Exemption(Model):
    """Somebody who need not obey a rule, why, and until when."""

    rule: Annotated[str, Field(min_length=1, max_length=100, examples=["pinned-image", "max.cpu"])]
    """The rule's id; `max.cpu`, `min.memory`, `quota.gpu` for bounds and quotas. Patterns are allowed."""
    flow: Annotated[str, Field(min_length=1, examples=["legacy-*"])]
    """A pattern of the flow's name."""
    step: Annotated[str | None, Field(examples=["shards.train"])] = None
    """A pattern of the step's address; all steps, when absent."""
    reason: Annotated[str, Field(min_length=3, max_length=4096)]
    """Why."""
    owner: Annotated[str, Field(min_length=1, max_length=253)]
    """Who answers for it."""
    expires: Annotated[str | None, Field(max_length=64, examples=["2027-01-31"])] = None
    """The last day, YYYY-MM-DD. A date that cannot be read is over."""


class PolicySpec(Model):
    """What the platform says."""

    extends: Annotated[list[str] | None, Field(examples=[["./organisation.policy.yaml", "pack:baseline"]])] = None
    """The layers above this one: files, counted from this file, or `pack:` and the name of a shipped pack."""
    match: PolicyMatch | None = None
    """Which flows it is for."""
    defaults: PolicyDefaults | None = None
    """Values for what a flow leaves open."""
    accelerators: dict[Annotated[str, Field(min_length=1)], Accelerator] | None = None
    """The kinds of GPU a flow may name."""
    merge: Merge | None = None
    """How explicit amounts are merged."""
    limits: MissingLimits | None = None
    """What a missing limit becomes."""
    max: list[Bound] | None = None
    """The most a step may have; the smallest of several counts."""
    min: list[Bound] | None = None
    """The least a step must have; the largest of several counts."""
    quota: list[Quota] | None = None
    """The most a flow may hold at one time."""
    quotaFrom: Annotated[list[str] | None, Field(examples=[["../cluster/resourcequota.yaml"]])] = None
    """Files that the cluster (ResourceQuota, LimitRange, Kueue) or AWS (compute environments) enforces."""
    values: dict[Name, Plain] | None = None
    """Constants of the rules, `policy.values.NAME`; a lower layer may set them if `overridable` lists them."""
    rules: list[Rule] | None = None
    """What must be true."""
    exemptions: list[Exemption] | None = None
    """Who need not obey what."""
    overridable: Annotated[list[str] | None, Field(examples=[["limits", "values.maxGpuHours"]])] = None
    """What a lower layer may loosen: `limits`, `limits.cpu`, `values.NAME`, `exemptions`."""


class Policy(Model):
    """One policy."""

    apiVersion: ApiVersion
    """The version of this format."""
    kind: Literal["Policy"]
    """What this document is."""
    metadata: Metadata
    """For people: the policy's identity."""
    spec: PolicySpec
    """What it says."""
