"""Other people's text in our reports: nothing in it moves a cursor, ends a line, or cannot be written."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
)  # ECMA-48: CSI, OSC, others
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069"
_NO_LETTERS = r"\ud800-\udfff\ufffe\uffff"  # UTF-8 has no bytes for them, or XML no place
_CONTROL = re.compile(f"[{_CONTROLS}]+")
_UNWRITABLE = re.compile(f"[{_NO_LETTERS}]")
_HIDDEN = re.compile(f"(?!\t)[{_CONTROLS}{_NO_LETTERS}]")


def clean(text: str) -> str:
    """The text on one line: without escape sequences, and a space for line breaks and other controls."""
    return writable(_CONTROL.sub(" ", _ESCAPE.sub("", text))).strip()


def writable(text: str) -> str:
    """The text, a `\ufffd` for each half of a letter, and for what is none."""
    return _UNWRITABLE.sub("\ufffd", text)


def visible(line: str) -> str:
    """A line of a source, letter for letter, so that columns stay: a `\ufffd` for each that could do something."""
    return _HIDDEN.sub("\ufffd", line)


def cut(text: str, columns: int) -> str:
    """The text, clean, in at most so many columns; an ellipsis stands for what was cut off."""
    text = clean(text)
    if sum(map(_width, text)) <= columns:
        return text
    kept, used = "", 0
    for letter in text:
        used += _width(letter)
        if used > columns - 1:
            break
        kept += letter
    return kept.rstrip() + "…" if columns > 0 else ""


def _width(letter: str) -> int:
    """The columns of a letter: two for East Asian ones and pictures, none for an accent on the one before."""
    if letter < "\u0300":
        return 1
    from unicodedata import combining, east_asian_width

    return 0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1
