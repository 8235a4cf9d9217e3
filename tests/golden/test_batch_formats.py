"""Every example flow in every form of the batch target, byte for byte; `api` is under `manifests/`.

`findings.txt` has what is said of the form alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.report.text import text
from dragoman.write import manifests
from enacted import enacted

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
GOLDEN = Path(__file__).parent / "batch"
FORMS = ("crossplane", "cloudformation", "iam", "submit-plan")
CASES = [(flow.name, form) for flow in sorted(EXAMPLES.iterdir()) for form in FORMS]


@pytest.mark.parametrize(("flow", "form"), CASES, ids=[f"{flow}-{form}" for flow, form in CASES])
def test_form(flow: str, form: str, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(EXAMPLES / flow)
    made = _made(flow, form)
    place = GOLDEN / flow / form
    if update_golden:
        place.mkdir(parents=True, exist_ok=True)
        for stale in place.glob("*"):
            stale.unlink()
        for name, content in made.items():
            (place / name).write_text(content, newline="\n")
    assert {path.name: path.read_bytes().decode() for path in sorted(place.glob("*"))} == made


def _made(flow: str, form: str) -> dict[str, str]:
    options = files.Options(root=str(EXAMPLES.parent))
    [document] = files.load([f"{flow}.dragoman.yaml"], options)
    policies = files.load(["../../platform.policy.yaml"], options)
    try:
        done = render(document, {}, enacted(policies), "batch", form=form)
    except Findings as error:
        return {"findings.txt": text(_own(error.findings))}
    texts = manifests.files([(document.file, one) for one in done.emission.manifests], "yaml")
    own = _own(done.findings)
    return {**texts, **({"findings.txt": text(own)} if own else {})}


def _own(findings: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in findings if one.code.startswith("DRG32")]
