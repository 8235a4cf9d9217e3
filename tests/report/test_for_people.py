"""Annotations and comments: what is shown, where it links, and what is left out when there is too much."""

from __future__ import annotations

import html
import json
import re
from xml.etree import ElementTree

import pytest

from dragoman.findings import ERROR, INFO, WARNING, Finding, Pardon, Span
from dragoman.report import github, gitlab, junit, markdown
from dragoman.report import json as ours
from dragoman.report.model import Checked, report
from dragoman.report.needs import Amount, Need, Peak

PLACE = Span("flows/train.dragoman.yaml", 2, 4, 2, 9)
FOUND = Finding("DRG102", "unknown key `b`", PLACE, "take it out", address="spec.b")
PARDONED = FOUND._replace(pardon=Pardon("exemption", "vendor", "me", "2027-01-31"))
NEEDS = (
    Need("prepare", 1, {"cpu": Amount("", "1"), "memory": Amount("1Gi", "1Gi", "4Gi")}),
    Need("shards.train", 8, {"cpu": Amount("6", "4"), "memory": Amount("${{ item.mem }}", "${{ item.mem }}")}),
    Need("sum", None, {"gpu": Amount("2", "2")}),
)
PEAKS = (
    Peak("requests.cpu", "32", "32", (("shards.train", 8),), "24", over=True),
    Peak("requests.memory", "40Gi", "32Gi", (("shards.train", 8), ("prepare", 1))),
    Peak("limits.memory", "41Gi"),
    Peak("pods", ""),
)


# GitHub Actions


@pytest.mark.parametrize(
    ("finding", "command"),
    [
        (
            FOUND,
            "::error file=flows/train.dragoman.yaml,line=2,title=DRG102,endLine=2,col=4,endColumn=9::unknown key `b`%0Atake it out",
        ),
        (
            FOUND._replace(
                severity=WARNING, rule="a,b:c", help="", span=PLACE._replace(file="a,b:c%.yaml", end_line=3)
            ),
            "::warning file=a%2Cb%3Ac%25.yaml,line=2,title=DRG102/a%2Cb%3Ac,endLine=3::unknown key `b`",
        ),
        (
            FOUND._replace(severity=INFO, span=PLACE._replace(approximate=True), message="100%\n::error::x", help=""),
            "::notice file=flows/train.dragoman.yaml,line=1,title=DRG102::100%25 ::error::x",
        ),
        (FOUND._replace(span=None, help=""), "::error title=DRG102::unknown key `b`"),
    ],
)
def test_an_annotation(finding: Finding, command: str) -> None:
    assert github.text(report([finding], []), "") == command + "\n"


def test_ten_annotations_of_a_kind() -> None:
    found = [Finding("DRG302", f"{at}", Span("a.yaml", at), severity=WARNING) for at in range(1, 13)]
    found += [Finding("DRG102", f"{at}", Span("b.yaml", at)) for at in range(1, 11)]
    lines = github.text(report(found, []), "").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10
    assert lines[-1] == "::warning title=dragoman check::3 more are in the log of this step"


def test_the_text_after_the_annotations_commands_nothing() -> None:
    lines = github.text(report([PARDONED], []), "::set-env name=x::y\n##[add-mask]z\n").splitlines()
    word = lines[0].removeprefix("::stop-commands::")
    assert re.fullmatch("dragoman-[0-9a-f]{32}", word)
    assert lines[1:] == ["::set-env name=x::y", "##[add-mask]z", f"::{word}::"]


# JUnit


def suites(*findings: Finding, checked: tuple[Checked, ...] = (), fail_on: str = ERROR) -> ElementTree.Element:
    return ElementTree.fromstring(junit.text(report(findings, checked, fail_on)))


