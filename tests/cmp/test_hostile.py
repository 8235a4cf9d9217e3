"""A repository cannot read the sidecar's files, run anything in it, or keep it busy."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmp.hostile import CASES, FOREVER, SECRET, Case, hostile
from cmp.repository import FLOW, repository
from cmp.simulator import Application, Failed, sidecar

APP = Application("flows/train")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_hostile_repository(tmp_path: Path, case: Case) -> None:
    root = hostile(tmp_path, case)
    with sidecar(environment={"SECRET": SECRET}) as server:
        if not case.words:
            assert [one["metadata"]["name"] for one in server.generate(root, APP)] == ["train"]
            return
        with pytest.raises(Failed) as error:
            server.generate(root, APP)
    said = str(error.value)
    assert case.words in said
    assert "Traceback" not in said
    assert "root:" not in said  # of /etc/passwd
    assert "\x1b" not in said


def test_many_slow_files_end_in_time(tmp_path: Path) -> None:
    root = repository(tmp_path, {f"flows/train/{n}.dragoman.jsonnet": FOREVER for n in range(9)})
    with sidecar(environment={"DRAGOMAN_CMP_TIMEOUT": "1"}) as server, pytest.raises(Failed) as error:
        server.generate(root, APP)
    assert "error DRG676: rendering took more than 1 seconds" in str(error.value)


def test_what_argo_cd_kills_says_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path, {f"flows/train/{n}.dragoman.jsonnet": FOREVER for n in range(9)})
    with sidecar(timeout=1) as server, pytest.raises(Failed, match=r"failed signal: killed: $"):
        server.generate(root, APP)


def test_a_timeout_that_is_none(tmp_path: Path) -> None:
    root = repository(tmp_path, {"flows/train/a.dragoman.yaml": FLOW})
    with (
        sidecar(environment={"DRAGOMAN_CMP_TIMEOUT": "soon"}) as server,
        pytest.raises(Failed, match="DRAGOMAN_CMP_TIMEOUT is `soon`"),
    ):
        server.generate(root, APP)


def test_nothing_of_a_repository_is_run(tmp_path: Path) -> None:
    root = hostile(tmp_path, CASES["modules of the same names"])
    with sidecar() as server:
        assert server.parameters(root, APP)
        server.generate(root, APP)  # which fails when the tree has changed


def test_policies_of_the_platform_hold(tmp_path: Path) -> None:
    policy = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec: {max: [{cpu: 1, action: deny}]}
"""
    above = repository(tmp_path / "platform", {"platform.policy.yaml": policy})
    loose = policy.replace("cpu: 1", "cpu: 100")
    root = repository(tmp_path / "repository", {"flows/train/a.dragoman.yaml": FLOW, "own.policy.yaml": loose})
    plugin = {"parameters": [{"name": "policies", "array": ["/own.policy.yaml"]}]}
    with sidecar(environment={"DRAGOMAN_CMP_POLICIES": str(above)}) as server, pytest.raises(Failed) as error:
        server.generate(root, APP._replace(plugin=plugin))
    assert "cpu" in str(error.value)
    with sidecar() as server:
        assert server.generate(root, APP._replace(plugin=plugin))
    with (
        sidecar(environment={"DRAGOMAN_CMP_POLICIES": str(tmp_path / "gone")}) as server,
        pytest.raises(Failed, match="gone"),
    ):
        server.generate(root, APP)


def test_a_policy_for_one_project(tmp_path: Path) -> None:
    policy = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: small}
spec:
  match: {labels: {dragoman.dev/project: small}, namespaces: [jobs]}
  max: [{cpu: 1, action: deny}]
"""
    above = repository(tmp_path / "platform", {"small.policy.yaml": policy})
    root = repository(tmp_path / "repository", {"flows/train/a.dragoman.yaml": FLOW})
    with sidecar(environment={"DRAGOMAN_CMP_POLICIES": str(above)}) as server:
        assert server.generate(root, APP._replace(project="large"))
        with pytest.raises(Failed):
            server.generate(root, APP._replace(project="small"))
