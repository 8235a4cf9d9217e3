"""Histories of executions as AWS writes them, an event in a line, and an account that tells them look by look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.drive.batch.api import AwsError, Body, Counts, Event

START = 1_767_225_600  # 2026-01-01T00:00:00Z
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:train:train-x7k2p"
MAP_RUN = "arn:aws:states:eu-west-1:123456789012:mapRun:train/loop:1"


class History:
    """Events; each follows the one before it, or that which it names, and is a second later than the last."""

    def __init__(self, input: str = "{}") -> None:
        self.events: list[Event] = []
        self.told("ExecutionStarted", input=input)

    def told(self, type: str, *, before: int | None = None, **details: Any) -> int:
        """An event; its id."""
        id_ = len(self.events) + 1
        self.events.append(Event(id_, id_ - 1 if before is None else before, type, START + id_, details))
        return id_

    def entered(self, state: str, kind: str = "Task", before: int | None = None) -> int:
        return self.told(f"{kind}StateEntered", before=before, name=state)

    def exited(self, state: str, kind: str = "Task", before: int | None = None) -> int:
        return self.told(f"{kind}StateExited", before=before, name=state)

    def submitted(self, job: str, before: int | None = None) -> int:
        """A job was submitted."""
        self.told("TaskScheduled", before=before, resourceType="batch")
        return self.told("TaskSubmitted", output=json.dumps({"JobId": job, "JobName": "job"}))

    def failed(self, job: str, code: int, before: int | None = None) -> int:
        """A job failed, as Step Functions says it."""
        cause = {
            "JobId": job,
            "Status": "FAILED",
            "StatusReason": "Essential container in task exited",
            "Container": {"ExitCode": code},
            "Attempts": [{"Container": {"ExitCode": code}, "StoppedAt": 1}],
        }
        return self.told("TaskFailed", before=before, error="States.TaskFailed", cause=json.dumps(cause))

    def ran(self, state: str, job: str, before: int | None = None) -> int:
        """A step from its start to its good end."""
        self.entered(state, before=before)
        self.submitted(job)
        self.told("TaskSucceeded")
        return self.exited(state)

    def loop(self, state: str, length: int) -> int:
        self.entered(state, "Map")
        return self.told("MapStateStarted", length=length)

    def iteration(self, state: str, index: int, what: str = "Started", before: int | None = None) -> int:
        return self.told(f"MapIteration{what}", before=before, name=state, index=index)


class Told:
    """An account in which one scripted run happens.

    looks   how many events are there at each look at the history; the last one shows all
    errors  what calls raise, by the method's name; each once
    """

    place, region = "AWS in eu-west-1", "eu-west-1"

    def __init__(
        self,
        history: History,
        looks: Sequence[int] = (),
        *,
        jobs: Sequence[Mapping[str, Body]] = ({},),
        items: Sequence[Counts] = (),
        logs: Mapping[str, str | AwsError] | None = None,
        children: Mapping[str, History] | None = None,
        errors: Mapping[str, list[AwsError]] | None = None,
        queues: Mapping[str, str] | None = None,
    ) -> None:
        self._history, self._looks = history, list(looks)
        self._jobs, self._items = list(jobs), list(items)
        self._logs, self._children = logs or {}, children or {}
        self._errors = {name: list(found) for name, found in (errors or {}).items()}
        self._queues = {"main": "ENABLED"} if queues is None else queues
        self.asked: list[str] = []
        self.started: list[tuple[str, str, str]] = []

    def queues(self, names: Sequence[str]) -> dict[str, str]:
        self._call("queues", *names)
        return {name: state for name, state in self._queues.items() if name in names}

    def register(self, definition: Body) -> bool:
        self._call("register", definition["jobDefinitionName"])
        return True

    def deploy(self, machine: Body) -> str:
        self._call("deploy", machine["name"])
        return "arn:machine"

    def start(self, machine: str, name: str, input: str) -> str:
        self._call("start", name)
        self.started.append((machine, name, input))
        return EXECUTION

    def history(self, execution: str, after: int) -> list[Event]:
        self._call("history", str(after))
        if execution in self._children:
            return self._children[execution].events
        shown = self._looks.pop(0) if self._looks else len(self._history.events)
        return [event for event in self._history.events[:shown] if event.id > after]

    def items(self, map_run: str) -> Counts:
        self._call("items", map_run)
        return self._items.pop(0) if len(self._items) > 1 else self._items[0]

    def lost(self, map_run: str) -> list[str]:
        self._call("lost", map_run)
        return list(self._children)

    def jobs(self, ids: Sequence[str]) -> dict[str, Body]:
        self._call("jobs", *ids)
        known = self._jobs.pop(0) if len(self._jobs) > 1 else self._jobs[0]
        return {id_: known[id_] for id_ in ids if id_ in known}

    def children(self, job: str) -> list[str]:
        self._call("children", job)
        return [f"{job}:{number}" for number in range(2)]

    def log(self, group: str, stream: str) -> str:
        self._call("log", group, stream)
        found = self._logs.get(stream, "")
        if isinstance(found, AwsError):
            raise found
        return found

    def stop(self, execution: str) -> None:
        self._call("stop", execution)

    def _call(self, name: str, *words: str) -> None:
        self.asked.append(" ".join((name, *words)))
        if self._errors.get(name):
            raise self._errors[name].pop(0)


def job(status: str, reason: str = "", **more: Any) -> dict[str, Any]:
    """A job as DescribeJobs says it."""
    return {"status": status, **({"statusReason": reason} if reason else {}), **more}


def attempt(code: int) -> dict[str, Any]:
    return {"container": {"exitCode": code}, "stoppedAt": 1, "statusReason": "Essential container in task exited"}
