"""The slow pass: why a body does not fit its type, and what of it does.

It gives back the body without the parts that do not fit, so that the rules, which trust the types, can go on and
everything that is wrong is said at once. It reads the arguments of a state, too: their fields begin with a capital
letter, and a text in `{% %}` may stand for anything, so that None is kept in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from dragoman.emit.problem import Pointer, Problem, called, choice, problem, shown

from .shapes import Shape, pascal, properties, shape

MISSING: Any = object()


class Explained(NamedTuple):
    """What is wrong with the parts of a body, and the body without them, its fields spelled as botocore does."""

    problems: list[Problem]
    body: dict[str, Any]


def explain(body: Any, type: str, *, state: bool = False) -> Explained:
    """What is wrong with the parts of a body of that type; `state`: it is the arguments of a state."""
    found: list[Problem] = []
    kept = _Reader(found, state).value(body, type, ())
    return Explained(found, kept if isinstance(kept, dict) else {})


class _Reader(NamedTuple):
    found: list[Problem]
    state: bool

    def value(self, value: Any, text: str, at: Pointer) -> Any:
        """The value as far as it fits its shape; MISSING where nothing does."""
        read = shape(text)
        if self.state and isinstance(value, str) and value.startswith("{%"):
            return None
        if read.kind == "@":
            return self.record(value, read.items, at)
        if read.kind == "[]":
            return self.list(value, read, at)
        if read.kind == "{}":
            return self.map(value, read, at)
        said = _SCALARS[read.kind](value, read)
        if said is None:
            return value
        self.found.append(problem(at, *said))
        # a string of the wrong form is still a name that others may refer to
        return value if read.kind == "s" and isinstance(value, str) and not read.words else MISSING

    def record(self, value: Any, name: str, at: Pointer) -> Any:
        if not isinstance(value, Mapping):
            return self.wrong(value, "an object with fields", at)
        fields, kept = _fields(name, self.state), {}
        for key, child in value.items():
            field = fields.get(key) if isinstance(key, str) else None
            if field is None:
                self.found.append(_unknown(str(key), fields, (*at, str(key)), self.state))
            elif (good := self.value(child, field[1], (*at, key))) is not MISSING:
                kept[field[0]] = good
        for key, field in fields.items():
            if field[2] and key not in value:
                self.found.append(problem((*at, key), "is missing", "AWS cannot do without it"))
        return kept

    def list(self, value: Any, read: Shape, at: Pointer) -> Any:
        if not isinstance(value, (list, tuple)):
            return self.wrong(value, "a list", at)
        self.number(len(value), read, at)
        kept = [self.value(item, read.items, (*at, index)) for index, item in enumerate(value)]
        # something stays in the place of what does not fit: the places of the others must not move
        return [_blank(shape(read.items)) if item is MISSING else item for item in kept]

    def map(self, value: Any, read: Shape, at: Pointer) -> Any:
        if not isinstance(value, Mapping):
            return self.wrong(value, "an object with any keys", at)
        self.number(len(value), read, at)
        kept, (least, most) = {}, read.keys
        for key, child in value.items():
            if not isinstance(key, str):
                self.found.append(problem((*at, str(key)), "has a key that is no string", "put the key in quotes"))
                continue
            if not least <= len(key) <= most:
                says = f"has a key of {len(key)} characters, not {least} to {most}"
                self.found.append(problem((*at, key), says, "write another key"))
            if (good := self.value(child, read.items, (*at, key))) is not MISSING:
                kept[key] = good
        return kept

    def number(self, length: int, read: Shape, at: Pointer) -> None:
        least, most = read.room
        if length < least:
            advice = "leave it out" if not length else f"write {least} at least"
            self.found.append(problem(at, f"has {length} entries, fewer than {least}", advice))
        elif length > most:
            self.found.append(problem(at, f"has {length} entries, more than {most}", f"write {most} at most"))

    def wrong(self, value: Any, wanted: str, at: Pointer) -> Any:
        self.found.append(problem(at, f"is {called(value)}, not {wanted}"))
        return MISSING


@cache
def _fields(name: str, state: bool) -> dict[str, tuple[str, str, bool]]:
    """The fields of a type as they are spelled there: the name that botocore has, the shape, whether required."""
    found = properties(name).items()
    return {pascal(key) if state else key: (key, text, required) for key, (text, required) in found}


def _unknown(key: str, fields: Mapping[str, object], at: Pointer, state: bool) -> Problem:
    from difflib import get_close_matches

    says = f"is no field of AWS Batch{' here' if at[1:] else ''}"
    if state and pascal(key) in fields:
        return problem(at, f"{says}: a state's arguments begin with a capital letter", f"write `{pascal(key)}`")
    near = get_close_matches(key, fields, 1, 0.75)
    return problem(at, says, f"did you mean `{near[0]}`?" if near else "leave it out")


def _blank(read: Shape) -> Any:
    return {"[]": [], "{}": {}, "@": {}, "b": False}.get(read.kind)


def _string(value: Any, read: Shape) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return f"is {called(value)}, not a string", "put it in quotes"
    if read.words:
        if value in read.words:
            return None
        return f"is {shown(value)}, which AWS does not know", f"write {choice(read.words)}"
    least, most = read.room
    if least <= len(value) <= most:
        return None
    return f"has {len(value)} characters, not {least} to {most}", "write another text"


def _boolean(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, bool):
        return None
    return f"is {called(value)}, not a boolean", "write `true` or `false`, without quotes"


def _integer(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"is {called(value)}, not an integer", "write a whole number, without quotes"
    least, most = read.room
    if least <= value <= most:
        return None
    return f"is {shown(value)}, beyond all that AWS reads", f"write a number from {least} to {most}"


_SCALARS: dict[str, Callable[[Any, Shape], tuple[str, str] | None]] = {"s": _string, "b": _boolean, "i": _integer}
