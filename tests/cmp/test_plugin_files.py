"""What a platform engineer installs: well formed, one thing said once, and what the code expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dragoman import __version__
from dragoman.cli.cmp import POLICIES
from dragoman.cmp.settings import PARAMETERS, announcement

FOLDER = Path(__file__).parents[2] / "plugins/argocd"
FILES = sorted(FOLDER.rglob("*.yaml"))
USER = 999


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_a_file_is_yaml(file: Path) -> None:
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(file.read_text()))


@pytest.mark.parametrize("name", ["plugin.yaml", "discover/plugin.yaml"])
def test_the_announced_parameters_are_those_that_are_read(name: str) -> None:
    spec = read(name)["spec"]
    assert spec["parameters"]["static"] == [
        {key: value for key, value in announcement(one).items() if key != "required"}
        for one in PARAMETERS
        if not one.dynamic
    ]
    # keys that Argo CD does not know it ignores in silence (cmpserver/plugin/config.go)
    assert set(spec) <= {"version", "init", "generate", "discover", "parameters", "preserveFileMode", "provideGitCreds"}
    assert set(spec["parameters"]) == {"static", "dynamic"}
    assert spec["generate"] == {"command": ["dragoman", "cmp", "generate"]}
    assert spec["parameters"]["dynamic"] == {"command": ["dragoman", "cmp", "parameters"]}


def test_the_variants_differ_by_discovery_alone() -> None:
    named, discovering = read("plugin.yaml"), read("discover/plugin.yaml")
    assert discovering["spec"].pop("discover") == {"find": {"glob": "**/*.dragoman.*"}}
    assert named == discovering


def test_the_chart_installs_the_same() -> None:
    values, deployment = read("values.yaml"), read("sidecar.yaml")
    assert values["configs"]["cmp"]["plugins"] == {"dragoman": read("plugin.yaml")["spec"]}
    assert values["configs"]["params"] == read("params.yaml")["data"]
    pod = deployment["spec"]["template"]["spec"]
    [ours], [theirs] = pod["containers"], values["repoServer"]["extraContainers"]
    for mount in ours["volumeMounts"]:  # the chart's ConfigMap holds a file for each plugin
        mount |= {"subPath": "dragoman.yaml"} if "subPath" in mount else {}
    assert ours == theirs
    pod["volumes"][0]["configMap"]["name"] = "argocd-cmp-cm"
    assert pod["volumes"] == values["repoServer"]["volumes"]
    # the chart's own keys (argo/argo-cd 10.1): others it ignores in silence
    assert set(values) == {"configs", "repoServer"}
    assert set(values["configs"]) == {"params", "cmp"}
    assert set(values["configs"]["cmp"]) == {"create", "plugins"}


def test_the_sidecar_may_do_nothing() -> None:
    [container] = read("sidecar.yaml")["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["image"] == f"dragoman/dragoman-argocd:{__version__}"


def test_policies_are_where_the_code_looks() -> None:
    pod = read("policies/policies.yaml")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["env"] == [{"name": POLICIES, "value": container["volumeMounts"][0]["mountPath"]}]
    assert container["volumeMounts"][0]["name"] == pod["volumes"][0]["name"]


def test_the_image() -> None:
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    final = lines[[number for number, line in enumerate(lines) if line.startswith("FROM")][-1] :]
    assert f"USER {USER}:{USER}" in final
    assert "COPY plugins/argocd/plugin.yaml /home/argocd/cmp-server/config/plugin.yaml" in final
    assert not [line for line in final if line.startswith("RUN")]
    [environment] = [line for line in final if line.startswith("ENV")]
    assert {"PYTHONSAFEPATH=1", "PYTHONDONTWRITEBYTECODE=1", "HOME=/tmp"} <= set(environment.split())


@pytest.mark.parametrize("name", ["examples/application.yaml", "examples/applicationset.yaml"])
def test_the_examples_name_the_plugin_and_its_parameters(name: str) -> None:
    body = read(name)
    spec = body["spec"] if body["kind"] == "Application" else body["spec"]["template"]["spec"]
    plugin = spec["source"]["plugin"]
    assert plugin["name"] == read("plugin.yaml")["metadata"]["name"]
    known = {one.name: one.shape for one in PARAMETERS}
    for parameter in plugin["parameters"]:
        assert known.get(parameter["name"], "string") in parameter
        assert parameter["name"] in known or parameter["name"].startswith("params.")
