"""What Argo accepts, checked on the emitted objects: the limits of its CRDs, sizes, arguments, schedules.

Limits of the full CRDs are kubebuilder marks on pkg/apis/workflow/v1alpha1; a cluster with Argo 4's own install
manifests enforces them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dragoman.emit.argo.settings import Settings, settings
from dragoman.emit.cron import schedules
from dragoman.emit.sizes import STRING_BYTES, byte_count, size
from dragoman.emitter import Emission
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.model import Plan

MOST_TEMPLATES = MOST_TASKS = 200
MOST_INPUTS = 500
LARGEST = 2**31 - 1  # int32


def verify(plan: Plan, emission: Emission) -> Sequence[Finding]:
    """Findings about what was emitted, at the places of the spec that asked for it."""
    options = settings(plan.options)
    findings: list[Finding] = []
    for manifest in emission.manifests:
        findings += size(plan, manifest)
        if manifest.body.get("kind") == "CronWorkflow":
            findings += schedules(plan)
            continue
        findings += _ttl(plan, manifest.body["spec"].get("ttlStrategy") or {})
        templates = manifest.body["spec"].get("templates") or []
        findings += _counts(plan, emission, templates, options)
        findings += _arguments(plan, emission, templates)
    return findings


def _ttl(plan: Plan, strategy: Mapping[str, int]) -> Iterator[Finding]:
    if max(strategy.values(), default=0) > LARGEST:
        yield Finding(
            "DRG112",
            f"runs are kept for {max(strategy.values())} s, and Argo counts to {LARGEST}, 68 years",
            plan.source.span(("spec", "targets", "argo", "ttl")),
            "leave `ttl` out to keep them for good",
            address="spec.targets.argo.ttl",
        )


def _counts(
    plan: Plan, emission: Emission, templates: Sequence[Mapping[str, Any]], options: Settings
) -> Iterator[Finding]:
    limited = options.crds == "full" and options.since("4.0")
    way_out = (
        "let loops do the work of many steps, or split the flow; if your cluster has the minimal CRDs, which have no "
        "such limit, say so: `targets.argo.crds: minimal`"
    )
    if limited and len(templates) > MOST_TEMPLATES:
        message = f"the flow needs {len(templates):,} Argo templates, maximum {MOST_TEMPLATES}"
        yield _at_name(plan, "DRG501", message, ("spec", "steps"), way_out)
    for template in templates:
        path = emission.places.get(template["name"], ("spec", "steps"))
        tasks = (template.get("dag") or {}).get("tasks") or ()
        if limited and len(tasks) > MOST_TASKS:
            message = f"this graph has {len(tasks):,} steps, an Argo DAG takes {MOST_TASKS}"
            yield _at_name(plan, "DRG501", message, path, way_out)
        inputs = (template.get("inputs") or {}).get("parameters") or ()
        if limited and len(inputs) > MOST_INPUTS:
            message = f"this step reads {len(inputs):,} values, an Argo template takes {MOST_INPUTS}"
            yield _at_name(plan, "DRG501", message, path, "hand them over as one list")
        yield from _long_strings(plan, template, path)


def _at_name(plan: Plan, code: str, message: str, path: Path, way_out: str) -> Finding:
    """A finding at the name of a step or a graph."""
    return Finding(code, message, plan.source.span(path, key=True), way_out, address=".".join(map(str, path)))


def _long_strings(plan: Plan, template: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """Argo hands on a template of this size, or its arguments, in a file, which the kubelet does not read."""
    if "dag" in template:
        return
    count = byte_count(template)
    if count >= STRING_BYTES:
        message = f"the texts of this step have {count:,} bytes, maximum {STRING_BYTES:,}"
        yield _at_name(plan, "DRG504", message, path, "put them into the image, a ConfigMap or a volume")


def _arguments(plan: Plan, emission: Emission, templates: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Argo itself takes unknown arguments in silence; a patch could make one."""
    inputs = {
        template["name"]: {entry["name"] for entry in (template.get("inputs") or {}).get("parameters", ())}
        for template in templates
    }
    for template in templates:
        for task in (template.get("dag") or {}).get("tasks") or ():
            given = {entry["name"] for entry in (task.get("arguments") or {}).get("parameters", ())}
            wanted = inputs.get(task.get("template"))
            if wanted is None or given == wanted:
                continue
            path = emission.places.get(template["name"], ("spec", "steps"))
            names = ", ".join(f"`{name}`" for name in sorted(given ^ wanted))
            message = f"task `{task['name']}` and its template disagree about {names}"
            yield _at_name(plan, "DRG506", message, path, "a patch made this: arguments and inputs must match")
