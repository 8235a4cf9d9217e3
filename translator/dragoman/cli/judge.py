"""What a command line makes of findings: how severe they are, and whether they fail it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from dragoman.findings import ERROR, SEVERITIES, WARNING, Finding


def judged(findings: Iterable[Finding], arguments: argparse.Namespace) -> list[Finding]:
    """The findings, each once; with `--strict`, a weaker translation that nobody accepted is an error."""
    unique = dict.fromkeys(findings)
    if not arguments.strict:
        return list(unique)
    return [
        finding._replace(severity=ERROR) if finding.code == "DRG302" and finding.severity == WARNING else finding
        for finding in unique
    ]


def failed(findings: Iterable[Finding], arguments: argparse.Namespace) -> bool:
    """Whether any finding that nobody pardoned is at or above `--fail-on`."""
    threshold = SEVERITIES.index(arguments.fail_on)
    return any(finding.pardon is None and SEVERITIES.index(finding.severity) >= threshold for finding in findings)
