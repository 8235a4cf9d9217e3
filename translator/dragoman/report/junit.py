"""Findings as JUnit XML: a suite for each file, a test for each finding, and one that passes for what has none.

There is no one schema; this keeps to what Jenkins' xunit plugin checks (junit-10.xsd) and GitLab reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from dragoman.findings import Finding
from dragoman.report.model import Checked, Entry, Report
from dragoman.report.order import name
from dragoman.report.text import place, reason


def text(report: Report) -> str:
    """The document. A finding that fails the check is a failure, a pardoned one is skipped, any other passes."""
    suites = ElementTree.Element("testsuites", name="dragoman check")
    found = {at for entry in report.entries for at in entry.checked}
    passed = [one for at, one in enumerate(report.checked) if at not in found]
    files = sorted({*(_file(entry) for entry in report.entries), *(one.file for one in passed)})
    for file in files:
        entries = [entry for entry in report.entries if _file(entry) == file]
        suites.append(_suite(report, file, entries, [one for one in passed if one.file == file]))
    suites.set("tests", str(sum(int(suite.get("tests", 0)) for suite in suites)))
    suites.set("failures", str(sum(int(suite.get("failures", 0)) for suite in suites)))
    suites.set("errors", "0")
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _suite(report: Report, file: str, entries: Sequence[Entry], passed: Sequence[Checked]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=file or "dragoman")
    for entry in entries:
        suite.append(_case(report, entry.finding, file))
    for one in passed:
        ElementTree.SubElement(suite, "testcase", name=one.title, classname=_class(file))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
    suite.set("errors", "0")
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in suite)))
    return suite


def _case(report: Report, finding: Finding, file: str) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", name=f"{name(finding)}: {finding.address or finding.message}", classname=_class(file)
    )
    if finding.pardon is not None:
        ElementTree.SubElement(
            case, "skipped", message=f"{finding.pardon.kind}: {reason(finding.pardon)}"
        ).text = _told(finding)
    elif report.fails(finding):
        failure = ElementTree.SubElement(case, "failure", type=finding.severity, message=finding.message)
        failure.text = _told(finding)
    else:
        ElementTree.SubElement(case, "system-out").text = _told(finding)
    return case


def _told(finding: Finding) -> str:
    """The finding in a few lines: place and message, then what to do."""
    where = f"{place(finding.span)}: " if finding.span is not None else ""
    lines = [f"{where}{finding.severity} {name(finding)}: {finding.message}"]
    lines += [f"{place(span)}: {words}" for span, words in finding.related]
    lines += [f"help: {finding.help}"] if finding.help else []
    lines += [f"docs: {finding.docs}"] if finding.docs else []
    return "\n".join(lines)


def _file(entry: Entry) -> str:
    return "" if entry.span is None else entry.span.file


def _class(file: str) -> str:
    """A file as Jenkins wants a class: `flows/train.dragoman.yaml` is `flows.train`."""
    folder, _, last = file.rpartition("/")
    return ".".join((*filter(None, folder.split("/")), last.split(".")[0] or last)) or "dragoman"
