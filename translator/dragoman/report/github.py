"""Findings as annotations of a pull request, by the workflow commands of GitHub Actions, then the text of all.

docs.github.com, "Workflow commands for GitHub Actions"; github.com/actions/runner, ActionCommand.cs, for what is
escaped. A step shows ten annotations of each kind; the log shows the text.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.findings import ERROR, INFO, WARNING
from dragoman.report.model import Entry, Report
from dragoman.report.order import name

MOST = 10
_KINDS = {ERROR: "error", WARNING: "warning", INFO: "notice"}


def text(report: Report, full: str) -> str:
    """The commands, errors first, then `full`, the text of all findings, in which nothing is a command."""
    lines = []
    for severity, kind in _KINDS.items():
        lines += _commands(kind, [entry for entry in report.counted if entry.finding.severity == severity])
    return "".join(f"{line}\n" for line in lines) + (_inert(full) if full else "")


def _commands(kind: str, entries: Sequence[Entry]) -> list[str]:
    """The commands of one kind; where there are too many, the last says how many more there are."""
    if len(entries) <= MOST:
        return [_command(kind, entry) for entry in entries]
    more = len(entries) - (MOST - 1)
    shown = [_command(kind, entry) for entry in entries[: MOST - 1]]
    return [*shown, f"::{kind} title=dragoman check::{more} more are in the log of this step"]


def _command(kind: str, entry: Entry) -> str:
    finding, span = entry.finding, entry.span
    properties = {"title": name(finding)}
    if span is not None:
        properties = {"file": span.file, "line": str(1 if span.approximate else span.line), **properties}
        if not span.approximate:
            properties["endLine"] = str(max(span.line, span.end_line))
        if not span.approximate and span.line == span.end_line:  # columns are for one line only
            properties |= {"col": str(span.column), "endColumn": str(max(span.column, span.end_column))}
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{kind} {told}::" + _data("\n".join(filter(None, (finding.message, finding.help))))


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def _inert(full: str) -> str:
    """The text between the commands that stop and resume commands: a line of a spec may look like one.

    The word that resumes is a hash of the text, so no text can hold its own.
    """
    from hashlib import sha256

    word = f"dragoman-{sha256(full.encode(errors='replace')).hexdigest()[:32]}"
    return f"::stop-commands::{word}\n{full.rstrip()}\n::{word}::\n"
