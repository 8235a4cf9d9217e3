"""Says of a document that is none of dragoman's what it looks like (DRG101)."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from dragoman.findings import Finding, did_you_mean
from dragoman.load.document import Placed
from dragoman.spec.gate import published
from dragoman.spec.words import found, shown


def _known(key: str) -> list[str]:
    return [one["const"] for one in published()["properties"][key]["oneOf"]]


KINDS = _known("kind")
(API_VERSION,) = _known("apiVersion")
START = f"a flow starts with `apiVersion: {API_VERSION}` and `kind: Flow`"


def stranger(document: Placed) -> Finding | None:
    """DRG101 for a document that is no flow, library or policy; None for one that is, right or wrong."""
    data = document.data
    if data is None:
        return _finding(document, "the document is empty", START)
    if not isinstance(data, dict):
        return _finding(document, f"a document of dragoman is a map, this is {found(data)}", START)
    version, kind = data.get("apiVersion"), data.get("kind")
    looks = _foreign(data)
    if looks:
        return _finding(document, f"this is {looks}, not a document of dragoman", START)
    if "kind" not in data:
        return _without_kind(document)
    if kind not in KINDS:
        return _unknown(document, "kind", did_you_mean(str(kind), KINDS))
    if "apiVersion" in data and version != API_VERSION:
        return _unknown(document, "apiVersion", f"this dragoman reads `{API_VERSION}`")
    return None  # a missing apiVersion is a missing key like others


def _finding(document: Placed, message: str, hint: str, key: str = "") -> Finding:
    span = document.span((key,) if key else ())
    return Finding("DRG101", message, span, hint, address=key)


def _unknown(document: Placed, key: str, hint: str) -> Finding:
    value = document.data[key]
    if isinstance(value, str):
        return _finding(document, f"unknown {key} `{shown(value)}`", hint, key)
    return _finding(document, f"`{key}` must be a string, found {found(value)}", hint, key)


def _without_kind(document: Placed) -> Finding:
    spec = document.data.get("spec")
    keys = set(spec if isinstance(spec, dict) else document.data)
    kind = "Policy" if keys & {"match", "accelerators"} else "Library" if keys == {"templates"} else "Flow"
    if "apiVersion" in document.data:
        return _finding(document, "`kind` is missing", f"add `kind: {kind}`")
    hint = f"add `apiVersion: {API_VERSION}` and `kind: {kind}`"
    return _finding(document, "`apiVersion` and `kind` are missing", hint)


def _foreign(data: dict[str, Any]) -> str:
    """What somebody else's document is, with its article; empty for one that may be ours."""
    version, kind = data.get("apiVersion"), data.get("kind")
    if isinstance(version, str) and isinstance(kind, str):
        if SequenceMatcher(None, version, API_VERSION).ratio() > 0.7:
            return ""
        group = version.partition("/")[0] if "/" in version else ""
        return _with_article(f"{_owner(group, kind)} {kind}")
    if "apiVersion" in data or "kind" in data:
        return ""
    for keys, looks in _KEYS.items():
        if keys <= data.keys():
            return looks
    return ""


def _owner(group: str, kind: str) -> str:
    if group == "argoproj.io":
        return "Argo CD" if kind in ("Application", "ApplicationSet", "AppProject") else "Argo"
    return _GROUPS.get(group, "Kubernetes")


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'AEIOU' else 'a'} {words}"


_GROUPS = {
    "batch.volcano.sh": "Volcano",
    "kueue.x-k8s.io": "Kueue",
    "kubeflow.org": "Kubeflow",
    "kyverno.io": "Kyverno",
    "ray.io": "Ray",
    "tekton.dev": "Tekton",
}
# the top-level keys by which documents without apiVersion and kind are known
_KEYS = {
    frozenset({"on", "jobs"}): "a GitHub Actions workflow",
    frozenset({"services"}): "a Docker Compose file",
    frozenset({"StartAt", "States"}): "an AWS Step Functions state machine",
    frozenset({"jobDefinitionName"}): "an AWS Batch job definition",
    frozenset({"AWSTemplateFormatVersion"}): "an AWS CloudFormation template",
    frozenset({"pipelineSpec"}): "a Kubeflow pipeline",
}
