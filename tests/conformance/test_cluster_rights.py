"""What the coordinator may do: enough, nothing that it does not need, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.node import Node
from conformance.plane import Plane, path_of
from conformance.runs import Runs
from dragoman.drive.answers import ApiError
from dragoman.emit.kubernetes.coordinator import RULES

SPEC = """
steps:
  say: {command: [say, hello], outputs: {t: {from: stdout}}}
  make: {command: [give, n=3], outputs: {n: {type: int}}}
  all: {when: "steps.say.outputs.t == 'hello' && steps.make.outputs.n == 3", command: ["true"]}
"""


def _without() -> Iterator[tuple[str, list[Any]]]:
    """The rules without each of the verbs."""
    for number, rule in enumerate(RULES):
        for verb in rule["verbs"]:
            less = {**rule, "verbs": [one for one in rule["verbs"] if one != verb]}
            rules = [*RULES[:number], *([less] if less["verbs"] else []), *RULES[number + 1 :]]
            yield f"{verb} {rule['resources'][0]}", rules


WITHOUT = dict(_without())


@pytest.mark.parametrize("right", WITHOUT)
def test_without_any_of_its_rights_it_cannot_drive(right: str, control_plane: Plane, node: Node) -> None:
    runs = Runs(control_plane, node, SPEC, WITHOUT[right])
    verb, _, resource = right.partition(" ")
    with pytest.raises(ApiError, match=f'cannot {verb} resource "{resource}"'):
        runs.drive()


FORBIDDEN = [
    ("GET", "Secret", ""),
    ("GET", "ConfigMap", ""),
    ("DELETE", "Job", "f-1"),
    ("DELETE", "Pod", "f-1"),
    ("PATCH", "Pod", "f-1"),
    ("POST", "Pod", ""),
    ("POST", "CronJob", ""),
    ("PATCH", "Role", "f-coordinator"),
    ("POST", "ServiceAccount", "f-coordinator/token"),
]


@pytest.mark.parametrize(("method", "kind", "name"), FORBIDDEN, ids=[f"{one[0]}-{one[1]}" for one in FORBIDDEN])
def test_what_it_may_not(method: str, kind: str, name: str, control_plane: Plane, node: Node) -> None:
    runs = Runs(control_plane, node, SPEC)
    user = f"system:serviceaccount:{runs.namespace}:{runs.account}"
    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
    path = path_of(kind, runs.namespace, name)
    assert control_plane.call(method, path, {"metadata": {"name": "x"}}, content=content, user=user).status == 403
    assert control_plane.call("GET", path_of("Job", runs.namespace), user=user).status == 200


def test_other_namespaces_are_not_its_own(control_plane: Plane, node: Node, namespace: str) -> None:
    runs = Runs(control_plane, node, SPEC)
    user = f"system:serviceaccount:{runs.namespace}:{runs.account}"
    assert control_plane.call("GET", path_of("Job", namespace), user=user).status == 403
    assert control_plane.call("GET", "apis/batch/v1/jobs", user=user).status == 403
