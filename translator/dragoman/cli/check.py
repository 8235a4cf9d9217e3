"""`dragoman check`: everything that is wrong with specs, and nothing written."""

from __future__ import annotations

import argparse
import sys

from dragoman import spec
from dragoman.cli import inputs
from dragoman.cli.judge import failed, judged
from dragoman.cli.messages import colored
from dragoman.cli.platform import platform
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.report import text
from dragoman.write.manifests import write_text


def run(arguments: argparse.Namespace) -> int:
    """Check every flow for every target (and every environment, when none is named)."""
    reading = inputs.options(arguments)
    findings: list[Finding] = []
    checked = 0
    documents = files.load(arguments.paths, reading)
    flows = inputs.flows(documents)
    for other in documents:
        if other not in flows:
            checked += 1
            try:
                spec.read(other)
            except Findings as error:
                findings += error.findings
    for flow in flows:
        policies = inputs.policies(arguments, reading)
        for target in inputs.targets(arguments):
            for environment in _environments(flow.data, arguments.env):
                checked += 1
                try:
                    libraries = inputs.libraries(flow, environment, reading)
                    findings += render(
                        flow, libraries, policies, target, environment, arguments.set, platform()
                    ).findings
                except Findings as error:
                    findings += error.findings
    findings = judged(findings, arguments)
    write_text(arguments.output, _report(findings, checked, arguments))
    return 1 if failed(findings, arguments) else 0


def _environments(data: object, named: str) -> list[str]:
    if named:
        return [named]
    body = data.get("spec") if isinstance(data, dict) else None
    environments = body.get("environments") if isinstance(body, dict) else None
    return ["", *environments] if isinstance(environments, dict) else [""]


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
