"""Every example flow in every form of the batch target, byte for byte; `api` is under `manifests/`.

`findings.txt` has what is said of the form alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings
from dragoman.report.text import text
from dragoman.write import manifests
from golden.kept import EXAMPLES, FLOWS, compare, example

GOLDEN = Path(__file__).parent / "batch"
FORMS = ("crossplane", "cloudformation", "iam", "submit-plan")
CASES = [(flow, form) for flow in FLOWS for form in FORMS]


@pytest.mark.parametrize(("flow", "form"), CASES, ids=[f"{flow}-{form}" for flow, form in CASES])
def test_form(flow: str, form: str, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(EXAMPLES / flow)
    compare(GOLDEN / flow / form, _made(flow, form), update=update_golden)


def _made(flow: str, form: str) -> dict[str, str]:
    try:
        done = example(flow, "batch", form=form)
    except Findings as error:
        return {"findings.txt": text(_own(error.findings))}
    texts = manifests.files([(f"{flow}.dragoman.yaml", one) for one in done.emission.manifests], "yaml")
    own = _own(done.findings)
    return {**texts, **({"findings.txt": text(own)} if own else {})}


def _own(findings: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in findings if one.code.startswith("DRG32")]
