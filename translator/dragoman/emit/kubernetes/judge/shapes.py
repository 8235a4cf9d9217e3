"""What the types of Kubernetes look like: `schema.json`, and the small language of its strings.

`docs/kubernetes_schema.py` writes the file and documents the language; this module reads it, part by part.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import NamedTuple

OLDEST, NEWEST = 25, 37
INT32, INT64 = 2**31 - 1, 2**63 - 1


class Since(NamedTuple):
    """The minor that first has a field, and the one that has it on by default (0: none has)."""

    first: int
    default: int


class Shape(NamedTuple):
    """What one value may be: a list or a map of shapes, a type with a name, or a scalar.

    `kind` is `[]`, `{}`, `@` for a type, or the letter of a scalar; `word` is the name of the type, or of the
    format of the string, or of the map's keys.
    """

    kind: str
    word: str = ""
    items: str = ""
    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 0


class Property(NamedTuple):
    """A field of a type."""

    shape: str
    required: bool
    since: Since | None


@cache
def _file() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    import json
    from os.path import dirname, join

    with open(join(dirname(__file__), "schema.json"), encoding="utf-8") as file:
        found = json.load(file)
    return found["kinds"], found["types"]


def kinds() -> dict[str, str]:
    """The types of the kinds, by their version and name: `batch/v1 Job` is a `Job`."""
    return _file()[0]


@cache
def properties(name: str) -> dict[str, Property]:
    """The fields of a type."""
    return {key: _property(text) for key, text in _file()[1][name].items()}


def types() -> tuple[str, ...]:
    """The names of all types."""
    return tuple(_file()[1])


def _property(text: str) -> Property:
    shape, at, minors = text.removeprefix("!").partition("@")
    first, _, default = minors.partition(":")
    since = Since(int(first), int(default or 0)) if at else None
    return Property(sys.intern(shape), text.startswith("!"), since)


@cache
def shape(text: str) -> Shape:
    """The shape that a string of the language stands for.

    >>> shape("[]s=A|B").items, shape("i1..9").most, shape("{label-key}s").word
    ('s=A|B', 9, 'label-key')
    """
    if text.startswith("[]"):
        return Shape("[]", items=text[2:])
    if text.startswith("{"):
        keys, _, items = text[1:].partition("}")
        return Shape("{}", keys, items)
    if text[0].isupper():
        return Shape("@", text)
    if text[:2] == "s=":
        return Shape("s", words=tuple(text[2:].split("|")))
    if text[:2] == "s~":
        return Shape("s", text[2:])
    if text[0] in "il":
        largest = INT32 if text[0] == "i" else INT64
        least, _, most = text[1:].partition("..")
        return Shape(text[0], least=int(least or -largest - 1), most=int(most or largest))
    return Shape(text[0], word=text[1:])


def open_at(since: Since | None, minor: int) -> bool:
    """Whether a cluster of that minor has the field without a feature gate being set."""
    return since is None or 0 < since.default <= minor
