"""What was rendered and Argo CD would not sync, or not as anybody wants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dragoman.emit.sizes import APPLY_BYTES, byte_count
from dragoman.findings import WARNING, Finding, Span
from dragoman.pipeline import Rendering

HOOK = "argocd.argoproj.io/hook"
OPTIONS = "argocd.argoproj.io/sync-options"
ONE_SHOT = {"Job": "batch", "JobSet": "jobset.x-k8s.io", "Workflow": "argoproj.io"}  # what runs once, and its group
TTL = {"Job": "ttlSecondsAfterFinished", "JobSet": "ttlSecondsAfterFinished", "Workflow": "ttlStrategy"}
_HASHED = re.compile(r".*-[0-9a-f]{8}")


def foreign(renderings: Iterable[Rendering]) -> Iterator[Finding]:
    """What Argo CD cannot apply: no objects of Kubernetes, objects without a name of their own, objects twice."""
    seen: dict[tuple[str, str, str, str], Rendering] = {}
    for one in renderings:
        span = one.plan.source.span(("metadata", "name"))
        for manifest in one.emission.manifests:
            if manifest.kind:
                message = f"`{manifest.file}` is no object of Kubernetes, and Argo CD applies nothing else"
                yield Finding("DRG677", message, span, _format(one), address=f"spec.targets.{one.plan.target}.format")
                continue
            body: Mapping[str, Any] = manifest.body
            metadata = body["metadata"]
            if "name" not in metadata and HOOK not in (metadata.get("annotations") or {}):
                message = f"a {body['kind']} with `generateName` cannot be applied, unless it is a hook"
                yield Finding("DRG677", message, span, "give it a name, or leave the patch out")
                continue
            group = body["apiVersion"].rpartition("/")[0]
            identity = (group, body["kind"], metadata.get("namespace", ""), metadata.get("name", ""))
            if metadata.get("name") and seen.setdefault(identity, one) is not one:
                other = seen[identity].plan.source.span(("metadata", "name"))
                message = f"two flows make the {identity[1]} `{identity[3]}`"
                yield Finding("DRG507", message, span, "rename one of the flows", related=((other, "the other one"),))


def hazards(objects: Iterable[Mapping[str, Any]], span: Span | None, options: Iterable[str] = ()) -> Iterator[Finding]:
    """What would make a sync fail or repeat itself; `options` are the application's own sync options."""
    for body in objects:
        kind, metadata = body["kind"], body["metadata"]
        group = body["apiVersion"].rpartition("/")[0]
        annotations = metadata.get("annotations") or {}
        own = {option.strip() for option in str(annotations.get(OPTIONS, "")).split(",")} | {*options}
        name = f"{kind} `{metadata.get('name') or metadata.get('generateName')}`"
        tracked = HOOK not in annotations
        if tracked and ONE_SHOT.get(kind) == group:
            if (body.get("spec") or {}).get(TTL[kind]) is not None:
                advice = "leave it out: Argo CD deletes what is no longer rendered"
                yield Finding("DRG678", f"`{TTL[kind]}` deletes the {name}, and Argo CD makes it again", span, advice)
            if not _HASHED.fullmatch(metadata.get("name", "")) and not {"Replace=true", "Force=true"} <= own:
                message = f"the {name} has the same name whatever it does: a change is refused, or does not run"
                advice = "let dragoman name it, which ends the name with a hash of the content"
                yield Finding("DRG678", message, span, advice, WARNING)
        size = byte_count(body)
        if size > APPLY_BYTES and not {"ServerSideApply=true", "Replace=true"} & own:
            message = f"the {name} has {size:,} bytes: client-side apply takes {APPLY_BYTES:,}"
            yield Finding("DRG679", message, span, "give the application the sync option `ServerSideApply=true`")


def _format(one: Rendering) -> str:
    return f"leave `targets.{one.plan.target}.format` out: for Argo CD it is objects that Kubernetes takes"
