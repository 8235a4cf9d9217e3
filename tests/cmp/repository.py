"""Repositories that the tests of the plugin write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train}
spec:
  params:
    rows: {type: int, default: 100, minimum: 1, description: Rows to read}
    mode: {default: full, enum: [full, delta]}
  defaults: {image: "registry.example/train:1"}
  steps:
    fetch: {command: [fetch, --rows, "${{ params.rows }}", "${{ params.mode }}"]}
    train: {needs: [fetch], command: [train], resources: {cpu: 2, memory: 1Gi}}
  environments:
    prod: {params: {rows: {default: 5000}}}
"""
LIBRARY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Library
metadata: {name: lib}
spec: {templates: {work: {image: registry.example/lib:1, command: [work]}}}
"""
SHARED = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: shared}
spec:
  imports: {lib: ../../lib/steps.yaml}
  steps: {work: {use: lib.work}}
"""


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder
