"""A flow as one of an application's: in the namespace of its destination, with labels that say whose it is.

Argo CD marks what it tracks itself, with the annotation `argocd.argoproj.io/tracking-id` or the label
`app.kubernetes.io/instance` (util/argo/resource_tracking.go). Neither is ours to write: labels are copied to the runs
of a template, which Argo CD did not make, and would prune.
"""

from __future__ import annotations

from dragoman.cmp.request import Request
from dragoman.findings import Finding, Findings
from dragoman.load.document import Document

APPLICATION, PROJECT = "dragoman.dev/application", "dragoman.dev/project"
LONGEST = 63  # letters of a label's value


def adopted(flow: Document, request: Request) -> Document:
    """The flow with what its application says; raises `Findings` when it claims to be another's."""
    given = flow.data.get("metadata") if isinstance(flow.data, dict) else None
    if not isinstance(given, dict) or not isinstance(given.get("labels") or {}, dict):
        return flow  # what is wrong with it is said where it is read
    said = ((APPLICATION, request.application), (PROJECT, request.project))
    ours = {name: label(value) for name, value in said if value}
    labels = given.get("labels") or {}
    findings = [
        Finding(
            "DRG675",
            f"the label `{name}` is `{labels[name]}`, and this is `{value or 'unknown'}`",
            flow.span(("metadata", "labels", name)),
            "leave it out: it is set by who renders for Argo CD, and policies go by it",
            address=f"metadata.labels.{name}",
        )
        for name, value in said
        if request.application and name in labels and labels[name] != ours.get(name)
    ]
    if findings:
        raise Findings(findings)
    metadata = {**given, **({"labels": {**labels, **ours}} if ours else {})}
    if request.namespace and metadata.get("namespace") is None:
        metadata["namespace"] = request.namespace
    data = {**flow.data, "metadata": metadata}
    marks = {**flow.marks}
    for new, old in ((data, flow.data), (metadata, given), (metadata.get("labels"), given.get("labels"))):
        if new is not old and id(old) in marks:
            marks[id(new)] = marks.pop(id(old))  # the old one may be freed, and its id become another's
    return flow._replace(data=data, marks=marks)


def label(name: str) -> str:
    """A name as the value of a label; one that is too long keeps its start and gets a hash of the whole."""
    if len(name) <= LONGEST:
        return name
    from hashlib import sha256  # hardly any name is too long

    return f"{name[: LONGEST - 9].rstrip('-_.')}-{sha256(name.encode()).hexdigest()[:8]}"
