"""What dragoman has to say about an input: findings, their places, and the error that carries them.

A finding is a value. A phase collects as many as it can and then raises one `Findings`, so that an author
sees every mistake of a file at once; only a bug raises anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (INFO, WARNING, ERROR)


class Span(NamedTuple):
    """A place in an input: lines and columns count from 1, in code points; the end is exclusive.

    `approximate` marks a place that stands for a value computed elsewhere (Jsonnet): the file is right, the
    line is the document's.
    """

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    approximate: bool = False


class Finding(NamedTuple):
    """One diagnostic.

    code      DRGnnn, a row of `dragoman.codes.CODES`
    message   what is wrong, lower case, values in backquotes, no full stop
    span      where; None only when there is no input to point at (usage, environment)
    help      what to do about it
    address   the value's name path in the spec (`spec.steps.train.resources.cpu`); never an index or a line
    related   other places that take part, each with its few words
    """

    code: str
    message: str
    span: Span | None = None
    help: str = ""
    severity: str = ERROR
    address: str = ""
    related: tuple[tuple[Span, str], ...] = ()


class Findings(Exception):
    """Raised by a phase that cannot go on: carries everything it found. `exit_code` is 1 (findings) or 2."""

    def __init__(self, findings: Iterable[Finding], exit_code: int = 1) -> None:
        self.findings = tuple(findings)
        self.exit_code = exit_code
        super().__init__("; ".join(f"{f.code}: {f.message}" for f in self.findings))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings stops the render."""
    return any(finding.severity == ERROR for finding in findings)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A help sentence that offers the nearest of the known words, or lists them when there are few."""
    from difflib import get_close_matches  # only when there is something to say

    names = sorted(set(known))
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    if not names:
        return "there are none here"
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return f"known here: {shown}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
