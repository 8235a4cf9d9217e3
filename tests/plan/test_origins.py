"""Who set a value: the layer that wins, and its place."""

from __future__ import annotations

import pytest

from dragoman.load import yaml
from dragoman.plan.origins import origin
from dragoman.plan.resolve import resolve
from dragoman.policy.force import LOWEST
from dragoman.policy.layers import stacked
from dragoman.policy.settle import settle
from enacted import enacted

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: f}
spec:
  defaults: {image: base, timeout: 1h, resources: {cpu: 2}}
  templates:
    t: {image: tool, retry: {limit: 1}, resources: {requests: {memory: 1Gi}}}
  steps:
    a: {use: t, resources: {disk: 1Gi}, targets: {argo: {resources: {memory: 2Gi}}}}
  environments:
    prod: {steps: {a: {timeout: 2h}}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: p}
spec: {defaults: {resources: {memory: 3Gi, cpu: 4}}}
"""


@pytest.mark.parametrize(
    ("path", "layer", "place"),
    [
        ("image", "template", "f:7:16"),
        ("timeout", "environment", "f:11:33"),
        ("retry.limit", "template", "f:7:37"),
        ("resources.requests.cpu", "--set", "--set spec"),
        ("resources.requests.memory", "step", "f:9:78"),
        ("resources.limits.memory", "step", "f:9:78"),
        ("resources.requests.disk", "step", "f:9:35"),
        ("workingDir", "built-in", None),
    ],
)
def test_origin(path: str, layer: str, place: str | None) -> None:
    [flow] = yaml.parse(FLOW, "f")
    [policy] = yaml.parse(POLICY, "p")
    plan, findings = settle(
        resolve(flow, {}, "prod", ["steps.a.resources.cpu=3"], "argo"), stacked([LOWEST, *enacted([policy]).said])[0]
    )
    assert findings == []
    found = origin(plan.steps[0], *path.split("."))
    span = found.span()
    shown = (
        None
        if span is None
        else span.file
        if span.file.startswith("--set")
        else f"{span.file}:{span.line}:{span.column}"
    )
    assert (found.at_layer(), shown) == (layer, place if place != "--set spec" else "--set steps.a.resources.cpu=3")


def test_a_policys_default_is_below_everything() -> None:
    [flow] = yaml.parse(FLOW.replace("resources: {cpu: 2}", "env: {}").replace("use: t, ", "image: x, "), "f")
    [policy] = yaml.parse(POLICY, "p")
    plan, _ = settle(resolve(flow, {}, target="kubernetes"), stacked([LOWEST, *enacted([policy]).said])[0])
    container = plan.steps[0].container
    assert container is not None
    assert container.resources.requests == {"cpu": 4000, "memory": 3 * 2**30, "disk": 2**30}
    assert origin(plan.steps[0], "resources", "requests", "cpu").at_layer() == "policy"
