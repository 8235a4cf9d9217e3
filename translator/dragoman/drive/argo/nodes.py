"""The nodes of a workflow's status: what Argo has started, tried again and left out so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.drive.argo.reach import Workflow

FAILED = frozenset({"Failed", "Error"})
ENDED = frozenset({"Succeeded", "Failed", "Error", "Skipped", "Omitted"})
LONGEST_POD_PREFIX = 242  # Argo cuts there: 253 less a dash and a hash of 10 (workflow/util/pod_name.go)


class Node(NamedTuple):
    """One node; `kind`: Pod, Retry (around its attempts), DAG, TaskGroup (around a loop's items), Skipped, Suspend."""

    id: str
    name: str
    kind: str
    template: str
    phase: str
    boundary: str = ""
    message: str = ""
    started: float | None = None
    finished: float | None = None
    children: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in it."""
        return self.phase in ENDED

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.phase in FAILED


def nodes(workflow: Workflow) -> dict[str, Node]:
    """Every node by its id; a large workflow has them compressed, see `hidden` for a very large one."""
    status = workflow.get("status") or {}
    found = status.get("nodes") or _decompressed(status.get("compressedNodes") or "")
    return {key: _node(key, raw) for key, raw in found.items()}


def hidden(workflow: Workflow) -> bool:
    """Whether Argo keeps the nodes in its database, where only an Argo Server sees them."""
    status = workflow.get("status") or {}
    return bool(status.get("offloadNodeStatusVersion")) and not status.get("nodes")


def attempts(found: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes that are one try of a step with retries, by their ids."""
    return {key: found[key] for node in found.values() if node.kind == "Retry" for key in node.children if key in found}


def pod_name(workflow: Workflow, node: Node) -> str:
    """The name of the pod of a node, as Argo makes it."""
    metadata = workflow["metadata"]
    if (metadata.get("annotations") or {}).get("workflows.argoproj.io/pod-name-format") == "v1":
        return node.id
    name: str = metadata["name"]
    if node.name == name:
        return name
    prefix = f"{name}-{node.template}" if node.template else name
    return f"{prefix[:LONGEST_POD_PREFIX]}-{_fnv32a(node.name)}"


def seconds(time: str | None) -> float | None:
    """A time of the Kubernetes API as seconds since 1970."""
    if not time:
        return None
    from datetime import datetime

    return datetime.fromisoformat(time).timestamp()


def _decompressed(text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    from base64 import b64decode
    from gzip import decompress
    from json import loads

    found: Mapping[str, Any] = loads(decompress(b64decode(text)))
    return found


def _node(key: str, raw: Mapping[str, Any]) -> Node:
    return Node(
        id=key,
        name=raw.get("name", ""),
        kind=raw.get("type", ""),
        template=raw.get("templateName", ""),
        phase=raw.get("phase", ""),
        boundary=raw.get("boundaryID", ""),
        message=raw.get("message", ""),
        started=seconds(raw.get("startedAt")),
        finished=seconds(raw.get("finishedAt")),
        children=tuple(raw.get("children") or ()),
    )


def _fnv32a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
