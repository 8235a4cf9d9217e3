"""Which dragoman this is, to the letter: its own files, the packages that it stands on, and the Python below them."""

from __future__ import annotations

import os
import sys
from functools import cache

import dragoman
from dragoman.load import packs
from dragoman.load.reads import digest

# what results depend on, as distributions call it
PACKAGES = frozenset({"jsonnet", "jsonpatch", "jsonpointer", "pydantic", "pydantic_core", "pyyaml", "rjsonnet"})
RECORDS = (".dist-info", ".egg-info")


def version() -> str:
    """A text that is the same wherever the same flow gives the same bytes; empty when that cannot be known."""
    found = _packages()
    if not any(name.startswith("pyyaml-") for name in found):  # not as an installer leaves it
        return ""
    python = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
    return " ".join([python, *found, *map(_contents, _folders())])


def own(path: str) -> bool:
    """Whether `version` stands for a file: of the package, or of the packs that come with it."""
    return os.path.abspath(path).startswith(tuple(folder + os.sep for folder in _folders()))


@cache
def _folders() -> tuple[str, str]:
    return os.path.dirname(os.path.abspath(dragoman.__file__)), packs.folder()


def _packages() -> list[str]:
    """The names and versions of the packages, from the names of their records: to read those takes far longer."""
    found = set()
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:  # a zip file, or not there
            continue
        found |= {name.lower() for name in names if name.endswith(RECORDS)}
    return sorted(name for name in found if name.split("-")[0].replace(".", "_") in PACKAGES)


def _contents(folder: str) -> str:
    """The digest of all files under a folder, with their names."""
    known = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        inside = place[len(folder) :]
        for name in sorted(names):
            descriptor = os.open(f"{place}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(descriptor, os.fstat(descriptor).st_size)
            finally:
                os.close(descriptor)
            known.append(f"{inside}/{name} {len(data)} ".encode(errors="surrogateescape") + data)
    return digest(b"".join(known))
