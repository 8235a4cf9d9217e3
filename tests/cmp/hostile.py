"""Repositories that mean harm: what is in their application's folder, and what Argo CD must be told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from cmp.repository import FLOW, SHARED, repository

SECRET = "the-sidecar's-own-secret"
FOREVER = "std.foldl(function(a, b) a + b, std.range(1, 1000000000), 0)"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MODULE = "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\nprint('owned')\n"


class Case(NamedTuple):
    """Files, links to make, and words of the error; no words where it renders all the same."""

    files: dict[str, str]
    words: str = ""
    link: tuple[str, str] | None = None


CASES = {
    "an import from above": Case(
        {"a.dragoman.yaml": SHARED.replace("../../lib/steps.yaml", "../../../../../etc/passwd")},
        "is outside the repository",
    ),
    "an absolute import": Case(
        {"a.dragoman.yaml": SHARED.replace("../../lib/steps.yaml", "/etc/passwd")}, "is an absolute path"
    ),
    "Jsonnet imports a file of the machine": Case({"a.dragoman.jsonnet": "importstr '/etc/passwd'"}, "DRG02"),
    "Jsonnet imports from above": Case({"a.dragoman.jsonnet": "importstr '../../../../../../etc/passwd'"}, "DRG02"),
    "Jsonnet never ends": Case({"a.dragoman.jsonnet": FOREVER}, "DRG02"),
    "Jsonnet takes all memory": Case({"a.dragoman.jsonnet": "std.repeat('x', 1e10)"}, "DRG02"),
    "aliases of aliases": Case({"a.dragoman.yaml": BOMB}, "write fewer aliases"),
    "modules of the same names": Case(
        {
            "a.dragoman.yaml": FLOW,
            "yaml.py": MODULE,
            "dragoman.py": MODULE,
            "sitecustomize.py": MODULE,
            "json.py": MODULE,
        }
    ),
    "a file that looks like a flag": Case({"-o.dragoman.yaml": FLOW}),
    "a link that leads out": Case({"a.dragoman.yaml": FLOW}, "symlink", ("b.dragoman.yaml", "../../../../etc/passwd")),
    "a link to itself": Case({"a.dragoman.yaml": FLOW}, "DRG0", ("b.dragoman.yaml", "b.dragoman.yaml")),
    "a link to the folder above": Case({"a.dragoman.yaml": FLOW}, "", ("up", "..")),
    "letters of a terminal": Case({"a.dragoman.yaml": FLOW.replace("train}", '"\\e[2Jtrain"}')}, "DRG"),
}


def hostile(folder: Path, case: Case) -> Path:
    """The case's repository, its application under `flows/train`."""
    root = repository(folder, {f"flows/train/{name}": text for name, text in case.files.items()})
    if case.link is not None:
        os.symlink(case.link[1], root / "flows/train" / case.link[0])
    return root
