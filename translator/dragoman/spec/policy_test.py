"""The model of the tests of policies: small flows, and which rules they are expected not to meet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dragoman.spec import fields as f
from dragoman.spec.fields import Model, Name, Plain
from dragoman.spec.flow import ApiVersion, Metadata
from dragoman.spec.policy import Severity


class Expectation(Model):
    """A rule that is expected not to be met."""

    rule: Annotated[str, Field(min_length=1, max_length=100, examples=["pinned-image", "max.cpu"])]
    """The rule's id; `max.cpu` or `min.memory` for bounds."""
    step: Annotated[str | None, Field(examples=["train", "shards.train"])] = None
    """The address of the step; any step, or the flow, when absent."""
    severity: Severity | None = None
    """How bad it is; any, when absent."""


class Case(Model):
    """A flow, and what policies are expected to say of it."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """What it shows."""
    target: Name | None = None
    """The target; the flow's own, when absent."""
    env: str | None = None
    """One of the flow's environments, as with `--env`."""
    now: Annotated[str | None, Field(pattern=f.DAY, examples=["2027-01-31"])] = None
    """The day on which exemptions are looked at; none is over, when absent."""
    flow: dict[str, Plain]
    """What is under the flow's `spec`; or a flow with `metadata` and `spec`."""
    policy: dict[str, Plain] | None = None
    """What a policy below the others says, as under its `spec`: constants, exemptions."""
    expect: list[Expectation] | None = None
    """The rules that are not met. Whatever else is said is a mistake, and so is a rule here that is met."""


class PolicyTestSpec(Model):
    """Which policies, and what is expected of them."""

    policies: Annotated[list[str], Field(min_length=1, examples=[["./platform.policy.yaml", "pack:baseline"]])]
    """The policies: files, counted from this file, or `pack:` and the name of a shipped pack."""
    cases: Annotated[list[Case], Field(min_length=1)]
    """The cases."""


class PolicyTest(Model):
    """Tests of policies."""

    apiVersion: ApiVersion  # noqa: N815
    """The version of this format."""
    kind: Literal["PolicyTest"]
    """What this document is."""
    metadata: Metadata | None = None
    """For people: the tests' identity."""
    spec: PolicyTestSpec
    """What is tested."""
