"""The Workflow object of one run: the rendered template's spec, or a reference to the template in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.drive.argo.reach import Workflow
from dragoman.emit.argo.names import slug
from dragoman.emit.argo.workflow import API_VERSION, TRACKING
from dragoman.emit.objects import drop_empty
from dragoman.emitter import Emission
from dragoman.findings import Finding, Findings
from dragoman.plan.model import Plan

FLOW_LABEL = "dragoman.dev/flow"
LONGEST_PREFIX = 57  # Kubernetes cuts `generateName` at 58 letters, the dash is one


def workflow(plan: Plan, emission: Emission, values: Mapping[str, str], *, from_template: bool = False) -> Workflow:
    """The object to create; `values` are the texts of the run's own parameters."""
    rendered = next(manifest.body for manifest in emission.manifests if manifest.body["kind"] != "CronWorkflow")
    return {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": _metadata(plan, rendered),
        "spec": _reference(plan, rendered, values) if from_template else _own(rendered["spec"], values),
    }


def _metadata(plan: Plan, rendered: Mapping[str, Any]) -> dict[str, Any]:
    metadata = rendered["metadata"]
    labels = {**metadata.get("labels", {}), FLOW_LABEL: plan.name}
    return drop_empty(
        {
            "generateName": f"{slug(plan.name, LONGEST_PREFIX)}-",
            "labels": _untracked(labels),
            "annotations": _untracked(metadata.get("annotations", {})),
        }
    )


def _untracked(entries: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in entries.items() if not key.startswith(TRACKING)}


def _own(spec: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    given = spec.get("arguments", {})
    parameters = [
        {**one, "value": values[one["name"]]} if one["name"] in values else one for one in given.get("parameters", ())
    ]
    return {**spec, "arguments": {**given, "parameters": parameters}} if parameters else dict(spec)


def _reference(plan: Plan, rendered: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    kind = rendered["kind"]
    if kind == "Workflow":
        finding = Finding(
            "DRG610",
            f"`{plan.name}` is rendered as one Workflow: there is no template to start it from",
            plan.source.span(("spec", "targets", "argo", "kind")),
            "leave `--from-template` out, or let the flow be a `WorkflowTemplate`",
        )
        raise Findings([finding], 2)
    reference = {"name": rendered["metadata"]["name"], "clusterScope": True if kind.startswith("Cluster") else None}
    parameters = [{"name": name, "value": value} for name, value in values.items()]
    return drop_empty(
        {
            "workflowTemplateRef": drop_empty(reference),
            "arguments": {"parameters": parameters} if parameters else None,
        }
    )
