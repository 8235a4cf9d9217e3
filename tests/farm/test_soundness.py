"""A result that was kept is right only if all that a render reads is noted: nothing else looks at the world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import dragoman

PACKAGE = Path(dragoman.__file__).parent
# parts that nobody needs to render
OTHERS = {"cli", "cmp", "diff", "drive", "farm", "report", "starter", "write", "baseline.py", "__main__.py"}
OS = {"open", "listdir", "scandir", "walk", "stat", "lstat", "access", "readlink", "environ", "getenv", "environb"}
PATHS = {"exists", "lexists", "isfile", "isdir", "islink", "getsize", "getmtime", "realpath"}
CLOCKS = {"time", "now", "today", "utcnow", "time_ns"}
# by file: what it asks, and why it need not be noted
KNOWN = {
    "load/reads.py": {"walk", "open", "lstat", "realpath"},  # what notes
    "load/files.py": {
        "open",  # noted
        "listdir",  # for a hint: a mistake is not kept
        "isdir",  # noted as a file that is none, or as a folder
        "exists",  # `.git`: the root is part of the key
        "realpath",  # part of each state
    },
    "load/jsonnet.py": {"realpath", "environ"},  # part of each state; what an interpreter needs to start
    "load/jsonnet_worker.py": {"open", "stat", "exists", "realpath"},  # told, and noted by who asked
    "load/jsonnet_errors.py": {"open", "access", "listdir", "isfile"},  # a mistake is not kept
    "load/jsonnet_trace.py": {"open", "realpath"},
    "load/packs.py": {"isdir", "isfile", "listdir"},  # of dragoman's own files, which the version stands for
    "load/policies.py": {"realpath"},  # part of each state
    "spec/gate.py": {"open"},  # of dragoman's own files
    "emit/batch/judge/shapes.py": {"open"},
    "emit/kubernetes/judge/shapes.py": {"open"},
}
NO_RENDER = {"load/revision.py"}  # of `dragoman diff`


def test_whatever_looks_at_the_world_is_known() -> None:
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(PACKAGE).as_posix()
        if name.split("/")[0] not in OTHERS and name not in NO_RENDER:
            asked = set(_asked(ast.parse(file.read_text())))
            if asked:
                found[name] = asked
    assert found == KNOWN


def _asked(tree: ast.AST) -> Iterator[str]:
    """What of the outer world a module asks for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "Path"}:
            yield node.func.id
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "os.path", "time", "pathlib"}:
            yield from (one.name for one in node.names if one.name in {*OS, *PATHS, *CLOCKS, "Path"})
        if isinstance(node, ast.Attribute):
            whole = ast.unparse(node)
            if whole in {f"os.{name}" for name in OS} | {f"os.path.{name}" for name in PATHS}:
                yield node.attr
            elif node.attr in CLOCKS and whole.split(".")[0] in {"time", "datetime", "date"}:
                yield whole
