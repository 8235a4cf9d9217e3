"""Durations of the spec as whole seconds: `90s`, `1h30m`, `7d`."""

from __future__ import annotations

import re

_PART = re.compile(r"([0-9]+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse(text: str) -> int:
    """Seconds; the spec's pattern has already said that the text is a duration.

    >>> parse("1h30m")
    5400
    """
    return sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def text(seconds: int) -> str:
    """Seconds as the spec writes them, the largest units first.

    >>> text(5400), text(0)
    ('1h30m', '0s')
    """
    said = ""
    for unit in "dhms":
        count, seconds = divmod(seconds, _SECONDS[unit])
        said += f"{count}{unit}" if count else ""
    return said or "0s"
