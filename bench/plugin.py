"""What a call of Argo CD's plugin costs, started cold: a table for people, not a test.

The flow is small, as most are; `python -c pass` is what no program in Python can be below.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: small}
spec:
  params: {rows: {type: int, default: 100}}
  defaults: {image: "registry.example/small:1"}
  steps:
    fetch: {command: [fetch, --rows, "${{ params.rows }}"]}
    train: {needs: [fetch], command: [train], resources: {cpu: 2, memory: 1Gi}}
"""
MOST = 1.15  # times a render, which has no application to answer for


def main() -> None:
    runs = _runs()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/flows/small")
        with open(f"{folder}/flows/small/small.dragoman.yaml", "w", encoding="utf-8") as file:
            file.write(FLOW)
        spec = "small.dragoman.yaml"
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "render": [sys.executable, "-m", "dragoman", "render", spec, "-q"],
            "cmp generate": [sys.executable, "-m", "dragoman", "cmp", "generate"],
            "cmp parameters": [sys.executable, "-m", "dragoman", "cmp", "parameters"],
        }
        said = {
            "ARGOCD_APP_NAME": "small",
            "ARGOCD_APP_NAMESPACE": "jobs",
            "ARGOCD_APP_PROJECT_NAME": "ml",
            "ARGOCD_APP_SOURCE_PATH": "flows/small",
            "ARGOCD_APP_PARAMETERS": json.dumps([{"name": "params.rows", "string": "7"}]),
            "KUBE_VERSION": "1.33.2",
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | said
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(-1, runs):  # the first fills the caches
            for name, command in commands.items():
                seconds = _seconds(command, f"{folder}/flows/small", environment)
                if number >= 0:
                    taken[name].append(seconds)
    floor = statistics.median(taken["python -c pass"])
    for name, found in taken.items():
        middle = statistics.median(found)
        print(f"{name:16}{1000 * middle:8.1f} ms{middle / floor:8.1f} times the floor")
    more = statistics.median(taken["cmp generate"]) / statistics.median(taken["render"])
    print(f"cmp generate below {MOST:g} times a render: {'yes' if more < MOST else 'NO'}")


def _runs() -> int:
    parser = argparse.ArgumentParser(description="Measure the calls of Argo CD's plugin, started cold.")
    parser.add_argument("--runs", type=int, default=21, metavar="N", help="runs of each (default: 21)")
    given: int = parser.parse_args().runs
    return given


def _seconds(command: Sequence[str], folder: str, environment: Mapping[str, str]) -> float:
    """Processor seconds of one process: whoever else is busy does not count."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


if __name__ == "__main__":
    main()
