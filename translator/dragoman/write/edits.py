"""Where in the text of a YAML file a value goes, and how it is written there: in the style around it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from dragoman.findings import Fix
from dragoman.load import yaml
from dragoman.load.document import Document, Mark, Point
from dragoman.load.scalars import Unclear, resolve
from dragoman.write.yaml import dump, quoted

SHARED = "other places share it (`&` and `*`), and would change with it"
UNSURE = "its text has a form that cannot be edited with certainty"

_BREAK = re.compile(r"\r\n|\r|\n")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+|$))+")  # an anchor and a tag
_TAG = re.compile(r"!\S*\s+")
_ANCHOR = re.compile(r"&([^\s,\[\]{}]+)")
_ALIAS = re.compile(r"\*([^\s,\[\]{}]+)")
_COLON = re.compile(r"[ \t]*:")
_BLOCK = re.compile(r"[|>][-+0-9]*")
_REST = re.compile(r"((?:[ \t]*,)?)([ \t]*(?:[ \t]#[^\r\n]*)?)(?=[\r\n])")  # of the last entry's line, without a brace
_IN_BRACES = re.compile(r"[,\[\]{}]")  # has a meaning there
_KEEPS = re.compile(r"[|>][0-9]?\+")  # a block of text whose last blank lines are part of it


class Edit(NamedTuple):
    """The letters from `start` to `end` (exclusive) become `text`."""

    start: int
    end: int
    text: str


class CannotEdit(Exception):
    """The text has no place for a value; why is its only argument."""


class Page:
    """A file's text (without a byte order mark) with its documents; raises Findings when it cannot be read."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        # what tools of YAML 1.1 read otherwise is text: quotes around it change no data
        self.documents = {document.number: document for document in yaml.parse(text, file, foreign=True)}
        self.shared = {one for document in self.documents.values() for one in _shared(document.data)}
        self.aliases = set(_ALIAS.findall(text))  # and what only looks like one
        self.starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def data(self) -> dict[int, Any]:
        """The documents' data, by their numbers."""
        return {number: document.data for number, document in self.documents.items()}

    def edit(self, fix: Fix) -> Edit | None:
        """What sets the value; None when it is there already. Raises CannotEdit."""
        document = self.documents.get(fix.number)
        if document is None or document.data is None or not fix.path:
            raise CannotEdit(UNSURE)
        node, place = document.data, Mark(document.start, document.start, document.start, document.start)
        for depth, step in enumerate(fix.path):
            rest = fix.path[depth:]
            if id(node) in self.shared:
                raise CannotEdit(SHARED)
            if node is not None and step in document.marks.get(id(node), {}):
                node, place = node[step], document.marks[id(node)][step]
                continue
            names = [name for name in rest if isinstance(name, str)]
            if len(names) == len(rest) and node is None:
                return self._fill(place, names, fix.value)
            if len(names) == len(rest) and isinstance(node, dict):
                return self._insert(document, node, place, names, fix.value)
            raise CannotEdit(f"there is no `{step}` here, and no place for one")
        return self._replace(node, place, fix.value)

    def doubt(self, fix: Fix) -> str:
        """Why an edit did something else than it should."""
        document = self.documents[fix.number]
        node: Any = document.data
        for step in fix.path:
            place = document.marks.get(id(node), {}).get(step)
            if place is None:
                break
            if self._letter(place.start) in ("&", "*"):
                return SHARED
            node = node[step]
        return UNSURE

    def _replace(self, old: Any, place: Mark, value: Any) -> Edit | None:
        """One scalar instead of another, in its quotes if it has some."""
        if isinstance(old, (dict, list)):
            raise CannotEdit(f"there is a {'map' if isinstance(old, dict) else 'list'} here")
        start, end = self._value(place)
        written = self.text[start:end]
        if not written:
            return None if value is None else self._fill(place, [], value)
        if repr(old) == repr(value) and not isinstance(resolve(written), Unclear):
            return None
        anchor = _ANCHOR.search(self.text, self._offset(place.start), start)
        if anchor is not None and anchor[1] in self.aliases:
            raise CannotEdit(SHARED)
        new = scalar(value, '"' if self._is_json(place) else written[0])
        if (block := _BLOCK.match(written)) is not None:  # its first line may have a comment
            new += _BREAK.split(written[block.end() :])[0]
        if type(value) is not type(old):  # nor would a tag fit
            first = self._offset(place.start)
            return Edit(first, end, _TAG.sub("", self.text[first:start]) + new)
        return Edit(start, end, new)

    def _fill(self, place: Mark, names: list[str], value: Any) -> Edit:
        """A value, in new maps if it has names, where there is nothing or a null."""
        json = self._is_json(place)
        new = _inline(names, value, json)
        start, end = self._value(place)
        if start < end:
            return Edit(start, end, new)
        if place.start < place.end or place.key == place.start:  # behind an anchor, or a dash
            return Edit(start, start, new if self.text[start - 1].isspace() else f" {new}")
        key_end = self._offset(place.key_end)
        colon = _COLON.match(self.text, key_end)
        if colon is None:
            return Edit(key_end, key_end, f": {new}")
        return Edit(colon.end(), colon.end(), f" {new}")

    def _insert(self, document: Document, node: dict[str, Any], place: Mark, names: list[str], value: Any) -> Edit:
        """A new entry behind the last one of a map."""
        start, _ = self._value(place)
        if not node:
            return Edit(start + 1, start + 1, _inline(names, value, self._is_json(place))[1:-1])
        last = max(document.marks[id(node)].values())
        json = self._letter(last.key) == '"'
        if self.text[start] == "{":
            return self._add_in_braces(last, _inline(names, value, json)[1:-1])
        line = self._last_line(document, node)
        column = last.key[1]
        step = self._step(document, node, column)
        lines = [f"{_name(names[0], json)}: {_inline(names[1:], value, json)}"]
        if step:
            lines = [f"{' ' * step * depth}{_name(each, json)}:" for depth, each in enumerate(names)]
            lines[-1] += f" {scalar(value)}"
        at = self.starts[line] + len(self._line(line).rstrip("\r\n"))
        return Edit(at, at, "".join(f"{self._newline(line)}{' ' * column}{each}" for each in lines))

    def _add_in_braces(self, last: Mark, entry: str) -> Edit:
        """An entry behind the last one in braces: on a line of its own if that one has its own."""
        at = self._offset(max(last.key_end, last.end))
        rest = _REST.match(self.text, at)
        before = self.text[self.starts[last.key[0]] : self._offset(last.key)]
        if rest is None or before.strip(" \t"):
            return Edit(at, at, f", {entry}")
        new = f"{self._newline(last.end[0])}{before}{entry}{rest[1].strip()}"
        return Edit(at, rest.end(), f"{rest[1] or ','}{rest[2]}{new}")

    def _last_line(self, document: Document, node: Any) -> int:
        """The line in which a block map or list ends, the blank lines of its last text with it if they are its own."""
        places = document.marks[id(node)]
        key = max(places, key=places.__getitem__)
        inner, last = node[key], places[key]
        start, _ = self._value(last)
        if isinstance(inner, (dict, list)) and inner and self.text[start] not in "{[*":
            return self._last_line(document, inner)
        line = last.end[0]
        if _KEEPS.match(self.text, start):
            while line + 1 < len(self.starts) and self._line(line + 1).isspace():
                line += 1
        return line

    def _step(self, document: Document, node: dict[str, Any], column: int) -> int:
        """How far the last map beside a new one is indented; 0 when it stands in braces, or there is none."""
        beside = [key for key, value in node.items() if isinstance(value, dict) and value]
        if not beside:
            return 0
        places = document.marks[id(node)]
        last = max(beside, key=places.__getitem__)
        start, _ = self._value(places[last])
        if self.text[start] in "{*":
            return 0
        return min(document.marks[id(node[last])].values()).key[1] - column

    def _value(self, place: Mark) -> tuple[int, int]:
        """Where a value's text is, behind its anchor and its tag."""
        start, end = self._offset(place.start), self._offset(place.end)
        before = _PROPERTIES.match(self.text, start, end)
        return (before.end() if before else start), end

    def _is_json(self, place: Mark) -> bool:
        """Whether the value's key is in double quotes, as in JSON; values then are, too."""
        return place.key < place.start and self._letter(place.key) == '"'

    def _letter(self, point: Point) -> str:
        at = self._offset(point)
        return self.text[at : at + 1]

    def _offset(self, point: Point) -> int:
        return self.starts[point[0]] + point[1]

    def _line(self, line: int) -> str:
        return self.text[self.starts[line] : self.starts[line + 1] if line + 1 < len(self.starts) else None]

    def _newline(self, line: int) -> str:
        """The line break of a line; for the last one, which has none, that of the first."""
        found = _BREAK.search(self.text, self.starts[line]) or _BREAK.search(self.text)
        return found[0] if found else "\n"


def scalar(value: Any, quote: str = "") -> str:
    """A text, number, boolean or null as every reader takes it, in braces too; a text in the quotes asked for."""
    if not isinstance(value, str):
        return dump(value).removesuffix("\n")
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    plain = dump(value).removesuffix("\n")
    return quoted(value) if quote == '"' or _IN_BRACES.search(plain) else plain


def _inline(names: list[str], value: Any, json: bool) -> str:
    """The value in a map in a map …, on one line."""
    text = scalar(value, '"' if json else "")
    for name in reversed(names):
        text = f"{{{_name(name, json)}: {text}}}"
    return text


def _name(name: str, json: bool) -> str:
    return scalar(name, '"' if json else "")


def _shared(data: Any) -> set[int]:
    """The maps and lists that are in several places at once."""
    seen: set[int] = set()
    shared: set[int] = set()
    waiting = [data]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (dict, list)):
            if id(node) in seen:
                shared.add(id(node))
                continue
            seen.add(id(node))
            waiting += node.values() if isinstance(node, dict) else node
    return shared
