"""Other forms of what goes to AWS say the same as the API's inputs, in words that their readers know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aws import rules
from aws.judge import lint
from aws.server import Aws
from dragoman.cli import main
from dragoman.emit.batch.formats import FORMS
from dragoman.emit.batch.formats.casing import OWN_KEYS, camel, pascal
from dragoman.emit.batch.formats.crossplane import FIELDS, canonical, object_name
from dragoman.emit.batch.judge.shapes import file
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.load.yaml import parse
from dragoman.pipeline import Rendering, render
from dragoman.policy.force import NO_POLICIES
from emit import crossplane_fields
from enacted import enacted
from golden.test_golden import PLATFORM

FEATURES = Path(__file__).parents[1] / "features"
SCOPES = ("namespaced", "cluster")
FLOW = """
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: nightly, namespace: ml, labels: {team: ml}, annotations: {example.com/owner: me}}
spec:
  target: batch
  defaults: {image: busybox, resources: {cpu: 1, memory: 1Gi}, command: ["true"]}
  steps: {work: {}}
  targets: {batch: {queue: main, stateMachineRole: flows, account: "123456789012"}}
"""


def rendered(text: str, form: str, *sets: str) -> Rendering:
    [document] = parse(text, "flow.yaml")
    return render(document, {}, NO_POLICIES, "batch", "", list(sets), form=form)


def bodies(text: str, form: str, *sets: str) -> list[Any]:
    return [one.body for one in rendered(text, form, *sets).emission.manifests]


def said(text: str, form: str, *sets: str) -> list[Finding]:
    try:
        done = rendered(text, form, *sets)
    except Findings as error:
        return list(error.findings)
    return list(done.findings)


@cache
def features() -> tuple[tuple[str, Document, tuple[Document, ...], dict[str, Document]], ...]:
    """The features that the batch target renders."""
    return tuple(_features())


def _features() -> Iterator[tuple[str, Document, tuple[Document, ...], dict[str, Document]]]:
    options = files.Options(root=str(FEATURES))
    for folder in sorted(FEATURES.iterdir()):
        if not list((folder / "batch").glob("statemachine-*.yaml")):
            continue
        [spec] = folder.glob("spec.dragoman.*")
        [flow, *_] = files.load([str(spec)], options)
        policy = folder / "policy.yaml"
        policies = files.load([str(policy)], options) if policy.exists() else []
        libraries = files.imported(flow, flow.data["spec"].get("imports") or {}, options)
        yield folder.name, flow, tuple(policies), libraries


def every(form: str, *sets: str) -> Iterator[tuple[str, Rendering]]:
    for name, flow, policies, libraries in features():
        environment = next(iter(flow.data["spec"].get("environments") or {}), "")
        yield name, render(flow, libraries, enacted(policies), "batch", environment, list(sets), PLATFORM, form)


# The two spellings.


def test_every_map_of_the_api_keeps_its_keys() -> None:
    maps = {name for fields in file().types.values() for name, shape in fields.items() if shape.lstrip("!")[0] == "{"}
    assert maps == OWN_KEYS


def test_a_spelling_comes_back() -> None:
    for _, done in every("api"):
        for manifest in done.emission.manifests:
            body = camel(manifest.body)
            assert camel(pascal(body)) == body
            assert pascal(camel(pascal(body))) == pascal(body)


def test_the_users_keys_stay() -> None:
    body = {
        "tags": {"team-Name": "x"},
        "parameters": {"rowCount": "1"},
        "logConfiguration": {"options": {"awslogs-group": "g"}},
    }
    assert pascal(body) == {
        "Tags": {"team-Name": "x"},
        "Parameters": {"rowCount": "1"},
        "LogConfiguration": {"Options": {"awslogs-group": "g"}},
    }


# Crossplane.


@pytest.mark.parametrize("scope", SCOPES)
def test_crossplane_knows_every_field(scope: str) -> None:
    found = 0
    for name, done in every("crossplane", f"targets.batch.scope={scope}"):
        for manifest in done.emission.manifests:
            schemas = [crossplane_fields.expected(manifest.body["kind"], scope)]
            if crossplane_fields.FOLDER:
                schemas.append(crossplane_fields.published(manifest.body["kind"], scope))
            problems = [
                error.message for one in schemas for error in Draft202012Validator(one).iter_errors(manifest.body)
            ]
            assert not problems, (name, manifest.file)
            found += 1
    assert found > 100


@pytest.mark.skipif(not crossplane_fields.FOLDER, reason="DRAGOMAN_AWS_CRDS is no folder of CRDs")
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", FIELDS)
def test_the_fields_that_we_know_are_those_of_the_crds(kind: str, scope: str) -> None:
    fields = crossplane_fields.published(kind, scope)["properties"]["spec"]["properties"]["forProvider"]["properties"]
    assert set(fields) >= FIELDS[kind]


def test_crossplane_says_what_the_api_is_told() -> None:
    for (_, api), (_, made) in zip(every("api"), every("crossplane"), strict=True):
        for told, manifest in zip(api.emission.manifests, made.emission.manifests, strict=True):
            fields, body = manifest.body["spec"]["forProvider"], camel(told.body)
            assert manifest.file == told.file
            for key in ("containerProperties", "ecsProperties"):
                assert json.loads(fields.get(key, "null")) == body.get(key)
                assert key not in fields or fields[key] == canonical(json.loads(fields[key]))
            if told.kind == "StateMachine":
                assert json.loads(fields["definition"]) == json.loads(told.body["definition"])
                assert manifest.body["metadata"]["name"] == told.name
            if told.kind == "JobDefinition":
                assert (fields["name"], fields["deregisterOnNewRevision"]) == (told.name, False)
                assert fields.get("timeout") == body.get("timeout")
            if told.kind == "Schedule":
                assert fields["target"]["input"] == told.body["Target"]["Input"]


def test_a_crossplane_object() -> None:
    definition, machine = bodies(FLOW, "crossplane")
    assert definition == {
        "apiVersion": "batch.aws.m.upbound.io/v1beta1",
        "kind": "JobDefinition",
        "metadata": {
            "name": "nightly-work",
            "namespace": "ml",
            "labels": {"app.kubernetes.io/managed-by": "dragoman", "team": "ml", "dragoman.dev/flow": "nightly"},
            "annotations": {"example.com/owner": "me", "argocd.argoproj.io/sync-wave": "0"},
        },
        "spec": {
            "managementPolicies": ["Observe", "Create", "Update", "Delete"],
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "default"},
            "forProvider": {
                "region": "us-east-1",
                "name": "nightly-work",
                "type": "container",
                "platformCapabilities": ["EC2"],
                "tags": {"team": "ml", "dragoman.dev/flow": "nightly"},
                "propagateTags": True,
                "containerProperties": '{"command":["true"],"image":"busybox","resourceRequirements":'
                '[{"type":"VCPU","value":"1"},{"type":"MEMORY","value":"1024"}]}',
                "deregisterOnNewRevision": False,
            },
        },
    }
    assert machine["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "1"
    assert machine["spec"]["forProvider"]["tags"] == {"team": "ml", "dragoman.dev/flow": "nightly"}


def test_objects_of_the_cluster_have_no_namespace() -> None:
    definition, machine = bodies(FLOW, "crossplane", "targets.batch.scope=cluster", "targets.batch.providerConfig=aws")
    assert (definition["apiVersion"], machine["apiVersion"]) == (
        "batch.aws.upbound.io/v1beta2",
        "sfn.aws.upbound.io/v1beta2",
    )
    assert "namespace" not in definition["metadata"]
    assert definition["spec"]["providerConfigRef"] == {"name": "aws"}


def test_a_provider_config_of_the_namespace() -> None:
    definition, _ = bodies(FLOW, "crossplane", "targets.batch.providerConfig=ProviderConfig/aws")
    assert definition["spec"]["providerConfigRef"] == {"kind": "ProviderConfig", "name": "aws"}


@pytest.mark.parametrize(
    ("name", "shown"), [("a-b", "a-b"), ("A_b", "a-b-"), ("a" * 300, "a" * 244 + "-"), ("a_b", "a-b-")]
)
def test_names_are_kubernetes_names(name: str, shown: str) -> None:
    found = object_name(name)
    assert re.fullmatch(re.escape(shown) + ("[0-9a-f]{8}" if found != name else ""), found)
    assert len(found) <= 253
    assert object_name("A_b") != object_name("a_b")


def test_retries_are_in_the_providers_letters() -> None:
    definition, _ = bodies(FLOW, "crossplane", "steps.work.retry={limit: 2, causes: [spot]}")
    assert definition["spec"]["forProvider"]["retryStrategy"] == {
        "attempts": 3,
        "evaluateOnExit": [{"onStatusReason": "Host EC2*", "action": "retry"}, {"onReason": "*", "action": "exit"}],
    }


def test_what_crossplane_lacks_is_refused() -> None:
    share = "{consumableResourceList: [{consumableResource: licence, quantity: 1}]}"
    patch = f"targets.batch.patch=[{{target: {{kind: JobDefinition}}, ops: [{{op: add, path: /consumableResourceProperties, value: {share}}}]}}]"
    [found] = [one for one in said(FLOW, "crossplane", patch) if one.code == "DRG322"]
    assert (
        found.message == "Crossplane's JobDefinition has no field for `consumableResourceProperties` of `nightly-work`"
    )
    assert found.address == "spec.steps.work"
    assert not [one for one in said(FLOW, "cloudformation", patch) if one.severity == "error"]


# CloudFormation.


def test_cloudformation_knows_every_property() -> None:
    """All features in one template: to judge it takes as long as to judge one of them."""
    resources: dict[str, Any] = {}
    for number, (_, done) in enumerate(every("cloudformation")):
        [manifest] = done.emission.manifests
        own = manifest.body["Resources"]
        for name, body in own.items():
            waits = [f"{one}F{number}" for one in body.get("DependsOn", ())]
            resources[f"{name}F{number}"] = {**body, **({"DependsOn": waits} if waits else {})}
    assert len(resources) > 100
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    found = [one for one in lint(template) if not one.startswith("E3601 'arn:aws-cn:")]  # cfn-lint knows one partition
    assert found == []


def test_a_template() -> None:
    [template] = bodies(FLOW, "cloudformation")
    assert lint(template) == []
    machine = template["Resources"]["StateMachineNightly"]
    assert machine["DependsOn"] == ["JobDefinitionNightlyWork"]
    assert json.loads(machine["Properties"]["DefinitionString"])["QueryLanguage"] == "JSONata"
    [definition, told] = bodies(FLOW, "api")
    assert {**machine["Properties"], "Tags": camel(machine["Properties"]["Tags"])} == {
        "StateMachineName": "nightly",
        "StateMachineType": "STANDARD",
        "RoleArn": told["roleArn"],
        "DefinitionString": told["definition"],
        "Tags": told["tags"],
    }
    properties = dict(template["Resources"]["JobDefinitionNightlyWork"]["Properties"])
    assert properties.pop("ResourceRetentionPolicy") == {"SkipDeregisterOnUpdate": True}
    assert properties == pascal(definition)


def test_logical_ids_are_each_ones_own() -> None:
    steps = "steps={a-b: {}, aB: {}, a-B: {}}"
    [template] = bodies(FLOW, "cloudformation", steps)
    names = [one["Properties"].get("JobDefinitionName") for one in template["Resources"].values()]
    assert len(names) == len(template["Resources"])
    assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in template["Resources"])


def test_cloudformation_has_room_for_500() -> None:
    steps = ", ".join(f"s{number}: {{}}" for number in range(500))
    found = [one for one in said(FLOW, "cloudformation", f"steps={{{steps}}}") if one.code == "DRG323"]
    assert [one.message for one in found] == ["the template has 501 resources, maximum 500"]


def test_a_text_that_cloudformation_replaces_is_refused() -> None:
    found = [
        one for one in said(FLOW, "cloudformation", "steps.work.env={A: '{{resolve:ssm:x}}'}") if one.code == "DRG324"
    ]
    assert [(one.message, one.address) for one in found] == [
        ("`nightly-work` holds the text `{{resolve:`, which CloudFormation replaces", "spec.steps.work")
    ]


# IAM.


def _policies(done: Rendering) -> dict[str, dict[str, Any]]:
    start = f"{done.plan.name}-"
    return {one.name.removeprefix(start): dict(one.body) for one in done.emission.manifests}


def test_policies_are_policies() -> None:
    """What cfn-lint knows of IAM, of all features in one template."""
    resources: dict[str, Any] = {}
    for number, (_, done) in enumerate(every("iam")):
        for role, policy in _policies(done).items():
            assert all(statement["Resource"] and statement["Sid"].isalnum() for statement in policy["Statement"])
            name = f"Policy{role.replace('-', '').title()}F{number}"
            resources[name] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}
    assert lint({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}) == []


def test_what_the_machine_does_is_allowed_and_nothing_more() -> None:
    for (name, api), (_, made) in zip(every("api"), every("iam"), strict=True):
        [machine] = [one.body for one in api.emission.manifests if one.kind == "StateMachine"]
        text = machine["definition"]
        allowed = {action for one in _policies(made)["state-machine"]["Statement"] for action in one["Action"]}
        assert ("batch:SubmitJob" in allowed) == ("batch:submitJob" in text), name
        assert ("s3:GetObject" in allowed) == ("aws-sdk:s3:getObject" in text), name
        assert ("states:StartExecution" in allowed) == ('"DISTRIBUTED"' in text), name
        assert ("jobs" in _policies(made)) == any("dragoman-outputs" in str(one.body) for one in api.emission.manifests)
        assert ("schedule" in _policies(made)) == any(one.kind == "Schedule" for one in api.emission.manifests)
        submitted = [one for one in _policies(made)["state-machine"]["Statement"] if "batch:SubmitJob" in one["Action"]]
        definitions = {one.rpartition("/")[2] for one in submitted[0]["Resource"] if ":job-definition/" in one}
        assert definitions == {f"{one.name}:*" for one in api.emission.manifests if one.kind == "JobDefinition"}, name


def test_the_least_of_each_role() -> None:
    steps = (
        "steps={read: {env: {KEY: {secret: keys/api}, URL: {secret: keys/url}}, outputs: {rows: {type: int}}, "
        "image: 210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.4}, "
        "use: {env: {ROWS: '${{ steps.read.outputs.rows }}'}}}"
    )
    secrets = (
        "targets.batch.secrets={keys/api: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf:api::', "
        "keys/url: /keys/url}"
    )
    made = _policies(
        rendered(FLOW, "iam", steps, secrets, "targets.batch.outputs=s3://flows/x/", "targets.batch.executionRole=jobs")
    )
    assert {role: [one["Sid"] for one in policy["Statement"]] for role, policy in made.items()} == {
        "state-machine": [
            "StateMachineSubmitsTheJobsOfTheFlow",
            "StateMachineFollowsAndStopsItsJobs",
            "StateMachineHearsOfTheEndOfItsJobs",
            "StateMachineReadsOutputsOfSteps",
        ],
        "jobs": ["JobsHandOnOutputs"],
        "execution": [
            "ExecutionWritesLogs",
            "ExecutionAsksForRegistryTokens",
            "ExecutionPullsImages",
            "ExecutionReadsSecrets",
            "ExecutionReadsParameters",
        ],
    }
    assert made["jobs"]["Statement"][0]["Resource"] == ["arn:aws:s3:::flows/x/nightly/*"]
    resources = [one["Resource"] for one in made["execution"]["Statement"]]
    assert resources == [
        ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/batch/job:*"],
        ["*"],
        ["arn:aws:ecr:eu-west-1:210987654321:repository/team/app"],
        ["arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf"],
        ["arn:aws:ssm:us-east-1:123456789012:parameter/keys/url"],
    ]


def test_an_unknown_account_is_said() -> None:
    done = rendered(
        FLOW.replace(', account: "123456789012"', ""),
        "iam",
        "targets.batch.stateMachineRole=arn:aws:iam::123456789012:role/flows",
    )
    [found] = [one for one in done.findings if one.code == "DRG325"]
    assert (found.severity, found.address) == ("info", "spec.targets.batch")
    [policy] = _policies(done).values()
    assert policy["Statement"][0]["Resource"] == [
        "arn:aws:batch:us-east-1:*:job-definition/nightly-work:*",
        "arn:aws:batch:us-east-1:*:job-queue/main",
    ]


# Batch alone.

LOOPS = """steps={
  load: {command: [sh, -c, 'sleep 0.1']},
  each: {needs: [load], foreach: {in: [1Gi, 3Gi], as: size}, command: [echo, "${{ size }} ${{ index }}"],
         env: {SIZE: "${{ size }}"}, resources: {memory: "${{ size }}", bounds: {memory: 4Gi}}},
  same: {needs: [load], foreach: {range: 3}, command: [sh, -c, 'echo $AWS_BATCH_JOB_ARRAY_INDEX']},
  none: {needs: [same], foreach: {range: 0}},
  groups: {needs: [none, each], foreach: {matrix: {x: [1, 2]}}, steps: {
    first: {command: [echo, "${{ item.x }}"]},
    next: {needs: [first], foreach: {range: 2}, command: [echo, "${{ item }}"]}}},
  last: {needs: [groups]}}"""


def plan_of(*sets: str) -> list[dict[str, Any]]:
    *_, made = bodies(FLOW, "submit-plan", *sets)
    jobs: list[dict[str, Any]] = made["jobs"]
    return jobs


def test_a_submit_plan() -> None:
    jobs = plan_of(LOOPS, "failFast=false")
    assert {job["jobName"]: [one["jobId"] for one in job.get("dependsOn", ())] for job in jobs} == {
        "nightly-load": [],
        "nightly-each--0": ["nightly-load"],
        "nightly-each--1": ["nightly-load"],
        "nightly-same": ["nightly-load"],
        "nightly-groups-first--0": ["nightly-same", "nightly-each--0", "nightly-each--1"],
        "nightly-groups-next--0-0": ["nightly-groups-first--0"],
        "nightly-groups-next--0-1": ["nightly-groups-first--0"],
        "nightly-groups-first--1": ["nightly-same", "nightly-each--0", "nightly-each--1"],
        "nightly-groups-next--1-0": ["nightly-groups-first--1"],
        "nightly-groups-next--1-1": ["nightly-groups-first--1"],
        "nightly-last": [f"nightly-groups-next--{x}-{y}" for x in (0, 1) for y in (0, 1)],
    }
    assert jobs[2] == {
        "jobName": "nightly-each--1",
        "jobQueue": "main",
        "jobDefinition": "nightly-each",
        "dependsOn": [{"jobId": "nightly-load"}],
        "containerOverrides": {
            "command": ["echo", "3Gi 1"],
            "environment": [{"name": "SIZE", "value": "3Gi"}],
            "resourceRequirements": [{"type": "MEMORY", "value": "3072"}],
        },
    }
    assert jobs[3]["arrayProperties"] == {"size": 3}
    assert [one for job in jobs for one in rules.refused_job(job)] == []


def test_a_submit_plan_runs(tmp_path: Path) -> None:
    with Aws(tmp_path) as aws:
        *definitions, made = bodies(FLOW, "submit-plan", LOOPS, "failFast=false")
        aws.register(definitions)
        aws.queue("main")
        ids: dict[str, str] = {}
        for job in made["jobs"]:
            waits = [{**one, "jobId": ids[one["jobId"]]} for one in job.get("dependsOn", ())]
            ids[job["jobName"]] = aws.client("batch").submit_job(**{**job, "dependsOn": waits})["jobId"]
        aws.jobs.wait(60)
        ran = aws.jobs.ran
    assert len(ran) == 13
    assert sorted(one.printed for one in ran if one.job.startswith("nightly-each")) == ["1Gi 0\n", "3Gi 1\n"]
    assert sorted(one.printed for one in ran if one.job == "nightly-same") == ["0\n", "1\n", "2\n"]
    [load], [last] = ([one for one in ran if one.job == name] for name in ("nightly-load", "nightly-last"))
    assert all(load.ended < one.started for one in ran if one is not load)
    assert all(one.ended < last.started for one in ran if one is not last)


def test_a_step_that_is_named_like_an_item_is_another() -> None:
    names = [job["jobName"] for job in plan_of("steps={a: {foreach: {in: [x]}, env: {A: '${{ item }}'}}, a-0: {}}")]
    assert sorted(names) == ["nightly-a--0", "nightly-a-0"]


@pytest.mark.parametrize(
    ("change", "message", "address"),
    [
        ("steps={a: {}, b: {needs: {a: failed}}}", "in Batch, a job waits only for others to succeed, and `a` must have failed", "spec.steps.b.needs"),
        ("steps.work.when=params.go", "without a state machine, nobody asks whether a step is to run", "spec.steps.work.when"),
        ("steps.work.foreach={range: 3, parallelism: 2}", "without a state machine, Batch runs as many items at once as it has room for", "spec.steps.work.foreach.parallelism"),
        ("steps.work.foreach={range: 3, tolerate: 1}", "in Batch, an item that fails fails its loop", "spec.steps.work.foreach.tolerate"),
        ("steps.work.outputs={rows: {type: int}}", "Batch hands no output from job to job", "spec.steps.work.outputs"),
        ("steps.work.env={A: '${{ params.go }}'}", "parameter `go` may change when a run starts", "spec.steps.work"),
        ("steps.work.env={A: '${{ run.id }}'}", "what `run.id` is, is known only when a run starts", "spec.steps.work"),
        ("steps.work.retry={limit: 2, backoff: {delay: 5s}}", "Batch tries at most 10 times, waits for nothing in between and gives each attempt the same", "spec.steps.work.retry"),
        ("timeout=1h", "without a state machine, Batch does not stop a flow", "spec.timeout"),
        ("onExit={tell: {}}", "without a state machine, Batch runs no step because a flow has ended", "spec.onExit"),
        ("steps={a: {}, b: {}, c: {needs: [a]}}", "Batch goes on beside a job that has failed, and `failFast` is true", "spec.failFast"),
        ("steps={a: {foreach: {range: 21}, env: {A: '${{ item }}'}}, b: {needs: [a]}}", "`nightly-b` waits for 21 jobs, and in Batch a job waits for at most 20", "spec.steps.b"),
    ],
)  # fmt: skip
def test_what_batch_alone_cannot_do(change: str, message: str, address: str) -> None:
    sets = ["params={go: {type: bool, default: true, runtime: true}}", "targets.batch.outputs=s3://flows/x", change]
    errors = [one for one in said(FLOW, "submit-plan", *sets) if one.severity == "error"]
    assert [(one.code, one.message, one.address) for one in errors] == [("DRG326", message, address)]


# The command line.


def test_other_targets_have_no_other_forms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "flow.dragoman.yaml"
    spec.write_text(FLOW)
    assert main(["render", str(spec), "-t", "argo", "--format", "crossplane"]) == 2
    assert "the target `argo` has no format `crossplane`" in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMS)
def test_the_flag_wins(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "flow.dragoman.yaml"
    spec.write_text(FLOW.replace("batch: {", "batch: {format: iam, "))
    assert main(["render", str(spec), "--format", form, "-q"]) == 0
    shown = capsys.readouterr().out
    signs = {
        "api": "jobDefinitionName: nightly-work",
        "crossplane": "apiVersion: batch.aws.m.upbound.io/v1beta1",
        "cloudformation": "AWSTemplateFormatVersion",
        "iam": "Sid: StateMachineSubmitsTheJobsOfTheFlow",
        "submit-plan": "flow: nightly\njobs:",
    }
    assert (
        [name for name, sign in signs.items() if sign in shown][:1] == [form]
        if form != "submit-plan"
        else signs[form] in shown
    )


def test_how_it_is_written_is_another_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "flow.dragoman.yaml"
    spec.write_text(FLOW)
    assert main(["render", str(spec), "--set", "targets.batch.format=iam", "--format", "json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2012-10-17"


def test_argo_cd_gets_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "flow.dragoman.yaml"
    spec.write_text(FLOW)
    monkeypatch.setenv("ARGOCD_APP_NAME", "app")
    assert main(["render", str(spec), "-q"]) == 0
    assert "kind: StateMachine" in capsys.readouterr().out
