"""The places in a Jsonnet engine's trace as spans of the source files: each engine counts in its own way.

|                     | reference engine                | rjsonnet                                       |
| ------------------- | ------------------------------- | ---------------------------------------------- |
| a place in one line | `file:3:5-9`, the end exclusive | `file:3:5-10`, one more                        |
| over several lines  | `file:(3:5)-(6:2)`              | `file:3:1-3:2`, where the first line is right  |
| columns count       | bytes                           | letters (the worker sees to that)              |
| a line of the trace | tab, place, tab, words          | four spaces, place, colon, words               |
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import NamedTuple

from dragoman.findings import Span
from dragoman.load.jsonnet import Run

PLACE = re.compile(r"\s*(\S.*?):\(?(\d+):(\d+)\)?(?:-\(?(?:(\d+):)?(\d+)\)?)?(?::?\s+(.*))?")
DEEPEST = 20  # fields of an address; an object within itself has hundreds
FIELD = re.compile(r"^ {4}field <(.*)> manifestification$", re.MULTILINE)


class Frame(NamedTuple):
    """One place of a trace, its file as the engine names it, and the words that follow it."""

    file: str
    span: Span
    words: str


def frames(run: Run, files: Iterable[str], text: str) -> list[Frame]:
    """The frames of a trace that lie in the files read, the innermost first."""
    known = {run.entry, *files}
    lines: dict[str, list[bytes]] = {}
    found = []
    for line in text.removeprefix("STATIC ERROR: ").split("\n"):
        match = PLACE.fullmatch(line)
        if match is None or match[1] not in known:
            continue
        if match[1] not in lines:
            lines[match[1]] = _content(run, match[1]).split(b"\n")
        numbers = (int(number or 0) for number in match.groups()[1:5])
        span = _span(run, match[1], lines[match[1]], *numbers)
        if span is not None:
            found.append(Frame(match[1], span, (match[6] or "").strip()))
    return found


def address(text: str) -> str:
    """The path of the field that was being written, which is all that rjsonnet says about some errors."""
    fields = FIELD.findall(text)
    return ".".join(reversed(fields)) if len(fields) <= DEEPEST else ""


def span_of_import(run: Run, files: Iterable[str], base: str, wanted: str) -> Span | None:
    """The place of the text `wanted` behind an import of a file in the directory `base`."""
    literal = re.compile(rf"^(?!\s*(?://|#)).*\bimport(?:str|bin)?\s*@?((['\"]){re.escape(wanted)}\2)", re.MULTILINE)
    for name in files:
        if os.path.dirname(os.path.join(run.root, name)) != os.path.normpath(os.path.join(run.root, base)):
            continue
        text = _content(run, name).decode(errors="replace")
        match = literal.search(text)
        if match:
            return _between(display(run, name), text, match.start(1), match.end(1))
    return None


def display(run: Run, name: str) -> str:
    """A file as messages name it: from where the caller stands, as the caller named the evaluated file."""
    there = os.path.relpath(os.path.join(run.root, name), os.path.join(run.root, os.path.dirname(run.entry)))
    shown = os.path.normpath(os.path.join(os.path.dirname(run.path), there))
    real = os.path.join(run.root, name)
    return shown if os.path.realpath(shown) == os.path.realpath(real) else real


def _span(run: Run, name: str, lines: list[bytes], first: int, column: int, last: int, end: int) -> Span | None:
    """A span from a trace's numbers, 0 for one that is not there; None when they point nowhere."""
    file = display(run, name)
    if not 0 < first <= len(lines) or not 0 <= last <= len(lines) or column < 1:
        return None
    if run.engine == "rjsonnet":
        if last:
            text = lines[first - 1].decode(errors="replace")
            return Span(file, first, len(text) - len(text.lstrip()) + 1, first, len(text.rstrip()) + 1)
        return Span(file, first, column, first, max(end - 1, column + 1))

    def letters(line: int, column: int) -> int:
        return len(lines[line - 1][: column - 1].decode(errors="ignore")) + 1

    last, end = last or first, end or column + 1
    return Span(file, first, letters(first, column), last, letters(last, end))


def _between(file: str, text: str, start: int, stop: int) -> Span:
    def place(offset: int) -> tuple[int, int]:
        return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)

    return Span(file, *place(start), *place(stop))


def _content(run: Run, name: str) -> bytes:
    """The bytes of a file that the worker has read, unless it has just been taken away."""
    try:
        with open(os.path.join(run.root, name), "rb") as file:
            return file.read(run.limits.file).removeprefix(BOM_UTF8)
    except OSError:
        return b""
