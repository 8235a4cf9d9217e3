"""Findings as GitLab's Code Quality report: docs.gitlab.com, "Code Quality", the report's format.

One JSON array; two findings of one fingerprint would be one there, and what is pardoned has no place in it.
"""

from __future__ import annotations

import json
from typing import Any

from dragoman.findings import ERROR, INFO, WARNING
from dragoman.report.letters import writable
from dragoman.report.model import Entry, Report
from dragoman.report.order import name

_SEVERITIES = {ERROR: "major", WARNING: "minor", INFO: "info"}


def text(report: Report) -> str:
    """The array; an empty one when there is nothing to report."""
    return writable(json.dumps([_issue(entry) for entry in report.counted], ensure_ascii=False, indent=2)) + "\n"


def _issue(entry: Entry) -> dict[str, Any]:
    finding, span = entry.finding, entry.span
    line = 1 if span is None or span.approximate else span.line
    end = line if span is None or span.approximate else max(line, span.end_line)
    return {
        "description": finding.message + (f" ({finding.help})" if finding.help else ""),
        "check_name": name(finding),
        "fingerprint": entry.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": span.file if span is not None else ".", "lines": {"begin": line, "end": end}},
    }
