"""What AWS is given: a job definition for each step, a state machine for the flow, a schedule that starts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.emit.batch.build import FAILED, Build, begun
from dragoman.emit.batch.checks import checks
from dragoman.emit.batch.definition import role
from dragoman.emit.batch.jsonata import Unprintable, literal
from dragoman.emit.batch.machine import graph
from dragoman.emit.batch.names import LONGEST_STATE, named
from dragoman.emit.batch.schedule import schedules
from dragoman.emit.batch.scope import INPUT, Scope, expression, field
from dragoman.emit.batch.settings import Settings, settings
from dragoman.emit.cron import schedules as cron_findings
from dragoman.emit.objects import drop_empty
from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding, has_errors
from dragoman.plan.model import Plan
from dragoman.plan.references import steps_of

BEGIN, FLOW, ENDED = "dragoman--begin", "dragoman--flow", "dragoman--ended"


def emit(plan: Plan) -> Emission:
    """The inputs of RegisterJobDefinition and CreateStateMachine, and of CreateSchedule where the flow has one."""
    options = settings(plan.options)
    findings = [*_roles_missing(plan, options), *(one for step in steps_of(plan) for one in checks(step, options))]
    if has_errors(findings):
        return Emission((), {}, tuple(findings))
    build = begun(plan, options)
    machine = state_machine(build)
    manifests = [_job_definition(body) for body in reversed(build.definitions)]
    manifests.append(Manifest(f"statemachine-{machine['name']}.yaml", machine, "StateMachine", machine["name"]))
    if plan.schedule is not None and not any(cron_findings(plan)):
        try:
            bodies = schedules(plan, options, role(options.scheduleRole, options))
        except Unprintable as error:
            span = plan.source.span(("spec", "schedule"), key=True)
            build.findings.append(Finding("DRG304", error.message, span, error.help, address="spec.schedule"))
        else:
            manifests += [Manifest(f"schedule-{body['Name']}.yaml", body, "Schedule", body["Name"]) for body in bodies]
    return Emission(tuple(manifests), build.places, (*findings, *build.findings))


def _roles_missing(plan: Plan, options: Settings) -> Iterator[Finding]:
    """A finding for each role that AWS asks for and nobody named."""
    asked = {"stateMachineRole": ("the state machine", options.stateMachineRole)}
    if plan.schedule is not None:
        asked["scheduleRole"] = ("the schedule", options.scheduleRole)
    if options.platform == "FARGATE":
        asked["executionRole"] = ("Fargate", options.executionRole)
    for option, (who, name) in asked.items():
        if name is not None and (name.startswith("arn:") or options.account is not None):
            continue
        what = f"{who} needs a role" if name is None else f"the role `{name}` needs the number of its account"
        way_out = f"say `targets.batch.{option}`, a name or an ARN; with a name, `targets.batch.account` as well"
        yield Finding("DRG304", what, plan.source.span(("metadata", "name")), way_out, address="spec.targets.batch")


def _job_definition(body: dict[str, Any]) -> Manifest:
    name = body["jobDefinitionName"]
    return Manifest(f"jobdefinition-{name}.yaml", body, "JobDefinition", name)


def state_machine(build: Build) -> dict[str, Any]:
    """The input of CreateStateMachine; the definition in it is JSON text."""
    from json import dumps

    plan, options = build.plan, build.options
    tags = {**plan.labels, "dragoman.dev/flow": plan.name}
    return drop_empty(
        {
            "name": named([plan.name], LONGEST_STATE),
            "type": "STANDARD",
            "roleArn": role(options.stateMachineRole, options),
            "definition": dumps(definition(build), indent=1, ensure_ascii=False) + "\n",
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
    )


def definition(build: Build) -> dict[str, Any]:
    """The machine in the Amazon States Language, in JSONata."""
    plan = build.plan
    scope = Scope({})
    if plan.on_exit:
        first = _with_exit(build, scope)
    else:
        first = graph(build, scope, (), plan.steps, None, fail_fast=plan.fail_fast)
    scope.states[BEGIN] = {"Type": "Pass", "Output": _beginning(plan), "Next": first}
    return drop_empty(
        {
            "Comment": f"{plan.name}, rendered by dragoman",
            "QueryLanguage": "JSONata",
            "StartAt": BEGIN,
            "TimeoutSeconds": plan.timeout,
            "States": dict(reversed(scope.states.items())),
        }
    )


def _beginning(plan: Plan) -> dict[str, Any]:
    """The object that travels: parameters as they were given, or their defaults."""
    params = {
        param.name: expression(
            f"$exists({INPUT}.params.{field(param.name)}) ? {INPUT}.params.{field(param.name)} : {literal(param.value)}"
        )
        for param in plan.params
        if param.runtime
    }
    return {"params": params, "run": expression("$states.context.Execution.Name"), "steps": {}}


def _with_exit(build: Build, scope: Scope) -> str:
    """The flow as one branch, whose failure is caught, so that what runs at the end always runs."""
    plan = build.plan
    inner = Scope({})
    start = graph(build, inner, (), plan.steps, None, fail_fast=plan.fail_fast)
    scope.states["dragoman--failed"] = {"Type": "Fail", "Error": FAILED, "Cause": expression(f"{INPUT}.cause")}
    scope.states["dragoman--succeeded"] = {"Type": "Succeed"}
    scope.states[ENDED] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(f"{INPUT}.status = 'Failed'"), "Next": "dragoman--failed"}],
        "Default": "dragoman--succeeded",
    }
    last = graph(build, scope, ("on-exit",), plan.on_exit, ENDED, fail_fast=True)
    failed = f"$merge([{INPUT}, {{'status': 'Failed', 'cause': $string($states.errorOutput.Cause)}}])"
    scope.states[FLOW] = {
        "Type": "Parallel",
        "Branches": [{"StartAt": start, "States": dict(reversed(inner.states.items()))}],
        "Output": expression(f"$merge([{INPUT}, {{'status': 'Succeeded', 'steps': $states.result[0].steps}}])"),
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": expression(failed), "Next": last}],
        "Next": last,
    }
    return FLOW
