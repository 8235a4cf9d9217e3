"""What is told of machines and definitions without running them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws.judge import check, lint, problems, reads
from aws.machines import NEEDS, each, flow, job, machine, shell, submit

FINE = machine(
    "set",
    set={"Type": "Pass", "Assign": {"n": 1}, "Next": "loop"},
    loop=each("{% [1..$n] %}", flow("one", one=submit("a", env={"N": "{% $string($n) %}"}))),
)
PASS = {"Type": "Pass"}


def _wrong(start: str, **states: Any) -> list[str]:
    return problems(machine(start, **states))


def test_nothing_is_wrong() -> None:
    assert problems(FINE, [shell("a", "true")]) == []


@pytest.mark.parametrize(
    ("states", "why"),
    [
        ({"a": {"Type": "Pass", "Next": "b"}}, "the machine: no state 'b'"),
        ({"a": PASS, "b": PASS}, "the machine: nothing leads to 'b'"),
        ({"a": {"Type": "Pass", "Next": "b", "End": True}, "b": PASS}, "a: either Next or End"),
        ({"a": {"Type": "Parallel", "Branches": [flow("a", a=PASS)]}}, "a/a: a second state of this name"),
        ({"a": {"Type": "Pass", "Output": "{% $n %}"}}, "a: reads $n, which is not there"),
        ({"a": {"Type": "Pass", "Output": "{% $eval('1') %}"}}, "a: $eval('1'): no $eval, $ or $$ in a state machine"),
        ({"a": {"Type": "Pass", "Assign": {"states": 1}}}, "the machine: variable 'states'"),
    ],
)
def test_what_is_wrong_with_a_machine(states: dict[str, Any], why: str) -> None:
    assert why in _wrong("a", **states)


def test_expressions_are_read() -> None:
    [found] = _wrong("a", a={"Type": "Pass", "Output": "{% 1 + %}"})
    assert found.startswith("a: 1 +: ")


def test_moto_reads_the_machine() -> None:
    assert any("definition: " in each for each in _wrong("a", a={"Type": "Nope"}))
    resource = "arn:aws:states:::batch:cancelJob"
    assert any("definition: " in each for each in _wrong("a", a={**submit("a"), "Resource": resource}))
    assert problems(FINE) == []


def test_a_distributed_iteration_reads_no_outer_variable() -> None:
    inner = {
        **flow("i", i={"Type": "Pass", "Output": "{% $v %}"}),
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }
    said = {"set": {"Type": "Pass", "Assign": {"v": 1}, "Next": "m"}, "m": each("{% [$v] %}", inner)}
    assert _wrong("set", **said) == ["m/i: reads $v, which is not there"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"Bogus": 1}, 'a: The field "Bogus" is not supported by Step Functions'),
        ({"Parameters": {"n": 1}}, 'a: The value for the field ".Parameters[n]" must be a STRING'),
        ({"ContainerOverrides": {"environment": []}}, 'a: The field "environment" is not supported by Step Functions'),
        ({"ArrayProperties": {"Size": 1}}, "a: arrayProperties.size: 1"),
        ({"JobName": "no dots."}, "a: jobName: 'no dots.'"),
        ({"DependsOn": [{"Type": "MAYBE"}]}, "a: .dependsOn[0].type: 'MAYBE' not in ['N_TO_N', 'SEQUENTIAL']"),
        ({"JobDefinition": "b"}, "a: JobDefinition: 'b' is none of ours"),
    ],
)
def test_what_is_wrong_with_a_submission(arguments: dict[str, Any], why: str) -> None:
    found = problems(machine("a", a=submit("a", arguments=arguments)), [shell("a", "true")])
    assert [text.partition(", at ")[0] for text in found] == [why]


def test_expressions_stand_for_what_is_wanted() -> None:
    arguments = {
        "ArrayProperties": {"Size": "{% 3 %}"},
        "ContainerOverrides": "{% {} %}",
        "DependsOn": ["{% {} %}"],
        "Parameters": {"n": "{% 'x' %}"},
        "RetryStrategy": {"Attempts": "{% 3 %}"},
        "Tags": "{% {} %}",
        "Timeout": {"AttemptDurationSeconds": "{% 60 %}"},
    }
    assert problems(machine("a", a=submit("a", arguments=arguments)), [shell("a", "true")]) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"type": "nope"}, "a: .type: 'nope' not in ['container', 'multinode']"),
        ({"jobDefinitionName": "a."}, "a.: jobDefinitionName: 'a.'"),
        ({"tags": {}}, "a: tags: empty"),
        ({"tags": {str(n): "" for n in range(51)}}, "a: .tags: 51 > 50"),
        ({"timeout": {"attemptDurationSeconds": 6}}, "a: attemptDurationSeconds: 6, at least 60"),
        ({"retryStrategy": {"attempts": 11}}, "a: attempts: 11"),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onExitCode": "*1", "action": "EXIT"}]}},
            "a: onExitCode: '*1'",
        ),
        ({"ecsProperties": {"taskProperties": []}}, "a: exactly one of containerProperties, ecsProperties"),
    ],
)
def test_what_is_wrong_with_a_definition(more: dict[str, Any], why: str) -> None:
    found = problems(machine("a", a=PASS), [{**job("a", "true"), **more}])
    assert found[0].startswith(why)


def test_types_of_requests() -> None:
    [found] = check("RegisterJobDefinition", {"jobDefinitionName": "a", "timeout": {"attemptDurationSeconds": "60"}})
    assert "Missing required parameter" in found
    assert "Invalid type for parameter timeout.attemptDurationSeconds" in found


def test_reads() -> None:
    assert reads("$a & '$b' & ($c := 1; $c + $map($d, function($x) { $x }))") == {"a", "map", "d"}


def test_cfn_lint() -> None:
    container = {
        "Image": "i",
        "ResourceRequirements": [{"Type": need["type"], "Value": need["value"]} for need in NEEDS],
    }
    definition = {
        "Type": "AWS::Batch::JobDefinition",
        "Properties": {"Type": "container", "ContainerProperties": container},
    }
    states = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/flow", "Definition": json.loads(FINE["definition"])},
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"A": definition, "M": states}}
    assert lint(template) == []
    container["Bogus"] = "x"
    [found] = lint(template)
    assert found.startswith("E3002 Additional properties are not allowed ('Bogus' was unexpected)")
