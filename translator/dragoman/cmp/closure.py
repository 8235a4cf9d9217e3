"""The files that a folder's manifests depend on, and the annotation that tells Argo CD of them.

With `argocd.argoproj.io/manifest-generate-paths` Argo CD renders an application again only for commits that touch
these paths: a file that is missing there is a change that never arrives.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from dragoman.cmp.tree import pattern
from dragoman.load import files
from dragoman.load.document import Document

ANNOTATION = "argocd.argoproj.io/manifest-generate-paths"


def closure(documents: Iterable[Document], reading: files.Options) -> set[str]:
    """The files of the documents and what their Jsonnet imports, from the root that is worked in."""
    found: set[str] = set()
    for file in {document.file for document in documents}:
        if not os.path.isfile(file):
            continue  # a shipped pack
        found.add(file)
        if file.endswith(files.JSONNET):
            from dragoman.load.jsonnet import evaluate

            done = evaluate(file, root=reading.root, ext=reading.ext, tla=reading.tla, engine=reading.engine)
            found |= {name for name in done.imports if not os.path.isabs(name)}
    return found


def annotation(paths: Iterable[str], folder: str) -> str:
    """The annotation's value: the application's own folder, and each file outside of it, from the root."""
    outside = sorted(path for path in paths if not _under(path, folder))
    return ";".join([".", *(f"/{path}" for path in outside)])


def uncovered(paths: Iterable[str], value: str, folder: str) -> Iterator[str]:
    """The files for which an annotation with this value would render nothing again."""
    items = [item.strip() for item in value.split(";") if item.strip()]
    known = [os.path.normpath(item.lstrip("/") if item[0] == "/" else os.path.join(folder, item)) for item in items]
    for path in sorted(paths):
        if not any(_under(path, item) or pattern(item).fullmatch(path) for item in known):
            yield path


def _under(path: str, folder: str) -> bool:
    return folder == "." or path == folder or path.startswith(f"{folder}/")
