"""`dragoman check --format`: the same findings in every format, as tools of CI want them."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from dragoman.cli import main

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train, namespace: ml}
spec:
  params: {rows: {type: int, default: 5}}
  defaults: {image: busybox}
  steps:
    small: {command: [run]}
    train:
      needs: [small]
      foreach: {in: [1, 2, 3], parallelism: 2}
      command: [run, "${{ item }}"]
      resources: {cpu: 6, memory: 8Gi}
    vast: {needs: [small], command: [run], resources: {cpu: 500m, gpu: 4}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  max:
    - {cpu: 4, action: clamp}
    - {memory: 4Gi}
    - {gpu: 2}
  exemptions:
    - {rule: max.gpu, flow: train, reason: vendor, owner: me, expires: 2099-01-31}
"""
SARIF = jsonschema.Draft7Validator(json.loads((Path(__file__).parents[1] / "report/sarif.schema.json").read_text()))
OURS = jsonschema.Draft7Validator(json.loads(files("dragoman.report").joinpath("check.schema.json").read_text()))
CHECK = ["check", "flows", "--policy", "platform.policy.yaml", "-t", "argo"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/train.dragoman.yaml").write_text(FLOW)
    (tmp_path / "flows/fine.dragoman.yaml").write_text(
        FLOW.replace("6, memory: 8Gi", "1").replace("gpu: 4", "gpu: 1").replace("train, n", "fine, n")
    )
    (tmp_path / "platform.policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def out(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    assert main([*arguments]) == code
    shown, err = capsys.readouterr()
    assert err == ""
    return shown


def test_every_format_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {
        form: out(capsys, *CHECK, "--format", form)
        for form in ("lines", "json", "sarif", "junit", "github", "gitlab", "markdown")
    }
    whole, sarif, junit = json.loads(shown["json"]), json.loads(shown["sarif"]), ElementTree.fromstring(shown["junit"])
    OURS.validate(whole)
    SARIF.validate(sarif)
    wanted = ["DRG405 max.cpu", "DRG406 max.memory"]
    assert re.findall(r"(?:error|warning) (.*?): step", shown["lines"]) == wanted
    assert [f"{one['code']} {one['rule']}" for one in whole["findings"] if one["pardon"] is None] == wanted
    assert [one["ruleId"].replace("/", " ") for one in sarif["runs"][0]["results"] if not one["suppressions"]] == wanted
    assert [one["check_name"].replace("/", " ") for one in json.loads(shown["gitlab"])] == wanted
    assert re.findall(r"^\| (?:error|warning) .*<code>(DRG\S*)</code> step", shown["markdown"], re.MULTILINE) == [
        one.replace(" ", "/") for one in wanted
    ]
    assert sorted(re.findall(r"^::(?:error|warning) .*title=(.*?),", shown["github"], re.MULTILINE)) == [
        one.replace(" ", "/") for one in wanted
    ]
    assert [one.get("name", "").partition(":")[0] for one in junit.iter("testcase") if one.find("skipped") is None] == [
        "fine → argo",
        *(one.replace(" ", "/") for one in wanted),
    ]
    assert (junit.get("tests"), junit.get("failures")) == ("4", "1")


def test_what_is_pardoned_is_in_every_format_that_has_a_place_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    [pardoned] = [one for one in json.loads(out(capsys, *CHECK, "--format", "json"))["findings"] if one["pardon"]]
    assert (pardoned["rule"], pardoned["pardon"]["owner"], pardoned["pardon"]["place"]["line"]) == ("max.gpu", "me", 10)
    [result] = [
        one for one in json.loads(out(capsys, *CHECK, "--format", "sarif"))["runs"][0]["results"] if one["suppressions"]
    ]
    assert result["suppressions"][0]["justification"] == "exemption: vendor (owner me, until 2099-01-31)"
    assert "<summary>1 pardoned</summary>" in out(capsys, *CHECK, "--format", "markdown")
    assert out(capsys, *CHECK).endswith(
        "1 error, 1 warning, 1 pardoned (-v shows them)\n1 of these can be mended: dragoman check --fix\n"
    )
    assert "pardoned[DRG406 max.gpu]: step `vast`" in out(capsys, *CHECK, "-v")


def test_what_steps_ask_for_and_get_also_where_a_policy_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(out(capsys, *CHECK, "--format", "json"))
    fine, train = whole["checked"]
    assert [one["checked"] for one in whole["findings"]] == [[1], [1], [1]]
    assert {step["step"]: (step["width"], step["resources"]["cpu"]) for step in train["steps"]} == {
        "small": (1, {"asked": "", "given": "1", "grows": ""}),
        "train": (2, {"asked": "6", "given": "4", "grows": ""}),
        "vast": (1, {"asked": "500m", "given": "500m", "grows": ""}),
    }
    [cpu] = [peak for peak in train["peaks"] if peak["key"] == "requests.cpu"]
    assert (cpu["amount"], cpu["steps"][0]) == ("8.5", {"step": "train", "width": 2})
    assert whole["summary"]["failed"]
    assert fine["steps"]


def test_no_numbers_of_what_cannot_be_understood(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows/train.dragoman.yaml").write_text(FLOW.replace("needs: [small]", "needs: [smal]"))
    [_, train] = json.loads(out(capsys, *CHECK, "--format", "json"))["checked"]
    assert (train["name"], train["steps"], train["peaks"]) == ("train", [], [])


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github", "gitlab", "markdown", "lines", "text"])
def test_a_file_that_cannot_be_read_is_in_the_report(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "flows/broken.dragoman.yaml").write_text("a: [1\nb: 2\n")
    assert "DRG002" in out(capsys, "check", "flows", "--format", form)


def test_a_path_that_is_not_there_is_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere", "--format", "sarif"]) == 2
    shown, err = capsys.readouterr()
    assert (shown, "DRG013" in err) == ("", True)


def test_paths_are_the_repositorys(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    above: dict[str, Any] = json.loads(out(capsys, *CHECK, "--format", "json"))
    monkeypatch.chdir(folder / "flows")
    below = json.loads(
        out(capsys, "check", ".", "--policy", "../platform.policy.yaml", "-t", "argo", "--format", "json")
    )
    assert above == below
    assert {one["place"]["file"] for one in above["findings"]} == {"flows/train.dragoman.yaml"}


def test_a_value_of_the_command_line_is_at_its_flow(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", "flows/fine.dragoman.yaml", "--set", "params.rows=x"]
    [result] = json.loads(out(capsys, *arguments, "--format", "sarif"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "flows/fine.dragoman.yaml"
    [found] = json.loads(out(capsys, *arguments, "--format", "json"))["findings"]
    assert found["place"]["file"] == "--set params.rows=x"
    assert out(capsys, *arguments, "--format", "lines").startswith("--set params.rows=x: error DRG112: ")
    assert "::error file=flows/fine.dragoman.yaml,line=1," in out(capsys, *arguments, "--format", "github")


def test_jsonnet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "j.dragoman.jsonnet").write_text(
        'local flow = {apiVersion: "dragoman.dev/v1alpha1", kind: "Flow", metadata: {name: "j"}};\n'
        'flow + {spec: {steps: {a: {imagge: "busybox"}}}}\n'
    )
    [result, *_] = json.loads(out(capsys, "check", "j.dragoman.jsonnet", "--format", "sarif"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert "::error file=j.dragoman.jsonnet,line=1,title=" in out(
        capsys, "check", "j.dragoman.jsonnet", "--format", "github"
    )


def test_annotations_and_then_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    shown = out(capsys, *CHECK, "--format", "github").split("\n")
    stop = next(at for at, line in enumerate(shown) if line.startswith("::stop-commands::"))
    assert [line[:9] for line in shown[:stop]] == ["::error f", "::warning"]
    assert "\n".join(shown[stop + 1 : -2]) + "\n" == out(capsys, *CHECK)
    assert (
        out(capsys, "check", "flows/fine.dragoman.yaml", "-t", "argo", "--format", "github", code=0).split("\n")[1]
        == "checked 1: nothing to report"
    )


def test_links(capsys: pytest.CaptureFixture[str]) -> None:
    base = "https://git.example.com/ml/flows/blob/0a1b/"
    assert f"](<{base}flows/train.dragoman.yaml#L13>)" in out(
        capsys, *CHECK, "--format", "markdown", "--link-base", base
    )


@pytest.mark.parametrize(("fail_on", "severities"), [("error", {"error"}), ("warning", {"error", "warning"})])
def test_quiet_is_what_fails(fail_on: str, severities: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(out(capsys, *CHECK, "-q", "--fail-on", fail_on, "--format", "json"))
    assert {one["severity"] for one in whole["findings"]} == severities
    assert whole["summary"]["failed"]


def test_into_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, *CHECK, "--format", "sarif", "-o", "found.sarif") == ""
    assert out(capsys, *CHECK, "--format", "sarif") == (folder / "found.sarif").read_text()


def test_strict_is_in_the_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows/train.dragoman.yaml").write_text(
        FLOW.replace("command: [run]}", "command: [run], outputs: {o: {from: stdout}}}")
    )
    arguments = ["check", "flows/train.dragoman.yaml", "-t", "argo", "--format", "json"]
    lenient = json.loads(out(capsys, *arguments, code=0))
    strict = json.loads(out(capsys, *arguments, "--strict"))
    assert [(one["severity"], one["checked"]) for one in lenient["findings"]] == [("warning", [0])]
    assert [(one["severity"], one["checked"]) for one in strict["findings"]] == [("error", [0])]
    assert lenient["findings"][0]["fingerprint"] == strict["findings"][0]["fingerprint"]
