"""What this machine has, and what of it is promised at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dragoman.drive.local.machine import Machine
from dragoman.drive.local.room import Budget, Room, gpus
from dragoman.lower.task import Task
from dragoman.plan.model import Container, Step

GIB = 2**30


def task(name: str, **requests: int) -> Task:
    step = Step((name,), container=Container("x"))
    return Task((name,), step, 1, "x", ("true",), None, {}, requests, {})


PROMISED: list[tuple[Mapping[str, int], Mapping[str, int], bool]] = [
    # what is promised, what is asked for, whether there is room: 2 cores, 4 GiB, 2 GPUs
    ({"cpu": 1500}, {"cpu": 500}, True),
    ({"cpu": 1500}, {"cpu": 501}, False),
    ({"memory": 3 * GIB}, {"memory": GIB}, True),
    ({"memory": 3 * GIB}, {"memory": GIB + 1}, False),
    ({"gpu": 1}, {"gpu": 1}, True),
    ({"gpu": 1}, {"gpu": 2}, False),
    ({}, {"gpu": 3}, False),  # somebody runs already
    ({"gpu": 8}, {"cpu": 1}, False),  # that one runs alone
]


@pytest.mark.parametrize(("promised", "asked", "fits"), PROMISED)
def test_no_more_is_promised_than_there_is(promised: Mapping[str, int], asked: Mapping[str, int], fits: bool) -> None:
    budget = Budget(Room(2000, 4 * GIB, ("0", "1")))
    assert budget.fits(task("b", **asked))  # alone, whatever it asks for
    held = budget.take(task("a", **promised))
    assert budget.fits(task("b", **asked)) == fits
    budget.give_back(task("a", **promised), held)
    assert budget.fits(task("b", gpu=9))


def test_each_task_gets_gpus_of_its_own() -> None:
    budget = Budget(Room(2000, GIB, ("0", "1", "2")))
    first = budget.take(task("a", gpu=2))
    assert (first, budget.take(task("b", gpu=1))) == (("0", "1"), ("2",))
    budget.give_back(task("a", gpu=2), first)
    assert budget.take(task("c", gpu=1)) == ("0",)


SHOWN = [
    ("", ()),
    ("-1", ()),
    ("0", ("0",)),
    ("2, 0", ("2", "0")),
    ("1,-1,0", ("1",)),
    ("GPU-8932f937", ("GPU-8932f937",)),
]


@pytest.mark.parametrize(("shown", "names"), SHOWN)
def test_the_gpus_that_cuda_may_see(
    shown: str, names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert gpus(tmp_path) == names


def test_the_gpus_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("nvidia0", "nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert gpus(tmp_path) == ("0", "2", "10")


def test_a_process_sees_its_gpus(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Room(2000, GIB, ("4", "7")))
    words = (sys.executable, "-c", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    for name in ("a", "b"):
        machine.start(task(name, gpu=1)._replace(command=words))
    while machine.running:
        machine.wait(10)
    assert [machine.log((name,)).read_text() for name in ("a", "b")] == ["4\n", "7\n"]


def test_a_step_that_is_too_large_runs_alone_and_that_is_said_once(tmp_path: Path) -> None:
    notes: list[str] = []
    machine = Machine(tmp_path, Room(2000, GIB), note=notes.append)
    for number in (0, 1):
        large = task("a", gpu=8, cpu=4000, memory=GIB)
        assert machine.fits(large)
        machine.start(large._replace(id=("a", number)))
        assert not machine.fits(task("b", cpu=1))
        while machine.running:
            machine.wait(10)
    assert notes == ["a[0] asks for 4 cores (here are 2) and 8 GPUs (here are 0): it runs alone, with what there is"]


def test_what_a_step_leaves_running_ends_with_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Room(2000, GIB))
    words = ("sh", "-c", "sleep 60 & echo $! > $DRAGOMAN_OUTPUTS/pid")
    machine.start(task("a")._replace(command=words))
    while machine.running:
        machine.wait(10)
    pid = (tmp_path / "a/attempt-1/outputs/pid").read_text().strip()
    limit = time.monotonic() + 10
    while _lives(pid) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not _lives(pid)
    assert json.loads((tmp_path / "a/attempt-1/attempt.json").read_text())["phase"] == "succeeded"


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
