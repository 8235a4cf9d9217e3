"""What the judge says: a place in the object, what is wrong there, what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

Pointer: TypeAlias = tuple[str | int, ...]
Body: TypeAlias = Mapping[str, Any]


class Problem(NamedTuple):
    """One reason for which a cluster refuses the object, or does not do what it says."""

    pointer: Pointer
    message: str
    help: str = ""


# a rule looks at one part of an object, whose types are right, for clusters of one minor
Rule: TypeAlias = Callable[[Body, Pointer, int], Iterator[Problem]]


def problem(at: Pointer, says: str, help: str = "") -> Problem:
    """A problem whose message begins with the place."""
    return Problem(at, f"`{dotted(at)}` {says}", help)


def dotted(at: Pointer) -> str:
    """The place as people write it.

    >>> dotted(("spec", "containers", 0, "name"))
    'spec.containers[0].name'
    """
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "."


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


def choice(words: tuple[str, ...]) -> str:
    """One of the words, for a sentence.

    >>> choice(("Never", "OnFailure"))
    '`Never` or `OnFailure`'
    """
    said = [f"`{word}`" for word in words if word]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"
