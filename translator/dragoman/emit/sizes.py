"""How large an object may be, on its way and where it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emitter import Manifest
from dragoman.findings import WARNING, Finding
from dragoman.plan.model import Plan

OBJECT_BYTES = 1024 * 1024  # etcd takes 1.5 MiB a request, a ConfigMap's data and a workflow 1 MiB
APPLY_BYTES = 256 * 1024  # the last-applied annotation of client-side apply (apimachinery TotalAnnotationSizeLimitB)
STRING_BYTES = 128 * 1024  # one argument or variable (MAX_ARG_STRLEN of Linux)


def size(plan: Plan, manifest: Manifest) -> Iterator[Finding]:
    """A finding about an object that is too large to be stored, or to be applied in the usual way."""
    count = byte_count(manifest.body)
    span = plan.source.span(("spec", "steps"), key=True)
    if count > OBJECT_BYTES:
        yield Finding(
            "DRG503",
            f"`{manifest.file}` has {count:,} bytes, maximum {OBJECT_BYTES:,}",
            span,
            "split the flow, or move scripts and data into the image or a volume",
            address="spec.steps",
        )
    elif count > APPLY_BYTES:
        yield Finding(
            "DRG502",
            f"`{manifest.file}` has {count:,} bytes: client-side apply takes {APPLY_BYTES:,}",
            span,
            "apply it with `kubectl apply --server-side`, in Argo CD with `ServerSideApply=true`",
            WARNING,
            address="spec.steps",
        )


def byte_count(body: Mapping[str, Any]) -> int:
    """The bytes of an object as JSON."""
    from json import dumps

    return len(dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
