"""Findings as Argo CD shows them: its pages join the lines, so each is a sentence of its own."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.findings import ERROR, INFO, Finding
from dragoman.report.text import lines, summary

MOST = 20  # findings
WIDEST = 600  # letters of one


def told(application: str, findings: Iterable[Finding]) -> str:
    """The findings, the worst first, each on a line that begins with its place; empty when there are none."""
    known = [one for one in findings if one.severity != INFO]
    errors, others = (lines(one for one in known if (one.severity == ERROR) is wanted) for wanted in (True, False))
    said = (errors + others).splitlines()
    if not said:
        return ""
    about = f"application `{application}`: " if application else ""
    shown = [f"- {_short(line)}" for line in said[:MOST]]
    more = [f"- and {len(said) - MOST} more"] if len(said) > MOST else []
    return "\n".join([f"{about}{summary(known)}", *shown, *more]) + "\n"


def _short(text: str) -> str:
    whole = " ".join(text.split())
    return whole if len(whole) <= WIDEST else f"{whole[: WIDEST - 1]}…"
