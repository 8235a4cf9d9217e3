"""One spec document as plain data, with the place of every value kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from dragoman.findings import Finding, Findings, Span

Path: TypeAlias = tuple[str | int, ...]
Point: TypeAlias = tuple[int, int]  # line and column, both from 0, in code points


class Mark(NamedTuple):
    """Where an entry of a mapping or a sequence stands: its key, its value (an item: its value, twice)."""

    key: Point
    key_end: Point
    start: Point
    end: Point


class Placed(Protocol):
    """Plain data whose values have places: a document, or one with an environment laid over it."""

    @property
    def data(self) -> Any:
        """The data."""

    def span(self, path: Path, *, key: bool = False) -> Span:
        """The place of the value at `path`, or of its key."""


class Document(NamedTuple):
    """A document of a file: `data` is dict/list/str/int/float/bool/None; `file` is the name messages use.

    `marks` maps id(container) -> {key or index: Mark}; the containers live in `data`, so ids stay valid.
    Jsonnet has no marks for values: `approximate` says that every place is the document's own.
    """

    file: str
    number: int
    data: Any
    marks: Mapping[int, Mapping[str | int, Mark]]
    start: Point = (0, 0)
    approximate: bool = False

    def span(self, path: Sequence[str | int], *, key: bool = False) -> Span:
        """The place of the value at `path`, or of its key; where there is none, of its nearest parent."""
        data, mark = self.data, None
        for step in path:
            found = self.marks.get(id(data), {}).get(step)
            if found is None:
                break
            mark, data = found, data[step]
        if mark is None:
            line, column = self.start
            return Span(self.file, line + 1, column + 1, line + 1, column + 1, self.approximate)
        first, last = (mark.key, mark.key_end) if key else (mark.start, mark.end)
        return Span(self.file, first[0] + 1, first[1] + 1, last[0] + 1, last[1] + 1, self.approximate)


def refuse_nul(documents: Sequence[Document]) -> None:
    """Raise Findings where a text or a key holds a NUL: no process, path or variable can."""
    findings = []
    for document in documents:
        seen: set[int] = set()
        waiting: list[tuple[Any, Path]] = [(document.data, ())]
        while waiting:
            value, path = waiting.pop()
            if isinstance(value, str):
                if "\0" in value:
                    message = "this text holds a NUL, which no program can be given"
                    findings.append(Finding("DRG003", message, document.span(path), "leave it out"))
            elif isinstance(value, (dict, list)) and id(value) not in seen:
                seen.add(id(value))
                entries = value.items() if isinstance(value, dict) else enumerate(value)
                for key, inner in entries:
                    waiting += [(key, (*path, key)), (inner, (*path, key))]
    if findings:
        raise Findings(findings)
