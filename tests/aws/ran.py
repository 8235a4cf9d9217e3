"""What is known of an execution when it has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """A container of one attempt of a job. `started` and `ended` number all that happens, in its order."""

    job: str
    definition: str
    index: int | None  # type: ignore[assignment]  # of an array's child; tuples have a method of this name
    attempt: int  # from 1
    command: tuple[str, ...]
    env: Mapping[str, str]  # what the job says, and what Batch adds; not what every process has
    started: int
    ended: int
    exit_code: int | None  # None: it never started
    printed: str  # standard output, with the container's own paths
    said: str = ""  # standard error
    container: str = "default"  # its name: jobs of one container have no other
    reason: str = ""  # of the container, as DescribeJobs says it
    job_id: str = ""


class Done(NamedTuple):
    """How an execution ended."""

    status: str
    output: Any
    cause: str | None
    error: str | None
    ran: list[Ran]  # in the order of their starts
    events: int  # of its history; AWS's limit is 25,000

    def names(self) -> list[str]:
        """What ran: `train`, the child of an array `train[2]`, a second attempt `train#2`, a helper `train/carry`."""
        return [name(each) for each in self.ran]


def name(ran: Ran) -> str:
    index = "" if ran.index is None else f"[{ran.index}]"
    attempt = "" if ran.attempt == 1 else f"#{ran.attempt}"
    container = "" if ran.container in ("default", "main") else f"/{ran.container}"
    return f"{ran.job}{index}{attempt}{container}"


def at_once(ran: Iterable[Ran], definition: str | None = None) -> int:
    """How many attempts there were at the same time, at most; of one definition, if it is given."""
    spans: dict[tuple[str, int], tuple[int, int]] = {}
    for each in ran:
        if definition in (None, each.definition):
            key = each.job_id, each.attempt
            first, last = spans.get(key, (each.started, each.ended))
            spans[key] = min(first, each.started), max(last, each.ended)
    moments = sorted([(first, 1) for first, _ in spans.values()] + [(last, -1) for _, last in spans.values()])
    now = most = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most
