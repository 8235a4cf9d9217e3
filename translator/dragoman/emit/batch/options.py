"""The model of `targets.batch`: settings that only AWS Batch has."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dragoman.emit.patch_options import Patch
from dragoman.spec.fields import ABSOLUTE_PATH, RULES, Model

ROLE = r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[A-Za-z0-9_+=,.@/-]+$"
EFS = r"^fs-[0-9a-f]+$"
REGION = r"^[a-z0-9-]+$"
ACCOUNT = r"^[0-9]{12}$"
PLACE = r"^s3://[a-z0-9][-.a-z0-9]+(/.*)?$"
SHARE = r"^[A-Za-z0-9]{1,255}$"
PROVIDER = r"^((Cluster)?ProviderConfig/)?[a-z0-9][-.a-z0-9]*$"
RULES.update(
    {
        ROLE: ("the name or the ARN of a role", "for example `flows`, or `arn:aws:iam::123456789012:role/flows`"),
        EFS: ("the id of an EFS file system", "it begins with `fs-`, for example `fs-0123456789abcdef0`"),
        REGION: ("a region of AWS", "for example `eu-west-1`"),
        ACCOUNT: ("the number of an AWS account", "it has 12 digits; quote it"),
        PLACE: ("a place in S3", "for example `s3://bucket/prefix`"),
        SHARE: ("the name of a share", "use letters and digits, at most 255"),
        PROVIDER: ("the name of a provider config", "for example `default`, or `ProviderConfig/default`"),
    }
)
Role: TypeAlias = Annotated[str, Field(pattern=ROLE, max_length=2048)]


class BatchVolume(Model):
    """What stands for a volume claim: an EFS file system, or a folder of the instances."""

    efs: Annotated[str, Field(pattern=EFS)] | None = None
    """The id of an EFS file system."""
    path: Annotated[str, Field(pattern=ABSOLUTE_PATH)] | None = None
    """A folder of the instances (EC2)."""


class BatchOptions(Model):
    """Settings of the batch target."""

    platform: Literal["EC2", "FARGATE"] | None = None
    """Where jobs run; EC2 when absent."""
    partition: Literal["aws", "aws-cn", "aws-us-gov"] | None = None
    """The part of AWS that the account is in; `aws` when absent."""
    region: Annotated[str, Field(pattern=REGION)] | None = None
    """The region; us-east-1 when absent."""
    account: Annotated[str, Field(pattern=ACCOUNT)] | None = None
    """The account's number, for roles that are given by name."""
    queue: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The job queue of steps that name none, by name or ARN."""
    jobRole: Role | None = None  # noqa: N815
    """The role of the programs themselves, by name or ARN."""
    executionRole: Role | None = None  # noqa: N815
    """The role that pulls images, reads secrets and writes logs, by name or ARN; Fargate needs one."""
    stateMachineRole: Role | None = None  # noqa: N815
    """The role of the state machine, by name or ARN."""
    scheduleRole: Role | None = None  # noqa: N815
    """The role with which a schedule starts the state machine, by name or ARN."""
    outputs: Annotated[str, Field(pattern=PLACE)] | None = None
    """Where outputs travel, `s3://bucket/prefix`; needed where a step reads another one's."""
    image: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The image of dragoman, for the container that hands outputs on; dragoman's own of this version when absent."""
    secrets: dict[str, str] | None = None
    """The ARN of each secret or parameter, by what the spec calls it: `warehouse/url`."""
    volumes: dict[str, BatchVolume] | None = None
    """What stands for each volume claim."""
    accelerators: dict[str, str] | None = None
    """The job queue of each kind of GPU."""
    logGroup: Annotated[str, Field(min_length=1, max_length=512)] | None = None  # noqa: N815
    """The log group of the jobs; Batch's own when absent."""
    schedulingPriority: Annotated[int, Field(ge=0, le=9999)] | None = None  # noqa: N815
    """The priority of the jobs in a queue with fair shares."""
    shareIdentifier: Annotated[str, Field(pattern=SHARE)] | None = None  # noqa: N815
    """The share that the jobs count for; needed by queues with fair shares, refused by others."""
    revisioning: Literal["latest", "hashed"] | None = None
    """`latest` (the default): definitions keep their names, runs take the newest; `hashed`: names are hashes."""
    format: Literal["api", "crossplane", "cloudformation", "iam", "submit-plan"] | None = None
    """What is rendered: the inputs of AWS's `api` (the default, except in Argo CD), `crossplane` objects (the default
    there), a `cloudformation` template, the `iam` policies of its roles, or a `submit-plan` for Batch alone."""
    providerConfig: Annotated[str, Field(pattern=PROVIDER)] | None = None  # noqa: N815
    """Crossplane's provider config, by name: one of the cluster, or `ProviderConfig/NAME` of the flow's namespace;
    `default` when absent."""
    scope: Literal["namespaced", "cluster"] | None = None
    """Crossplane's objects: in the flow's namespace (the default), or without one, as before Crossplane 2."""
    accept: list[str] | None = None
    """Features whose weaker translation is fine, by their names in `dragoman targets batch`."""
    patch: list[Patch] | None = None
    """JSON Patches on what is rendered."""
