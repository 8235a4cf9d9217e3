"""Flows as they are delivered: rendered by the command, applied, run by the node's processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from conformance.flows import POLICY
from conformance.node import Node
from conformance.plane import Plane, until
from conformance.runs import named
from dragoman.cli import main
from dragoman.emit.kubernetes.job import TASK
from dragoman.write.kustomization import NAME

WAVE = "argocd.argoproj.io/sync-wave"
HEAD = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {{name: f, namespace: {namespace}}}
spec:
  defaults: {{image: python:3}}
{spec}
  targets:
    kubernetes: {{{options}}}
"""


def rendered(text: str, folder: Path, *flags: str) -> list[dict[str, Any]]:
    """The objects that `dragoman render` makes of a flow."""
    (folder / "flow.dragoman.yaml").write_text(text)
    (folder / "policy.yaml").write_text(POLICY.read_text())
    arguments = [str(folder / "flow.dragoman.yaml"), "-t", "kubernetes", "--policy", str(folder / "policy.yaml")]
    assert main(["render", "-q", "--root", str(folder), "-o", str(folder / "rendered"), *arguments, *flags]) == 0
    files = sorted({*(folder / "rendered").glob("*.yaml")} - {folder / "rendered" / NAME})
    return [yaml.load(path.read_text(), yaml.CSafeLoader) for path in files]


def flow(namespace: str, spec: str, **options: object) -> str:
    """A flow's text."""
    said = ", ".join(
        f'{name}: "{value}"' if name == "version" else f"{name}: {value}" for name, value in options.items()
    )
    return HEAD.format(namespace=namespace, spec=indent(spec.strip("\n"), "  "), options=said)


def delivered(plane: Plane, namespace: str, bodies: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """Apply as Argo CD does, wave by wave; whether each Job succeeded, by its name. A failed one ends it."""
    ends: dict[str, bool] = {}
    for _, wave in groupby(sorted(bodies, key=_wave), _wave):
        objects = sorted(wave, key=lambda body: body["kind"] == "Job")
        for body in objects:
            plane.apply(body, namespace)
        jobs = [body["metadata"]["name"] for body in objects if body["kind"] == "Job"]
        ends |= {name: finished(plane, namespace, name) for name in jobs}
        if not all(ends.values()):
            break
    return ends


def finished(plane: Plane, namespace: str, name: str) -> bool:
    """Wait for a Job's end; whether it succeeded."""

    def conditions() -> set[str]:
        status = plane.get("Job", namespace, name)["status"]
        return {one["type"] for one in status.get("conditions") or () if one["status"] == "True"}

    until(lambda: bool(conditions() & {"Complete", "Failed"}))
    return "Complete" in conditions()


def printed(plane: Plane, node: Node, namespace: str) -> dict[str, str]:
    """What each attempt printed that a coordinator has started."""
    jobs = [job for job in plane.get("Job", namespace) if TASK in (job["metadata"].get("annotations") or {})]
    return {named(job): node.printed(namespace, job["metadata"]["name"]) for job in jobs}


def steps(bodies: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The names of Jobs, by the steps that they are."""
    return {step: body["metadata"]["name"] for step, body in _by_step(bodies)}


def _by_step(bodies: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for body in bodies:
        if body["kind"] == "Job":
            yield body["metadata"]["labels"].get("dragoman.dev/step", ""), body


def _wave(body: dict[str, Any]) -> int:
    return int((body["metadata"].get("annotations") or {}).get(WAVE, "0"))
