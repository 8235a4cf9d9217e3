"""Follow an execution until it ends. AWS has no watch: its history is read again and again, from the last event on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dragoman.drive.batch.api import NO_EXECUTION, Aws, AwsError, Body, Counts
from dragoman.drive.batch.record import ENDINGS, Record
from dragoman.drive.batch.status import Seen, map_runs, waiting_jobs

FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 0.5, 1.5, 5.0  # seconds between two looks; they grow while nothing happens
AGAIN, LONGEST_AGAIN = 1.0, 30.0  # seconds after a call that failed
TRIES = 10  # in a row: about three and a half minutes

Result = TypeVar("Result")


def follow(
    aws: Aws,
    execution: str,
    record: Record,
    apart: frozenset[str],
    shown: Callable[[Seen], object],
    lost: Callable[[str], object],
    sleep: Callable[[float], object],
) -> Seen:
    """The run as it ended; raises `AwsError` when it is gone, refused, or out of reach for long.

    shown  is called with each state of the run
    lost   is called with a sentence when contact is lost
    """
    failed, pause = 0, FIRST_PAUSE
    seen = Seen(record, apart=apart)
    while True:
        before = record.last
        try:
            seen = _looked(aws, execution, seen)
            failed = 0
        except AwsError as error:
            failed += 1
            if not (error.passing or (error.code == NO_EXECUTION and not record.last)) or failed > TRIES:
                raise
            sleep(_pause(failed, error, lost))
            continue
        shown(seen)
        if record.finished is not None:
            return seen
        pause = FIRST_PAUSE if record.last > before else min(pause * GROWTH, LONGEST_PAUSE)
        sleep(pause)


def _looked(aws: Aws, execution: str, seen: Seen) -> Seen:
    """One look: what has happened since the last one, how the running jobs are, how far loops are."""
    record = seen.record
    events = aws.history(execution, record.last)
    ended = any(event.type in ENDINGS for event in events)
    for event in events:
        if event.id > record.last + 1 and not ended:
            break  # AWS tells what happened last before all that was before it: the next look has it
        if record.finished is None:
            record.add(event)
    items: dict[str, Counts] = {**seen.items, **{run: aws.items(run) for run in map_runs(record, seen.items)}}
    jobs: dict[str, Body] = {}
    if record.finished is None and (ids := waiting_jobs(record)):
        jobs = aws.jobs(ids)
    return seen._replace(jobs=jobs, items=items)


def patiently(call: Callable[[], Result], lost: Callable[[str], object], sleep: Callable[[float], object]) -> Result:
    """The call's result, tried again while AWS is overloaded; an AWS that is not reached at all is not waited for."""
    failed = 0
    while True:
        try:
            return call()
        except AwsError as error:
            failed += 1
            if not error.passing or error.status == 0 or failed > TRIES:
                raise
            sleep(_pause(failed, error, lost))


def _pause(failed: int, error: AwsError, lost: Callable[[str], object]) -> float:
    seconds: float = min(AGAIN * 2 ** (failed - 1), LONGEST_AGAIN)
    lost(f"lost contact ({error.message}); trying again in {seconds:.0f}s")
    return seconds
