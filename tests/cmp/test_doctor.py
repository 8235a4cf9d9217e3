"""The rehearsal: what it reports of a folder, and what it finds before Argo CD does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cmp.repository import FLOW, LIBRARY, SHARED, repository
from dragoman.cli import main
from dragoman.cmp import closure
from dragoman.cmp.hazards import hazards
from dragoman.cmp.tree import pattern

GOLDEN = Path(__file__).parent / "doctor"
JSONNET = """\
local lib = import '../../lib/flow.libsonnet';
lib.flow('made') + {spec+: {imports: {lib: '../../lib/steps.yaml'}}}
"""
LIBSONNET = """\
{flow(name): {
  apiVersion: 'dragoman.dev/v1alpha1', kind: 'Flow', metadata: {name: name},
  spec: {steps: {work: {use: 'lib.work'}}},
}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: own}
spec: {quotaFrom: [../cluster/quota.yaml]}
"""
QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: all, namespace: jobs}
spec: {hard: {requests.cpu: "100"}}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: made
  annotations:
    argocd.argoproj.io/manifest-generate-paths: .;/lib/*.yaml;../../policies
spec:
  project: ml
  destination: {namespace: jobs}
  source:
    path: flows/train
    plugin: {parameters: [{name: policies, array: [/policies/own.policy.yaml]}]}
"""
PLAIN = {"flows/train/train.dragoman.yaml": FLOW}
IMPORTING = {
    ".git/HEAD": "",
    "flows/train/a.dragoman.jsonnet": JSONNET,
    "flows/train/b.dragoman.yaml": SHARED,
    "lib/steps.yaml": LIBRARY,
    "lib/flow.libsonnet": LIBSONNET,
    "policies/own.policy.yaml": POLICY,
    "cluster/quota.yaml": QUOTA,
    "README.md": "of no concern",
}
JOBS = FLOW.replace("  params:", "  target: kubernetes\n  params:", 1)
# patches that undo what dragoman does for Argo CD
UNDONE = JOBS.replace(
    "  params:",
    "  targets:\n    kubernetes:\n      patch:\n      - target: {kind: Job}\n"
    "        ops: [{op: add, path: /spec/ttlSecondsAfterFinished, value: 60}]\n  params:",
    1,
)
CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "plain": (PLAIN, ["flows/train"]),
    "jobs": ({"flows/train/train.dragoman.yaml": JOBS}, ["flows/train"]),
    "importing": (IMPORTING, ["flows/train"]),
    "application": ({**IMPORTING, "app.yaml": APPLICATION}, ["--app", "app.yaml"]),
    "broken": (
        {"flows/train/train.dragoman.yaml": FLOW.replace("command: [train]", "comand: [train]")},
        ["flows/train"],
    ),
    "empty": ({"flows/train/README.md": ""}, ["flows/train"]),
    "excluded": ({**PLAIN, "data/large.bin": "x" * 1000, "lib/x": "x"}, ["flows/train", "--exclude", "data"]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_report(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    update_golden: bool,
) -> None:
    files, arguments = CASES[name]
    monkeypatch.chdir(repository(tmp_path / "repository", files))
    code = main(["cmp", "doctor", "--steady", *arguments])
    said = capsys.readouterr()
    assert said.err == ""
    report = f"{said.out}exit code {code}\n"
    golden = GOLDEN / f"{name}.txt"
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(report)
    assert report == golden.read_text()


def test_times_and_users_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository(tmp_path, PLAIN))
    assert main(["cmp", "doctor", "flows/train"]) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert lines["generate"][-1] == "s"
    assert int(lines["user"][-1]) in (os.geteuid(), 999)


def test_a_link_that_leads_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(tmp_path, PLAIN)
    (root / "docs").symlink_to("../elsewhere")
    (root / "fine").symlink_to("flows/../flows/train")
    monkeypatch.chdir(root)
    assert main(["cmp", "doctor", "flows/train"]) == 1
    said = capsys.readouterr().out
    assert "the link leads out of the repository, to `../elsewhere`" in said
    assert "--> docs" in said
    assert "fine" not in said


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not here")
def test_what_git_ignores_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(tmp_path, {**PLAIN, ".gitignore": "build\n", "build/large": "x" * 5000})
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    monkeypatch.chdir(root)
    assert main(["cmp", "doctor", "flows/train", "--steady", "--exclude", ".git"]) == 0
    assert "  pack        2 files, " in capsys.readouterr().out


def job(name: str = "train-0a1b2c3d", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def with_annotation(body: dict[str, Any], key: str, value: str) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "annotations": {f"argocd.argoproj.io/{key}": value}}}


LARGE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": "x" * 300_000}}
HAZARDS: list[tuple[str, Mapping[str, Any], tuple[str, ...], list[str]]] = [
    ("a hashed Job", job(), (), []),
    ("a Job of one name", job("train"), (), ["warning DRG678"]),
    ("one that is replaced", with_annotation(job("train"), "sync-options", "Force=true, Replace=true"), (), []),
    ("a hook", with_annotation(job("train", ttlSecondsAfterFinished=1), "hook", "PreSync"), (), []),
    ("a Job that goes", job(ttlSecondsAfterFinished=60), (), ["error DRG678"]),
    ("a CronJob's Jobs go", {**job(), "kind": "CronJob"}, (), []),
    ("another's Job", {**job("train"), "apiVersion": "example.com/v1"}, (), []),
    ("a Workflow", {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": {"ttlStrategy": {}}}, (), ["error DRG678", "warning DRG678"]),
    ("a large object", LARGE, (), ["error DRG679"]),
    ("a large object, on the server", LARGE, ("ServerSideApply=true",), []),
    ("a large object that asks itself", with_annotation(LARGE, "sync-options", "ServerSideApply=true"), (), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "options", "found"), [case[1:] for case in HAZARDS], ids=[case[0] for case in HAZARDS]
)
def test_hazards(body: Mapping[str, Any], options: tuple[str, ...], found: list[str]) -> None:
    assert [f"{one.severity} {one.code}" for one in hazards([body], None, options)] == found


def test_a_patch_that_undoes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository(tmp_path, {"flows/train/train.dragoman.yaml": UNDONE}))
    assert main(["cmp", "doctor", "flows/train", "--steady"]) == 1
    assert "`ttlSecondsAfterFinished` deletes the Job `train-" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        (".git", [".git"], ["a/.git", ".github", "xgit"]),
        (".git/*", [".git/HEAD"], [".git", ".git/a/b"]),
        ("*.py", ["a.py"], ["a/b.py"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("[a-c]x", ["bx"], ["dx"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("a\\*", ["a*"], ["ab"]),
        ("a+b(c", ["a+b(c"], ["aab"]),
    ],
)
def test_globs_are_those_of_go(glob: str, matching: list[str], others: list[str]) -> None:
    assert [name for name in (*matching, *others) if pattern(glob).fullmatch(name)] == matching


@pytest.mark.parametrize(
    ("value", "left_out"),
    [
        (".", ["lib/a.yaml", "lib/b.jsonnet"]),
        (".;/lib", []),
        (".; ../../lib ;", []),
        (".;/lib/*.yaml", ["lib/b.jsonnet"]),
        ("/li", ["flows/train/x", "lib/a.yaml", "lib/b.jsonnet"]),
    ],
)
def test_what_an_annotation_leaves_out(value: str, left_out: list[str]) -> None:
    paths = {"flows/train/x", "lib/a.yaml", "lib/b.jsonnet"}
    assert [*closure.uncovered(paths, value, "flows/train")] == left_out
    assert [*closure.uncovered(paths, closure.annotation(paths, "flows/train"), "flows/train")] == []
