"""Coordinators of a cluster in memory, started and killed as tests like it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dragoman.drive.kubernetes.api import Api
from dragoman.drive.kubernetes.coordinate import Self, coordinate
from dragoman.drive.kubernetes.jobs import World
from dragoman.emit.kubernetes.job import ATTEMPT, TASK
from dragoman.load import yaml
from dragoman.lower.task import name_of
from dragoman.plan import wire
from dragoman.plan.model import Plan
from dragoman.plan.resolve import resolve
from dragoman.policy.force import LOWEST
from dragoman.policy.settle import settle
from dragoman.report.progress import Progress
from drive.kubernetes_cluster import Cluster, Work, imagined
from drive.kubernetes_memory import Memory

HEAD = (
    "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f, namespace: ml}\nspec:\n  defaults: {image: i}\n"
)


class Killed(BaseException):
    """A driver's process ends, wherever it is."""


def plan_of(body: str) -> Plan:
    """The plan of a flow's spec, as the coordinator reads it from its ConfigMap."""
    [flow] = yaml.parse(HEAD + "".join(f"  {line}\n" for line in body.strip("\n").split("\n")), "f")
    plan, findings = settle(resolve(flow, {}, target="kubernetes"), LOWEST)
    assert findings == []
    return wire.decode(json.loads(json.dumps(wire.encode(plan))))


class Runs:
    """A cluster with its runs."""

    def __init__(self, work: Work = imagined) -> None:
        self.memory = Memory()
        self.cluster = Cluster(self.memory, work)
        self.said: list[str] = []
        self.slept: list[float] = []

    def begin(self, name: str = "f-1") -> Self:
        """The coordinator's own Job, whose pod is this test."""
        metadata = {"name": name, "labels": {}}
        made = self.memory.create("jobs", {"kind": "Job", "metadata": metadata, "spec": {"suspend": True}})
        return Self(name, made["metadata"]["uid"], "ml", "f-plan")

    def drive(self, plan: Plan, me: Self, api: Api | None = None, parameters: Sequence[str] = ()) -> bool:
        """One coordinator, until it ends."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            time.sleep(min(seconds, 0.002))

        progress = Progress(self.said.append, time.time)
        world = World(time.time, sleep, progress.note)
        return coordinate(plan, me, parameters, api or self.memory, world, progress)

    def jobs(self) -> list[Mapping[str, Any]]:
        """The Jobs of tasks."""
        return [job for job in self.memory.all("jobs") if TASK in (job["metadata"].get("annotations") or {})]

    def ran(self) -> list[str]:
        """The attempts whose containers began, in their order: `shards[2].train`, its second `shards[2].train#2`."""
        return [self._named(name) for name in self.cluster.ran]

    def texts(self) -> str:
        """All that the drivers said."""
        return "".join(self.said)

    def _named(self, job: str) -> str:
        notes = self.memory.objects["jobs", job]["metadata"]["annotations"]
        attempt = int(notes[ATTEMPT])
        name = name_of(tuple(json.loads(notes[TASK])))
        return name if attempt == 1 else f"{name}#{attempt}"


@contextmanager
def running(work: Work = imagined) -> Iterator[Runs]:
    """A cluster while it lives."""
    runs = Runs(work)
    try:
        yield runs
    finally:
        runs.cluster.close()


class Mortal:
    """An API whose client is killed at its n-th call that changes or reads something: before it, or right after."""

    def __init__(self, api: Api, calls: int, *, answered: bool) -> None:
        self.api, self.left, self.answered = api, calls, answered

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        call = getattr(self.api, verb)
        if verb == "watch":
            return call  # type: ignore[no-any-return]

        def mortal(*arguments: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.answered:
                raise Killed
            result = call(*arguments, **more)
            if self.left == 0:
                raise Killed
            return result

        return mortal
