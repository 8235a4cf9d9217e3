"""Findings as SARIF 2.1.0, within what GitHub's code scanning takes.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/ and docs.github.com, "SARIF support for code scanning": at most 25,000
results in a run, 10 MB compressed, every result with a file of the repository, `results` also when there are none.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from dragoman import __version__
from dragoman.codes import CODES, Code
from dragoman.findings import ERROR, SEVERITIES, WARNING, Finding, Pardon, Span
from dragoman.report.letters import writable
from dragoman.report.line_hash import line_hashes
from dragoman.report.model import Entry, Report
from dragoman.report.order import name
from dragoman.report.places import is_file, is_web, uri
from dragoman.report.text import reason

MOST_RESULTS = 25_000
MOST_BYTES = 10_000_000  # compressed
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {ERROR: "error", WARNING: "warning"}


def text(report: Report) -> str:
    """One run. Where there are too many findings, the least severe are left out, and a notification says so."""
    count = min(len(report.entries), MOST_RESULTS)
    somewhere = Span(report.checked[0].file if report.checked else ".")  # GitHub takes no result without a place
    while True:
        kept = [entry._replace(span=entry.span or somewhere) for entry in _worst(report.entries, count)]
        whole = _written(kept, len(report.entries) - count)
        if count == 0 or len(whole) < MOST_BYTES or len(zlib.compress(whole.encode())) < MOST_BYTES:
            return whole
        count //= 2


def _worst(entries: Sequence[Entry], count: int) -> list[Entry]:
    """So many entries, the most severe, still in their order."""
    ranked = sorted(range(len(entries)), key=lambda at: -SEVERITIES.index(entries[at].finding.severity))
    return [entries[at] for at in sorted(ranked[:count])]


def _written(entries: Sequence[Entry], left_out: int) -> str:
    rules: dict[str, list[Finding]] = {}
    for entry in entries:
        rules.setdefault(name(entry.finding), []).append(entry.finding)
    at = {rule: number for number, rule in enumerate(sorted(rules))}
    hashes: dict[str, list[str]] = {}
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left_out:
        words = f"{left_out} more findings are not shown: GitHub takes {MOST_RESULTS} results, and {MOST_BYTES} bytes"
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": words}}]
    driver = {
        "name": "dragoman",
        "semanticVersion": __version__,
        "rules": [_rule(rule, rules[rule]) for rule in at],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(entry, at[name(entry.finding)], hashes) for entry in entries],
    }
    whole = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return writable(json.dumps(whole, ensure_ascii=False, indent=2)) + "\n"


def _rule(rule: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """What there is to know of a kind of finding: its code's explanation, and where a policy says more."""
    first = findings[0]
    code = CODES.get(first.code) or Code(first.code, f"A finding of another package: {first.code}.")
    title = code.name.replace("-", " ")
    worst = max((finding.severity for finding in findings), key=SEVERITIES.index)
    link = min((finding.docs for finding in findings if is_web(finding.docs)), default="")
    return {
        "id": rule,
        "name": first.rule or code.name,
        "shortDescription": {"text": f"{first.rule}: {title}" if first.rule else title},
        "fullDescription": {"text": code.explanation},
        "help": {"text": f"{code.explanation} See also: {link}" if link else code.explanation},
        **({"helpUri": link} if link else {}),
        "defaultConfiguration": {"level": _level(worst)},
        "properties": {
            "precision": "very-high",
            "problem.severity": {ERROR: "error", WARNING: "warning"}.get(worst, "recommendation"),
            "tags": ["policy", code.name] if first.rule else [code.name],
        },
    }


def _result(entry: Entry, rule: int, hashes: dict[str, list[str]]) -> dict[str, Any]:
    finding = entry.finding
    elsewhere = [f"{words}: {span.file}" for span, words in finding.related if not is_file(span)]
    related = [
        {"id": number, "message": {"text": words}, "physicalLocation": _physical(span)}
        for number, (span, words) in enumerate((one for one in finding.related if is_file(one[0])), 1)
    ]
    lines = [finding.message, finding.help, *elsewhere]
    if entry.span is not None and entry.span.approximate:
        lines.append("the value is computed by Jsonnet: there is no exact line")
    assert entry.span is not None
    location: dict[str, Any] = {"physicalLocation": _physical(entry.span)}
    if finding.address:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.address}]
    return {
        "ruleId": name(finding),
        "ruleIndex": rule,
        "level": _level(finding.severity),
        "message": {"text": "\n".join(filter(None, lines)) or name(finding)},
        "locations": [location],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": _fingerprints(entry, hashes),
        # of a run's results either all say whether they are suppressed, or none does
        "suppressions": [_suppression(finding.pardon, entry.span)] if finding.pardon is not None else [],
    }


def _fingerprints(entry: Entry, hashes: dict[str, list[str]]) -> dict[str, str]:
    """Ours, of names; and GitHub's, of the line's text: without it, an upload by the API shows alerts twice."""
    found = {"dragoman/v1": entry.fingerprint}
    if entry.span is not None and entry.path:
        if entry.path not in hashes:
            hashes[entry.path] = line_hashes(entry.path)
        line = 1 if entry.span.approximate else entry.span.line
        if 0 < line <= len(hashes[entry.path]):
            found["primaryLocationLineHash"] = hashes[entry.path][line - 1]
    return found


def _suppression(pardon: Pardon, place: Span | None) -> dict[str, Any]:
    inside = pardon.span is not None and place is not None and pardon.span.file == place.file
    return {
        "kind": "inSource" if inside else "external",
        "status": "accepted",
        "justification": f"{pardon.kind}: {reason(pardon)}",
        **({"location": {"physicalLocation": _physical(pardon.span)}} if is_file(pardon.span) and pardon.span else {}),
    }


def _physical(span: Span) -> dict[str, Any]:
    region = {"startLine": 1}
    if not span.approximate:
        region = {"startLine": span.line, "startColumn": span.column}
        if (span.end_line, span.end_column) > (span.line, span.column):
            region |= {"endLine": span.end_line, "endColumn": span.end_column}
    return {"artifactLocation": {"uri": uri(span.file), "uriBaseId": "%SRCROOT%"}, "region": region}


def _level(severity: str) -> str:
    return _LEVELS.get(severity, "note")
