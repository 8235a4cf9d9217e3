"""Random flows mean the same on Jobs and on a compute that is nothing but a table: what runs, in which order, with what."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dragoman.drive.kubernetes.coordinate import owner
from dragoman.drive.kubernetes.values import known
from dragoman.drive.loop import drive
from dragoman.drive.walk import Facts
from dragoman.emit.kubernetes.job import ATTEMPT, TASK, Run, task_job
from dragoman.emit.kubernetes.outputs import problem
from dragoman.emit.kubernetes.settings import settings as settings_of
from dragoman.expr.types import Type
from dragoman.expr.values import to_text
from dragoman.lower.task import Attempt, Id, Task, name_of
from dragoman.plan import wire
from dragoman.plan.model import Plan, Step
from dragoman.report.progress import Progress
from drive.kubernetes_cluster import Ended
from drive.kubernetes_runs import Runs, running
from strategies import Case, case, rendered

LONG = "long " * 1000
MOST = 100  # tasks of a flow: larger ones teach nothing new


class Fate(NamedTuple):
    """What becomes of an attempt: its exit code, the text of each output."""

    code: int
    texts: Mapping[str, str]


def fate(step: Step, task: Id, attempt: int) -> Fate:
    """Most attempts succeed; which do not, and what the others write, follows from the task alone."""
    random = Random(crc32(json.dumps([task, attempt]).encode()))
    safe = task[0] == "on-exit"  # where a failure stops what has not started: a matter of time
    if random.random() < 0.2 and not safe:
        return Fate(random.choice((1, 3, 137)), {})
    texts = {name: text_of(output.type, random) for name, output in step.outputs.items()}
    printed = next((texts[name] for name, output in step.outputs.items() if output.stdout), "")
    texts |= {name: printed for name, output in step.outputs.items() if output.stdout}
    kept = {name for name, output in step.outputs.items() if safe or output.stdout or random.random() < 0.9}
    return Fate(0, {name: text for name, text in texts.items() if name in kept})


def text_of(kind: Type, random: Random) -> str:
    """The text of a value of a type."""
    return to_text(value_of(kind, random))


def value_of(kind: Type, random: Random) -> Any:
    if kind.kind == "list":
        return [value_of(kind.item or Type("int"), random) for _ in range(random.randrange(4))]
    if kind.kind == "map":
        return {name: value_of(field, random) for name, field in (kind.fields or {}).items()}
    values: dict[str, Any] = {"int": 3, "float": 0.5, "bool": True, "quantity": "1Gi"}
    return values.get(kind.kind, random.choice(("x", "a b", LONG)))


class Table:
    """A compute whose tasks end when they are looked at again."""

    def __init__(self) -> None:
        self.attempts: dict[Id, list[Attempt]] = {}
        self.tasks: list[Task] = []

    def began(self) -> float:
        return time.time()

    def known(self) -> Facts:
        return self.attempts

    def fits(self, task: Task) -> bool:
        return True

    def start(self, task: Task) -> None:
        assume(len(self.tasks) < MOST)
        self.tasks.append(task)
        now = time.time() - 10**6  # no wait between attempts is still on
        self.attempts.setdefault(task.id, []).append(Attempt(task.attempt, "running", started=now))

    def end(self, task: Id) -> None:
        raise AssertionError("nothing takes time here")

    def wait(self, seconds: float) -> None:
        for task in self.tasks:
            last = self.attempts[task.id][-1]
            if last.phase == "running" and last.number == task.attempt:
                ended = fate(task.step, task.id, task.attempt)
                cause: Any = None if not ended.code else "oom" if ended.code == 137 else "error"
                phase: Any = "failed" if ended.code else "succeeded"
                self.attempts[task.id][-1] = last._replace(
                    phase=phase, outputs=ended.texts, exit_code=ended.code, cause=cause, ended=last.started
                )

    def stop(self) -> None:
        pass


def timeless(step: Step) -> Step:
    """A step of which all runs that can, however long anything takes: no waits, no failure that stops others."""
    retry = step.retry._replace(backoff=None) if step.retry is not None else None
    loop = step.foreach._replace(tolerate="all") if step.foreach is not None else None
    inner = tuple(map(timeless, step.steps))
    return step._replace(retry=retry, foreach=loop, timeout=None, fail_fast=False, steps=inner)


def driven(plan: Plan) -> Plan:
    """The plan as a coordinator has it."""
    steps, on_exit = tuple(map(timeless, plan.steps)), tuple(map(timeless, plan.on_exit))
    plan = plan._replace(steps=steps, on_exit=on_exit, options={}, timeout=None, fail_fast=False)
    return wire.decode(json.loads(json.dumps(wire.encode(plan))))


def everything(plan: Plan) -> list[Step]:
    """The steps of a plan, groups and what is in them."""

    def inside(steps: Sequence[Step]) -> list[Step]:
        return [one for step in steps for one in (step, *inside(step.steps))]

    return inside((*plan.steps, *plan.on_exit))


def address(task: Id) -> tuple[str, ...]:
    return tuple(part for part in task if isinstance(part, str))


def task_of(job: Mapping[str, Any]) -> tuple[Id, int]:
    notes = job["metadata"]["annotations"]
    return tuple(json.loads(notes[TASK])), int(notes[ATTEMPT])


def play(runs: Runs, plan: Plan) -> None:
    """Let the cluster's containers do what is written in the stars."""
    steps = {step.address: step for step in everything(plan)}

    def work(pod: Mapping[str, Any]) -> Ended:
        task, attempt = task_of(runs.memory.objects["jobs", pod["metadata"]["labels"]["job-name"]])
        step = steps[address(task)]
        ended = fate(step, task, attempt)
        outputs = [(output, ended.texts[name]) for name, output in step.outputs.items() if name in ended.texts]
        files = {output.path: text for output, text in outputs if output.path is not None}
        return Ended(ended.code, files, next((text for output, text in outputs if output.stdout), ""))

    runs.cluster.work = work


