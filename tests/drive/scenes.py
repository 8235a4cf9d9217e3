"""Statuses of workflows as Argo writes them, said in a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from drive.fakes import RUN

START = 1_767_225_600  # 2026-01-01T00:00:00Z


def status(phase: str, *nodes: Mapping[str, Any], start: int = 0, end: int | None = None, message: str = "") -> Any:
    """A workflow's status."""
    shown = {"phase": phase, "startedAt": time(start), "finishedAt": time(end), "message": message}
    return {**shown, "nodes": {node["id"]: node for node in nodes}}


def node(
    name: str,
    template: str,
    phase: str,
    kind: str = "Pod",
    *,
    of: str = RUN,
    start: int = 0,
    end: int | None = None,
    message: str = "",
    children: Sequence[str] = (),
) -> dict[str, Any]:
    """A node; its id is its name, `of` its boundary's. A name that begins with `.` belongs to the run."""
    full = f"{RUN}{name}"
    return {
        "id": full,
        "name": full,
        "displayName": name.rpartition(".")[2],
        "type": kind,
        "templateName": template,
        "phase": phase,
        "boundaryID": of if of.startswith(RUN) else f"{RUN}{of}",
        "message": message,
        "startedAt": time(start),
        "finishedAt": time(end),
        "children": [f"{RUN}{child}" for child in children],
    }


def time(second: int | None) -> str | None:
    """A second after the start of the scene, as the Kubernetes API writes it."""
    return None if second is None else datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
