"""The model of a policy: what a platform says about every flow."""
# ruff: noqa: N815 (the fields are spelled as in the format)

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dragoman.spec import fields as f
from dragoman.spec.fields import Model, Name
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


class PolicySpec(Model):
    """What the platform says."""

    match: PolicyMatch | None = None
    """Which flows it is for."""
    defaults: PolicyDefaults | None = None
    """Values for what a flow leaves open."""
    accelerators: dict[Annotated[str, Field(min_length=1)], Accelerator] | None = None
    """The kinds of GPU a flow may name."""


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