@given(st.randoms(use_true_random=False).map(case))
@settings(max_examples=40, deadline=None)
def test_jobs_do_what_a_table_does(case: Case) -> None:
    original = rendered(case).plan
    assume(not any(problem(step, settings_of({})) for step in everything(original)))
    plan = driven(original)
    with running() as runs:
        play(runs, plan)
        me = runs.begin()
        table = Table()
        progress = Progress(lambda text: None, time.time)
        outcome = drive(plan, "f-1", table, known(plan, {}, me.uid, me.name), progress, time.time)
        succeeded = runs.drive(plan, me)
        assert (outcome.phase == "succeeded") == succeeded
        jobs = {task_of(job): job for job in runs.jobs()}
        assert {(task.id, task.attempt) for task in table.tasks} == set(jobs)
        mine = owner("batch/v1", "Job", me.name, me.uid)
        run = Run(plan.name, me.name, me.uid, "ml", mine, me.plan, plan.labels)
        for task in table.tasks:
            assert task_job(task, settings_of({}), run)["spec"] == jobs[task.id, task.attempt]["spec"]
        in_order(runs, plan)


def in_order(runs: Runs, plan: Plan) -> None:
    """No Job is there before those that its step needs have ended."""
    made: dict[Id, int] = {}
    ended: dict[Id, int] = {}
    for event in runs.memory.events:
        if event.kind == "jobs" and TASK in (event.object["metadata"].get("annotations") or {}):
            task, _ = task_of(event.object)
            made.setdefault(task, event.version)
            if (event.object.get("status") or {}).get("conditions"):
                ended[task] = event.version
    for step in everything(plan):
        for need in step.needs:
            for task, version in made.items():
                if address(task)[: len(step.address)] != step.address:
                    continue
                place = prefix(task, len(step.address) - 1)
                before = [end for other, end in ended.items() if other[: len(place) + 1] == (*place, need.step)]
                assert all(end < version for end in before), (name_of(task), need.step)


def prefix(task: Id, names: int) -> Id:
    """The part of an id that says in which graph a step is: so many names, with their items."""
    kept: list[str | int] = []
    for part in task:
        if isinstance(part, str):
            if names == 0:
                break
            names -= 1
        kept.append(part)
    return tuple(kept)
