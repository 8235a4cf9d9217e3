"""The packs that come with dragoman: their own cases, that they go together, that their page is complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.emit import registry
from dragoman.load import packs, yaml
from dragoman.load.files import Options
from dragoman.pipeline import ruled
from dragoman.policy.cases import run
from dragoman.report.text import text
from enacted import enacted_of

PACKS = Path(packs.folder())


@pytest.mark.parametrize("pack", packs.names())
def test_its_own_cases(pack: str) -> None:
    outcome = run([str(PACKS / pack)], Options(), registry.stranger)
    assert text(outcome.findings) == ""
    assert outcome.cases > 0


def test_packs_go_together(tmp_path: Path) -> None:
    (tmp_path / "all.policy.yaml").write_text(
        "apiVersion: dragoman.dev/v1alpha1\nkind: Policy\nmetadata: {name: all}\n"
        f"spec: {{extends: [{', '.join(map('pack:{}'.format, packs.names()))}]}}\n"
    )
    flow = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec: {steps: {a: {image: b}}}\n"
    policies = enacted_of(str(tmp_path / "all.policy.yaml"), Options(root=str(tmp_path)))
    *_, findings = ruled(yaml.parse(flow, "f.yaml")[0], {}, policies, "batch")
    assert {finding.code for finding in findings} == {"DRG440"}


@pytest.mark.parametrize("pack", packs.names())
def test_its_line_of_the_page(pack: str) -> None:
    document = yaml.parse((PACKS / pack / f"{pack}.policy.yaml").read_text(), pack)[0]
    body = document.data["spec"]
    [line] = [line for line in (PACKS / "README.md").read_text().splitlines() if line.startswith(f"| `{pack}` |")]
    rules, constants = (cell.replace("`", "").split() for cell in line.split("|")[3:5])
    assert document.data["metadata"]["name"] == pack
    assert rules == [rule["id"] for rule in body["rules"]]
    assert constants == list(body["values"])


@pytest.mark.parametrize("pack", packs.names())
def test_what_is_a_matter_of_taste_may_be_changed(pack: str) -> None:
    body = yaml.parse((PACKS / pack / f"{pack}.policy.yaml").read_text(), pack)[0].data["spec"]
    assert body["overridable"] == [f"values.{name}" for name in body["values"]]
    assert [rule["id"] for rule in body["rules"] if not rule.get("overridable") or not rule.get("help")] == []
