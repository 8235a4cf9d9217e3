"""What RegisterJobDefinition and SubmitJob look like: `shape.json`, and the small language of its strings.

`docs/batch_shape.py` writes the file and documents the language; this module reads it, part by part.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

INT32, INT64 = 2**31 - 1, 2**63 - 1
ANY = (0, INT64)
_LIST = re.compile(r"\[([\d.]*)\](.+)")
_MAP = re.compile(r"\{([\d.]*):?([\d.]*)\}(.+)")


class Shape(NamedTuple):
    """What one value may be: a list or a map of shapes, a type with a name, or a scalar.

    `kind` is `[]`, `{}`, `@` for a type, or the letter of a scalar; `room` is how many items or characters there
    may be, or how small and large a number; `keys` is the room of a map's keys.
    """

    kind: str
    room: tuple[int, int] = ANY
    items: str = ""
    words: tuple[str, ...] = ()
    keys: tuple[int, int] = ANY


class File(NamedTuple):
    """The committed data."""

    operations: dict[str, str]
    fargate: dict[str, list[int]]
    types: dict[str, dict[str, str]]


@cache
def file() -> File:
    """The operations with the types of their inputs, the sizes of Fargate, the types."""
    import json
    from os.path import dirname, join

    with open(join(dirname(__file__), "shape.json"), encoding="utf-8") as stream:
        return File(**json.load(stream))


@cache
def properties(name: str) -> dict[str, tuple[str, bool]]:
    """The fields of a type: the shape, and whether the field is required."""
    return {key: (text.removeprefix("!"), text.startswith("!")) for key, text in file().types[name].items()}


@cache
def shape(text: str) -> Shape:
    """The shape that a string of the language stands for.

    >>> shape("[]s=A|B").items, shape("s1..9").room, shape("{1..50:1..128}s").keys
    ('s=A|B', (1, 9), (1, 128))
    """
    if found := _LIST.fullmatch(text):
        return Shape("[]", _room(found[1]), found[2])
    if found := _MAP.fullmatch(text):
        return Shape("{}", _room(found[1]), found[3], keys=_room(found[2]))
    if text[0].isupper():
        return Shape("@", items=text)
    if text[:2] == "s=":
        return Shape("s", words=tuple(text[2:].split("|")))
    if text[0] in "il":
        most = INT32 if text[0] == "i" else INT64
        return Shape("i", (-most - 1, most))
    return Shape(text[0], _room(text[1:]))


def _room(text: str) -> tuple[int, int]:
    least, _, most = text.partition("..")
    return (int(least or 0), int(most or INT64))


def pascal(key: str) -> str:
    """A field as the arguments of a state spell it.

    >>> pascal("jobName")
    'JobName'
    """
    return key[:1].upper() + key[1:]
