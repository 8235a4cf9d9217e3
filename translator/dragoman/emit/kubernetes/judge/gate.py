"""The fast pass: whether an object fits its type, without a word about why it does not.

The types become closures when a first object has need of them, one set for each minor. It is at least as strict
as `explain`: what it lets through needs no explaining.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from .amounts import amount, quantity
from .formats import FORMATS
from .shapes import Shape, open_at, properties, shape

Check: TypeAlias = Callable[[Any], bool]
_MANY = 4096


@cache
def check(text: str, minor: int) -> Check:
    """The check that a shape stands for."""
    read = shape(text)
    if read.kind == "@":
        return _record(read.word, minor)
    if read.kind == "[]":
        return _list(read.items, minor)
    if read.kind == "{}":
        return _map(read, minor)
    return _SCALARS[read.kind](read)


def _record(name: str, minor: int) -> Check:
    fields = properties(name)
    required = tuple(key for key, field in fields.items() if field.required)
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
                if field is None or not open_at(field.since, minor):
                    return False
                fits = known[key] = check(field.shape, minor)
            if not fits(child):
                return False
        return True

    return test


def _list(items: str, minor: int) -> Check:
    fits = check(items, minor)

    def test(value: Any) -> bool:
        if type(value) is not list:
            return False
        for item in value:  # noqa: SIM110 - faster than `all` on the short lists of a pod
            if not fits(item):
                return False
        return True

    return test


def _map(read: Shape, minor: int) -> Check:
    keys, values = check(f"s~{read.word}" if read.word else "s", minor), check(read.items, minor)

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for key, item in value.items():  # noqa: SIM110 - as above
            if not keys(key) or not values(item):
                return False
        return True

    return test


def _string(read: Shape) -> Check:
    if read.words:
        allowed = frozenset(read.words)
        return lambda value: type(value) is str and value in allowed
    if not read.word:
        return lambda value: type(value) is str
    return _formatted(FORMATS[read.word].fits)


def _formatted(fits: Callable[[str], bool]) -> Check:
    """A test that remembers what it let through: the objects of a flow share their words."""
    good: set[str] = set()

    def test(value: Any) -> bool:
        if type(value) is not str:
            return False
        if value in good:
            return True
        if not fits(value):
            return False
        if len(good) >= _MANY:
            good.clear()
        good.add(value)
        return True

    return test


def _integer(read: Shape) -> Check:
    least, most = read.least, read.most
    return lambda value: type(value) is int and least <= value <= most


def _quantity(read: Shape) -> Check:
    least = 0 if read.word else None

    def test(value: Any) -> bool:
        if type(value) is str:
            found = amount(value)
        elif type(value) is int or type(value) is float:
            found = quantity(value)
        else:
            return False
        return found is not None and (least is None or found >= least)

    return test


def base64(text: str) -> bool:
    """Whether the text is base64 as Go reads it: padded, line breaks allowed."""
    try:
        b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True


def moment(text: str) -> bool:
    """Whether the text is a time of RFC 3339."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


_SCALARS: dict[str, Callable[[Shape], Check]] = {
    "s": _string,
    "b": lambda _: lambda value: value is True or value is False,
    "i": _integer,
    "l": _integer,
    "q": _quantity,
    "t": lambda _: _formatted(moment),
    "y": lambda _: lambda value: type(value) is str and base64(value),
    "p": lambda _: lambda value: type(value) is str or (type(value) is int and -(2**31) <= value < 2**31),
    "o": lambda _: lambda value: value is not None,
}
