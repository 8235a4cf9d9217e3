"""Apply `targets.<name>.patch` to what was emitted: JSON Patch (RFC 6902), on copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.model import Plan


def patched(plan: Plan, emission: Emission) -> Emission:
    """The emission with the flow's patches applied; a finding for one that fits nothing."""
    patches = plan.options.get("patch")
    if not patches:
        return emission
    from jsonpatch import JsonPatchException, apply_patch
    from jsonpointer import JsonPointerException

    manifests, findings = list(emission.manifests), list(emission.findings)
    for number, patch in enumerate(patches):
        path: Path = ("spec", "targets", plan.target, "patch", number)
        chosen = [place for place, manifest in enumerate(manifests) if _chosen(manifest, patch.get("target") or {})]
        if not chosen:
            findings.append(
                Finding(
                    "DRG306",
                    "this patch is for none of the emitted objects",
                    plan.source.span(path),
                    "emitted here: " + ", ".join(f"{m.identity[0]} `{m.identity[2]}`" for m in manifests),
                )
            )
        for place in chosen:
            try:
                manifests[place] = manifests[place]._replace(
                    body=_whole(apply_patch(manifests[place].body, patch["ops"]), manifests[place])
                )
            except (JsonPatchException, JsonPointerException, TypeError, KeyError, ValueError) as error:
                findings.append(
                    Finding(
                        "DRG306",
                        f"this patch does not fit `{manifests[place].file}`: {error}",
                        plan.source.span((*path, "ops")),
                        "look at the rendered object for the right path",
                    )
                )
    return emission._replace(manifests=tuple(manifests), findings=tuple(findings))


def _whole(body: Any, manifest: Manifest) -> dict[str, Any]:
    """What a patch made, if it is an object still."""
    if manifest.kind and isinstance(body, dict):
        return body
    spec, metadata = (body.get(key) if isinstance(body, dict) else None for key in ("spec", "metadata"))
    if not isinstance(spec, dict) or not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise ValueError("what is left has no `metadata.name` or no `spec`")
    made: dict[str, Any] = body
    return made


def _chosen(manifest: Manifest, target: Mapping[str, Any]) -> bool:
    kind, _, name = manifest.identity
    return target.get("kind") in (None, kind) and target.get("name") in (None, name)
