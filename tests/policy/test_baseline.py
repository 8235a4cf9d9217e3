"""The baseline: what stays the same of a finding, how often, and what the file may become."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.baseline import Baseline, applied, entry, fingerprint, named, read, refusal, stale, updated, written
from dragoman.findings import ERROR, INFO, WARNING, Finding, Findings, Pardon, Span


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finding(**changed: Any) -> Finding:
    one = Finding("DRG411", "8 cpu, at most 4", Span("jobs/a.yaml", 3, 5), "ask for less", address="spec.steps.a.image")
    return one._replace(**changed)


def as_baseline(findings: list[Finding]) -> Baseline:
    entries = tuple(sorted(map(entry, findings)))
    return Baseline("known.jsonl", entries, tuple(range(1, len(entries) + 1)))


@pytest.mark.parametrize(
    "changed",
    [
        {"message": "6 cpu, at most 4"},
        {"span": Span("jobs/a.yaml", 99, 1, 100, 1, True)},
        {"span": Span("./jobs/../jobs/a.yaml", 3)},
        {"severity": WARNING},
        {"help": "", "docs": "https://example.com"},
        {"pardon": Pardon("exemption")},
    ],
)
def test_a_fingerprint_stays_the_same(changed: dict[str, Any]) -> None:
    assert fingerprint(finding(**changed)) == fingerprint(finding())


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "DRG412"},
        {"rule": "max.cpu"},
        {"address": "spec.steps.b.image"},
        {"address": ""},
        {"span": Span("jobs/b.yaml", 3, 5)},
        {"span": None},
    ],
)
def test_a_fingerprint_of_something_else_is_another(changed: dict[str, Any]) -> None:
    assert fingerprint(finding(**changed)) != fingerprint(finding())


def test_a_rule_is_more_than_its_code_and_items_have_no_number() -> None:
    assert fingerprint(finding(rule="max.cpu")) == fingerprint(finding(rule="max.cpu", code="DRG412"))
    first, second = "spec.steps.a.volumes.0.mount", "spec.steps.a.volumes.12.mount"
    assert fingerprint(finding(address=first)) == fingerprint(finding(address=second))
    assert fingerprint(finding(address="spec.steps.n0.image")) != fingerprint(finding(address="spec.steps.n1.image"))


def test_a_fingerprint_is_the_same_in_every_version() -> None:
    told = hashlib.sha256(b'["max.cpu", "jobs/a.yaml", "spec.steps.a.image"]').hexdigest()
    assert fingerprint(finding(rule="max.cpu")) == told


def test_a_file_is_named_as_its_repository_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = fingerprint(finding())
    assert [named("."), named("jobs"), named("jobs/"), named("jobs/a.yaml")] == [".", "jobs", "jobs", "jobs/a.yaml"]
    assert named(str(folder / "jobs/a.yaml")) == "jobs/a.yaml"
    monkeypatch.chdir(folder / "jobs")
    assert [named("."), named(".."), named("a.yaml")] == ["jobs", ".", "jobs/a.yaml"]
    assert fingerprint(finding(span=Span("a.yaml"))) == here


def test_what_has_no_file_has_a_name_of_its_own() -> None:
    assert [named("<stdin>"), named("--set params.rows=5")] == ["<stdin>", "--set params.rows"]
    assert named("--with batch:cpu=8") == "--with batch:cpu"
    told = [entry(finding(span=Span("--set params.rows=5"))), entry(finding(span=Span("--set params.rows=6")))]
    assert told[0] == told[1]


def test_two_of_one_fingerprint_need_two_entries() -> None:
    same = [finding(message=f"{n}") for n in range(3)]
    judged, left = applied(same, as_baseline(same[:2]))
    assert [one.pardon for one in judged] == [
        Pardon("baseline", span=Span("known.jsonl", 1, 1, 1, 1)),
        Pardon("baseline", span=Span("known.jsonl", 2, 1, 2, 1)),
        None,
    ]
    assert left == []
    judged, left = applied(same[:1], as_baseline(same))
    assert [place.line for _, place in left] == [2, 3]


def test_notes_and_pardoned_findings_need_no_entry() -> None:
    others = [finding(severity=INFO), finding(pardon=Pardon("exemption"))]
    judged, left = applied(others, as_baseline([finding()]))
    assert judged == others
    assert len(left) == 1
    assert updated(others, ["."], None).entries == ()


def test_entries_of_files_that_were_not_checked_are_left_alone() -> None:
    files = ["jobs/a.yaml", "jobs/b.yaml", "jobs-2/a.yaml", "top.yaml"]
    old = as_baseline([finding(span=Span(file)) for file in files])

    def gone(*paths: str) -> list[str]:
        return [one.message for one in stale(applied([], old)[1], [], paths)]

    def said(*found: str) -> list[str]:
        return [f"`DRG411` is no longer found at `spec.steps.a.image` in `{file}`" for file in found]

    assert gone("jobs") == said("jobs/a.yaml", "jobs/b.yaml")
    assert gone("jobs/b.yaml", "top.yaml") == said("jobs/b.yaml", "top.yaml")
    assert gone(".") == said(*sorted(files))
    assert gone("-") == []
    change = updated([finding(span=Span("jobs/c.yaml"))], ["jobs"], old)
    assert [one.file for one in change.entries] == ["jobs-2/a.yaml", "jobs/c.yaml", "top.yaml"]
    assert [one.file for one in change.added] == ["jobs/c.yaml"]
    assert [one.file for one in change.removed] == ["jobs/a.yaml", "jobs/b.yaml"]


def test_a_stale_entry_is_a_warning_or_with_strict_an_error() -> None:
    (_, left) = applied([], as_baseline([finding(rule="max.cpu", address="")]))
    place = Span("known.jsonl", 1, 1, 1, 1)
    message, advice = "`max.cpu` is no longer found in `jobs/a.yaml`", "take the line out; `--update-baseline` does"
    assert stale(left, [], ["."]) == [Finding("DRG453", message, place, advice, severity=WARNING)]
    assert stale(left, [], ["."], strict=True) == [Finding("DRG453", message, place, advice, severity=ERROR)]


def test_behind_an_error_there_may_be_more() -> None:
    (_, left) = applied([], as_baseline([finding()]))
    error = finding(code="DRG102", address="")
    assert stale(left, [error], ["."]) == []
    others = [error._replace(span=Span("jobs/b.yaml")), error._replace(severity=WARNING)]
    assert len(stale(left, [*others, error._replace(pardon=Pardon("baseline"))], ["."])) == 1


def test_a_baseline_does_not_grow_by_itself() -> None:
    change = updated([finding(), finding(), finding(code="DRG412")], ["."], as_baseline([finding()]))
    assert [one.rule for one in change.added] == ["DRG411", "DRG412"]
    assert refusal(change, "known.jsonl") == Finding(
        "DRG454",
        "2 findings would be new in the baseline `known.jsonl`: it is left as it is",
        None,
        "mend what is new; `--accept-new` takes it in",
    )


def test_the_file_is_sorted_and_reads_as_it_was_written(folder: Path) -> None:
    findings = [
        finding(rule="b"),
        finding(rule="a"),
        finding(rule="a"),
        finding(span=None, address=""),
        finding(span=Span("jobs/ü.yaml")),
        finding(span=Span("jobs/\udcff.yaml")),
    ]
    text = written(map(entry, findings))
    assert text == written(map(entry, reversed(findings)))
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["file"], line["rule"]) for line in lines] == [
        ("", "DRG411"),
        ("jobs/a.yaml", "a"),
        ("jobs/a.yaml", "a"),
        ("jobs/a.yaml", "b"),
        ("jobs/ü.yaml", "DRG411"),
        ("jobs/\udcff.yaml", "DRG411"),
    ]
    (folder / "known.jsonl").write_text(text, encoding="utf-8")
    again = read("known.jsonl")
    assert again.entries == tuple(sorted(map(entry, findings)))
    assert "jobs/ü.yaml" in text
    (folder / "known.jsonl").write_bytes(b"\r\n".join(text.encode().split(b"\n")) + b"\r\n\r\n")
    assert read("known.jsonl") == again


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"<<<<<<< HEAD\n", 1),
        (b"{}\n", 1),
        (b"[]", 1),
        (b"[" * 100_000, 1),
        (b"7", 1),
        (b'\n\n{"fingerprint": 7, "rule": "a", "file": "b", "address": "c"}\n', 3),
        (b'{"fingerprint": "7", "rule": "a", "file": "b"}\n', 1),
        (b'{"fingerprint": "7", "rule": null, "file": "b", "address": ""}\n', 1),
    ],
)
def test_a_broken_line_is_one_finding(folder: Path, content: bytes, line: int) -> None:
    (folder / "known.jsonl").write_bytes(content)
    with pytest.raises(Findings) as caught:
        read("known.jsonl")
    (found,) = caught.value.findings
    width = len(content.splitlines()[line - 1]) + 1
    assert found == Finding(
        "DRG452",
        "this line is no entry of a baseline",
        Span("known.jsonl", line, 1, line, width),
        "take it out; or delete the file, and `--update-baseline` writes it anew",
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("path", "reason"), [("none.jsonl", "no such file or directory"), ("jobs", "is a directory")])
def test_a_baseline_that_is_no_file_is_one_finding(path: str, reason: str) -> None:
    with pytest.raises(Findings) as caught:
        read(path)
    advice = f"`--baseline {path} --update-baseline` makes one"
    assert caught.value.findings == (Finding("DRG452", f"cannot read the baseline `{path}`: {reason}", None, advice),)


def test_a_baseline_that_is_no_text_is_one_finding(folder: Path) -> None:
    (folder / "known.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(Findings) as caught:
        read("known.jsonl")
    assert [one.code for one in caught.value.findings] == ["DRG001"]


_FINDINGS = st.lists(
    st.builds(
        lambda code, file, address: Finding(code, "", None if file is None else Span(file), address=address),
        st.sampled_from(["DRG1", "DRG2"]),
        st.sampled_from([None, "a.yaml", "jobs/b.yaml"]),
        st.sampled_from(["", "spec.steps.x", "spec.steps.y.0"]),
    ),
    max_size=12,
)


@given(before=_FINDINGS, now=_FINDINGS)
def test_what_is_new_is_what_the_baseline_lacks(before: list[Finding], now: list[Finding]) -> None:
    judged, left = applied(now, as_baseline(before))
    new = Counter(fingerprint(one) for one in judged if one.pardon is None)
    assert new == Counter(map(fingerprint, now)) - Counter(map(fingerprint, before))
    assert Counter(one.fingerprint for one, _ in left) == Counter(map(fingerprint, before)) - Counter(
        map(fingerprint, now)
    )
    change = updated(now, ["."], as_baseline(before))
    assert applied(now, Baseline("f", change.entries, tuple(range(len(change.entries)))))[1] == []
    assert Counter(change.added) == Counter(entry(one) for one in judged if one.pardon is None)
    grown = Counter(map(entry, before)) + Counter(change.added)
    assert grown - Counter(change.removed) == Counter(change.entries)
