"""Findings as people read them: the place, the line, who pardoned it, what mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.findings import ERROR, INFO, WARNING, Finding, Fix, Pardon, Span
from dragoman.report import text

SPEC = "steps:\n  train: {image: busybox, cpu: 6}\n"
IMAGE = Span("flow.yaml", 2, 18, 2, 25)
RULE = Span("policy.yaml", 1, 1, 1, 6)
RULED = Finding(
    "DRG441",
    "pin `busybox` by digest",
    IMAGE,
    "write it with its digest",
    related=((RULE, "the rule is here"),),
    rule="pinned-image",
    docs="https://example.org/pin",
    fix=Fix("flow.yaml", 1, ("steps", "train", "image"), "busybox@sha256:0"),
)
PARDON = Pardon("exemption", "vendor image", "ml-platform", "2027-01-31", RULE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flow.yaml").write_text(SPEC)
    (tmp_path / "policy.yaml").write_text("rules: []\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_finding_of_a_policy() -> None:
    assert text.text([RULED]) == (
        "error[DRG441 pinned-image]: pin `busybox` by digest\n"
        "  --> flow.yaml:2:18\n"
        "   |\n"
        " 2 |   train: {image: busybox, cpu: 6}\n"
        "   |                  ^^^^^^^\n"
        "  ::: policy.yaml:1:1\n"
        "   |\n"
        " 1 | rules: []\n"
        "   | ^^^^^ the rule is here\n"
        "   = help: write it with its digest\n"
        "   = docs: https://example.org/pin\n"
        "\n"
        "1 error\n"
        "1 of these can be mended: dragoman check --fix\n"
    )


def test_what_is_pardoned_is_counted_and_shown_when_asked_for() -> None:
    pardoned = RULED._replace(pardon=PARDON, related=(), docs="")
    noted = Finding("DRG302", "nearly", severity=WARNING)
    assert text.text([pardoned]) == "1 pardoned (-v shows them)\n"
    assert text.text([pardoned, noted]) == "warning[DRG302]: nearly\n\n1 warning, 1 pardoned (-v shows them)\n"
    assert text.text([pardoned], verbose=True) == (
        "pardoned[DRG441 pinned-image]: pin `busybox` by digest\n"
        "  --> flow.yaml:2:18\n"
        "   |\n"
        " 2 |   train: {image: busybox, cpu: 6}\n"
        "   |                  ^^^^^^^\n"
        "   = exemption: vendor image (owner ml-platform, until 2027-01-31)\n"
        "  ::: policy.yaml:1:1\n"
        "   |\n"
        " 1 | rules: []\n"
        "   | ^^^^^\n"
        "   = help: write it with its digest\n"
        "\n"
        "1 pardoned\n"
    )
    assert text.lines([pardoned, noted]) == "warning DRG302: nearly\n"


def test_colors_are_whole_and_dim_for_what_is_pardoned() -> None:
    shown = text.text([RULED._replace(pardon=PARDON)], color=True, verbose=True).split("\n\n")[0]
    assert all(line.startswith("\x1b[2m") and line.endswith("\x1b[0m") for line in shown.split("\n"))
    assert shown.count("\x1b") == 2 * len(shown.split("\n"))
    assert text.text([RULED], color=True).startswith("\x1b[1;31merror[DRG441 pinned-image]\x1b[0m\x1b[1m: pin ")


@pytest.mark.parametrize(
    ("pardon", "shown"),
    [
        (PARDON, "vendor image (owner ml-platform, until 2027-01-31)"),
        (Pardon("exemption", "vendor image", owner="me"), "vendor image (owner me)"),
        (Pardon("baseline", "it was there before"), "it was there before"),
        (Pardon("baseline", expires="2027-01-31"), "(until 2027-01-31)"),
        (Pardon("baseline"), ""),
    ],
)
def test_who_pardoned(pardon: Pardon, shown: str) -> None:
    assert text.reason(pardon) == shown


@pytest.mark.parametrize(
    ("severities", "shown"),
    [
        ([ERROR], "1 error"),
        ([ERROR, ERROR, WARNING, INFO], "2 errors, 1 warning, 1 note"),
        ([WARNING, WARNING], "2 warnings"),
    ],
)
def test_the_count(severities: list[str], shown: str) -> None:
    assert text.summary([Finding("DRG302", "x", severity=severity) for severity in severities]) == shown


def test_a_line_of_a_source_keeps_its_columns(folder: Path) -> None:
    (folder / "flow.yaml").write_bytes("a\x1b[31mb\u202e\x07\tc\n".encode())
    assert text.text([Finding("DRG003", "x\x1b[31m\ny", Span("flow.yaml", 1, 10, 1, 11))]) == (
        "error[DRG003]: x y\n  --> flow.yaml:1:10\n   |\n 1 | a\ufffd[31mb\ufffd\ufffd\tc\n   |          ^\n\n1 error\n"
    )


def test_one_line_each() -> None:
    assert text.lines([RULED]) == (
        "flow.yaml:2:18: error DRG441 pinned-image: pin `busybox` by digest (write it with its digest)\n"
    )
