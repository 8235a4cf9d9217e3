"""Every manifest that is in the repository, as `argo lint --strict` and a cluster with Argo's full CRDs see it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.flows import ROOT

RENDERED = sorted([*ROOT.glob("tests/features/*/argo"), *ROOT.glob("manifests/examples/*/rendered/argo")])


@pytest.mark.parametrize("command", [["lint", "-each"], ["crd"]], ids=["lint", "crd"])
def test_argo_finds_nothing(argo: Path, tmp_path: Path, command: list[str]) -> None:
    for folder in RENDERED:
        if any(folder.glob("*.yaml")):  # a refusal is a golden too
            shutil.copytree(folder, tmp_path / "-".join(folder.relative_to(ROOT).parts))
    done = subprocess.run([argo, *command, tmp_path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
