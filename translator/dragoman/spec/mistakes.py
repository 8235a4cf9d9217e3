"""Turns pydantic's errors into findings: one for each mistake, in the author's words, at its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import ValidationError

from dragoman.findings import Finding, did_you_mean
from dragoman.load.document import Path, Placed
from dragoman.spec.fields import RULES, TAGS, Model
from dragoman.spec.hints import advice
from dragoman.spec.kinds import KINDS
from dragoman.spec.outline import is_text, others, part
from dragoman.spec.words import address, found, inside, listed, place, shown


class Mistake(NamedTuple):
    """An error of pydantic: where, what kind, the value and the rule's numbers.

    `of_key` says that the last key of the path is wrong, not the value behind it.
    """

    document: Placed
    path: Path
    of_key: bool
    type: str
    text: str
    value: Any
    context: dict[str, Any]


def mistakes(document: Placed, model: type[Model] | None = None, at: Path = ()) -> list[Finding]:
    """What the models refuse in a document of a known kind (DRG102 to DRG106), in the order of the text.

    With a model, what that one refuses in the part of the document at a path.
    """
    value = document.data
    for step in at:
        value = value[step]
    try:
        (model or KINDS[document.data["kind"]]).model_validate(value)
    except ValidationError as error:
        return _findings([_mistake(document, at, details) for details in error.errors(include_url=False)])
    return []


def _mistake(document: Placed, at: Path, details: Any) -> Mistake:
    path = (*at, *(step for step in details["loc"] if step not in TAGS))
    of_key = path[-1:] == ("[key]",)
    path = path[:-1] if of_key else path
    told = details["type"], details["msg"], details["input"], details.get("ctx", {})
    return Mistake(document, path, of_key, *told)


def _findings(errors: list[Mistake]) -> list[Finding]:
    """One finding for each error, less the missing keys that a misspelt or misplaced one explains."""
    unknown = [error for error in errors if error.type == "extra_forbidden"]
    advised = [advice(error.document.data, error.path[:-1], str(error.path[-1])) for error in unknown]
    meant = {path[:length] for one in advised for path in one.meant for length in range(1, len(path) + 1)}
    findings = [_unknown(error, one.help) for error, one in zip(unknown, advised, strict=True)]
    for error in errors:
        if error.type == "missing" and error.path not in meant:
            findings.append(_missing(error))
        elif error.type not in ("missing", "extra_forbidden"):
            findings.append(_EXPLAINED.get(error.type, _other)(error))
    return _once(sorted(findings, key=lambda finding: finding.span or ()))


def _once(findings: list[Finding]) -> list[Finding]:
    """A mistake behind a YAML anchor is found wherever the anchor is used, at the same place."""
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        exact = finding.span is not None and not finding.span.approximate
        name = finding.address.rpartition(".")[2] if exact else finding.address
        seen.setdefault((finding.code, finding.span, name), finding)
    return list(seen.values())


def _unknown(error: Mistake, hint: str) -> Finding:
    message = f"unknown key `{shown(error.path[-1])}`{inside(error.path[:-1])}"
    span = error.document.span(error.path, key=True)
    return Finding("DRG102", message, span, hint, address=address(error.path))


def _missing(error: Mistake) -> Finding:
    parent, key = error.path[:-1], error.path[-1]
    schema = part(error.document.data, error.path)
    words = str(schema["description"]).removesuffix(".")
    hint = f"add `{key}`: {words[0].lower()}{words[1:]}"
    if len(schema.get("oneOf", ())) == 1:
        hint = f"add `{key}: {schema['oneOf'][0]['const']}`"
    span = error.document.span(parent, key=True)
    return Finding("DRG103", f"missing key `{key}`{inside(parent)}", span, hint, address=address(error.path))


def _wrong_type(error: Mistake) -> Finding:
    expected = _EXPECTED.get(error.type) or re.findall(r"<(\w+)>", error.context["expected_tags"])
    if "number" in expected:
        expected = [kind for kind in expected if kind != "integer"]
    words = listed(_TYPES[kind] for kind in expected if kind in _TYPES)
    message = f"{place(error.path)} must be {words}, found {found(error.value)}"
    return _at_value("DRG104", error, message, _right_type(error, expected))


def _right_type(error: Mistake, expected: list[str]) -> str:
    """How to write the value as the type that is expected, where the value shows what was meant."""
    value, schema = error.value, part(error.document.data, error.path)
    if value is None:
        return "write its value, or take the key away"
    if "string" in expected and isinstance(value, bool | int | float) and is_text(schema):
        rule = schema.get("pattern")
        return RULES[rule][1] if rule and not re.search(rule, shown(value)) else "put it in quotes"
    if "list" in expected and isinstance(value, str):
        words = value.split() if error.path[-1] in ("command", "args", "interpreter") else [value]
        return f"write a list: `[{shown(', '.join(words))}]`"
    if expected == ["map"] and isinstance(value, list):
        return "write a map with the names as keys, not a list"
    return _for_example(schema)


def _for_example(schema: dict[str, Any]) -> str:
    examples = [f"`{example}`" for example in schema.get("examples", ()) if isinstance(example, str | int)]
    return f"for example {listed(examples)}" if examples else ""


def _not_allowed(error: Mistake) -> Finding:
    allowed = re.findall("'([^']*)'", error.context["expected"])
    types = [_TYPES[kind] for kind in others(error.document.data, error.path)]
    words = listed([*(f"`{word}`" for word in allowed), *types])
    message = f"{place(error.path)} must be {words}, found {found(error.value)}"
    hint = did_you_mean(str(error.value), allowed)
    if str(error.value) in allowed:
        hint = f'put it in quotes: "{error.value}"'
    return _at_value("DRG105", error, message, hint if hint.startswith(("did you mean", "put")) else "")


def _wrong_pattern(error: Mistake) -> Finding:
    pattern = error.context["pattern"]
    noun, hint = RULES.get(pattern, ("of this form", f"write it so that `{pattern}` matches"))  # another package's
    told = f"is not {noun}" if error.of_key else f"must be {noun}, found {found(error.value)}"
    return _at_value("DRG106", error, f"{_subject(error)} {told}", hint)


def _too_long(error: Mistake) -> Finding:
    told = f"has {len(error.value)} letters, maximum {error.context['max_length']}"
    return _at_value("DRG106", error, f"{_subject(error)} {told}", "")


def _empty(error: Mistake) -> Finding:
    hint = "" if isinstance(error.value, str) else "it needs at least one entry"
    return _at_value("DRG106", error, f"{_subject(error)} is empty", hint)


def _out_of_range(error: Mistake) -> Finding:
    ((word, limit),) = error.context.items()
    told = f"is {shown(error.value)}, {_LIMITS[word]} {limit:.15g}"
    return _at_value("DRG106", error, f"{_subject(error)} {told}", "")


def _other(error: Mistake) -> Finding:
    return _at_value("DRG104", error, f"{_subject(error)}: {error.text}", "")


def _subject(error: Mistake) -> str:
    if error.of_key:
        return f"`{shown(error.path[-1])}`{inside(error.path[:-1])}"
    return place(error.path)


def _at_value(code: str, error: Mistake, message: str, hint: str) -> Finding:
    span = error.document.span(error.path, key=error.of_key)
    return Finding(code, message, span, hint, address=address(error.path))


_TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "bool": "true or false",
    "list": "a list",
    "map": "a map",
    "object": "a map",
}
_EXPECTED = {
    "string_type": ["string"],
    "int_type": ["integer"],
    "float_type": ["number"],
    "bool_type": ["bool"],
    "list_type": ["list"],
    "dict_type": ["map"],
    "model_type": ["map"],
    "finite_number": ["number"],
}
_LIMITS = {"ge": "minimum", "gt": "must be more than", "le": "maximum"}
_EXPLAINED: dict[str, Callable[[Mistake], Finding]] = {
    **dict.fromkeys([*_EXPECTED, "union_tag_invalid"], _wrong_type),
    "literal_error": _not_allowed,
    "string_pattern_mismatch": _wrong_pattern,
    "string_too_long": _too_long,
    **dict.fromkeys(["string_too_short", "too_short"], _empty),
    **dict.fromkeys(["greater_than_equal", "greater_than", "less_than_equal"], _out_of_range),
}
