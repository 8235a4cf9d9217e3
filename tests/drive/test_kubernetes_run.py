"""`dragoman run --target kubernetes` and `dragoman drive` as they are started, against an API of HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes import launch
from dragoman.emit.kubernetes.job import TASK
from dragoman.plan import wire
from drive.conftest import KUBECONFIG
from drive.kubernetes_http import NAMESPACE, Server, serving
from drive.kubernetes_runs import Runs, plan_of, running
from drive.words import Outcome, Start, Write

MAKE = "make: {image: i, command: [give, n=3], outputs: {n: {type: int}}}"
FLOW = f"steps: {{{MAKE}, yes: {{image: i, when: steps.make.outputs.n == 3, command: ['true']}}}}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Runs, Server]]:
    with running() as runs, serving(runs.memory) as server:
        (tmp_path / "kubeconfig").write_text(KUBECONFIG.format(url=server.url, namespace=NAMESPACE))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        yield runs, server


def run(start: Start, *flags: str) -> Outcome:
    return start("-t", "kubernetes", *flags, sleep=lambda seconds: time.sleep(min(seconds, 0.01)))


def test_a_run_from_here(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    runs, server = here
    flow(FLOW)
    outcome = run(start, "--run-id", "r1")
    assert outcome.code == 0, outcome.err
    [record] = runs.memory.all("configmaps")
    assert record["metadata"]["name"] == "train-r1"
    assert record["metadata"]["labels"]["dragoman.dev/run"] == "train-r1"
    assert wire.decode(json.loads(record["data"]["plan.json"])).name == "train"
    [owner] = {tuple(sorted(one.items())) for job in runs.jobs() for one in job["metadata"]["ownerReferences"]}
    uid = record["metadata"]["uid"]
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "name": "train-r1", "uid": uid}
    assert dict(owner) == {**wanted, "controller": False, "blockOwnerDeletion": False}
    assert runs.ran() == ["make", "yes"]
    assert f"train-r1: runs in namespace {NAMESPACE} of the Kubernetes API at {server.url}\n" in outcome.err
    assert "yes: succeeded" in outcome.err
    remove = f"kubectl delete configmap train-r1 -n {NAMESPACE}"
    assert outcome.err.endswith(f"\ntrain-r1: `{remove}` removes the run with its Jobs and their logs\n")


def test_a_run_has_a_new_name_each_time(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    runs, _ = here
    flow("steps: {a: {image: i, command: ['true']}}")
    assert [run(start).code for _ in range(2)] == [0, 0]
    assert len({one["metadata"]["name"] for one in runs.memory.all("configmaps")}) == 2
    assert runs.ran() == ["a", "a"]


def test_a_run_id_goes_on_with_a_run(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    runs, server = here
    flow(FLOW)
    applied = 0

    def refuse(call: object) -> ApiError | None:
        nonlocal applied
        applied += getattr(call, "verb", "") == "apply"
        return ApiError(503, "etcd is away") if applied > 2 else None  # the ConfigMap and the first Job

    runs.memory.refuse = refuse
    outcome = run(start, "--run-id", "r1")
    assert outcome == Outcome(2, "", outcome.err)
    assert f"the Kubernetes API at {server.url} failed (503): etcd is away" in outcome.err
    assert "the Jobs that run go on, nothing new starts: `--run-id r1` goes on with the run `train-r1`" in outcome.err
    runs.memory.refuse = lambda call: None
    assert run(start, "--run-id", "r1").code == 0
    assert runs.ran() == ["make", "yes"]


def test_a_run_keeps_its_plan(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    flow(FLOW)
    assert run(start, "--run-id", "r1").code == 0
    flow(FLOW.replace("n=3", "n=4"))
    outcome = run(start, "--run-id", "r1")
    assert outcome.code == 2
    assert "error[DRG626]: the run `train-r1` is there, and it is of another plan" in outcome.err


def test_a_failure_is_told_with_the_end_of_its_log(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    runs, _ = here
    flow("steps: {bad: {image: i, command: [fail, '3']}}")
    work = runs.cluster.work
    runs.cluster.work = lambda pod: work(pod)._replace(printed="".join(f"line {number}\n" for number in range(30)))
    outcome = run(start, "--run-id", "r1")
    assert outcome.code == 1
    lines = "".join(f"  line {number}\n" for number in range(20, 30))
    assert f"\nbad: exit code 3\n{lines}\n" in outcome.err


@pytest.mark.parametrize(
    ("flag", "help"),
    [
        (
            ["--detach"],
            "`dragoman render | kubectl apply -f -` starts a coordinator in the cluster, which needs nobody",
        ),
        (["--from-template"], "a cluster keeps no templates of Jobs: leave it out"),
        (["--server", "https://argo"], "it is Argo's: say `--context NAME` for a cluster"),
    ],
)
def test_what_only_argo_can_do(flag: list[str], help: str, start: Start, flow: Write) -> None:
    flow(FLOW)
    outcome = run(start, *flag)
    message = f"error[DRG625]: `{flag[0]}` is nothing for `kubernetes`: the run is driven from here"
    assert outcome == Outcome(2, "", f"{message}\n   = help: {help}\n\n1 error\n")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ApiError(401, "Unauthorized"), "DRG604]: {place} does not know who you are: Unauthorized"),
        (ApiError(403, "no patch"), "DRG605]: {place} does not allow it: no patch"),
        (ApiError(404, 'namespaces "ml" not found'), "DRG606]: there is no namespace `ml`"),
        (ApiError(422, "bad name"), "DRG621]: {place} refuses the run: bad name"),
        (ApiError(418, "teapot"), "DRG603]: {place} answers what Kubernetes does not (418): teapot"),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
def test_a_run_that_may_not_begin(
    error: ApiError, told: str, here: tuple[Runs, Server], start: Start, flow: Write
) -> None:
    runs, server = here
    flow(FLOW)
    runs.memory.refuse = lambda call: error
    outcome = run(start)
    assert outcome.code == 2
    assert told.format(place=f"the Kubernetes API at {server.url}") in outcome.err


def test_a_run_that_is_deleted(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    runs, _ = here
    flow("steps: {a: {image: i, command: [sleep, '60']}}")
    Timer(0.5, lambda: runs.memory.remove("configmaps", "train-r1")).start()
    outcome = run(start, "--run-id", "r1")
    assert outcome.code == 2
    assert "error[DRG622]: the run `train-r1` was deleted from namespace `ml` while it ran" in outcome.err


def test_a_plan_that_is_too_large(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    script = f"{{interpreter: [sh], source: '{'x' * 600_000}'}}"
    flow(f"steps: {{a: {{image: i, script: {script}}}, b: {{image: i, script: {script}}}}}")
    outcome = run(start)
    assert outcome.code == 2
    assert "error[DRG627]: the plan and its scripts have 120" in outcome.err


def test_several_outputs_that_no_carrier_reaches(here: tuple[Runs, Server], start: Start, flow: Write) -> None:
    flow("steps: {a: {image: i, command: [x], outputs: {n: {path: /srv/n}, m: {path: /opt/m}}}}")
    assert "DRG304" in run(start).err


def test_an_interrupt_deletes_the_run(here: tuple[Runs, Server], flow: Write, tmp_path: Path) -> None:
    runs, _ = here
    flow("steps: {a: {image: i, command: [sleep, '60']}}")
    words = ["run", "-t", "kubernetes", "--run-id", "r1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dragoman", *words], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    while not runs.cluster.ran:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, runs.memory.all("configmaps"), "DRG612" in err) == (2, [], True), err
    told = "interrupted: the run `train-r1` was deleted from namespace `ml`, with all that it started"
    assert told in err
    while runs.memory.all("pods"):
        time.sleep(0.02)


@pytest.fixture
def coordinator(here: tuple[Runs, Server], tmp_path: Path) -> dict[str, str]:
    """A coordinator's variables; the kubeconfig stands for the pod's service account."""
    runs, _ = here
    me = runs.begin()
    known = {"DRAGOMAN_RUN": me.name, "DRAGOMAN_RUN_UID": me.uid, "DRAGOMAN_NAMESPACE": "ml", "DRAGOMAN_PLAN": "f-plan"}
    return {**os.environ, **known}


def drive(environment: dict[str, str], folder: Path, spec: str, *flags: str) -> subprocess.Popen[str]:
    (folder / "plan.json").write_text(json.dumps(wire.encode(plan_of(spec))))
    words = [sys.executable, "-m", "dragoman", "drive", "--plan", "plan.json", *flags]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment)


PARAMS = "params: {n: {type: int, default: 1, enum: [1, 3], runtime: true}}\n"


def test_a_coordinator(here: tuple[Runs, Server], coordinator: dict[str, str], tmp_path: Path) -> None:
    spec = PARAMS + "steps: {a: {when: params.n == 3, command: ['true']}}"
    process = drive(coordinator, tmp_path, spec, "--param", "n=3")
    _, err = process.communicate(timeout=30)
    assert (process.returncode, here[0].ran()) == (0, ["a"]), err
    assert "a: succeeded" in err


def test_a_coordinator_whose_flow_fails(here: tuple[Runs, Server], coordinator: dict[str, str], tmp_path: Path) -> None:
    process = drive(coordinator, tmp_path, "steps: {a: {command: [fail, '3']}}")
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "a: failed in 0s: exit code 3" in err) == (1, True), err


def test_a_coordinator_leaves_at_once_and_its_jobs_stay(
    here: tuple[Runs, Server], coordinator: dict[str, str], tmp_path: Path
) -> None:
    runs, _ = here
    process = drive(coordinator, tmp_path, "steps: {a: {command: [sleep, '60']}}")
    while not runs.cluster.ran:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert (process.returncode, len(runs.jobs())) == (143, 1)
    assert [TASK in job["metadata"]["annotations"] for job in runs.jobs()] == [True]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--param", "n=2"], "DRG112]: `--param n`: `2` is none of `1`, `3`"),
        (["--param", "n=x"], "DRG112]: `--param n`: `x` is not an int"),
        (["--param", "m=1"], "DRG611]: the flow has no parameter `m` that a run may change"),
        (["--param", "n"], "DRG114]: `--param n` is not `name=value`"),
        (["--plan", "other.json"], "DRG623]: the plan cannot be read: other.json: no such file or directory"),
    ],
)
def test_a_coordinator_that_cannot_begin(
    flags: list[str], told: str, coordinator: dict[str, str], tmp_path: Path
) -> None:
    process = drive(coordinator, tmp_path, PARAMS + "steps: {a: {command: ['true']}}", *flags)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, told in err) == (2, True), err


def test_a_plan_of_a_newer_version(coordinator: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"format": wire.FORMAT + 1}))
    words = [sys.executable, "-m", "dragoman", "drive", "--plan", "plan.json"]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=coordinator, check=False)
    assert (done.returncode, "DRG623" in done.stderr) == (2, True)


def test_outside_of_a_coordinator(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "dragoman", "drive", "--plan", "plan.json"]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "DRG624]: `dragoman drive` is what a coordinator runs in its cluster, and `DRAGOMAN_RUN`" in done.stderr


def test_ids_fit_into_names() -> None:
    assert all(launch._new_id()[0].isalpha() for _ in range(50))
