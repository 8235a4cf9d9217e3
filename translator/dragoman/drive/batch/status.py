"""What the record of an execution says about the steps of the flow: how far each is, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dragoman.drive.batch.api import Body, Counts
from dragoman.drive.batch.record import STOPPED, Loop, Record, Unit
from dragoman.drive.batch.words import children, queued, why_attempt
from dragoman.emit.batch.names import state_name
from dragoman.emit.batch.trying import by_machine, by_state
from dragoman.plan.loops import width
from dragoman.plan.model import Address, Plan, Step
from dragoman.report.progress import Phase, RunState, StepState

OVER: frozenset[Phase] = frozenset({"succeeded", "failed", "skipped", "omitted"})


class Seen(NamedTuple):
    """All that is known of a run.

    record  what its history says
    jobs    descriptions of the jobs that run, by their ids
    items   how far loops are that have histories of their own, by the ARNs of their runs
    apart   the names of their states
    """

    record: Record
    jobs: Mapping[str, Body] = {}
    items: Mapping[str, Counts] = {}
    apart: frozenset[str] = frozenset()


def run_state(name: str, record: Record) -> RunState:
    """The run as a whole."""
    return RunState(name, record.phase, record.started, record.finished, record.message)


def step_states(plan: Plan, seen: Seen) -> list[StepState]:
    """The state of each step, groups first; steps of a loop with histories of its own are left out."""
    record = seen.record
    found: list[StepState] = []
    for steps, over in ((plan.steps, record.flow_over), (plan.on_exit, record.finished is not None)):
        for step in steps:
            found += _states(step, seen, 1, over=over)
    return found


def _states(step: Step, seen: Seen, graphs: int | None, *, over: bool) -> list[StepState]:
    """A step and what is in it; `graphs`: how many graphs it stands in, all loops around it counted."""
    if step.foreach is not None:
        own = _loop(step, seen, graphs, over=over)
    else:
        own = _once(step, seen, graphs, over=over)
    if not step.steps or (step.foreach is not None and state_name(step, "loop") in seen.apart):
        return [own]
    inner = [_states(one, seen, own.total, over=own.phase in OVER) for one in step.steps]
    if step.foreach is None and own.phase in ("waiting", "omitted"):
        own = _derived(own, [found[0] for found in inner], graphs, over=over)
        inner = [_states(one, seen, own.total, over=own.phase in OVER) for one in step.steps]
    return [own, *(one for found in inner for one in found)]


def _loop(step: Step, seen: Seen, graphs: int | None, *, over: bool) -> StepState:
    units = _units(step, seen)
    array = step.address in seen.record.arrays
    loops = units if array else [one for (address, _), one in seen.record.loops.items() if address == step.address]
    counts = [_counts(step, one, seen) for one in loops]
    assert step.foreach is not None
    known = width(step.foreach)
    total = graphs * known if graphs is not None and known is not None else None
    if graphs == len(loops) and not any(one.total < 0 for one in counts):
        total = sum(one.total for one in counts)
    phase = _phase(step, loops, units, seen, graphs, over=over)
    done = sum(one.done for one in counts)
    if phase in OVER and total is None:
        total = done
    state = _timed(StepState(step.address, phase, done, total, sum(one.failed for one in counts)), loops)
    own = [one.failure for one in loops if one.failure not in ("", STOPPED)]
    return state._replace(
        message=_message(step, phase, units, seen) or (next(iter(own), "") if phase == "failed" else "")
    )


def _counts(step: Step, loop: Unit, seen: Seen) -> Counts:
    """The items of a loop; a total below 0 is unknown."""
    if not isinstance(loop, Loop):
        assert step.foreach is not None
        total = 0 if loop.phase in ("skipped", "omitted") else width(step.foreach) or 0
        succeeded, failed = children(seen.jobs.get(loop.job) or loop.told)
        return Counts(total, total if loop.over and not failed else succeeded + failed, failed)
    apart = [seen.items[run] for run in loop.runs if run in seen.items]
    if apart:
        return Counts(sum(one.total for one in apart), sum(one.done for one in apart), sum(one.failed for one in apart))
    total = -1 if loop.length is None else loop.length
    if loop.runs and loop.phase == "succeeded":
        return Counts(total, total, 0)
    return Counts(total, len(loop.ended), len(loop.lost))


def _once(step: Step, seen: Seen, graphs: int | None, *, over: bool) -> StepState:
    units = _units(step, seen)
    phase = _phase(step, units, units, seen, graphs, over=over)
    done = [one for one in units if one.over]
    failed = sum(one.phase == "failed" for one in done)
    state = _timed(StepState(step.address, phase, len(done), graphs, failed), units)
    return state._replace(message=_message(step, phase, units, seen) if not step.steps else "")


def _derived(state: StepState, inner: Sequence[StepState], graphs: int | None, *, over: bool) -> StepState:
    """A group that has no state of its own: what its steps are."""
    begun = [one for one in inner if one.phase != "waiting" and one.started is not None]
    if not begun:
        return state
    phases = {one.phase for one in inner}
    ended = phases <= OVER
    phase: Phase = "running"
    if over or ended:
        phase = "failed" if "failed" in phases else "succeeded" if "succeeded" in phases else "omitted"
    finished = [one.finished for one in inner if one.finished is not None]
    return state._replace(
        phase=phase,
        done=(graphs or 0) if phase in OVER else min(one.done for one in inner),
        started=min(one.started for one in begun if one.started is not None),
        finished=max(finished, default=None) if phase in OVER else None,
    )


def _units(step: Step, seen: Seen) -> list[Unit]:
    return [one for (address, _), one in seen.record.units.items() if address == step.address]


def _phase(
    step: Step, parts: Sequence[Unit], units: Sequence[Unit], seen: Seen, graphs: int | None, *, over: bool
) -> Phase:
    if not parts:
        return "omitted" if over else "waiting"
    if (over or (graphs is not None and len(parts) >= graphs)) and all(one.over for one in parts):
        phases = {one.phase for one in parts}
        if "failed" in phases:
            return "failed"
        return next(iter(phases)) if len(phases) == 1 else "succeeded"
    if any(_retried(step, one, seen) for one in units):
        return "retrying"
    if step.steps:
        return "running"
    return "waiting" if units and all(_queued(one, seen) for one in units) else "running"


def _queued(unit: Unit, seen: Seen) -> bool:
    """Whether its job waits for a place to run."""
    return not unit.over and queued(seen.jobs.get(unit.job, {}))


def _retried(step: Step, unit: Unit, seen: Seen) -> bool:
    if unit.over or step.retry is None:
        return False
    counted = by_machine(step) or by_state(step) is not None
    return bool(_attempts(unit, seen) or (unit.failure and counted and unit.fails <= step.retry.limit))


def _attempts(unit: Unit, seen: Seen) -> list[Body]:
    """The attempts of its job that have failed, while Batch makes another."""
    job = seen.jobs.get(unit.job, {})
    if job.get("status") in ("SUCCEEDED", "FAILED"):
        return []
    return [one for one in job.get("attempts", ()) if one.get("stoppedAt")]


def _message(step: Step, phase: Phase, units: Sequence[Unit], seen: Seen) -> str:
    if phase == "failed":
        failed = sorted((one for one in units if one.phase == "failed"), key=lambda one: one.stopped)
        return next((one.failure for one in failed), "")
    if phase == "retrying":
        return next(_attempt(step, one, seen) for one in units if _retried(step, one, seen))
    if phase == "waiting":
        return next((reason for one in units if (reason := seen.jobs.get(one.job, {}).get("statusReason"))), "")
    return ""


def _attempt(step: Step, unit: Unit, seen: Seen) -> str:
    most = f" of {step.retry.limit + 1}" if step.retry is not None else ""
    failed = _attempts(unit, seen)
    number = len(failed) or unit.fails
    reason = why_attempt(failed[-1]) if failed else unit.failure
    return f"attempt {number + 1}{most}" + (f", after {reason}" if reason else "")


def _timed(state: StepState, parts: Sequence[Unit]) -> StepState:
    finished = [one.finished for one in parts if one.finished is not None]
    return state._replace(
        started=min((one.started for one in parts), default=None),
        finished=max(finished, default=None) if state.phase in OVER else None,
    )


def waiting_jobs(record: Record) -> list[str]:
    """The jobs that have not ended, as far as the history says."""
    return [one.job for one in record.units.values() if not one.over and one.tries > one.fails]


def map_runs(record: Record, known: Mapping[str, Counts]) -> list[str]:
    """The loops with histories of their own that may have gone on."""
    return [
        run
        for loop in record.loops.values()
        for run in loop.runs
        if not loop.over or run not in known or known[run].done < known[run].total
    ]


def labelled(address: Address, scope: Sequence[tuple[Address, int]]) -> str:
    """A step and the items it ran for: `countries[1].train`.

    >>> labelled(("countries", "train"), [(("countries",), 1)])
    'countries[1].train'
    """
    numbers = dict(scope)
    parts = [(name, numbers.get(address[: depth + 1])) for depth, name in enumerate(address)]
    return ".".join(name if number is None else f"{name}[{number}]" for name, number in parts)