def test_a_flow_without_findings_is_a_test_that_passes() -> None:
    flow = Checked("Flow", "flows/train.dragoman.yaml", "train", "argo", "prod")
    [suite] = suites(checked=(flow, flow._replace(target="batch", findings=(FOUND,))))
    assert [case.get("name") for case in suite] == ["train → argo (prod)", "train → batch (prod)"]
    [suite] = suites(FOUND, checked=(flow, flow._replace(target="batch", findings=(FOUND,))))
    assert [case.get("name") for case in suite] == ["DRG102: spec.b", "train → argo (prod)"]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("flows/train.dragoman.yaml", "2", "1")
    assert {case.get("classname") for case in suite} == {"flows.train"}


@pytest.mark.parametrize(
    ("finding", "fail_on", "tag"),
    [
        (FOUND, ERROR, "failure"),
        (FOUND._replace(severity=WARNING), ERROR, "system-out"),
        (FOUND._replace(severity=WARNING), WARNING, "failure"),
        (PARDONED, ERROR, "skipped"),
    ],
)
def test_what_a_test_is(finding: Finding, fail_on: str, tag: str) -> None:
    [one] = suites(finding, fail_on=fail_on).findall("*/testcase/*")
    assert one.tag == tag
    assert (one.text or "").startswith(
        f"flows/train.dragoman.yaml:2:4: {finding.severity} DRG102: unknown key `b`\nhelp: "
    )


def test_a_skipped_test_says_why() -> None:
    [one] = suites(PARDONED).findall("*/testcase/skipped")
    assert one.get("message") == "exemption: vendor (owner me, until 2027-01-31)"


# GitLab


def test_code_quality() -> None:
    [one] = json.loads(gitlab.text(report([FOUND, PARDONED._replace(message="x")], [])))
    assert one == {
        "description": "unknown key `b` (take it out)",
        "check_name": "DRG102",
        "fingerprint": report([FOUND], []).entries[0].fingerprint,
        "severity": "major",
        "location": {"path": "flows/train.dragoman.yaml", "lines": {"begin": 2, "end": 2}},
    }


# JSON


def test_json_says_what_steps_get() -> None:
    flow = Checked("Flow", "f.yaml", "train", "argo", "", (FOUND,), NEEDS, PEAKS)
    whole = json.loads(ours.text(report([FOUND], [flow])))
    assert whole["findings"][0]["checked"] == [0]
    assert whole["checked"][0]["steps"][1] == {
        "step": "shards.train",
        "width": 8,
        "resources": {
            "cpu": {"asked": "6", "given": "4", "grows": ""},
            "memory": {"asked": "${{ item.mem }}", "given": "${{ item.mem }}", "grows": ""},
        },
    }
    assert whole["checked"][0]["peaks"][0] == {
        "key": "requests.cpu",
        "amount": "32",
        "least": "32",
        "steps": [{"step": "shards.train", "width": 8}],
        "quota": "24",
        "over": True,
    }
    assert whole["summary"] == {
        "checked": 1,
        "failed": True,
        "errors": 1,
        "warnings": 0,
        "notes": 0,
        "pardoned": 0,
        "mendable": 0,
    }


# Markdown


