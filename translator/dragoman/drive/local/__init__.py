"""Run a flow on this machine: its steps as processes or containers, its order as everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dragoman.drive.local import records
from dragoman.drive.local.launch import Way
from dragoman.drive.local.logs import Logs
from dragoman.drive.local.machine import Machine
from dragoman.drive.local.process import as_process
from dragoman.drive.local.resume import content, earlier, kept, parameters
from dragoman.drive.local.room import Room
from dragoman.drive.loop import drive
from dragoman.drive.walk import Facts, Outcome
from dragoman.expr.values import to_text
from dragoman.findings import Finding, Findings, has_errors
from dragoman.lower.task import Id, name_of
from dragoman.plan.model import Plan, Reference
from dragoman.report.progress import Progress

FOLDER = Path(".dragoman/runs")
LINES = 10  # of a failed task's log


class Place(NamedTuple):
    """Where a run is and how time passes there: its folder, the machine's room, the clock, what a task is there."""

    folder: Path
    room: Room
    clock: Callable[[], float]
    way: Way = as_process


class Voice(NamedTuple):
    """What the run is told with: its progress, what must be read in any case, findings that stop nothing.

    `logs`: what the steps print is told, too, while they run.
    """

    progress: Progress
    say: Callable[[str], object]
    warn: Callable[[tuple[Finding, ...]], object]
    logs: bool = False


def run(plan: Plan, values: Mapping[str, Any], place: Place, voice: Voice, start: str = "") -> bool:
    """Run a flow to its end, or go on with its last run from a step; whether it succeeded."""
    folder = place.folder / plan.name
    known, facts = _gone_on(plan, values, place, voice, start) if start else (_parameters(plan, values), {})
    number = records.next_run(folder)
    home = folder / str(number)
    _keep(plan, known, facts, home)
    names = _names(plan, number)
    note = voice.progress.note
    lock = records.hold(home)
    try:
        logs = Logs(note) if voice.logs else None
        compute = Machine(home, place.room, place.way, place.clock, note, facts, logs, lock)
        name = names[Reference("run", (), "name")]
        outcome = drive(plan, name, compute, {**known, **names}, voice.progress, place.clock)
    finally:
        os.close(lock)
    voice.say(_told(outcome, compute))
    note(f"logs and outputs are in {home}")
    return outcome.phase == "succeeded"


def _gone_on(
    plan: Plan, values: Mapping[str, Any], place: Place, voice: Voice, start: str
) -> tuple[dict[Any, Any], Facts]:
    """The parameters and what is kept of the last run."""
    before = earlier(plan, place.folder / plan.name)
    known = _parameters(plan, parameters(plan, values, before))
    stays = kept(plan, start, before, {**known, **_names(plan, before.number)}, place.clock())
    if has_errors(stays.findings):
        raise Findings(stays.findings, 2)
    voice.warn(stays.findings)
    count = f"{len(stays.facts)} task" + ("" if len(stays.facts) == 1 else "s")
    voice.progress.note(f"goes on with run {before.number} from `{start}`: {count} of it kept")
    return known, stays.facts


def _keep(plan: Plan, known: Mapping[Any, Any], facts: Facts, home: Path) -> None:
    """Remember what another run needs to go on with this one."""
    texts = {param.name: to_text(known[Reference("param", (), param.name)]) for param in plan.params if param.runtime}
    records.keep_run(home, records.Run(texts, content(plan, known)))
    for task, attempts in facts.items():
        for attempt in attempts:
            records.keep_attempt(home, task, attempt)


def _parameters(plan: Plan, values: Mapping[str, Any]) -> dict[Any, Any]:
    return {Reference("param", (), param.name): values.get(param.name, param.value) for param in plan.params}


def _names(plan: Plan, number: int) -> dict[Any, str]:
    return {Reference("run", (), "id"): str(number), Reference("run", (), "name"): f"{plan.name}-{number}"}


def _told(outcome: Outcome, compute: Machine) -> str:
    facts = compute.known()
    failed = [task for task, state in outcome.states.items() if state.phase == "failed" and facts.get(task)]
    reason = f"\n{outcome.message}\n" if outcome.message else ""
    return reason + "".join(_failure(task, outcome.states[task].message, compute) for task in failed)


def _failure(task: Id, message: str, compute: Machine) -> str:
    log = compute.log(task)
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    end = "".join(f"  {line}\n" for line in text.splitlines()[-LINES:])
    return f"\n{name_of(task)}: {message}; its log is {log}\n{end}"
