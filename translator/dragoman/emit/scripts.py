"""Interpreters that take a program as an argument, and the flag for it."""

from __future__ import annotations

from collections.abc import Mapping

INLINE: Mapping[str, str] = {
    "python": "-c",
    "python3": "-c",
    "bash": "-c",
    "sh": "-c",
    "zsh": "-c",
    "node": "-e",
    "perl": "-e",
    "ruby": "-e",
    "Rscript": "-e",
}


def flag(interpreter: str) -> str | None:
    """The flag of an interpreter, by the last part of its path."""
    return INLINE.get(interpreter.rpartition("/")[2])
