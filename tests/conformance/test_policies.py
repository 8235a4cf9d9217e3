"""What a policy holds an amount to while a flow runs, as Argo's own code computes it."""

from __future__ import annotations

import pytest

from conformance.flows import ENVELOPE, Flows, text_of
from dragoman.load import yaml
from dragoman.pipeline import render
from enacted import enacted

FLOW = """\
  defaults: {image: i, command: [show], resources: {memory: 64Mi, cpu: 100m}}
  params: {n: {type: int, default: 1, runtime: true}}
  steps:
    make:
      command: [give, n=6, f=0.1, q=300Mi, s=5]
      outputs: {n: {type: int}, f: {type: float}, q: {type: quantity}, s: {type: string}}
    ints: {resources: {cpu: "${{ steps.make.outputs.n }}"}}
    floats: {resources: {cpu: "${{ steps.make.outputs.f }}"}}
    quantities: {resources: {memory: "${{ steps.make.outputs.q }}"}}
    texts: {resources: {requests: {memory: "${{ steps.make.outputs.s }}Gi"}}}
    items:
      foreach: {in: [{n: 0, m: 1Mi}, {n: 3, m: 1Gi}]}
      resources: {cpu: "${{ item.n + params.n - 1 }}", memory: "${{ item.m }}"}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  limits: {cpu: LIMIT}
  min: [{cpu: 250m, memory: 32Mi, action: clamp}]
  max: [{cpu: 2500m, memory: 256Mi, action: clamp}]
"""


# cpu and memory that each is given, and limits of cpu
GIVEN = {
    "ints": ("2500m", "64Mi"),
    "floats": ("0.25", "64Mi"),
    "quantities": ("250m", "256Mi"),
    "texts": ("250m", "256Mi"),
    "items(0)": ("250m", "32Mi"),
    "items(1)": ("2500m", "256Mi"),
}
LIMITS: dict[str, list[str | None]] = {
    "none": [None] * 6,
    "equal": ["2500m", "0.25", "250m", "250m", "250m", "2500m"],
    "{ratio: 1.5}": ["2500m", "0.25", "375m", "375m", "250m", "2500m"],
}


@pytest.mark.parametrize("limit", LIMITS)
def test_amounts_are_held(flows: Flows, limit: str) -> None:
    [flow] = yaml.parse(ENVELOPE + FLOW, "flow.dragoman.yaml")
    policies = enacted(yaml.parse(POLICY.replace("LIMIT", limit), "p.yaml"))
    run = flows.run(text_of(render(flow, {}, policies, "argo").emission.manifests[0]))
    assert run.phase == "Succeeded"
    found = {path: run.pod(path).resources for path in GIVEN}
    assert {path: (one["requests"]["cpu"], one["requests"]["memory"]) for path, one in found.items()} == GIVEN
    assert [one["limits"].get("cpu") for one in found.values()] == LIMITS[limit]
