"""The hash of a line as GitHub's code scanning computes it, so that it knows a finding again when lines move.

github.com/github/codeql-action, src/fingerprints.ts: a polynomial of 37 over the next 100 UTF-16 units from the
line's start, blanks left out and line ends as `\\n`; then 0xffff for the end of the file, and zeros.
"""

from __future__ import annotations

import re

_UNITS, _BASE, _END = 100, 37, 0xFFFF


def line_hashes(file: str) -> list[str]:
    """The hash of each line, with how often it has been seen: `c129715d7a2bc9a3:1`; none of an unreadable file."""
    try:
        with open(file, encoding="utf-8", errors="replace", newline="") as stream:
            return hashes(stream.read(5_000_000))
    except (OSError, ValueError):
        return []


def hashes(text: str) -> list[str]:
    """The hashes of a text's lines."""
    lines = re.split("\r\n|\r|\n", text)
    units: list[int] = []
    starts = []
    for number, line in enumerate(lines, 1):
        starts.append(len(units))
        letters = re.sub("[ \t]", "", line) + ("\n" if number < len(lines) else "")
        raw = letters.encode("utf-16-le")
        units += (low + 256 * high for low, high in zip(raw[::2], raw[1::2], strict=True))
    units += [_END, *[0] * _UNITS]
    seen: dict[int, int] = {}
    found = []
    for start in starts:
        value = 0
        for unit in units[start : start + _UNITS]:
            value = (value * _BASE + unit) % 2**64
        seen[value] = seen.get(value, 0) + 1
        found.append(f"{value:x}:{seen[value]}")
    return found
