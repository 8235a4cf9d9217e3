"""Which graphs Argo itself stops at a failure, and which failures it sees as we do.

A template with `failFast` starts nothing new once one of its pods or DAGs has failed, and lets what runs finish
(workflow/controller/operator.go, checkParallelism). It counts failed attempts too, and failures that steps accept.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.argo.results import wraps_item
from dragoman.plan.features import starts_beside_failures
from dragoman.plan.model import Plan, Step


def graphs(plan: Plan) -> Iterator[tuple[tuple[Step, ...], bool]]:
    """Every graph of a plan, with whether a failure stops it."""
    yield from _graphs(plan.steps, plan.fail_fast)
    yield from _graphs(plan.on_exit, True)


def _graphs(steps: tuple[Step, ...], fail_fast: bool) -> Iterator[tuple[tuple[Step, ...], bool]]:
    yield steps, fail_fast
    for step in steps:
        if step.steps:
            yield from _graphs(step.steps, step.fail_fast)


def stops(steps: tuple[Step, ...]) -> bool:
    """Whether the graph needs to be stopped at a failure, and Argo can do it."""
    return starts_beside_failures(steps) and not any(_hides_failures(step) for step in steps)


def loop_stops(step: Step) -> bool:
    """Whether the template around a loop, whose children are its items, starts no more of them than it should."""
    loop = step.foreach
    return loop is not None and (loop.tolerate is not None or step.retry is None or wraps_item(step))


def judged_rightly(steps: tuple[Step, ...], condition: str) -> bool:
    """Whether Argo, which judges a graph by its last steps, sees the failures that steps accept as we do."""
    needed = {need.step for step in steps for need in step.needs if need.condition == condition}
    if any(need.step in needed and need.condition == "succeeded" for step in steps for need in step.needs):
        return False  # the step that waits for success is left out, and counts as failed
    waiting = [step for step in steps if any(need.condition == condition for need in step.needs)]
    if any(step.when is not None for step in waiting):
        return False  # skipped, it counts as what it waited for
    return condition == "failed" or not any(step.needs for step in steps if step.name in needed)


def _hides_failures(step: Step) -> bool:
    """Whether one of the step's failures is not the end: an attempt, or what another step accepts."""
    return step.retry is not None or any(need.condition != "succeeded" for need in step.needs)