def test_a_comment() -> None:
    flow = Checked("Flow", "f.yaml", "train", "argo", "prod", (FOUND,), NEEDS, PEAKS)
    page = html.unescape(markdown.text(report([FOUND, PARDONED._replace(message="x")], [flow])))
    assert page == (
        "<!-- dragoman check -->\n"
        "### dragoman check: 1 error, 1 pardoned\n"
        "\n"
        "| | place | finding |\n"
        "| --- | --- | --- |\n"
        "| error | [flows/train.dragoman.yaml:2](<flows/train.dragoman.yaml#L2>) "
        "| <code>DRG102</code> unknown key <code>b</code><br>help: take it out |\n"
        "\n"
        "#### train → argo (prod)\n"
        "\n"
        "| at one time | at most | quota | held by |\n"
        "| --- | --- | --- | --- |\n"
        "| requests.cpu | 32 | **24**, exceeded | shards.train ×8 |\n"
        "| requests.memory | 40Gi, at least 32Gi |  | shards.train ×8, prepare ×1 |\n"
        "| pods | unknown |  |  |\n"
        "\n"
        "<details><summary>what 3 steps ask for and get; a policy changed 1 of them</summary>\n"
        "\n"
        "| step | at once | cpu | memory | gpu |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| prepare | ×1 | 1 | 1Gi, up to 4Gi |  |\n"
        "| shards.train | ×8 | 6 → **4** | ${{ item.mem }} |  |\n"
        "| sum | unknown |  |  | 2 |\n"
        "\n"
        "</details>\n"
        "\n"
        "<details><summary>1 pardoned</summary>\n"
        "\n"
        "| | place | finding |\n"
        "| --- | --- | --- |\n"
        "| pardoned | [flows/train.dragoman.yaml:2](<flows/train.dragoman.yaml#L2>) "
        "| <code>DRG102</code> x<br>help: take it out<br>exemption: vendor (owner me, until 2027-01-31) |\n"
        "\n"
        "</details>\n"
    )


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a|b `c|d`", "a&#124;b <code>c&#124;d</code>"),
        ("lone ` one", "lone &#96; one"),
        ("`a` lone ` one", "<code>a</code> lone &#96; one"),
        ("<img src=x> & *b*", "&#60;img src=x&#62; &#38; &#42;b&#42;"),
        ("@team and #7, `@team`", "&#64;\u2060team and &#35;\u20607, <code>&#64;team</code>"),
        ("x" * 3000, "x" * 1999 + "…"),
    ],
)
def test_words_have_no_meaning_in_a_comment(message: str, shown: str) -> None:
    page = markdown.text(report([Finding("DRG102", message)], []))
    assert f"| <code>DRG102</code> {shown} |\n" in page


@pytest.mark.parametrize(
    ("span", "base", "link"),
    [
        (PLACE, "https://x.org/blob/1/", "[flows/train.dragoman.yaml:2](<https://x.org/blob/1/flows/train.dragoman.yaml#L2>)"),
        (PLACE._replace(file="a (b).yaml"), "", "[a (b).yaml:2](<a%20%28b%29.yaml#L2>)"),
        (PLACE._replace(file="a.jsonnet", approximate=True), "", "[a.jsonnet](<a.jsonnet>)"),
        (None, "", ""),
    ],
)  # fmt: skip
def test_links(span: Span | None, base: str, link: str) -> None:
    page = markdown.text(report([FOUND._replace(span=span)], []), base)
    assert html.unescape(page).count(f"| error | {link} | ") == 1


@pytest.mark.parametrize(("findings", "flows", "left_out"), [(100, 9, "60 findings and 9 tables"), (20, 9, "6 tables")])
def test_a_comment_that_is_too_long_says_what_is_left_out(findings: int, flows: int, left_out: str) -> None:
    found = [Finding("DRG102", "m" * 1500, Span("a.yaml", at)) for at in range(1, findings + 1)]
    checked = [Checked("Flow", "f.yaml", "n" * at, needs=(Need("s" * 9000, 1, {}),)) for at in range(1, flows + 1)]
    page = markdown.text(report(found, checked))
    assert len(page) <= markdown.MOST
    assert left_out in page
    assert page.count("| error |") + page.count("####") == findings + flows - sum(
        map(int, re.findall(r"\d+", left_out))
    )
    assert page.endswith(f"\nLeft out for length: {left_out}. `dragoman check --format json` has all of them.\n")


def test_of_many_steps_those_that_a_policy_changed_are_shown() -> None:
    same, changed = Amount("1", "1"), Amount("6", "4")
    steps = tuple(Need(f"s{at}", 1, {"cpu": changed if at in (5, 250) else same}) for at in range(300))
    page = markdown.text(report([], [Checked("Flow", "f.yaml", "big", needs=steps)]))
    assert re.findall(r"^\| (s\d+) ", page, re.MULTILINE) == [*(f"s{at}" for at in range(99)), "s250"]
    assert "what 300 steps ask for and get; a policy changed 2 of them" in page
    assert "\nand 200 more steps\n" in page
