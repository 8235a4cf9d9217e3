"""Whatever the findings, every format is well formed, and says the same of them in the same order."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.findings import Finding, Span
from dragoman.report import formats, model, text
from dragoman.report.model import Report
from dragoman.report.order import ordered
from report.arbitrary import findings, reports, said

OURS = jsonschema.Draft7Validator(json.loads(files("dragoman.report").joinpath("check.schema.json").read_text()))
SARIF = jsonschema.Draft7Validator(json.loads((Path(__file__).parent / "sarif.schema.json").read_text()))
SUITE = {"name", "tests", "failures", "errors", "skipped"}
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def written(report: Report, format: str) -> str:
    found = [entry.finding for entry in report.entries]
    result = formats.written(report, format, text.text(found))
    result.encode()  # nothing in it that no file can hold
    assert result.endswith("\n") or not result
    return result


def codes(names: list[str]) -> list[str]:
    return [name.partition("/")[0] for name in names]


def in_order(report: Report) -> list[tuple[str, str]]:
    return [(entry.finding.code, entry.finding.message) for entry in report.entries]


@given(reports())
def test_json(report: Report) -> None:
    whole = json.loads(written(report, "json"))
    OURS.validate(whole)
    assert [(one["code"], one["message"]) for one in whole["findings"]] == in_order(report)
    assert len({one["fingerprint"] for one in whole["findings"]}) == len(report.entries)
    for found, entry in zip(whole["findings"], report.entries, strict=True):
        assert (found["pardon"] is None, found["fix"] is None) == (
            entry.finding.pardon is None,
            entry.finding.fix is None,
        )
    summary = whole["summary"]
    assert summary["errors"] + summary["warnings"] + summary["notes"] + summary["pardoned"] == len(report.entries)


@given(reports())
def test_sarif(report: Report) -> None:
    whole = json.loads(written(report, "sarif"))
    SARIF.validate(whole)
    [run] = whole["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert [rules[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert codes([one["ruleId"] for one in run["results"]]) == [code for code, _ in in_order(report)]
    for one, entry in zip(run["results"], report.entries, strict=True):
        assert one["message"]["text"].startswith(entry.finding.message)
        assert one["level"] == LEVELS[entry.finding.severity]
        assert len(one["suppressions"]) == (entry.finding.pardon is not None)


@given(reports())
def test_junit(report: Report) -> None:
    suites = ElementTree.fromstring(written(report, "junit"))
    check_junit(suites)
    found = [case for case in suites.iter("testcase") if len(case)]
    passed = [case for case in suites.iter("testcase") if not len(case)]
    told = Counter(one.text for case in found for one in case)
    assert sum(told.values()) == len(report.entries)
    for entry in report.entries:
        assert any(entry.finding.message in (line or "") for line in told)
    assert len(passed) == len(report.checked) - len({at for entry in report.entries for at in entry.checked})
    failing = sum(report.fails(entry.finding) for entry in report.entries)
    assert (suites.get("tests"), suites.get("failures")) == (str(len(found) + len(passed)), str(failing))
    assert len(list(suites.iter("skipped"))) == len(report.pardoned)


def check_junit(suites: ElementTree.Element) -> None:
    """What the schema of Jenkins' xunit plugin asks: names, counts, and what may stand where."""
    assert suites.tag == "testsuites"
    assert set(suites.attrib) <= {"name", "time", "tests", "failures", "errors"}
    for suite in suites:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == SUITE
        counts = {"tests": suite.findall("testcase"), "failures": suite.findall("*/failure")}
        assert {key: str(len(found)) for key, found in counts.items()} == {key: suite.get(key) for key in counts}
        for case in suite:
            assert case.tag == "testcase"
            assert {"name", "classname"} == set(case.attrib)
            assert [one.tag for one in case] in ([], ["failure"], ["skipped"], ["system-out"])
            for one in case:
                assert not len(one)
                assert set(one.attrib) == {"failure": {"type", "message"}, "skipped": {"message"}}.get(one.tag, set())


