"""Findings for programs: one JSON object of a version, as `check.schema.json` beside this file has it."""

from __future__ import annotations

import json
from typing import Any

from dragoman.findings import ERROR, INFO, WARNING, Span
from dragoman.report.letters import writable
from dragoman.report.model import Checked, Entry, Report

VERSION = 1  # another one when a key changes its meaning or goes; new keys may come at any time


def text(report: Report) -> str:
    """The object, indented; places count from 1, in code points, and their ends are exclusive."""
    whole = {
        "version": VERSION,
        "findings": [_finding(entry) for entry in report.entries],
        "summary": _summary(report),
        "checked": [_checked(one) for one in report.checked],
    }
    return writable(json.dumps(whole, ensure_ascii=False, indent=2)) + "\n"


def _finding(entry: Entry) -> dict[str, Any]:
    finding = entry.finding
    fix, pardon = finding.fix, finding.pardon
    return {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "help": finding.help,
        "docs": finding.docs,
        "address": finding.address,
        "place": _span(finding.span),
        "related": [{"place": _span(span), "message": words} for span, words in finding.related],
        "fingerprint": entry.fingerprint,
        "checked": list(entry.checked),
        "fix": fix and {"file": fix.file, "document": fix.number, "path": list(fix.path), "value": fix.value},
        "pardon": pardon
        and {
            "kind": pardon.kind,
            "reason": pardon.reason,
            "owner": pardon.owner,
            "expires": pardon.expires,
            "place": _span(pardon.span),
        },
    }


def _summary(report: Report) -> dict[str, Any]:
    counted = [entry.finding for entry in report.counted]
    return {
        "checked": len(report.checked),
        "failed": any(report.fails(finding) for finding in counted),
        "errors": sum(finding.severity == ERROR for finding in counted),
        "warnings": sum(finding.severity == WARNING for finding in counted),
        "notes": sum(finding.severity == INFO for finding in counted),
        "pardoned": len(report.pardoned),
        "mendable": sum(finding.fix is not None for finding in counted),
    }


def _checked(one: Checked) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "file": one.file,
        "target": one.target,
        "environment": one.environment,
        "steps": [
            {
                "step": need.step,
                "width": need.width,
                "resources": {
                    key: {"asked": amount.asked, "given": amount.given, "grows": amount.grows}
                    for key, amount in need.amounts.items()
                },
            }
            for need in one.needs
        ],
        "peaks": [
            {
                "key": peak.key,
                "amount": peak.amount,
                "least": peak.least,
                "steps": [{"step": step, "width": width} for step, width in peak.steps],
                "quota": peak.quota,
                "over": peak.over,
            }
            for peak in one.peaks
        ],
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
