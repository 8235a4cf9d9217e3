"""The gate: each keyword by itself, and the promise that what it accepts, the models accept."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dragoman.findings import Finding, Findings
from dragoman.load.document import Document
from dragoman.load.yaml import parse
from dragoman.spec import read
from dragoman.spec.gate import accepts, compiled, judge, published
from dragoman.spec.kinds import KINDS

FULL = Path(__file__).with_name("full.dragoman.yaml")
DOCUMENTS = [document.data for document in parse(FULL.read_text(), FULL.name)]
NAN, INFINITE = float("nan"), float("inf")


# schema -> what it accepts, what it refuses
KEYWORDS: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({}, [1, None, "x", [], {1: 2}], []),
    ({"description": "x", "default": 3, "examples": [1]}, [1, None], []),
    ({"type": "string"}, ["", "x"], [1, None, True, ["x"], b"x"]),
    ({"type": "string", "minLength": 1, "maxLength": 2}, ["a", "ab"], ["", "abc", 1]),
    ({"type": "string", "pattern": "^a+$"}, ["a", "aa"], ["", "b", "ab", "a\n", "ba"]),
    ({"type": "string", "pattern": "^/", "maxLength": 3}, ["/", "/ab"], ["", "a/", "/abc"]),
    ({"type": "integer"}, [0, -1, 2**80], [True, 1.0, "1", None]),
    ({"type": "integer", "minimum": 1, "maximum": 3}, [1, 3], [0, 4, 2.0]),
    ({"type": "number"}, [0, -1.5, 1e300], [True, "1", NAN, INFINITE, -INFINITE, 10**400]),
    ({"type": "number", "exclusiveMinimum": 1}, [1.1, 2], [1, 1.0, 0]),
    ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
    ({"type": ["string", "number"]}, ["x", 1, 1.5], [True, None, []]),
    ({"type": "array"}, [[], [1, None]], [(), {}, "x", None]),
    ({"type": "array", "minItems": 1, "items": {"type": "string"}}, [["a"]], [[], [1], ["a", 1]]),
    ({"type": "object"}, [{}, {"a": None}], [[], None, {1: 2}]),
    ({"type": "object", "required": ["a"]}, [{"a": 1}, {"a": 1, "b": 2}], [{}, {"b": 1}]),
    ({"type": "object", "minProperties": 1}, [{"a": 1}], [{}]),
    (
        {
            "type": "object",
            "propertyNames": {"type": "string", "pattern": "^a"},
            "additionalProperties": {"type": "integer"},
        },
        [{}, {"a": 1, "ab": 2}],
        [{"b": 1}, {"a": "x"}, {"a": 1, "b": 1}, {1: 1}],
    ),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {}},
            "required": ["a"],
            "additionalProperties": False,
        },
        [{"a": 1}, {"a": 1, "b": None}],
        [{}, {"b": 1}, {"a": "x"}, {"a": 1, "c": 1}, None],
    ),
    ({"type": "object", "properties": {"a": {"const": "x"}}}, [{}, {"b": 1}, {"a": "x"}], [{"a": "y"}]),
    ({"enum": ["a", "b"]}, ["a", "b"], ["c", "", None, ["a"], {}]),
    ({"const": "a"}, ["a"], ["b", None]),
    ({"oneOf": [{"const": "a", "description": "A"}, {"const": "b"}]}, ["a", "b"], ["c", 1]),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "array"}]}, ["a", 1, []], [1.5, None, {}]),
    ({"allOf": [{"type": "integer"}, {"type": "integer", "minimum": 1}]}, [1], [0, "x"]),
    ({"type": "string", "const": "a", "allOf": [{"type": "string"}]}, ["a"], ["b", 1]),
    (
        {
            "if": {"type": "object", "required": ["a"]},
            "then": {"type": "object", "minProperties": 2},
            "else": {"type": "string"},
        },
        [{"a": 1, "b": 2}, "x"],
        [{"a": 1}, {"b": 1}, 3],
    ),
    ({"if": {"type": "string"}, "then": {"const": "a"}}, ["a", 1, None], ["b"]),
    (
        {
            "$ref": "#/definitions/Tree",
            "definitions": {
                "Tree": {"type": "object", "additionalProperties": {"$ref": "#/definitions/Tree"}},
            },
        },
        [{}, {"a": {"b": {}}}],
        [{"a": {"b": 1}}, []],
    ),
]


@pytest.mark.parametrize(("schema", "good", "bad"), KEYWORDS)
def test_keyword(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    check = judge(schema)
    assert [value for value in good if not check(value)] == []
    assert [value for value in bad if check(value)] == []


@pytest.mark.parametrize("schema", [
    {"type": "string", "format": "date"},
    {"type": "integer", "multipleOf": 2},
    {"type": "array", "uniqueItems": True},
    {"type": "object", "patternProperties": {}},
    {"type": "string", "minimum": 1},
    {"minimum": 1},
    {"properties": {}},
    {"not": {}},
    {"then": {}},
    {"const": 1},
    {"oneOf": [{"const": 1}]},
    {"oneOf": [{"type": "string"}]},
    {"oneOf": [{"const": "a", "type": "string"}]},
    {"type": "null"},
    {"type": "object", "properties": {}, "propertyNames": {"type": "string"}},
])  # fmt: skip
def test_what_the_gate_cannot_judge_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the gate"):
        judge(schema)


def test_the_gate_knows_all_of_the_published_schema() -> None:
    root = published()
    nodes = [root]
    for node in nodes:
        compiled(node, lambda _: bool)
        nested = [node[word] for word in ("items", "if", "then", "else", "propertyNames") if word in node]
        if node.get("additionalProperties"):
            nested.append(node["additionalProperties"])
        for word in ("properties", "definitions"):
            nested += node.get(word, {}).values()
        for word in ("anyOf", "allOf"):
            nested += node.get(word, [])
        nodes += nested
    assert len(nodes) > 300


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_the_gate_accepts_what_is_right(number: int) -> None:
    assert accepts(DOCUMENTS[number])


def test_a_right_document_never_loads_pydantic() -> None:
    code = (
        "import sys\n"
        "from dragoman.load.yaml import parse\n"
        "from dragoman.spec import read\n"
        f"for document in parse(open({str(FULL)!r}, encoding='utf-8').read(), 'x'): read(document)\n"
        "print(sorted({'pydantic', 'jsonschema', 'typing_extensions', 'difflib'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


ODD_VALUES = [
    None, True, False, 0, 1, 2, -1, 101, 1001, 1.0, 1.5, 0.5, NAN, INFINITE, 10**400,
    "", "a", "a-", "A_b", "a.b", "/", "/a\n", "a\n", "1h", "30s\n", "stdout", "all", "error",
    "succeeded", "x/y", "Flow", "list", "x" * 300, "ü", [], {}, ["a"], ["a", 1], {"a": 1}, {"a": "int"},
    {"type": "list"},
    {"type": "map", "fields": {"a": {"type": "int", "b": 1}}}, {"secret": "a/b"},
]  # fmt: skip


@st.composite
def _nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """A right document with one or two places changed: a value, a key, something taken away or moved."""
    data: dict[str, Any] = deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(data))
        holder, key = draw(st.sampled_from(places))
        other, other_key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["odd", "other", "delete", "rename", "add"]))
        if key not in holder if isinstance(holder, dict) else key >= len(holder):
            continue
        if change == "odd":
            holder[key] = deepcopy(draw(st.sampled_from(ODD_VALUES)))
        elif change == "other":
            holder[key] = deepcopy(other[other_key])
        elif change == "delete":
            del holder[key]
        elif isinstance(holder, dict):
            name = draw(st.sampled_from([str(other_key), "1st", "a\n", "ü", "", "x" * 300]))
            value = holder[key] if change == "add" else holder.pop(key)
            holder[name] = deepcopy(value)
    return data


def _places(node: Any) -> Any:
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from _places(node[key])


@settings(max_examples=300, deadline=None)
@given(_nearly_right())
def test_what_the_gate_accepts_the_models_accept(data: dict[str, Any]) -> None:
    refused = _refused(data)
    if accepts(data):
        assert refused == []
    elif refused == []:  # only a null or a number that no float can hold makes the gate the stricter one
        assert {"None", str(10**400)} & {str(holder[key]) for holder, key in _places(data)}


def _refused(data: dict[str, Any]) -> list[str]:
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return ["kind"]
    try:
        KINDS[kind].model_validate(data)
    except ValidationError as error:
        return [details["type"] for details in error.errors()]
    return []


@settings(max_examples=100, deadline=None)
@given(_nearly_right())
def test_every_mistake_is_told_in_our_words(data: dict[str, Any]) -> None:
    findings: tuple[Finding, ...] = ()
    try:
        read(Document("x.yaml", 1, data, {}))
    except Findings as error:
        findings = error.findings
    assert {finding.code for finding in findings} <= {f"DRG10{number}" for number in range(1, 7)}
    assert [finding for finding in findings if "should" in finding.message] == []
