"""The order of findings, the same in every format, and their words as every format can hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragoman.findings import Finding, Span
from dragoman.report.letters import clean


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by file, line and column, then by code and message; those without a place come first."""
    return sorted(findings, key=_rank)


def plain(finding: Finding) -> Finding:
    """The finding with each of its texts on one line, without control letters; places stay as they are."""
    pardon = finding.pardon
    return finding._replace(
        message=clean(finding.message),
        help=clean(finding.help),
        address=clean(finding.address),
        related=tuple((span, clean(words)) for span, words in finding.related),
        rule=clean(finding.rule),
        docs=clean(finding.docs),
        pardon=pardon
        and pardon._replace(
            kind=clean(pardon.kind),
            reason=clean(pardon.reason),
            owner=clean(pardon.owner),
            expires=clean(pardon.expires),
        ),
    )


def name(finding: Finding) -> str:
    """What reports call its kind: the code, and of a policy the rule: `DRG102`, `DRG441/pinned-image`."""
    return f"{finding.code}/{finding.rule}" if finding.rule else finding.code


def _rank(finding: Finding) -> tuple[Any, ...]:
    span = finding.span or Span("", 0, 0)
    place = (span.file, span.line, span.column, finding.code, finding.message)
    return (*place, repr(finding))  # the whole of it: no order depends on who spoke first
