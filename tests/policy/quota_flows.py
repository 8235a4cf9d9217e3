"""Small random flows for quotas: steps, groups and loops that nest, caps of all kinds, amounts of each item."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from dragoman.load.document import Document
from dragoman.pipeline import ruled
from dragoman.plan.model import Plan
from enacted import enacted

Data = dict[str, Any]


def flow_of(spec: Data) -> Data:
    """The document of a flow."""
    defaults = {"image": "busybox", "command": ["true"], "resources": {"cpu": 1, "memory": "1Gi"}}
    return {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Flow",
        "metadata": {"name": "f", "namespace": "n"},
        "spec": {"defaults": defaults, **spec},
    }


def plan_of(spec: Data, target: str = "argo", policy: Data | None = None) -> Plan:
    """The settled plan of a flow; nothing is wrong with it."""
    policies = enacted([Document("p.yaml", 1, policy, {})] if policy else [])
    plan, _, findings = ruled(Document("f.yaml", 1, flow_of(spec), {}), {}, policies, target)
    assert not [finding for finding in findings if finding.severity == "error"], findings
    return plan


class Allowed(NamedTuple):
    """What a flow may have: caps of loops, of groups, of the flow; retries that grow; amounts that items say."""

    loops: bool = True
    groups: bool = True
    flow: bool = True
    retries: bool = False
    items: bool = True
    cpus: tuple[Any, ...] = (1, 2, 3, 4, 5)


class Maker:
    """A flow under construction: how many containers it may still have."""

    def __init__(self, draw: st.DrawFn, most: int, allowed: Allowed) -> None:
        self.draw, self.left, self.allowed = draw, most, allowed

    def spec(self) -> Data:
        spec: Data = {"steps": self._steps(0, 1)}
        if self.allowed.flow and self.draw(st.booleans()):
            spec["parallelism"] = self.draw(st.integers(1, 4))
        if self.left > 0 and self.draw(st.integers(0, 3)) == 0:
            spec["onExit"] = {"last": self._leaf(1)}
        return spec

    def _steps(self, depth: int, times: int) -> Data:
        steps: Data = {}
        for number in range(self.draw(st.integers(1, 4 - depth))):
            if self.left < times and steps:
                break
            group = depth < 2 and self.draw(st.integers(0, 2)) == 0
            step = self._group(depth, times) if group else self._leaf(times)
            needs = self.draw(st.lists(st.sampled_from(sorted(steps)), max_size=2, unique=True)) if steps else []
            steps[f"s{number}"] = {**step, **({"needs": needs} if needs else {})}
        return steps

    def _group(self, depth: int, times: int) -> Data:
        loop, items = self._loop(times)
        group: Data = {"steps": self._steps(depth + 1, times * items), **loop}
        if self.allowed.groups and self.draw(st.booleans()):
            group["parallelism"] = self.draw(st.integers(1, 3))
        return group

    def _leaf(self, times: int) -> Data:
        loop, items = self._loop(times)
        self.left -= times * items
        own = self.allowed.items and loop and self.draw(st.booleans())
        cpu: Any = "${{ item }}" if own else self.draw(st.sampled_from(self.allowed.cpus))
        step: Data = {"resources": {"cpu": cpu}, **loop}
        if self.allowed.retries and not own and self.draw(st.booleans()):
            step["retry"] = {"limit": 1, "escalate": {"cpu": {"factor": 2, "max": self.draw(st.integers(5, 8))}}}
        return step

    def _loop(self, times: int) -> tuple[Data, int]:
        room = min(self.left // times, 3)
        if room < 2 or self.draw(st.booleans()):
            return {}, 1
        items = self.draw(st.lists(st.integers(1, 5), min_size=2, max_size=room))
        loop: Data = {"in": items}
        if self.allowed.loops and self.draw(st.booleans()):
            loop["parallelism"] = self.draw(st.integers(1, 3))
        return {"foreach": loop}, len(items)


@st.composite
def specs(draw: st.DrawFn, most: int = 6, allowed: Allowed = Allowed()) -> Data:  # noqa: B008 (it is frozen)
    """The `spec` of a flow with at most so many containers, items counted."""
    return Maker(draw, most, allowed).spec()
