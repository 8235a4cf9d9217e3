"""What a job's description says of its end, in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from json import loads
from typing import Any, NamedTuple

from dragoman.drive.batch.api import Body
from dragoman.emit.batch.definition import CARRIER

USUAL = frozenset({"Essential container in task exited"})  # what Batch says of every container that ended
WAITING = frozenset({"SUBMITTED", "PENDING", "RUNNABLE"})
LOG_GROUP = "/aws/batch/job"


class Log(NamedTuple):
    """Where a container writes."""

    group: str
    stream: str


def job_in(text: str) -> Body:
    """The description of a job in an event's text, named as DescribeJobs does; empty when it holds none."""
    try:
        found = _small(loads(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "jobId" in found else {}


def _small(value: Any) -> Any:
    """Step Functions names everything with a capital: `JobId`."""
    if isinstance(value, list):
        return [_small(one) for one in value]
    if isinstance(value, dict):
        return {key if key.isupper() else f"{key[:1].lower()}{key[1:]}": _small(one) for key, one in value.items()}
    return value


def why(job: Body) -> str:
    """Why a job failed: its container's reason, its exit code, what Batch says; empty when nothing is known."""
    found = _ended(
        [*containers(job), *(one for attempt in job.get("attempts", ())[-1:] for one in containers(attempt))]
    )
    return _said(found, str(job.get("statusReason") or ""))


def why_attempt(attempt: Body) -> str:
    """Why one attempt of a job failed."""
    return _said(_ended(containers(attempt)), str(attempt.get("statusReason") or ""))


def _said(found: Body, status: str) -> str:
    code, reason = found.get("exitCode"), str(found.get("reason") or "")
    usual = status in USUAL or not status
    parts = [reason, f"exit code {code}" if code is not None else "", "" if usual else status]
    return ": ".join(filter(None, parts)) or status


def _ended(found: list[Body]) -> Body:
    """The container that decided: one with an exit code that is not 0, or a reason."""
    for one in found:
        if one.get("exitCode") or one.get("reason"):
            return one
    return {}


def containers(job: Body) -> list[Body]:
    """The containers of a job or an attempt; the program itself comes first, what hands on its outputs last."""
    found = [one for task in _tasks(job) for one in task.get("containers", ())]
    if not found and job.get("container"):
        found = [job["container"]]
    return sorted(found, key=lambda one: one.get("name") == CARRIER)


def _tasks(job: Body) -> Iterator[Body]:
    yield from job.get("taskProperties") or ()
    yield from (job.get("ecsProperties") or {}).get("taskProperties") or ()


def logs(job: Body) -> list[Log]:
    """Where the job's last attempt wrote: the container that failed first."""
    own = {one.get("name", ""): one for one in containers(job)}
    last = [one for attempt in job.get("attempts", ())[-1:] for one in containers(attempt)]
    decided = _ended([*last, *own.values()]).get("name", next(iter(own), ""))
    found = []
    for name in sorted(own, key=lambda name: name != decided):
        stream = next((one["logStreamName"] for one in last if _is(one, name) and one.get("logStreamName")), "")
        stream = stream or str(own[name].get("logStreamName") or "")
        settings = own[name].get("logConfiguration") or {}
        if stream and settings.get("logDriver", "awslogs") == "awslogs":
            found.append(Log((settings.get("options") or {}).get("awslogs-group") or LOG_GROUP, stream))
    return found[:1]


def _is(container: Body, name: str) -> bool:
    return str(container.get("name", "")) == name


def queued(job: Body) -> bool:
    """Whether a job waits for a place to run; of an array, whether all of its children do."""
    summary = (job.get("arrayProperties") or {}).get("statusSummary")
    if summary:
        return not any(count for status, count in summary.items() if status not in WAITING)
    return job.get("status") in WAITING


def children(job: Body) -> tuple[int, int]:
    """Of an array, how many children succeeded and failed."""
    summary = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return int(summary.get("SUCCEEDED", 0)), int(summary.get("FAILED", 0))
