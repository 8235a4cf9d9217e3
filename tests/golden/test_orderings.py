"""Every example flow, in every way to keep Jobs in order, byte for byte: what is made of it, or why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.findings import Findings
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.report.text import text
from dragoman.write import manifests
from enacted import enacted

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
GOLDEN = Path(__file__).parent / "orderings"
MODES = ("none", "waves", "coordinator", "jobset", "chain")
CASES = [(flow.name, mode) for flow in sorted(EXAMPLES.iterdir()) for mode in MODES]


@pytest.mark.parametrize(("flow", "mode"), CASES, ids=[f"{flow}-{mode}" for flow, mode in CASES])
def test_ordering(flow: str, mode: str, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(EXAMPLES / flow)
    made = _made(flow, mode)
    place = GOLDEN / flow / mode
    if update_golden:
        place.mkdir(parents=True, exist_ok=True)
        for stale in place.glob("*"):
            stale.unlink()
        for name, content in made.items():
            (place / name).write_text(content, newline="\n")
    assert {path.name: path.read_bytes().decode() for path in sorted(place.glob("*"))} == made


def _made(flow: str, mode: str) -> dict[str, str]:
    options = files.Options(root=str(EXAMPLES.parent))
    [document] = files.load([f"{flow}.dragoman.yaml"], options)
    policies = files.load(["../../platform.policy.yaml"], options)
    try:
        done = render(document, {}, enacted(policies), "kubernetes", "", [f"targets.kubernetes.ordering={mode}"])
    except Findings as error:
        return {"findings.txt": text(error.findings)}
    texts = manifests.files([(document.file, one) for one in done.emission.manifests], "yaml")
    return {**texts, **({"findings.txt": text(done.findings)} if done.findings else {})}
