"""Run a flow on this machine: its steps as processes, its order as everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dragoman.drive.local.processes import Processes
from dragoman.drive.loop import drive
from dragoman.drive.walk import Facts, Outcome
from dragoman.lower.task import Id, name_of
from dragoman.plan.model import Plan, Reference
from dragoman.report.progress import Progress

FOLDER = Path(".dragoman/runs")
LINES = 10  # of a failed task's log


class Place(NamedTuple):
    """Where a run is and how time passes there: its folder, the machine's room, the clock."""

    folder: Path
    room: Mapping[str, int]
    clock: Callable[[], float]


def run(plan: Plan, values: Mapping[str, Any], place: Place, progress: Progress, say: Callable[[str], object]) -> bool:
    """Run a flow to its end; whether it succeeded. What failed is told with the end of its log."""
    number = _next(place.folder / plan.name)
    name = f"{plan.name}-{number}"
    compute = Processes(place.folder / plan.name / str(number), place.room, place.clock)
    known: dict[Any, Any] = {
        Reference("run", (), "id"): str(number),
        Reference("run", (), "name"): name,
        **{Reference("param", (), param.name): values.get(param.name, param.value) for param in plan.params},
    }
    outcome = drive(plan, name, compute, known, progress, place.clock)
    say(_told(outcome, compute.known(), compute))
    return outcome.phase == "succeeded"


def room() -> dict[str, int]:
    """What this machine has: thousandths of a core, bytes of memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"cpu": cores * 1000, "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def _next(folder: Path) -> int:
    """The number of a new run, and its folder: the first that nobody else takes."""
    folder.mkdir(parents=True, exist_ok=True)
    number = max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=0) + 1
    while True:
        try:
            (folder / str(number)).mkdir()
            return number
        except FileExistsError:
            number += 1


def _told(outcome: Outcome, facts: Facts, compute: Processes) -> str:
    failed = [task for task, state in outcome.states.items() if state.phase == "failed" and facts.get(task)]
    return (f"\n{outcome.message}\n" if outcome.message else "") + "".join(_failure(task, compute) for task in failed)


def _failure(task: Id, compute: Processes) -> str:
    log = compute.log(task)
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    end = "".join(f"  {line}\n" for line in text.splitlines()[-LINES:])
    attempt = compute.known()[task][-1]
    return f"\n{name_of(task)}: {attempt.message}; its log is {log}\n{end}"
