"""The same flows by our own scheduler, on a compute that is nothing but a table: what AWS must have done."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Mapping
from typing import Any, NamedTuple

from aws.flows import Run, Tried, everything
from dragoman.drive.kubernetes.values import known
from dragoman.drive.loop import drive
from dragoman.drive.walk import Facts
from dragoman.lower.task import Attempt, Id, Task, name_of
from dragoman.plan.model import Plan
from dragoman.report.progress import Progress

MOST = 400  # attempts of a flow
LONG_AGO = 10**6  # seconds: no wait between attempts is still on
KILLED = 137


class Ended(NamedTuple):
    """What a program of `aws.flows` does."""

    code: int | None = 0
    outputs: Mapping[str, str] = {}
    cause: Any = None


def imagined(task: Task) -> Ended:
    words, env = [*(task.command or ()), *(task.args or ())], dict(task.env)
    if accident := env.get("ACCIDENT"):
        return Ended(KILLED, cause="oom") if accident == "oom" else Ended(None, cause="spot")
    verb, rest = words[0], words[1:]
    if verb == "give":
        return Ended(outputs={name: text for name, _, text in (word.partition("=") for word in rest)})
    if verb == "fail":
        code = int(rest[0])
        return Ended(code, cause=None if not code else "oom" if code == KILLED else "error")
    if verb == "sleep":
        late = task.step.timeout is not None and float(rest[0]) >= task.step.timeout
        return Ended(KILLED, cause="timeout") if late else Ended()
    assert verb in ("true", "show", "say"), verb
    return Ended()


class Table:
    """A compute whose tasks end when they are looked at again."""

    def __init__(self) -> None:
        self.attempts: dict[Id, list[Attempt]] = {}
        self.tasks: dict[tuple[Id, int], Task] = {}

    def began(self) -> float:
        return time.time()

    def known(self) -> Facts:
        return self.attempts

    def fits(self, task: Task) -> bool:
        return True

    def start(self, task: Task) -> None:
        assert len(self.tasks) < MOST, "too many attempts"
        self.tasks[task.id, task.attempt] = task
        started = time.time() - LONG_AGO
        self.attempts.setdefault(task.id, []).append(Attempt(task.attempt, "running", started=started))

    def end(self, task: Id) -> None:
        raise AssertionError("nothing takes time here")

    def wait(self, seconds: float) -> None:
        for (task, number), one in self.tasks.items():
            last = self.attempts[task][-1]
            if last.phase == "running" and last.number == number:
                ended = imagined(one)
                phase: Any = "succeeded" if ended.code == 0 else "failed"
                self.attempts[task][-1] = last._replace(
                    phase=phase, outputs=ended.outputs, exit_code=ended.code, cause=ended.cause, ended=last.started
                )

    def stop(self) -> None:
        pass


def tabled(plan: Plan, values: Mapping[str, Any], name: str) -> tuple[str, Table]:
    """How our scheduler ends a run of that name, and what it starts."""
    table = Table()
    outcome = drive(plan, name, table, known(plan, values, name, name), Progress(_silent, time.time), time.time)
    return outcome.phase, table


def check(run: Run, values: Mapping[str, Any], name: str) -> None:
    """The execution did what our scheduler does: the same attempts of the same tasks, of which each got the same."""
    phase, table = tabled(run.plan, values, name)
    tried = {(one.id, one.attempt): one for one in run.tried}
    here, there = set(named(table.tasks)), set(named(tried))
    assert here == there, f"only we: {sorted(here - there)}, only AWS: {sorted(there - here)}: {run.done.cause}"
    assert run.status == phase.upper(), run.done.cause
    for place, task in table.tasks.items():
        got, right = seen(tried[place]), wanted(task)
        assert got == right, f"{name_of(place[0])} got {got}, not {right}"
    in_order(run)


def named(places: Mapping[tuple[Id, int], object]) -> list[str]:
    return sorted(f"{name_of(task)}#{attempt}" for task, attempt in places)


def seen(one: Tried) -> tuple[Any, ...]:
    return one.command, {name: value for name, value in one.env.items() if value != ""}, one.amounts


def wanted(task: Task) -> tuple[Any, ...]:
    """What a container must get. Batch drops variables that are empty, and has whole vCPUs and one number of MiB."""
    env = {name: value for name, value in task.env.items() if value != ""}
    own: ChainMap[str, int] = ChainMap(dict(task.limits), dict(task.requests))
    amounts = {"VCPU": -(-task.requests["cpu"] // 1000), "MEMORY": -(-own["memory"] // 2**20)}
    if task.requests.get("gpu"):
        amounts["GPU"] = task.requests["gpu"]
    return (*(task.command or ()), *(task.args or ())), env, {key: str(value) for key, value in amounts.items()}


def in_order(run: Run) -> None:
    """No task began before those that its step needs had ended."""
    for step in everything(run.plan):
        for need in step.needs:
            for one in run.tried:
                if names(one.id)[: len(step.address)] != step.address:
                    continue
                place = (*prefix(one.id, len(step.address) - 1), need.step)
                for other in run.tried:
                    if other.id[: len(place)] == place:
                        assert other.ran.ended < one.ran.started, (other.name, one.name)


def names(task: Id) -> tuple[str, ...]:
    return tuple(part for part in task if isinstance(part, str))


def prefix(task: Id, size: int) -> Id:
    """The part of an id that says in which graph a step is: so many names, with their items."""
    kept: list[str | int] = []
    for part in task:
        if isinstance(part, str):
            if size == 0:
                break
            size -= 1
        kept.append(part)
    return tuple(kept)


def _silent(text: str) -> None:
    pass
