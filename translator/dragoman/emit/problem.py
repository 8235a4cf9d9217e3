"""What a target's judge says of what was emitted: a place, what is wrong there, what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

Pointer: TypeAlias = tuple[str | int, ...]
Body: TypeAlias = Mapping[str, Any]


class Problem(NamedTuple):
    """One reason for which an engine refuses what it is sent, or does not do what it says."""

    pointer: Pointer
    message: str
    help: str = ""


def problem(at: Pointer, says: str, help: str = "") -> Problem:
    """A problem whose message begins with the place."""
    return Problem(at, f"`{dotted(at)}` {says}", help)


def dotted(at: Pointer) -> str:
    """The place as people write it.

    >>> dotted(("containerProperties", "environment", 0, "name"))
    'containerProperties.environment[0].name'
    """
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "."


def said(each: Problem) -> str:
    """The message of a problem without its place, for another place.

    >>> said(problem(("a", 0), "is missing"))
    'is missing'
    """
    return each.message[len(dotted(each.pointer)) + 3 :]


def shown(value: object) -> str:
    """A value in backquotes, cut where it is long.

    >>> shown("a"), shown(3), shown(True)
    ('`a`', '`3`', '`true`')
    """
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, int) and value.bit_length() > 512:
        text = "a number beyond all bounds"  # Python refuses to write it
    else:
        text = str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def called(value: object, mapping: str = "an object") -> str:
    """What the value is, in the words of JSON; YAML says `a map`.

    >>> called("a"), called(None), called([])
    ('the string `a`', 'null', 'a list')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {shown(value)}"
    if isinstance(value, (int, float)):
        return f"the number {shown(value)}"
    if isinstance(value, str):
        return f"the string {shown(value)}"
    return mapping if isinstance(value, Mapping) else "a list" if isinstance(value, (list, tuple)) else "no JSON"


def choice(words: tuple[str, ...]) -> str:
    """One of the words, for a sentence.

    >>> choice(("RETRY", "EXIT"))
    '`RETRY` or `EXIT`'
    """
    said = [f"`{word}`" for word in words if word]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"
