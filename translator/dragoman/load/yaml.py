"""YAML text as plain data with the place of every key and value, in one pass over libyaml's events."""

from __future__ import annotations

import re
from itertools import repeat
from typing import TYPE_CHECKING, Any, NoReturn

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from dragoman.findings import Finding, Findings, Fix, Span
from dragoman.load.document import Document, Mark, Point, refuse_nul
from dragoman.load.scalars import NUMERIC, WORDS, Unclear, resolve, short
from dragoman.load.text import MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    _Sizes = dict[int, tuple[int, int, Any]]

MAX_DEPTH = 100
MAX_DOCUMENTS = 64
MAX_SCALAR = 1_000_000  # letters
MAX_EVENTS = 1_000_000  # what libyaml reports: one a scalar or alias, two a mapping or list
MAX_EXPANDED = 200_000  # values, once every alias is written out; or 4 for each value in the file
MAX_TAG_LINES = 64  # libyaml compares each %TAG line with all before it
MAX_FINDINGS = 200


_NUL = re.compile(r"\\(?:0|x00|u0000|U00000000)")  # the only ways to write it


def parse(text: str, file: str, *, foreign: bool = False) -> list[Document]:
    """The documents of a YAML 1.2 file, without its empty ones; raises Findings with everything wrong in it.

    Containers that an alias names twice are the same object twice: nobody may change what a loader returns.
    In a `foreign` file, which others wrote for other tools, what those tools read otherwise is text, and no finding.
    """
    text = _readable(text, file)
    builder = _Builder(text, file, foreign=foreign)
    try:
        builder.read()
    except (YAMLError, UnicodeEncodeError) as error:
        from dragoman.load.syntax import explain

        builder.findings += explain(error, text, file)
    if not builder.findings:
        builder.check_whole()
    if builder.findings:
        raise Findings(builder.findings)
    if _NUL.search(text):
        refuse_nul(builder.documents)
    return builder.documents


def _readable(text: str, file: str) -> str:
    """The text with `\\n` for every line break, once it is known to be worth giving to libyaml."""
    if len(text) > MAX_SIZE:
        message = f"the text has {len(text)} letters, maximum {MAX_SIZE}"
        raise Findings([Finding("DRG007", message, Span(file), "split it into several files")])
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "%TAG" in text and ("\n" + text).count("\n%TAG") > MAX_TAG_LINES:
        message = f"more than {MAX_TAG_LINES} `%TAG` lines"
        raise Findings([Finding("DRG007", message, Span(file), "remove them")])
    if not text.isascii() and any(mark in text for mark in "\x85\u2028\u2029\ufeff"):
        from dragoman.load.syntax import unreadable  # libyaml would take these for line breaks, or drop them

        raise Findings(unreadable(text, file))
    return text


