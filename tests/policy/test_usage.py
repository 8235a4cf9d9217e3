"""What a plan may hold at one time: loops, amounts, retries, conditions, as peaks of a target that adds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman.plan.footprint import KUBERNETES, Footprint
from dragoman.plan.origin import Origin
from dragoman.policy.model import Quota
from dragoman.policy.quota.peaks import Peak, Peaks, peaks
from policy.quota_flows import Data, plan_of

GI = 2**30
ITEMS = {"make": {"outputs": {"items": {"type": "list"}, "n": {"type": "int"}}}}
OF_OUTPUT = "steps.make.outputs.items"


def found(spec: Data, key: str = "requests.cpu") -> Peak:
    return peaks(plan_of(spec), Footprint()).get(key, Peak(0))


def _cpu(cpu: Any, **more: Any) -> Data:
    return {"resources": {"cpu": cpu}, **more}


CASES: dict[str, tuple[Data, int, bool]] = {
    "needs": ({"steps": {"a": _cpu(1), "b": _cpu(2, needs=["a"])}}, 2000, True),
    "an output is a need": (
        {"steps": {**ITEMS, "b": _cpu(2, env={"N": "${{ steps.make.outputs.n }}"})}},
        2000,
        True,
    ),
    "known items": ({"steps": {"a": _cpu(2, foreach={"in": [1, 2, 3]})}}, 6000, True),
    "a range": ({"steps": {"a": _cpu(2, foreach={"range": 5})}}, 10000, True),
    "a matrix": ({"steps": {"a": _cpu(1, foreach={"matrix": {"x": [1, 2, 3], "y": ["p", "q"]}})}}, 6000, True),
    "no items": ({"steps": {"a": _cpu(2, foreach={"in": []}), "b": _cpu(1)}}, 1000, True),
    "a limited loop": ({"steps": {"a": _cpu(2, foreach={"range": 5, "parallelism": 2})}}, 4000, True),
    "maxItems": ({"steps": {**ITEMS, "a": _cpu(2, foreach={"in": OF_OUTPUT, "maxItems": 7})}}, 14000, True),
    "a limit is enough": ({"steps": {**ITEMS, "a": _cpu(2, foreach={"in": OF_OUTPUT, "parallelism": 3})}}, 6000, True),
    "the flow's limit is enough": (
        {"parallelism": 4, "steps": {**ITEMS, "a": _cpu(2, foreach={"in": OF_OUTPUT})}},
        8000,
        True,
    ),
    "each item's own amount": ({"steps": {"a": _cpu("${{ item }}", foreach={"in": [1, 5, 3]})}}, 9000, True),
    "the heaviest items": (
        {"steps": {"a": _cpu("${{ item.c }}", foreach={"in": [{"c": 1}, {"c": 5}, {"c": 3}], "parallelism": 2})}},
        8000,
        True,
    ),
    "an amount of the index": ({"steps": {"a": _cpu("${{ index + 1 }}", foreach={"range": 3})}}, 6000, True),
    "an item of a loop around": (
        {
            "steps": {
                "g": {"foreach": {"in": [1, 4], "as": "n"}, "steps": {"a": _cpu("${{ n }}", foreach={"range": 2})}}
            }
        },
        10000,
        True,
    ),
    "a list of a loop around": (
        {
            "steps": {
                "g": {
                    "foreach": {"in": [{"l": [1, 1]}, {"l": [5]}, {"l": []}], "as": "n"},
                    "steps": {"a": _cpu("${{ one }}", foreach={"in": "n.l", "as": "one"})},
                }
            }
        },
        7000,
        True,
    ),
    "bounds": (
        {
            "steps": {
                **ITEMS,
                "a": {
                    "resources": {"cpu": "${{ steps.make.outputs.n }}", "bounds": {"cpu": 8}},
                    "foreach": {"range": 2},
                },
            }
        },
        16000,
        True,
    ),
    "the last attempt": (
        {"steps": {"a": _cpu(1, retry={"limit": 3, "escalate": {"cpu": {"factor": 2, "max": 16}}})}},
        8000,
        True,
    ),
    "at most the largest": (
        {"steps": {"a": _cpu(1, retry={"limit": 1000, "escalate": {"cpu": {"factor": 100, "max": 16}}})}},
        16000,
        True,
    ),
    "an amount of the attempt": ({"steps": {"a": _cpu("${{ attempt * 2 }}", retry={"limit": 2})}}, 6000, True),
    "retries do not overlap": ({"steps": {"a": _cpu(3, retry={"limit": 5})}}, 3000, True),
    "onExit comes after": ({"steps": {"a": _cpu(3), "b": _cpu(1)}, "onExit": {"c": _cpu(2)}}, 4000, True),
    "onExit may be the most": ({"steps": {"a": _cpu(3)}, "onExit": {"c": _cpu(2), "d": _cpu(2)}}, 4000, True),
    "never": ({"steps": {"a": _cpu(3, when="1 > 2"), "b": _cpu(1)}}, 1000, True),
    "items that are left out": ({"steps": {"a": _cpu(2, foreach={"in": [1, 2, 3]}, when="item > 1")}}, 4000, True),
    "a condition of the run": ({"steps": {**ITEMS, "a": _cpu(3, when="steps.make.outputs.n > 1")}}, 3000, False),
    "after a failure": ({"steps": {"a": _cpu(1), "b": _cpu(3, needs={"a": "failed"})}}, 3000, False),
    "after a failure, and after that": (
        {"steps": {"a": _cpu(1), "b": _cpu(1, needs={"a": "failed"}), "c": _cpu(3, needs=["b"])}},
        3000,
        False,
    ),
    "however it ended": ({"steps": {"a": _cpu(1), "b": _cpu(3, needs={"a": "completed"})}}, 3000, True),
    "a group": ({"steps": {"g": {"steps": {"a": _cpu(2), "b": _cpu(3, needs=["a"])}}, "c": _cpu(1)}}, 4000, True),
    "iterations apart": (
        {"steps": {"g": {"foreach": {"range": 3}, "steps": {"a": _cpu(2), "b": _cpu(3, needs=["a"])}}}},
        9000,
        True,
    ),
    "a group's limit, each iteration": (
        {"steps": {"g": {"foreach": {"range": 3}, "parallelism": 2, "steps": {"a": _cpu(2, foreach={"range": 4})}}}},
        12000,
        True,
    ),
}


@pytest.mark.parametrize(("spec", "amount", "exact"), CASES.values(), ids=CASES)
def test_peak(spec: Data, amount: int, exact: bool) -> None:
    peak = found(spec)
    assert (peak.amount, peak.exact) == (amount, exact)


def test_what_a_condition_leaves_is_certain() -> None:
    steps = {**ITEMS, "a": _cpu(3, when="steps.make.outputs.n > 1"), "b": _cpu(2, needs=["make"])}
    peak = found({"steps": steps})
    assert (peak.amount, peak.least) == (5000, 2000)


def test_a_loop_beyond_all_measure_is_not_looked_at_item_by_item() -> None:
    loop = {"foreach": {"range": 10**12}, "resources": {"cpu": "${{ index + 1 }}", "bounds": {"cpu": 2}}}
    assert found({"steps": {"a": loop}}).amount == 2 * 10**15
    assert found({"parallelism": 4, "steps": {"a": loop}}).amount == 8000


UNKNOWN: dict[str, tuple[Data, str, list[tuple[str, str]]]] = {
    "a list": ({"steps": {**ITEMS, "a": {"foreach": {"in": OF_OUTPUT}}}}, "pods", [("a", "items")]),
    "a list, of what it holds": ({"steps": {**ITEMS, "a": {"foreach": {"in": OF_OUTPUT}}}}, "gpu", []),
    "a group's list": (
        {"steps": {**ITEMS, "g": {"foreach": {"in": OF_OUTPUT}, "steps": {"a": {}, "b": {}}}}},
        "pods",
        [("g", "items")],
    ),
    "an amount": (
        {"steps": {**ITEMS, "a": _cpu("${{ steps.make.outputs.n }}")}},
        "requests.cpu",
        [("a", "amount")],
    ),
    "an amount, of another": ({"steps": {**ITEMS, "a": _cpu("${{ steps.make.outputs.n }}")}}, "requests.memory", []),
    "a parameter of the run": (
        {"params": {"n": {"type": "int", "default": 2, "runtime": True}}, "steps": {"a": _cpu("${{ params.n }}")}},
        "requests.cpu",
        [("a", "amount")],
    ),
    "both": (
        {"steps": {**ITEMS, "a": {"foreach": {"in": OF_OUTPUT}, "resources": {"cpu": "${{ item }}"}}}},
        "requests.cpu",
        [("a", "amount"), ("a", "items")],
    ),
}


@pytest.mark.parametrize(("spec", "key", "unbounded"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_nobody_knows(spec: Data, key: str, unbounded: list[tuple[str, str]]) -> None:
    peak = Peaks(plan_of(spec), Footprint()).of(key)
    assert (peak.amount is None) == bool(unbounded)
    assert [(one.step.name, one.what) for one in peak.unbounded] == unbounded


def test_everything_that_is_counted() -> None:
    resources = {
        "requests": {"cpu": 1, "memory": "1Gi", "disk": "10Gi", "gpu": 2},
        "limits": {"cpu": 2, "memory": "3Gi"},
        "accelerator": "l4",
    }
    policy = {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Policy",
        "metadata": {"name": "p"},
        "spec": {"accelerators": {"l4": {"resource": "example.com/l4"}}},
    }
    spec = {"steps": {"a": {"foreach": {"range": 3}, "resources": resources}, "b": {"resources": {"gpu": 1}}}}
    every = peaks(plan_of(spec, policy=policy), Footprint())
    assert {key: peak.amount for key, peak in every.items()} == {
        "requests.cpu": 4000,
        "requests.memory": 4 * GI,
        "requests.ephemeral-storage": 30 * GI,
        "limits.cpu": 6000,
        "limits.memory": 10 * GI,
        "gpu": 7,
        "requests.example.com/l4": 6,
        "requests.nvidia.com/gpu": 1,
        "pods": 4,
    }
    assert [(share.name, share.number, share.amount) for share in every["gpu"].shares] == [("a", 3, 2), ("b", 1, 1)]


@pytest.mark.parametrize(
    ("more", "amount"),
    [
        ({}, 6000),
        ({"covers": frozenset({("a",)})}, 1000),
        ({"covers": frozenset({("g", "c")})}, 3000),
        ({"covers": frozenset()}, 0),
        ({"compute": KUBERNETES}, 4000),
        ({"compute": "other"}, 2000),
    ],
)
def test_a_quota_of_some_steps_only(more: Data, amount: int) -> None:
    """Step `b` runs elsewhere, which a cluster's own quota does not count."""
    plan = plan_of({"steps": {"a": _cpu(1), "b": _cpu(2), "g": {"steps": {"c": _cpu(3)}}}})
    plan = plan._replace(steps=tuple(s._replace(compute="other") if s.name == "b" else s for s in plan.steps))
    quota = Quota("requests.cpu", 0, "deny", Origin("policy"), **more)
    assert Peaks(plan, Footprint(KUBERNETES)).of(quota.key, quota).amount == amount
