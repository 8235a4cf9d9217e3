"""Amounts that are known only while a flow runs: what is declared of them, and what holds them then."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman import quantity
from dragoman.emit.batch.jsonata import amount_of, printed
from dragoman.expr.text import Template, as_expr, render_text
from dragoman.expr.tree import Call, Expr, Ref
from dragoman.expr.types import FLOAT, INT, QUANTITY, STRING, Type
from dragoman.expr.values import Quantity, Value
from dragoman.lower.task import ready
from dragoman.plan.model import Plan, Reference
from dragoman.plan.wire import decode, encode
from dragoman.policy.dynamic import times, within
from emit.jsonata_engine import Python
from policy.settling import settled

X = Reference("param", (), "x")
MILLIS = st.integers(0, 20_000)
OPTIONAL = st.none() | MILLIS
# a value as an author may have it, of each type that an amount may have
FORMS: dict[Type, Any] = {
    INT: lambda millis: millis // 1000,
    FLOAT: lambda millis: millis / 1000,
    QUANTITY: lambda millis: Quantity(quantity.milli_text(millis)),
    STRING: lambda millis: f"{millis}m",
}


def amount(text: Template, value: Value) -> int:
    """What our own scheduler gives, in thousandths of a core."""
    return quantity.parse(render_text(text, {X: value}), 1000)


def on_batch(text: Template, value: Value) -> int:
    """What Step Functions gives."""
    source = amount_of(printed(as_expr(text), lambda reference: f"${reference.name}"), "cpu")
    found = Python().run(source, {"x": value.text if isinstance(value, Quantity) else value}).value
    assert found == int(found)
    return int(found)


@pytest.mark.parametrize("kind", FORMS, ids=str)
@given(MILLIS, OPTIONAL, OPTIONAL)
def test_the_nearest_of_the_two(kind: Type, millis: int, least: int | None, most: int | None) -> None:
    value = FORMS[kind](millis)
    text = Template((Ref(X, kind, "x"),))
    asked = amount(text, value)
    wanted = asked if least is None else max(asked, least)
    wanted = wanted if most is None else min(wanted, most)
    if least is not None and most is not None and least > most:
        return  # policies that nobody can obey are told before
    assert amount(within(text, "cpu", least, most), value) == wanted


@pytest.mark.parametrize("kind", FORMS, ids=str)
@pytest.mark.parametrize(("least", "most"), [(None, 2500), (250, None), (1500, 3000), (1000, 1000)])
@pytest.mark.parametrize("millis", [0, 249, 250, 999, 1500, 2500, 2501, 3000, 20_000])
def test_step_functions_give_the_same(kind: Type, least: int | None, most: int | None, millis: int) -> None:
    value = FORMS[kind](millis)
    text = within(Template((Ref(X, kind, "x"),)), "cpu", least, most)
    assert on_batch(text, value) == amount(text, value)


@pytest.mark.parametrize("kind", [INT, QUANTITY], ids=str)
@given(MILLIS, st.integers(100, 10_000))
def test_a_multiple_is_rounded_up(kind: Type, millis: int, hundredths: int) -> None:
    value = FORMS[kind](millis)
    asked = amount(Template((Ref(X, kind, "x"),)), value)
    assert amount(times(Template((Ref(X, kind, "x"),)), hundredths / 100), value) == -(-asked * hundredths // 100)


@pytest.mark.parametrize("kind", FORMS, ids=str)
@pytest.mark.parametrize("ratio", [1.0, 1.5, 1.1, 1.3333, 2.0])
@pytest.mark.parametrize("millis", [1000, 1234, 20_000])
def test_a_multiple_on_step_functions(kind: Type, ratio: float, millis: int) -> None:
    value = FORMS[kind](millis)
    text = times(Template((Ref(X, kind, "x"),)), ratio)
    assert on_batch(text, value) == pytest.approx(amount(text, value), abs=1 if kind == FLOAT else 0)


def test_whole_bytes_stay_whole() -> None:
    text = Template((Ref(X, QUANTITY, "x"),))
    assert render_text(times(text, 1.5), {X: Quantity("1Ki")}) == "1536"
    assert render_text(within(text, "memory", most=4 * 2**30), {X: Quantity("5Gi")}) == "4Gi"
    assert render_text(within(text, "memory", most=4 * 2**30), {X: Quantity("4096Mi")}) == "4096Mi"


FLOW = """
params:
  n: {type: int, default: 1, runtime: true}
  q: {type: quantity, default: 1Gi, runtime: true}
steps:
  a: {STEP}