class _Builder:
    """The state of the pass: the container being filled, those around it, and what was found so far."""

    def __init__(self, text: str, file: str, *, foreign: bool) -> None:
        self.text = text
        self.file = file
        self.foreign = foreign
        self.documents: list[Document] = []
        self.findings: list[Finding] = []
        self.seen = 0  # documents, the empty ones too
        self.end: Point = (0, 0)  # of the node finished last
        self.around: list[tuple[Any, dict[Any, Mark], Any, Point, Point, Point]] = []
        self.measured: _Sizes = {}  # of the containers that aliases name
        self.expanded = 0  # values that the aliases stand for
        self.largest: tuple[int, Span] = (0, Span(file))  # the size of one alias, and where

    def read(self) -> None:
        handlers: dict[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self.scalar,
            MappingStartEvent: self.enter,
            SequenceStartEvent: self.enter,
            MappingEndEvent: self.leave,
            SequenceEndEvent: self.leave,
            AliasEvent: self.alias,
            DocumentStartEvent: self.begin,
            DocumentEndEvent: self.finish,
            StreamStartEvent: lambda event: None,
            StreamEndEvent: lambda event: None,
        }
        get_event = _parser(self.text)
        for _ in repeat(None, MAX_EVENTS):
            event = get_event()
            if event is None:
                return
            handlers[type(event)](event)
        self.stop(f"more than {MAX_EVENTS} keys and values", "split the file", self.end)

    def begin(self, event: Any) -> None:
        """A document begins; its root becomes the one item of a list."""
        self.seen += 1
        if self.seen > MAX_DOCUMENTS:
            self.stop(f"more than {MAX_DOCUMENTS} documents", "split the file", _point(event.start_mark))
        self.anchors: dict[str, Any] = {}
        self.marks: dict[int, dict[Any, Mark]] = {}
        self.places: dict[Any, Mark] = {}
        self.node: Any = []
        self.key: Any = 0  # None in a mapping that waits for its next key
        self.key_start = self.key_end = self.end

    def finish(self, event: Any) -> None:
        """A document ends; nothing but comments is no document."""
        root = self.places[0]
        if root.start != root.end:
            number = len(self.documents) + 1
            self.documents.append(Document(self.file, number, self.node[0], self.marks, root.start))

    def scalar(self, event: Any) -> None:
        value, style, mark, after = event.value, event.style, event.start_mark, event.end_mark
        start, end = (mark.line, mark.column), (after.line, after.column)
        if len(value) > MAX_SCALAR:
            message = f"a text of {len(value)} letters, maximum {MAX_SCALAR}"
            self.stop(message, "keep it in another file", start)
        if style and style in "|>":
            end = self.last_letter(after)
        if event.tag is not None:
            value = self.tagged(event.tag, value, start, end)
        elif not style and (value in WORDS or value[0] in NUMERIC):
            read = self.plain if self.key is not None else self.plain_key
            value = read(value, start, end)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        self.put(value, start, end)

    def put(self, value: Any, start: Point, end: Point) -> None:
        """Takes a finished node: an item, a key, or a key's value."""
        node, key = self.node, self.key
        if key is None:
            self.take_key(value, start, end)
        elif type(node) is dict:
            self.places[key] = _new(Mark, (self.key_start, self.key_end, start, end))
            node[key] = value
            self.key = None
        else:
            self.places[len(node)] = _new(Mark, (start, end, start, end))
            node.append(value)
        self.end = end

    def take_key(self, value: Any, start: Point, end: Point) -> None:
        if type(value) is not str:
            advice = "quote it; text that begins with `{` or `[` needs quotes"
            self.report("DRG005", f"a key is {_kind(value)}, not text", start, end, advice)
            value = f"\0{start}"  # no other key's name, so that the reading can go on
        elif value in self.node:
            first = self.places[value]
            related = (self.span(first.key, first.key_end), "first given here")
            self.report("DRG004", f"key `{short(value)}` is given twice", start, end, "keep one of them", related)
        self.key, self.key_start, self.key_end = value, start, end

    def enter(self, event: Any) -> None:
        """A mapping or a list begins."""
        mark = event.start_mark
        start = (mark.line, mark.column)
        if len(self.around) >= MAX_DEPTH:
            self.stop(f"nested more than {MAX_DEPTH} levels deep", "make it flatter", start)
        mapping = type(event) is MappingStartEvent
        if event.tag is not None and event.tag not in ("!", _TAG + ("map" if mapping else "seq")):
            self.unknown_tag(event.tag, start, _point(event.end_mark))
        node: Any = {} if mapping else []
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self.around.append((self.node, self.places, self.key, self.key_start, self.key_end, start))
        self.node, self.key = node, None if mapping else 0
        self.marks[id(node)] = self.places = {}

    def leave(self, event: Any) -> None:
        """A mapping or a list ends: at its bracket, or with its last child (libyaml says: the next token)."""
        value, mark, after = self.node, event.start_mark, event.end_mark
        end = self.end if after.index == mark.index else (after.line, after.column)
        self.node, self.places, self.key, self.key_start, self.key_end, start = self.around.pop()
        self.put(value, start, end)

    def alias(self, event: Any) -> None:
        """An alias is the very object that its anchor names."""
        name, start, end = event.anchor, _point(event.start_mark), _point(event.end_mark)
        value = self.anchors.get(name)
        if name not in self.anchors:
            message = f"no anchor `&{short(name)}` stands above this alias"
            advice = f"name a value so: `&{short(name)} …`"
            self.report("DRG011", message, start, end, advice)
        elif id(value) not in self.measured and self.is_open(value):
            message, advice = f"alias `*{short(name)}` stands inside its own anchor", "write the value out"
            self.report("DRG011", message, start, end, advice)
            value = None
        elif type(value) is dict or type(value) is list:
            self.expand(value, start, end)
        self.put(value, start, end)

    def is_open(self, value: Any) -> bool:
        return value is self.node or any(value is frame[0] for frame in self.around)

    def expand(self, value: Any, start: Point, end: Point) -> None:
        """Counts what an alias stands for: data that is small here may be too large for whoever walks it."""
        size, height, _ = _measure(value, self.measured)
        if len(self.around) + height > MAX_DEPTH:
            self.stop(f"nested more than {MAX_DEPTH} levels deep by this alias", "make it flatter", start)
        self.expanded += size
        if size > self.largest[0]:
            self.largest = (size, self.span(start, end))

    def check_whole(self) -> None:
        """The checks that need the whole file."""
        written = sum(len(places) for document in self.documents for places in document.marks.values())
        total, limit = written + self.expanded, max(MAX_EXPANDED, 4 * written)
        if total > limit:
            shown = total if total < 10**9 else "over a billion"
            message = f"aliases make {shown} values of the {written} in this file, maximum {limit}"
            self.findings.append(Finding("DRG007", message, self.largest[1], "write fewer aliases"))
        elif not self.documents:
            message, advice = "the file holds no document", "write one"
            self.findings.append(Finding("DRG008", message, Span(self.file), advice))

    def plain(self, text: str, start: Point, end: Point, *, quotable: bool = True) -> Any:
        value = resolve(text)
        if type(value) is Unclear:
            if self.foreign:
                return text
            fix = self.quoting(text) if quotable and value.code == "DRG010" else None
            self.report(value.code, value.message, start, end, value.help, fix=fix)
        return value

    def quoting(self, text: str) -> Fix:
        """What writes the value that is being read as a text."""
        frames = [*((frame[0], frame[2]) for frame in self.around), (self.node, self.key)]
        path = tuple(key if type(node) is dict else len(node) for node, key in frames[1:])  # the first holds the root
        return Fix(self.file, len(self.documents) + 1, path, text)

    def plain_key(self, text: str, start: Point, end: Point) -> str:
        """A key is text; words that only YAML 1.1 tools read otherwise (`on`, `y`) may stand as they are."""
        value = resolve(text)
        if text == "<<":
            advice = "YAML 1.2 has none: use `defaults` or a template; or quote it"
            self.report("DRG006", "`<<` is a merge key", start, end, advice)
        elif self.foreign:
            return text
        elif type(value) is Unclear and text[0] in NUMERIC:
            self.report("DRG005", f"key {value.message}", start, end, value.help)
        elif type(value) is not str and type(value) is not Unclear:
            message = f"key `{short(text)}` is {_kind(value)}, not text"
            self.report("DRG005", message, start, end, f'quote it: "{short(text)}"')
        return text

    def tagged(self, tag: str, text: str, start: Point, end: Point) -> Any:
        """The value of a scalar with a tag of its own."""
        if tag == "!" or tag == _TAG + "str":
            return text
        wanted = _TAGGED.get(tag)
        if wanted is None:
            self.unknown_tag(tag, start, end)
            return text
        value = self.plain(text, start, end, quotable=False)
        if type(value) is int and wanted is float:
            value = float(value)
        if type(value) is not wanted and type(value) is not Unclear:
            name = tag.removeprefix(_TAG)
            self.report("DRG009", f"`{short(text)}` is no `!!{name}`", start, end, "correct the value or the tag")
        return value

    def unknown_tag(self, tag: str, start: Point, end: Point) -> None:
        known = "known tags: `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!map`, `!!seq`"
        message, advice = f"unknown tag `{short(tag.replace(_TAG, '!!'))}`", "quote text that begins with `!`"
        self.report("DRG009", message, start, end, f"{advice}; {known}")

    def last_letter(self, after: Any) -> Point:
        """Where a block of text ends: libyaml says at the next line that is not blank."""
        text, index = self.text, after.index
        while text[index - 1] in " \t\n":
            index -= 1
        line = after.line - text.count("\n", index, after.index)
        return line, index - text.rfind("\n", 0, index) - 1

    def report(
        self,
        code: str,
        message: str,
        start: Point,
        end: Point,
        advice: str,
        *related: tuple[Span, str],
        fix: Fix | None = None,
    ) -> None:
        self.findings.append(Finding(code, message, self.span(start, end), advice, related=related, fix=fix))
        if len(self.findings) >= MAX_FINDINGS:
            raise Findings(self.findings)

    def stop(self, message: str, advice: str, at: Point) -> NoReturn:
        """Ends the reading of a file that is too large, with what was found before."""
        raise Findings([*self.findings, Finding("DRG007", message, self.span(at, at), advice)])

    def span(self, start: Point, end: Point) -> Span:
        return Span(self.file, start[0] + 1, start[1] + 1, end[0] + 1, end[1] + 1)


_TAG = "tag:yaml.org,2002:"
_TAGGED = {_TAG + "int": int, _TAG + "float": float, _TAG + "bool": bool, _TAG + "null": type(None)}
_new = tuple.__new__  # a Mark without the cost of its named constructor


def _parser(text: str) -> Callable[[], Event | None]:
    try:
        from yaml._yaml import CParser
    except ImportError:
        message = "PyYAML here is built without libyaml"
        raise Findings([Finding("DRG016", message, help="install PyYAML's wheel")], exit_code=2) from None
    return CParser(text).get_event


def _measure(value: Any, known: _Sizes) -> tuple[int, int, Any]:
    """How many values a container stands for, how deep it is; and the container, which keeps its id taken.

    Recursion is safe: no container is deeper than MAX_DEPTH, with its aliases written out.
    """
    found = known.get(id(value))
    if found is None:
        size, height = 1, 0
        for item in value.values() if type(value) is dict else value:
            inner = _measure(item, known) if type(item) in (dict, list) else (1, 0)
            size, height = size + inner[0], max(height, inner[1])
        found = known[id(value)] = (size, height + 1, value)
    return found


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _point(mark: Any) -> Point:
    return mark.line, mark.column
