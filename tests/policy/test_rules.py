"""Rules of policies: what they say of a flow, where, and that one without an answer is never met."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.findings import ERROR, INFO, WARNING, Findings, Fix
from dragoman.policy.rules.judge import OF_NULL
from policy.ruling import asked, under

FLOW = """
timeout: 12h
defaults: {image: "python:3.12", resources: {memory: 1Gi}}
templates:
  consumer: {image: "consumer:1", timeout: 2h}
params:
  tag: {type: string, runtime: true, default: "1"}
steps:
  prepare:
    image: prepare:latest
    command: [run, "--all"]
    env: {HOME: /root, DB_PASSWORD: hunter2}
    resources: {cpu: 2}
  shards:
    foreach: {in: [a, b, c], parallelism: 2}
    steps:
      train: {use: consumer, retry: {limit: 7}}
      eval: {image: "eval:${{ params.tag }}", command: [run]}
onExit:
  notify: {image: "notify:1"}
environments:
  prod: {steps: {prepare: {image: "prepare:2"}}}
"""


def rule(assertion: str, **fields: str) -> str:
    """A policy's text with one rule."""
    written = {"assert": assertion, "message": "bad", **fields}
    return "rules:\n  - id: one\n" + "".join(f"    {name}: {json.dumps(text)}\n" for name, text in written.items())


@pytest.mark.parametrize(
    ("assertion", "steps"),
    [
        ("step.name != 'x'", []),
        ("step.name == 'x'", ["prepare", "shards.train", "shards.eval", "on-exit.notify"]),
        ("step.timeout != null", ["prepare", "shards.eval", "on-exit.notify"]),
        ("step.onExit || size(step.groups) == 1", ["prepare"]),
        ("step.runs == 1 && step.atOnce == 1", ["shards.train", "shards.eval"]),
        ("step.attempts <= 5", ["shards.train"]),
        ("step.resources.memory >= quantity('2Gi') || step.resources.cpu == quantity(2)",
         ["shards.train", "shards.eval", "on-exit.notify"]),
        ("step.dynamic.image || !step.image.endsWith(':latest')", ["prepare"]),
        ("step.env.all(k, !k.endsWith('PASSWORD') || step.env[k].secret != null)", ["prepare"]),
        ("flow.steps.exists_one(s, s.name == step.name)", ["on-exit.notify"]),
        ("flow.labels.team != 'ml' || flow.namespace == null || step.name == 'prepare'",
         ["shards.train", "shards.eval", "on-exit.notify"]),
    ],
)  # fmt: skip
def test_a_rule_that_names_step_is_asked_of_each(assertion: str, steps: list[str]) -> None:
    found = asked(FLOW, rule(assertion, message="${{ step.address }}"))
    assert [(finding.code, finding.message) for finding in found] == [("DRG440", step) for step in steps]


@pytest.mark.parametrize(
    ("assertion", "met"),
    [
        ("flow.timeout <= 12 * 3600", True),
        ("flow.timeout < 12 * 3600", False),
        ("size(flow.steps) == 3 && size(flow.onExit) == 1 && flow.schedule == null", True),
        ("flow.steps.map(s, s.name) == ['prepare', 'train', 'eval']", True),
        ("target.name == 'argo' && flow.target == 'argo' && !has(target.options.ttl)", True),
        ("flow.params.tag.runtime && flow.params.tag.value == '1'", True),
        ("flow.steps.all(s, s.timeout != null)", False),
    ],
)
def test_a_rule_that_does_not_is_asked_once(assertion: str, met: bool) -> None:
    found = asked(FLOW, rule(assertion))
    assert [finding.address for finding in found] == ([] if met else ["spec"])


