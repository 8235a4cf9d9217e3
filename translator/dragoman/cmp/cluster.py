"""What the cluster behind Argo CD serves, and what was rendered that it does not."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.cmp.request import Request
from dragoman.emit.pods import QUEUE_LABEL
from dragoman.emit.registry import AWS
from dragoman.findings import Finding
from dragoman.pipeline import Rendering
from dragoman.plan.references import steps_of

# who brings what a flow may need, by API group
OWNERS = {
    "argoproj.io": "Argo Workflows",
    "jobset.x-k8s.io": "JobSet",
    "kueue.x-k8s.io": "Kueue",
    "aws.upbound.io": "Crossplane's provider for AWS",
    "aws.m.upbound.io": "Crossplane's provider for AWS",
}


def unserved(rendering: Rendering, request: Request) -> Iterator[Finding]:
    """What was rendered and the cluster does not know; nothing when nobody said what it knows."""
    if not request.versions:
        return
    plan = rendering.plan
    wanted = {
        (manifest.body["apiVersion"], manifest.body["kind"])
        for manifest in rendering.emission.manifests
        if not manifest.kind
    }
    for version, kind in sorted(wanted):
        if not _served(version, kind, request.versions):
            span = plan.source.span(("spec", "target"))
            yield Finding(
                "DRG671", f"the cluster has no {kind} ({version})", span, _advice(version), address="spec.target"
            )
    group = QUEUE_LABEL.partition("/")[0]
    queued = next((step for step in steps_of(plan) if step.queue and AWS not in (step.compute, plan.target)), None)
    if queued is not None and not any(name.startswith(f"{group}/") for name in request.versions):
        layer = queued.layers[0]
        message = f"step `{queued.name}` waits in the queue `{queued.queue}`, and the cluster has no Kueue"
        yield Finding("DRG671", message, layer.source.span(layer.path, key=True), "install Kueue, or leave `queue` out")


def _served(version: str, kind: str, versions: frozenset[str]) -> bool:
    """Whether the kind is there; a list that names no kinds, as Helm's users write it, is taken at its word."""
    if f"{version}/{kind}" in versions:
        return True
    return version in versions and not any(name.startswith(f"{version}/") for name in versions)


def _advice(version: str) -> str:
    group = version.partition("/")[0]
    owner = next((OWNERS[known] for known in OWNERS if group == known or group.endswith(f".{known}")), "")
    missing = f"install {owner}" if owner else "install what brings it"
    return f"{missing}, choose another target, or see that Argo CD's `resource.exclusions` do not hide it"
