"""The flow's parameters with their values, checked against their own declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.expr.scope import Constant, Namespace, Variable
from dragoman.expr.types import Type, type_of
from dragoman.expr.values import Quantity, convert, to_text
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.context import address_of
from dragoman.plan.model import Param, Reference
from dragoman.plan.origin import Source


def params(declared: Mapping[str, Any], source: Source, findings: list[Finding]) -> tuple[Param, ...]:
    """Every parameter with a value of its type; findings for those without one or with a wrong one."""
    result = []
    for name, declaration in declared.items():
        path: Path = ("spec", "params", name)
        kind = declared_type(declaration, source, path, findings)
        value = declaration.get("default")
        if value is None:
            findings.append(
                Finding(
                    "DRG111",
                    f"parameter `{name}` has no value",
                    source.span(path, key=True),
                    f"give it a `default`, or `--set params.{name}=…`",
                    address=address_of(path),
                )
            )
            result.append(Param(name, kind, None, runtime=True))  # known by name, so that one mistake is one finding
            continue
        try:
            value = convert(value, kind)
        except ValueError as error:
            findings.append(
                Finding(
                    "DRG112",
                    f"parameter `{name}`: {error}",
                    source.span((*path, "default")),
                    f"it is declared as {kind}"
                    if "type" in declaration
                    else "without a `type`, a parameter is a string",
                    address=address_of(path),
                )
            )
            result.append(Param(name, kind, None, runtime=True))
            continue
        choices = _choices(declaration, kind, source, path, findings)
        problem = _out_of_range(declaration, choices, value)
        if problem:
            shown = repr(to_text(value) if isinstance(value, Quantity) else value)
            findings.append(
                Finding(
                    "DRG112",
                    f"parameter `{name}` is {shown}, {problem}",
                    source.span((*path, "default")),
                    address=address_of(path),
                )
            )
        result.append(
            Param(
                name,
                kind,
                value,
                bool(declaration.get("runtime")),
                choices,
                declaration.get("description"),
            )
        )
    return tuple(result)


def bindings(values: tuple[Param, ...]) -> Namespace:
    """`params` as expressions see it: constants, except those that a run may change."""
    return Namespace(
        "parameter",
        {
            param.name: Variable(Reference("param", (), param.name), param.type)
            if param.runtime
            else Constant(param.value, param.type)
            for param in values
        },
    )


def declared_type(declaration: Mapping[str, Any], source: Source, path: Path, findings: list[Finding]) -> Type:
    """The type that a param, input or output declares; `any` after a finding."""
    try:
        return type_of(declaration)
    except ValueError as error:
        findings.append(
            Finding(
                "DRG105",
                str(error),
                source.span(path),
                "types are string, int, float, bool, quantity, list, map, any",
                address=address_of(path),
            )
        )
        return Type("any")


def _choices(
    declaration: Mapping[str, Any], kind: Type, source: Source, path: Path, findings: list[Finding]
) -> tuple[Any, ...]:
    choices = []
    for number, choice in enumerate(declaration.get("enum") or ()):
        try:
            choices.append(convert(choice, kind))
        except ValueError as error:
            place = (*path, "enum", number)
            findings.append(Finding("DRG112", str(error), source.span(place), f"it is declared as {kind}"))
    return tuple(choices)


def _out_of_range(declaration: Mapping[str, Any], allowed: tuple[Any, ...], value: Any) -> str:
    smallest, largest = (declaration.get(key) for key in ("minimum", "maximum"))
    if smallest is not None and isinstance(value, (int, float)) and value < smallest:
        return f"below its minimum {smallest}"
    if largest is not None and isinstance(value, (int, float)) and value > largest:
        return f"above its maximum {largest}"
    if allowed and value not in allowed:
        return "not one of " + ", ".join(f"`{to_text(item)}`" for item in allowed)
    return ""