@pytest.mark.parametrize(
    ("assertion", "fields", "marked", "address", "fix"),
    [
        # a field of the step's own, of its template, of the defaults, and one that nobody says
        ("step.name != 'prepare'", {"at": "image", "fix": "'a'"}, "prepare:latest", "spec.steps.prepare.image",
         ("spec.steps.prepare.image", "a")),
        ("step.name != 'train'", {"at": "timeout", "fix": "'1h'"}, "2h", "spec.steps.shards.steps.train.timeout",
         ("spec.templates.consumer.timeout", "1h")),
        ("step.name != 'eval'", {"at": "resources.requests.memory", "fix": "quantity('2Gi')"}, "1Gi",
         "spec.steps.shards.steps.eval.resources.requests.memory", ("spec.defaults.resources.memory", "2Gi")),
        ("step.name != 'prepare'", {"at": "timeout", "fix": "'1h'"}, "prepare", "spec.steps.prepare.timeout",
         ("spec.steps.prepare.timeout", "1h")),
        # what dragoman itself has set is nobody's: the fix adds it to the step
        ("step.name != 'prepare'", {"at": "resources.limits.cpu", "fix": "step.resources.cpu"}, "prepare",
         "spec.steps.prepare.resources.limits.cpu", ("spec.steps.prepare.resources.limits.cpu", "2")),
        # a part of a list; a place that the rule computes; none
        ("step.name != 'prepare'", {"at": "command.1"}, '"--all"', "spec.steps.prepare.command.1", None),
        ("step.name != 'prepare'", {"at": "env.${{ step.env.filter(k, k.contains('PASS'))[0] }}"}, "hunter2",
         "spec.steps.prepare.env.DB_PASSWORD", None),
        ("step.name != 'notify'", {}, "notify", "spec.onExit.notify", None),
        ("step.name != 'notify'", {"at": "env.${{ step.env.filter(k, true)[0] }}"}, "notify", "spec.onExit.notify", None),
        # an expression is nothing that a constant mends
        ("step.name != 'eval'", {"at": "image", "fix": "'eval:1'"}, '"eval:${{ params.tag }}"',
         "spec.steps.shards.steps.eval.image", None),
        # fields of the flow
        ("flow.name == ''", {"at": "timeout", "fix": "'1h'"}, "12h", "spec.timeout", ("spec.timeout", "1h")),
        ("flow.name == ''", {"at": "schedule.cron", "fix": "'0 0 * * *'"}, "train", "spec.schedule.cron",
         ("spec.schedule.cron", "0 0 * * *")),
        ("flow.name == ''", {}, "train", "spec", None),
        # a fix that has no value is none
        ("flow.name == ''", {"at": "parallelism", "fix": "flow.parallelism"}, "train", "spec.parallelism", None),
        ("flow.name == ''", {"at": "parallelism", "fix": "1 / size(flow.name.contains('x') ? [1] : [])"}, "train",
         "spec.parallelism", None),
    ],
)  # fmt: skip
def test_places_and_fixes(
    assertion: str, fields: dict[str, str], marked: str, address: str, fix: tuple[str, object] | None
) -> None:
    [found] = asked(FLOW, rule(assertion, **fields))
    assert (under(found.span), found.address) == (f"flow.yaml: {marked}", address)
    assert found.fix == (None if fix is None else Fix("flow.yaml", 1, tuple(fix[0].split(".")), fix[1]))


def test_what_a_step_has_from_elsewhere_names_the_step() -> None:
    [found] = asked(FLOW, rule("step.name != 'train'", at="timeout"))
    assert [(under(span), words) for span, words in found.related][:-1] == [
        ("flow.yaml: train", "this step has it from there")
    ]
    [found] = asked(
        "steps: {a: {image: b}}", "defaults: {resources: {cpu: 3}}\n" + rule("step == flow", at="resources.cpu")
    )
    assert under(found.span) == "flow.yaml: a"
    assert [(under(span), words) for span, words in found.related][:-1] == [("1.yaml: 3", "the default is set here")]


def test_an_environment_is_where_it_was_said() -> None:
    [found] = asked(FLOW, rule("step.name != 'prepare'", at="image", fix="'x@sha256:0'"), environment="prod")
    assert under(found.span) == 'flow.yaml: "prepare:2"'
    assert found.fix == Fix("flow.yaml", 1, ("spec", "environments", "prod", "steps", "prepare", "image"), "x@sha256:0")


