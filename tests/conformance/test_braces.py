"""Letters and braces that once arrived wrong in containers on Argo, and what Argo's own JSON changes."""

from __future__ import annotations

import pytest

from conformance.flows import Flows, arguments
from dragoman.findings import Findings

differs = pytest.mark.xfail(strict=True, reason="a difference of Argo")


def test_braces_of_a_constant_in_an_expression(flows: Flows) -> None:
    run = flows("""
steps:
  a: {image: i, command: [show, "${{ 'of ' + run.name + ' {{=1+1}}' }}"]}
  b: {image: i, command: [show, "${{ run.name.contains('{{') ? '' : '{{=1+1}}' }}"]}
""")
    assert [words[0][-8:] for words in arguments(run).values()] == [" {{=1+1}}"[-8:], "{{=1+1}}"]


def test_braces_of_an_argument_of_a_template(flows: Flows) -> None:
    run = flows("""
templates: {say: {inputs: {text: {}}, image: i, command: [show, "${{ inputs.text }}"]}}
steps: {a: {use: say, with: {text: "{{=1+1}} ${{ run.name.size() > 0 }}"}}}
""")
    assert arguments(run) == {"a": ["{{=1+1}} true"]}


GROUP_OUTPUT = """
steps:
  outer:
    foreach: {in: ["{{x}}"], as: text}
    steps:
      group: {steps: {a: {image: i, command: ["true"]}}, outputs: {text: text}}
      read: {image: i, command: [show, "${{ steps.group.outputs.text }}"]}
"""
LIST_OF_LISTS = """
steps:
  group:
    foreach: {in: [["{{x}}"]], as: texts}
    steps: {a: {image: i, foreach: {in: texts, as: text}, command: [show, "${{ text }}"]}}
"""


@pytest.mark.parametrize("flow", [GROUP_OUTPUT, LIST_OF_LISTS], ids=["output of a group", "list of lists"])
def test_braces_of_an_item_that_cannot_be_handed_on(flows: Flows, flow: str) -> None:
    with pytest.raises(Findings) as refused:
        flows(flow)
    assert "DRG304" in [finding.code for finding in refused.value.findings]


@differs
def test_the_json_of_a_map_keeps_the_order_of_its_keys(flows: Flows) -> None:
    run = flows("""
params: {map: {type: map, default: {b: 1, a: 2}, runtime: true}}
steps: {a: {image: i, command: [show, "${{ toJson(params.map) }}"]}}
""")
    assert arguments(run) == {"a": ['{"b":1,"a":2}']}


@differs
def test_the_json_of_a_text_has_no_escapes_that_it_does_not_need(flows: Flows) -> None:
    run = flows("""
params: {text: {default: "<&>", runtime: true}}
steps: {a: {image: i, command: [show, "${{ toJson(params.text) }}"]}}
""")
    assert arguments(run) == {"a": ['"<&>"']}
