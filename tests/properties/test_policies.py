"""What holds of every policy over every flow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings

from dragoman.findings import Findings
from dragoman.load import packs
from dragoman.load.document import Document
from dragoman.load.files import Options
from dragoman.pipeline import render
from dragoman.write.manifests import stream
from enacted import enacted_of
from strategies import Case, cases, rendered

QUICK = settings(deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
PACKS = {name: enacted_of(f"pack:{name}", Options()) for name in packs.names()}
UNANSWERED = "DRG441"


@settings(QUICK, max_examples=40)
@given(cases)
def test_a_policy_said_twice_is_said_once(case: Case) -> None:
    """A lower layer that repeats the upper one neither loosens nor tightens it."""
    layers = [_without_exemptions(policy) for policy in case.policies]  # a layer excuses nobody from an upper one
    assume(layers)
    once, twice = case._replace(policies=layers[:1]), case._replace(policies=[*layers[:1], *layers[:1]])
    assert _bytes(once) == _bytes(twice)


@settings(QUICK, max_examples=40)
@given(cases)
def test_a_policy_for_others_changes_nothing(case: Case) -> None:
    layers = [_matching(policy, {"namespaces": ["nobody-*"]}) for policy in case.policies]
    assume(layers and not any("accelerators" in policy["spec"] for policy in layers))
    assert _bytes(case._replace(policies=layers)) == _bytes(case._replace(policies=[]))


@pytest.mark.parametrize("target", ["argo", "kubernetes", "batch"])
@settings(QUICK, max_examples=15)
@given(case=cases)
def test_every_rule_of_a_pack_has_an_answer(target: str, case: Case) -> None:
    flow = Document("flow.yaml", 1, case.flow, {})
    libraries = {name: Document(f"{name}.yaml", 1, data, {}) for name, data in case.libraries.items()}
    for pack in PACKS.values():
        try:
            found = render(flow, libraries, pack, target).findings
        except Findings as error:
            found = error.findings
        assert [one for one in found if one.code == UNANSWERED] == []


def _bytes(case: Case) -> str:
    return stream(rendered(case).emission.manifests, "yaml")


def _without_exemptions(policy: dict[str, Any]) -> dict[str, Any]:
    return {**policy, "spec": {key: said for key, said in policy["spec"].items() if key != "exemptions"}}


def _matching(policy: dict[str, Any], match: dict[str, Any]) -> dict[str, Any]:
    return {**policy, "spec": {**policy["spec"], "match": match}}
