"""Drive a run to its end: look, start what can start, wait for a change, look again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dragoman.drive.compute import Compute
from dragoman.drive.walk import ENDED, Facts, Outcome, State, walk
from dragoman.lower.task import Id, Values
from dragoman.plan.model import Address, Plan, Step
from dragoman.report.progress import Phase, Progress, RunState, StepState

MOMENT = 1.0  # seconds between two looks when nothing happens


def drive(
    plan: Plan, name: str, compute: Compute, known: Values, progress: Progress, clock: Callable[[], float]
) -> Outcome:
    """The last look at the run. However this ends, nothing that it started goes on."""
    began = compute.began()
    try:
        while True:
            facts = compute.known()
            outcome = walk(plan, facts, clock(), known, began)
            over = outcome.phase != "running"
            run = RunState(name, outcome.phase, began, clock() if over else None, outcome.message)
            progress.show(run, list(states(plan, outcome, facts, began)))
            if over:
                return outcome
            for id_ in outcome.stops:
                compute.end(id_)
            for task in outcome.starts:
                if compute.fits(task):
                    compute.start(task)
            compute.wait(MOMENT if outcome.wake is None else min(max(outcome.wake - clock(), 0.01), MOMENT))
    finally:
        compute.stop()
        progress.close()


def states(plan: Plan, outcome: Outcome, facts: Facts, began: float) -> Iterator[StepState]:
    """What is known of each step, all its items together, in the order of the plan."""
    items: dict[Address, list[tuple[Id, State]]] = {}
    for task, state in outcome.states.items():
        items.setdefault(tuple(part for part in task if isinstance(part, str)), []).append((task, state))
    for step in (*plan.steps, *plan.on_exit):
        yield from _states(step, items, facts, began)


def _states(
    step: Step, items: dict[Address, list[tuple[Id, State]]], facts: Facts, began: float
) -> Iterator[StepState]:
    found = items.get(step.address, [])
    single = [(task, state) for task, state in found if step.foreach is None or isinstance(task[-1], int)]
    tries = [attempts for task, _ in single for attempts in (facts.get(task, ()),) if attempts]
    # items that an earlier run left say nothing of how long this one takes
    tries = [attempts for attempts in tries if (attempts[-1].started or began) >= began] or tries
    begun = [attempts[0].started for attempts in tries if attempts[0].started is not None]
    ended = [attempts[-1].ended for attempts in tries if attempts[-1].ended is not None]
    phase = _together([state.phase for _, state in found])
    yield StepState(
        address=step.address,
        phase=phase,
        done=sum(state.phase in ENDED for _, state in single),
        total=len(single) if single else None,
        failed=sum(state.phase == "failed" for _, state in single),
        started=min(begun, default=None),
        finished=max(ended, default=None) if phase in ENDED else None,
        message=next((state.message for _, state in found if state.message), ""),
    )
    for child in step.steps:
        yield from _states(child, items, facts, began)


def _together(phases: list[Phase]) -> Phase:
    """The phase of several items: what is still to do comes before what has been done, a failure before a success."""
    order: tuple[Phase, ...] = ("running", "retrying", "failed", "waiting", "succeeded", "omitted", "skipped")
    return next((phase for phase in order if phase in phases), "waiting")
