"""The scheduler: from a plan and what is known of its tasks, what can start now and how far the run is.

It keeps no state of its own: every look at a run walks the whole plan again. Whoever drives a run may stop at any
moment and go on from what the computes know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman.drive.outputs import absent, group_values, lacking, task_values
from dragoman.expr.evaluate import evaluate
from dragoman.expr.text import refs
from dragoman.expr.tree import Expr, ExprError
from dragoman.lower.task import Attempt, Id, Task, Values, ready
from dragoman.plan.model import Address, Foreach, Need, Plan, Reference, Step
from dragoman.plan.references import target

Phase: TypeAlias = Literal["waiting", "running", "retrying", "succeeded", "failed", "skipped", "omitted"]
Facts: TypeAlias = Mapping[Id, Sequence[Attempt]]  # the attempts of each task that was ever started, in order
ENDED = frozenset({"succeeded", "failed", "skipped", "omitted"})
PASSED = frozenset({"succeeded", "skipped"})


class State(NamedTuple):
    """What has become of a step (of one item of it): its phase, its outputs once it has ended, why it failed."""

    phase: Phase
    outputs: Mapping[str, Any] = {}
    message: str = ""


class Outcome(NamedTuple):
    """A look at a run.

    phase   running until nothing is left to do, then succeeded or failed
    starts  the tasks that can start now, in the order of the plan
    states  every step, group and item that was looked at, in the order of the plan
    wake    when a wait between attempts is over, in seconds since 1970; None when no wait is on
    """

    phase: Literal["running", "succeeded", "failed"]
    starts: tuple[Task, ...]
    states: Mapping[Id, State]
    wake: float | None


def walk(plan: Plan, facts: Facts, now: float, known: Values) -> Outcome:
    """Look at a run. `known` are the run's own values: its id and name, its parameters."""
    look = _Look(plan, facts, now)
    phase = look.graph(plan.steps, dict(known), (), fail_fast=plan.fail_fast)
    if phase in ENDED and plan.on_exit:
        status = {**known, Reference("run", (), "status"): "Failed" if phase == "failed" else "Succeeded"}
        last = look.graph(plan.on_exit, status, (), fail_fast=True)
        phase = last if last != "succeeded" else phase
    running = sum(attempts[-1].phase == "running" for attempts in facts.values() if attempts)
    starts = look.starts if plan.parallelism is None else look.starts[: max(plan.parallelism - running, 0)]
    ended: Any = phase if phase in ENDED else "running"
    return Outcome(ended, tuple(starts), look.states, look.wake)


