"""Whether a cron expression is one that Argo's and Kubernetes' schedulers read (robfig/cron v3, ParseStandard)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.model import Plan

_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = re.compile(r"@every ([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


def schedules(plan: Plan) -> Iterator[Finding]:
    """A finding for each of the flow's schedules that is none."""
    written = plan.schedule.cron if plan.schedule is not None else ()
    for number, schedule in enumerate(written):
        wrong = problem(schedule)
        if wrong:
            path: Path = ("spec", "schedule", "cron")
            path = (*path, number) if len(written) > 1 else path
            yield Finding(
                "DRG505",
                f"`{schedule}` is not a schedule: {wrong}",
                plan.source.span(path),
                "for example `0 2 * * *`, every day at 2:00",
                address="spec.schedule.cron",
            )


def problem(text: str) -> str:
    """What is wrong with the expression; empty when nothing is.

    >>> problem("0 24 * * *")
    'its hour `24` is not within 0-23'
    """
    if text.startswith("@"):
        return (
            ""
            if text in _MACROS or _EVERY.fullmatch(text)
            else f"`{text}` is not one of " + ", ".join(sorted(_MACROS)) + ", `@every 1h`"
        )
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"it has {len(fields)} fields, a schedule has 5: minute, hour, day of month, month, day of week"
    for field, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if not _part(part.lower(), low, high, words):
                return f"its {name} `{part}` is not within {low}-{high}"
    return ""


def _part(part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isdigit() and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    first, dash, last = span.partition("-")
    values = [_value(text, low, words) for text in ((first, last) if dash else (first,))]
    if any(value is None or not low <= value <= high for value in values):
        return False
    return not dash or (values[0] or 0) <= (values[1] or 0)


def _value(text: str, low: int, words: tuple[str, ...]) -> int | None:
    if text in words:
        return words.index(text) + low
    return int(text) if text.isdigit() else None
