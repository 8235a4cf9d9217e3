"""Jobs: one for each attempt that a coordinator starts, one for each step where Kubernetes itself retries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.emit.kubernetes.names import digest, named
from dragoman.emit.kubernetes.outputs import channel
from dragoman.emit.kubernetes.pod import pod_template, script_key
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import QUEUE_LABEL
from dragoman.lower.task import Task
from dragoman.plan.model import Plan, Step

API_VERSION = "batch/v1"
# labels by which Argo CD knows what it has made
TRACKING = ("app.kubernetes.io/instance", "argocd.argoproj.io/")
MANAGED = {"app.kubernetes.io/managed-by": "dragoman"}
RUN, FLOW, STEP = "dragoman.dev/run", "dragoman.dev/flow", "dragoman.dev/step"
TASK, ATTEMPT, OUTPUTS = "dragoman.dev/task", "dragoman.dev/attempt", "dragoman.dev/outputs"
INDEX = "dragoman.dev/index"


class Run(NamedTuple):
    """A run that a driver keeps going.

    owner    the ownerReference of the object that its Jobs belong to
    scripts  the name of the ConfigMap that holds them
    """

    flow: str
    name: str
    uid: str
    namespace: str
    owner: Mapping[str, Any]
    scripts: str
    labels: Mapping[str, str] = {}


def task_job(task: Task, settings: Settings, run: Run) -> dict[str, Any]:
    """The Job of one attempt: its name follows from the run, the task and the attempt, so that it is made once."""
    from json import dumps

    name = named([run.flow, *task.id], digest(run.uid, task.id, task.attempt))
    handed_on = channel(task.step, settings)
    template = pod_template(task, settings, run.scripts, handed_on)
    return {
        "apiVersion": API_VERSION,
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": run.namespace,
            "labels": labels(run.flow, task.step, untracked(run.labels)) | {RUN: run.name},
            "annotations": drop_empty(
                {
                    TASK: dumps(task.id, separators=(",", ":")),
                    ATTEMPT: str(task.attempt),
                    OUTPUTS: handed_on or None,
                }
            ),
            "ownerReferences": [dict(run.owner)],
        },
        "spec": {"backoffLimit": 0, "template": _labelled(template, {RUN: run.name})},
    }


def _labelled(template: dict[str, Any], more: Mapping[str, str]) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    return {**template, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), **more}}}


def labels(flow: str, step: Step | None, given: Mapping[str, str]) -> dict[str, str]:
    """The labels of an object: the flow's own, who made it, for which step; Kueue's queue where the step has one."""
    found = {**MANAGED, **given, FLOW: label(flow)}
    if step is not None:
        found[STEP] = label(".".join(step.address))
        if step.queue:
            found[QUEUE_LABEL] = step.queue
    return found


def untracked(given: Mapping[str, str]) -> dict[str, str]:
    """The labels of an object that Argo CD did not make, and must not take for its own."""
    return {key: value for key, value in given.items() if not key.startswith(TRACKING)}


def label(text: str) -> str:
    """A text as the value of a label: 63 letters, no others than a label may hold."""
    cleaned = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in text)
    return cleaned.strip("-_.")[:63].strip("-_.")


def scripts(plan: Plan) -> dict[str, str]:
    """The scripts of a plan, each under its step's key."""
    found: dict[str, str] = {}

    def collect(step: Step) -> None:
        if step.container is not None and step.container.script is not None:
            found[script_key(step)] = step.container.script.source
        for child in step.steps:
            collect(child)

    for step in (*plan.steps, *plan.on_exit):
        collect(step)
    return found
