"""The scheduler: from a plan and what is known of its tasks, what can start now and how far the run is.

It keeps no state of its own: every look at a run walks the whole plan again. Whoever drives a run may stop at any
moment and go on from what the computes know.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman.drive.outputs import absent, group_values, lacking, task_values
from dragoman.expr.evaluate import evaluate
from dragoman.expr.text import refs
from dragoman.expr.tree import Expr, ExprError
from dragoman.lower.task import Attempt, Id, Task, Values, ready
from dragoman.lower.unroll import items_of
from dragoman.plan.features import topological
from dragoman.plan.model import Address, Foreach, Need, Plan, Reference, Step
from dragoman.plan.references import target

Phase: TypeAlias = Literal["waiting", "running", "retrying", "succeeded", "failed", "skipped", "omitted"]
Facts: TypeAlias = Mapping[Id, Sequence[Attempt]]  # the attempts of each task that was ever started, in order
Known: TypeAlias = ChainMap[Any, Any]  # `Values` of a graph, over those of what is around it
ENDED = frozenset({"succeeded", "failed", "skipped", "omitted"})
PASSED = frozenset({"succeeded", "skipped"})


class State(NamedTuple):
    """What has become of a step (of one item of it): its phase, its outputs once it has ended, why it failed."""

    phase: Phase
    outputs: Mapping[str, Any] = {}
    message: str = ""


class Outcome(NamedTuple):
    """A look at a run.

    phase    running until nothing is left to do, then succeeded or failed
    starts   the tasks that can start now, in the order of the plan
    states   every step, group and item that was looked at, each after what it needs
    wake     when the next thing happens by itself, in seconds since 1970: a wait between attempts is over, or the
             flow's time; None when nothing does
    stops    running tasks that must be stopped
    message  why the run as a whole failed, when that is no step's fault
    """

    phase: Literal["running", "succeeded", "failed"]
    starts: tuple[Task, ...]
    states: Mapping[Id, State]
    wake: float | None
    stops: tuple[Id, ...] = ()
    message: str = ""


def walk(plan: Plan, facts: Facts, now: float, known: Values, began: float) -> Outcome:
    """Look at a run that began then. `known` are the run's own values: its id and name, its parameters."""
    look = _Look(facts, now)
    phase = look.graph(plan.steps, ChainMap({}, dict(known)), (), fail_fast=plan.fail_fast)
    stops: tuple[Id, ...] = ()
    late = plan.timeout is not None and look.late(began + plan.timeout, phase)
    if late:
        stops = tuple(task for task in look.states if look.runs(task))
        phase = look.close(0, 0) if not stops else "running"
    elif plan.timeout is not None and phase not in ENDED:
        look.wakes(began + plan.timeout)
    if phase in ENDED and plan.on_exit:
        status = {**known, Reference("run", (), "status"): "Failed" if phase == "failed" else "Succeeded"}
        last = look.graph(plan.on_exit, ChainMap({}, status), plan.on_exit[0].address[:-1], fail_fast=True)
        phase = last if last != "succeeded" else phase
    if late and stops:
        look.trim(0)
    if plan.parallelism is not None:
        look.trim(max(plan.parallelism - look.running[()], 0))
    ended: Any = phase if phase in ENDED else "running"
    message = f"the flow took longer than {_length(plan.timeout or 0)}" if late else ""
    return Outcome(ended, tuple(look.starts), look.states, look.wake, stops, message)