@given(reports())
def test_gitlab(report: Report) -> None:
    whole = json.loads(written(report, "gitlab"))
    assert codes([one["check_name"] for one in whole]) == [entry.finding.code for entry in report.counted]
    for one, entry in zip(whole, report.counted, strict=True):
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["description"].startswith(entry.finding.message)
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert one["location"]["path"]
        assert 1 <= one["location"]["lines"]["begin"] <= one["location"]["lines"]["end"]
    assert len({one["fingerprint"] for one in whole}) == len(whole)


KINDS = ["error", "warning", "notice"]
KIND = {"error": "error", "warning": "warning", "info": "notice"}
COMMAND = re.compile(r"::(error|warning|notice|stop-commands)(?: ([^\n]*?))?::([^\n]*)")
PROPERTY = re.compile(r"(file|line|endLine|col|endColumn|title)=([^,:\n]*)")


@given(reports())
def test_github(report: Report) -> None:
    lines = written(report, "github").split("\n")
    stop = next((at for at, line in enumerate(lines) if line.startswith("::stop-commands::")), None)
    commands = []
    for line in lines[:stop]:
        if line:
            found = COMMAND.fullmatch(line)
            assert found is not None, line
            assert all(PROPERTY.fullmatch(one) for one in found[2].split(","))
            commands.append((found[1], _unescaped(found[3]).split("\n")[0]))
    counted = [entry.finding for entry in report.counted]
    assert Counter(commands) == Counter((KIND[one.severity], one.message or one.help) for one in counted)
    assert [kind for kind, _ in commands] == sorted((kind for kind, _ in commands), key=KINDS.index)
    if stop is not None:
        word = lines[stop].removeprefix("::stop-commands::")
        assert [at for at, line in enumerate(lines) if word in line] == [stop, len(lines) - 2]


def _unescaped(data: str) -> str:
    return data.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


@given(reports())
def test_markdown(report: Report) -> None:
    page = written(report, "markdown")
    rows = [line for line in page.split("\n") if re.match(r"\| (error|warning|note|pardoned) \|", line)]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 4 for row in rows)
    shown = Counter(_plain_words(row.split(" | ", 2)[2]) for row in rows)
    assert sum(shown.values()) == len(report.entries)
    for entry in report.entries:
        assert any(entry.finding.code in row and entry.finding.message.replace("`", "") in row for row in shown)
    tags = re.findall(r"<(/?\w+)>", re.sub(r"\(<[^>]*>\)", "", page))
    assert set(tags) <= {"code", "/code", "br", "details", "/details", "summary", "/summary"}
    assert all(tags.count(tag) == tags.count(f"/{tag}") for tag in ("code", "details", "summary"))


def _plain_words(cell: str) -> str:
    """A cell as a reader sees it, less its backquotes."""
    return html.unescape(re.sub(r"</?code>", "", cell)).replace("\u2060", "").replace("`", "")


@given(st.lists(findings, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_the_order_is_nobodys_but_the_findings_own(found: list[Finding], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert ordered(shuffled) == ordered(found)
    one, other = model.report(found, []), model.report(shuffled, [])
    assert one == other
    assert said(entry.finding for entry in one.entries) == said(found)


@given(st.lists(findings, max_size=6))
def test_text_moves_no_cursor(found: list[Finding]) -> None:
    for shown in (text.text(found), text.text(found, verbose=True), text.lines(found)):
        shown.encode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)


@pytest.mark.parametrize("format", ["json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_nothing_to_report(format: str) -> None:
    shown = written(model.report([], []), format)
    assert {
        "json": '"findings": []',
        "sarif": '"results": []',
        "junit": 'tests="0"',
        "github": "",
        "gitlab": "[]",
        "markdown": "nothing to report",
    }[format] in shown


def test_the_order() -> None:
    later, earlier, without = Span("a.yaml", 2, 1), Span("a.yaml", 1, 9), None
    found = [
        Finding("DRG102", "b", later),
        Finding("DRG101", "b", later),
        Finding("DRG101", "a", later),
        Finding("DRG105", "z", earlier),
        Finding("DRG105", "z", Span("A.yaml", 9, 9)),
        Finding("DRG301", "z", without),
    ]
    assert [(one.code, one.message) for one in ordered(found)] == [
        ("DRG301", "z"),
        ("DRG105", "z"),
        ("DRG105", "z"),
        ("DRG101", "a"),
        ("DRG101", "b"),
        ("DRG102", "b"),
    ]
