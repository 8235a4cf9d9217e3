"""Manifests as YAML text: block style, keys in their order, the same bytes for the same data everywhere.

Every YAML 1.1 and 1.2 reader finds the data that was written: a text stands plain only where none of them
could take it for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from math import isfinite
from typing import Any


def dump(value: Any) -> str:
    """The YAML of one value made of dict, list, tuple, str, int, float, bool and None; ends with a newline.

    Raises TypeError for another type and for a key that is no str, ValueError for what YAML cannot hold: a
    number that is not finite, half a surrogate pair.
    """
    out: list[str] = []
    if type(value) is dict and value:
        _mapping(value, "", "", out)
    elif type(value) in (list, tuple) and value:
        _sequence(value, "", "", out)
    else:
        out.append(f"{_scalar(value)}\n")
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """The YAML of several documents, with `---` between them."""
    return "---\n".join(map(dump, values))


def quoted(text: str) -> str:
    """The text in double quotes, on one line."""
    if text.isprintable():  # then two letters at most are escaped
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"{_escaped().sub(_escape, text)}"'


def _mapping(value: dict[str, Any], lead: str, indent: str, out: list[str]) -> None:
    """Appends `key: value` lines; the first begins with `lead`, which may hold the `- ` of a list."""
    for key, item in value.items():
        if type(key) is not str:
            raise TypeError(f"a key is text, not {type(key).__name__}: {key!r}")
        name, kind = _line(key), type(item)
        head = f"{lead}{name}:" if len(name) <= _KEY else f"{lead}? {name}\n{indent}:"
        lead = indent
        if kind is str:
            out.append(f"{head} {_block(item, indent) if _NEWLINE in item else _line(item)}\n")
        elif kind is dict and item:
            out.append(f"{head}\n")
            _mapping(item, f"{indent}  ", f"{indent}  ", out)
        elif (kind is list or kind is tuple) and item:
            out.append(f"{head}\n")
            _sequence(item, indent, indent, out)
        else:
            out.append(f"{head} {_scalar(item)}\n")


def _sequence(value: list[Any] | tuple[Any, ...], lead: str, indent: str, out: list[str]) -> None:
    """Appends `- item` lines; in a mapping they stand no deeper than their key, as kubectl prints them."""
    for item in value:
        kind = type(item)
        if kind is str:
            out.append(f"{lead}- {_block(item, indent) if _NEWLINE in item else _line(item)}\n")
        elif kind is dict and item:
            _mapping(item, f"{lead}- ", f"{indent}  ", out)
        elif (kind is list or kind is tuple) and item:
            _sequence(item, f"{lead}- ", f"{indent}  ", out)
        else:
            out.append(f"{lead}- {_scalar(item)}\n")
        lead = indent


def _scalar(value: Any) -> str:
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if value is None:
        return "null"
    if kind is str:
        return _line(value)
    if kind is float:
        return _float(value)
    if kind is dict:
        return "{}"
    if kind is list or kind is tuple:
        return "[]"
    raise TypeError(f"{kind.__name__} is no type of a manifest: {value!r}")


def _float(value: float) -> str:
    if not isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    digits, exponent, power = repr(value).partition("e")
    return f"{digits}.0e{power}" if exponent and "." not in digits else repr(value)  # PyYAML wants the point


@lru_cache(maxsize=8192)
def _line(text: str) -> str:
    """The text on one line, plain or in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return quoted(text)


def _block(text: str, indent: str) -> str:
    """A text of several lines as a literal block; in quotes where blanks or hidden letters are at stake."""
    core = text.strip("\n")
    blank = core.partition("\n")[0].isspace() or core.rpartition("\n")[2].isspace()
    if not core or blank or core[0] == "\t" or _hides(text):
        return _line(text)
    lines = text.removesuffix("\n").split("\n")
    keep = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    sign = "|2" if text[0] in " \n" else "|"  # readers guess the indentation by the first letter
    return "\n".join([f"{sign}{keep}", *(f"{indent}  {line}" if line else "" for line in lines)])


def _hides(text: str) -> bool:
    """Whether there is a letter in the text that a reader of a block might not see."""
    shown = text.replace("\n", "").replace("\t", "").isprintable()
    return not shown and not _VISIBLE.issuperset(_escaped().findall(text))


@cache
def _escaped() -> re.Pattern[str]:
    """Controls, line breaks of YAML 1.1, invisible and direction marks, surrogates; hardly any text needs it."""
    return re.compile(
        '[\x00-\x1f"\\\\\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]'
    )


def _escape(match: re.Match[str]) -> str:
    letter = match[0]
    number = ord(letter)
    if 0xD800 <= number < 0xE000:
        raise ValueError(f"half a surrogate pair, U+{number:04X}, is no text")
    return _SHORT.get(letter) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


_NEWLINE = "\n"
_KEY = 1000  # letters; readers give up looking for the colon after 1,024
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_VISIBLE = frozenset('\n\t"\\')  # escaped in quotes, but fit for a block
# A plain text begins like a word, a path, an option or `$NAME`; or with a digit, when it has a letter that no
# number and no date has. It holds visible ASCII and spaces: no `: `, no ` #`, no space or colon at its end.
_PLAIN = re.compile(
    r"(?:[A-Za-z_/$]|--?[A-Za-z]|\.\.?/|[0-9](?=.*[g-nq-su-wyG-NQ-SU-WY]))"
    r"(?:[!-9;-~]|:(?=[!-~])| (?=[ -\"$-9;-~]))*"
)
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
