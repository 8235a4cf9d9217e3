"""Our patterns as regular expressions that JavaScript, Java and Python read alike.

Which of them stands behind a service is not known, so nothing is used that they read differently: no `$` (it stands
before a last newline, too), no `.`, `\\d`, `\\w`, `\\s`, and no letter beyond U+FFFF in brackets, where JavaScript
sees two.
"""

from __future__ import annotations

import re

from dragoman.expr.pattern import Ranges, read_pattern

_PAIR = r"[\uD800-\uDBFF][\uDC00-\uDFFF]"
_LARGEST, _SURROGATES = 0x10FFFF, (0xD800, 0xDFFF)
_MAX_LETTERS = 64
# the parts of a pattern that `read_pattern` has accepted
_PART = re.compile(
    r"(?P<same>\(\?:|[()|^]|(?:[*+?]|\{[0-9,]+\})\??)|(?P<end>\$)"
    r"|(?P<atom>\[(?:\\.|[^\]\\])*\]|\\x..|\\.|.)",
    re.DOTALL,
)


def regex(pattern: str, prefixed: bool = False) -> str:
    """The inside of a `/…/`, for a text or for one after a `^`; ValueError for letters that it cannot name."""
    depth, beginning, written = 0, True, ""
    for part in _PART.finditer(pattern):
        if beginning and prefixed:
            written += r"^\u005E" + ("" if part[0] == "^" else r"[\s\S]*?")
        same = "(?:" if part["same"] == "(" else part["same"]
        if part["atom"]:
            written += _atom(read_pattern(part["atom"]).branches[0].atoms[1])
        elif part["end"]:
            written += r"(?![\s\S])"
        elif not (beginning and prefixed and same == "^"):
            written += same
        depth += {"(?:": 1, ")": -1}.get(same or "", 0)
        beginning = part[0] == "|" and depth == 0
    return written + (r"^\u005E" if beginning and prefixed else "")


def may_be_empty(pattern: str) -> bool:
    """Whether it matches no letters at all, which is an error to JSONata (D1004)."""
    return any(branch.empty for branch in read_pattern(pattern).branches)


def _atom(ranges: Ranges) -> str:
    """One letter out of these ranges."""
    low = _without_surrogates([(first, min(last, 0xFFFF)) for first, last in ranges if first <= 0xFFFF])
    high = [(max(first, 0x10000), last) for first, last in ranges if last > 0xFFFF]
    if not high:
        return _class(low)
    if high == [(0x10000, _LARGEST)]:
        return f"(?:[^{_members(_without_surrogates(_gaps(low)))}{_unit(0xD800)}-{_unit(0xDFFF)}]|{_PAIR})"
    letters = [chr(code) for first, last in high for code in range(first, min(last, first + _MAX_LETTERS) + 1)]
    if len(letters) > _MAX_LETTERS:
        raise ValueError("a range of letters beyond U+FFFF")
    return f"(?:{'|'.join(([_class(low)] if low else []) + letters)})"


def _class(ranges: list[tuple[int, int]]) -> str:
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _unit(ranges[0][0])
    return f"[{_members(ranges)}]"


def _members(ranges: list[tuple[int, int]]) -> str:
    return "".join(_unit(first) if first == last else f"{_unit(first)}-{_unit(last)}" for first, last in ranges)


def _unit(code: int) -> str:
    """A letter; anything but ASCII letters and digits is escaped: no bracket, slash or `%}` is left to read."""
    return chr(code) if code < 128 and chr(code).isalnum() else f"\\u{code:04X}"


def _gaps(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What a sorted list leaves out up to U+FFFF."""
    gaps, start = [], 0
    for first, last in [*ranges, (0x10000, 0x10000)]:
        if first > start:
            gaps.append((start, first - 1))
        start = max(start, last + 1)
    return gaps


def _without_surrogates(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted and joined, without the halves of pairs."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        for one, other in ((first, min(last, _SURROGATES[0] - 1)), (max(first, _SURROGATES[1] + 1), last)):
            if one > other:
                continue
            if joined and one <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], other))
            else:
                joined.append((one, other))
    return joined
