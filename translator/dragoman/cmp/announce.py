"""The parameters that an application's own folder has: its flows' environments, and their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dragoman.cmp.settings import OWN, PARAMETERS, announcement
from dragoman.expr.types import type_of
from dragoman.findings import Findings
from dragoman.load.document import Document
from dragoman.plan.overlay import overlay

ITEMS = {"int": "number", "float": "number", "bool": "boolean"}  # Argo CD's words for ours


def announced(flows: Iterable[Document], environment: str) -> list[dict[str, Any]]:
    """What Argo CD is told of the flows; of a flow that says it wrongly, nothing."""
    environments: dict[str, None] = {}
    found: dict[str, dict[str, Any]] = {}
    for flow in flows:
        spec = flow.data.get("spec") if isinstance(flow.data, dict) else None
        if not isinstance(spec, dict):
            continue
        if isinstance(spec.get("environments"), dict):
            environments.update(dict.fromkeys(map(str, spec["environments"])))
        try:
            if environment:
                spec = overlay(flow, environment, ())[0]["spec"]
        except (Findings, KeyError, TypeError, AttributeError):
            pass  # without it, then: nothing has been checked yet
        params = spec.get("params")
        for name, declaration in params.items() if isinstance(params, dict) else ():
            if isinstance(name, str) and isinstance(declaration, dict):
                found.setdefault(name, _param(name, declaration))
    return [*(_environment(parameter, environments) for parameter in PARAMETERS if parameter.dynamic), *found.values()]


def _environment(parameter: Any, names: Iterable[str]) -> dict[str, Any]:
    choices = ", ".join(names)
    return announcement(parameter._replace(tooltip=f"{parameter.tooltip}: {choices or 'they have none'}"))


def _param(name: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
    """A flow's parameter: text, written as `--set params.NAME=` takes it."""
    try:
        kind = str(type_of(declaration))
    except ValueError:
        kind = "any"
    words = [str(declaration["description"])] if declaration.get("description") else []
    words.append(kind)
    if isinstance(declaration.get("enum"), list):
        words.append("one of " + ", ".join(map(_text, declaration["enum"])))
    words += [f"{key} {_text(declaration[key])}" for key in ("minimum", "maximum") if declaration.get(key) is not None]
    return {
        "name": f"{OWN}{name}",
        "title": name,
        "tooltip": "; ".join(words),
        "required": declaration.get("default") is None,
        "itemType": ITEMS.get(kind, "string"),
        "collectionType": "string",
        "string": "" if declaration.get("default") is None else _text(declaration["default"]),
    }


def _text(value: Any) -> str:
    from json import dumps

    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)
