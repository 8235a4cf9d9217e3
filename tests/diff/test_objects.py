"""What becomes of objects that differ."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman.diff.objects import object_changes
from dragoman.emitter import Manifest

IMMUTABLE = "`spec.template` of a living Job cannot change: it has to be deleted first"


def thing(kind: str, name: str, file: str = "", **fields: Any) -> Manifest:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}
    return Manifest(file or f"{kind.lower()}-{name}.yaml", body)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ([thing("Job", "a")], [thing("Job", "a")], []),
        ([], [thing("Job", "a")], [("create", "Job", "a", "")]),
        ([thing("Job", "a")], [], [("delete", "Job", "a", "")]),
        (
            [thing("Job", "a-1", "a", spec={"template": 1})],
            [thing("Job", "a-2", "a", spec={"template": 2})],
            [("replace", "Job", "a-2", "instead of `a-1`, and runs")],
        ),
        (
            [thing("ConfigMap", "a-1", "a", data={"x": "1"})],
            [thing("ConfigMap", "a-2", "a", data={"x": "2"})],
            [("replace", "ConfigMap", "a-2", "instead of `a-1`")],
        ),
        ([thing("Job", "a", spec={"template": 1})], [thing("Job", "a", spec={"template": 2})], [("refused", "Job", "a", IMMUTABLE)]),
        (
            [thing("Job", "a", spec={"parallelism": 1})],
            [thing("Job", "a", spec={"parallelism": 2})],
            [("change", "Job", "a", "it does not run again: its name is the same")],
        ),
        (
            [thing("ConfigMap", "a", data={"x": "1"}, immutable=True)],
            [thing("ConfigMap", "a", data={"x": "2"}, immutable=True)],
            [("refused", "ConfigMap", "a", "`data` of a living ConfigMap cannot change: it has to be deleted first")],
        ),
        ([thing("ConfigMap", "a", data={"x": "1"})], [thing("ConfigMap", "a", data={"x": "2"})], [("change", "ConfigMap", "a", "")]),
        (
            [thing("RoleBinding", "a", roleRef={"name": "x"})],
            [thing("RoleBinding", "a", roleRef={"name": "y"})],
            [("refused", "RoleBinding", "a", "`roleRef` of a living RoleBinding cannot change: it has to be deleted first")],
        ),
    ],
)  # fmt: skip
def test_action(before: list[Manifest], after: list[Manifest], wanted: list[tuple[str, ...]]) -> None:
    found = object_changes(before, after)
    assert [(one.action, one.kind, one.name, one.note) for one in found] == wanted


def test_the_text_is_a_unified_diff() -> None:
    [one] = object_changes([thing("ConfigMap", "a", data={"x": "1"})], [thing("ConfigMap", "a", data={"x": "2"})])
    lines = one.text.splitlines()
    assert lines[:2] == ["--- a/configmap-a.yaml", "+++ b/configmap-a.yaml"]
    assert [line for line in lines if line[:1] in "+-"][2:] == ['-  x: "1"', '+  x: "2"']
    [new] = object_changes([], [thing("ConfigMap", "a")])
    assert new.text.splitlines()[:2] == ["--- /dev/null", "+++ b/configmap-a.yaml"]
