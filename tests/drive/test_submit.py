"""What is created: the run's own object, its parameters, where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from drive.fakes import Script
from drive.words import Outcome, Start, Way, Write

TYPED = """
params:
  rows: {type: int, default: 10, minimum: 1, runtime: true}
  mode: {type: string, default: full, enum: [full, delta], runtime: true}
  shards: {type: list, items: int, default: [1, 2], runtime: true}
  memory: {type: quantity, default: 1Gi, runtime: true}
  fixed: {type: int, default: 3}
targets: {argo: {podSecurity: none, accept: [params.runtime, "text from data"]}}
steps:
  train: {image: "busybox:1.36", command: [train, "${{ params.rows }}"]}
"""
POD = {
    "name": "train",
    "container": {
        "image": "busybox:1.36",
        "command": ["train", "{{workflow.parameters.rows}}"],
        "resources": {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
    },
}
GRAPH = {"name": "main", "dag": {"tasks": [{"name": "train", "template": "train"}]}}


def test_the_rendered_spec_with_the_values_of_this_run(start: Start, flow: Write, way: Way) -> None:
    flow(TYPED)
    fake = way.begin(Script())
    given = ["--param", "rows=500", "--param", "shards=[7, 8]", "--param", "memory=1024Mi"]
    assert start("-q", "--detach", *given, *way.flags(fake)) == Outcome(0, "train-x7k2p\n", "")
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "train-", "labels": {"dragoman.dev/flow": "train"}},
        "spec": {
            "entrypoint": "main",
            "arguments": {
                "parameters": [
                    {"name": "rows", "value": "500"},
                    {"name": "mode", "value": "full", "enum": ["full", "delta"]},
                    {"name": "shards", "value": "[7,8]"},
                    {"name": "memory", "value": "1024Mi"},
                ]
            },
            "templates": [GRAPH, POD],
        },
    }
    assert fake.created == [
        {"query": {"fieldValidation": ["Strict"]}, "body": body}
        if way.place == "the Kubernetes API"
        else {"workflow": body}
    ]


def test_a_reference_to_the_template(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED)
    assert _created(start, cluster, "--from-template", "--param", "mode=delta")["spec"] == {
        "workflowTemplateRef": {"name": "train"},
        "arguments": {"parameters": [{"name": "mode", "value": "delta"}]},
    }


def test_a_reference_to_a_template_of_the_whole_cluster(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED.replace("podSecurity: none", "podSecurity: none, kind: ClusterWorkflowTemplate"))
    assert _created(start, cluster, "--from-template")["spec"] == {
        "workflowTemplateRef": {"name": "train", "clusterScope": True}
    }


def test_a_flow_that_is_no_template(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED.replace("podSecurity: none", "podSecurity: none, kind: Workflow"))
    assert _created(start, cluster)["metadata"] == {
        "generateName": "train-",
        "labels": {"dragoman.dev/flow": "train"},
    }
    assert start("--from-template") == Outcome(
        2,
        "",
        """\
error[DRG610]: `train` is rendered as one Workflow: there is no template to start it from
  --> flow.dragoman.yaml:11:45
    |
 11 |   targets: {argo: {podSecurity: none, kind: Workflow, accept: [params.runtime, "text from data"]}}
    |                                             ^^^^^^^^
   = help: leave `--from-template` out, or let the flow be a `WorkflowTemplate`

