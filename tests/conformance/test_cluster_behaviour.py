"""Flows from their text to their end on Kubernetes' own API server and controllers: every container is a process."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from conformance.delivery import delivered, finished, flow, printed, rendered, steps
from conformance.flows import ROOT
from conformance.node import Node
from conformance.plane import Plane, until
from conformance.runs import Runs
from dragoman.cli import main
from dragoman.drive.kubernetes.jobs import OwnerGone
from dragoman.drive.local.records import attempts, home
from dragoman.lower.task import name_of

EXAMPLES = sorted(path.name for path in (ROOT / "manifests/examples").iterdir())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: Node) -> Path:
    """An empty one, where the node's programs are found as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", node.path)
    return tmp_path


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_it_does_on_this_machine(
    name: str, control_plane: Plane, node: Node, namespace: str, folder: Path
) -> None:
    text = (ROOT / f"manifests/examples/{name}/{name}.dragoman.yaml").read_text()
    there = next(line.split()[1] for line in text.splitlines() if line.startswith("  namespace:"))
    text = text.replace(f"  namespace: {there}\n", f"  namespace: {namespace}\n")
    bodies = rendered(text, folder, "--set", "targets.kubernetes.ordering=coordinator")
    assert list(delivered(control_plane, namespace, bodies).values()) == [True]
    assert main(["run", "-q", "-t", "local", "flow.dragoman.yaml", "--policy", "policy.yaml"]) == 0
    run = folder / ".dragoman/runs" / name / "1"
    logs = {name_of(task): (home(run, task, 1) / "log").read_text() for task in attempts(run)}
    assert logs
    assert printed(control_plane, node, namespace) == logs


def test_a_coordinator_whose_pod_is_lost(control_plane: Plane, node: Node, namespace: str, folder: Path) -> None:
    spec = 'steps:\n  a: {command: ["true"]}\n  wait: {needs: [a], command: [sleep, "2"]}\n  b: {needs: [wait], command: ["true"]}'
    bodies = rendered(flow(namespace, spec, ordering="coordinator"), folder)
    for body in bodies:
        control_plane.apply(body, namespace)
    job = steps(bodies)[""]
    until(lambda: len(node.ran(namespace)) == 3)
    node.crash(namespace, job)
    assert finished(control_plane, namespace, job)
    ran = node.ran(namespace)
    assert (ran.count(job), len(ran), len(set(ran))) == (2, 5, 4)


def test_what_a_run_made_goes_with_its_owner(control_plane: Plane, node: Node) -> None:
    runs = Runs(control_plane, node, 'steps:\n  a: {command: [sleep, "60"]}\n  b: {needs: [a], command: ["true"]}')
    ends: list[str] = []

    def drive() -> None:
        try:
            runs.drive()
        except OwnerGone:
            ends.append("gone")

    thread = Thread(target=drive)
    thread.start()
    until(lambda: bool(runs.node.ran(runs.namespace)))
    control_plane.delete("Job", runs.namespace, runs.me.name)
    thread.join()
    assert ends == ["gone"]
    until(lambda: not control_plane.get("Job", runs.namespace) and not control_plane.get("Pod", runs.namespace))


WAVES = """
steps:
  prepare: {command: [say, prepared]}
  shards:
    needs: [prepare]
    foreach: {range: 5, as: shard, parallelism: 2}
    command: [say, "shard=${{ shard }}", "$(HOME) {{x}}"]
    env: {SHARD: "${{ index }}"}
  texts:
    needs: [prepare]
    foreach: {in: ["a b", "$(c) \\"d\\"", "e=f"], as: text}
    command: [python, -c]
    args: ["import os, sys; print(sys.argv[1], os.environ['TEXT'], open('/dragoman/item').read())", "${{ text }}"]
    env: {TEXT: "<${{ text }}>"}
  join: {needs: [shards, texts], command: [say, joined]}
"""


@pytest.mark.parametrize("indexed", [2, 50])
def test_waves(control_plane: Plane, node: Node, namespace: str, folder: Path, indexed: int) -> None:
    spec = WAVES if indexed == 2 else WAVES.replace("open('/dragoman/item').read()", "sys.argv[1]")
    text = flow(
        namespace, spec, ordering="waves", version="1.35", indexedFrom=indexed, itemFile=str(indexed == 2).lower()
    )
    bodies = rendered(text, folder)
    ends = delivered(control_plane, namespace, bodies)
    assert all(ends.values())
    ran = list(dict.fromkeys(node.ran(namespace)))
    assert set(ran) == set(ends)
    assert [ran[0], ran[-1]] == [steps(bodies)["prepare"], steps(bodies)["join"]]
    lines = sorted(line for job in ends for line in node.printed(namespace, job).splitlines())
    items = [("a b", "a b"), ('$(c) "d"', '$(c) "d"'), ("e=f", "e=f")]
    assert lines == sorted(
        ["prepared", "joined"]
        + [f"shard={number} $(HOME) {{{{x}}}}" for number in range(5)]
        + [f"{item} <{item}> {file}" for item, file in items]
    )
    assert node.most(namespace, steps(bodies)["shards"]) <= 2


