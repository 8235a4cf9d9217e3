"""What keeps the parts apart: who imports whom, what a render loads, that every feature has an answer."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dragoman
from dragoman.emit.registry import BUILTIN, find
from dragoman.emitter import Refused, Weaker
from dragoman.plan.features import Feature

PACKAGE = Path(dragoman.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# a part imports those before it and beside it
ORDER = (
    {"findings", "quantity", "duration", "expr", "codes"},
    {"load"},
    {"baseline"},
    {"spec"},
    {"plan"},
    {"policy"},
    {"emitter", "fidelity"},
    {"lower"},
    {"emit"},
    {"write"},
    {"report"},
    {"farm"},
    {"drive"},
    {"pipeline"},
    {"diff"},
    {"cmp"},
    {"cli"},
    {"__main__"},
)
LEVELS = {part: level for level, parts in enumerate(ORDER) for part in parts}
# who may say the name of a target: the table of targets, who knows the default, and the computes, which have the same
NAMES_A_TARGET = {
    "cli/run.py",
    "emit/registry.py",
    "plan/footprint.py",
    "plan/features.py",
    "plan/resolve.py",
    "spec/step.py",
}
API_GROUPS = {"batch": {"cmp/hazards.py", "emit/kubernetes/coordinator.py"}}  # of Kubernetes, named as a target is
MINIMAL = Path(__file__).parent / "features" / "minimal" / "spec.dragoman.yaml"
HEAVY = {
    "argo_workflows",
    "boto3",
    "botocore",
    "dataclasses",
    "difflib",
    "importlib.metadata",
    "inspect",
    "jsonpatch",
    "jsonschema",
    "kubernetes",
    "logging",
    "pydantic",
    "requests",
    "rich",
    "rjsonnet",
}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_part_imports_only_parts_before_it(file: Path) -> None:
    part = _part(file)
    wrong = {name for name in _imported(file) if LEVELS[name.split(".")[1]] > LEVELS.get(part, -1)}
    assert part == "__init__" or not wrong


@pytest.mark.parametrize(
    "file", sorted((PACKAGE / "emit").rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_no_emitter_knows_another(file: Path) -> None:
    targets = {folder.name for folder in (PACKAGE / "emit").iterdir() if folder.is_dir()}
    own = {file.relative_to(PACKAGE / "emit").parts[0]} & targets
    known = {name.split(".")[2] for name in _imported(file) if name.startswith("dragoman.emit.")}
    assert known & targets <= own


@pytest.mark.parametrize("target", BUILTIN)
def test_nothing_but_its_own_package_names_a_target(target: str) -> None:
    naming = {
        str(file.relative_to(PACKAGE))
        for file in MODULES
        if target not in file.relative_to(PACKAGE).parts
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value == target
    }
    assert naming <= NAMES_A_TARGET | API_GROUPS.get(target, set())


@pytest.mark.parametrize("target", BUILTIN)
def test_a_render_loads_nothing_that_it_does_not_need(target: str) -> None:
    loaded = _loaded("render", str(MINIMAL), "-t", target)
    assert {"yaml", f"dragoman.emit.{target}"} <= loaded
    assert not {name for name in loaded if name in HEAVY or name.split(".")[0] in HEAVY}
    assert not {name for name in loaded for other in BUILTIN if name == f"dragoman.emit.{other}" and other != target}


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_loads_no_part_but_the_command_line(flag: str) -> None:
    loaded = _loaded(flag)
    assert {name.split(".")[1] for name in loaded if name.startswith("dragoman.")} == {"cli"}
    assert not loaded & {*HEAVY, "yaml"}


@pytest.mark.parametrize("target", BUILTIN)
def test_an_emitter_answers_for_every_feature(target: str) -> None:
    support = find(target).support
    assert set(support) == set(Feature)
    assert not [feature for feature, answer in support.items() if isinstance(answer, Refused) and not answer.hint]
    assert not [feature for feature, answer in support.items() if isinstance(answer, Weaker) and not answer.difference]


def _part(file: Path) -> str:
    """The part that a file belongs to: its folder, or the module itself."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(file: Path) -> Iterator[str]:
    """The modules of the package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("dragoman."))
        elif isinstance(node, ast.ImportFrom) and node.module == "dragoman":
            yield from (f"dragoman.{name.name}" for name in node.names if not name.name.startswith("__"))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("dragoman."):
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _loaded(*arguments: str) -> set[str]:
    """The modules that a command line loads."""
    code = "import sys; from dragoman.cli import main; main(sys.argv[1:]); import json; print('\\n' + json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))
