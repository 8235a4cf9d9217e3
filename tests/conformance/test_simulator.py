"""The simulator itself: facts about Argo and the kubelet that the other tests build on, in manifests by hand."""

from __future__ import annotations

import pytest

from conformance.flows import Flows, arguments
from conformance.items import expanded
from conformance.kubelet import expand, variables
from conformance.nodes import Run
from conformance.pods import quantity
from conformance.tags import Refused, Tags

TEMPLATES = """
  - name: make
    outputs: {parameters: [{name: n, valueFrom: {path: /dragoman/outputs/n}}]}
    container:
      {image: i, command: [give, n=7], env: [{name: DRAGOMAN_OUTPUTS, value: /dragoman/outputs}]}
  - name: fail
    outputs: {parameters: [{name: n, valueFrom: {path: /dragoman/outputs/n}}]}
    container: {image: i, command: [sh, -c, exit 3]}
  - name: say
    inputs: {parameters: [{name: a, default: nothing}]}
    container: {image: i, command: [show, "{{inputs.parameters.a}}"]}
"""


def manifest(tasks: str, templates: str = "") -> str:
    head = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: w}\nspec:\n  entrypoint: main\n"
    return f"{head}  templates:\n  - name: main\n    dag:\n      tasks:\n{tasks}{TEMPLATES}{templates}"


def task(name: str, template: str, value: str = "", more: str = "") -> str:
    given = f', arguments: {{parameters: [{{name: a, value: "{value}"}}]}}' if value else ""
    return f"      - {{name: {name}, template: {template}{given}{', ' + more if more else ''}}}\n"


def phases(run: Run) -> tuple[str, dict[str, str]]:
    return run.phase, dict(run.nodes)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$(A) $(B) $$(A) $A", "1 $(B) $(A) $A"),
        ("$$$(A) $$$$ $( $(A", "$1 $$ $( $(A"),
        ("$() $(A)$(A) $", "$() 11 $"),
    ],
)
def test_the_kubelet_puts_variables_in(text: str, shown: str) -> None:
    assert expand(text, {"A": "1"}) == shown


def test_variables_see_those_before_them() -> None:
    entries = [{"name": "A", "value": "$(B)1"}, {"name": "B", "value": "$(A)2"}, {"name": "A", "value": "$(A)3"}]
    assert variables(entries) == {"A": "$(B)13", "B": "$(B)12"}


def test_quantities_are_those_of_kubernetes() -> None:
    assert quantity("1.5Gi") == 3 * 2**29
    assert quantity("500m") * 2 == 1
    assert quantity("1e3") == quantity("1k") == 1000
    assert quantity("2E") == 2 * 10**18
    with pytest.raises(Refused):
        quantity("1 Gi")


def test_a_string_inside_a_map_keeps_its_escapes(tags: Tags) -> None:
    loop = {"name": "t", "withParam": '["a\\nb", {"k": "a\\nb", "n": 1.50, "z": [1 , "<"]}, null]', "text": "{{item}}"}
    texts = [one["text"] for one in expanded(loop, {}, tags)]
    assert texts == ["a\nb", '{"k":"a\\nb","n":1.50,"z":[1,"\\u003c"]}', "null"]
    loop["text"] = "{{item.k}} {{item.n}} {{item.z}}"
    loop["withParam"] = '[{"k": "a\\nb", "n": 1.50, "z": [1 , "<"]}]'
    assert [one["text"] for one in expanded(loop, {}, tags)] == ['a\\nb 1.50 [1,"<"]']


@pytest.mark.parametrize(
    ("sequence", "items"),
    [
        ("{count: '2'}", ["0", "1"]),
        ("{count: '-2'}", ["0", "-1", "-2", "-3"]),
        ("{start: '3', end: '1'}", ["3", "2", "1"]),
        ("{count: '0'}", []),
    ],
)
def test_a_sequence_counts_down(flows: Flows, sequence: str, items: list[str]) -> None:
    run = flows.run(manifest(task("l", "say", "{{item}}", f"withSequence: {sequence}")))
    assert [words for (words,) in arguments(run).values()] == items
    assert run.nodes["l"] == ("Succeeded" if items else "Skipped")


def test_a_missing_result_is_waited_for(flows: Flows) -> None:
    value = "{{tasks.f.outputs.parameters.n}}"
    run = flows.run(manifest(task("f", "fail") + task("s", "say", value, 'depends: "f.Failed"')))
    assert phases(run) == ("Running", {"f": "Failed"})
    assert run.messages["s"] == "failed to resolve {{tasks.f.outputs.parameters.n}}"


def test_a_skipped_result_leaves_the_input_to_its_default(flows: Flows) -> None:
    value = "{{tasks.m.outputs.parameters.n}}"
    run = flows.run(manifest(task("m", "make", more="when: 'false'") + task("s", "say", value, "depends: m")))
    assert (phases(run), arguments(run)) == (("Succeeded", {"m": "Skipped", "s": "Succeeded"}), {"s": ["nothing"]})


def test_an_expression_is_an_error_in_a_task_and_stays_in_a_container(flows: Flows) -> None:
    run = flows.run(manifest(task("s", "say", "{{=int('x')}}")))
    assert phases(run) == ("Error", {"s": "Error"})
    broken = "  - {name: broken, container: {image: i, command: [show, \"{{=int('x')}}\"]}}\n"
    assert arguments(flows.run(manifest(task("b", "broken"), broken))) == {"b": ["{{=int('x')}}"]}


def test_only_successes_are_gathered(flows: Flows) -> None:
    tasks = task("l", "make", more="withItems: [1, 2], when: \"'{{item}}' == '2'\"")
    run = flows.run(manifest(tasks + task("s", "say", "{{tasks.l.outputs.parameters.n}}", "depends: l")))
    assert arguments(run) == {"s": ['["7"]']}


def test_a_dag_is_judged_by_its_last_tasks(flows: Flows) -> None:
    handled = task("f", "fail") + task("s", "say", more="depends: f.Failed")
    assert flows.run(manifest(handled)).phase == "Succeeded"
    assert flows.run(manifest(handled + task("o", "say", more="depends: f"))).phase == "Failed"


def test_guarded_results_are_read_too_early_inside_another_dag(flows: Flows) -> None:
    """Argo puts `tasks.name` in before any task ran: `tasks` is there then, and nothing in it."""
    inner = (
        "  - name: inner\n    dag:\n      tasks:\n"
        + task("m", "make")
        + task("early", "say", "{{=tasks.m?.outputs?.parameters?.n ?? 'none'}}", "depends: m")
        + task("late", "say", "{{=tasks.m.outputs?.parameters?.n ?? 'none'}}", "depends: m")
    )
    run = flows.run(manifest(task("i", "inner"), inner))
    assert arguments(run) == {"i.early": ["none"], "i.late": ["7"]}


def test_what_is_too_long_for_a_variable_is_not_the_kubelets(flows: Flows) -> None:
    long = "  - {{name: long, container: {{image: i, command: [show], args: [$$, {0}, {0}]}}}}\n".format("x" * 70000)
    assert arguments(flows.run(manifest(task("t", "long"), long)))["t"][0] == "$$"
