"""`dragoman run --from`: what is kept of the last run, what runs again, and what is said of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dragoman.cli import main

HEAD = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: f}
spec:
  defaults: {image: x, resources: {cpu: 1m, memory: 1Mi}}
"""
# each step adds its name to the file `ran`, and fails while there is a file of that name with `.bad` behind it
SAY = "[sh, -c, 'echo $0 >> ran; test ! -e $0.bad', {}]"
FLOW = """\
params: {n: {type: int, default: 1, runtime: true}}
steps:
  make:
    command: [sh, -c, 'echo make >> ran; echo "[3,4]" > $DRAGOMAN_OUTPUTS/items']
    outputs: {items: {type: list, items: int}}
  side: {command: SIDE}
  shards:
    foreach: {in: steps.make.outputs.items, as: x, parallelism: 1}
    steps:
      prep: {command: PREP}
      train: {needs: [prep], command: TRAIN}
  maybe: {when: params.n > 1, command: MAYBE}
  each: {needs: [maybe], foreach: {range: 3, tolerate: 1}, command: EACH}
  join: {needs: [shards, each], command: JOIN}
onExit:
  bye: {command: BYE}
"""
NAMES = {
    "SIDE": "side",
    "PREP": '"prep-${{ x }}"',
    "TRAIN": '"train-${{ x }}"',
    "MAYBE": "maybe",
    "EACH": '"each-${{ item }}"',
    "JOIN": "join",
    "BYE": "bye",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(FLOW)
    return tmp_path


def write(body: str) -> None:
    for word, name in NAMES.items():
        body = body.replace(word, SAY.format(name))
    Path("f.dragoman.yaml").write_text(HEAD + "".join(f"  {line}\n" for line in body.splitlines()))


def run(*flags: str) -> tuple[int, set[str]]:
    """The exit code, and what ran."""
    Path("ran").write_text("")
    code = main(["run", "-q", "-t", "local", "f.dragoman.yaml", *flags])
    return code, set(Path("ran").read_text().split())


def fails(name: str, yes: bool = True) -> None:
    Path(f"{name}.bad").touch() if yes else Path(f"{name}.bad").unlink()


EACH = {"each-0", "each-1", "each-2"}
ALL = {"make", "side", "prep-3", "prep-4", "train-3", "train-4", *EACH, "join", "bye"}
CASES = [
    # from where, and what runs again; `bye` is on exit
    ("join", {"join"}),
    ("side", {"side"}),
    ("make", {"make", "prep-3", "prep-4", "train-3", "train-4", "join"}),
    ("shards", {"prep-3", "prep-4", "train-3", "train-4", "join"}),
    ("shards.prep", {"prep-3", "prep-4", "train-3", "train-4", "join"}),
    ("shards.train", {"train-3", "train-4", "join"}),
    ("maybe", {*EACH, "join"}),
    ("each", {*EACH, "join"}),
]


@pytest.mark.parametrize(("start", "again"), CASES)
def test_what_runs_again_after_a_success(start: str, again: set[str]) -> None:
    assert run() == (0, ALL)
    assert run("--from", start) == (0, {*again, "bye"})
    assert run("--from", "join") == (0, {"join", "bye"})  # a run that went on can be gone on from


FAILED = [
    # what fails, from where, what runs again
    ("train-4", "join", {"train-4", "join"}),
    ("train-4", "shards", {"prep-3", "prep-4", "train-3", "train-4", "join"}),
    ("train-4", "side", {"side", "train-4", "join"}),
    ("prep-3", "join", {"prep-3", "train-3", "prep-4", "train-4", "join"}),
    ("side", "join", {"side", "join"}),
]


@pytest.mark.parametrize(("failing", "start", "again"), FAILED)
def test_what_runs_again_after_a_failure(failing: str, start: str, again: set[str]) -> None:
    write("failFast: false\n" + FLOW)
    fails(failing)
    assert run()[0] == 1
    fails(failing, False)
    assert run("--from", start) == (0, {*again, "bye"})


def test_a_tolerated_failure_is_kept() -> None:
    fails("each-1")
    assert run() == (0, ALL)
    assert run("--from", "join") == (0, {"join", "bye"})


def test_a_run_that_was_killed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "steps:\n  a: {command: SIDE}\n  b: {needs: [a], command: [sh, -c, 'test -e go || { echo $$ > pid; sleep 60; }']}"
    )
    words = [sys.executable, "-m", "dragoman", "run", "-q", "-t", "local", "f.dragoman.yaml"]
    first = subprocess.Popen(words, cwd=folder)
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        time.sleep(0.05)
    first.kill()
    first.wait()
    assert run("--from", "b") == (2, set())  # what it started still runs
    assert "error[DRG637]: run 1 of `f` still goes on, or something that it started does\n" in capsys.readouterr().err
    os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)
    Path("go").touch()
    while run("--from", "b") == (2, set()):  # it is ending
        time.sleep(0.05)
    assert [path.name for path in sorted(Path(".dragoman/runs/f").iterdir())] == ["1", "2"]
    assert run("--from", "a") == (0, {"side"})


