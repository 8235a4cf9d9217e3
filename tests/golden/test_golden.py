"""Every feature, for every target, byte for byte: one folder a feature, one folder in it a target.

What a target makes of the feature's spec is the whole folder: its manifests, and `findings.txt` with what dragoman
says. `make golden` rewrites the folders.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dragoman.emit.registry import BUILTIN
from dragoman.findings import Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import render
from dragoman.policy.force import NO_POLICIES, Enacted
from dragoman.report.text import text
from dragoman.write import manifests
from enacted import enacted_of
from golden.kept import compare

# what a platform says of itself, for targets that need to know
PLATFORM = {
    "batch": {
        "accept": ["command", "script"],
        "account": "123456789012",
        "queue": "main",
        "outputs": "s3://flows/outputs",
        "stateMachineRole": "flows",
        "executionRole": "jobs",
        "scheduleRole": "scheduler",
        "secrets": {"keys/api.key": "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf"},
        "volumes": {"data": {"efs": "fs-0123456789abcdef0"}},
        "accelerators": {"nvidia-l4": "gpus"},
    }
}
FEATURES = Path(__file__).parents[1] / "features"
CASES = [(folder, target) for folder in sorted(FEATURES.iterdir()) for target in BUILTIN]


@pytest.mark.parametrize(("folder", "target"), CASES, ids=[f"{folder.name}-{target}" for folder, target in CASES])
def test_golden(folder: Path, target: str, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(folder)
    compare(folder / target, _made(target), update=update_golden)


def _made(target: str) -> dict[str, str]:
    """What the target makes of the spec: its files, and what was said about it."""
    options = files.Options(root=str(FEATURES))
    [spec] = [name for name in os.listdir(".") if name.startswith("spec.dragoman.")]
    documents = files.load([spec], options)
    try:
        policies = enacted_of("policy.yaml", options) if Path("policy.yaml").exists() else NO_POLICIES
        said, texts = _rendered(documents[0], policies, options, target)
    except Findings as error:
        said, texts = text(error.findings), {}
    return {**texts, **({"findings.txt": said} if said else {})}


def _rendered(flow: Document, policies: Enacted, options: files.Options, target: str) -> tuple[str, dict[str, str]]:
    libraries = files.imported(flow, flow.data["spec"].get("imports") or {}, options)
    environment = next(iter(flow.data["spec"].get("environments") or {}), "")
    done = render(flow, libraries, policies, target, environment, platform=PLATFORM)
    return text(done.findings), manifests.files([(flow.file, one) for one in done.emission.manifests], "yaml")