1 error
""",
    )


def test_labels_are_the_flows_own(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED)
    labels = {"team": "ml", "app.kubernetes.io/instance": "argocd"}
    assert _created(start, cluster, head={"labels": labels, "annotations": {"argocd.argoproj.io/hook": "Sync"}})[
        "metadata"
    ] == {"generateName": "train-", "labels": {"team": "ml", "dragoman.dev/flow": "train"}}


def test_a_schedule_is_no_matter(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED + 'schedule: {cron: "0 2 * * *"}\n')
    assert _created(start, cluster)["kind"] == "Workflow"


@pytest.mark.parametrize(
    ("flow_has", "flags", "used"),
    [
        ("", [], "ml"),
        ("", ["--context", "bare"], "default"),
        ("data", [], "data"),
        ("data", ["--namespace", "other"], "other"),
    ],
)
def test_where_it_runs(flow_has: str, flags: list[str], used: str, start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED)
    fake = cluster.begin(Script())
    _head({"namespace": flow_has} if flow_has else {})
    start("-q", "--detach", *flags)
    assert fake.asked == [f"POST /apis/argoproj.io/v1alpha1/namespaces/{used}/workflows"]


WRONG = {
    "rows": ("DRG114", "`--param rows` is not `name=value`", "for example `--param rows=500`", 0),
    "row=1": ("DRG611", "the flow has no parameter `row`", "did you mean `rows`?", 0),
    "fixed=4": (
        "DRG611",
        "parameter `fixed` is settled when the flow is rendered",
        "say `--set params.fixed=4`, or declare it `runtime: true`",
        10,
    ),
    "rows=many": ("DRG112", "`--param rows`: `many` is not an int", "it is declared as int", 6),
    "rows=0": ("DRG112", "parameter `rows` is 0, below its minimum 1", "", 6),
    "mode=slow": ("DRG112", "parameter `mode` is 'slow', not one of `full`, `delta`", "", 7),
    'shards=["a"]': ("DRG112", "`--param shards`: item 0: `a` is not an int", "it is declared as list<int>", 8),
}


@pytest.mark.parametrize("argument", WRONG)
def test_a_parameter_that_is_not_right(argument: str, start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED)
    fake = cluster.begin(Script())
    code, message, way_out, line = WRONG[argument]
    outcome = start("--param", argument)
    shown = outcome.err.splitlines()
    assert (outcome.code, fake.asked, shown[0]) == (2, [], f"error[{code}]: {message}")
    assert [one.split(":")[1] for one in shown if one.startswith("  --> ")] == ([str(line)] if line else [])
    assert [one for one in shown if " = help: " in one] == ([f"   = help: {way_out}"] if way_out else [])


def test_an_environment_has_its_own_range(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED + "environments: {prod: {params: {rows: {minimum: 100, default: 100}}}}\n")
    cluster.begin(Script())
    assert start("--env", "prod", "--param", "rows=5").err.splitlines()[0] == (
        "error[DRG112]: parameter `rows` is 5, below its minimum 100"
    )


def test_two_flows_are_one_too_many(start: Start, flow: Write) -> None:
    flow(TYPED)
    with open("flow.dragoman.yaml", encoding="utf-8") as one, open("other.dragoman.yaml", "w", encoding="utf-8") as two:
        two.write(one.read())
    assert start() == Outcome(
        2,
        "",
        "error[DRG613]: `dragoman run` runs one flow, here are 2: `flow.dragoman.yaml`, `other.dragoman.yaml`\n"
        "   = help: name the file of one of them\n\n1 error\n",
    )


def test_two_targets_are_one_too_many(start: Start, flow: Write) -> None:
    flow(TYPED)
    assert start("-t", "argo", "-t", "batch") == Outcome(
        2,
        "",
        "error[DRG613]: `dragoman run` runs a flow on one target, here are 2: `argo`, `batch`\n"
        "   = help: say `--target` once\n\n1 error\n",
    )


def test_no_flow(start: Start) -> None:
    assert start().code == 2


def test_a_flow_that_is_wrong_is_not_run(start: Start, flow: Write, cluster: Way) -> None:
    flow("steps: {train: {image: x, needs: [nobody]}}")
    fake = cluster.begin(Script())
    assert (start().code, fake.asked) == (2, [])


def test_a_weaker_translation_is_not_run_when_strict(start: Start, flow: Write, cluster: Way) -> None:
    flow(TYPED.replace(', accept: [params.runtime, "text from data"]', ""))
    fake = cluster.begin(Script())
    assert (start("--strict").code, fake.asked) == (2, [])


def _created(start: Start, cluster: Way, *flags: str, head: Mapping[str, Any] | None = None) -> Any:
    fake = cluster.begin(Script())
    _head(head or {})
    assert start("-q", "--detach", *flags).code == 0
    return fake.created[0]["body"]


def _head(metadata: Mapping[str, Any]) -> None:
    with open("flow.dragoman.yaml", encoding="utf-8") as file:
        text = file.read()
    shown = ", ".join(f"{key}: {value}".replace("'", '"') for key, value in {"name": "train", **metadata}.items())
    with open("flow.dragoman.yaml", "w", encoding="utf-8") as file:
        file.write(text.replace("metadata: {name: train}", f"metadata: {{{shown}}}"))
