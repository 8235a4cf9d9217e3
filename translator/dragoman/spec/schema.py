"""The JSON Schema of the spec, generated from the models, in the form that editors show best."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic.json_schema import DefsRef, GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema, NullableSchema, TaggedUnionSchema

from dragoman.spec.fields import Model
from dragoman.spec.kinds import KINDS

DIALECT = "http://json-schema.org/draft-07/schema#"  # the newest that editors support well


Options: TypeAlias = Mapping[str, type[Model]]  # target -> the model of `targets.<target>`


def text(kind: str | None = None, options: Options | None = None) -> str:
    """The schema as the file that is published: two-space JSON with a newline at the end."""
    return json.dumps(schema(kind, options), indent=2, ensure_ascii=False) + "\n"


def schema(kind: str | None = None, options: Options | None = None) -> dict[str, Any]:
    """The draft-07 schema of one kind of document; without `kind`, of all, chosen by the key `kind`.

    A flow's `targets` are what `options` says; of a target that is not in it, any map.
    """
    kinds = KINDS if kind is None else {kind: KINDS[kind]}
    definitions = _definitions(kinds, options or {})
    if kind is not None:
        root = definitions.pop(kind)
        return {"$schema": DIALECT, "title": f"dragoman {kind}", **root, "definitions": definitions}
    return {
        "$schema": DIALECT,
        "title": "dragoman",
        "description": "A flow, a library of templates, a policy, or tests of policies; `kind` says which.",
        "type": "object",
        "properties": {
            "apiVersion": definitions["Flow"]["properties"]["apiVersion"],
            "kind": {
                "description": "What this document is.",
                "oneOf": [{"const": name, "description": definitions[name]["description"]} for name in kinds],
            },
        },
        "required": ["apiVersion", "kind"],
        "allOf": [
            {
                "if": {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/definitions/{name}"},
            }
            for name in kinds
        ],
        "definitions": definitions,
    }


def _definitions(kinds: dict[str, type[Model]], options: Options) -> dict[str, Any]:
    generator = _Generator(ref_template="#/definitions/{model}")
    models = [*kinds.values(), *(options.values() if "Flow" in kinds else ())]
    _, found = generator.generate_definitions(
        [(model, "validation", model.__pydantic_core_schema__) for model in map(_built, models)]
    )
    if "Flow" in kinds and options:
        targets = found[DefsRef("FlowSpec")]["properties"]["targets"]
        targets["properties"] = {name: {"$ref": f"#/definitions/{model.__name__}"} for name, model in options.items()}
        targets.pop("propertyNames", None)
    return {name: _tidy(found[name]) for name in sorted(found)}


def _built(model: type[Model]) -> type[Model]:
    model.model_rebuild()
    return model


class _Generator(GenerateJsonSchema):
    """pydantic's schema without what only a validator reads: no nulls, no titles made of names."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        """An optional field is left out, not null."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Titles would repeat the field's name."""
        return False

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        """A rule for the keys and one for the values, each in its own place."""
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        least = {"minProperties": schema["min_length"]} if "min_length" in schema else {}
        names = {} if keys in ({}, {"type": "string"}) else {"propertyNames": keys}
        return {"type": "object", **names, "additionalProperties": values, **least}

    def tagged_union_schema(self, schema: TaggedUnionSchema) -> JsonSchemaValue:
        """The members exclude each other by their types: `anyOf` says it with the least noise."""
        return {"anyOf": [self.generate_inner(choice) for choice in schema["choices"].values()]}


# the keywords in the order in which people read them; the others follow by name
_ORDER = (
    "$ref",
    "const",
    "description",
    "type",
    "enum",
    "oneOf",
    "anyOf",
    "allOf",
    "if",
    "then",
    "else",
    "properties",
)


def _tidy(node: Any) -> Any:
    """One paragraph a description, no titles, no null defaults, `$ref` alone, keywords in one order."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {word: _tidied(word, value) for word, value in node.items() if _says_something(word, value)}
    if "$ref" in tidy and len(tidy) > 1:
        tidy["allOf"] = [{"$ref": tidy.pop("$ref")}]
    known = [word for word in _ORDER if word in tidy]
    return {word: tidy[word] for word in known + sorted(tidy.keys() - known)}


def _says_something(word: str, value: Any) -> bool:
    return word != "title" and not (word == "default" and value is None)


def _tidied(word: str, value: Any) -> Any:
    if word == "description":
        return " ".join(value.split())
    if word in ("properties", "definitions"):
        return {name: _tidy(child) for name, child in value.items()}
    return value if word in ("default", "examples", "const", "enum", "required") else _tidy(value)
