"""What a policy holds an amount to while a flow runs, as a state machine computes it."""

from __future__ import annotations

from aws import table
from aws.flows import Flows
from dragoman.load import yaml

POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  limits: {memory: {ratio: 1.5}}
  min: [{cpu: 2, memory: 32Mi, action: clamp}]
  max: [{cpu: 4, memory: 256Mi, action: clamp}]
"""
FLOW = """
steps:
  make:
    command: [give, n=6, f=0.1, q=300Mi, s=5, small=100Mi]
    outputs: {n: {type: int}, f: {type: float}, q: {type: quantity}, s: {type: string}, small: {type: quantity}}
  ints: {command: [show], resources: {cpu: "${{ steps.make.outputs.n }}", memory: 64Mi}}
  floats: {command: [show], resources: {cpu: "${{ steps.make.outputs.f }}", memory: 64Mi}}
  quantities: {command: [show], resources: {memory: "${{ steps.make.outputs.q }}"}}
  texts: {command: [show], resources: {requests: {memory: "${{ steps.make.outputs.s }}Gi"}}}
  half-more: {command: [show], resources: {memory: "${{ steps.make.outputs.small }}"}}
  items:
    foreach: {in: [{n: 0, m: 1Mi}, {n: 3, m: 1Gi}]}
    command: [show]
    resources: {cpu: "${{ item.n }}", memory: "${{ item.m }}"}
"""


def test_amounts_are_held(flows: Flows) -> None:
    run = flows(FLOW, policies=yaml.parse(POLICY, "p.yaml"), name="run-1")
    assert run.status == "SUCCEEDED"
    table.check(run, {}, "run-1")
    names = ("ints", "floats", "quantities", "texts", "half-more", "items[0]", "items[1]")
    assert {name: (run.one(name).amounts["VCPU"], run.one(name).amounts["MEMORY"]) for name in names} == {
        "ints": ("4", "96"),
        "floats": ("2", "96"),
        "quantities": ("2", "256"),
        "texts": ("2", "256"),
        "half-more": ("2", "150"),
        "items[0]": ("2", "32"),
        "items[1]": ("3", "256"),
    }
