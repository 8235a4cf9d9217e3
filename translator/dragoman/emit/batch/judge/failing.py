"""Rules of `Retry` and `Catch`, and of the names of errors.

From "Handling errors in Step Functions workflows" in its developer guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, called, choice, problem, shown

from .fields import CATCHER, RETRIER, fields, missing

ERRORS = (
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultWriterFailed",
    "States.TaskFailed",
    "States.Timeout",
)
NAME = 256  # characters of the name of an error
_PATHS = ("States.IntrinsicFailure", "States.ParameterPathFailure", "States.ResultPathMatchFailure")


def judge(state: Body, at: Pointer) -> Iterator[Problem]:
    """What is wrong with what a state does when it fails."""
    for key, known, needed in (("Retry", RETRIER, ("ErrorEquals",)), ("Catch", CATCHER, ("ErrorEquals", "Next"))):
        entries = state.get(key)
        if not isinstance(entries, (list, tuple)):
            continue
        for index, entry in enumerate(entries):
            place = (*at, key, index)
            if not isinstance(entry, Mapping):
                yield problem(place, f"is {called(entry)}, not an object", "write `ErrorEquals` and so on")
                continue
            yield from fields(entry, known, place, f"of `{key}`")
            yield from missing(entry, needed, place)
            yield from _names(entry.get("ErrorEquals"), (*place, "ErrorEquals"), index == len(entries) - 1)
            if key == "Retry":
                yield from _delays(entry, place)


def _names(names: Any, at: Pointer, last: bool) -> Iterator[Problem]:
    if not isinstance(names, (list, tuple)):
        return
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name:
            yield problem((*at, index), f"is {called(name)}, not the name of an error", "write its name")
        elif name in _PATHS:
            yield problem(
                (*at, index), f"is {shown(name)}, which only JSONPath has", "write `States.QueryEvaluationError`"
            )
        elif name == "States.Runtime":
            yield problem((*at, index), "is `States.Runtime`, which nothing retries or catches", "leave it out")
        elif name.startswith("States.") and name not in ERRORS:
            says = f"is {shown(name)}, which Step Functions does not have"
            yield problem((*at, index), says, f"write {choice(ERRORS)}")
    if "States.ALL" in names:
        if len(names) > 1:
            yield problem(at, "has `States.ALL` beside other names", "write `States.ALL` alone")
        if not last:
            yield problem(at, "is `States.ALL`, so that nothing after it is reached", "put it last")


def _delays(entry: Body, at: Pointer) -> Iterator[Problem]:
    """The longest delay is longer than the first."""
    first, most = entry.get("IntervalSeconds", 1), entry.get("MaxDelaySeconds")
    if isinstance(first, int) and isinstance(most, int) and most <= first:
        says = f"is {shown(most)}, not more than `IntervalSeconds`, which is {shown(first)}"
        yield problem((*at, "MaxDelaySeconds"), says, "raise it, or leave it out")
