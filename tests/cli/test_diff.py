"""`dragoman diff` in a repository of Git."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dragoman.cli import main
from history import begin, commit, git

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train}
spec:
  target: argo
  defaults: {image: i}
  imports: {lib: ../lib/steps.yaml}
  steps:
    prepare: {command: [prepare], resources: {memory: 1Gi}}
    train:
      needs: [prepare]
      use: lib.train
      foreach: {range: 3}
  environments:
    prod: {steps: {prepare: {resources: {memory: 8Gi}}}}
"""
LIBRARY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Library
metadata: {name: lib}
spec:
  templates:
    train: {command: [train], resources: {memory: 32Gi}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec: {defaults: {resources: {cpu: 2}}, quota: [{cpu: 64}]}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (
        ("flows/train.dragoman.yaml", FLOW),
        ("lib/steps.yaml", LIBRARY),
        ("platform.policy.yaml", POLICY),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    begin(monkeypatch)
    commit("first")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def diff(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["diff", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_nothing_differs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(FLOW + "# a comment\n")
    assert diff(capsys) == (0, "no differences\n", "")


def test_a_change_of_a_library_and_of_an_environment(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository / "lib/steps.yaml", "32Gi", "64Gi")
    edit(repository / "flows/train.dragoman.yaml", "8Gi", "16Gi")
    code, out, err = diff(capsys, "--summary")
    assert (code, err) == (1, "")
    assert out == (
        "train (flows/train.dragoman.yaml)\n"
        "  train ×3: memory 32Gi → 64Gi\n"
        "  peak memory: 96Gi → 192Gi\n"
        "  change WorkflowTemplate train\n"
        "  prepare: memory 8Gi → 16Gi on argo (prod)\n"
    )
    assert diff(capsys, "--summary", "--exit-zero")[0] == 0
    assert "-          memory: 32Gi" in diff(capsys)[1]


def test_what_is_asked_for_is_the_same_on_both_sides(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository / "platform.policy.yaml", "cpu: 2", "cpu: 3")
    assert diff(capsys)[0] == 0
    for where in (repository, repository / "flows"):
        os.chdir(where)
        _, out, _ = diff(
            capsys,
            str(repository / "flows"),
            "--policy",
            str(repository / "platform.policy.yaml"),
            "--env",
            "prod",
            "--summary",
        )
        assert out.splitlines()[1:] == [
            "  prepare: cpu 2 → 3 on argo (prod)",
            "  train ×3: cpu 2 → 3 on argo (prod)",
            "  peak cpu: 6 → 9 of 64 on argo (prod)",
            "  change WorkflowTemplate train on argo (prod)",
        ]


def test_flows_come_and_go_and_get_names(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flows = repository / "flows"
    (flows / "new.dragoman.yaml").write_text(FLOW.replace("name: train", "name: new"))
    edit(flows / "train.dragoman.yaml", "name: train", "name: other")
    _, out, _ = diff(capsys, "flows", "--env", "prod", "--summary")
    assert "new (flows/new.dragoman.yaml): new\n  + prepare on argo (prod)\n  + train ×3 on argo (prod)\n" in out
    assert "other (flows/train.dragoman.yaml), was train\n  flow: name train → other on argo (prod)\n" in out
    assert "delete WorkflowTemplate train" in out
    commit("second")
    (flows / "new.dragoman.yaml").unlink()
    _, out, _ = diff(capsys, "flows", "--env", "prod", "--summary")
    assert out.startswith("new (flows/new.dragoman.yaml): removed\n  - prepare on argo (prod)\n")


def test_the_base_is_where_the_histories_part(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = repository / "flows/train.dragoman.yaml"
    git("switch", "--quiet", "--create", "mine")
    edit(flow, "1Gi", "2Gi")
    commit("mine")
    git("switch", "--quiet", "main")
    edit(flow, "[prepare]\n", "[prepare]\n      timeout: 1h\n")
    commit("theirs")
    git("switch", "--quiet", "mine")
    _, out, _ = diff(capsys, "--base", "main", "--summary", "-t", "argo")
    assert "prepare: memory 1Gi → 2Gi" in out
    assert "timeout" not in out


def test_a_base_that_cannot_be_rendered(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = repository / "flows/train.dragoman.yaml"
    edit(flow, "needs: [prepare]", "needs: [prepar]")
    commit("broken")
    edit(flow, "needs: [prepar]", "needs: [prepare]")
    code, out, _ = diff(capsys, "--summary", "--env", "prod")
    assert code == 1
    assert "cannot be rendered: there is no step `prepar` in this graph" in out


@pytest.mark.parametrize("flow", ["kind: Flow\n", "a: [\n"])
def test_what_is_here_must_be_right(repository: Path, capsys: pytest.CaptureFixture[str], flow: str) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(flow)
    code, out, err = diff(capsys)
    assert (code in (1, 2), out) == (True, "")
    assert "flows/train.dragoman.yaml:" in err


def test_formats(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository / "lib/steps.yaml", "32Gi", "64Gi")
    edit(repository / "lib/steps.yaml", "[train]", "['<b>', 'a|b', '```']")
    _, out, _ = diff(capsys, "--format", "json")
    data = json.loads(out)
    assert data["version"] == 1
    assert {"step": "train", "field": "memory", "before": "32Gi", "after": "64Gi"} in data["flows"][0]["changed"]
    _, out, _ = diff(capsys, "--format", "markdown")
    assert "- train ×3: command train → &lt;b&gt; a\\|b \\`\\`\\`; memory 32Gi → 64Gi\n" in out
    assert "\n````diff\n--- a/" in out


def test_no_base(
    repository: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    code, out, err = diff(capsys, "--base", "origin/main")
    assert (code, out) == (2, "")
    assert "Git knows no revision `origin/main` here" in err
    assert "git fetch origin main" in err
    code, _, err = diff(capsys, "--base=--output=x")
    assert (code, "Git knows no revision `--output=x`" in err) == (2, True)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "train.dragoman.yaml").write_text(
        FLOW.replace("  imports: {lib: ../lib/steps.yaml}\n", "").replace("use: lib.train", "command: [x]")
    )
    os.chdir(elsewhere)
    assert diff(capsys)[0] == 2
    git("init", "--quiet")
    code, _, err = diff(capsys)
    assert (code, "nothing is committed yet" in err) == (2, True)


def test_nothing_of_it_is_left(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = repository / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {repository}/ran\n")
    hook.chmod(0o755)
    edit(repository / "lib/steps.yaml", "32Gi", "64Gi")
    diff(capsys)
    assert git("worktree", "list").count("\n") == 0
    assert not (repository / "ran").exists()
    assert git("status", "--porcelain") == "M lib/steps.yaml"
