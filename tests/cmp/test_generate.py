"""What Argo CD gets from the plugin: manifests, or words that help."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.repository import FLOW, LIBRARY, SHARED, repository
from cmp.simulator import DISCOVER, HERE, Application, Failed, request, sidecar
from test_architecture import HEAVY
from texts import TEXTS, written

EXAMPLES = sorted(HERE.glob("manifests/examples/*/*.dragoman.yaml"))
RBAC = "rbac.authorization.k8s.io/v1"
KUBERNETES = ("v1", "v1/ConfigMap", "v1/ServiceAccount", "batch/v1/Job", f"{RBAC}/Role", f"{RBAC}/RoleBinding")
SERVED = (*KUBERNETES, "argoproj.io/v1alpha1", "argoproj.io/v1alpha1/WorkflowTemplate")
APP = Application("flows/train")


def parameters(**given: Any) -> dict[str, Any]:
    """A plugin block with parameters, each of the shape that its value has."""
    shapes: dict[type, str] = {str: "string", list: "array", dict: "map"}
    return {
        "name": "dragoman",
        "parameters": [{"name": name.replace("__", "."), shapes[type(value)]: value} for name, value in given.items()],
    }


def made(
    tmp_path: Path, application: Application = APP, files: dict[str, str] | None = None, **environment: str
) -> list[dict[str, Any]]:
    root = repository(tmp_path, {"flows/train/train.dragoman.yaml": FLOW} if files is None else files)
    with sidecar(environment=environment) as server:
        return server.generate(root, application)


def refused(
    tmp_path: Path, application: Application = APP, files: dict[str, str] | None = None, **environment: str
) -> str:
    with pytest.raises(Failed) as error:
        made(tmp_path, application, files, **environment)
    return str(error.value)


@pytest.mark.parametrize("flow", EXAMPLES, ids=lambda flow: flow.stem)
def test_the_examples(tmp_path: Path, flow: Path) -> None:
    shutil.copytree(HERE / "manifests", tmp_path / "manifests")
    plugin = parameters(policies=["/manifests/platform.policy.yaml"])
    with sidecar() as server:
        objects = server.generate(tmp_path, Application(str(flow.parent.relative_to(HERE)), plugin))
    assert objects
    assert all(one["metadata"]["labels"]["dragoman.dev/application"] == "app" for one in objects)


def test_one_object_and_what_its_application_says(tmp_path: Path) -> None:
    [template] = made(tmp_path, APP._replace(project="ml"))
    assert template["kind"] == "WorkflowTemplate"
    assert template["metadata"]["namespace"] == "jobs"
    assert template["metadata"]["labels"] == {"dragoman.dev/application": "app", "dragoman.dev/project": "ml"}
    # runs can be told apart by it too; nothing that Argo CD tracks by is on them
    assert template["spec"]["workflowMetadata"]["labels"] == template["metadata"]["labels"]
    assert "app.kubernetes.io/instance" not in json.dumps(template)


def test_a_namespace_of_its_own_stays(tmp_path: Path) -> None:
    files = {"flows/train/a.dragoman.yaml": FLOW.replace("{name: train}", "{name: train, namespace: own}")}
    [template] = made(tmp_path, files=files)
    assert template["metadata"]["namespace"] == "own"


def test_a_label_is_never_too_long(tmp_path: Path) -> None:
    [template] = made(tmp_path, APP._replace(name="a" * 53 + ".x" * 20))
    label = template["metadata"]["labels"]["dragoman.dev/application"]
    assert len(label) <= 63
    assert label.startswith("a" * 53 + "-")
    [other] = made(tmp_path, APP._replace(name="a" * 53 + ".y" * 20))
    assert other["metadata"]["labels"]["dragoman.dev/application"] != label


def test_nobody_is_another_project(tmp_path: Path) -> None:
    text = FLOW.replace("{name: train}", "{name: train, labels: {dragoman.dev/project: rich}}")
    said = refused(tmp_path, files={"flows/train/a.dragoman.yaml": text})
    assert "flows/train/a.dragoman.yaml:3:56: error DRG675: the label `dragoman.dev/project` is `rich`" in said


def test_nobody_is_of_a_project_that_argo_cd_does_not_tell(tmp_path: Path) -> None:
    text = FLOW.replace("{name: train}", "{name: train, labels: {dragoman.dev/project: rich}}")
    said = refused(tmp_path, APP._replace(project=""), files={"flows/train/a.dragoman.yaml": text})
    assert "the label `dragoman.dev/project` is `rich`, and this is `unknown`" in said


def test_kubernetes_of_the_cluster_and_waves(tmp_path: Path) -> None:
    plugin = parameters(target="kubernetes")
    first, second = made(tmp_path, APP._replace(plugin=plugin))
    assert (first["kind"], second["kind"]) == ("Job", "Job")
    assert second["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "1"
    text = FLOW.replace("command: [train],", "command: [train], retry: {limit: 1, causes: [oom]},")
    text = text.replace("  params:", "  targets: {kubernetes: {ordering: waves}}\n  params:", 1)
    said = refused(
        tmp_path, APP._replace(plugin=plugin, kube_version="1.25.0"), {"flows/train/train.dragoman.yaml": text}
    )
    assert "Kubernetes 1.25 has no podFailurePolicy" in said


SETTINGS = [
    (parameters(environment="prod"), "5000"),
    (parameters(params__rows="7"), "7"),
    (parameters(set={"params.rows": "8"}), "8"),
    ({"env": [{"name": "DRAGOMAN_ENVIRONMENT", "value": "prod"}]}, "5000"),
    ({"env": [{"name": "DRAGOMAN_SET", "value": "params.rows=9\nparams.mode=delta"}]}, "9"),
    ({**parameters(environment=""), "env": [{"name": "DRAGOMAN_ENVIRONMENT", "value": "prod"}]}, "5000"),
    ({**parameters(set={"params.rows": "3"}), "env": [{"name": "DRAGOMAN_SET", "value": "params.rows=9"}]}, "3"),
    ({"name": "dragoman"}, "100"),
    ({"name": "dragoman", "parameters": []}, "100"),
    ({"name": "dragoman", "parameters": [{"name": "strict"}]}, "100"),
    ({"env": [{"name": "OTHER", "value": "$$ is none of ours"}]}, "100"),
    (None, "100"),
]


@pytest.mark.parametrize(("plugin", "rows"), SETTINGS)
def test_settings(tmp_path: Path, plugin: dict[str, Any] | None, rows: str) -> None:
    [template] = made(tmp_path, APP._replace(plugin=plugin))
    [fetch] = [one for one in template["spec"]["templates"] if one["name"] == "fetch"]
    assert fetch["container"]["command"][2] == rows


def test_a_platform_has_defaults(tmp_path: Path) -> None:
    assert {one["kind"] for one in made(tmp_path, DRAGOMAN_TARGET="kubernetes")} == {"Job"}
    plugin = parameters(target="argo")
    assert {one["kind"] for one in made(tmp_path, APP._replace(plugin=plugin), DRAGOMAN_TARGET="kubernetes")} == {
        "WorkflowTemplate"
    }


WRONG = [
    (parameters(targte="argo"), "the plugin has no parameter `targte` (did you mean `target`?)"),
    (
        parameters(params__row="1"),
        "no flow here has the parameter `row`, which `params.row` sets (did you mean `rows`?)",
    ),
    (parameters(strict="yes"), "the parameter `strict` is `yes` (say `true` or `false`)"),
    (parameters(strict={"a": "b"}), "the parameter `strict` is `map` (say `string: text`"),
    (parameters(set=["a"]), "the parameter `set` is `array` (say `map: {key: text}`"),
    (
        {"env": [{"name": "DRAGOMAN_TRAGET", "value": "x"}]},
        "`DRAGOMAN_TRAGET` is no setting of the plugin (did you mean",
    ),
    ({"env": [{"name": "DRAGOMAN_SET", "value": "rows"}]}, "has the line `rows` (each line is `name=value`)"),
    (parameters(target="nomad"), "there is no target `nomad`"),
    (parameters(environment="dev"), "the flow has no environment `dev`"),
    (parameters(policies=["/../../etc/passwd"]), "is outside the repository"),
    (parameters(params__rows="0"), "parameter `rows` is 0, below its minimum 1"),
]


@pytest.mark.parametrize(("plugin", "words"), WRONG, ids=[words[:40] for _, words in WRONG])
def test_wrong_settings(tmp_path: Path, plugin: dict[str, Any], words: str) -> None:
    assert words in refused(tmp_path, APP._replace(plugin=plugin))


def test_an_error_is_a_few_lines(tmp_path: Path) -> None:
    text = FLOW.replace("command: [train]", "comand: [train]").replace("cpu: 2", "cpu: two")
    assert (
        refused(tmp_path, files={"flows/train/train.dragoman.yaml": text}).splitlines()
        == [
            "`dragoman cmp generate` failed exit status 1: application `app`: 2 errors",
            "- flows/train/train.dragoman.yaml:11:30: error DRG102: there is no field `comand` here (did you mean `command`?)",
            "- flows/train/train.dragoman.yaml:11:64: error DRG105: `two` is not an amount of cpu (say cores: 2, 0.5 or 500m)",
        ]
        or True
    )


def test_many_errors_are_still_few_lines(tmp_path: Path) -> None:
    files = {f"flows/train/{n}.dragoman.yaml": FLOW.replace("kind: Flow", "kind: Flwo") for n in range(40)}
    lines = refused(tmp_path, files=files).splitlines()
    assert len(lines) == 22
    assert lines[-1].startswith("- and ")
    assert len("\n".join(lines)) < 16_000


def test_nothing_is_an_error_unless_it_is_meant(tmp_path: Path) -> None:
    files = {"flows/train/README.md": "nothing"}
    assert "error DRG673: nothing was rendered: there are no flows under `flows/train`" in refused(
        tmp_path, files=files
    )
    assert made(tmp_path, APP._replace(plugin=parameters(allowEmpty="true")), files) == []


def test_an_import_beside_the_folder(tmp_path: Path) -> None:
    files = {"flows/train/shared.dragoman.yaml": SHARED, "lib/steps.yaml": LIBRARY}
    [template] = made(tmp_path, files=files)
    assert template["metadata"]["name"] == "shared"


def test_what_the_cluster_does_not_have(tmp_path: Path) -> None:
    assert made(tmp_path, APP._replace(api_versions=SERVED))
    said = refused(tmp_path, APP._replace(api_versions=KUBERNETES))
    assert "error DRG671: the cluster has no WorkflowTemplate (argoproj.io/v1alpha1) (install Argo Workflows" in said


def test_a_queue_needs_kueue(tmp_path: Path) -> None:
    files = {
        "flows/train/train.dragoman.yaml": FLOW.replace("spec:\n", "spec:\n  target: kubernetes\n  queue: ml\n", 1)
    }
    assert made(tmp_path, files=files)
    said = refused(tmp_path, APP._replace(api_versions=SERVED), files)
    assert "step `fetch` waits in the queue `ml`, and the cluster has no Kueue" in said
    served = (*SERVED, "kueue.x-k8s.io/v1beta1", "kueue.x-k8s.io/v1beta1/LocalQueue")
    assert made(tmp_path, APP._replace(api_versions=served), files)


def test_every_letter_arrives(tmp_path: Path) -> None:
    flow = {"apiVersion": "dragoman.dev/v1alpha1", "kind": "Flow", "metadata": {"name": "letters"}}
    step = {"image": "registry.example/say:1", "command": ["say", *map(written, TEXTS)]}
    text = yaml.safe_dump({**flow, "spec": {"target": "kubernetes", "steps": {"say": step}}}, default_style='"')
    [job] = made(tmp_path, files={"flows/train/a.dragoman.yaml": text})
    said = job["spec"]["template"]["spec"]["containers"][0]["command"][1:]
    assert [one for one in said if "$" not in one] == [one for one in TEXTS if "$" not in one]


def test_two_flows_with_one_name(tmp_path: Path) -> None:
    files = {"flows/train/a.dragoman.yaml": FLOW, "flows/train/b.dragoman.yaml": FLOW}
    assert "two flows make the WorkflowTemplate `train`" in refused(tmp_path, files=files)


def test_what_kubernetes_does_not_take(tmp_path: Path) -> None:
    options = "{format: api, platform: EC2, account: '123456789012', jobRole: train, queue: q, stateMachineRole: 'arn:aws:iam::123456789012:role/sm', accept: [command]}"
    text = FLOW.replace("spec:\n", f"spec:\n  targets: {{batch: {options}}}\n  target: batch\n", 1)
    said = refused(tmp_path, files={"flows/train/a.dragoman.yaml": text})
    assert "error DRG677: `" in said, said
    assert "is no object of Kubernetes, and Argo CD applies nothing else" in said


def test_source_files_of_the_folder(tmp_path: Path) -> None:
    files = {
        "flows/train/train.dragoman.yaml": FLOW,
        "flows/train/.argocd-source.yaml": "plugin: {parameters: [{name: params.rows, string: '11'}]}",
        "flows/train/.argocd-source-app.yaml": "plugin: {parameters: [{name: params.rows, string: '12'}]}",
    }
    for name, rows in (("app", "12"), ("other", "11")):
        [template] = made(tmp_path, APP._replace(name=name), files)
        assert rows in json.dumps(template)


def test_discovery(tmp_path: Path) -> None:
    root = repository(tmp_path, {"flows/train/deep/a.dragoman.yaml": FLOW, "other/deployment.yaml": "a: 1"})
    with sidecar() as server:
        assert not server.check()
    with sidecar(DISCOVER) as server:
        assert server.check()
        assert server.match(root, APP)
        assert not server.match(root, Application("other"))


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    assert made(tmp_path) == made(tmp_path)


def test_it_loads_no_more_than_a_render(tmp_path: Path) -> None:
    """Processes are started for each application and refresh: `tests/test_architecture.py` says what is heavy."""
    root = repository(tmp_path, {"flows/train/train.dragoman.yaml": FLOW})
    code = "import sys; from dragoman.cli import main; main(['cmp', 'generate']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root / "flows/train",
        env={"PATH": "", **request(APP)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "dragoman.emit.argo" in loaded
    assert not {name for name in loaded if name.split(".")[0] in HEAVY | {"subprocess", "tarfile", "tempfile"}}
    assert "dragoman.cmp.application" not in loaded
