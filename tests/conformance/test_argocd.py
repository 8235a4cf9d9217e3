"""The plugin as it is shipped, between Argo CD's own servers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.hostile import CASES, FOREVER, Case, hostile
from cmp.repository import FLOW, LIBRARY, SHARED, repository
from cmp.simulator import DISCOVER, HERE, PLUGIN, Application, Failed, documents, sidecar
from conformance.repository_server import Servers, objects, question, servers
from texts import TEXTS, written

EXAMPLES = sorted(HERE.glob("manifests/examples/*/*.dragoman.yaml"))
POLICY: dict[str, Any] = {
    "name": "dragoman",
    "parameters": [{"name": "policies", "array": ["/manifests/platform.policy.yaml"]}],
}
NAMED: dict[str, Any] = {"name": "dragoman"}
MANY = 50
TRACKING = "argocd.argoproj.io/tracking-id"
HARMLESS = {name: case for name, case in CASES.items() if case.words != "symlink"}


@pytest.fixture(scope="module")
def argocd(argocd_program: Path) -> Iterator[Servers]:
    with servers(argocd_program, PLUGIN) as running:
        yield running


def test_the_examples(argocd: Servers, tmp_path: Path) -> None:
    shutil.copytree(HERE / "manifests", tmp_path / "manifests")
    paths = [str(flow.parent.relative_to(HERE)) for flow in EXAMPLES]
    answers = argocd.ask(*[question(tmp_path, path, POLICY) for path in paths])
    with sidecar() as simulated:
        for path, answer in zip(paths, answers, strict=True):
            found = [_untracked(one) for one in objects(answer)]
            assert found == simulated.generate(tmp_path, Application(path, POLICY, project="ml"))
            assert found


def _untracked(made: dict[str, Any]) -> dict[str, Any]:
    """The object as it was before Argo CD marked it as its own."""
    annotations = made["metadata"]["annotations"]
    assert annotations.pop(TRACKING).startswith("app:")
    if not annotations:
        del made["metadata"]["annotations"]
    return made


def test_what_a_broken_flow_says(argocd: Servers, tmp_path: Path) -> None:
    root = repository(tmp_path, {"flows/train/a.dragoman.yaml": FLOW.replace("command: [train]", "comand: [train]")})
    said = argocd.generate(root, "flows/train", NAMED)["error"]
    assert said.startswith('CMP processing failed for application "app": error generating manifests in cmp:')
    with sidecar() as simulated, pytest.raises(Failed) as error:
        simulated.generate(root, Application("flows/train", NAMED, project="ml"))
    assert said.endswith(str(error.value))
    assert "flows/train/a.dragoman.yaml:11:29: error DRG102: unknown key `comand`" in said


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
def test_a_hostile_repository(argocd: Servers, tmp_path: Path, case: Case) -> None:
    answer = argocd.generate(hostile(tmp_path, case), "flows/train", NAMED)
    assert case.words in answer.get("error", "")
    assert bool(case.words) == ("error" in answer)


def test_many_applications_at_once(argocd: Servers, tmp_path: Path) -> None:
    files = {f"flows/f{n}/a.dragoman.yaml": FLOW.replace("{name: train}", f"{{name: train-{n}}}") for n in range(MANY)}
    root = repository(tmp_path, files)
    answers = argocd.ask(*[question(root, f"flows/f{n}", NAMED, name=f"app-{n}") for n in range(MANY)])
    for number, answer in enumerate(answers):
        [made] = objects(answer)
        assert made["metadata"]["name"] == f"train-{number}"
        assert made["metadata"]["annotations"][TRACKING].startswith(f"app-{number}:")


FILES: list[tuple[str, str]] = [
    ("", ""),
    ("plugin: {parameters: [{name: params.rows, string: '11'}]}", ""),
    ("plugin: {parameters: [{name: params.rows, string: '11'}]}", "plugin: {env: null}"),
    ("plugin: {parameters: [{name: set, map: {params.rows: '12'}}]}", ""),
    ("plugin: {parameters: [{}, {name: params.rows, string: '13'}]}", "plugin: {env: [{value: params.rows=14}]}"),
    ("plugin: null", "path: elsewhere"),
    ("{}", "plugin: {env: []}"),
]


@pytest.mark.parametrize(("everybody", "ours"), FILES, ids=[f"{one}; {two}" for one, two in FILES])
def test_source_files_and_variables(argocd: Servers, tmp_path: Path, everybody: str, ours: str) -> None:
    """Argo CD's own merge and substitution, and ours in their place."""
    env = [{"name": "DRAGOMAN_SET", "value": "steps.train.env.X=$ARGOCD_APP_NAME-$$-${ARGOCD_APP_NAMESPACE}-$NONE"}]
    plugin = {**NAMED, "env": env, "parameters": [{"name": "environment", "string": "prod"}]}
    spec = {"project": "ml", "destination": {"namespace": "jobs"}, "source": {"path": "flows/train", "plugin": plugin}}
    files = {
        "app.yaml": yaml.safe_dump({"kind": "Application", "metadata": {"name": "app"}, "spec": spec}),
        "flows/train/a.dragoman.yaml": FLOW,
        ".git/HEAD": "",
    }
    files |= {"flows/train/.argocd-source.yaml": everybody} if everybody else {}
    files |= {"flows/train/.argocd-source-app.yaml": ours} if ours else {}
    root = repository(tmp_path, files)
    theirs = argocd.generate(root, "flows/train", plugin)
    done = subprocess.run(
        [sys.executable, "-m", "dragoman", "cmp", "generate", "--app", "app.yaml"],
        cwd=root,
        env={**os.environ, "KUBE_VERSION": "1.33.2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "error" in theirs:
        assert theirs["error"].endswith(done.stderr.strip())
        return
    assert [_named(one) for one in objects(theirs)] == [json.loads(line) for line in done.stdout.splitlines()]
    with sidecar() as simulated:
        assert simulated.generate(root, Application("flows/train", plugin, project="ml")) == documents(done.stdout)


def _named(made: dict[str, Any]) -> dict[str, Any]:
    del made["metadata"]["annotations"]
    return made


def test_a_smaller_tree(argocd: Servers, tmp_path: Path) -> None:
    """With `manifest-generate-paths` and `plugin.use.manifest.generate.paths`, only their common root is sent."""
    files = {"teams/ml/flows/train/a.dragoman.yaml": SHARED, "teams/ml/lib/steps.yaml": LIBRARY, "x.yaml": "a: 1"}
    root = repository(tmp_path, files)
    path = "teams/ml/flows/train"
    assert objects(argocd.generate(root, path, NAMED, paths=".;/teams/ml/lib/steps.yaml"))
    assert objects(argocd.generate(root, path, NAMED))
    assert "`../../lib/steps.yaml`" in argocd.generate(root, path, NAMED, paths=".")["error"]


def test_what_is_announced(argocd: Servers, tmp_path: Path) -> None:
    root = repository(tmp_path, {"flows/train/a.dragoman.yaml": FLOW})
    [answer] = argocd.ask({"call": "parameters", "root": str(root), "app": "flows/train", "env": []})
    with sidecar() as simulated:
        expected = simulated.parameters(root, Application("flows/train"))
    # what is empty or false is not on the wire
    assert answer["parameters"] == [{key: value for key, value in one.items() if value} for one in expected]


def test_discovery(argocd_program: Path, tmp_path: Path) -> None:
    files = {"flows/deep/er/a.dragoman.jsonnet": "{}", "yml/a.dragoman.yml": FLOW, "other/a.yaml": "a: 1"}
    root = repository(tmp_path, files)
    with servers(argocd_program, DISCOVER) as running:
        asked = [{"call": "match", "root": str(root), "app": app} for app in ("flows", "yml", "other", ".")]
        assert [one["supported"] for one in running.ask(*asked)] == [True, True, False, True]
        assert objects(running.generate(root, "yml", None))


def test_nothing_is_written_where_nothing_may_be(argocd: Servers, tmp_path: Path) -> None:
    root = repository(tmp_path, {"flows/train/a.dragoman.yaml": FLOW})
    argocd.generate(root, "flows/train", NAMED)
    assert [*(argocd.work / "_cmp_server").iterdir()] == []
    left = {place.name for place in argocd.work.iterdir() if not place.name.startswith("dragoman.sock")}
    assert not left & {".cache", "__pycache__"}


INSTALLATION = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  template:
    spec:
      containers:
      - {name: argocd-repo-server, image: quay.io/argoproj/argocd:v3.5.7}
      volumes:
      - {name: var-files, emptyDir: {}}
      - {name: plugins, emptyDir: {}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dragoman-policies}
"""


@pytest.mark.parametrize(
    "components", [["plugin"], ["plugin", "plugin/discover"], ["plugin", "plugin/policies"]], ids=str
)
def test_kustomize_installs_it(argocd_program: Path, tmp_path: Path, components: list[str]) -> None:
    shutil.copytree(HERE / "plugins/argocd", tmp_path / "plugin")
    (tmp_path / "argocd").mkdir()
    (tmp_path / "argocd/install.yaml").write_text(INSTALLATION)
    wanted = {"resources": ["install.yaml"], "components": [f"../{name}" for name in components]}
    (tmp_path / "argocd/kustomization.yaml").write_text(yaml.safe_dump(wanted))
    done = subprocess.run(
        [argocd_program, "kustomize", str(tmp_path / "argocd")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}
    pod = made["Deployment", "argocd-repo-server"]["spec"]["template"]["spec"]
    containers = {one["name"]: one for one in pod["containers"]}
    assert set(containers) == {"argocd-repo-server", "dragoman"}
    volumes = {one["name"]: one for one in pod["volumes"]}
    assert {one["name"] for one in containers["dragoman"]["volumeMounts"]} <= set(volumes)
    config = made["ConfigMap", volumes["dragoman-plugin"]["configMap"]["name"]]
    variant = DISCOVER if "plugin/discover" in components else PLUGIN
    assert config["data"]["plugin.yaml"] == variant.read_text()
    assert made["ConfigMap", "argocd-cmd-params-cm"]["data"] == {"reposerver.plugin.tar.exclusions": ".git"}
    assert "resource.customizations.health.batch_Job" in made["ConfigMap", "argocd-cm"]["data"]
    assert ("env" in containers["dragoman"]) == ("plugin/policies" in components)


def test_a_request_that_ends_before_the_plugin(argocd: Servers, tmp_path: Path) -> None:
    """Argo CD kills the call, not its server: the next application is rendered as ever."""
    slow = repository(tmp_path / "slow", {f"flows/train/{n}.dragoman.jsonnet": FOREVER for n in range(20)})
    root = repository(tmp_path / "plain", {"flows/train/a.dragoman.yaml": FLOW})
    late, other = argocd.ask(
        question(slow, "flows/train", NAMED, timeout=2), question(root, "flows/train", NAMED, timeout=60)
    )
    # it is killed and told to end at the same moment, or the asker was the first to give up
    assert re.search(r"failed signal: (killed|terminated)|DeadlineExceeded", late["error"])
    assert objects(other)
    assert objects(argocd.generate(root, "flows/train", NAMED))


def test_every_letter_arrives(argocd: Servers, tmp_path: Path) -> None:
    """Argo CD reads the stream of JSON with a reader for YAML in it, and writes it again."""
    words = [written(text) for text in TEXTS]
    steps = {f"step-{n}": {"command": ["say", *words], "image": "registry.example/say:1"} for n in range(100)}
    flow = {"apiVersion": "dragoman.dev/v1alpha1", "kind": "Flow", "metadata": {"name": "letters"}}
    body = {**flow, "spec": {"target": "kubernetes", "targets": {"kubernetes": {"ordering": "none"}}, "steps": steps}}
    root = repository(tmp_path, {"flows/train/a.dragoman.yaml": yaml.safe_dump(body, default_style='"')})
    found = [_named(one) for one in objects(argocd.generate(root, "flows/train", NAMED))]
    with sidecar() as simulated:
        assert found == simulated.generate(root, Application("flows/train", NAMED, project="ml"))
    [said] = {tuple(one["spec"]["template"]["spec"]["containers"][0]["command"][1:]) for one in found}
    assert len(found) == 100
    assert [one for one in said if "$" not in one] == [text for text in TEXTS if "$" not in text]