def test_all_that_a_finding_says() -> None:
    text = """
rules:
  - id: few-retries
    severity: warning
    assert: step.attempts <= policy.values.most
    message: |
      ${{ step.address }} is tried ${{ step.attempts }} times,
      ${{ policy.name }} allows ${{ policy.values.most }}
    help: say `limit&#58; ${{ policy.values.most - 1 }}`
    docs: https://example.com/retries
    at: retry.limit
values: {most: 3}
"""
    [found] = asked(FLOW, text)
    assert found.message == "shards.train is tried 8 times, layer-1 allows 3"
    assert found.help == "say `limit&#58; 2`"
    assert (found.code, found.severity, found.rule, found.docs) == (
        "DRG440",
        WARNING,
        "few-retries",
        "https://example.com/retries",
    )
    [(span, words)] = found.related
    assert (under(span), words) == ("1.yaml: few-retries", "the rule `few-retries` of the policy `layer-1`")


@pytest.mark.parametrize(
    ("assertion", "marked", "message", "hint"),
    [
        ("step.timeout <= 3600", "step.timeout <= 3600", "`step.timeout <= 3600` compares null with an int",
         "test `step.timeout != null` first"),
        ("true && step.retry.limit < 3", "step.retry.limit", "`step.retry` is null, it has no `limit`", OF_NULL),
        ("step.env.HOME.value == null", "step.env.HOME", "`step.env` has no `HOME`", "there are none here"),
        ("target.options.ttl == 1", "target.options.ttl", "`target.options` has no `ttl`", "there are none here"),
        ("flow.params.tag.value", "flow.params.tag.value", "it gives a string, not a bool", ""),
        ("1 / (size(flow.steps) - 3) > 0", "1 / (size(flow.steps) - 3)", "`1 / (size(flow.steps) - 3)` divides by zero", ""),
        ("'a'.matches(flow.name + '(')", "'a'.matches(flow.name + '(')",
         "`'a'.matches(flow.name + '(')`: a `(` without its `)`", ""),
        ("flow.steps.map(a, string(flow) + string(flow)) == [] || fromJson(policy.values.list).all(a, true)",
         "fromJson(policy.values.list).all(a, true)",
         "`fromJson(policy.values.list).all(a, true)` goes over too many items, or too much text",
         "one evaluation may look at 10,000 items, or 640,000 letters"),
    ],
)  # fmt: skip
def test_a_rule_without_an_answer_is_never_met(assertion: str, marked: str, message: str, hint: str) -> None:
    flow = "defaults: {image: 'a:1', resources: {memory: 1Gi}}\ntimeout: 1h\nsteps: {a: {}, b: {}, c: {}}\n"
    flow += "params: {tag: {type: any, default: x}}"
    values = f"values: {{list: '[{'1,' * 10_000}1]'}}\n"
    found = asked(flow, values + rule(assertion, severity="info", docs="https://a.b"))
    of_steps = "step." in assertion
    assert [finding.address for finding in found] == [f"spec.steps.{name}" for name in "abc"] if of_steps else ["spec"]
    for finding in found:
        whom = f"step `{finding.address[-1]}`" if of_steps else "this flow"
        assert finding.message == f"the rule `one` cannot be judged of {whom}: {message}"
        assert (finding.code, finding.severity, finding.rule, finding.help) == ("DRG441", ERROR, "one", hint)
        assert [(under(span), words) for span, words in finding.related] == [
            (f"1.yaml: {marked}", "the rule `one` of the policy `layer-1`")
        ]


def test_what_is_known_only_at_run_time_is_no_answer() -> None:
    found = asked(FLOW, rule("step.image.contains(':')"))
    assert [(finding.code, finding.address) for finding in found] == [("DRG441", "spec.steps.shards.steps.eval")]
    assert found[0].help.startswith("what nobody says, or is known only while the flow runs, is null")


def test_a_rule_that_is_too_much_work_says_so_once() -> None:
    flow = "defaults: {image: 'a:1'}\nsteps:\n" + "".join(f"  s{number}: {{}}\n" for number in range(240))
    product = rule("flow.steps.all(a, flow.steps.all(b, a.name != b.name || step.name != null))")
    assert [finding.message for finding in asked(flow, product)] == [
        "the rule `one` cannot be judged of step `s0`: `flow.steps.all(b, a.name != b.name || step.name != null)` goes over "
        "too many items, or too much text"
    ]
    slow = "step.name != '' && flow.steps.all(a, flow.steps.exists(b, b.name == 's38'))"
    [found] = asked(flow, rule(slow))
    assert found.message.endswith(": it goes over too many items, or too much text, in all steps together")


