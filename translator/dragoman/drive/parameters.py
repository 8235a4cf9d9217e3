"""The parameters of one run: `--param NAME=VALUE`, checked as the flow declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.expr.values import convert_text
from dragoman.findings import Finding, Findings, did_you_mean
from dragoman.plan.model import Param, Plan
from dragoman.plan.overlay import overlay
from dragoman.plan.params import params

FLAG = "--param"


def run_parameters(plan: Plan, given: Sequence[str]) -> dict[str, Any]:
    """The value of each parameter that the command line names; raises `Findings` with everything that is wrong."""
    declared = _declarations(plan) if given else {}
    known = {param.name: param for param in plan.params}
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for argument in given:
        name, equals, text = argument.partition("=")
        if not equals or not name:
            way_out = f"for example `{FLAG} rows=500`"
            findings.append(Finding("DRG114", f"`{FLAG} {argument}` is not `name=value`", None, way_out))
        elif name not in known:
            names = [param.name for param in plan.params if param.runtime]
            findings.append(Finding("DRG611", f"the flow has no parameter `{name}`", None, did_you_mean(name, names)))
        elif not known[name].runtime:
            findings.append(_fixed(plan, name, text))
        else:
            value, wrong = _checked(plan, known[name], text, declared.get(name) or {})
            findings += wrong
            values[name] = value
    if findings:
        raise Findings(findings, 2)
    return values


def _fixed(plan: Plan, name: str, text: str) -> Finding:
    return Finding(
        "DRG611",
        f"parameter `{name}` is settled when the flow is rendered",
        plan.source.span(("spec", "params", name), key=True),
        f"say `--set params.{name}={text}`, or declare it `runtime: true`",
        address=f"spec.params.{name}",
    )


def _checked(plan: Plan, param: Param, text: str, declaration: Mapping[str, Any]) -> tuple[Any, list[Finding]]:
    findings: list[Finding] = []
    place = plan.source.span(("spec", "params", param.name), key=True)
    try:
        value = convert_text(text, param.type)
    except ValueError as error:
        message = f"`{FLAG} {param.name}`: {error}"
        return None, [Finding("DRG112", message, place, f"it is declared as {param.type}")]
    params({param.name: {**declaration, "default": value}}, plan.source, findings)  # its range and its list of values
    return value, [finding._replace(span=place) for finding in findings]


def _declarations(plan: Plan) -> Mapping[str, Any]:
    source = plan.source
    data, _ = overlay(source.document, source.environment, [text for _, text in source.sets])
    return data["spec"].get("params") or {}
