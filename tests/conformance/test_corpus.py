"""Random flows, judged by Argo's own linter and by its CRDs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.corpus import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, 150, 1)
    return folder


@pytest.mark.parametrize("question", [["lint", "-each"], ["crd"]], ids=["lint", "crd"])
def test_argo_finds_nothing_wrong(question: list[str], argo: Path, corpus: Path) -> None:
    done = subprocess.run([argo, *question, corpus], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
