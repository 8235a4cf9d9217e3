"""What each role of a flow must be allowed, and no more: one policy document for each.

Actions and resources: the service authorization reference of each service; of Step Functions with Batch and of
distributed Maps, its developer guide ("IAM policies for integrated services", "… for using Distributed Map states").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.emit.batch.definition import CARRIER
from dragoman.emit.batch.formats.machine import distributed, reads_objects, submissions
from dragoman.emit.batch.settings import Settings, settings
from dragoman.emitter import Emission, Manifest
from dragoman.findings import INFO, Finding
from dragoman.plan.model import Plan

RULE = "StepFunctionsGetEventsForBatchJobsRule"  # by which Step Functions hears of a job's end
LOG_GROUP = "/aws/batch/job"  # Batch's own
_REGISTRY = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")
_SECRET = re.compile(r"(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+)")

Statement = dict[str, Any]


class Arns(NamedTuple):
    """Names as ARNs."""

    partition: str
    region: str
    account: str

    def of(self, service: str, rest: str) -> str:
        """The ARN of something in the region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"


def form(plan: Plan, emission: Emission) -> Emission:
    """The policies: of the state machine's role, and of the others where there is something to allow."""
    options = settings(plan.options)
    arns = Arns(options.partition, options.region, options.account or "*")
    roles = {
        "state-machine": _state_machine(plan, emission, options, arns),
        "jobs": _jobs(plan, emission, options),
        "execution": _execution(emission, options, arns),
        "schedule": _schedule(emission, arns),
    }
    made = tuple(
        Manifest(f"policy-{plan.name}-{role}.yaml", document(found), "Policy", f"{plan.name}-{role}")
        for role, found in roles.items()
        if found
    )
    return emission._replace(manifests=made, findings=tuple(_unknown(plan, options)))


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """One permission; the Sid says what for."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(dict.fromkeys(resources))}


def _state_machine(plan: Plan, emission: Emission, options: Settings, arns: Arns) -> list[Statement]:
    found = []
    jobs = submissions(emission).values()
    if jobs:
        # the ARN of a submission has the revision, whether it names one or not
        definitions = [arns.of("batch", f"job-definition/{one['JobDefinition']}:*") for one in jobs]
        queues = [_arn(one["JobQueue"], arns.of("batch", f"job-queue/{one['JobQueue']}")) for one in jobs]
        found += [
            allow("StateMachineSubmitsTheJobsOfTheFlow", ["batch:SubmitJob"], [*definitions, *queues]),
            # a job's id is not known before it runs
            allow("StateMachineFollowsAndStopsItsJobs", ["batch:DescribeJobs", "batch:TerminateJob"], ["*"]),
            allow(
                "StateMachineHearsOfTheEndOfItsJobs",
                ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                [arns.of("events", f"rule/{RULE}")],
            ),
        ]
    if reads_objects(emission):
        found.append(allow("StateMachineReadsOutputsOfSteps", ["s3:GetObject"], [_outputs(plan, options)]))
    if distributed(emission):
        machine = _machine(emission, arns)
        # a run of the flow, and a run of one of its items
        executions = [machine.replace(":stateMachine:", ":execution:") + ending for ending in (":*", "/*")]
        actions = ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
        found += [
            allow("StateMachineStartsItsOwnItems", ["states:StartExecution"], [machine]),
            allow("StateMachineFollowsAndStopsItsOwnItems", actions, executions),
        ]
    return found


def _jobs(plan: Plan, emission: Emission, options: Settings) -> list[Statement]:
    if not any(one.get("name") == CARRIER for _, one in _containers(emission)):
        return []
    return [allow("JobsHandOnOutputs", ["s3:PutObject"], [_outputs(plan, options)])]


def _execution(emission: Emission, options: Settings, arns: Arns) -> list[Statement]:
    """Of the role that starts containers; on EC2 the instance's own role does what needs no secret."""
    values = [secret["valueFrom"] for _, one in _containers(emission) for secret in one.get("secrets", ())]
    if options.platform != "FARGATE" and not values and options.executionRole is None:
        return []
    found = [
        allow(
            "ExecutionWritesLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [arns.of("logs", f"log-group:{group}:*") for group in _log_groups(emission)],
        )
    ]
    images = [_REGISTRY.match(one["image"]) for _, one in _containers(emission)]
    repositories = [
        f"arn:{arns.partition}:ecr:{image[2]}:{image[1]}:repository/{image[3]}" for image in images if image
    ]
    if repositories:
        actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        found.append(allow("ExecutionAsksForRegistryTokens", ["ecr:GetAuthorizationToken"], ["*"]))
        found.append(allow("ExecutionPullsImages", actions, repositories))
    # behind a secret's ARN may stand a key of its JSON and a version
    secrets = [match[1] for match in map(_SECRET.match, values) if match]
    parameters = [
        _arn(value, arns.of("ssm", f"parameter/{value.removeprefix('/')}"))
        for value in values
        if not _SECRET.match(value)
    ]
    if secrets:
        found.append(allow("ExecutionReadsSecrets", ["secretsmanager:GetSecretValue"], secrets))
    if parameters:
        found.append(allow("ExecutionReadsParameters", ["ssm:GetParameters"], parameters))
    return found


def _schedule(emission: Emission, arns: Arns) -> list[Statement]:
    if not any(one.kind == "Schedule" for one in emission.manifests):
        return []
    return [allow("ScheduleStartsTheFlow", ["states:StartExecution"], [_machine(emission, arns)])]


def _machine(emission: Emission, arns: Arns) -> str:
    name = next(one.name for one in emission.manifests if one.kind == "StateMachine")
    return arns.of("states", f"stateMachine:{name}")


def _containers(emission: Emission) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container, with the name of its definition."""
    for manifest in emission.manifests:
        if "containerProperties" in manifest.body:
            yield manifest.name, manifest.body["containerProperties"]
        for task in manifest.body.get("ecsProperties", {}).get("taskProperties", ()):
            for container in task["containers"]:
                yield manifest.name, container


def _log_groups(emission: Emission) -> list[str]:
    logs = [one.get("logConfiguration", {}) for _, one in _containers(emission)]
    return [one.get("options", {}).get("awslogs-group") or LOG_GROUP for one in logs]


def _outputs(plan: Plan, options: Settings) -> str:
    """The objects of the flow: `store` writes `prefix/flow/run/step.json`."""
    bucket, _, prefix = (options.outputs or "").removeprefix("s3://").partition("/")
    return f"arn:{options.partition}:s3:::" + "/".join(filter(None, (bucket, prefix.strip("/"), plan.name, "*")))


def _arn(name: str, otherwise: str) -> str:
    return name if name.startswith("arn:") else otherwise


def _unknown(plan: Plan, options: Settings) -> Iterator[Finding]:
    if options.account is None:
        message = "the number of the account is not known: the policies say `*` for it"
        span = plan.source.span(("metadata", "name"))
        yield Finding("DRG325", message, span, "say `targets.batch.account`", INFO, "spec.targets.batch")
