"""SARIF as GitHub's code scanning takes it: where a finding is, what keeps its identity, what it leaves out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dragoman.codes import CODES
from dragoman.findings import ERROR, INFO, WARNING, Finding, Pardon, Span
from dragoman.report import sarif
from dragoman.report.line_hash import hashes
from dragoman.report.model import Checked, report

FLOW = "a: 1\nb: 2\nc: 3\n"
PLACE = Span("jobs/flow.dragoman.yaml", 2, 4, 2, 5)
FOUND = Finding("DRG102", "unknown key `b`", PLACE, "take it out", address="spec.b")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/flow.dragoman.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*findings: Finding, checked: tuple[Checked, ...] = ()) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(sarif.text(report(findings, checked)))
    [one] = whole["runs"]
    return dict(one)


def test_a_finding() -> None:
    found = run(FOUND)
    [result] = found["results"]
    assert result["ruleId"] == "DRG102"
    assert result["level"] == "error"
    assert result["message"]["text"] == "unknown key `b`\ntake it out"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "jobs/flow.dragoman.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 5},
            },
            "logicalLocations": [{"fullyQualifiedName": "spec.b"}],
        }
    ]
    assert result["suppressions"] == []
    [rule] = found["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"], rule["shortDescription"]["text"]) == ("DRG102", "unknown-key", "unknown key")
    assert rule["fullDescription"]["text"] == CODES["DRG102"].explanation
    assert found["columnKind"] == "unicodeCodePoints"


def test_paths_are_the_repositorys_wherever_the_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    here = run(FOUND)["results"]
    monkeypatch.chdir("jobs")
    there = run(FOUND._replace(span=PLACE._replace(file="flow.dragoman.yaml")))["results"]
    absolute = run(FOUND._replace(span=PLACE._replace(file=os.path.abspath("flow.dragoman.yaml"))))["results"]
    assert here == there == absolute


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("jobs/a b.yaml", "jobs/a%20b.yaml"),
        ("jobs/ü#1?.yaml", "jobs/%C3%BC%231%3F.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
        ("50%.yaml", "50%25.yaml"),
    ],
)
def test_uris(file: str, uri: str) -> None:
    [result] = run(FOUND._replace(span=PLACE._replace(file=file)))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize("place", [None, Span("--set params.x=1")])
def test_what_no_file_says_is_the_flows(place: Span | None) -> None:
    found = Finding("DRG112", "no integer", place, address="params.x")
    checked = Checked("Flow", "jobs/flow.dragoman.yaml", findings=(found,))
    [result] = run(found, checked=(checked,))["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "jobs/flow.dragoman.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "startColumn": 1},
    }


@pytest.mark.parametrize(("checked", "uri"), [((Checked("Flow", "jobs/x.yaml"),), "jobs/x.yaml"), ((), ".")])
def test_what_has_no_place_is_somewhere(checked: tuple[Checked, ...], uri: str) -> None:
    [result] = run(Finding("DRG454", "stale"), checked=checked)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_place_of_the_command_line_takes_part_in_words() -> None:
    other = (Span("--set steps.a.cpu=9"), "the limit is set here")
    [result] = run(FOUND._replace(related=(other, (Span("p.yaml", 3, 1, 3, 2), "the rule"))))["results"]
    assert result["message"]["text"].endswith("\nthe limit is set here: --set steps.a.cpu=9")
    [one] = result["relatedLocations"]
    assert (one["message"]["text"], one["physicalLocation"]["region"]["startLine"]) == ("the rule", 3)


def test_jsonnet_has_no_lines() -> None:
    [result] = run(FOUND._replace(span=Span("f.jsonnet", 7, 3, 7, 9, approximate=True)))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert "Jsonnet" in result["message"]["text"]


def test_a_place_without_an_end() -> None:
    [result] = run(FOUND._replace(span=Span("f.yaml", 7, 3, 2, 1)))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 7, "startColumn": 3}


def test_rules_of_policies_are_rules_of_their_own() -> None:
    one = Finding("DRG441", "pin it", PLACE, severity=WARNING, rule="pinned-image", docs="https://example.org/a?b=1")
    other = Finding("DRG441", "no root", PLACE, rule="no-root", docs="see the wiki")
    found = run(one, other, FOUND)
    rules = {rule["id"]: rule for rule in found["tool"]["driver"]["rules"]}
    assert list(rules) == ["DRG102", "DRG441/no-root", "DRG441/pinned-image"]
    assert rules["DRG441/pinned-image"]["helpUri"] == "https://example.org/a?b=1"
    assert rules["DRG441/pinned-image"]["defaultConfiguration"] == {"level": "warning"}
    assert "helpUri" not in rules["DRG441/no-root"]
    assert rules["DRG441/no-root"]["properties"]["tags"][0] == "policy"


@pytest.mark.parametrize(
    ("severity", "level", "problem"),
    [(ERROR, "error", "error"), (WARNING, "warning", "warning"), (INFO, "note", "recommendation")],
)
def test_levels(severity: str, level: str, problem: str) -> None:
    found = run(FOUND._replace(severity=severity))
    assert found["results"][0]["level"] == level
    assert found["tool"]["driver"]["rules"][0]["properties"]["problem.severity"] == problem


@pytest.mark.parametrize(
    ("pardon", "kind", "justification"),
    [
        (Pardon("exemption", "vendor", "me", "2027-01-31", Span("p.yaml", 9)), "external", "exemption: vendor (owner me, until 2027-01-31)"),
        (Pardon("exemption", "vendor", "me", "", PLACE), "inSource", "exemption: vendor (owner me)"),
        (Pardon("baseline", "it was there before"), "external", "baseline: it was there before"),
    ],
)  # fmt: skip
def test_what_is_pardoned_is_suppressed(pardon: Pardon, kind: str, justification: str) -> None:
    [result, other] = run(FOUND._replace(pardon=pardon), FOUND._replace(message="zz"))["results"]
    [suppression] = result["suppressions"]
    assert (suppression["kind"], suppression["justification"]) == (kind, justification)
    assert ("location" in suppression) == (pardon.span is not None)
    assert other["suppressions"] == []


def test_fingerprints_stay_when_lines_move(folder: Path) -> None:
    [before] = run(FOUND)["results"]
    (folder / "jobs/flow.dragoman.yaml").write_text("# new\n\n" + FLOW)
    [after] = run(FOUND._replace(span=Span(PLACE.file, 4, 4, 4, 5)))["results"]
    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert set(before["partialFingerprints"]) == {"dragoman/v1", "primaryLocationLineHash"}
    assert before["partialFingerprints"]["primaryLocationLineHash"] == hashes(FLOW)[1]


def test_two_findings_of_one_value_have_two_fingerprints() -> None:
    one, other = run(FOUND, FOUND._replace(message="another"))["results"]
    assert one["partialFingerprints"]["dragoman/v1"] != other["partialFingerprints"]["dragoman/v1"]


@pytest.mark.parametrize(
    ("text", "expected"),  # computed by GitHub's own program
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
    ],
)
def test_the_hash_of_a_line(text: str, expected: list[str]) -> None:
    assert hashes(text) == expected


def test_blanks_and_ends_of_lines_do_not_change_a_hash() -> None:
    assert hashes("a b\r\nc\r\r\n") == hashes("\ta  b\nc\n \n")


def test_equal_lines_are_counted() -> None:
    assert [one.partition(":")[2] for one in hashes("x" * 100 + "\n" + "x" * 100 + "\n")] == ["1", "2", "1"]


def test_too_many_findings_leave_the_least_severe_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    severities = [INFO, ERROR, WARNING, ERROR, INFO, WARNING]
    found = run(*(Finding("DRG302", f"{at}", PLACE, severity=one) for at, one in enumerate(severities)))
    assert [result["message"]["text"] for result in found["results"]] == ["1", "2", "3"]
    [notice] = found["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("3 more findings are not shown")


def test_too_large_a_file_says_less(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("DRG302", "".join(map(str, range(at, at + 500))), PLACE) for at in range(0, 50_000, 500)]
    whole = sarif.text(report(found, []))
    monkeypatch.setattr(sarif, "MOST_BYTES", len(whole) // 10)
    less = sarif.text(report(found, []))
    results = json.loads(less)["runs"][0]["results"]
    assert 0 < len(results) < len(found)
    assert f"{len(found) - len(results)} more findings" in less
