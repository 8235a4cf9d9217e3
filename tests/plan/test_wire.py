"""A plan goes through JSON and comes back: every record, every field, every kind of expression, every value."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings

from dragoman.expr import tree
from dragoman.expr.text import Template
from dragoman.expr.types import INT, LIST, Type, list_of
from dragoman.expr.values import Quantity
from dragoman.load import yaml
from dragoman.plan import model
from dragoman.plan.model import Param, Plan, Reference, Step
from dragoman.plan.origin import Layer, Source
from dragoman.plan.resolve import resolve
from dragoman.plan.wire import FORMAT, LEFT_OUT, NOWHERE, decode, encode
from dragoman.policy.force import LOWEST
from dragoman.policy.settle import settle
from strategies import Case, cases, rendered

NODES = get_args(tree.Expr)
RECORDS = [
    record
    for record in vars(model).values()
    if isinstance(record, type) and issubclass(record, tuple) and record.__module__ == model.__name__
]
# what nobody needs to run a plan: where things stand in a document
DOCUMENT = {(Plan, "source"), (Step, "layers"), (Step, "origins"), (tree.Ref, "source")}
DOCUMENT |= {(node, place) for node in NODES for place in ("at", "end")}


def through(plan: Plan) -> Plan:
    return decode(json.loads(json.dumps(encode(plan))))


@given(cases)
@settings(max_examples=60, deadline=None)
def test_a_plan_comes_back_but_for_its_document(case: Case) -> None:
    plan = rendered(case).plan
    assert same(through(plan)) == same(plan)
    assert encode(through(plan)) == encode(plan)


def test_what_is_left_out_belongs_to_the_document() -> None:
    assert {(record, field) for record, fields in LEFT_OUT.items() for field in fields} == DOCUMENT


@pytest.mark.parametrize("record", [*RECORDS, *NODES], ids=lambda record: record.__name__)
def test_every_field_of_every_record_is_carried(record: Any) -> None:
    """One plan that holds the record with nothing at its default: a new field or class is in it by itself."""
    value = full(record)
    lacking = [name for name, default in value._field_defaults.items() if getattr(value, name) == default]
    assert not [name for name in lacking if (record, name) not in DOCUMENT]
    plan = holding(value)
    assert value in list(parts(plan))
    assert same(through(plan)) == same(plan)


@pytest.mark.parametrize(
    "value",
    [
        Quantity("100Mi"),
        [Quantity("0.1"), 1, 1.0, True, None, "1"],
        {"map": {"quantity": "1"}},
        {"quantity": "x"},
        1e300,
    ],
)
def test_values_keep_their_types(value: Any) -> None:
    [param] = through(plan_of(params=(Param("p", LIST, value, enum=(value,)),))).params
    assert repr(param) == repr(Param("p", LIST, value, enum=(value,)))


def test_comments_and_lines_change_nothing() -> None:
    text = "a: {when: params.n  >  1, command: [x, '${{ params.n }}'], image: i}"
    assert encode(parsed(f"  steps: {{{text}}}")) == encode(
        parsed(f"  # why\n\n\n  steps:   # so\n    {text}".replace("  >", "   >"))
    )


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(
        ValueError, match=f"the plan has format {FORMAT + 1}, and this dragoman reads formats up to {FORMAT}"
    ):
        decode({**encode(plan_of()), "format": FORMAT + 1})


@pytest.mark.parametrize(
    "data",
    [{}, {"format": FORMAT}, {"format": FORMAT, "name": "f", "target": "t", "steps": [3]}, {"format": 1, "x": 1}],
)
def test_what_is_no_plan_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="this is no plan"):
        decode(data)


def test_a_thousand_steps_fit_into_one_object() -> None:
    steps = "".join(
        f"""
    step-{number}:
      image: registry.example.com/team/image:2026.1
      needs: [step-{number - 1}]
      when: steps.step-{number - 1}.outputs.rows > 100
      command: [python, run.py, "${{{{ steps.step-{number - 1}.outputs.rows + 1 }}}}"]
      resources: {{cpu: 2, memory: 8Gi}}
      retry: {{limit: 3, causes: [oom], escalate: {{memory: {{factor: 2, max: 64Gi}}}}}}
      outputs: {{rows: {{type: int, default: 0}}}}"""
        for number in range(1, 1000)
    )
    plan = parsed(f"  steps:\n    step-0: {{image: i, outputs: {{rows: {{type: int}}}}}}{steps}")
    assert len(json.dumps(encode(plan), separators=(",", ":"))) < 900_000


def plan_of(**more: Any) -> Plan:
    return Plan("f", "kubernetes", more.pop("steps", (Step(("a",)),)), NOWHERE, **more)


def parsed(spec: str) -> Plan:
    head = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  params: {n: {type: int, default: 1, runtime: true}}\n"
    [flow] = yaml.parse(head + spec, "f")
    plan, findings = settle(resolve(flow, {}, target="local"), LOWEST)
    assert findings == []
    return plan


def same(value: Any) -> Any:
    """What two plans are compared by: records with all that is carried, values with their types."""
    if hasattr(value, "_fields"):
        kept = [name for name in value._fields if (type(value), name) not in DOCUMENT]
        return type(value).__name__, {name: same(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {"map": [(name, same(part)) for name, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [same(part) for part in value]
    return repr(value)


def full(hint: Any, depth: int = 3) -> Any:
    """A value for an annotation, in which no field has its default as long as the depth allows it."""
    if hint in (Type, Source, Layer):
        return {Type: list_of(INT), Source: NOWHERE, Layer: Layer("step", {}, NOWHERE, ())}[hint]
    if hint is Template:
        return Template(("a", full(tree.Ref, 0)))
    if hint is Hashable:
        return Reference("output", ("a",), "n")
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return record_of(hint, depth)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return inner[-1]
    if origin is tuple:
        return (full(inner[0], depth - 1),) if inner[1:] == (...,) else tuple(full(one, depth - 1) for one in inner)
    if origin in (Union, UnionType):
        wanted = [one for one in inner if one is not type(None)]
        return full(tree.Ref if depth <= 0 and tree.Ref in wanted else wanted[0], depth)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"key": full(inner[1], depth - 1)}
    return {str: "text", int: 7, float: 1.5, bool: True}.get(hint, [Quantity("1Gi"), {"a": None}])


def record_of(record: Any, depth: int) -> Any:
    hints = get_type_hints(record)
    if depth <= 0:
        hints = {name: hint for name, hint in hints.items() if name not in record._field_defaults}
    else:
        hints = {name: hint for name, hint in hints.items() if name != "origins"}
    values = {name: full(hint, depth - 1) for name, hint in hints.items()}
    return record(**{name: other(record, name, value) for name, value in values.items()})


def other(record: Any, name: str, value: Any) -> Any:
    """Not the default."""
    default = record._field_defaults.get(name)
    return not default if isinstance(default, bool) else value


def holding(value: Any) -> Plan:
    """A plan in which the value is somewhere."""
    name = type(value).__name__
    places: dict[str, Callable[[], Plan]] = {
        "Plan": lambda: value,
        "Reference": lambda: plan_of(steps=(Step(("a",), when=tree.Ref(value, INT)),)),
        "Step": lambda: plan_of(steps=(value,)),
        "Param": lambda: plan_of(params=(value,)),
        "Schedule": lambda: plan_of(schedule=value),
        "Accelerator": lambda: holding(model.Resources(placement=value)),
        "Resources": lambda: holding(model.Container("i", resources=value)),
        "Escalation": lambda: holding(model.Retry(1, escalate=(value,))),
        "Backoff": lambda: holding(model.Retry(1, value)),
        "Retry": lambda: plan_of(steps=(Step(("a",), retry=value),)),
        "Output": lambda: plan_of(steps=(Step(("a",), outputs={"o": value}),)),
        "Foreach": lambda: plan_of(steps=(Step(("a",), foreach=value),)),
        "Need": lambda: plan_of(steps=(Step(("a",), needs=(value,)),)),
        "Script": lambda: holding(model.Container("i", script=value)),
        "EnvSource": lambda: holding(model.Container("i", env={"E": value})),
        "Volume": lambda: holding(model.Container("i", volumes=(value,))),
        "Container": lambda: plan_of(steps=(Step(("a",), value),)),
    }
    if type(value) in NODES:
        return plan_of(steps=(Step(("a",), when=value),))
    return places[name]()


def parts(value: Any) -> Any:
    """The value and everything in it."""
    yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    for one in inner:
        yield from parts(one)
