"""`.dragoman.toml`: what a repository says once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dragoman.cli import main

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: f}
spec:
  defaults: {image: i}
  steps: {a: {command: [x]}}
  environments:
    prod: {steps: {a: {resources: {cpu: 9}}}}
    broken: {steps: {a: {needs: [nothing]}}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: p}
spec: {defaults: {resources: {cpu: 7}}}
"""
TESTS = """\
apiVersion: dragoman.dev/v1alpha1
kind: PolicyTest
spec:
  policies: [p.policy.yaml]
  cases: [{name: nothing, flow: {steps: {a: {image: i}}}}]
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/f.dragoman.yaml").write_text(FLOW)
    (tmp_path / "p.policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def says(repository: Path, text: str) -> None:
    (repository / ".dragoman.toml").write_text(text)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_policies_and_targets_are_those_of_the_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says(repository, 'policies = ["p.policy.yaml"]\ntargets = ["kubernetes"]\n')
    for folder in (repository, repository / "flows"):
        os.chdir(folder)
        code, out, _ = run(capsys, "render")
        assert (code, "kind: Job" in out, 'cpu: "7"' in out) == (0, True, True)
    _, out, _ = run(capsys, "render", "-t", "argo")
    assert "kind: WorkflowTemplate" in out


def test_the_command_line_wins(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says(repository, 'policies = ["nowhere.yaml"]\noutput = "out"\n')
    code, out, _ = run(capsys, "render", "--policy", "p.policy.yaml", "-o", "-")
    assert (code, 'cpu: "7"' in out, (repository / "out").exists()) == (0, True, False)
    assert run(capsys, "render")[0] == 2


def test_the_output_is_a_folder_of_the_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says(repository, 'output = "out"\n')
    os.chdir(repository / "flows")
    assert run(capsys, "render", "-t", "kubernetes")[:2] == (0, "")
    assert list((repository / "out").glob("*.yaml"))


def test_the_paths_are_those_of_the_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "elsewhere.dragoman.yaml").write_text("wrong")
    assert run(capsys, "render")[0] == 1
    says(repository, 'paths = ["flows"]\n')
    assert run(capsys, "render")[0] == 0
    os.chdir(repository / "flows")
    assert run(capsys, "render")[0] == 0
    assert run(capsys, "render", "../elsewhere.dragoman.yaml")[0] == 1


def test_the_tests_of_policies_are_wherever_they_are(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says(repository, 'paths = ["flows"]\n')
    os.chdir(repository / "flows")
    code, out, err = run(capsys, "check", "--policy-tests")
    assert (code, "there are no policy tests under `..`" in out + err) == (1, True)
    (repository / "p.policy-test.yaml").write_text(TESTS)
    assert run(capsys, "check", "--policy-tests")[:2] == (0, "1 case of policies: nothing to report\n")


def test_environments_that_count(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check")[0] == 1  # the environment `broken` is
    says(repository, 'environments = ["prod", "elsewhere"]\n')
    assert run(capsys, "check")[0] == 0
    assert run(capsys, "check", "--env", "broken")[0] == 1


def test_targets_that_there_are_not(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the command line they are no flow's mistake; else the flow's line says them."""
    for verb in ("check", "render"):
        code, out, err = run(capsys, verb, "-t", "agro")
        assert (code, "there is no target `agro`" in out + err, "-->" in out + err) == (2, True, False)
    (repository / "flows/f.dragoman.yaml").write_text(FLOW.replace("spec:\n", "spec:\n  target: agro\n", 1))
    for verb in ("check", "render"):
        code, out, err = run(capsys, verb)
        assert (code, "there is no target `agro`" in out + err, "f.dragoman.yaml:5:11" in out + err) == (1, True, True)


def test_environments_that_no_flow_has(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says(repository, 'environments = ["prd", "prod"]\n')
    code, out, _ = run(capsys, "check", "--format", "lines")
    assert (code, out.splitlines()) == (
        0, ["warning DRG686: `.dragoman.toml` names the environment `prd`, which no flow has (did you mean `prod`?)"]
    )  # fmt: skip
    assert run(capsys, "check", "flows", "--format", "lines")[1] == ""


def test_a_file_outside_of_the_repository_says_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = repository / "inner"
    (inner / ".git").mkdir(parents=True)
    (inner / "f.dragoman.yaml").write_text(FLOW)
    says(repository, 'targets = ["nowhere"]\n')
    os.chdir(inner)
    assert run(capsys, "render")[0] == 0


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("targets = [", ".dragoman.toml:1:1", "is not TOML"),
        ("\n  target = 'argo'\n", ".dragoman.toml:2:3", "did you mean `targets`?"),
        ("targets = 'argo'\n", ".dragoman.toml:1:1", "`targets` must be a list of texts"),
        ("output = ['a']\n", ".dragoman.toml:1:1", "`output` must be a text"),
        ("policies = [1]\n", ".dragoman.toml:1:1", 'for example `policies = ["…"]`'),
    ],
)
def test_what_it_may_not_say(
    repository: Path, capsys: pytest.CaptureFixture[str], text: str, place: str, said: str
) -> None:
    says(repository, text)
    code, out, err = run(capsys, "render")
    assert (code, out) == (2, "")
    assert f"--> {place}\n" in err
    assert said in err


def test_bytes_that_are_no_text(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / ".dragoman.toml").write_bytes(b"\xff\xfe")
    assert run(capsys, "check")[0] == 2
