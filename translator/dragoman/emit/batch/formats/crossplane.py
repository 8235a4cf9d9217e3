"""Objects of Crossplane's provider for AWS, which Argo CD delivers as any other.

Fields as in the provider's CRDs (crossplane-contrib/provider-upjet-aws, package/crds). What is JSON text there is
canonical, so that the same definition is the same bytes. Three of its habits matter:

- A new revision deregisters the one before unless `deregisterOnNewRevision` says no: running executions need it.
- `LateInitialize` writes into the spec what AWS answers, which Argo CD would see as drift.
- A state machine's name in AWS is the annotation `crossplane.io/external-name`, else the object's own; those of
  definitions and schedules are fields (config/externalname.go).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dragoman.emit.batch.formats.casing import camel
from dragoman.emit.batch.settings import Settings, settings
from dragoman.emit.objects import drop_empty
from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding
from dragoman.plan.model import Plan

WAVE = "argocd.argoproj.io/sync-wave"
EXTERNAL_NAME = "crossplane.io/external-name"
POLICIES = ["Observe", "Create", "Update", "Delete"]
LONGEST, HASH = 253, 8  # of an object's name (DNS-1123 subdomain)
GROUPS = {"JobDefinition": "batch", "StateMachine": "sfn", "Schedule": "scheduler"}
WAVES = {"JobDefinition": 0, "StateMachine": 1, "Schedule": 2}
TEXTS = ("containerProperties", "ecsProperties", "nodeProperties")
FIELDS = {
    "JobDefinition": {
        "name", "type", "parameters", "platformCapabilities", "propagateTags", "retryStrategy", "schedulingPriority",
        "tags", "timeout", *TEXTS,
    },
    "StateMachine": {
        "definition", "encryptionConfiguration", "loggingConfiguration", "publish", "roleArn", "tags",
        "tracingConfiguration", "type",
    },
    "Schedule": {
        "actionAfterCompletion", "description", "endDate", "flexibleTimeWindow", "groupName", "kmsKeyArn", "name",
        "scheduleExpression", "scheduleExpressionTimezone", "startDate", "state", "target",
    },
}  # fmt: skip


def form(plan: Plan, emission: Emission) -> Emission:
    """One object for each that was emitted."""
    options = settings(plan.options)
    manifests, findings = [], []
    for manifest in emission.manifests:
        fields = _fields(manifest)
        findings += [
            _strange(plan, manifest, key, emission) for key in fields if key not in FIELDS[manifest.kind] | {"region"}
        ]
        body = _object(plan, options, manifest, {"region": options.region, **fields})
        manifests.append(Manifest(manifest.file, body))
    return emission._replace(manifests=tuple(manifests), findings=tuple(findings))


def _fields(manifest: Manifest) -> dict[str, Any]:
    """What the API takes, in the words of the CRD."""
    body: dict[str, Any] = camel(manifest.body)
    if manifest.kind == "JobDefinition":
        body = {"name": body.pop("jobDefinitionName"), **body}
        for key in TEXTS:
            if key in body:
                body[key] = canonical(body[key])
        if "evaluateOnExit" in body.get("retryStrategy", {}):
            entries = [{**one, "action": one["action"].lower()} for one in body["retryStrategy"]["evaluateOnExit"]]
            body["retryStrategy"] = {**body["retryStrategy"], "evaluateOnExit": entries}
    if manifest.kind == "StateMachine":
        body.pop("name")
        body["definition"] = canonical(json.loads(body["definition"]))
        if "tags" in body:
            body["tags"] = {tag["key"]: tag["value"] for tag in body["tags"]}
        if "loggingConfiguration" in body:
            body["loggingConfiguration"] = _logging(dict(body["loggingConfiguration"]))
    return body


def _logging(logs: dict[str, Any]) -> dict[str, Any]:
    """AWS takes a list of at most one log group."""
    for destination in logs.pop("destinations", ()):
        logs["logDestination"] = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
    return logs


def _object(plan: Plan, options: Settings, manifest: Manifest, fields: Mapping[str, Any]) -> dict[str, Any]:
    namespaced = options.scope == "namespaced"
    name = object_name(manifest.name)
    extra = {"deregisterOnNewRevision": False} if manifest.kind == "JobDefinition" else {}
    renamed = name != manifest.name and manifest.kind == "StateMachine"
    group = GROUPS[manifest.kind]
    return {
        "apiVersion": f"{group}.aws.m.upbound.io/v1beta1" if namespaced else f"{group}.aws.upbound.io/v1beta2",
        "kind": manifest.kind,
        "metadata": drop_empty(
            {
                "name": name,
                "namespace": plan.namespace if namespaced else None,
                "labels": {"app.kubernetes.io/managed-by": "dragoman", **plan.labels, "dragoman.dev/flow": plan.name},
                "annotations": {
                    **plan.annotations,
                    WAVE: str(WAVES[manifest.kind]),
                    **({EXTERNAL_NAME: manifest.name} if renamed else {}),
                },
            }
        ),
        "spec": {
            "managementPolicies": POLICIES,
            "providerConfigRef": _provider(options.providerConfig, namespaced=namespaced),
            "forProvider": {**fields, **extra},
        },
    }


def _provider(name: str, *, namespaced: bool) -> dict[str, str]:
    kind, _, own = name.rpartition("/")
    return {"kind": kind or "ClusterProviderConfig", "name": own} if namespaced else {"name": own}


def _strange(plan: Plan, manifest: Manifest, field: str, emission: Emission) -> Finding:
    path = emission.places.get(manifest.name, ("metadata", "name"))
    return Finding(
        "DRG322",
        f"Crossplane's {manifest.kind} has no field for `{field}` of `{manifest.name}`",
        plan.source.span(path, key=True),
        "leave it out of the patch, or render `cloudformation`",
        address=".".join(map(str, path)),
    )


def object_name(name: str) -> str:
    """A name as Kubernetes has them; one that had to change gets a hash of what it was.

    >>> object_name("nightly-plan"), object_name("Nightly_Plan")
    ('nightly-plan', 'nightly-plan-7fe80d5d')
    """
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if text == name and len(text) <= LONGEST:
        return text
    from hashlib import sha256

    return f"{text[: LONGEST - HASH - 1].rstrip('-')}-{sha256(name.encode()).hexdigest()[:HASH]}"


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys in order, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
