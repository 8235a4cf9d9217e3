"""What dragoman makes of two examples means the same as what an expert writes by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.dag import needs
from conformance.flows import ROOT, Flows
from conformance.nodes import Run

EXPERT = Path(__file__).parent / "expert"


def graph(manifest: str) -> dict[str, tuple[set[str], set[str]]]:
    """What each task waits for, and how it loops."""
    spec = yaml.safe_load(manifest)["spec"]
    (main,) = (one for one in spec["templates"] if one["name"] == spec["entrypoint"])
    return {
        task["name"]: (set(needs(task)), {key for key in task if key.startswith("with")})
        for task in main["dag"]["tasks"]
    }


def meaning(run: Run) -> tuple[str, Mapping[str, str], list[dict[str, Any]]]:
    """What ran, with what, and what came of it; how a program is told where its outputs go is nobody's concern."""
    pods = [
        {
            "task": pod.path,
            "command": pod.command,
            "env": {name: value for name, value in pod.env.items() if name != "DRAGOMAN_OUTPUTS"},
            "resources": pod.resources,
            "image": pod.spec["containers"][0]["image"],
            "phase": pod.phase,
            "outputs": pod.outputs,
            "printed": pod.printed,
        }
        for pod in run.pods
    ]
    return run.phase, run.nodes, pods


@pytest.mark.parametrize(
    ("name", "params", "change"),
    [
        ("dynamic-resources", {}, ("", "")),
        ("dynamic-resources", {}, ("range(1, 4)", "range(3, 1, -1)")),
        ("dynamic-resources", {}, ("range(1, 4)", "()")),
        ("scale-a-step", {}, ("", "")),
        ("scale-a-step", {"val_per_sleep": "25"}, ('"400"', '"250"')),
        ("scale-a-step", {}, ('"400"', '"99"')),
    ],
)
def test_same_meaning(flows: Flows, name: str, params: dict[str, str], change: tuple[str, str]) -> None:
    """`change` is one of the programs'."""
    ours = flows.rendered(ROOT / "manifests" / "examples" / name / f"{name}.dragoman.yaml").replace(*change)
    theirs = (EXPERT / f"{name}.yaml").read_text().replace(*change)
    assert graph(ours) == graph(theirs)
    assert meaning(flows.run(ours, params=params)) == meaning(flows.run(theirs, params=params))


def test_argo_finds_nothing(argo: Path) -> None:
    for command in (["lint", "-each"], ["crd"]):
        done = subprocess.run([argo, *command, EXPERT], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("", 0), done.stderr
