"""The parameters of a run whose document is far away: checked by what the plan says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.expr.values import convert_text, equal, to_text
from dragoman.findings import Finding, Findings, did_you_mean
from dragoman.plan.model import Param, Plan, Reference

FLAG = "--param"


def given(plan: Plan, arguments: Sequence[str]) -> dict[str, Any]:
    """The value of each parameter that is named; raises `Findings` with everything that is wrong."""
    known = {param.name: param for param in plan.params if param.runtime}
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or not name:
            message = f"`{FLAG} {argument}` is not `name=value`"
            findings.append(Finding("DRG114", message, None, f"for example `{FLAG} rows=500`"))
        elif name not in known:
            message = f"the flow has no parameter `{name}` that a run may change"
            findings.append(Finding("DRG611", message, None, did_you_mean(name, known)))
        else:
            try:
                values[name] = _checked(known[name], text)
            except ValueError as error:
                message = f"`{FLAG} {name}`: {error}"
                findings.append(Finding("DRG112", message, None, f"it is declared as {known[name].type}"))
    if findings:
        raise Findings(findings, 2)
    return values


def known(plan: Plan, values: Mapping[str, Any], id_: str, name: str) -> dict[Any, Any]:
    """What the references of a run stand for: who it is, its parameters."""
    return {
        Reference("run", (), "id"): id_,
        Reference("run", (), "name"): name,
        **{Reference("param", (), param.name): values.get(param.name, param.value) for param in plan.params},
    }


def _checked(param: Param, text: str) -> Any:
    value = convert_text(text, param.type)
    if param.enum and not any(equal(value, choice) for choice in param.enum):
        choices = ", ".join(f"`{to_text(choice)}`" for choice in param.enum)
        raise ValueError(f"`{text}` is none of {choices}")
    return value