"""
N, Q = '"${{ params.n }}"', '"${{ params.q }}"'
WHILE = "of step `a` is known only while running"
CASES: list[tuple[str, str, list[str], dict[int, str]]] = [
    (
        f"resources: {{cpu: {N}}}",
        "max: [{cpu: 4, action: clamp}]",
        [f"warning DRG408: the `cpu` {WHILE}: more than 4 becomes 4 then @ f:5 {N}, p0:1 4"],
        {2: "2/-", 4: "4/-", 9: "4/-"},
    ),
    (
        f"resources: {{cpu: {N}}}",
        "max: [{cpu: 4}, {cpu: 2, action: clamp}]",
        [f"error DRG407: the `cpu` {WHILE}, and the maximum is 4 @ f:5 {N}, p0:1 4"],
        {9: "9/-"},
    ),
    (
        f"resources: {{cpu: {N}}}",
        "max: [{cpu: 4, action: warn}]",
        [f"warning DRG407: the `cpu` {WHILE}, and the maximum is 4 @ f:5 {N}, p0:1 4"],
        {9: "9/-"},
    ),
    (f"resources: {{cpu: {N}, bounds: {{cpu: 4}}}}", "max: [{cpu: 4}, {cpu: 6, action: clamp}]", [], {4: "4/-"}),
    (
        f"resources: {{cpu: {N}, bounds: {{cpu: 8}}}}",
        "max: [{cpu: 4}]",
        ["error DRG406: step `a` asks for up to 8 cpu, the maximum is 4 @ f:5 8, p0:1 4"],
        {8: "8/-"},
    ),
    (
        f"resources: {{cpu: {N}, bounds: {{cpu: 8}}}}",
        "max: [{cpu: 4, action: clamp}]",
        ["warning DRG405: step `a`: asked up to 8 cpu, given 4 @ f:5 8, p0:1 4"],
        {3: "3/-", 8: "4/-", 9: "4/-"},
    ),
    (
        f"resources: {{cpu: {N}, bounds: {{cpu: 8}}}}",
        "max: [{cpu: 4, action: warn}]",
        ["warning DRG406: step `a` asks for up to 8 cpu, the maximum is 4 @ f:5 8, p0:1 4"],
        {8: "8/-"},
    ),
    (
        f"resources: {{cpu: {N}}}",
        "{max: [{cpu: 4, action: clamp}], min: [{cpu: 2, action: clamp}], limits: {cpu: {ratio: 1.5}}}",
        [
            f"info DRG408: the `cpu` {WHILE}: less than 2 becomes 2 then @ f:5 {N}, p0:1 2",
            f"warning DRG408: the `cpu` {WHILE}: more than 4 becomes 4 then @ f:5 {N}, p0:1 4",
        ],
        {1: "2", 2: "2/3", 3: "3/4", 9: "4"},
    ),
    (
        f"resources: {{cpu: {N}, bounds: {{cpu: 1}}}}",
        "min: [{cpu: 2, action: clamp}]",
        ["warning DRG405: step `a`: asked up to 1 cpu, given 2 @ f:5 1, p0:1 2"],
        {1: "2/-", 2: "2/-"},
    ),
    (
        f"resources: {{cpu: {N}}}",
        "min: [{cpu: 2}]",
        [f"info DRG407: the `cpu` {WHILE}, and the minimum is 2 @ f:5 {N}, p0:1 2"],
        {1: "1/-"},
    ),
    (
        f"resources: {{gpu: {N}}}",
        "max: [{gpu: 0, action: clamp}]",
        [f"warning DRG408: the `gpu` {WHILE}: more than 0 becomes 0 then @ f:5 {N}, p0:1 0"],
        {},
    ),
    (f"resources: {{cpu: {N}, bounds: {{cpu: 4}}}}", "limits: {cpu: {ratio: 1.5}}", [], {2: "2/3", 3: "3/4"}),
    (
        f"resources: {{cpu: {N}}}",
        "{max: [{cpu: 4}], exemptions: [{rule: max.cpu, flow: f, reason: because, owner: me}]}",
        [f"error DRG407: the `cpu` {WHILE}, and the maximum is 4 @ f:5 {N}, p0:1 4"],
        {9: "9/-"},
    ),
    (
        f"resources: {{cpu: {N}}}",
        "{max: [{cpu: 4, action: clamp}], exemptions: [{rule: max.cpu, flow: f, reason: because, owner: me}]}",
        [f"info DRG407: the `cpu` {WHILE}, and the maximum is 4 @ f:5 {N}, p0:1 4"],
        {9: "9/-"},
    ),
]


@pytest.mark.parametrize(("step", "policy", "said", "given"), CASES, ids=[f"{one} {two}" for one, two, _, _ in CASES])
def test_what_is_not_known_yet(step: str, policy: str, said: list[str], given: dict[int, str]) -> None:
    done = settled(FLOW.replace("STEP", step), policy)
    assert done.said == said
    for value, wanted in given.items():
        assert running(done.plan, n=value)["cpu"] == wanted
    assert all(running(decode(encode(done.plan)), n=value)["cpu"] == wanted for value, wanted in given.items())


def test_quantities_and_texts() -> None:
    step = f'{{resources: {{memory: {Q}, limits: {{memory: "${{{{ params.n }}}}Gi"}}}}}}'
    done = settled(FLOW.replace("{STEP}", step), "max: [{memory: 2Gi, action: clamp}]")
    assert [finding.code for finding in done.findings] == ["DRG408"]
    assert running(done.plan, n=5, q=Quantity("3000Mi"))["memory"] == "2Gi"
    assert running(done.plan, n=2, q=Quantity("1000Mi"))["memory"] == "1000Mi/2Gi"


def test_gpus_that_are_forbidden_are_none() -> None:
    done = settled(FLOW.replace("STEP", f"resources: {{gpu: {N}}}"), "max: [{gpu: 0, action: clamp}]")
    assert running(done.plan, n=3)["gpu"] == "0"


def running(plan: Plan, **values: Value) -> dict[str, str]:
    """The amounts of a step once everything is known."""
    known = {Reference("param", (), name): value for name, value in values.items()}
    task = ready(("a",), plan.steps[0], 1, known)
    found = {}
    for key, request in task.requests.items():
        shown = quantity.canonical(key, request)
        limit = quantity.canonical(key, task.limits[key]) if key in task.limits else "-"
        found[key] = shown if shown == limit else f"{shown}/{limit}"
    return found


def test_a_text_becomes_a_quantity_and_a_quantity_stays_one() -> None:
    assert calls(within(Template((Ref(X, STRING, "x"),)), "cpu", most=1)) == 2
    assert calls(within(Template((Ref(X, QUANTITY, "x"),)), "cpu", most=1)) == 0


def calls(text: Template) -> int:
    def count(expr: Expr) -> int:
        from dragoman.expr.tree import children

        return isinstance(expr, Call) + sum(map(count, children(expr)))

    return count(as_expr(text))
