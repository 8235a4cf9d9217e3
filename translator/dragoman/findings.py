"""What dragoman has to say about an input: findings, their places, and the error that carries them.

A finding is a value. A phase collects as many as it can and then raises one `Findings`, so that an author
sees every mistake of a file at once; only a bug raises anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

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


class Fix(NamedTuple):
    """What would mend a finding: the value at a path of a document set to another, or added where there is none.

    file     as spans name it; `number` counts the documents of the file from 1
    path     of the value in the document, as it is written there (an environment's, say)
    value    what it becomes: text, number or boolean
    """

    file: str
    number: int
    path: tuple[str | int, ...]
    value: Any


class Pardon(NamedTuple):
    """Why a finding does not count: an exemption of a policy, or a baseline that already had it.

    expires  the last day of an exemption, YYYY-MM-DD; empty when it has none
    span     where it is said
    """

    kind: str
    reason: str = ""
    owner: str = ""
    expires: str = ""
    span: Span | None = None


class Finding(NamedTuple):
    """One diagnostic.

    code      DRGnnn, a row of `dragoman.codes.CODES`
    message   what is wrong, lower case, values in backquotes, no full stop
    span      where; None only when there is no input to point at (usage, environment)
    help      what to do about it
    address   the value's name path in the spec (`spec.steps.train.resources.cpu`); never an index or a line
    related   other places that take part, each with its few words
    rule      of a policy: a rule's id, or `max.cpu`, `quota.gpu`: what exemptions and baselines call it
    docs      an address to read more at
    fix       what `--fix` would do about it
    pardon    why it does not count
    """

    code: str
    message: str
    span: Span | None = None
    help: str = ""
    severity: str = ERROR
    address: str = ""
    related: tuple[tuple[Span, str], ...] = ()
    rule: str = ""
    docs: str = ""
    fix: Fix | None = None
    pardon: Pardon | None = None


class Findings(Exception):
    """Raised by a phase that cannot go on: carries everything it found. `exit_code` is 1 (findings) or 2."""

    def __init__(self, findings: Iterable[Finding], exit_code: int = 1) -> None:
        self.findings = tuple(findings)
        self.exit_code = exit_code
        super().__init__("; ".join(f"{f.code}: {f.message}" for f in self.findings))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings stops the render."""
    return any(finding.severity == ERROR and finding.pardon is None for finding in findings)


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
