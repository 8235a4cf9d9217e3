"""A task as the pod template of a Job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman import quantity
from dragoman.emit.kubernetes.outputs import Channel, carrier, files, temporary, temporary_mount
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.kubernetes.text import escape
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import (
    RESTRICTED_CONTAINER,
    mounts,
    placed,
    resource_names,
    restricted,
    volumes,
    writes_outputs,
)
from dragoman.lower.task import Task
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Container, EnvSource, Step

MAIN = "main"
SCRIPT = "dragoman-script"
SCRIPT_DIRECTORY = "/dragoman/script"


def pod_template(task: Task, settings: Settings, scripts: str = "", handed_on: Channel = "") -> dict[str, Any]:
    """The pod of a task.

    scripts    the ConfigMap that holds its script, by `script_key`
    handed_on  how its outputs leave it; empty where nothing reads them

    Only the step's own labels are the pod's: a Job's template cannot be changed, so what the flow or the platform
    labels (team, commit) stays on the Job.
    """
    container = task.step.container
    assert container is not None
    account = container.service_account or settings.serviceAccount
    sidecars = [carrier(task.step, settings)] if handed_on == "carrier" else []
    spec = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "serviceAccountName": account,
        "automountServiceAccountToken": None if account else False,
        "imagePullSecrets": [{"name": name} for name in settings.imagePullSecrets],
        "priorityClassName": settings.priorityClass,
        **placed(container.resources),
        "activeDeadlineSeconds": task.step.timeout,
        "securityContext": restricted(settings.runAsUser) if settings.podSecurity == "restricted" else None,
        "initContainers": sidecars,
        "containers": [main(task, settings, handed_on)],
        "volumes": [
            *volumes(task.step, container),
            *(temporary(task.step) if sidecars else ()),
            *_scripts(task.step, scripts),
        ],
    }
    metadata = drop_empty({"labels": dict(container.labels), "annotations": dict(container.annotations)})
    return drop_empty({"metadata": metadata, "spec": drop_empty(spec)})


def main(task: Task, settings: Settings, handed_on: Channel = "", name: str = MAIN) -> dict[str, Any]:
    """The user's container."""
    container = task.step.container
    assert container is not None
    message = handed_on == "message"
    script = [{"name": SCRIPT, "mountPath": SCRIPT_DIRECTORY, "readOnly": True}] if container.script else []
    return drop_empty(
        {
            "name": name,
            "image": task.image,
            "imagePullPolicy": container.pull_policy,
            **_words(task, container),
            "workingDir": container.working_dir,
            "env": env(task),
            "resources": resources(task),
            "securityContext": RESTRICTED_CONTAINER if settings.podSecurity == "restricted" else None,
            "terminationMessagePath": files(task.step)[0].path if message else None,
            "terminationMessagePolicy": None if message else "FallbackToLogsOnError",
            "volumeMounts": [
                *mounts(task.step, container),
                *(temporary_mount(task.step) if handed_on == "carrier" else ()),
                *script,
            ],
        }
    )


def _words(task: Task, container: Container) -> dict[str, list[str]]:
    if container.script is not None:
        words = [*container.script.interpreter, f"{SCRIPT_DIRECTORY}/{script_file(task.step)}"]
        return {"command": [escape(word) for word in words]}
    return {
        "command": [escape(word) for word in task.command or ()],
        "args": [escape(word) for word in task.args or ()],
    }


def env(task: Task) -> list[dict[str, Any]]:
    """The container's variables, the directory of its outputs before all others."""
    first = [{"name": "DRAGOMAN_OUTPUTS", "value": DIRECTORY}] if writes_outputs(task.step) else []
    return [*first, *(variable(name, value) for name, value in task.env.items())]


def variable(name: str, value: str | EnvSource) -> dict[str, Any]:
    """One variable, with its text or where the kubelet finds it."""
    if isinstance(value, EnvSource):
        source = "secretKeyRef" if value.kind == "secret" else "configMapKeyRef"
        return {"name": name, "valueFrom": {source: {"name": value.name, "key": value.key}}}
    return {"name": name, "value": escape(value)}


def resources(task: Task) -> dict[str, Any]:
    """Requests and limits; devices cannot be overcommitted: their limit is the request."""
    container = task.step.container
    assert container is not None
    names = resource_names(container.resources)

    def block(values: Mapping[str, int], *left_out: str) -> dict[str, str]:
        return {names[key]: quantity.canonical(key, value) for key, value in values.items() if key not in left_out}

    limits = dict(task.limits)
    if task.requests.get("gpu"):
        limits.setdefault("gpu", task.requests["gpu"])
    return drop_empty({"requests": block(task.requests, "gpu"), "limits": block(limits)})


def _scripts(step: Step, scripts: str) -> list[dict[str, Any]]:
    if step.container is None or step.container.script is None:
        return []
    item = {"key": script_key(step), "path": script_file(step)}
    return [{"name": SCRIPT, "configMap": {"name": scripts, "items": [item]}}]


def script_key(step: Step) -> str:
    """The key of a step's script in a ConfigMap: `script.` and the step's names."""
    return "script." + ".".join(step.address)


def script_file(step: Step) -> str:
    """The file of a step's script in its container."""
    return step.name
