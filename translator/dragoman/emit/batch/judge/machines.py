"""Rules of a state machine in JSONata mode, scope by scope.

From the Amazon States Language and the developer guide of Step Functions: "State machine structure", "Passing data
between states with variables", "Map workflow state", and its quotas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dragoman.emit.problem import Body, Pointer, Problem, called, problem

from . import expressions, failing, fields, graph, maps, work
from .definitions import measured
from .expressions import Readable

SIZE = 1_048_576  # bytes of a definition
STRING = 262_144  # bytes that a state takes or gives, and a variable holds
NAME = 80
_ODD = frozenset('?*<>{}[]"#%\\^|~`$&,;:/')
_TOP = {
    "Comment": fields.text,
    "QueryLanguage": fields.anything,
    "StartAt": fields.anything,
    "States": fields.anything,
    "TimeoutSeconds": fields.number(1, fields.LONGEST, constant=True),
    "Version": fields.text,
}
_BRANCH = {"Comment": fields.text, "StartAt": fields.anything, "States": fields.anything}
_PROCESSOR = {**_BRANCH, "ProcessorConfig": fields.mapping}
_WORDS = "Type Next End Default Resource Comment Retry Label QueryLanguage Branches ItemProcessor Catch Choices"
_CONSTANT = frozenset(_WORDS.split())
_RESULTS = frozenset({"Task", "Parallel", "Map"})
_SEEN = frozenset({"input", "context"})


class Scope(NamedTuple):
    """What the states of a scope find around them.

    `outer` are the variables of the scopes around it, which no state here may assign; `readable` are those of them
    that can be read; `met` are the names of all states; `express`: it runs as an Express execution.
    """

    outer: frozenset[str]
    readable: frozenset[str]
    met: dict[str, Pointer]
    definitions: Mapping[str, Body] | None
    express: bool = False


def judge(definition: Any, definitions: Mapping[str, Body] | None) -> Iterator[Problem]:
    """What is wrong with a machine; `definitions` are the job definitions that its states may name."""
    if not isinstance(definition, Mapping):
        yield problem((), f"is {called(definition)}, not an object", "describe the machine")
        return
    yield from fields.fields(definition, _TOP, (), "of a state machine")
    if definition.get("QueryLanguage") != "JSONata":
        yield problem(("QueryLanguage",), "is not `JSONata`", "write `JSONata`: without it a machine is in JSONPath")
    if definition.get("Version", "1.0") != "1.0":
        yield problem(("Version",), f"is {called(definition['Version'])}", "write `1.0`, or leave it out")
    yield from _scope(definition, (), Scope(frozenset(), frozenset(), {}, definitions))
    size = measured(definition, SIZE)
    if size > SIZE:
        says = f"has {size} bytes, more than the {SIZE} that Step Functions takes"
        yield problem((), says, "cut the flow into several, or keep its data in S3")
    elif size > STRING:
        yield from _large(definition, ())


def _large(value: Any, at: Pointer) -> Iterator[Problem]:
    """A text that a state cannot take or give."""
    if isinstance(value, str) and len(value) > STRING // 4 and (size := measured(value, STRING)) > STRING:
        yield problem(at, f"has {size} bytes, more than the {STRING} of a state's data", "keep it in S3")
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _large(child, (*at, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield from _large(child, (*at, index))


def _scope(given: Body, at: Pointer, scope: Scope) -> Iterator[Problem]:
    """What is wrong with the states of one scope, and of the scopes in it."""
    found = given.get("States")
    if not isinstance(found, Mapping) or not found:
        says = f"is {called(found)}, not an object" if "States" in given and found != {} else "has no states"
        yield problem((*at, "States"), says, "write a state")
        return
    states = {name: state for name, state in found.items() if isinstance(state, Mapping) and isinstance(name, str)}
    for name, state in found.items():
        if not isinstance(state, Mapping) or not isinstance(name, str):
            yield problem((*at, "States", str(name)), f"is {called(state)}, not a state", "write its fields")
    own: set[str] = set()
    for name, state in states.items():
        yield from _assigned(state, (*at, "States", name), scope.outer, own)
    readable = scope.readable | own
    inner = scope._replace(outer=scope.outer | own, readable=readable)
    plain, result = Readable(readable, _SEEN), Readable(readable, _SEEN | {"result"})
    for name, state in states.items():
        place = (*at, "States", name)
        yield from _name(name, place, scope.met)
        yield from fields.state(state, place)
        yield from _expressions(state, place, plain, result)
        yield from _inside(state, place, inner)
    yield from graph.judge(given, states, at)


def _assigned(state: Body, at: Pointer, outer: frozenset[str], own: set[str]) -> Iterator[Problem]:
    """The variables that a state assigns have a name, which no scope around has.

    What a catcher of a Map or Parallel assigns belongs to the scope of that state.
    """
    places: list[tuple[Any, Pointer]] = [(state.get("Assign"), ("Assign",))] if "Assign" in state else []
    for key in ("Catch", "Choices"):
        entries = state.get(key)
        for index, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
            if isinstance(entry, Mapping) and "Assign" in entry:
                places.append((entry["Assign"], (key, index, "Assign")))
    for given, where in places:
        for name in given if isinstance(given, Mapping) else ():
            place = (*at, *where, str(name))
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("_") or len(name) > NAME:
                says = "is no name of a variable"
                yield problem(place, says, f"use letters, digits and `_`, begin with a letter, {NAME} at most")
            elif name == "states":
                yield problem(place, "has the name of AWS's own variable, `$states`", "take another name")
            elif name in expressions.FUNCTIONS:  # AWS takes it
                yield problem(place, f"hides the function `${name}` from all states that follow", "take another name")
            elif name in outer:
                says = f"assigns `{name}`, which a scope around this one assigns"
                yield problem(place, says, "take another name: an inner scope can read that variable, not change it")
            own.add(str(name))


def _name(name: str, at: Pointer, met: dict[str, Pointer]) -> Iterator[Problem]:
    """A state has a name that logs and consoles take, and that no other state of the machine has."""
    if not name or len(name) > NAME:
        says = f"has a name of {len(name)} characters, not 1 to {NAME}"
        yield problem(at, says, "give the state a shorter name" if name else "give the state a name")
    elif not (name.isascii() and name.isprintable() and name.strip() == name and _ODD.isdisjoint(name)):
        says = "has a name with a letter that names at AWS do not have"
        yield problem(at, says, "use ASCII letters, digits, blanks, `-`, `_` and `.`")
    if name in met:
        says = f"has the name of another state, `{'.'.join(map(str, met[name]))}`"
        yield problem(at, says, "give each state of the machine its own name")
    else:
        met[name] = at


def _expressions(state: Body, at: Pointer, plain: Readable, result: Readable) -> Iterator[Problem]:
    """The expressions of a state read what there is where they stand."""
    kind = state.get("Type")
    results = isinstance(kind, str) and kind in _RESULTS
    for key, value in state.items():
        if key in _CONSTANT:
            continue
        seen = result if results and key in {"Output", "Assign"} else plain
        yield from expressions.judge(value, (*at, str(key)), seen)
    for key in ("Catch", "Choices"):
        entries = state.get(key)
        for index, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
            for field in entry if isinstance(entry, Mapping) else ():
                if field in {"Condition", "Output", "Assign"}:
                    seen = Readable(plain.variables, _SEEN | {"errorOutput"}) if key == "Catch" else plain
                    yield from expressions.judge(entry[field], (*at, key, index, field), seen)


def _inside(state: Body, at: Pointer, scope: Scope) -> Iterator[Problem]:
    """What is wrong with what a state does, by its type."""
    kind = state.get("Type")
    if kind == "Task":
        yield from work.judge(state, at, scope.definitions, scope.express)
        yield from failing.judge(state, at)
    elif kind == "Choice":
        yield from _choice(state, at)
    elif kind == "Wait":
        if ("Seconds" in state) == ("Timestamp" in state):
            yield problem(at, "has not exactly one of `Seconds` and `Timestamp`", "say how long it waits")
    elif kind == "Fail":
        for key, most in (("Error", failing.NAME), ("Cause", 32_768)):
            if isinstance(text := state.get(key), str) and len(text) > most and not expressions.is_expression(text):
                yield problem((*at, key), f"has {len(text)} characters, more than {most}", "write a shorter text")
    elif kind == "Parallel":
        yield from failing.judge(state, at)
        branches = state.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, (list, tuple)) else ()):
            yield from _within(branch, (*at, "Branches", index), scope, _BRANCH)
    elif kind == "Map":
        yield from failing.judge(state, at)
        yield from maps.judge(state, at)
        if maps.distributed(state):
            # its items are executions of their own, which do not see the variables of this one
            scope = scope._replace(readable=frozenset(), express=maps.express(state))
        yield from _within(state.get("ItemProcessor"), (*at, "ItemProcessor"), scope, _PROCESSOR)


def _within(given: Any, at: Pointer, scope: Scope, known: Any) -> Iterator[Problem]:
    if isinstance(given, Mapping):
        yield from fields.fields(given, known, at, "of states within a state")
        yield from _scope(given, at, scope)
    elif given is not None:
        yield problem(at, f"is {called(given)}, not an object", "write `StartAt` and `States`")


def _choice(state: Body, at: Pointer) -> Iterator[Problem]:
    """A rule of a choice has a condition and a target."""
    entries = state.get("Choices")
    for index, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
        place = (*at, "Choices", index)
        if not isinstance(entry, Mapping):
            yield problem(place, f"is {called(entry)}, not an object", "write `Condition` and `Next`")
            continue
        yield from fields.fields(entry, fields.RULE, place, "of a rule of a choice")
        yield from fields.missing(entry, ("Condition", "Next"), place)