def test_a_wave_that_fails_ends_the_flow(control_plane: Plane, node: Node, namespace: str, folder: Path) -> None:
    spec = 'steps:\n  a: {command: [fail, "1"]}\n  b: {needs: [a], command: ["true"]}'
    bodies = rendered(flow(namespace, spec, ordering="waves"), folder)
    assert delivered(control_plane, namespace, bodies) == {steps(bodies)["a"]: False}


def test_a_chain_is_one_pod_whose_steps_come_one_after_the_other(
    control_plane: Plane, node: Node, namespace: str, folder: Path
) -> None:
    now = '[python, -c, "import time; print(time.monotonic_ns()); time.sleep(0.05); print(time.monotonic_ns())"]'
    spec = f"steps:\n  a: {{command: {now}}}\n  b: {{needs: [a], command: {now}}}\n  c: {{needs: [b], command: {now}}}"
    bodies = rendered(flow(namespace, spec, ordering="chain"), folder)
    (job,) = delivered(control_plane, namespace, bodies)
    assert node.ran(namespace) == [job]
    times = [int(line) for name in "abc" for line in node.printed(namespace, job, name).split()]
    assert len(times) == 6
    assert times == sorted(times)


def test_a_chain_stops_where_it_fails(control_plane: Plane, node: Node, namespace: str, folder: Path) -> None:
    spec = 'steps:\n  a: {command: [fail, "3"]}\n  b: {needs: [a], command: [say, never]}'
    bodies = rendered(flow(namespace, spec, ordering="chain"), folder)
    assert list(delivered(control_plane, namespace, bodies).values()) == [False]
    (pod,) = control_plane.get("Pod", namespace)
    assert not node.log(namespace, pod["metadata"]["name"], "b").exists()


RETRIES = [
    # what a step says, how many pods run, why the Job has failed
    ("retry: {limit: 2}, command: [fail, '1']", 3, "BackoffLimitExceeded"),
    ("retry: {limit: 2, causes: [3]}, command: [fail, '3']", 3, "BackoffLimitExceeded"),
    ("retry: {limit: 2, causes: [3]}, command: [fail, '4']", 1, "PodFailurePolicy"),
    ("retry: {limit: 1, causes: [oom]}, env: {ACCIDENT: oom}, command: ['true']", 2, "BackoffLimitExceeded"),
    ("retry: {limit: 1, causes: [spot]}, env: {ACCIDENT: oom}, command: ['true']", 1, "PodFailurePolicy"),
    ("retry: {limit: 1, causes: [spot]}, env: {ACCIDENT: spot}, command: ['true']", 2, "BackoffLimitExceeded"),
    ("retry: {limit: 1, causes: [error]}, env: {ACCIDENT: spot}, command: ['true']", 1, "PodFailurePolicy"),
    ("retry: {limit: 1, causes: [error]}, command: [fail, '9']", 2, "BackoffLimitExceeded"),
    ("retry: {limit: 1}, timeout: 1s, command: [sleep, '60']", 2, "BackoffLimitExceeded"),
]


@pytest.mark.parametrize(("step", "pods", "reason"), RETRIES, ids=[step for step, *_ in RETRIES])
def test_retries_of_a_job(
    step: str, pods: int, reason: str, control_plane: Plane, node: Node, namespace: str, folder: Path
) -> None:
    bodies = rendered(flow(namespace, f"steps:\n  a: {{{step}}}", ordering="none"), folder)
    ((job, succeeded),) = delivered(control_plane, namespace, bodies).items()
    assert not succeeded
    assert node.ran(namespace) == [job] * pods
    assert failed_because(control_plane, namespace, job) == reason


ITEMS = [
    # what a loop says, how many pods of each item run, the items that succeed, why the Job has failed
    ("foreach: {range: 3}, retry: {limit: 1}", [1, 2, 2], "0", "FailedIndexes"),
    ("foreach: {range: 3}, retry: {limit: 2, causes: [1]}", [1, 3, 1], "0", "FailedIndexes"),
    ("foreach: {range: 4, parallelism: 1}, retry: {limit: 1}", [1, 2, 0, 0], "0", "MaxFailedIndexesExceeded"),
]


@pytest.mark.parametrize(("loop", "pods", "right", "reason"), ITEMS, ids=[loop for loop, *_ in ITEMS])
def test_items_of_an_indexed_job(
    loop: str,
    pods: list[int],
    right: str,
    reason: str,
    control_plane: Plane,
    node: Node,
    namespace: str,
    folder: Path,
) -> None:
    spec = f"steps:\n  a: {{{loop}, command: [sh, -c, 'echo $0; exit $0', '${{{{ index }}}}']}}"
    bodies = rendered(flow(namespace, spec, ordering="none", indexedFrom=2), folder)
    ((job, succeeded),) = delivered(control_plane, namespace, bodies).items()
    assert not succeeded
    lines = node.printed(namespace, job).split()
    assert [lines.count(str(number)) for number in range(len(pods))] == pods
    assert control_plane.get("Job", namespace, job)["status"]["completedIndexes"] == right
    assert failed_because(control_plane, namespace, job) == reason


def failed_because(plane: Plane, namespace: str, job: str) -> str:
    conditions = plane.get("Job", namespace, job)["status"]["conditions"]
    return str(next(one["reason"] for one in conditions if one["type"] == "Failed"))
