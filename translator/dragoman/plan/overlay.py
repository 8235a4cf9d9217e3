"""Lay an environment and `--set` values over a flow's spec, before anything in it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.findings import Finding, Findings, Span, did_you_mean
from dragoman.load.document import Document, Path
from dragoman.plan.origin import Source

# maps of things with names: a `--set` below such a name changes the thing, and must not make a new one
NAMED = {"params": "parameter", "steps": "step", "onExit": "exit step", "templates": "template", "outputs": "output"}


def overlay(document: Document, environment: str, sets: Sequence[str]) -> tuple[dict[str, Any], Source]:
    """The document's data with `spec.environments[environment]` merged in, then each `path=value` of `sets`.

    Maps merge by key, null deletes, everything else replaces (JSON merge patch, RFC 7396). A `--set` path counts
    from `spec`; `params.NAME=value` is short for `params.NAME.default=value`.
    """
    data: dict[str, Any] = document.data
    if environment:
        environments = data["spec"].get("environments") or {}
        if environment not in environments:
            span = document.span(("spec", "environments"), key=True)
            raise Findings(
                [
                    Finding(
                        "DRG113",
                        f"the flow has no environment `{environment}`",
                        span,
                        did_you_mean(environment, environments),
                    )
                ]
            )
        data = {**data, "spec": merge_patch(data["spec"], environments[environment])}
    targets: list[tuple[Path, str]] = []
    for argument in sets:
        path, value = _parse_set(argument, data["spec"].get("params") or {})
        data = {**data, "spec": _assign(data["spec"], path, value, argument)}
        targets.append((("spec", *path), argument))
    return data, Source(document, environment, tuple(targets))


def merge_patch(base: Any, patch: Any) -> Any:
    """RFC 7396: maps merge by key, null deletes, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _parse_set(argument: str, declared: Mapping[str, Any]) -> tuple[tuple[str, ...], Any]:
    path, equals, text = argument.partition("=")
    names = tuple(path.split("."))
    if not equals or not all(names):
        raise Findings(
            [
                Finding(
                    "DRG114",
                    f"`--set {argument}` is not `path=value`",
                    Span("--set"),
                    "for example `--set steps.train.resources.cpu=8` or `--set params.rows=500`",
                )
            ]
        )
    if len(names) == 2 and names[0] == "params":
        kind = (declared.get(names[1]) or {}).get("type", "string")
        return (*names, "default"), text if kind in ("string", "quantity") else _value(text, argument)
    return names, _value(text, argument)


def _value(text: str, argument: str) -> Any:
    """The value as YAML reads it in a flow's file, so that `--set a=1` is a number and `--set 'a="1"'` a string."""
    from dragoman.load import yaml

    if not text.strip():
        return text
    try:
        documents = yaml.parse(text, "--set")
    except Findings as error:
        first = error.findings[0]
        raise Findings([first._replace(span=Span(f"--set {argument}"))]) from None
    if len(documents) != 1:
        raise _refused(argument, "the value is more than one YAML document, or none", "quote it for text")
    return documents[0].data


def _assign(base: Any, path: tuple[str, ...], value: Any, argument: str, owner: str = "") -> Any:
    """The map with a value put in at a path; what has a name of its own (a parameter, a step) must be there."""
    if not path:
        return value
    if base is not None and not isinstance(base, Mapping):
        raise _refused(
            argument, f"`{path[0]}` is inside a value that has no keys", "a path counts from `spec`, with dots between"
        )
    known = base or {}
    if len(path) > 1 and owner in NAMED and path[0] not in known:
        raise _refused(argument, f"there is no {NAMED[owner]} `{path[0]}`", did_you_mean(path[0], known))
    merged = dict(known)
    child = _assign(merged.get(path[0]), path[1:], value, argument, path[0])
    if child is None:
        merged.pop(path[0], None)
    else:
        merged[path[0]] = child
    return merged


def _refused(argument: str, message: str, help: str) -> Findings:
    return Findings([Finding("DRG114", message, Span(f"--set {argument}"), help)])
