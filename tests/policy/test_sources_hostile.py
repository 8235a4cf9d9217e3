"""Files of a cluster with anything in them: findings, never a traceback."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.findings import Findings
from policy.enforcing import judged

SPEC = (
    "queue: q\nsteps:\n  a: {image: b, resources: {cpu: 1, gpu: 1, limits: {cpu: 2}}}\n"
    "  c: {image: b, needs: [a], outputs: {x: {type: string}, y: {type: string}}}"
)
META = {"name": "o", "namespace": "ml"}
WHOLE: list[dict[str, Any]] = [
    {
        "kind": "LimitRange",
        "metadata": META,
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": 1}, "maxLimitRequestRatio": {"cpu": 2}},
                            {"type": "Pod", "max": {"memory": "1Gi"}, "default": {"cpu": 1}, "defaultRequest": {"disk": 1}}]},
    },
    {
        "kind": "ResourceQuota",
        "metadata": META,
        "spec": {"hard": {"cpu": "1", "pods": 2, "limits.cpu": 3}, "scopes": ["Terminating"],
                 "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["x"]}]}},
        "status": {"used": {"cpu": 1}},
    },
    {"kind": "LocalQueue", "metadata": {"name": "q", "namespace": "ml"}, "spec": {"clusterQueue": "o", "stopPolicy": "Hold"}},
    {
        "kind": "ClusterQueue",
        "metadata": META,
        "spec": {"namespaceSelector": {}, "cohortName": "c", "resourceGroups": [{"coveredResources": ["cpu"], "flavors": [
            {"name": "f", "resources": [{"name": "cpu", "nominalQuota": 1, "borrowingLimit": 1, "lendingLimit": 1}]}]}]},
    },
    {"kind": "ResourceFlavor", "metadata": {"name": "f"}, "spec": {
        "nodeLabels": {"a": "b"}, "nodeTaints": [{"key": "k", "effect": "NoSchedule"}], "tolerations": [{"key": "k"}]}},
    {"computeEnvironmentName": "e", "state": "ENABLED", "type": "MANAGED", "computeResources": {"maxvCpus": 1}},
    {"jobQueueName": "q", "state": "ENABLED", "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "e"}]},
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**63), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5), st.sampled_from(["-1", "1e30", "1e9999", "0x1", "9Ei", "1m", "NaN", ""]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, inner in entries for one in places(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place(data: st.DataObject) -> None:
    found: list[Any] = list(WHOLE)
    for _ in range(data.draw(st.integers(1, 2))):
        number = data.draw(st.integers(0, len(found) - 1))
        path = data.draw(st.sampled_from(places(found[number])))
        found[number] = put(found[number], path, data.draw(ANYTHING))
    target = data.draw(st.sampled_from(["argo", "kubernetes", "batch"]))
    try:
        said = judged(SPEC, *map(json.dumps, found), target=target).findings
    except Findings as error:
        said = list(error.findings)
    assert all(one.code.startswith("DRG") and one.message for one in said)


def test_what_is_right_to_begin_with() -> None:
    for target in ("argo", "kubernetes", "batch"):
        assert judged(SPEC, *map(json.dumps, WHOLE), target=target).findings
