"""What is told at the end of a run that failed: of each step that failed, why, and what it wrote last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from dragoman.drive.batch.api import Aws, AwsError, Body
from dragoman.drive.batch.names import every
from dragoman.drive.batch.record import Record, Scope, Unit, item_of
from dragoman.drive.batch.status import Seen, labelled
from dragoman.drive.batch.words import logs, why
from dragoman.plan.model import Address, Plan, Step
from dragoman.report.letters import clean, cut

SHOWN = 3  # failures of one step
NO_LOG = "no log: it never ran, wrote nothing, or its log is kept elsewhere"


class Failure(NamedTuple):
    """A unit of work that failed by itself, and the items that it ran for."""

    scope: Scope
    unit: Unit


def told(aws: Aws, plan: Plan, states: Mapping[str, Body], seen: Seen) -> str:
    """The text; empty when no step failed by itself."""
    records = [seen.record, *_apart(aws, plan, states, seen)]
    failed: dict[Address, list[Failure]] = {}
    for record in records:
        for (address, scope), unit in record.units.items():
            if unit.phase == "failed" and not unit.stopped:
                failed.setdefault(address, []).append(Failure(scope, unit))
    steps = [step for step, _ in every((*plan.steps, *plan.on_exit)) if not step.steps]
    blocks = [_step(aws, step, failed[step.address]) for step in steps if step.address in failed]
    return "".join(f"\n{block}\n" for block in blocks)


def _apart(aws: Aws, plan: Plan, states: Mapping[str, Body], seen: Seen) -> list[Record]:
    """The records of some items that failed, of loops whose items have histories of their own."""
    found = []
    for (address, outer), loop in seen.record.loops.items():
        for run in loop.runs:
            if run not in seen.items or not seen.items[run].failed:
                continue
            try:
                for execution in islice(aws.lost(run), SHOWN):
                    events = aws.history(execution, 0)
                    number = item_of(str(events[0].details.get("input", ""))) if events else 0
                    record = Record(plan, states, (*outer, (address, number)))
                    for event in events:
                        record.add(event)
                    found.append(record)
            except AwsError:  # what is known without it is told all the same
                continue
    return found


def _step(aws: Aws, step: Step, failed: Sequence[Failure]) -> str:
    layer = step.layers[0]
    span = layer.source.span(layer.path, key=True)
    lines = [f"failed: {'.'.join(step.address)}", f"  --> {span.file}:{span.line}:{span.column}"]
    for one in failed[:SHOWN]:
        lines += _failure(aws, step, one)
    if len(failed) > SHOWN:
        lines.append(f"  … and {len(failed) - SHOWN} more")
    return "\n".join(lines)


def _failure(aws: Aws, step: Step, failure: Failure) -> list[str]:
    unit = failure.unit
    job, problem = unit.told, ""
    found: Mapping[str, Body] = {}
    try:
        found = aws.jobs([unit.job]) if unit.job else {}
        job = found.get(unit.job, job)
        if (job.get("arrayProperties") or {}).get("size"):
            return _children(aws, step, failure, aws.jobs(aws.children(unit.job)))
    except AwsError as error:
        problem = f"its job cannot be asked for: {clean(error.message)}"
    tries = max(unit.tries, len(job.get("attempts", ())))
    return _told(aws, labelled(step.address, failure.scope), tries, unit.failure, job, problem)


def _children(aws: Aws, step: Step, failure: Failure, found: Mapping[str, Body]) -> list[str]:
    """The children of an array that failed; the array itself wrote nothing."""
    lines: list[str] = []
    for job in list(found.values())[:SHOWN]:
        scope = (*failure.scope, (step.address, int(job["arrayProperties"]["index"])))
        lines += _told(aws, labelled(step.address, scope), len(job.get("attempts", ())), why(job), job, "")
    return lines or [f"  {labelled(step.address, failure.scope)}: {clean(failure.unit.failure)}"]


def _told(aws: Aws, label: str, tries: int, reason: str, job: Body, problem: str) -> list[str]:
    attempt = f", attempt {tries}" if tries > 1 else ""
    head = f"  {cut(label, 80)}{attempt}: {clean(reason)}"
    written = ""
    for log in logs(job):
        try:
            written = aws.log(log.group, log.stream)
        except AwsError as error:
            problem = f"its log `{log.stream}` of `{log.group}` cannot be read: {clean(error.message)}"
    if written.strip():
        return [head, *(f"    | {clean(line)}" for line in written.rstrip().splitlines())]
    return [head, f"    {problem or NO_LOG}"]
