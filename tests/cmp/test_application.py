"""A repository's own CI renders what the cluster renders: from the Application, as Argo CD would call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cmp.repository import FLOW, repository
from cmp.simulator import Application, merged, request, sidecar
from dragoman.cli import main
from dragoman.cmp.application import application, environment, expanded
from dragoman.load.files import Options
from dragoman.plan.overlay import merge_patch

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: argocd}
spec:
  project: ml
  destination: {namespace: jobs, server: https://kubernetes.default.svc}
  source:
    repoURL: https://git.example.com/flows.git
    path: flows/train
    targetRevision: main
    plugin:
      name: dragoman
      env:
      - {name: DRAGOMAN_SET, value: "params.mode=delta\\nsteps.train.env.APP=$ARGOCD_APP_NAME"}
      parameters:
      - {name: environment, string: prod}
"""
SOURCE = "plugin: {parameters: [{name: params.rows, string: '11'}]}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {".git/HEAD": "", "app.yaml": APPLICATION, "flows/train/train.dragoman.yaml": FLOW}
    made = repository(tmp_path, files)
    monkeypatch.chdir(made)
    return made


@pytest.mark.parametrize(
    "files",
    [
        {},
        {".argocd-source.yaml": SOURCE},
        {".argocd-source-app.yaml": "plugin: {env: null}"},
        {".argocd-source.yaml": SOURCE, ".argocd-source-app.yaml": "plugin: {parameters: null}"},
        {".argocd-source.yaml": "{path: elsewhere, repoURL: other}", ".argocd-source-other.yaml": SOURCE},
    ],
)
def test_the_same_bytes_as_the_cluster(
    root: Path, files: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(root / "flows/train", files)
    spec = yaml.safe_load(APPLICATION)["spec"]
    asked = Application("flows/train", spec["source"]["plugin"], project="ml")
    with sidecar() as server:
        there = server.generate(root, asked)
    monkeypatch.setenv("KUBE_VERSION", "1.33.2")
    assert main(["cmp", "generate", "--app", "app.yaml"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == there


def test_the_same_environment(root: Path) -> None:
    found = application("app.yaml", Options())
    spec = yaml.safe_load(APPLICATION)["spec"]
    asked = Application("flows/train", spec["source"]["plugin"], project="ml")
    said = request(asked._replace(plugin=merged(root / "flows/train", asked)))
    ours = environment(found, "flows/train", {"KUBE_VERSION": "1.33.2"}, str(root))
    assert ours["ARGOCD_ENV_DRAGOMAN_SET"].endswith("APP=app")
    named = {name for name in ours if name != "ARGOCD_APP_PARAMETERS"}
    assert {name: ours[name] for name in named} == {name: said[name] for name in named}
    assert json.loads(ours["ARGOCD_APP_PARAMETERS"]) == json.loads(said["ARGOCD_APP_PARAMETERS"])


def test_what_is_around_does_not_count(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARGOCD_APP_PARAMETERS", "nonsense")
    monkeypatch.setenv("ARGOCD_ENV_DRAGOMAN_TARGET", "kubernetes")
    assert main(["cmp", "generate", "--app", "app.yaml"]) == 0
    assert '"kind":"WorkflowTemplate"' in capsys.readouterr().out


WRONG: list[tuple[str, str, str]] = [
    ("kind: Application", "kind: AppProject", "`app.yaml` holds no Applications"),
    ("metadata: {name: app, namespace: argocd}", "metadata: {}", "the Application has no name"),
    ("path: flows/train", "path: flows/gone", "app.yaml:9:11\n"),
    ("string: prod", "string: 5", "app.yaml:16:37\n"),
    ("      - {name: environment, string: prod}", "        environment: prod", "`parameters` is a list"),
    ("  source:", "  sources:", "the Application has no `spec.source`"),
    ("spec:", "spek:", "the Application has no `spec`"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_an_application_that_is_none(
    root: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    (root / "app.yaml").write_text(APPLICATION.replace(old, new))
    assert main(["cmp", "doctor", "--app", "app.yaml"]) in (1, 2)
    said = capsys.readouterr().err
    assert "error[DRG674]" in said
    assert words in said


SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("several sources", {"sources": [{"chart": "x"}, "SOURCE"]}),
    ("a hydrator", {"sourceHydrator": {"drySource": "SOURCE"}}),
]


@pytest.mark.parametrize("shape", [shape for _, shape in SHAPES], ids=[name for name, _ in SHAPES])
def test_other_applications(root: Path, shape: dict[str, Any]) -> None:
    made = yaml.safe_load(APPLICATION)
    source = made["spec"].pop("source")
    made["spec"] |= json.loads(json.dumps(shape).replace('"SOURCE"', json.dumps(source)))
    made["metadata"]["namespace"] = "team-a"
    (root / "app.yaml").write_text(yaml.safe_dump(made))
    found = application("app.yaml", Options())
    assert (found.name, found.path) == ("team-a_app", "flows/train")


@pytest.mark.parametrize(
    ("text", "means"),
    [("a$X", "a1"), ("${X}b", "1b"), ("$$X", "$X"), ("$GONE.", "."), ("5$", "5$"), ("$X$X", "11"), ("${X", "${X")],
)
def test_variables_in_values(text: str, means: str) -> None:
    assert expanded(text, {"X": "1"}) == means


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)


@given(JSON, JSON)
def test_a_merge_is_that_of_rfc_7396(base: Any, patch: Any) -> None:
    assert merge_patch(base, patch) == _rfc_7396(base, patch)
    assert merge_patch(merge_patch(base, patch), patch) == merge_patch(base, patch)


def _rfc_7396(target: Any, patch: Any) -> Any:
    """The pseudocode of the RFC's section 2, on copies."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            if name in target:
                del target[name]
        else:
            target[name] = _rfc_7396(target.get(name), value)
    return target
