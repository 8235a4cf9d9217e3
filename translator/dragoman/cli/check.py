"""`dragoman check`: everything that is wrong with specs, and nothing written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from dragoman import spec
from dragoman.cli import inputs
from dragoman.cli.flags import REPORTS
from dragoman.cli.inputs import Case
from dragoman.cli.judge import failed, judged
from dragoman.cli.messages import colored
from dragoman.cli.pardon import pardoned
from dragoman.cli.platform import platform
from dragoman.findings import ERROR, Finding, Findings, did_you_mean
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import render
from dragoman.policy.enact import Enacted
from dragoman.policy.floors import Floors
from dragoman.report import text
from dragoman.report.model import Checked, of, report
from dragoman.write.manifests import write_text

MEASURED = ("json", "markdown")  # formats that show what steps ask for and get


def run(arguments: argparse.Namespace) -> int:
    """Check every flow for every target (and every environment, when none is named)."""
    reports = _reports(arguments)
    notes: list[Finding] = []
    if arguments.fix or arguments.diff:
        from dragoman.cli import fix

        mended = fix.mended(lambda drafts: _found(arguments, drafts)[1], arguments)
        if arguments.diff:
            return fix.show(mended, arguments)
        notes = fix.write(mended, arguments)
    checked, findings = _found(arguments)
    findings = pardoned([*findings, *notes], arguments, whole=bool(checked))
    texts = [(output, _report(findings, checked, arguments, form, output)) for form, output in reports]
    for output, said in texts:
        write_text(output, said)
    return 1 if failed(findings, arguments) else 0


def _found(arguments: argparse.Namespace, drafts: Mapping[str, bytes] = {}) -> tuple[list[Checked], list[Finding]]:
    """What was checked, nothing where a file or a policy cannot be read as what it is; and all findings.

    drafts  what is read instead of files
    """
    try:
        checked = _checked(arguments, drafts)
        findings = [finding for one in checked for finding in one.findings]
    except Findings as error:
        if error.exit_code != 1:
            raise
        checked, findings = [], list(error.findings)
    return checked, judged(findings, arguments)


def _checked(arguments: argparse.Namespace, drafts: Mapping[str, bytes]) -> list[Checked]:
    reading = inputs.options(arguments)._replace(drafts=drafts)
    documents = files.load(arguments.paths, reading)
    flows = inputs.flows(documents)
    others = [document for document in documents if document not in flows]
    policies, floors = inputs.policies(arguments, reading), inputs.floors(arguments)
    cases = inputs.cases(flows, arguments)
    return [*map(_other, others), *(_case(case, policies, floors, reading, arguments) for case in cases)]


def _other(document: Document) -> Checked:
    """A document that is no flow: a library, a policy."""
    try:
        spec.read(document)
    except Findings as error:
        return of(document, error.findings)
    return of(document)


def _case(
    case: Case, policies: Enacted, floors: Floors, reading: files.Options, arguments: argparse.Namespace
) -> Checked:
    """A flow for one target in one environment."""
    flow, target, environment = case
    libraries: dict[str, Document] = {}
    try:
        libraries = inputs.libraries(flow, environment, reading)
        done = render(flow, libraries, policies, target, environment, arguments.set, platform(), floors=floors)
        one = of(flow, done.findings, done.plan.target, environment)
    except Findings as error:
        one = of(flow, error.findings, target, environment)
    if any(form in MEASURED for form, _ in _reports(arguments)):
        from dragoman.cli.measured import measured

        return measured(one, case, libraries, policies, floors, arguments.set)
    return one


def _reports(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    """The format asked for and those of `--report`, each with its file."""
    found = [(arguments.format, arguments.output)]
    for argument in arguments.report:
        form, equals, file = argument.partition("=")
        if not equals or not file or form not in REPORTS:
            hint = did_you_mean(form, REPORTS) if equals else "for example `--report sarif=dragoman.sarif`"
            raise Findings([Finding("DRG114", f"`--report {argument}` is not `FORMAT=FILE`", None, hint)], 2)
        found.append((form, file))
    return found


def _report(
    findings: list[Finding], checked: list[Checked], arguments: argparse.Namespace, form: str, output: str
) -> str:
    shown = [finding for finding in findings if finding.severity != "info" or arguments.verbose]
    if arguments.quiet:
        shown = [finding for finding in shown if finding.severity in (ERROR, arguments.fail_on)]
    if form == "lines":
        return text.lines(shown)
    color = form == "text" and output == "-" and colored(arguments, sys.stdout)
    said = text.text(shown, color=color, verbose=arguments.verbose)
    if not said and not arguments.quiet:
        said = f"checked {len(checked)}: nothing to report\n"
    if form == "text":
        return said
    from dragoman.report.formats import written

    return written(report(shown, checked, arguments.fail_on), form, said, arguments.link_base)
