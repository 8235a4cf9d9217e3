"""The slow pass: why an object does not fit its type, and what of it does.

It gives back the object without the parts that do not fit, so that the rules, which trust the types, can go on
and everything that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dragoman.emit.problem import Pointer, Problem, called, choice, problem, shown

from .amounts import quantity
from .formats import FORMATS
from .gate import base64, moment
from .shapes import Property, Shape, properties, shape

MISSING: Any = object()


class Explained(NamedTuple):
    """What is wrong with the parts of an object, and the object without them."""

    problems: list[Problem]
    body: dict[str, Any]


def explain(body: Mapping[str, Any], kind: str, minor: int) -> Explained:
    """What is wrong with the parts of an object of that type."""
    found: list[Problem] = []
    kept = _Reader(minor, found).value(body, kind, ())
    return Explained(found, kept if isinstance(kept, dict) else {})


class _Reader(NamedTuple):
    minor: int
    found: list[Problem]

    def value(self, value: Any, text: str, at: Pointer) -> Any:
        """The value as far as it fits its shape; MISSING where nothing does."""
        read = shape(text)
        if read.kind == "@":
            return self.record(value, read.word, at)
        if read.kind == "[]":
            return self.list(value, read, at)
        if read.kind == "{}":
            return self.map(value, read, at)
        said = _SCALARS[read.kind](value, read)
        if said is None:
            return value
        self.found.append(problem(at, *said))
        # a string of the wrong form is still a name that others may refer to
        return value if read.kind == "s" and isinstance(value, str) else MISSING

    def record(self, value: Any, name: str, at: Pointer) -> Any:
        if not isinstance(value, Mapping):
            return self.wrong(value, "an object with fields", at)
        fields, kept = properties(name), {}
        for key, child in value.items():
            field = fields.get(key) if isinstance(key, str) else None
            if field is None:
                self.found.append(_unknown(str(key), name, (*at, str(key))))
            elif child is None:
                continue  # null is the same as nothing
            elif late := _late(field, self.minor):
                self.found.append(problem((*at, key), *late))
            elif (good := self.value(child, field.shape, (*at, key))) is not MISSING:
                kept[key] = good
        for key, field in fields.items():
            if field.required and value.get(key) is None:
                self.found.append(problem((*at, key), "is missing", "Kubernetes cannot do without it"))
        return kept

    def list(self, value: Any, read: Shape, at: Pointer) -> Any:
        if not isinstance(value, (list, tuple)):
            return self.wrong(value, "a list", at)
        kept = [self.value(item, read.items, (*at, index)) for index, item in enumerate(value)]
        # something stays in the place of what does not fit: the places of the others must not move
        return [_blank(shape(read.items)) if item is MISSING else item for item in kept]

    def map(self, value: Any, read: Shape, at: Pointer) -> Any:
        if not isinstance(value, Mapping):
            return self.wrong(value, "a map", at)
        kept = {}
        for key, child in value.items():
            form = FORMATS.get(read.word)
            if not isinstance(key, str):
                self.found.append(problem((*at, str(key)), "has a key that is no string", "put the key in quotes"))
            elif form and not form.fits(key):
                self.found.append(problem((*at, key), f"has a key that is not {form.name}", form.help))
            elif (good := self.value(child, read.items, (*at, key))) is not MISSING:
                kept[key] = good
        return kept

    def wrong(self, value: Any, wanted: str, at: Pointer) -> Any:
        self.found.append(problem(at, f"is {_called(value)}, not {wanted}"))
        return MISSING


def _unknown(key: str, owner: str, at: Pointer) -> Problem:
    for other, place in _PLACES.items():
        if other != owner and key in properties(other):
            return problem(at, "is no field of Kubernetes here", f"`{key}` is a field of {place}")
    from difflib import get_close_matches

    near = get_close_matches(key, properties(owner), 1, 0.75)
    return problem(at, "is no field of Kubernetes", f"did you mean `{near[0]}`?" if near else "leave it out")


# where people look for a field that is elsewhere
_PLACES = {
    "JobSpec": "the Job: `spec`",
    "PodSpec": "the pod: `spec.template.spec`",
    "Container": "a container",
    "ObjectMeta": "`metadata`",
}


def _late(field: Property, minor: int) -> tuple[str, str] | None:
    """What to say of a field that clusters of that minor do not have, or have only behind a feature gate."""
    since = field.since
    if since is None or 0 < since.default <= minor:
        return None
    flow = f"the flow says 1.{minor}"
    if not since.default:
        return f"needs a feature gate that no Kubernetes has on by default, {flow}", "leave it out"
    advice = f"leave it out, or set `targets.kubernetes.version` to 1.{since.default}"
    if since.first == since.default:
        return f"needs Kubernetes 1.{since.first}, {flow}", advice
    return f"needs Kubernetes 1.{since.first} (by default from 1.{since.default}), {flow}", advice


def _blank(read: Shape) -> Any:
    return {"[]": [], "{}": {}, "@": {}, "s": "", "q": "0"}.get(read.kind, 0)


def _called(value: object) -> str:
    """What the value is, in the words of YAML."""
    return called(value, "a map")


def _string(value: Any, read: Shape) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return f"is {_called(value)}, not a string", "put it in quotes"
    if read.words:
        if value in read.words:
            return None
        return f"is {shown(value)}, which Kubernetes does not know", f"write {choice(read.words)}"
    form = FORMATS.get(read.word)
    if form is None or form.fits(value):
        return None
    return (f"is {shown(value)}, which is not {form.name}" if value else "is empty"), form.help


def _boolean(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, bool):
        return None
    return f"is {_called(value)}, not a boolean", "write `true` or `false`, without quotes"


def _integer(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"is {_called(value)}, not an integer", "write a whole number, without quotes"
    if read.least <= value <= read.most:
        return None
    bound = f"less than {read.least}" if value < read.least else f"more than {read.most}"
    return f"is {shown(value)}, {bound}", f"write a number from {read.least} to {read.most}"


def _quantity(value: Any, read: Shape) -> tuple[str, str] | None:
    advice = "write a number with or without a suffix, as `500m`, `2`, `1.5Gi` or `1Ki`, without a space"
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return f"is {_called(value)}, not a quantity", advice
    found = quantity(value)
    if found is None:
        return f"is {shown(value)}, which is not a quantity", advice
    return (f"is {shown(value)}, less than nothing", advice) if read.word and found < 0 else None


def _port(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31):
        return None
    return f"is {_called(value)}, not a port", "write the number or the name of a port"


def _time(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, str) and moment(value):
        return None
    return f"is {_called(value)}, not a time", "write it as `2026-01-31T12:00:00Z`"


def _bytes(value: Any, read: Shape) -> tuple[str, str] | None:
    if isinstance(value, str) and base64(value):
        return None
    return f"is {_called(value)}, not base64", "encode the bytes, or put text into `data`"


_SCALARS: dict[str, Callable[[Any, Shape], tuple[str, str] | None]] = {
    "s": _string,
    "b": _boolean,
    "i": _integer,
    "l": _integer,
    "q": _quantity,
    "t": _time,
    "y": _bytes,
    "p": _port,
    "o": lambda value, read: None,
}
