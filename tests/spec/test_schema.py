"""The published schema: what it says of every field, and that editors can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel

import dragoman.spec
from dragoman.cli.schema import options, text
from dragoman.load.yaml import parse
from dragoman.spec.fields import RULES
from dragoman.spec.kinds import KINDS
from dragoman.spec.schema import schema

FULL = Path(__file__).with_name("full.dragoman.yaml")
COMMITTED = Path(dragoman.spec.__file__).with_name("dragoman.schema.json")
SCHEMA = schema()
DOCUMENTS = [document.data for document in parse(FULL.read_text(), FULL.name)]


def test_the_committed_file_is_what_the_models_give() -> None:
    assert COMMITTED.read_text() == text(), "run: make schema"


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_it_is_a_schema(kind: str | None) -> None:
    Draft7Validator.check_schema(schema(kind))


def test_the_schema_of_one_kind_has_only_what_that_kind_needs() -> None:
    assert list(schema("Library")["definitions"]) == [
        "Backoff",
        "Declaration",
        "EmptyDir",
        "EnvSource",
        "Escalate",
        "Escalation",
        "Input",
        "LibrarySpec",
        "Metadata",
        "Output",
        "ResourceAmounts",
        "Resources",
        "Retry",
        "Script",
        "TargetStep",
        "Template",
        "Typed",
        "Volume",
    ]


def test_one_definition_as_editors_read_it() -> None:
    assert SCHEMA["definitions"]["Backoff"] == {
        "description": "The wait between attempts: `delay`, times `factor` each time, at most `max`.",
        "type": "object",
        "properties": {
            "delay": {
                "description": "Before the first retry.",
                "type": "string",
                "examples": ["30s", "1h30m", "7d"],
                "maxLength": 32,
                "pattern": "^([0-9]{1,9}[smhdw])+$",
            },
            "factor": {
                "description": "Multiplies the wait after each attempt.",
                "type": "integer",
                "maximum": 100,
                "minimum": 1,
            },
            "max": {
                "description": "The longest wait.",
                "type": "string",
                "examples": ["30s", "1h30m", "7d"],
                "maxLength": 32,
                "pattern": "^([0-9]{1,9}[smhdw])+$",
            },
        },
        "additionalProperties": False,
    }


def test_a_union_is_its_members_and_nothing_more() -> None:
    assert SCHEMA["definitions"]["Foreach"]["properties"]["tolerate"] == {
        "description": "How many items may fail without failing the step (`all`, or a number); their outputs are null.",
        "anyOf": [{"const": "all", "type": "string"}, {"type": "integer", "minimum": 0}],
    }


def test_a_field_that_is_a_model_keeps_its_own_words_beside_the_reference() -> None:
    assert SCHEMA["definitions"]["Resources"]["properties"]["requests"] == {
        "description": "What the scheduler reserves.",
        "allOf": [{"$ref": "#/definitions/ResourceAmounts"}],
    }


def test_each_value_of_a_choice_has_its_meaning() -> None:
    assert SCHEMA["definitions"]["Schedule"]["properties"]["concurrency"] == {
        "description": "What happens when the last run is not over; Forbid when absent.",
        "oneOf": [
            {"const": "Allow", "description": "both run"},
            {"const": "Forbid", "description": "the new run is left out"},
            {"const": "Replace", "description": "the old run is stopped, the new one starts"},
        ],
    }


def test_every_map_is_closed_and_every_field_described() -> None:
    records = {name: node for name, node in SCHEMA["definitions"].items() if "properties" in node}
    assert [name for name, node in records.items() if node["additionalProperties"] is not False] == []
    silent = [
        f"{name}.{field}"
        for name, node in records.items()
        for field, rule in node["properties"].items()
        if "description" not in _followed(rule)
    ]
    assert silent == []


def test_no_noise() -> None:
    nodes = list(_nodes(SCHEMA))
    assert [node for node in nodes if node.get("type") == "null" or "null" in node.get("type", ())] == []
    assert [node["title"] for node in nodes if "title" in node] == ["dragoman"]
    assert [node for node in nodes if "$ref" in node and len(node) > 1] == []
    assert [node for node in nodes if node.get("default", 0) is None] == []


def test_every_pattern_has_its_words() -> None:
    whole = schema(None, options())  # reading the options of targets adds their words
    assert {node["pattern"] for node in _nodes(whole) if "pattern" in node} == set(RULES)


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_full_document_is_right(number: int) -> None:
    data = DOCUMENTS[number]
    assert list(Draft7Validator(SCHEMA).iter_errors(data)) == []
    assert list(Draft7Validator(schema(data["kind"])).iter_errors(data)) == []


def test_the_full_documents_use_every_field() -> None:
    used: set[str] = set()
    for data in DOCUMENTS:
        used.update(_used(KINDS[data["kind"]].model_validate(data)))
    known = {f"{name}.{field}" for name, node in SCHEMA["definitions"].items() for field in node.get("properties", ())}
    assert sorted(known - used) == []


# body of `spec` -> the place and the rule that an editor shows
BAD = {
    "targett: argo\nsteps: {a: {}}": (["spec"], "additionalProperties"),
    "target: argo": (["spec"], "required"),
    "steps: {}": (["spec", "steps"], "minProperties"),
    "steps: {1st: {}}": (["spec", "steps"], "pattern"),
    "steps: {a-: {}}": (["spec", "steps"], "pattern"),
    "steps: {a: {image: null}}": (["spec", "steps", "a", "image"], "type"),
    "steps: {a: {image: 3}}": (["spec", "steps", "a", "image"], "type"),
    "steps: {a: {timeout: 1 hour}}": (["spec", "steps", "a", "timeout"], "pattern"),
    "steps: {a: {needs: b}}": (["spec", "steps", "a", "needs"], "anyOf"),
    "steps: {a: {needs: {b: ok}}}": (["spec", "steps", "a", "needs"], "anyOf"),
    "steps: {a: {compute: argo}}": (["spec", "steps", "a", "compute"], "oneOf"),
    "steps: {a: {script: {source: x}}}": (["spec", "steps", "a", "script"], "required"),
    "steps: {a: {resources: {memory: [1]}}}": (["spec", "steps", "a", "resources", "memory"], "type"),
    "steps: {a: {retry: {limit: 1001}}}": (["spec", "steps", "a", "retry", "limit"], "maximum"),
    "steps: {a: {outputs: {x: {type: integer}}}}": (["spec", "steps", "a", "outputs", "x"], "anyOf"),
    "params: {p: {items: {a: {type: int, of: 3}}}}\nsteps: {a: {}}": (
        ["spec", "params", "p", "items"],
        "anyOf",
    ),
}


@pytest.mark.parametrize("body", BAD)
def test_a_bad_document_is_refused(body: str) -> None:
    spec = parse(body, "spec.yaml")[0].data
    data = {"apiVersion": "dragoman.dev/v1alpha1", "kind": "Flow", "metadata": {"name": "x"}, "spec": spec}
    errors = [(list(error.absolute_path), error.validator) for error in Draft7Validator(SCHEMA).iter_errors(data)]
    assert errors == [BAD[body]]


@pytest.mark.parametrize(("data", "validator"), [
    ({}, ["required", "required"]),
    ({"kind": "Flow"}, ["required", "required", "required", "required"]),
    ({"apiVersion": "dragoman.dev/v1alpha1", "kind": "Flw"}, ["oneOf"]),
    ({"apiVersion": "v1", "kind": "Library", "spec": {"templates": {}}}, ["oneOf", "oneOf"]),
    ([], ["type"]),
])  # fmt: skip
def test_kind_decides_what_a_document_must_have(data: Any, validator: list[str]) -> None:
    assert [error.validator for error in Draft7Validator(SCHEMA).iter_errors(data)] == validator


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)
    elif isinstance(node, dict):
        yield node
        for word, child in node.items():
            if word in ("properties", "definitions"):
                yield from _nodes(list(child.values()))
            elif word not in ("examples", "default", "const", "required"):
                yield from _nodes(child)


def _followed(rule: dict[str, Any]) -> dict[str, Any]:
    name = re.sub("^#/definitions/", "", rule.get("$ref", ""))
    return SCHEMA["definitions"][name] if name else rule


def _used(value: object) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield f"{type(value).__name__}.{type(value).model_fields[name].alias or name}"
            yield from _used(getattr(value, name))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _used(item)
