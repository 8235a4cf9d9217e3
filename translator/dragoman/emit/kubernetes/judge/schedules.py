"""Rules of a CronJob: when it starts, in which time zone.

From `validateCronJobSpec` of `pkg/apis/batch/validation`, and the parser that it asks (`robfig/cron`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

_PART = re.compile(r"[A-Za-z._\-0-9+]{1,14}").fullmatch
_DESCRIPTORS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = re.compile(r"@every [+-]?(?:\d{1,9}(?:\.\d{0,9})?(?:ns|us|µs|ms|s|m|h))+").fullmatch
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# what each field is, its first and last number, the numbers of its names
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


def schedule(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The schedule is a cron expression of five fields, without a time zone."""
    text, place = spec.get("schedule", ""), (*at, "schedule")
    if "TZ" in text:
        yield problem(place, f"is {shown(text)}, with a time zone in it", "say it in `timeZone`")
    elif wrong := _wrong(text):
        yield problem(place, f"is {shown(text)}, and {wrong}", "write minute, hour, day, month and day of the week")


def _wrong(text: str) -> str:
    """What is wrong with a cron expression; nothing where it is right.

    >>> _wrong("*/5 0-6 * jan MON"), _wrong("60 * * * *"), _wrong("* * *")
    ('', '`60` is no minute', 'it has 3 fields, not 5')
    """
    if text.startswith("@"):
        known = text in _DESCRIPTORS or _EVERY(text)
        return "" if known else f"{shown(text)} is no word for a schedule"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"it has {len(fields)} fields, not 5"
    for field, (name, first, last, words) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if part and not _range(part, first, last, words):
                return f"{shown(part)} is no {name}"
    return ""


def _range(text: str, first: int, last: int, words: dict[str, int]) -> bool:
    ends, slash, step = text.partition("/")
    low, dash, high = ends.partition("-")
    if slash and (_number(step, {}) or 0) < 1:
        return False
    if low in {"*", "?"}:
        return True
    start = _number(low, words)
    end = _number(high, words) if dash else last if slash else start
    return start is not None and end is not None and first <= start <= end <= last


def _number(text: str, words: dict[str, int]) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    return words.get(text.lower())


def time_zone(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The time zone is a name of the time zone database."""
    name = spec.get("timeZone")
    if name is None:
        return
    parts = name.split("/")
    formed = all(_PART(part) and part not in {".", ".."} and not part.startswith("-") for part in parts)
    if not formed or name.lower() == "local":
        advice = "write a name of the time zone database, as `Europe/Berlin` or `Etc/UTC`"
        yield problem((*at, "timeZone"), f"is {shown(name)}, which is no name of a time zone", advice)


def template(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Every run makes a Job."""
    if "spec" not in (spec.get("jobTemplate") or {}):
        yield problem((*at, "jobTemplate", "spec"), "is missing", "describe the Job of a run")


RULES = (schedule, time_zone, template)