def test_parameters_are_those_of_the_last_run() -> None:
    assert run("--param", "n=2") == (0, {*ALL, "maybe"})
    assert run("--from", "maybe") == (0, {"maybe", *EACH, "join", "bye"})
    assert run("--from", "maybe", "--param", "n=1") == (0, {*EACH, "join", "bye"})
    assert run("--from", "maybe") == (0, {*EACH, "join", "bye"})


def test_nothing_to_go_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--from", "join") == (2, set())
    assert capsys.readouterr().err == (
        "error[DRG631]: there is no run of `f` to go on from: nothing is in `.dragoman/runs/f`\n"
        "   = help: run it once without `--from`, in this folder\n\n1 error\n"
    )


@pytest.mark.parametrize(
    ("name", "help_"), [("joint", "did you mean `join`?"), ("shard.train", "did you mean `shards.train`?")]
)
def test_no_such_step(name: str, help_: str, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert run("--from", name) == (2, set())
    assert capsys.readouterr().err == (
        f"error[DRG632]: `--from {name}`: the flow has no such step\n   = help: {help_}\n\n1 error\n"
    )
    assert [path.name for path in Path(".dragoman/runs/f").iterdir()] == ["1"]


def test_a_kept_step_that_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    write(FLOW.replace("side: {", "side: {resources: {cpu: 2m}, ").replace("echo make", "echo made"))
    assert main(["run", "-t", "local", "f.dragoman.yaml", "--from", "join"]) == 0
    err = capsys.readouterr().err
    assert err.startswith(
        "warning[DRG634]: step `make` has changed since run 1, and what it handed on then is kept\n"
        "  --> f.dragoman.yaml:8:5\n"
    )
    assert "   = help: to run it again, go on from it: `--from make`\n\n1 warning\n" in err
    assert err.count("DRG634") == 1  # what a step asks for does not change what it hands on


def test_a_parameter_that_a_kept_step_reads(capsys: pytest.CaptureFixture[str]) -> None:
    run("--param", "n=2")
    main(["run", "-t", "local", "f.dragoman.yaml", "--from", "join", "--param", "n=3"])
    assert "DRG634]: step `maybe` has changed since run 1" in capsys.readouterr().err


def test_an_output_that_does_not_fit_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    write(FLOW.replace("items: int", "items: bool"))
    assert run("--from", "join") == (2, set())
    assert capsys.readouterr().err.startswith(
        "error[DRG633]: what `make` handed on in run 1 does not fit: output `items`: item 0: `3` is not a bool\n"
    )


def test_an_attempt_as_it_is_remembered() -> None:
    run()
    data = json.loads(Path(".dragoman/runs/f/1/make/attempt-1/attempt.json").read_text())
    assert (data["started"] <= data.pop("ended"), data.pop("started") > 0) == (True, True)
    assert data == {
        "task": ["make"],
        "number": 1,
        "phase": "succeeded",
        "outputs": {"items": "[3,4]\n"},
        "exit_code": 0,
        "cause": None,
        "message": "",
    }
    assert list(Path(".dragoman").rglob("*.new")) == []


@pytest.mark.parametrize("flags", [["--from", "a"], ["--container"], ["--engine", "docker"]])
def test_elsewhere_it_means_nothing(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write("steps: {a: {command: SIDE}}")
    assert main(["run", "-t", "argo", "f.dragoman.yaml", *flags]) == 2
    assert capsys.readouterr().err == (
        f"error[DRG636]: `{flags[0]}` is for runs on this machine, and this one is on `argo`\n"
        "   = help: say `--target local`\n\n1 error\n"
    )
