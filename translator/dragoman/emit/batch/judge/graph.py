"""Rules of the way through a machine: every target is there, every state is reached, and there is an end.

From the Amazon States Language: `StartAt`, `Next`, `Default` and `End`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, called, problem, shown

_ON = frozenset({"Task", "Pass", "Wait", "Parallel", "Map"})
_LAST = frozenset({"Succeed", "Fail"})


def judge(given: Body, states: Mapping[str, Body], at: Pointer) -> Iterator[Problem]:
    """What is wrong with the way through the states of one scope."""
    start = given.get("StartAt")
    if start is None or not isinstance(start, str):
        says = "is missing" if start is None else f"is {called(start)}, not a string"
        yield problem((*at, "StartAt"), says, "name the first state")
    elif start not in states:
        yield _lost(start, (*at, "StartAt"), states)
    ways: dict[str, list[str]] = {}
    ended = False
    for name, state in states.items():
        ways[name] = []
        for target, key in targets(state):
            ways[name].append(target)
            if target not in states:
                yield _lost(target, (*at, "States", name, *key), states)
        kind = state.get("Type")
        if isinstance(kind, str) and kind in _ON and ("Next" in state) == ("End" in state):
            says = "has both `Next` and `End`" if "Next" in state else "has neither `Next` nor `End`"
            yield problem((*at, "States", name), says, "say which state follows, or write `End: true`")
        ended = ended or "End" in state or (isinstance(kind, str) and kind in _LAST)
    if not ended:
        yield problem((*at, "States"), "has no state that ends it", "write `End: true`, or a `Succeed` state")
    if isinstance(start, str) and start in states:
        yield from _unreached(start, ways, at)


def targets(state: Body) -> Iterator[tuple[str, Pointer]]:
    """Where a state may go on, with the place that says so."""
    for key in ("Next", "Default"):
        if isinstance(target := state.get(key), str):
            yield target, (key,)
    for key in ("Catch", "Choices"):
        entries = state.get(key)
        for index, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
            if isinstance(entry, Mapping) and isinstance(target := entry.get("Next"), str):
                yield target, (key, index, "Next")


def _lost(target: str, at: Pointer, states: Mapping[str, Any]) -> Problem:
    from difflib import get_close_matches

    near = get_close_matches(target, [name for name in states if isinstance(name, str)], 1, 0.75)
    advice = f"did you mean `{near[0]}`?" if near else "name a state beside this one"
    return problem(at, f"is {shown(target)}, and there is no such state here", advice)


def _unreached(start: str, ways: Mapping[str, list[str]], at: Pointer) -> Iterator[Problem]:
    reached, waiting = {start}, [start]
    while waiting:
        for target in ways[waiting.pop()]:
            if target in ways and target not in reached:
                reached.add(target)
                waiting.append(target)
    for name in ways:
        if name not in reached:
            says = "is never reached"
            yield problem((*at, "States", name), says, "leave it out, or let a state go on to it")
