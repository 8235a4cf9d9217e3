"""Findings for programs: one JSON array, places counted from 1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dragoman.findings import Finding, Span


def text(findings: Iterable[Finding]) -> str:
    """The array, indented; an empty one when there is nothing to report."""
    return json.dumps([_finding(finding) for finding in findings], ensure_ascii=False, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "help": finding.help,
        "address": finding.address,
        "place": _span(finding.span),
        "related": [{"place": _span(span), "message": words} for span, words in finding.related],
    }


def _span(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
        "approximate": span.approximate,
    }
