"""How many events a run of a machine has: a Standard execution ends at 25,000.

The numbers are those of the histories of Step Functions: entering and leaving a state is two events, a job that is
waited for has four more (scheduled, started, submitted, succeeded).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.emit.problem import Body

from .graph import targets
from .maps import distributed

LIMIT = 25_000
_RUN = 2  # started, succeeded
_STATE = 2  # entered, exited
_CALL, _WAITED = 3, 4  # scheduled, started, (submitted,) succeeded
_GROUP = 2  # started, succeeded
_ITEM = 2  # started, succeeded
_AGAIN = 4  # what a further attempt adds: failed, scheduled, started, submitted


def events(definition: Body, widths: Mapping[str, int], retries: int = 0) -> int:
    """The events of the longest way through a machine.

    `widths` says how many items the Maps have, by the name of the state; one that it does not name has those that
    are written, or one. Items of distributed Maps are executions of their own and do not count. `retries` are those
    of each Task. A loop of states counts once.
    """
    return _RUN + _scope(definition, widths, retries)


def _scope(given: Any, widths: Mapping[str, int], retries: int) -> int:
    states = given.get("States") if isinstance(given, Mapping) else None
    if not isinstance(states, Mapping):
        return 0
    found: dict[str, int] = {}
    start = given.get("StartAt")
    waiting = [start] if isinstance(start, str) else []
    open_: set[str] = set()
    while waiting:  # depth first, without Python's own depth
        name = waiting[-1]
        state = states.get(name)
        if name in found or not isinstance(state, Mapping):
            found.setdefault(name, 0)
            waiting.pop()
            continue
        after = [target for target, _ in targets(state)]
        new = [target for target in after if target not in found and target not in open_]
        if name not in open_:
            open_.add(name)
            waiting += new
        else:
            longest = max((found.get(target, 0) for target in after), default=0)
            found[name] = longest + _state(name, state, widths, retries)
            waiting.pop()
    return found.get(start, 0) if isinstance(start, str) else 0


def _state(name: str, state: Body, widths: Mapping[str, int], retries: int) -> int:
    kind = state.get("Type")
    if kind == "Task":
        waited = str(state.get("Resource", "")).endswith((".sync", ".sync:2", ".waitForTaskToken"))
        return _STATE + (_WAITED if waited else _CALL) + retries * _AGAIN
    if kind == "Parallel":
        branches = state.get("Branches")
        inner = sum(_scope(branch, widths, retries) for branch in branches) if isinstance(branches, list) else 0
        return _STATE + _GROUP + inner
    if kind == "Map":
        items = state.get("Items")
        width = widths.get(name, len(items) if isinstance(items, (list, tuple, Mapping)) else 1)
        if distributed(state):
            return _STATE + _GROUP + _GROUP
        return _STATE + _GROUP + width * (_ITEM + _scope(state.get("ItemProcessor"), widths, retries))
    return 1 if kind == "Fail" else _STATE
