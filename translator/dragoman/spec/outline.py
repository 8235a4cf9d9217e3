"""Finds the part of the published schema that rules a place in a document: its keys, words and examples."""

from __future__ import annotations

from typing import Any

from dragoman.load.document import Path
from dragoman.spec.gate import Schema, judge, published

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def part(document: dict[str, Any], path: Path) -> Schema:
    """The schema of the value at `path`, of the member that fits it; {} where anything goes."""
    return settled(*_ruling(document, path))


def others(document: dict[str, Any], path: Path) -> list[str]:
    """The types beside words that a value may have: a tolerance is `all` or an `integer`."""
    schema, _ = _ruling(document, path)
    choices = (settled(choice, None) for choice in schema.get("anyOf", ()))
    return [choice["type"] for choice in choices if choice.keys().isdisjoint({"oneOf", "const"})]


def _ruling(document: dict[str, Any], path: Path) -> tuple[Schema, Any]:
    schema: Schema = {"$ref": f"#/definitions/{document['kind']}"}
    value: Any = document
    for step in path:
        schema, value = _below(settled(schema, value), step), _child(value, step)
    return schema, value


def keys(schema: Schema) -> dict[str, Schema]:
    """The known keys of a map, each with its schema."""
    known: dict[str, Schema] = schema.get("properties", {})
    return known


def is_text(schema: Schema) -> bool:
    """Whether a string may be any text: no expression, no amount, no choice of words."""
    choices = schema.get("anyOf", [schema])
    return any(choice.get("type") == "string" and "minLength" not in choice for choice in choices)


def settled(schema: Schema, value: object) -> Schema:
    """The schema with references followed and its choices made by the value; what stands outside wins."""
    while True:
        outer = {word: rule for word, rule in schema.items() if word not in ("$ref", "allOf", "if", "then", "else")}
        if "$ref" in schema:
            inner = published()["definitions"][schema["$ref"].removeprefix("#/definitions/")]
        elif "allOf" in schema:
            (inner,) = schema["allOf"]
        elif "if" in schema:
            inner = schema["then"] if judge(schema["if"])(value) else schema["else"]
        elif "anyOf" in schema:
            fitting = [choice for choice in schema["anyOf"] if _fits(settled(choice, value), value)]
            if not fitting:
                return schema
            outer.pop("anyOf")
            inner = fitting[0]
        else:
            return schema
        schema = {**inner, **outer}


def _fits(schema: Schema, value: object) -> bool:
    kind = _TYPES.get(type(value), "null")
    types = schema.get("type", "string" if "oneOf" in schema else "")
    return kind in types or (kind == "integer" and "number" in types)


def _child(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None  # a key that is missing


def _below(schema: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        return schema.get("items") or {}
    return keys(schema).get(step) or schema.get("additionalProperties") or {}
