"""The fields that a spec is written with, as its schema has them: what the `at` of a rule may name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dragoman.findings import did_you_mean
from dragoman.spec.gate import Schema, published

_WHOLE = {"Step": "a step", "FlowSpec": "a flow's `spec`"}


def stranger(names: Sequence[str], definition: str) -> tuple[str, str] | None:
    """Message and help for a path that no step (or flow) can have; None for one that it can."""
    here = [_definition(definition)]
    for number, name in enumerate(names):
        inner = [found for schema in here for found in _inside(schema, name)]
        if not inner:
            known = {key for schema in here for key in schema.get("properties", ())}
            owner = (
                f"`{'.'.join(names[:number])}`" if number else "a step" if definition == "Step" else "a flow's `spec`"
            )
            return f"{owner} has no field `{name}`", did_you_mean(name, known)
        here = [choice for schema in inner for choice in _choices(schema)]
    return None


def _definition(name: str) -> Schema:
    found: Schema = published()["definitions"][name]
    return found


def _choices(schema: Schema) -> Iterator[Schema]:
    """The schemas that a value may meet, references followed."""
    if "$ref" in schema:
        yield from _choices(_definition(schema["$ref"].rpartition("/")[2]))
    elif "anyOf" in schema or "allOf" in schema:
        for choice in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
            yield from _choices(choice)
    else:
        yield schema


def _inside(schema: Schema, name: str) -> Iterator[Schema]:
    """The schemas of a map's key, or of a list's item."""
    properties: dict[str, Any] = schema.get("properties", {})
    others = schema.get("additionalProperties")
    if name in properties:
        yield properties[name]
    elif isinstance(others, dict):
        yield others
    if name.isdigit() and schema.get("type") == "array":
        yield schema.get("items", {})
    elif not schema.keys() - {"description", "default", "examples"}:  # anything at all
        yield schema
