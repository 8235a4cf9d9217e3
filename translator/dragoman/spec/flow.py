"""The models of the two documents that authors write: a flow, and a library of templates."""
# ruff: noqa: N815 (the fields are spelled as in the format)

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dragoman.spec import fields as f
from dragoman.spec.fields import Duration, Model, Name, Plain
from dragoman.spec.step import Defaults, Step, Template
from dragoman.spec.types import Param

ApiVersion: TypeAlias = Annotated[
    Literal["dragoman.dev/v1alpha1"], f.Meanings(**{"dragoman.dev/v1alpha1": "the first version, still open"})
]


class Metadata(Model):
    """The document's identity."""

    name: f.DnsLabel
    """Its name: a DNS label, unique in its namespace."""
    namespace: f.DnsLabel | None = None
    """The Kubernetes namespace."""
    labels: dict[f.LabelKey, f.LabelValue] | None = None
    """Copied to every emitted object (AWS Batch: tags)."""
    annotations: dict[f.LabelKey, str] | None = None
    """Copied to every emitted top-level object."""


Concurrency: TypeAlias = Annotated[
    Literal["Allow", "Forbid", "Replace"],
    f.Meanings(
        Allow="both run",
        Forbid="the new run is left out",
        Replace="the old run is stopped, the new one starts",
    ),
]
Cron: TypeAlias = Annotated[
    Annotated[str, f.STRING] | Annotated[list[str], Field(min_length=1), f.LIST],
    f.BY_SHAPE,
    Field(examples=["0 2 * * *"]),
]


class Schedule(Model):
    """When the flow runs by itself."""

    cron: Cron
    """One cron expression of five fields, or several."""
    timezone: Annotated[str | None, Field(examples=["Etc/UTC", "Europe/Berlin"])] = None
    """An IANA time zone; UTC when absent."""
    concurrency: Concurrency | None = None
    """What happens when the last run is not over; Forbid when absent."""
    startingDeadline: Duration | None = None
    """How late a missed run may still start."""
    suspend: bool | None = None
    """Whether the schedule is paused."""
    history: Annotated[int, Field(ge=0, le=f.LARGEST)] | None = None
    """How many finished runs are kept, of each kind."""


class FlowSpec(Model):
    """What the flow does."""

    target: Name | None = None
    """The engine it is translated for, when the command line does not say."""
    queue: str | None = None
    """The queue of every step that names none: a Kueue LocalQueue, an AWS Batch job queue."""
    schedule: Schedule | None = None
    """When the flow runs by itself."""
    parallelism: Annotated[int, Field(ge=1, le=f.LARGEST)] | None = None
    """How many containers may run at once."""
    timeout: Duration | None = None
    """The longest a whole run may take."""
    failFast: bool | None = None
    """false lets independent branches go on after a failure."""
    params: dict[Name, Param] | None = None
    """Values the flow is written in terms of."""
    defaults: Defaults | None = None
    """The lowest layer: fills what steps and templates leave open."""
    imports: dict[Name, str] | None = None
    """Files whose templates are used as `<name>.<template>`, relative to this one."""
    templates: dict[Name, Template] | None = None
    """Step bodies under a name."""
    steps: Annotated[dict[Name, Step], Field(min_length=1)]
    """The work."""
    onExit: dict[Name, Step] | None = None
    """Steps that run when the flow is over, whatever became of it."""
    targets: dict[str, dict[str, Plain]] | None = None
    """Settings that exist on one target only; `dragoman targets NAME` lists them."""
    environments: dict[Name, dict[str, Plain]] | None = None
    """Changes to this spec, chosen with `--env`: merged over it by key, null deletes."""


class Flow(Model):
    """One flow: parameters, steps, their order."""

    apiVersion: ApiVersion
    """The version of this format."""
    kind: Literal["Flow"]
    """What this document is."""
    metadata: Metadata
    """The flow's identity."""
    spec: FlowSpec
    """What the flow does."""


class LibrarySpec(Model):
    """What a library offers."""

    templates: dict[Name, Template]
    """Step bodies under a name."""


class Library(Model):
    """A file of templates, for `spec.imports`."""

    apiVersion: ApiVersion
    """The version of this format."""
    kind: Literal["Library"]
    """What this document is."""
    metadata: Metadata | None = None
    """For people: the library's identity."""
    spec: LibrarySpec
    """What it offers."""
