"""`dragoman check`: everything that is wrong with specs, and nothing written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dragoman import spec
from dragoman.cli import inputs
from dragoman.cli.judge import failed, judged
from dragoman.cli.messages import colored
from dragoman.cli.platform import platform
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import render
from dragoman.report import text
from dragoman.write.manifests import write_text


def run(arguments: argparse.Namespace) -> int:
    """Check every flow for every target (and every environment, when none is named)."""
    reading = inputs.options(arguments)
    documents = files.load(arguments.paths, reading)
    flows = inputs.flows(documents)
    others = [document for document in documents if document not in flows]
    findings = [finding for other in others for finding in _mistakes(other)]
    policies = inputs.policies(arguments, reading)
    cases = list(inputs.cases(flows, arguments))
    for case in cases:
        try:
            libraries = inputs.libraries(case.flow, case.environment, reading)
            done = render(
                case.flow, libraries, policies, case.target, case.environment, arguments.set, platform=platform()
            )
            findings += done.findings
        except Findings as error:
            findings += error.findings
    findings = judged(findings, arguments)
    write_text(arguments.output, _report(findings, len(others) + len(cases), arguments))
    return 1 if failed(findings, arguments) else 0


def _mistakes(document: Document) -> Sequence[Finding]:
    """What is wrong with a document that is no flow: a library, a policy."""
    try:
        spec.read(document)
    except Findings as error:
        return error.findings
    return ()


def _report(findings: list[Finding], checked: int, arguments: argparse.Namespace) -> str:
    shown = [finding for finding in findings if finding.severity != "info" or arguments.verbose]
    if arguments.quiet:
        shown = [finding for finding in shown if finding.severity == "error"]
    if arguments.format == "json":
        from dragoman.report import json

        return json.text(shown)
    if arguments.format == "lines":
        return "".join(text.line(finding) + "\n" for finding in shown)
    said = text.text(shown, color=arguments.output == "-" and colored(arguments, sys.stdout))
    return said or ("" if arguments.quiet else f"checked {checked}: nothing to report\n")
