"""Why a text is no YAML, in words for its author; libyaml says where and, tersely, what."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, NamedTuple

from yaml.error import MarkedYAMLError

from dragoman.findings import Finding, Span
from dragoman.load.scalars import short


class _Place(NamedTuple):
    """A line of the text and a position in it, both from 0."""

    number: int
    column: int
    line: str


class _Reason(NamedTuple):
    message: str
    help: str
    at: _Place
    width: int = 1
    related: tuple[_Place, str] | None = None
    code: str = "DRG002"


def explain(error: Exception, text: str, file: str) -> list[Finding]:
    """The findings for what libyaml raised on `text`."""
    if not isinstance(error, MarkedYAMLError):
        return unreadable(text, file)
    lines = text.split("\n")
    at = _place(error.problem_mark, lines)
    context = at if error.context_mark is None else _place(error.context_mark, lines)
    reason = _tab(at) or _reason(error.problem or "", error.context or "", at, context, lines)
    place = reason.at
    related = ((_span(file, reason.related[0], 1), reason.related[1]),) if reason.related else ()
    span = _span(file, place, reason.width)
    return [Finding(reason.code, reason.message, span, reason.help, related=related)]


def unreadable(text: str, file: str) -> list[Finding]:
    """One finding for each of the first characters that may not stand in a file as themselves."""
    findings = []
    for found in islice(_FORBIDDEN.finditer(text), 20):
        number, index = ord(found[0]), found.start()
        line = text.count("\n", 0, index) + 1
        column = index - text.rfind("\n", 0, index)
        advice = "" if 0xD800 <= number < 0xE000 else f', or write "\\u{number:04x}" inside double quotes'
        message = f"character U+{number:04X} may not stand in a YAML file"
        span = Span(file, line, column, line, column + 1)
        findings.append(Finding("DRG003", message, span, f"remove it{advice}"))
    return findings


_FORBIDDEN = re.compile("[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _reason(problem: str, context: str, at: _Place, start: _Place, lines: list[str]) -> _Reason:
    if problem in _SIMPLE:
        return _Reason(*_SIMPLE[problem], at)
    if problem.startswith("did not find expected ',' or "):
        return _bracket(problem[-2], at, start, lines)
    if problem == "mapping values are not allowed in this context":
        return _second_colon(at, lines)
    by_place = _PROBLEMS.get(problem) or _CONTEXTS.get(context)
    return by_place(at, start) if by_place else _Reason(f"{problem} {context}".rstrip(), "", at)


def _tab(at: _Place) -> _Reason | None:
    """A tab before the first letter of a line, wherever libyaml then stumbled in it."""
    indent = at.line[: len(at.line) - len(at.line.lstrip())]
    if "\t" in indent and at.column <= len(indent):
        place = at._replace(column=indent.index("\t"))
        message = "a tab indents this line; YAML allows spaces only"
        return _Reason(message, "use spaces instead of the tab", place)
    return None


def _quote(at: _Place, start: _Place) -> _Reason:
    return _Reason("this quote is never closed", "close it on the line where its text ends", start)


def _directive(at: _Place, start: _Place) -> _Reason:
    return _Reason("a line that begins with `%` is a YAML directive", "quote the text", start)


def _tag(at: _Place, start: _Place) -> _Reason:
    width = _word(start)
    message = f"unknown tag `{short(start.line[start.column : start.column + width])}`"
    return _Reason(message, "quote text that begins with `!`", start, width, code="DRG009")


def _anchor(at: _Place, start: _Place) -> _Reason:
    mark = start.line[start.column]
    message = f"`{mark}` begins an {'alias' if mark == '*' else 'anchor'} in YAML, and no name follows"
    return _Reason(message, f"quote text that begins with `{mark}`{_quoted(start)}", start)


def _escape(at: _Place, start: _Place) -> _Reason:
    escape = at.line[at.column : at.column + 2]
    return _Reason(f"`{escape}` is no escape", f"write `\\{escape}`, or use single quotes", at, 2)


def _not_an_item(at: _Place, start: _Place) -> _Reason:
    advice = f"the list's items begin with `- ` in column {start.column + 1}"
    where = (start, "the list begins here")
    return _Reason("this line is no item of the list it stands in", advice, at, _word(at), where)


def _bad_start(at: _Place, start: _Place) -> _Reason:
    letter = at.line[at.column : at.column + 1]
    if not letter:
        return _Reason("the file ends inside a bracket", "close it with `]` or `}`", at)
    shown = "a backquote" if letter == "`" else f"`{letter}`"
    advice = f"quote text that begins with {shown}{_quoted(at)}"
    return _Reason(f"a value cannot begin with {shown}", advice, at)


def _bracket(closing: str, at: _Place, start: _Place, lines: list[str]) -> _Reason:
    opening = start.line[start.column]
    if not any(line.strip() for line in (at.line[at.column :], *lines[at.number + 1 :])):
        return _Reason(f"this `{opening}` is never closed", f"close it with `{closing}`", start)
    advice = f"inside {opening} {closing} quote text with `: `, `,`, brackets or `${{{{ … }}}}` in it"
    where = (start, f"the `{opening}` it belongs to")
    return _Reason(f"`,` or `{closing}` is missing before this", advice, at, related=where)


def _second_colon(at: _Place, lines: list[str]) -> _Reason:
    key, colon, value = at.line.partition(": ")
    if at.column > 1000 and len(key) >= at.column:
        return _Reason("a key of more than 1000 letters", "make it shorter", at)
    if colon and len(key) < at.column:
        plain = value.strip()
        advice = "" if '"' in plain or "\\" in plain else f': `{short(key.strip())}: "{short(plain)}"`'
        return _Reason("a second `: ` stands in this value", f"quote the value{advice}", at)
    above = next((n for n in range(at.number - 1, -1, -1) if lines[n].strip()), None)
    if above is not None and _NO_SPACE.match(lines[above]):
        line = lines[above]
        return _no_colon(at, _Place(above, len(line) - len(line.lstrip(" -")), line))
    if tab := _tab(at._replace(column=0)):
        return tab
    first = at._replace(column=len(at.line) - len(at.line.lstrip(" -")))
    advice = "a key has either a value on its own line or deeper keys below it; check the indentation"
    related = None if above is None else (_first(above, lines), "this line has a value already")
    return _Reason("a key cannot stand here", advice, first, max(1, at.column - first.column), related)


_NO_SPACE = re.compile(r"[ -]*[^\s:#\"'\[{]+:[^\s/][^:]*$")  # not a URL


def _no_colon(at: _Place, start: _Place) -> _Reason:
    words = start.line[start.column :].split(" #")[0].rstrip()
    shown, width = short(words), len(words)
    if _NO_SPACE.match(words):
        key, _, value = words.partition(":")
        advice = f"write `{short(key)}: {short(value)}`"
        return _Reason(f"`{shown}` has no space after its colon", advice, start, width)
    advice = f"write `{shown}:` for a key; indent it deeper for more of the value above"
    return _Reason(f"`{shown}` is neither `key: value` nor part of a value", advice, start, width)


def _not_a_key(at: _Place, start: _Place) -> _Reason:
    before = at.line[: at.column].rstrip()
    if before and before[-1] in "\"'":
        message = f"text follows the closing `{before[-1]}`"
        return _Reason(message, "put the whole value in quotes", at, _word(at))
    if before and before[-1] in "]}":
        advice = "quote the whole value: text that begins with `[` or `{` needs quotes"
        return _Reason(f"text follows the closing `{before[-1]}`", advice, at, _word(at))
    where = (start, "the mapping begins here")
    if at.line.lstrip().startswith("- "):
        advice = "indent it under its key; quote text that begins with `- `"
        return _Reason("an item of a list stands among the keys of a mapping", advice, at, 1, where)
    if at.column == start.column:
        return _Reason("a key is missing here", "write `key: value`", at)
    columns = start.column + 1, at.column + 1
    advice = "the keys of the mapping begin in column {}, this line in column {}".format(*columns)
    return _Reason("this line is indented unlike the mapping it stands in", advice, at, _word(at), where)


def _quoted(at: _Place) -> str:
    """The rest of the line in quotes, as an example, where that is as easy as it looks."""
    rest = at.line[at.column :].split(" #")[0].strip()
    return f': "{short(rest)}"' if not set(rest) & set("\"'\\]}") else ""


def _word(at: _Place) -> int:
    return len(at.line[at.column :].split(" ")[0]) or 1


def _first(number: int, lines: list[str]) -> _Place:
    line = lines[number]
    return _Place(number, len(line) - len(line.lstrip()), line)


def _place(mark: Any, lines: list[str]) -> _Place:
    """A mark of libyaml; the end of the text is the end of its last line that is not blank."""
    if mark.line < len(lines) and any(line for line in lines[mark.line :]):
        return _Place(mark.line, mark.column, lines[mark.line])
    number = next((n for n in range(len(lines) - 1, 0, -1) if lines[n].strip()), 0)
    return _Place(number, len(lines[number]), lines[number])


def _span(file: str, at: _Place, width: int) -> Span:
    return Span(file, at.number + 1, at.column + 1, at.number + 1, at.column + width + 1)


_SIMPLE = {
    "did not find expected comment or line break": (
        "text stands behind the sign that begins a block of text",
        "begin the text on the next line, or quote it",
    ),
    "block sequence entries are not allowed in this context": (
        "a list cannot begin here",
        "begin it on the line below its key; quote text that begins with `- `",
    ),
    "mapping keys are not allowed in this context": (
        "`?` cannot stand here",
        "quote text that begins with `?`",
    ),
    "did not find expected <document start>": (
        "this line belongs neither to the document above nor to a new one",
        "indent it like the first line above; or begin a new document with `---`",
    ),
    "found unexpected ':'": (
        "plain text inside brackets cannot end with `:`",
        "quote it, or add a space and a value",
    ),
    "found incompatible YAML document": ("this is not YAML 1.1 or 1.2", "remove the `%YAML` line"),
    "found invalid Unicode character escape code": ("this escape names no character", "write another number"),
    "did not find expected hexdecimal number": (
        "this escape lacks its hexadecimal digits",
        r"as in \x41 or \u00e9",
    ),
    "found an indentation indicator equal to 0": ("a block of text cannot be indented by 0", "write 1 to 9"),
}
_PROBLEMS = {
    "could not find expected ':'": _no_colon,
    "did not find expected key": _not_a_key,
    "did not find expected '-' indicator": _not_an_item,
    "did not find expected alphabetic or numeric character": _anchor,
    "did not find expected node content": _bad_start,
    "found character that cannot start any token": _bad_start,
    "found undefined tag handle": _tag,
    "found unknown escape character": _escape,
}
_CONTEXTS = {
    "while scanning a directive": _directive,
    "while scanning a quoted scalar": _quote,
    "while scanning a tag": _tag,
    "while parsing a tag": _tag,
}
