"""What a platform installs is what a flow would bring itself."""

from __future__ import annotations

from pathlib import Path

import yaml

from dragoman.emit.kubernetes.coordinator import RULES
from dragoman.emit.kubernetes.judge import problems

FILE = Path(__file__).parents[2] / "manifests/install/coordinator.yaml"
BODIES = {body["kind"]: body for body in yaml.safe_load_all(FILE.read_text())}


def test_the_role_has_the_rights_of_an_emitted_one() -> None:
    assert BODIES["Role"]["rules"] == [*RULES]


def test_kubernetes_takes_it() -> None:
    assert [problem for body in BODIES.values() for problem in problems(body, 33)] == []


def test_the_parts_belong_together() -> None:
    name = BODIES["ServiceAccount"]["metadata"]["name"]
    assert BODIES["RoleBinding"]["roleRef"]["name"] == BODIES["Role"]["metadata"]["name"]
    assert [subject["name"] for subject in BODIES["RoleBinding"]["subjects"]] == [name]
