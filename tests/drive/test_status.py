"""Every shape of loop, group and wrapper that the argo emitter makes, as the nodes of a run and as the steps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dragoman.drive.argo.nodes import attempts, nodes, pod_name
from dragoman.drive.argo.parts import parts
from dragoman.drive.argo.status import run_state, step_states
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.policy.force import NO_POLICIES
from dragoman.report.progress import RunState, StepState
from drive.fakes import RUN
from drive.scenes import START, node, status
from drive.words import Write

States = Callable[..., list[StepState]]
STEP = 'image: "busybox:1.36", command: ["true"]'


@pytest.fixture
def states(flow: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> States:
    """The states of the steps of a spec when the run has these nodes; times count from the scene's start."""
    monkeypatch.chdir(tmp_path)

    def seen(spec: str, *found: Mapping[str, Any], over: bool = False) -> list[StepState]:
        flow(spec)
        [document] = files.load(["flow.dragoman.yaml"], files.Options())
        rendering = render(document, {}, NO_POLICIES)
        known = nodes({"metadata": {"name": RUN}, "status": status("Running", *found)})
        return [
            state._replace(
                started=None if state.started is None else state.started - START,
                finished=None if state.finished is None else state.finished - START,
            )
            for state in step_states(parts(rendering.plan, rendering.emission, known), known, over=over)
        ]

    return seen


def test_a_pod_goes_through_its_phases(states: States) -> None:
    spec = f"steps: {{a: {{{STEP}}}}}"
    pods = {
        None: StepState(("a",), "waiting", 0),
        ("Pending", "ContainerCreating", None): StepState(("a",), "waiting", 0, started=0),
        ("Pending", "Unschedulable: no room", None): StepState(
            ("a",), "waiting", 0, started=0, message="Unschedulable: no room"
        ),
        ("Running", "", None): StepState(("a",), "running", 0, started=0),
        ("Succeeded", "", 4): StepState(("a",), "succeeded", 1, started=0, finished=4),
        ("Failed", "main: Error (exit code 1)", 4): StepState(
            ("a",), "failed", 1, 1, 1, 0, 4, "main: Error (exit code 1)"
        ),
        ("Error", "pod deleted", 4): StepState(("a",), "failed", 1, 1, 1, 0, 4, "pod deleted"),
    }
    for pod, state in pods.items():
        found = [] if pod is None else [node(".a", "a", pod[0], message=pod[1], end=pod[2])]
        assert states(spec, *found) == [state]


def test_steps_that_are_left_out(states: States) -> None:
    spec = f"steps: {{a: {{{STEP}}}, b: {{{STEP}}}, c: {{{STEP}}}, d: {{{STEP}}}}}"
    left_out = (
        node(".a", "a", "Skipped", "Skipped", end=0, message="when 'false' evaluated false"),
        node(".b", "b", "Omitted", "Skipped", end=0, message="omitted: depends condition not met"),
        node(".c", "c", "Error", "Skipped", end=0, message="failed to evaluate expression"),
    )
    assert states(spec, *left_out, over=True) == [
        StepState(("a",), "skipped", 1, started=0, finished=0),
        StepState(("b",), "omitted", 1, started=0, finished=0),
        StepState(("c",), "failed", 1, 1, 1, 0, 0, "failed to evaluate expression"),
        StepState(("d",), "omitted"),
    ]


def test_attempts(states: States) -> None:
    spec = f"steps: {{a: {{{STEP}, retry: {{limit: 3}}}}}}"
    first = node(".a(0)", "a", "Failed", end=5, message="main: Error (exit code 1)")
    second = node(".a(1)", "a", "Running", start=9)
    retry = node(".a", "a", "Running", "Retry", children=[".a(0)"])
    both = {**retry, "children": [f"{RUN}.a(0)", f"{RUN}.a(1)"]}
    again = StepState(("a",), "retrying", started=0, message="attempt 2 of 4, after main: Error (exit code 1)")
    assert states(spec, retry, first) == [again]
    assert states(spec, both, first, second) == [again]
    assert states(spec, {**both, "phase": "Succeeded"}, first, {**second, "phase": "Succeeded"}) == [
        StepState(("a",), "succeeded", 1, started=0)
    ]


LIST = f"""
steps:
  make: {{{STEP}, outputs: {{items: {{type: list}}}}}}
  each: {{{STEP}, foreach: {{in: steps.make.outputs.items, as: x LIMIT}}}}
"""
MADE = node(".make", "make", "Succeeded", end=1)


def test_a_list_that_a_step_made_is_counted_when_all_of_it_has_started(states: States) -> None:
    items = [node(f".each({n}:{n})", "each", "Running", start=2) for n in range(3)]
    children = [f".each({n}:{n})" for n in range(3)]
    group = node(".each", "each", "Running", "TaskGroup", start=2, children=children)
    spec = LIST.replace("LIMIT", "")
    assert states(spec)[1] == StepState(("each",), "waiting", 0, None)
    assert states(spec, MADE, group, *items)[1] == StepState(("each",), "running", 0, 3, started=2)
    empty = node(".each", "each", "Skipped", "Skipped", start=2, end=2, message="Skipped, empty params")
    assert states(spec, MADE, empty)[1] == StepState(("each",), "skipped", 1, 1, started=2, finished=2)