def test_texts_that_have_no_value_stay_as_they_are_written() -> None:
    [found] = asked(
        FLOW,
        rule(
            "flow.name == ''",
            message="${{ flow.parallelism + 1 }} is too few",
            help="${{ 1 + size(flow.namespace + string(null)) }}",
        ),
    )
    assert found.message == "${{ flow.parallelism + 1 }} is too few"
    assert found.help == "7"


def test_a_message_is_never_endless() -> None:
    [found] = asked(FLOW, rule("flow.name == ''", message="${{ toJson(flow.steps) }}"))
    assert len(found.message) == 2000


@pytest.mark.parametrize(
    ("fields", "marked", "message", "hint"),
    [
        ({"assert": "step.imag == null"}, "imag", "`step` has no `imag`", "did you mean `image`?"),
        ({"assert": "step.image"}, '"step.image"', "this gives a string, and a bool is wanted", ""),
        ({"assert": "steps.all(s, true)"}, "steps", "unknown name `steps`", "did you mean `step`?"),
        ({"assert": "policy.values.mots > 1"}, "mots", "`policy.values` has no `mots`", "did you mean `most`?"),
        ({"assert": "policy.values.most > '1'"}, "policy.values.most > '1'",
         "`policy.values.most > '1'` compares an int with a string", "write `string(policy.values.most)`"),
        ({"assert": "step.resources.cpu <= 4"}, "step.resources.cpu <= 4",
         "`step.resources.cpu <= 4` compares a quantity with an int", "write `quantity(4)`"),
        ({"assert": "has(step.timeout)"}, "has(step.timeout)", "`step.timeout` is always there: `has` says nothing",
         "test `step.timeout != null`"),
        ({"assert": "step.env.all(k, step.env[k].valu == null)"}, "valu", "`step.env[k]` has no `valu`", "did you mean `value`?"),
        ({"assert": "flow.steps.exists(s, s.foreach.paralelism > 1)"}, "paralelism", "`s.foreach` has no `paralelism`",
         "did you mean `parallelism`?"),
        ({"assert": "1 / 0 == 1"}, "1 / 0", "`1 / 0` divides by zero", ""),
        ({"assert": "step.name.matches('a(?=b)')"}, "'a(?=b)'",
         "the pattern 'a(?=b)' is not supported: look-around, flags and named groups", ""),
        # of a text with escapes the place is the whole
        ({"assert": 'step.name == "a" || step.imag == null'}, '"step.name == \\"a\\" || step.imag == null"',
         "`step` has no `imag`", "did you mean `image`?"),
        ({"help": "see ${{ flow.nam }}"}, "nam", "`flow` has no `nam`", "did you mean `name`?"),
        ({"message": "see ${{ flow.name"}, "${{", "`${{` is never closed", "write `}}` after the expression"),
        ({"assert": "step.when", "at": "resources.limit.cpu"}, '"resources.limit.cpu"', "`resources` has no field `limit`",
         "did you mean `limits`?"),
        ({"at": "image"}, '"image"', "a flow's `spec` has no field `image`", None),
        ({"at": "schedule.cron.0.x"}, '"schedule.cron.0.x"', "`schedule.cron.0` has no field `x`", "there are none here"),
        ({"fix": "'1h'"}, "\"'1h'\"", "a fix mends the field that `at` names, and there is no `at`", "add `at`"),
        ({"fix": "flow.steps", "at": "timeout"}, '"flow.steps"', "this gives a list<…>, and a text, a number or a bool is wanted",
         ""),
    ],
)  # fmt: skip
def test_rules_that_are_wrong(fields: dict[str, str], marked: str, message: str, hint: str | None) -> None:
    with pytest.raises(Findings) as caught:
        asked(FLOW, "values: {most: 3}\n" + rule(**{"assertion": "flow.failFast", **fields}))
    [found] = caught.value.findings
    assert (found.code, found.message, found.rule) == ("DRG442", f"the rule `one`: {message}", "one")
    assert under(found.span) == f"1.yaml: {marked}"
    assert hint is None or found.help == hint


