"""The fast gate: judges a document by the published JSON Schema, so that a right one never pays for pydantic.

It is at least as strict as the models: what it accepts, they accept (of what the loaders give: no half of a
surrogate pair). It knows the keywords that the schema's generator writes; any other is an error, so no rule
is passed over in silence.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Any], bool]
Resolve: TypeAlias = Callable[[str], Check]


def accepts(data: object) -> bool:
    """Whether the published schema accepts the document; False says only that the models must look at it."""
    return _gate()(data)


@cache
def published() -> Schema:
    """The committed schema of every kind of document."""
    import json
    from os.path import dirname, join

    with open(join(dirname(__file__), "dragoman.schema.json"), encoding="utf-8") as file:
        schema: Schema = json.load(file)
    return schema


@cache
def _gate() -> Check:
    return judge(published())


def judge(root: Schema) -> Check:
    """The check that a schema stands for; its parts are compiled when a document first has need of them."""
    definitions = root.get("definitions", {})
    met: dict[str, Check] = {}

    def resolve(reference: str) -> Check:
        if reference not in met:
            met[reference] = compiled(definitions[reference.removeprefix("#/definitions/")], resolve)
        return met[reference]

    return compiled(root, resolve)


def compiled(schema: Schema, resolve: Resolve) -> Check:
    """The check of one part of a schema; ValueError for a keyword that is unknown or lacks its type."""
    unknown = schema.keys() - _NOTES - _RULES.keys() - _OF_TYPE.get(str(schema.get("type")), _NOTHING)
    if unknown - ({"then", "else"} if "if" in schema else _NOTHING):
        raise ValueError(f"the gate does not know {sorted(unknown)} in a schema of {sorted(schema)}")
    checks = [make(schema, resolve) for word, make in _RULES.items() if word in schema]
    return _every(checks)


def _every(checks: list[Check]) -> Check:
    if not checks:
        return lambda _: True
    *rest, check = checks
    for one in reversed(rest):
        check = _both(one, check)
    return check


def _both(one: Check, other: Check) -> Check:
    return lambda value: one(value) and other(value)


def _either(one: Check, other: Check) -> Check:
    return lambda value: one(value) or other(value)


def _typed(schema: Schema, resolve: Resolve) -> Check:
    kind = schema["type"]
    if isinstance(kind, list):
        return _any({"anyOf": [{"type": each} for each in kind]}, resolve)
    if kind == "object":
        return _record(schema, resolve) if "properties" in schema else _map(schema, resolve)
    if kind == "array":
        return _array(schema, resolve)
    if kind not in _SCALARS:
        raise ValueError(f"the gate does not know the type {kind}")
    return _SCALARS[kind](schema)


def _record(schema: Schema, resolve: Resolve) -> Check:
    """A map with known keys: `properties`, with `required`; any other key only where nothing forbids it."""
    if "propertyNames" in schema:
        raise ValueError("the gate knows `properties` or rules for all keys, not both")
    properties, required = schema["properties"], schema.get("required", ())
    rest = schema.get("additionalProperties", {})  # False, or the rule of every other key's value
    known: dict[str, Check] = {}

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for key in required:
            if key not in value:
                return False
        for key, child in value.items():
            test = known.get(key)
            if test is None:
                if key not in properties and rest is False:
                    return False
                test = known[key] = compiled(properties.get(key, rest), resolve)
            if not test(child):
                return False
        return True

    return check


def _map(schema: Schema, resolve: Resolve) -> Check:
    """A map with the author's keys: rules for every key and for every value."""
    required, least = schema.get("required", ()), schema.get("minProperties", 0)
    names = compiled(schema.get("propertyNames", {"type": "string"}), resolve)
    values = _late(schema.get("additionalProperties", {}), resolve)

    def check(value: Any) -> bool:
        if type(value) is not dict or len(value) < least or any(key not in value for key in required):
            return False
        return all(map(names, value)) and all(map(values(), value.values()))

    return check


def _array(schema: Schema, resolve: Resolve) -> Check:
    least, items = schema.get("minItems", 0), _late(schema.get("items", {}), resolve)
    return lambda value: type(value) is list and len(value) >= least and all(map(items(), value))


def _late(schema: Schema, resolve: Resolve) -> Callable[[], Check]:
    """The check when it is asked for: a step has steps, and a definition may not wait for itself."""
    return cache(lambda: compiled(schema, resolve))


def _string(schema: Schema) -> Check:
    if schema.keys().isdisjoint(_OF_TYPE["string"]):
        return lambda value: type(value) is str
    least, most = schema.get("minLength", 0), schema.get("maxLength", _LARGEST)
    if "pattern" not in schema:
        return lambda value: type(value) is str and least <= len(value) <= most
    pattern = schema["pattern"]
    if pattern.endswith("$"):
        pattern = pattern[:-1] + r"\Z"  # `$` would let a last newline pass
    match = re.compile(pattern).match
    return lambda value: type(value) is str and least <= len(value) <= most and match(value) is not None


def _numeric(*types: type) -> Callable[[Schema], Check]:
    def make(schema: Schema) -> Check:
        least, most = schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST)
        above = schema.get("exclusiveMinimum", float("-inf"))
        return lambda value: type(value) in types and least <= value <= most and value > above

    return make


def _boolean(_: Schema) -> Check:
    return lambda value: value is True or value is False


def _reference(schema: Schema, resolve: Resolve) -> Check:
    return resolve(schema["$ref"])


def _words(schema: Schema, _: Resolve) -> Check:
    """The strings of `enum` or `const`, or of a `oneOf` of described constants."""
    words = schema.get("enum") or [one.get("const") for one in schema.get("oneOf", [schema])]
    more = {word for one in schema.get("oneOf", ()) for word in one} - {"const", "description"}
    if more or not all(isinstance(word, str) for word in words):
        raise ValueError(f"the gate knows choices of strings only, not {schema}")
    allowed = frozenset(words)
    return lambda value: type(value) is str and value in allowed


def _any(schema: Schema, resolve: Resolve) -> Check:
    *rest, check = [compiled(choice, resolve) for choice in schema["anyOf"]]
    for one in reversed(rest):
        check = _either(one, check)
    return check


def _all(schema: Schema, resolve: Resolve) -> Check:
    return _every([compiled(part, resolve) for part in schema["allOf"]])


def _decided(schema: Schema, resolve: Resolve) -> Check:
    condition = compiled(schema["if"], resolve)
    then, otherwise = _late(schema.get("then", {}), resolve), _late(schema.get("else", {}), resolve)
    return lambda value: (then if condition(value) else otherwise)()(value)


_NOTES = frozenset({"$schema", "title", "description", "default", "examples", "definitions"})
_RULES: dict[str, Callable[[Schema, Resolve], Check]] = {
    "$ref": _reference,
    "type": _typed,
    "enum": _words,
    "const": _words,
    "oneOf": _words,
    "anyOf": _any,
    "allOf": _all,
    "if": _decided,
}
_OF_TYPE = {
    "object": frozenset({"properties", "required", "additionalProperties", "propertyNames", "minProperties"}),
    "array": frozenset({"items", "minItems"}),
    "string": frozenset({"pattern", "minLength", "maxLength"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum"}),
}
_NOTHING: frozenset[str] = frozenset()
_SCALARS: dict[str, Callable[[Schema], Check]] = {
    "string": _string,
    "integer": _numeric(int),
    "number": _numeric(int, float),
    "boolean": _boolean,
}
_LARGEST = sys.float_info.max  # beyond it an integer is no float, and infinity and NaN are no numbers