class _Look:
    """One walk over the plan; its time grows as the number of tasks does, so that loops may be long."""

    def __init__(self, facts: Facts, now: float) -> None:
        self.facts, self.now = facts, now
        self.starts: list[Task] = []
        self.states: dict[Id, State] = {}
        self.noted: list[Id] = []  # the keys of `states` as they came: what is inside a step came after it began
        self.wake: float | None = None
        self.begun: set[Id] = set()  # tasks that were started, and all they are part of
        self.running: Counter[Id] = Counter()  # how many attempts run there
        self.orders: dict[int, tuple[Step, ...]] = {}
        for task, attempts in facts.items():
            for size in range(len(task) + 1):
                self.begun.add(task[:size])
                self.running[task[:size]] += bool(attempts) and attempts[-1].phase == "running"

    def graph(
        self, steps: tuple[Step, ...], values: Known, place: Id, *, fail_fast: bool, cap: int | None = None
    ) -> Phase:
        """Look at the steps of a graph; its values learn their outputs. A failure that nobody accepts fails it."""
        first, noted = len(self.starts), len(self.noted)
        states: dict[str, State] = {}
        starts: dict[str, list[Task]] = {}
        for step in self._ordered(steps):
            mark = len(self.starts)
            needs = [(need, states[need.step]) for need in step.needs]
            state = states[step.name] = self._step(step, needs, values, place)
            starts[step.name] = self.starts[mark:]
            if state.phase in ENDED:
                for name, value in state.outputs.items():
                    values[Reference("output", step.address, name)] = value
        self.starts[first:] = [task for step in steps for task in starts[step.name]]
        accepted = {need.step for step in steps for need in step.needs if need.condition != "succeeded"}
        failed = any(state.phase == "failed" and name not in accepted for name, state in states.items())
        if failed and fail_fast:  # what runs may finish, nothing new starts
            self.trim(first)
            running = any(self.running[(*place, step.name)] for step in steps)
            return "running" if running else self.close(first, noted)
        if cap is not None:
            self.trim(first + max(cap - self.running[place], 0))
        if len(self.starts) > first or any(state.phase not in ENDED for state in states.values()):
            return "running"
        return "failed" if failed else "succeeded"

    def late(self, deadline: float, phase: Phase) -> bool:
        """Whether the steps looked at took longer, or do: what they did later says so even once nothing runs."""
        if phase not in ENDED and self.now >= deadline:
            return True
        attempts = [attempt for task in self.states for attempt in self.facts.get(task, ())]
        return any(time is not None and time > deadline for one in attempts for time in (one.started, one.ended))

    def runs(self, task: Id) -> bool:
        """Whether an attempt of just this task runs."""
        attempts = self.facts.get(task, ())
        return len(attempts) > 0 and attempts[-1].phase == "running"

    def close(self, first: int, noted: int) -> Phase:
        """Nothing that was looked at since starts any more, or is tried again."""
        self.trim(first)
        for where in self.noted[noted:]:
            state = self.states[where]
            if state.phase not in ENDED:
                self.states[where] = state._replace(phase="failed" if state.phase == "retrying" else "omitted")
        return "failed"

    def trim(self, most: int) -> None:
        """Leave out what would start beyond these."""
        for task in self.starts[most:]:
            if task.attempt == 1:
                self.states[task.id] = State("waiting")
        del self.starts[most:]

    def wakes(self, time: float) -> None:
        """Something happens by itself at that time."""
        self.wake = time if self.wake is None else min(self.wake, time)

    def _ordered(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Each after what it needs; found once for all the items of a group."""
        if id(steps) not in self.orders:
            self.orders[id(steps)] = tuple(topological(steps))
        return self.orders[id(steps)]

    def _step(self, step: Step, needs: list[tuple[Need, State]], values: Known, place: Id) -> State:
        where = (*place, step.name)
        if any(state.phase not in ENDED for _, state in needs):
            return self._note(where, State("waiting"))
        if not all(_met(need, state) for need, state in needs):
            return self._note(where, State("omitted", absent(step)))
        if step.foreach is None:
            return self._once(step, step.when, values, where)
        try:
            return self._note(where, self._loop(step, step.foreach, values, where))
        except (ExprError, ValueError) as error:
            return self._note(where, State("failed", absent(step), _words(error)))

    def _loop(self, step: Step, loop: Foreach, values: Known, where: Id) -> State:
        per_item = step.when if step.when is not None and _of_loop(step.when, step.address) else None
        if step.when is not None and per_item is None and not evaluate(step.when, values):
            return State("skipped", absent(step))
        items = items_of(loop, values)
        if loop.max_items is not None and len(items) > loop.max_items:
            message = f"the loop has {len(items)} items, more than maxItems, {loop.max_items}"
            return State("failed", absent(step), message)
        first, noted = len(self.starts), len(self.noted)
        tolerated = len(items) if loop.tolerate == "all" else loop.tolerate or 0
        states = [State("waiting")] * len(items)
        active, failures = 0, 0
        # those that have begun come first: they count, whatever their places, before another one starts
        for index in sorted(range(len(items)), key=lambda number: (*where, number) not in self.begun):
            one = (*where, index)
            full = loop.parallelism is not None and active >= loop.parallelism
            if one not in self.begun and (full or failures > tolerated):
                self._note(one, State("waiting"))
                continue
            mark = len(self.starts)
            item = Reference("item", step.address, loop.variable)
            counter = Reference("index", step.address, "index")
            known = values.new_child({item: items[index], counter: index})
            state = states[index] = self._once(step, per_item, known, one)
            active += state.phase not in ENDED or len(self.starts) > mark
            failures += state.phase == "failed"
        if failures > tolerated:  # as in a graph
            self.trim(first)
            if self.running[where]:
                return State("running")
            self.close(first, noted)
            words = next(state.message for state in states if state.phase == "failed")
            return State("failed", absent(step), f"{failures} of {len(items)} items failed" + (words and f": {words}"))
        return State("running") if active else _joined(step, states)

    def _once(self, step: Step, when: Expr | None, values: Known, where: Id) -> State:
        try:
            if when is not None and not evaluate(when, values):
                return self._note(where, State("skipped", lacking(step)))
            if not step.steps:
                return self._note(where, self._task(step, values, where))
            inner = values.new_child()
            phase = self.graph(step.steps, inner, where, fail_fast=step.fail_fast, cap=step.parallelism)
            return self._note(where, State(phase, group_values(step, inner) if phase == "succeeded" else lacking(step)))
        except (ExprError, ValueError) as error:
            return self._note(where, State("failed", lacking(step), _words(error)))

    def _task(self, step: Step, values: Known, where: Id) -> State:
        attempts = self.facts.get(where, ())
        if not attempts:
            self.starts.append(ready(where, step, 1, values))
            return State("running")
        last = attempts[-1]
        if last.phase == "running":
            return State("running" if len(attempts) == 1 else "retrying", message=last.message)
        if last.phase == "succeeded":
            outputs, missing = task_values(step, last.outputs)
            if not missing:
                return State("succeeded", outputs)
            last = last._replace(message=missing)  # a failure, too
        if not _worth_retry(step, last):
            return State("failed", lacking(step), last.message)
        due = self.now if last.ended is None else last.ended + _pause(step, last.number)
        if due > self.now:
            self.wakes(due)
        else:
            self.starts.append(ready(where, step, last.number + 1, values))
        return State("retrying", message=last.message)

    def _note(self, where: Id, state: State) -> State:
        self.states[where] = state
        self.noted.append(where)
        return state


def _met(need: Need, state: State) -> bool:
    if need.condition == "completed":
        return True
    return state.phase == "failed" if need.condition == "failed" else state.phase in PASSED


def _of_loop(expr: Expr, address: Address) -> bool:
    return any(target(ref).kind in ("item", "index") and target(ref).step == address for ref in refs(expr))


def _joined(step: Step, states: list[State]) -> State:
    """A loop's state when its items have ended: results in their order, null where one failed and may."""
    outputs = {
        name: [None if state.phase == "failed" else state.outputs.get(name) for state in states]
        for name in step.outputs
    }
    return State("succeeded", outputs)


def _worth_retry(step: Step, last: Attempt) -> bool:
    retry = step.retry
    if retry is None or last.number > retry.limit:
        return False
    if not retry.causes or last.cause == "timeout":  # which is no exit of the program's own, and no cause by name
        return not retry.causes
    codes = [cause for cause in retry.causes if isinstance(cause, int)]
    return last.cause in retry.causes or ("error" in retry.causes and bool(last.exit_code)) or last.exit_code in codes


def _pause(step: Step, attempts: int) -> int:
    backoff = step.retry.backoff if step.retry is not None else None
    if backoff is None:
        return 0
    pause: int = backoff.delay * backoff.factor ** (attempts - 1)
    return pause if backoff.maximum is None else min(pause, backoff.maximum)


def _words(error: ExprError | ValueError) -> str:
    return error.message if isinstance(error, ExprError) else str(error)


def _length(seconds: int) -> str:
    """A length of time in the largest unit that says it exactly: `12 h`, `90 min`, `45 s`."""
    size, unit = next(one for one in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")) if seconds % one[0] == 0)
    return f"{seconds // size} {unit}"
