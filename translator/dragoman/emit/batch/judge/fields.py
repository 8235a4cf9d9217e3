"""The fields of states in JSONata mode, and what they hold.

From the Amazon States Language, and the pages of the eight types of state in the developer guide of Step Functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, called, choice, problem

from .expressions import is_expression

LONGEST = 99_999_999  # seconds, and attempts
Said = tuple[str, str] | None


def text(value: Any) -> Said:
    """A string."""
    return None if isinstance(value, str) else (f"is {called(value)}, not a string", "put it in quotes")


def mapping(value: Any) -> Said:
    """An object."""
    return None if isinstance(value, Mapping) else (f"is {called(value)}, not an object", "write fields")


def mapping_or_text(value: Any) -> Said:
    """An object, or an expression."""
    return None if isinstance(value, Mapping) or is_expression(value) else (f"is {called(value)}, not an object", "")


def entries(value: Any) -> Said:
    """A list with something in it."""
    if not isinstance(value, (list, tuple)):
        return f"is {called(value)}, not a list", "write a list"
    return None if value else ("is empty", "leave it out, or write an entry")


def items(value: Any) -> Said:
    """What a Map goes through."""
    if isinstance(value, (list, tuple, Mapping)) or is_expression(value):
        return None
    return f"is {called(value)}, not a list", "write a list, an object or an expression"


def end(value: Any) -> Said:
    """`true`."""
    return None if value is True else (f"is {called(value)}", "write `true`, or leave it out")


def language(value: Any) -> Said:
    """The language of the machine."""
    return None if value == "JSONata" else (f"is {called(value)}", "write `JSONata`: the rest of the machine is")


def anything(value: Any) -> Said:
    """Anything."""
    return None


def number(least: int, most: int, whole: bool = True, constant: bool = False) -> Callable[[Any], Said]:
    """A number within bounds, or an expression."""

    def test(value: Any) -> Said:
        if not constant and is_expression(value):
            return None
        right = isinstance(value, int) if whole else isinstance(value, (int, float))
        if isinstance(value, bool) or not right:
            return f"is {called(value)}, not a{' whole' if whole else ''} number", "write a number, without quotes"
        if least <= value <= most:
            return None
        bound = f"less than {least}" if value < least else f"more than {most}"
        return f"is {called(value).removeprefix('the number ')}, {bound}", f"write a number from {least} to {most}"

    return test


_ON: dict[str, Callable[[Any], Said]] = {"Output": anything, "Assign": mapping, "Next": text, "End": end}
_FAILING: dict[str, Callable[[Any], Said]] = {"Retry": entries, "Catch": entries}
_SECONDS = number(1, LONGEST)
FIELDS: dict[str, dict[str, Callable[[Any], Said]]] = {
    "Task": {
        "Resource": text,
        "Arguments": mapping_or_text,
        "Credentials": mapping_or_text,
        "TimeoutSeconds": _SECONDS,
        "HeartbeatSeconds": _SECONDS,
        **_FAILING,
        **_ON,
    },
    "Pass": _ON,
    "Choice": {"Choices": entries, "Default": text, "Output": anything, "Assign": mapping},
    "Wait": {"Seconds": number(0, LONGEST), "Timestamp": text, **_ON},
    "Succeed": {"Output": anything},
    "Fail": {"Error": text, "Cause": text},
    "Parallel": {"Branches": entries, "Arguments": anything, **_FAILING, **_ON},
    "Map": {
        "ItemProcessor": mapping,
        "Items": items,
        "ItemReader": mapping,
        "ItemSelector": mapping_or_text,
        "ItemBatcher": mapping,
        "ResultWriter": mapping,
        "MaxConcurrency": number(0, LONGEST),
        "ToleratedFailureCount": number(0, LONGEST),
        "ToleratedFailurePercentage": number(0, 100, whole=False),
        "Label": text,
        **_FAILING,
        **_ON,
    },
}
_EVERYWHERE = {"Type": text, "Comment": text, "QueryLanguage": language}
_KNOWN = {kind: {**_EVERYWHERE, **fields} for kind, fields in FIELDS.items()}
_NEEDED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",), "Map": ("ItemProcessor",)}
RETRIER: dict[str, Callable[[Any], Said]] = {
    "ErrorEquals": entries,
    "IntervalSeconds": number(1, LONGEST, constant=True),
    "MaxAttempts": number(0, LONGEST, constant=True),
    "BackoffRate": number(1, LONGEST, whole=False, constant=True),
    "MaxDelaySeconds": number(1, 31_622_399, constant=True),
    "JitterStrategy": lambda value: None if value in ("FULL", "NONE") else (f"is {called(value)}", "write `FULL`"),
    "Comment": text,
}
CATCHER = {"ErrorEquals": entries, "Next": text, "Output": anything, "Assign": mapping, "Comment": text}
RULE = {
    "Condition": lambda value: (
        None if isinstance(value, bool) or is_expression(value) else (f"is {called(value)}", "write it in `{% %}`")
    ),
    "Next": text,
    "Output": anything,
    "Assign": mapping,
    "Comment": text,
}
# what states have in the other language, and what says the same here
PATHS = {
    "InputPath": "Arguments",
    "OutputPath": "Output",
    "Parameters": "Arguments",
    "Result": "Output",
    "ResultPath": "Output",
    "ResultSelector": "Output",
    "ItemsPath": "Items",
    "Iterator": "ItemProcessor",
    "Variable": "Condition",
    "SecondsPath": "Seconds",
    "TimestampPath": "Timestamp",
    "TimeoutSecondsPath": "TimeoutSeconds",
    "HeartbeatSecondsPath": "HeartbeatSeconds",
    "MaxConcurrencyPath": "MaxConcurrency",
    "ToleratedFailureCountPath": "ToleratedFailureCount",
    "ToleratedFailurePercentagePath": "ToleratedFailurePercentage",
    "ErrorPath": "Error",
    "CausePath": "Cause",
}


def state(given: Body, at: Pointer) -> Iterator[Problem]:
    """A state is of a known type, has the fields of that type, and they hold what they can."""
    kind = given.get("Type")
    if not isinstance(kind, str) or kind not in FIELDS:
        says = f"is {called(kind)}, which is no type of state" if "Type" in given else "is missing"
        yield problem((*at, "Type"), says, f"write {choice(tuple(FIELDS))}")
        return
    yield from fields(given, _KNOWN[kind], at, f"of a {kind} state")
    for key in _NEEDED.get(kind, ()):
        if key not in given:
            yield problem((*at, key), f"is missing, and a {kind} state needs it", "write it")


def fields(given: Body, known: Mapping[str, Callable[[Any], Said]], at: Pointer, where: str) -> Iterator[Problem]:
    """Every field is known, and holds what it can."""
    for key, value in given.items():
        test = known.get(key)
        if test is None:
            advice = "leave it out"
            says = f"is no field {where}"
            if key in PATHS:
                says, advice = "is for JSONPath, and the machine is in JSONata", f"write `{PATHS[key]}`"
                if PATHS[key] not in known:
                    advice = "leave it out"
            yield problem((*at, str(key)), says, advice)
        elif said := test(value):
            yield problem((*at, key), *said)


def missing(given: Body, keys: tuple[str, ...], at: Pointer) -> Iterator[Problem]:
    """What has to be there is there."""
    for key in keys:
        if key not in given:
            yield problem((*at, key), "is missing", "write it")
