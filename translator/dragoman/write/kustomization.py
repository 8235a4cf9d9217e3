"""`kustomization.yaml`: in each folder the list of what is in it, so that `kubectl apply -k` takes the folder."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from dragoman.write import yaml

NAME = "kustomization.yaml"
NAMES = (NAME, "kustomization.yml", "Kustomization")  # kustomize takes one of these, and no two
HEADER = "# rendered by dragoman; do not edit: it lists what is rendered beside it\n"


def kustomizations(objects: Iterable[str]) -> dict[str, bytes]:
    """The lists of a tree, by their paths; `objects` are the paths of the files that kustomize takes.

    A folder lists its own files and those folders in it that have a list.
    """
    listed: dict[str, set[str]] = {}
    for path in objects:
        folder, name = posixpath.split(path)
        while name not in listed.setdefault(folder, set()):
            listed[folder].add(name)
            if not folder:
                break
            folder, name = posixpath.split(folder)
    return {posixpath.join(folder, NAME): _text(sorted(names)) for folder, names in sorted(listed.items())}


def _text(names: list[str]) -> bytes:
    body = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": names}
    return (HEADER + yaml.dump(body)).encode()
