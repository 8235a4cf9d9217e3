"""Outputs: what a step hands on, as itself and as the steps around it see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.expr.scope import Namespace, Scope
from dragoman.expr.types import list_of
from dragoman.expr.values import convert, to_text
from dragoman.load.document import Path
from dragoman.plan import scope as scopes
from dragoman.plan.containers import DIRECTORY, Stack
from dragoman.plan.context import Context
from dragoman.plan.loops import foreach, inside
from dragoman.plan.model import Address, Output
from dragoman.plan.origin import Source
from dragoman.plan.params import declared_type
from dragoman.plan.templates import find


def step_outputs(context: Context, stack: Stack) -> dict[str, Output]:
    """The outputs of a step with a container: its template's, then its own."""
    result: dict[str, Output] = {}
    for layer in reversed(stack.layers[:-1]):
        for name, declaration in (layer.data.get("outputs") or {}).items():
            path = (*layer.path, "outputs", name)
            if isinstance(declaration, str):
                context.report(
                    "DRG119",
                    f"output `{name}` is an expression; only a group computes its outputs",
                    layer.source,
                    path,
                    "declare a type: `{type: float}`, and write the file `$DRAGOMAN_OUTPUTS/" + name + "`",
                )
            elif declaration is not None:
                result[name] = _output(context, name, declaration, layer.source, path)
    return result


def _output(context: Context, name: str, declaration: Mapping[str, Any], source: Source, path: Path) -> Output:
    kind = declared_type(declaration, source, path, context.findings)
    stdout = declaration.get("from") == "stdout"
    if stdout and declaration.get("path") is not None:
        context.report(
            "DRG118",
            f"output `{name}` comes from a file and from stdout",
            source,
            path,
            "keep `path` or `from`",
        )
    default = declaration.get("default")
    if default is not None:
        try:
            default = to_text(convert(default, kind))
        except ValueError as error:
            context.report(
                "DRG112",
                f"the default of output `{name}`: {error}",
                source,
                (*path, "default"),
                f"it is declared as {kind}",
            )
            default = None
    file = None if stdout else declaration.get("path") or f"{DIRECTORY}/{name}"
    return Output(name, kind, file, stdout, default)


def visible_outputs(
    context: Context, name: str, data: Mapping[str, Any], source: Source, path: Path, scope: Scope
) -> dict[str, Output]:
    """A step's outputs as its siblings see them: a loop's are lists, one value an item."""
    if data.get("steps") is not None:
        quiet = context._replace(findings=[])  # the group itself reports them, once
        if data.get("foreach") is not None and data.get("outputs"):
            loop = foreach(quiet, data["foreach"], source, (*path, "foreach"), scope)
            scope = inside(scope, (name,), data["foreach"], loop)
        declared = group_outputs(quiet, data, (name,), source, path, scope)
    else:
        template = find(context, data["use"]) if data.get("use") else None
        blocks = {**((template.data.get("outputs") or {}) if template else {}), **(data.get("outputs") or {})}
        declared = {
            key: Output(key, declared_type(block, source, path, []))
            for key, block in blocks.items()
            if isinstance(block, Mapping)
        }
    if data.get("foreach") is None:
        return declared
    return {key: output._replace(type=list_of(output.type)) for key, output in declared.items()}


def group_outputs(
    context: Context, data: Mapping[str, Any], address: Address, source: Source, path: Path, scope: Scope
) -> dict[str, Output]:
    """The outputs of a group: expressions over its own steps' outputs, and what is known around it."""
    declared = data.get("outputs")
    if not declared:
        return {}
    inner = {
        name: visible_outputs(context, name, block, source, (*path, "steps", name), scope)
        for name, block in data["steps"].items()
    }
    own = scopes.with_steps({**scope, "steps": Namespace("step", {})}, address, inner, hidden_names(data["steps"]))
    result = {}
    for name, written in declared.items():
        place = (*path, "outputs", name)
        if not isinstance(written, str):
            context.report(
                "DRG119",
                f"output `{name}` of a group is an expression over its steps",
                source,
                place,
                "for example `score: steps.train.outputs.score`",
            )
            continue
        tree = context.expression(written, source, place, own)
        if tree is not None:
            result[name] = Output(name, tree.type, value=tree)
    return result


def hidden_names(data: Mapping[str, Any]) -> dict[str, str]:
    """Names of steps inside groups, each with its group: they exist, but cannot be read from here."""
    return {inner: group for group, block in data.items() if block.get("steps") is not None for inner in block["steps"]}
