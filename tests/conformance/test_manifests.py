"""Every manifest that is in the repository, as `argo lint --strict` and a cluster with Argo's full CRDs see it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.flows import ROOT
from dragoman.write.kustomization import NAME

RENDERED = sorted([*ROOT.glob("tests/features/*/argo"), *ROOT.glob("manifests/examples/*/rendered/argo")])


@pytest.mark.parametrize("command", [["lint", "-each"], ["crd"]], ids=["lint", "crd"])
def test_argo_finds_nothing(argo: Path, tmp_path: Path, command: list[str]) -> None:
    for folder in RENDERED:
        if any(folder.glob("*.yaml")):  # a refusal is a golden too
            target = tmp_path / "-".join(folder.relative_to(ROOT).parts)
            shutil.copytree(folder, target, ignore=shutil.ignore_patterns(NAME))
    done = subprocess.run([argo, *command, tmp_path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