def test_a_loop_with_a_limit_does_not_know_its_length_before_its_end(states: States) -> None:
    spec = LIST.replace("LIMIT", ", parallelism: 1")
    loop = node(".each", "each-loop", "Running", "DAG", start=2)
    group = node(".each.each", "each", "Running", "TaskGroup", of=".each", start=2, children=[".each.each(0:0)"])
    first = node(".each.each(0:0)", "each", "Succeeded", of=".each", start=2, end=3)
    second = node(".each.each(1:1)", "each", "Succeeded", of=".each", start=4, end=5)
    assert states(spec, MADE, loop, group, first)[1] == StepState(("each",), "running", 1, None, started=2)
    ended = {**group, "phase": "Succeeded", "children": [first["id"], second["id"]]}
    whole = {**loop, "phase": "Succeeded", "finishedAt": second["finishedAt"]}
    assert states(spec, MADE, whole, ended, first, second)[1] == StepState(
        ("each",), "succeeded", 2, 2, started=2, finished=5
    )


def test_failures_that_a_loop_tolerates(states: States) -> None:
    spec = f"steps: {{each: {{{STEP}, foreach: {{range: 2, as: x, tolerate: all}}}}}}"
    group = node(".each", "each-item", "Succeeded", "TaskGroup", end=9, children=[".each(0:0)", ".each(1:1)"])
    found = [group]
    for number, phase in enumerate(("Failed", "Succeeded")):
        item = f".each({number}:{number})"
        found += [
            node(item, "each-item", "Succeeded", "DAG", end=9),
            node(f"{item}.run", "each", phase, of=item, end=8, message="main: Error (exit code 1)"),
            node(f"{item}.settled", "dragoman-settled", "Succeeded", "Suspend", of=item, end=9),
        ]
    assert states(spec, *found) == [StepState(("each",), "succeeded", 2, 2, 1, 0, 9)]


GROUP = f"""
steps:
  shards:
    foreach: {{in: [a, b], as: shard}}
    steps:
      prepare: {{{STEP}}}
      train: {{{STEP}, needs: [prepare], foreach: {{range: 3, as: x}}}}
onExit:
  notify: {{{STEP}}}
"""


def test_a_group_in_a_loop(states: States) -> None:
    a, b = ".shards(0:a)", ".shards(1:b)"
    found = [
        node(".shards", "shards", "Running", "TaskGroup", children=[a, b]),
        node(a, "shards", "Running", "DAG"),
        node(b, "shards", "Running", "DAG"),
        node(f"{a}.prepare", "shards-prepare", "Succeeded", of=a, end=3),
        node(f"{b}.prepare", "shards-prepare", "Running", of=b),
        node(f"{a}.train", "shards-train", "Running", "TaskGroup", of=a, start=3, children=[f"{a}.train(0:0)"]),
        node(f"{a}.train(0:0)", "shards-train", "Succeeded", of=a, start=3, end=4),
    ]
    assert states(GROUP, *found) == [
        StepState(("shards",), "running", 0, 2, started=0),
        StepState(("shards", "prepare"), "running", 1, 2, started=0),
        StepState(("shards", "train"), "running", 1, 6, started=3),
        StepState(("on-exit", "notify"), "waiting"),
    ]


def test_a_group_that_failed_before_all_of_it_ran(states: States) -> None:
    a, b = ".shards(0:a)", ".shards(1:b)"
    found = [
        node(".shards", "shards", "Failed", "TaskGroup", end=5, children=[a, b]),
        node(a, "shards", "Failed", "DAG", end=5),
        node(b, "shards", "Failed", "DAG", end=4),
        node(f"{a}.prepare", "shards-prepare", "Failed", of=a, end=3, message="main: Error (exit code 1)"),
        node(f"{b}.prepare", "shards-prepare", "Failed", of=b, end=4, message="main: Error (exit code 2)"),
        node(f"{a}.train", "shards-train", "Omitted", "Skipped", of=a, start=3, end=3),
        node(".onExit", "on-exit", "Running", "DAG", of="", start=5),
        node(".onExit.notify", "on-exit-notify", "Running", of=".onExit", start=5),
    ]
    assert states(GROUP, *found) == [
        StepState(("shards",), "failed", 2, 2, 2, 0, 5),
        StepState(("shards", "prepare"), "failed", 2, 2, 2, 0, 4, "main: Error (exit code 1)"),
        StepState(("shards", "train"), "omitted", 1, 1, started=3, finished=3),
        StepState(("on-exit", "notify"), "running", started=5),
    ]


def test_the_run_itself() -> None:
    assert [
        run_state({"metadata": {"name": RUN}, **rest})
        for rest in (
            {},
            {"status": status("Pending")},
            {"status": status("Error", end=3, message="invalid spec: no such template")},
        )
    ] == [
        RunState(RUN, "waiting"),
        RunState(RUN, "waiting", START),
        RunState(RUN, "failed", START, START + 3, "invalid spec: no such template"),
    ]


def test_pod_names_are_argos() -> None:
    # the node's id has the same hash: from cmd/argo/commands/common/get_test.go of Argo Workflows
    raw: Any = {
        "name": "many-items-z26lj[0].sleep(9:nine)",
        "templateName": "sleep",
        "type": "Pod",
    }
    run: Any = {"metadata": {"name": "many-items-z26lj"}, "status": {"nodes": {"many-items-z26lj-2619926859": raw}}}
    [one] = nodes(run).values()
    old = {**run, "metadata": {**run["metadata"], "annotations": {"workflows.argoproj.io/pod-name-format": "v1"}}}
    single = one._replace(name="many-items-z26lj")
    assert [pod_name(run, one), pod_name(old, one), pod_name(run, single), attempts(nodes(run))] == [
        "many-items-z26lj-sleep-2619926859",
        "many-items-z26lj-2619926859",
        "many-items-z26lj",
        {},
    ]
    assert len(pod_name(run, one._replace(template="t" * 300))) == 253
