"""How long a tree of flows takes: in one process, in one for each processor, and when everything is known already.

A table for people, not a test. Every run is a process of its own. A cold one finds no folder to write to and nothing
kept; a warm one finds both, and nothing changed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TEAMS = 20  # folders
FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {{name: flow-{number}, namespace: ml}}
spec:
  defaults: {{image: python:3.12-slim}}
  imports: {{lib: ../lib.yaml}}
  params: {{day: {{default: monday}}}}
  targets: {{argo: {{accept: ["failFast: true"]}}}}
  steps:
    find:
      command: [find-images]
      outputs: {{sizes: {{type: list, items: {{id: int, mem: quantity}}}}}}
    resize:
      foreach: {{in: steps.find.outputs.sizes, as: image, parallelism: 4}}
      command: [resize, --id, "${{{{ image.id }}}}", --day, "${{{{ params.day }}}}"]
      resources: {{cpu: 500m, memory: "${{{{ image.mem }}}}"}}
      retry: {{limit: 2, causes: [oom, spot]}}
    join: {{use: lib.join, needs: [resize], env: {{PART: "{number}"}}}}
"""
LIBRARY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Library
metadata: {name: lib}
spec: {templates: {join: {command: [join], resources: {cpu: 2, memory: 1Gi}}}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  defaults: {resources: {cpu: 1, memory: 2Gi}}
  max: [{cpu: 8, action: clamp}]
"""


class Run(NamedTuple):
    """What a command took, in seconds: of the clock, and of processors, its children's too."""

    wall: float
    cpu: float


def main() -> None:
    arguments = _arguments()
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        _write(arguments.flows)
        jobs = sorted({1, 2, processors})
        names = [*(f"cold, {_processes(number)}" for number in jobs), "cold, nothing kept", "warm"]
        found: dict[str, list[Run]] = {name: [] for name in names}
        for _ in range(arguments.runs):
            for number, name in zip(jobs, names, strict=False):
                found[name].append(_cold("--cache", "kept", "-j", str(number)))
            found["warm"].append(_run("--cache", "kept"))
            found["cold, nothing kept"].append(_cold("--no-cache", "-j", "1"))
    print(f"{arguments.flows:,} flows in {TEAMS} folders, with a library and a policy; {processors} processors\n")
    print(f"{'':24}{'wall s (min to max)':<24}{'cpu s':>7}{'of cold in one process':>25}")
    first = _middle(found[names[0]], "wall")
    for name, runs in found.items():
        walls = sorted(run.wall for run in runs)
        wall = f"{_middle(runs, 'wall'):.3f} ({walls[0]:.3f} to {walls[-1]:.3f})"
        print(f"{name:<24}{wall:<24}{_middle(runs, 'cpu'):7.3f}{_middle(runs, 'wall') / first:25.2f}")
    for number, name in zip(jobs, names, strict=False):
        warm = _middle(found["warm"], "wall") / _middle(found[name], "wall")
        verdict = "met" if warm <= 0.1 else "not met"
        print(f"{verdict:<9}{warm:5.2f}  warm: a tenth of cold in {_processes(number)}, at most")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure `dragoman render` over a tree of flows.")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each kind (default: 5)")
    parser.add_argument("--flows", type=int, default=1_000, metavar="N", help="flows in the tree (default: 1000)")
    return parser.parse_args()


def _write(flows: int) -> None:
    for number in range(flows):
        place = Path(f"flows/team-{number % TEAMS}/flow-{number}.dragoman.yaml")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(FLOW.format(number=number))
    Path("flows/lib.yaml").write_text(LIBRARY)
    Path("platform.policy.yaml").write_text(POLICY)
    Path(".git").mkdir()


def _cold(*words: str) -> Run:
    for folder in ("kept", "out"):
        shutil.rmtree(folder, ignore_errors=True)
    return _run(*words)


def _run(*words: str) -> Run:
    command = [sys.executable, "-m", "dragoman", "render", "flows", "-t", "argo", "-o", "out"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [*command, "--policy", "platform.policy.yaml", *words], capture_output=True, text=True, env=_environment()
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    return Run(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _environment() -> dict[str, str]:
    """Ours, without what changes how Python runs: compiled modules are kept."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name == "PYTHONPATH"}


def _processes(number: int) -> str:
    return "one process" if number == 1 else f"{number} processes"


def _middle(runs: Sequence[Run], field: str) -> float:
    ordered: list[float] = sorted(getattr(run, field) for run in runs)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


if __name__ == "__main__":
    main()
