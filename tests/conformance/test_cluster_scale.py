"""A loop over a thousand items on Kubernetes' own API server: how often its coordinator calls, what it remembers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from conformance.node import Node
from conformance.plane import Plane
from conformance.runs import Runs
from dragoman.emit.kubernetes.coordinator import PLAN_FILE

SPEC = """
steps:
  each: {{foreach: {{range: {items}}}, command: [give, "n=${{{{ index }}}}"], outputs: {{n: {{type: int}}}}}}
  all: {{when: "size(steps.each.outputs.n) == {items}", command: ["true"]}}
"""
MEASURED = """
import json, resource, sys
from collections import Counter
from dragoman.cli import main
from dragoman.drive.kubernetes.client import Client
calls, send = Counter(), Client._send
def counted(self, method, path, query, *more, **others):
    calls["watch" if "watch" in query else method] += 1
    return send(self, method, path, query, *more, **others)
Client._send = counted
code = main(["drive", "-q", "--plan", sys.argv[1]])
print(json.dumps([code, calls, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""
SMALL, LARGE = 300, 1000


class Measured(NamedTuple):
    """Calls by their verb, and KiB of memory."""

    calls: dict[str, int]
    memory: int


@pytest.fixture
def patient(request: pytest.FixtureRequest) -> None:
    """These take a minute."""
    if not request.config.getoption("--conformance"):
        pytest.skip("`make conformance` drives a loop over a thousand items")


def test_a_thousand_items(patient: None, control_plane: Plane, node: Node, tmp_path: Path) -> None:
    small, large = (measured(control_plane, node, tmp_path, items) for items in (SMALL, LARGE))
    for items, found in ((SMALL, small), (LARGE, large)):
        each = found.calls["PATCH"]
        assert each <= 2 * (items + 1)  # the Job, and a note of what its pod has left
        assert sum(found.calls.values()) - each <= 20, found.calls  # lists and watches, however many items there are
    assert large.memory - small.memory < 20 * 1024, (small, large)


def measured(plane: Plane, node: Node, folder: Path, items: int) -> Measured:
    runs = Runs(plane, node, SPEC.format(items=items))
    config, plan = folder / f"{items}.kubeconfig", folder / f"{items}.json"
    config.write_text(yaml.safe_dump(plane.kubeconfig(runs.namespace, plane.token_of(runs.namespace, runs.account))))
    plan.write_text(plane.get("ConfigMap", runs.namespace, runs.me.plan)["data"][PLAN_FILE])
    me = {"RUN": runs.me.name, "RUN_UID": runs.me.uid, "NAMESPACE": runs.me.namespace, "PLAN": runs.me.plan}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(plan)],
        env={**os.environ, "KUBECONFIG": str(config), **{f"DRAGOMAN_{name}": value for name, value in me.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, calls, memory = json.loads(done.stdout)
    assert code == 0
    assert len(set(runs.node.ran(runs.namespace))) == items + 1
    return Measured(calls, memory)
