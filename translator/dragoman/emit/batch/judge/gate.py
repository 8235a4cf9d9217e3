"""The fast pass: whether a body fits its type, without a word about why it does not.

The types become closures when a first body has need of them. It is exactly as strict as `explain`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from .shapes import ANY, Shape, properties, shape

Check: TypeAlias = Callable[[Any], bool]


@cache
def check(text: str) -> Check:
    """The check that a shape stands for."""
    read = shape(text)
    if read.kind == "@":
        return _record(read.items)
    return {"[]": _list, "{}": _map, "s": _string, "i": _integer, "b": _boolean}[read.kind](read)


def _record(name: str) -> Check:
    fields = properties(name)
    required = tuple(key for key, field in fields.items() if field[1])
    known: dict[str, Check] = {}

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for key in required:
            if key not in value:
                return False
        for key, child in value.items():
            fits = known.get(key)
            if fits is None:
                field = fields.get(key)
                if field is None:
                    return False
                fits = known[key] = check(field[0])
            if not fits(child):
                return False
        return True

    return test


def _list(read: Shape) -> Check:
    fits, (least, most) = check(read.items), read.room

    def test(value: Any) -> bool:
        if type(value) is not list or not least <= len(value) <= most:
            return False
        for item in value:  # noqa: SIM110 - faster than `all` on short lists
            if not fits(item):
                return False
        return True

    return test


def _map(read: Shape) -> Check:
    fits, (least, most), (shortest, longest) = check(read.items), read.room, read.keys

    def test(value: Any) -> bool:
        if type(value) is not dict or not least <= len(value) <= most:
            return False
        for key, item in value.items():
            if type(key) is not str or not shortest <= len(key) <= longest or not fits(item):
                return False
        return True

    return test


def _string(read: Shape) -> Check:
    if read.words:
        allowed = frozenset(read.words)
        return lambda value: type(value) is str and value in allowed
    if read.room == ANY:
        return lambda value: type(value) is str
    least, most = read.room
    return lambda value: type(value) is str and least <= len(value) <= most


def _integer(read: Shape) -> Check:
    least, most = read.room
    return lambda value: type(value) is int and least <= value <= most


def _boolean(read: Shape) -> Check:
    return lambda value: value is True or value is False
