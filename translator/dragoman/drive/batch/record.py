"""What the events of an execution say, put down for each step: its units of work and its loops."""

from __future__ import annotations

from collections.abc import Mapping
from json import loads
from typing import TypeAlias

from dragoman.drive.batch.api import Body, Event
from dragoman.drive.batch.names import OUTER, Named, arrays, named_states
from dragoman.drive.batch.words import job_in, why
from dragoman.emit.batch.manifests import FLOW
from dragoman.emit.batch.names import state_name
from dragoman.plan.model import Address, Plan, Step
from dragoman.report.letters import clean
from dragoman.report.progress import Phase

Scope: TypeAlias = tuple[tuple[Address, int], ...]  # the items of the loops around something, outermost first
Key: TypeAlias = tuple[Address, Scope]

ENDINGS: Mapping[str, Phase] = {
    "ExecutionSucceeded": "succeeded",
    "ExecutionFailed": "failed",
    "ExecutionTimedOut": "failed",
    "ExecutionAborted": "failed",
}
STOPPED = "stopped"
TASK_FAILED = frozenset({"TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "TaskStartFailed", "EvaluationFailed"})
LOOP_FAILED = frozenset({"MapStateFailed", "MapStateAborted", "MapRunFailed", "MapRunAborted"})
UNACCEPTED = "a step failed that no other one accepts"
LOOP_LOST, LOOP_TOO_LONG = "more items failed than may", "it has more items than `maxItems`"
LONGEST = 300  # letters of a cause


class Unit:
    """One run of a step: its attempts, and how it ended; of a loop, one for each of its items."""

    def __init__(self, started: float) -> None:
        self.phase: Phase = "running"
        self.started = started
        self.finished: float | None = None
        self.tries = 0  # jobs that were submitted
        self.fails = 0  # of them, how many there were when the last one failed
        self.job = ""  # the last of them
        self.told: Body = {}  # what was said of it when it failed
        self.failure = ""  # of the last attempt, until one succeeds
        self.stopped = False  # others ended it

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.finished is not None

    def end(self, phase: Phase, time: float) -> None:
        """Nothing more happens to it."""
        if not self.over:
            self.phase, self.finished = phase, time

    def cut(self, time: float) -> None:
        """What was around it has ended: it failed by itself, or was stopped."""
        if not self.over:
            self.stopped = not self.failure
            self.failure = self.failure or STOPPED
            self.end("failed", time)


class Loop(Unit):
    """One run of a loop: how many items it has, those that ended, those of them that failed."""

    def __init__(self, started: float) -> None:
        super().__init__(started)
        self.length: int | None = None
        self.ended: set[int] = set()
        self.lost: set[int] = set()
        self.runs: list[str] = []  # where its items have histories of their own
        self.failing = False


class Record:
    """Everything known of an execution; `inside` is the item that it runs for, when it is one of a loop's."""

    def __init__(self, plan: Plan, states: Mapping[str, Body], inside: Scope = ()) -> None:
        self._plan, self._states = plan, states
        self._named = named_states(plan)
        self._inside = inside
        self.arrays = arrays(plan, states)
        self._places: dict[int, tuple[str, Scope]] = {}
        self._failed: set[int] = set()  # events that say that branches failed
        self._open: dict[Key, Unit] = {}
        self.units: dict[Key, Unit] = {}
        self.loops: dict[Key, Loop] = {}
        self.last = 0
        self.phase: Phase = "waiting"
        self.started: float | None = None
        self.finished: float | None = None
        self.flow_over = False  # steps that run at the end may go on
        self.message = ""

    def add(self, event: Event) -> None:
        """One more event; they come in their order."""
        self.last = event.id
        if event.type.startswith("Execution"):
            self._execution(event)
            return
        state, scope = self._places.get(event.before, ("", self._inside))
        state = event.details.get("name", state) if _names(event.type) else state
        named = self._named.get(state)
        scope = self._within(named, state, scope)
        if event.type.startswith("MapIteration") and named is not None:
            scope = (*scope, (named.step.address, int(event.details["index"])))
        self._places[event.id] = state, scope
        if state == FLOW and event.type == "ParallelStateExited":
            self.flow_over = True
            self._cut({step.address for step in self._plan.steps}, (), event.time)
        elif event.type == "ParallelStateFailed":
            self._failed.add(event.id)
        elif event.type in LOOP_FAILED:
            self._failing(named, scope, event)
        elif named is None:
            return
        elif event.type.endswith("StateEntered"):
            self._entered(named, scope, event)
        elif event.type.endswith("StateExited"):
            self._exited(named, scope, event)
        elif event.type.startswith("Map"):
            self._map(named, scope, event)
        elif event.type.startswith("Task") or event.type == "EvaluationFailed":
            self._task(named, scope, event)

    def _within(self, named: Named | None, state: str, scope: Scope) -> Scope:
        """The items that a state is in: what came before it may have been in more loops than it is."""
        if named is None:
            return () if state.startswith("dragoman--") else scope
        return tuple(one for one in scope if one[0] in named.loops)

    def _execution(self, event: Event) -> None:
        self._places[event.id] = "", self._inside
        if event.type == "ExecutionStarted":
            self.phase, self.started = "running", event.time
        if event.type not in ENDINGS:
            return
        self.phase, self.finished, self.flow_over = ENDINGS[event.type], event.time, True
        self._blamed(event)
        self._cut({()}, (), event.time)
        if event.type == "ExecutionTimedOut":
            self.message = "it took too long"
        elif event.type == "ExecutionAborted":
            self.message = ": ".join(filter(None, ("stopped", cause(event.details))))
        elif event.type == "ExecutionFailed" and not self._known(event.details):
            self.message = cause(event.details)

    def _blamed(self, event: Event) -> None:
        """What ended in a state without a word of its own: an expression that has no value, say."""
        state, scope = self._places.get(event.before, ("", self._inside))
        named = self._named.get(state)
        unit = self.units.get((named.step.address, scope)) if named is not None else None
        if event.type == "ExecutionFailed" and unit is not None and not unit.over:
            unit.failure = unit.failure or cause(event.details)

    def _known(self, details: Body) -> bool:
        """Whether a step says already why the run failed."""
        text = str(details.get("cause") or "")
        said = {one.failure for one in (*self.units.values(), *self.loops.values())}
        return bool(job_in(text[text.find("{") :])) or text.startswith(UNACCEPTED) or cause(details) in said

    def _entered(self, named: Named, scope: Scope, event: Event) -> None:
        step, what, key = named.step, named.what, (named.step.address, scope)
        if what in ("", "first", "group"):
            self._unit(key, event)
        elif what == "loop":
            self._loop(key, event)
        elif what in ("skipped", "nothing", "omitted"):
            self._about(named, key, event).end("omitted" if what == "omitted" else "skipped", event.time)
        elif what in ("failed", "lost", "lost-item"):
            self._lost(self._about(named, key, event), event)
            self._cut({step.address}, scope, event.time)
            loop = self.loops.get((step.address, scope[:-1]))
            if what == "lost-item" and loop is not None:
                loop.lost.add(scope[-1][1])
        elif what in ("too-many", "too-long"):
            loop = self._loop(key, event)
            loop.phase, loop.finished = "failed", event.time
            loop.failure = LOOP_LOST if what == "too-many" else LOOP_TOO_LONG

    def _lost(self, one: Unit, event: Event) -> None:
        """Something failed, and that is noted; a loop may have ended well, but for what its items say."""
        if isinstance(one, Loop) and not one.failing:
            one.failure = LOOP_TOO_LONG if one.length is None else LOOP_LOST
            one.phase, one.finished = "failed", event.time
        one.cut(event.time)

    def _exited(self, named: Named, scope: Scope, event: Event) -> None:
        key = named.step.address, scope
        one = self.loops.get(key) if named.what == "loop" else self.units.get(key)
        if one is None:
            return
        if named.what in ("loop", "group"):
            failing = event.before in self._failed or (isinstance(one, Loop) and one.failing)
            one.end("failed" if failing else "succeeded", event.time)
            self._cut({named.step.address}, scope, event.time)
        elif not one.failure and (named.what == "outputs" or (named.what == "" and not self._hands_on(named.step))):
            one.end("succeeded", event.time)

    def _hands_on(self, step: Step) -> bool:
        """Whether a step goes on with a state that reads its outputs."""
        return state_name(step, "outputs") in self._states

    def _map(self, named: Named, scope: Scope, event: Event) -> None:
        address = named.step.address
        if event.type == "MapStateStarted":
            self._loop((address, scope), event).length = int(event.details["length"])
        elif event.type == "MapRunStarted":
            self._loop((address, scope), event).runs.append(str(event.details["mapRunArn"]))
        elif event.type.startswith("MapIteration") and event.type != "MapIterationStarted":
            loop = self._loop((address, scope[:-1]), event)
            loop.ended.add(scope[-1][1])
            if event.type != "MapIterationSucceeded":
                loop.lost.add(scope[-1][1])
            self._cut({address}, scope, event.time)

    def _failing(self, named: Named | None, scope: Scope, event: Event) -> None:
        """A loop failed: the one that the event before is about, or the innermost around it."""
        if named is not None and named.what == "loop":
            key = named.step.address, scope
        elif scope:
            key = scope[-1][0], scope[:-1]
        else:
            return
        if event.type.startswith("MapState"):
            self._places[event.id] = "", key[1]
        loop = self.loops.get(key)
        if loop is not None and not loop.over:
            loop.failing = True
            loop.failure = loop.failure or (STOPPED if event.type.endswith("Aborted") else cause(event.details))

    def _task(self, named: Named, scope: Scope, event: Event) -> None:
        unit = self.units.get((named.step.address, scope))
        if unit is None or unit.over:
            return
        if event.type == "TaskSubmitted":
            unit.tries += 1
            unit.job = str(job_in(event.details.get("output", "")).get("jobId", ""))
        elif event.type in TASK_FAILED:
            unit.fails, unit.told = unit.tries, job_in(event.details.get("cause", ""))
            unit.failure = why(unit.told) or cause(event.details) or "no reason given"
            if event.type == "TaskTimedOut":
                unit.failure = "it took too long"
        elif event.type == "TaskSucceeded":
            unit.failure = ""

    def _about(self, named: Named, key: Key, event: Event) -> Unit:
        """The loop or the unit that a state is about."""
        if named.step.foreach is None or named.what not in OUTER or named.step.address in self.arrays:
            return self._unit(key, event)
        loop = self._loop(key, event)
        if named.what in ("skipped", "omitted"):
            loop.length = 0
        return loop

    def _unit(self, key: Key, event: Event) -> Unit:
        if key not in self.units:
            self.units[key] = self._open[key] = Unit(event.time)
        return self.units[key]

    def _loop(self, key: Key, event: Event) -> Loop:
        if key not in self.loops:
            self.loops[key] = self._open[key] = Loop(event.time)
        return self.loops[key]

    def _cut(self, names: set[Address], scope: Scope, time: float) -> None:
        """All that is in these steps, in this item, has ended."""
        for key, one in list(self._open.items()):
            address, inner = key
            if inner[: len(scope)] == scope and any(address[: len(name)] == name for name in names):
                one.cut(time)
            if one.over:
                del self._open[key]


def cause(details: Body) -> str:
    """What an event says of a failure: words of a job, or its cause as it is."""
    text = str(details.get("cause") or "")
    prefix, brace, rest = text.partition("{")
    job = job_in(f"{brace}{rest}")
    words = f"{prefix}{why(job)}" if job else text
    found = clean(words) or clean(str(details.get("error") or ""))
    return found if len(found) <= LONGEST else f"{found[:LONGEST]}…"


def item_of(input: str) -> int:
    """The number of the item that an execution of a loop runs for, by its input."""
    try:
        return int(loads(input)["index"])
    except (ValueError, TypeError, KeyError):
        return 0


def _names(type: str) -> bool:
    """Whether an event says the name of its state."""
    return type.endswith(("StateEntered", "StateExited")) or type.startswith("MapIteration")
