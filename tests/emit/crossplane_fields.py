"""What Crossplane's objects may say, as JSON Schemas: the fields of provider-upjet-aws v2 that dragoman uses.

Where DRAGOMAN_AWS_CRDS is a folder with the provider's CRDs, `published` reads those.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
WORDS = {"type": "array", "items": TEXT}


def _object(required: str = "", **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": required.split(), "additionalProperties": False}


def _entries(**fields: Any) -> dict[str, Any]:
    return {"type": "array", "items": _object(**fields)}


FIELDS = {
    "JobDefinition": _object(
        "region name type",
        region=TEXT,
        name=TEXT,
        type=TEXT,
        containerProperties=TEXT,
        ecsProperties=TEXT,
        nodeProperties=TEXT,
        deregisterOnNewRevision=TRUTH,
        parameters=TEXTS,
        platformCapabilities=WORDS,
        propagateTags=TRUTH,
        retryStrategy=_object(
            attempts=NUMBER, evaluateOnExit=_entries(action=TEXT, onExitCode=TEXT, onReason=TEXT, onStatusReason=TEXT)
        ),
        schedulingPriority=NUMBER,
        tags=TEXTS,
        timeout=_object(attemptDurationSeconds=NUMBER),
    ),
    "StateMachine": _object(
        "region definition",
        region=TEXT,
        definition=TEXT,
        loggingConfiguration=_object(includeExecutionData=TRUTH, level=TEXT, logDestination=TEXT),
        publish=TRUTH,
        roleArn=TEXT,
        tags=TEXTS,
        tracingConfiguration=_object(enabled=TRUTH),
        type=TEXT,
    ),
    "Schedule": _object(
        "region flexibleTimeWindow scheduleExpression target",
        region=TEXT,
        name=TEXT,
        flexibleTimeWindow=_object(maximumWindowInMinutes=NUMBER, mode=TEXT),
        scheduleExpression=TEXT,
        scheduleExpressionTimezone=TEXT,
        state=TEXT,
        target=_object(
            arn=TEXT,
            input=TEXT,
            roleArn=TEXT,
            retryPolicy=_object(maximumEventAgeInSeconds=NUMBER, maximumRetryAttempts=NUMBER),
        ),
    ),
}
VERSIONS = {"cluster": "v1beta2", "namespaced": "v1beta1"}
GROUPS = {"JobDefinition": "batch", "StateMachine": "sfn", "Schedule": "scheduler"}


def group(kind: str, scope: str) -> str:
    return f"{GROUPS[kind]}.aws.{'m.' if scope == 'namespaced' else ''}upbound.io"


def expected(kind: str, scope: str) -> dict[str, Any]:
    """The schema of one kind, as written above."""
    namespaced = scope == "namespaced"
    provider = _object("kind name", kind=TEXT, name=TEXT) if namespaced else _object("name", name=TEXT)
    policies = {"type": "array", "items": {"enum": ["Observe", "Create", "Update", "Delete", "LateInitialize", "*"]}}
    spec = _object("forProvider", forProvider=FIELDS[kind], managementPolicies=policies, providerConfigRef=provider)
    about = _object("name", name=TEXT, labels=TEXTS, annotations=TEXTS, **({"namespace": TEXT} if namespaced else {}))
    version = {"const": f"{group(kind, scope)}/{VERSIONS[scope]}"}
    return _object("apiVersion kind metadata spec", apiVersion=version, kind={"const": kind}, metadata=about, spec=spec)


FOLDER = os.environ.get("DRAGOMAN_AWS_CRDS", "")


@cache
def published(kind: str, scope: str) -> dict[str, Any]:
    """The schema of one kind, from its CRD: a field that it does not have is an error, as it is with `--validate`."""
    file = Path(FOLDER) / f"{group(kind, scope)}_{kind.lower()}s.yaml"
    crd = yaml.safe_load(file.read_text())
    [version] = [one for one in crd["spec"]["versions"] if one["name"] == VERSIONS[scope]]
    assert (crd["spec"]["scope"] == "Namespaced") is (scope == "namespaced")
    schema: dict[str, Any] = _closed(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return schema


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(one) for key, one in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
