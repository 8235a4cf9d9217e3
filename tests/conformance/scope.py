"""What the tasks of a DAG see of each other, and what a DAG hands on (workflow/controller: scope.go, operator.go)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from conformance.items import compact
from conformance.nodes import Node, Outputs
from conformance.tags import Refused, Tags, go_float, go_json

INSTANT = "2026-01-02T03:04:05Z"  # nothing that is compared depends on a clock


def inputs(template: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a template's own inputs."""
    return {
        f"inputs.parameters.{one['name']}": one["value"] for one in parameters(template, "inputs") if "value" in one
    }


def results(name: str, node: Node, template: Mapping[str, Any]) -> dict[str, str | None]:
    """The variables of a task that ended; `template` is the one that it calls."""
    seen: dict[str, str | None] = _aggregate(name, node.children) if node.kind == "TaskGroup" else {}
    prefix = f"tasks.{name}"
    seen |= {f"{prefix}.id": node.name, f"{prefix}.status": node.phase}
    seen |= {f"{prefix}.startedAt": INSTANT, f"{prefix}.finishedAt": INSTANT}
    outputs = node.outputs
    if outputs is not None:
        own = {"outputs.result": outputs.result, "exitCode": outputs.exit_code}
        own |= {f"outputs.parameters.{key}": value for key, value in outputs.parameters.items()}
        seen |= {f"{prefix}.{key}": value for key, value in own.items() if value is not None}
    elif node.phase in ("Skipped", "Omitted"):
        for declared in parameters(template, "outputs"):
            seen[f"{prefix}.outputs.parameters.{declared['name']}"] = declared["valueFrom"].get("default")
    return seen


def handed_on(template: Mapping[str, Any], scope: Mapping[str, Any], tags: Tags) -> Outputs | None:
    """The outputs of a DAG, computed from its tasks'; raises `Refused` for one that is not there."""
    declared = parameters(template, "outputs")
    return Outputs({one["name"]: _handed(one, scope, tags) for one in declared}) if declared else None


def parameters(template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """The parameters under `inputs` or `outputs`."""
    found: list[dict[str, Any]] = (template.get(kind) or {}).get("parameters") or []
    return found


def _handed(declared: Mapping[str, Any], scope: Mapping[str, Any], tags: Tags) -> str:
    source = declared["valueFrom"]
    try:
        value = _resolved(source, scope, tags)
        if value is None and ("expression" in source or "default" not in source):
            raise Refused(f"output parameter {declared['name']!r} is an absent optional")
    except Refused:
        if "default" not in source:
            raise
        value = None
    return str(source["default"]) if value is None else _printed(value)


def _resolved(source: Mapping[str, Any], scope: Mapping[str, Any], tags: Tags) -> Any:
    if "expression" in source:
        return tags.expression(source["expression"], scope)
    name = source["parameter"].removeprefix("{{").removesuffix("}}").strip()
    if name.startswith("="):
        return tags.expression(name[1:], scope)
    if name not in scope:
        raise Refused(f'Unable to resolve: "{name}"')
    return scope[name]


def _printed(value: Any) -> str:
    """A value as Go prints it; what is no text, number or truth would be a list in Go's own notation."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_printed(inner)}" for key, inner in sorted(value.items())) + "]"
    return "[" + " ".join(map(_printed, value)) + "]" if isinstance(value, list) else str(value)


def _float(value: float) -> str:
    """Go's `%v`: an exponent from a million on, and below a ten-thousandth."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    point = len(digits) + int(exponent) - 1
    if value == 0 or -4 <= point < 6:
        return go_float(value)
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' * sign}{first}{'.' * bool(rest)}{rest}e{point:+03d}"


def _aggregate(name: str, items: Iterable[Node]) -> dict[str, str | None]:
    """The results of a loop, of those items that succeeded and have any."""
    found = [item.outputs for item in items if item.phase == "Succeeded" and item.outputs is not None]
    texts: dict[str, list[str]] = {}
    for outputs in found:
        for key, value in outputs.parameters.items():
            texts.setdefault(key, []).append(value or "")
    printed = [outputs.result for outputs in found if outputs.result is not None]
    prefix = f"tasks.{name}.outputs"
    return {
        f"{prefix}.result": "[" + ",".join(map(_item, printed)) + "]",
        f"{prefix}.parameters": go_json([outputs.parameters for outputs in found if outputs.parameters]),
        **{f"{prefix}.parameters.{key}": _gathered(values) for key, values in texts.items()},
    }


def _gathered(texts: list[str]) -> str:
    """A list of strings, or of JSON values when every one of them is a list or an object."""
    try:
        values = [json.loads(text, parse_int=float, object_pairs_hook=_sorted) for text in texts]
    except json.JSONDecodeError:
        return go_json(texts)
    return go_json(values if all(isinstance(value, (list, dict)) for value in values) else texts)


def _sorted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(dict(pairs).items()))


def _item(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(f"a printed result is no JSON: {error}") from error
    return compact(text)