class _Look:
    """One walk over the plan."""

    def __init__(self, plan: Plan, facts: Facts, now: float) -> None:
        self.plan, self.facts, self.now = plan, facts, now
        self.starts: list[Task] = []
        self.states: dict[Id, State] = {}
        self.wake: float | None = None

    def graph(
        self, steps: tuple[Step, ...], values: dict[Any, Any], place: Id, *, fail_fast: bool, cap: int | None = None
    ) -> Phase:
        """Look at the steps of a graph; its values learn their outputs. A failure that nobody accepts fails it."""
        first = len(self.starts)
        states: dict[str, State] = {}
        waiting = list(steps)
        while waiting:  # in the order of the plan, each after what it needs
            blocked = []
            for step in waiting:
                if any(need.step not in states for need in step.needs):
                    blocked.append(step)
                    continue
                state = states[step.name] = self._step(
                    step, [(need, states[need.step]) for need in step.needs], values, place
                )
                if state.phase in ENDED:
                    for name, value in state.outputs.items():
                        values[Reference("output", step.address, name)] = value
            waiting = blocked
        failed = any(state.phase == "failed" and not _accepted(name, steps) for name, state in states.items())
        if failed and fail_fast:  # what runs may finish, nothing new starts
            del self.starts[first:]
            if self._active(place, steps):
                return "running"
            self._omit(place, steps)
            return "failed"
        self._limit(first, place, cap)
        if len(self.starts) > first or any(state.phase not in ENDED for state in states.values()):
            return "running"
        return "failed" if failed else "succeeded"

    def _omit(self, place: Id, steps: tuple[Step, ...]) -> None:
        heads = {(*place, step.name) for step in steps}
        for where, state in self.states.items():
            if state.phase not in ENDED and where[: len(place) + 1] in heads:
                self.states[where] = state._replace(phase="omitted")

    def _step(self, step: Step, needs: list[tuple[Need, State]], values: Values, place: Id) -> State:
        where = (*place, step.name)
        if any(state.phase not in ENDED for _, state in needs):
            return self._note(where, State("waiting"))
        if not all(_met(need, state) for need, state in needs):
            return self._note(where, State("omitted", absent(step)))
        try:
            if step.foreach is not None:
                return self._note(where, self._loop(step, step.foreach, values, where))
            return self._once(step, step.when, values, where)
        except (ExprError, ValueError) as error:
            message = error.message if isinstance(error, ExprError) else str(error)
            return self._note(where, State("failed", message=message))

    def _loop(self, step: Step, loop: Foreach, values: Values, where: Id) -> State:
        per_item = step.when if step.when is not None and _of_loop(step.when, step.address) else None
        if step.when is not None and per_item is None and not evaluate(step.when, values):
            return State("skipped", absent(step))
        items = _items(loop, values)
        if loop.max_items is not None and len(items) > loop.max_items:
            return State("failed", message=f"the loop has {len(items)} items, more than maxItems, {loop.max_items}")
        states: list[State] = []
        active, failures = 0, 0
        tolerated = len(items) if loop.tolerate == "all" else loop.tolerate or 0
        for index, item in enumerate(items):
            known = {
                **values,
                Reference("item", step.address, loop.variable): item,
                Reference("index", step.address, "index"): index,
            }
            first = len(self.starts)
            state = self._once(step, per_item, known, (*where, index))
            fresh = state.phase == "waiting" or (len(self.starts) > first and not self._begun((*where, index)))
            stopped = failures > tolerated or (loop.parallelism is not None and active >= loop.parallelism)
            if fresh and stopped:
                del self.starts[first:]
                state = self.states[(*where, index)] = State("waiting")
            active += state.phase in ("running", "retrying") or len(self.starts) > first
            failures += state.phase == "failed"
            states.append(state)
        return _joined(step, states, tolerated, active)

    def _once(self, step: Step, when: Expr | None, values: Values, where: Id) -> State:
        if when is not None and not evaluate(when, values):
            return self._note(where, State("skipped", lacking(step)))
        if not step.steps:
            return self._note(where, self._task(step, values, where))
        inner = dict(values)
        phase = self.graph(step.steps, inner, where, fail_fast=step.fail_fast, cap=step.parallelism)
        outputs = group_values(step, inner) if phase == "succeeded" else lacking(step)
        return self._note(where, State(phase, outputs))

    def _task(self, step: Step, values: Values, where: Id) -> State:
        attempts = self.facts.get(where, ())
        if not attempts:
            self.starts.append(ready(where, step, 1, values))
            return State("running")
        last = attempts[-1]
        if last.phase == "running":
            return State("running" if len(attempts) == 1 else "retrying")
        if last.phase == "succeeded":
            outputs, missing = task_values(step, last.outputs)
            return State("failed", lacking(step), missing) if missing else State("succeeded", outputs)
        if not _worth_retry(step, last):
            return State("failed", lacking(step), last.message)
        due = (self.now if last.ended is None else last.ended) + _pause(step, last.number)
        if due > self.now:
            self.wake = due if self.wake is None else min(self.wake, due)
        else:
            self.starts.append(ready(where, step, last.number + 1, values))
        return State("retrying", message=last.message)

    def _limit(self, first: int, place: Id, cap: int | None) -> None:
        if cap is not None:
            running = sum(
                attempts[-1].phase == "running" for task, attempts in self.facts.items() if task[: len(place)] == place
            )
            del self.starts[first + max(cap - running, 0) :]

    def _begun(self, where: Id) -> bool:
        return any(task[: len(where)] == where for task in self.facts)

    def _active(self, place: Id, steps: tuple[Step, ...]) -> bool:
        heads = {(*place, step.name) for step in steps}
        return any(
            attempts[-1].phase == "running" and task[: len(place) + 1] in heads for task, attempts in self.facts.items()
        )

    def _note(self, where: Id, state: State) -> State:
        self.states[where] = state
        return state


def _met(need: Need, state: State) -> bool:
    if need.condition == "completed":
        return True
    return state.phase == "failed" if need.condition == "failed" else state.phase in PASSED


def _accepted(name: str, steps: tuple[Step, ...]) -> bool:
    """Whether a step goes on after the failure of another."""
    return any(need.step == name and need.condition != "succeeded" for step in steps for need in step.needs)


def _of_loop(expr: Expr, address: Address) -> bool:
    return any(target(ref).kind in ("item", "index") and target(ref).step == address for ref in refs(expr))


def _items(loop: Foreach, values: Values) -> list[Any]:
    if loop.kind == "range":
        assert loop.size is not None
        return list(range(max(evaluate(loop.size, values), 0)))
    if loop.kind == "list":
        assert loop.items is not None
        return list(evaluate(loop.items, values))
    combinations: list[dict[str, Any]] = [{}]
    for name, axis in loop.axes:
        combinations = [{**one, name: value} for one in combinations for value in evaluate(axis, values)]
    return combinations


def _joined(step: Step, states: list[State], tolerated: int, active: int) -> State:
    """A loop's state from its items': results in the order of the items, null where one failed and may."""
    failures = sum(state.phase == "failed" for state in states)
    if any(state.phase in ("running", "retrying") for state in states) or active:
        return State("running")
    if failures > tolerated:
        words = next(state.message for state in states if state.phase == "failed")
        return State("failed", absent(step), f"{failures} of {len(states)} items failed: {words}" if words else "")
    if any(state.phase not in ENDED for state in states):
        return State("waiting" if all(state.phase == "waiting" for state in states) else "running")
    outputs = {name: [state.outputs.get(name) for state in states] for name in step.outputs}
    return State("succeeded", outputs)


def _worth_retry(step: Step, last: Attempt) -> bool:
    retry = step.retry
    if retry is None or last.number > retry.limit:
        return False
    if not retry.causes:
        return True
    codes = [cause for cause in retry.causes if isinstance(cause, int)]
    return last.cause in retry.causes or ("error" in retry.causes and bool(last.exit_code)) or last.exit_code in codes


def _pause(step: Step, attempts: int) -> int:
    backoff = step.retry.backoff if step.retry is not None else None
    if backoff is None:
        return 0
    pause: int = backoff.delay * backoff.factor ** (attempts - 1)
    return pause if backoff.maximum is None else min(pause, backoff.maximum)