@pytest.mark.parametrize(
    "at",
    ["image", "env.HOME", "resources.limits.memory", "retry.escalate.memory.max", "volumes.0.mount", "command.3",
     "foreach.in", "foreach.matrix.x.1", "with.x.y.z", "targets.argo.resources.cpu", "steps.x.image", "needs.0", "outputs.x.path"],
)  # fmt: skip
def test_fields_of_a_step_that_a_rule_may_point_to(at: str) -> None:
    assert asked(FLOW, rule("step.name != ''", at=at)) == []


def test_all_mistakes_are_told_at_once() -> None:
    text = """
rules:
  - {id: a, assert: step.x, message: "${{ step.y }}"}
  - {id: b, assert: flow.z, message: bad}
"""
    with pytest.raises(Findings) as caught:
        asked(FLOW, text)
    assert [finding.rule for finding in caught.value.findings] == ["a", "a", "b"]


WORDS = [
    *("step", "flow", "policy", "target", ".", ".", ".name", ".image", ".steps", ".env", ".values", ".most", ".retry", "(", ")"),
    *("[", "]", ",", "==", "!=", "&&", "||", "!", "<=", "+", "-", "*", "/", "%", "? :", " in ", "null", "true", "1", "0", "2.5"),
    *("'a'", "'('", ".all(x, ", ".exists(x, ", ".map(x, ", ".filter(", "has(", "size(", "string(", ".matches(", "quantity('1')"),
    *("fromJson(", "toJson(", "x", "é", "${{", "}}", "\\", "'", " "),
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join), st.sampled_from(["assert", "message", "at", "fix"]))
@settings(max_examples=400, deadline=None)
def test_whatever_a_rule_says_there_are_findings(text: str, field: str) -> None:
    fields = {
        "assertion": "step.name != 'prepare'",
        "at": "image",
        **({} if field == "assert" else {field: text or "x"}),
    }
    try:
        found = asked(
            FLOW, "values: {most: 3}\n" + rule(**{**fields, **({"assert": text or "x"} if field == "assert" else {})})
        )
    except Findings as error:
        found = list(error.findings)
    assert {finding.code for finding in found} <= {"DRG440", "DRG441", "DRG442", "DRG007", "DRG106"}
    assert all(finding.message and finding.span for finding in found)


UPPER = """
values: {most: 5, names: [a]}
overridable: [values.most]
rules:
  - {id: one, assert: step.attempts <= policy.values.most, message: "${{ policy.name }} ${{ policy.values.most }}"}
"""


@pytest.mark.parametrize(
    ("lower", "messages"),
    [
        ("values: {}", ["layer-1 5"]),
        ("values: {most: 8}", []),
        ("values: {most: 6}", ["layer-1 6"]),
        # a lower policy's rules know the constants of the upper one
        ("rules: [{id: two, assert: 'step.attempts < policy.values.most', message: '${{ policy.name }}'}]", ["layer-1 5", "layer-2"]),
    ],
)  # fmt: skip
def test_a_lower_layer_sets_constants(lower: str, messages: list[str]) -> None:
    assert [finding.message for finding in asked(FLOW, UPPER, lower)] == messages


@pytest.mark.parametrize("severity", [ERROR, WARNING, INFO])
def test_severities(severity: str) -> None:
    assert {finding.severity for finding in asked(FLOW, rule("flow.name == ''", severity=severity))} == {severity}


def test_without_rules_nothing_of_them_is_loaded() -> None:
    flow = Path(__file__).parents[1] / "features" / "minimal" / "spec.dragoman.yaml"
    code = (
        "import sys; from dragoman.cli import main; main(sys.argv[1:]);"
        "print([name for name in sys.modules if name in ('dragoman.expr.closures', 'dragoman.expr.macros')"
        " or name.startswith('dragoman.policy.rules')])"
    )
    command = [sys.executable, "-c", code, "render", str(flow), "-t", "argo"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
