"""`dragoman check`: everything that is wrong with specs, and nothing written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Container, Mapping
from typing import NamedTuple

from dragoman import spec
from dragoman.cli import inputs
from dragoman.cli.flags import REPORTS
from dragoman.cli.inputs import Case
from dragoman.cli.judge import failed, judged
from dragoman.cli.messages import colored
from dragoman.cli.pardon import pardoned
from dragoman.cli.platform import platform
from dragoman.emitter import Emission
from dragoman.findings import ERROR, Finding, Findings, did_you_mean
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import Rendering, render
from dragoman.policy.floors import Floors
from dragoman.policy.force import Enacted, unmatched
from dragoman.report import text
from dragoman.report.model import Checked, of, report
from dragoman.write.manifests import write_text

MEASURED = ("json", "markdown")  # formats that show what steps ask for and get


class Found(NamedTuple):
    """What was checked, nothing where a file or a policy cannot be read as what it is; all findings, judged.

    renderings  of every case; None where there is none
    cases       of tests of policies
    """

    checked: list[Checked]
    findings: list[Finding]
    renderings: list[Rendering | None]
    cases: int = 0

    @property
    def nothing(self) -> str:
        """What to say when there is nothing to report."""
        return (
            f"{self.cases} case{'' if self.cases == 1 else 's'} of policies: nothing to report\n"
            if self.cases
            else f"checked {len(self.checked)}: nothing to report\n"
        )


def run(arguments: argparse.Namespace) -> int:
    """Check every flow for every target (and every environment, when none is named)."""
    reports = _reports(arguments)
    notes: list[Finding] = []
    if arguments.fix or arguments.diff:
        from dragoman.cli import fix

        mended = fix.mended(lambda drafts: _found(arguments, drafts).findings, arguments)
        if arguments.diff:
            return fix.show(mended, arguments)
        notes = fix.write(mended, arguments)
    found = _of_tests(arguments) if arguments.policy_tests else _found(arguments)
    findings = [*found.findings, *notes]
    if arguments.together or any(one is not None and one.policies.exemptions for one in found.renderings):
        from dragoman.cli.across import across

        findings += judged(across(found.renderings, findings, summed=arguments.together), arguments)
    findings = pardoned(findings, arguments, whole=bool(found.checked))
    texts = [(output, _report(findings, found, arguments, form, output)) for form, output in reports]
    for output, said in texts:
        write_text(output, said)
    return 1 if failed(findings, arguments) else 0


def _of_tests(arguments: argparse.Namespace) -> Found:
    """What tests of policies say, instead of flows."""
    from dragoman.emit import registry
    from dragoman.policy import cases

    outcome = cases.run(arguments.paths, inputs.options(arguments), registry.stranger)
    return Found([], judged(outcome.findings, arguments), [], outcome.cases)


def _found(arguments: argparse.Namespace, drafts: Mapping[str, bytes] = {}) -> Found:
    """Everything that there is to say of flows, one by one; `drafts` are read instead of files."""
    try:
        return _looked(arguments, inputs.options(arguments)._replace(drafts=drafts))
    except Findings as error:
        if error.exit_code != 1:
            raise
        return Found([], judged(error.findings, arguments), [])


def _looked(arguments: argparse.Namespace, reading: files.Options) -> Found:
    documents = files.load(arguments.paths, reading)
    flows = inputs.flows(documents)
    policies, floors = inputs.policies(arguments, reading), inputs.floors(arguments)
    checked = [_other(document) for document in documents if document not in flows]
    measures = any(form in MEASURED for form, _ in _reports(arguments))
    renderings = []
    usual: dict[tuple[str, int, str], tuple[Finding, ...]] = {}
    for case in inputs.cases(flows, arguments):
        one, done, libraries = _case(case, policies, floors, reading, arguments)
        if measures:
            from dragoman.cli.measured import measured

            one = measured(one, case, libraries, policies, floors, arguments.set)
        if case.environment and not arguments.env:
            known = usual.get((case.flow.file, case.flow.number, case.target), ())
            one = one._replace(findings=tuple(_of_environment(each, case, known) for each in one.findings))
        else:
            usual[case.flow.file, case.flow.number, case.target] = one.findings
        checked.append(one)
        renderings.append(done)
    said = [finding for one in checked for finding in one.findings]
    plans = [done.plan for done in renderings if done is not None]
    if plans and len(plans) == len(renderings):
        said += unmatched(policies, plans)
    return Found(checked, judged([*inputs.strange_environments(flows, arguments), *said], arguments), renderings)


def _of_environment(finding: Finding, case: Case, usual: Container[Finding]) -> Finding:
    """A finding of an environment says so, unless the flow has it without any, too."""
    if finding in usual:
        return finding
    return finding._replace(message=f"{finding.message} (environment `{case.environment}`)")


def _other(document: Document) -> Checked:
    """A document that is no flow: a library, a policy."""
    try:
        spec.read(document)
    except Findings as error:
        return of(document, error.findings)
    return of(document)


def _case(
    case: Case, policies: Enacted, floors: Floors, reading: files.Options, arguments: argparse.Namespace
) -> tuple[Checked, Rendering | None, dict[str, Document]]:
    """A flow for one target in one environment, its rendering without its manifests, and the libraries it imports."""
    flow, target, environment = case
    libraries: dict[str, Document] = {}
    done = None
    try:
        libraries = inputs.libraries(flow, environment, reading)
        done = render(flow, libraries, policies, target, environment, arguments.set, platform(), floors=floors)
        done = done._replace(emission=Emission(()))
        one = of(flow, done.findings, done.plan.target, environment)
    except Findings as error:
        one = of(flow, error.findings, target, environment)
    return one, done, libraries


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


def _report(findings: list[Finding], found: Found, arguments: argparse.Namespace, form: str, output: str) -> str:
    shown = [finding for finding in findings if finding.severity != "info" or arguments.verbose]
    if arguments.quiet:
        failing = (ERROR, arguments.fail_on)
        shown = [finding for finding in shown if finding.severity in failing and finding.pardon is None]
    if form == "lines":
        return text.lines(shown)
    color = form == "text" and output == "-" and colored(arguments, sys.stdout)
    said = text.text(shown, color=color, verbose=arguments.verbose)
    if not said and not arguments.quiet:
        said = found.nothing
    if form == "text":
        return said
    from dragoman.report.formats import written

    return written(report(shown, found.checked, arguments.fail_on), form, said, arguments.link_base)
