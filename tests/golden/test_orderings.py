"""Every example flow, in every way to keep Jobs in order, byte for byte: what is made of it, or why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.findings import Findings
from dragoman.report.text import text
from dragoman.write import manifests
from golden.kept import EXAMPLES, FLOWS, compare, example

GOLDEN = Path(__file__).parent / "orderings"
MODES = ("none", "waves", "coordinator", "jobset", "chain")
CASES = [(flow, mode) for flow in FLOWS for mode in MODES]


@pytest.mark.parametrize(("flow", "mode"), CASES, ids=[f"{flow}-{mode}" for flow, mode in CASES])
def test_ordering(flow: str, mode: str, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(EXAMPLES / flow)
    compare(GOLDEN / flow / mode, _made(flow, mode), update=update_golden)


def _made(flow: str, mode: str) -> dict[str, str]:
    try:
        done = example(flow, "kubernetes", [f"targets.kubernetes.ordering={mode}"])
    except Findings as error:
        return {"findings.txt": text(error.findings)}
    texts = manifests.files([(f"{flow}.dragoman.yaml", one) for one in done.emission.manifests], "yaml")
    return {**texts, **({"findings.txt": text(done.findings)} if done.findings else {})}
