"""`check --now` and `--baseline`: which findings count, on which day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dragoman.cli import main

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: legacy}
spec:
  steps:
    one: {image: busybox, command: [run], resources: {cpu: 8}}
    two: {image: busybox, command: [run], resources: {cpu: 2}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  max:
    - {cpu: 4, action: deny}
  exemptions:
    - {rule: max.cpu, flow: legacy, step: one, reason: moves in January, owner: ml-platform, expires: 2027-01-31}
"""
WITHOUT = POLICY.partition("  exemptions")[0]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/a.dragoman.yaml").write_text(FLOW)
    (tmp_path / "jobs/b.dragoman.yaml").write_text(FLOW.replace("legacy", "other").replace("cpu: 8", "cpu: 3"))
    (tmp_path / "p.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> int:
    return main(["check", "--policy", "p.yaml", "--format", "lines", *arguments])


def test_an_exemption_holds_through_its_last_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--now", "2027-01-31") == 0
    assert capsys.readouterr().out == ""
    assert check("--now", "2027-02-03") == 1
    assert capsys.readouterr().out == (
        "jobs/a.dragoman.yaml:6:60: error DRG406 max.cpu: step `one` asks for 8 cpu, the maximum is 4 "
        "(ask for at most 4; the exemption by ml-platform expired 3 days ago: `moves in January`)\n"
    )


def test_a_render_knows_no_day(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(POLICY.replace("2027-01-31", "2000-01-31"))
    assert main(["render", "-q", "jobs/a.dragoman.yaml", "--policy", "p.yaml"]) == 0
    assert 'cpu: "8"' in capsys.readouterr().out
    assert check() == 1


@pytest.mark.parametrize("day", ["tomorrow", "2027-02-30", "31.1.2027"])
def test_a_day_that_is_none(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--now", day) == 2
    assert capsys.readouterr().err == (
        f"error[DRG114]: `--now {day}` is not a date\n   = help: for example `--now 2027-01-31`\n\n1 error\n"
    )


def test_only_what_is_new_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(WITHOUT)
    assert check() == 1
    assert check("--baseline", "known.jsonl", "--update-baseline") == 0
    assert capsys.readouterr().err == "known.jsonl: +1/−0\n"
    (line,) = (folder / "known.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["file"], entry["address"], entry["rule"]) == (
        "jobs/a.dragoman.yaml",
        "spec.steps.one.resources.cpu",
        "max.cpu",
    )
    moved = "# a comment\n" + FLOW.replace("cpu: 8", "cpu: 16").replace("cpu: 2", "cpu: 6")
    (folder / "jobs/a.dragoman.yaml").write_text(moved)
    assert check("--baseline", "known.jsonl") == 1
    assert [line.split(": ")[2] for line in capsys.readouterr().out.splitlines()] == [
        "step `two` asks for 6 cpu, the maximum is 4 (ask for at most 4)"
    ]


def test_a_baseline_grows_only_when_it_is_told_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(WITHOUT)
    (folder / "known.jsonl").write_text("")
    assert check("--baseline", "known.jsonl", "--update-baseline") == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[0] == (
        "error DRG454: 1 finding would be new in the baseline `known.jsonl`: it is left as it is "
        "(mend what is new; `--accept-new` takes it in)"
    )
    assert (folder / "known.jsonl").read_text() == ""
    assert check("--baseline", "known.jsonl", "--update-baseline", "--accept-new", "-q") == 0
    assert len((folder / "known.jsonl").read_text().splitlines()) == 1
    assert capsys.readouterr() == ("", "")


def test_what_is_gone_leaves_the_baseline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(WITHOUT)
    check("--baseline", "known.jsonl", "--update-baseline", "-q")
    before = (folder / "known.jsonl").read_text()
    (folder / "jobs/a.dragoman.yaml").write_text(FLOW.replace("cpu: 8", "cpu: 1"))
    capsys.readouterr()
    assert check("--baseline", "known.jsonl", "jobs/b.dragoman.yaml") == 0
    assert capsys.readouterr().out == ""
    assert check("--baseline", "known.jsonl") == 0
    stale = "`max.cpu` is no longer found at `spec.steps.one.resources.cpu` in `jobs/a.dragoman.yaml`"
    advice = "take the line out; `--update-baseline` does"
    assert capsys.readouterr().out == f"known.jsonl:1:1: warning DRG453: {stale} ({advice})\n"
    assert check("--baseline", "known.jsonl", "--strict") == 1
    assert check("--baseline", "known.jsonl", "jobs/b.dragoman.yaml", "--update-baseline", "-q") == 0
    assert (folder / "known.jsonl").read_text() == before
    capsys.readouterr()
    assert check("--baseline", "known.jsonl", "--update-baseline") == 0
    assert capsys.readouterr() == ("", "known.jsonl: +0/−1\n")
    assert (folder / "known.jsonl").read_text() == ""


def test_a_file_that_cannot_be_read_takes_nothing_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(WITHOUT)
    check("--baseline", "known.jsonl", "--update-baseline", "-q")
    before = (folder / "known.jsonl").read_text()
    (folder / "jobs/b.dragoman.yaml").write_text("a: [")
    capsys.readouterr()
    assert check("--baseline", "known.jsonl") == 1
    assert [line.split(": ")[1].strip() for line in capsys.readouterr().out.splitlines()] == ["error DRG002"]
    assert check("--baseline", "known.jsonl", "--update-baseline", "--accept-new") == 1
    assert "DRG454: the baseline `known.jsonl` is left as it is: not everything could be checked" in (
        capsys.readouterr().out
    )
    assert (folder / "known.jsonl").read_text() == before


def test_an_exemption_needs_no_entry(folder: Path) -> None:
    assert check("--now", "2027-01-31", "--baseline", "known.jsonl", "--update-baseline", "-q") == 0
    assert (folder / "known.jsonl").read_text() == ""
    assert check("--now", "2027-02-01", "--baseline", "known.jsonl") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--update-baseline"], "error[DRG114]: `--update-baseline` does not say which file"),
        (
            ["--baseline", "none.jsonl"],
            "error[DRG452]: cannot read the baseline `none.jsonl`: no such file or directory",
        ),
        (["--baseline", "p.yaml", "--update-baseline"], "error[DRG452]: this line is no entry of a baseline"),
    ],
)
def test_a_baseline_that_is_none(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(*arguments) == 2
    assert capsys.readouterr().err.splitlines()[0] == message
