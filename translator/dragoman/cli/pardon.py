"""What `dragoman check` does about pardons: those that are over are lifted, those of a baseline are given."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from dragoman import baseline
from dragoman.findings import Finding, Findings
from dragoman.policy.exemptions import expired
from dragoman.write.replace import replace


def pardoned(findings: Sequence[Finding], arguments: argparse.Namespace, *, whole: bool) -> list[Finding]:
    """The findings as they are today; with `--update-baseline` the baseline is written first.

    whole  nothing kept the check from looking at everything; else nobody knows what is gone
    """
    now = expired(findings, _today(arguments))
    if not arguments.baseline:
        if arguments.update_baseline:
            advice = "for example `--baseline known-findings.jsonl --update-baseline`"
            raise Findings([Finding("DRG114", "`--update-baseline` does not say which file", None, advice)], 2)
        return now
    file, refused = arguments.baseline, []
    if arguments.update_baseline:
        if not whole:
            message = f"the baseline `{file}` is left as it is: not everything could be checked"
            return [*now, Finding("DRG454", message, None, "mend that first")]
        refused = _update(now, arguments)
    known = baseline.read(file)
    now, left = baseline.applied(now, known)
    return [*now, *refused, *(baseline.stale(left, now, arguments.paths, strict=arguments.strict) if whole else ())]


def _today(arguments: argparse.Namespace) -> date:
    if not arguments.now:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(arguments.now)
    except ValueError:
        message = f"`--now {arguments.now}` is not a date"
        raise Findings([Finding("DRG114", message, None, "for example `--now 2027-01-31`")], 2) from None


def _update(findings: Sequence[Finding], arguments: argparse.Namespace) -> list[Finding]:
    """Write the baseline; a finding when it would grow and nobody said that it may."""
    file = arguments.baseline
    old = baseline.read(file) if os.path.exists(file) else None
    change = baseline.updated(findings, arguments.paths, old)
    if old is not None and change.added and not arguments.accept_new:
        return [baseline.refusal(change, file)]
    replace(file, baseline.written(change.entries).encode())
    if not arguments.quiet:
        print(f"{file}: +{len(change.added)}/−{len(change.removed)}", file=sys.stderr)
    return []
