"""One template of AWS CloudFormation: the definitions, the state machine, its schedules.

A definition is referred to by its bare name, as everywhere: its newest revision counts, and an update keeps the old
one for executions that run (`SkipDeregisterOnUpdate`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.batch.formats.casing import pascal
from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding
from dragoman.plan.model import Plan

TYPES = {
    "JobDefinition": "AWS::Batch::JobDefinition",
    "StateMachine": "AWS::StepFunctions::StateMachine",
    "Schedule": "AWS::Scheduler::Schedule",
}
MOST_RESOURCES, LARGEST = 500, 1_000_000  # resources, bytes of a template (CloudFormation quotas)
DYNAMIC = "{{resolve:"


def form(plan: Plan, emission: Emission) -> Emission:
    """The template, as one manifest."""
    found: dict[str, Any] = {}
    for manifest in emission.manifests:
        kinds = list(TYPES)[: list(TYPES).index(manifest.kind)]
        before = [name for name, other in found.items() if other["Type"] in {TYPES[kind] for kind in kinds}]
        found[_fresh(manifest, found)] = {
            "Type": TYPES[manifest.kind],
            **({"DependsOn": before} if before else {}),
            "Properties": _properties(manifest),
        }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{plan.name}, rendered by dragoman",
        "Resources": found,
    }
    made = Manifest(f"template-{plan.name}.yaml", template, "Template", plan.name)
    return emission._replace(manifests=(made,), findings=tuple(_too_much(plan, emission, template)))


def _properties(manifest: Manifest) -> dict[str, Any]:
    body: dict[str, Any] = pascal(manifest.body)
    if manifest.kind == "JobDefinition":
        return {**body, "ResourceRetentionPolicy": {"SkipDeregisterOnUpdate": True}}
    if manifest.kind == "StateMachine":
        names = {"Name": "StateMachineName", "Type": "StateMachineType", "Definition": "DefinitionString"}
        return {names.get(key, key): value for key, value in body.items()}
    return body


def _fresh(manifest: Manifest, taken: Mapping[str, Any]) -> str:
    """A logical id, which has letters and digits only."""
    words = re.split(r"[^A-Za-z0-9]+", manifest.name)
    name = start = manifest.kind + "".join(word[:1].upper() + word[1:] for word in words)
    number = 2
    while name in taken:
        name, number = f"{start}{number}", number + 1
    return name


def _too_much(plan: Plan, emission: Emission, template: Mapping[str, Any]) -> Iterator[Finding]:
    """What CloudFormation has no room for, and texts that it would replace (dynamic references)."""
    size = len(json.dumps(template, ensure_ascii=False).encode())
    count = len(template["Resources"])
    for number, most, what in ((count, MOST_RESOURCES, "resources"), (size, LARGEST, "bytes")):
        if number > most:
            message = f"the template has {number} {what}, maximum {most}"
            span = plan.source.span(("metadata", "name"))
            yield Finding("DRG323", message, span, "make several flows of it, or render `crossplane`")
    for manifest in emission.manifests:
        if DYNAMIC in json.dumps(manifest.body, ensure_ascii=False):
            path = emission.places.get(manifest.name, ("spec", "steps"))
            yield Finding(
                "DRG324",
                f"`{manifest.name}` holds the text `{DYNAMIC}`, which CloudFormation replaces",
                plan.source.span(path, key=True),
                "write the text otherwise, or render `crossplane`",
                address=".".join(map(str, path)),
            )
