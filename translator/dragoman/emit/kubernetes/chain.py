"""A chain: the steps of a line as the containers of one pod, all but the last as init containers.

Init containers run one after the other, each when the one before it has succeeded (core/v1 PodSpec.initContainers).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from dragoman import duration
from dragoman.emit.kubernetes.job import API_VERSION, scripts
from dragoman.emit.kubernetes.names import digest, named
from dragoman.emit.kubernetes.objects import config_map, cron_job, metadata
from dragoman.emit.kubernetes.pod import main, pod_template
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import placed
from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding
from dragoman.lower.unroll import Node
from dragoman.plan.model import Plan, Step


def emit(plan: Plan, nodes: tuple[Node, ...], options: Settings) -> Emission:
    """The Job of the chain, or the CronJobs that start it."""
    findings = _findings(plan, nodes)
    if findings:
        return Emission((), {}, tuple(findings))
    texts = scripts(plan)
    config = named([plan.name, "scripts"], digest(texts)) if texts else ""
    manifests = [config_map(plan, f"{plan.name}-scripts", config, texts, immutable=True)] if texts else []
    body = _job(plan, nodes, options, config)
    if plan.schedule is not None:
        crons, said = cron_job(plan, body)
        return Emission((*manifests, *crons), {}, tuple(said))
    return Emission((*manifests, Manifest(f"job-{plan.name}.yaml", body)), {})


def _job(plan: Plan, nodes: tuple[Node, ...], options: Settings, config: str) -> dict[str, Any]:
    containers: list[dict[str, Any]] = []
    volumes: dict[str, dict[str, Any]] = {}
    last: dict[str, Any] = {}
    for node in nodes:
        last = pod_template(node.task, options, config)
        name = named(node.task.id, "")
        own = {volume["name"]: _volume(volume, name) for volume in last["spec"].get("volumes") or ()}
        container = main(node.task, options, name=name)
        mounted = [{**mount, "name": own[mount["name"]]["name"]} for mount in container.get("volumeMounts") or ()]
        containers.append(drop_empty({**container, "volumeMounts": mounted}))
        volumes.update({volume["name"]: volume for volume in own.values()})
    limits = [node.task.step.timeout for node in nodes]
    template = {
        **last,
        "spec": drop_empty(
            {
                **last["spec"],
                "activeDeadlineSeconds": None if None in limits else sum(limit or 0 for limit in limits),
                "initContainers": containers[:-1],
                "containers": containers[-1:],
                "volumes": list(volumes.values()),
            }
        ),
    }
    spec: dict[str, Any] = {"backoffLimit": 0, "template": template}
    if plan.timeout is not None:
        spec["activeDeadlineSeconds"] = plan.timeout
    ending = digest(spec, options.runId)
    if options.ttl is not None:
        spec["ttlSecondsAfterFinished"] = duration.parse(options.ttl)
    return {
        "apiVersion": API_VERSION,
        "kind": "Job",
        "metadata": metadata(plan, named([plan.name], ending), _queued(nodes)),
        "spec": spec,
    }


def _volume(volume: dict[str, Any], container: str) -> dict[str, Any]:
    """A volume of one container: directories are its own."""
    return {**volume, "name": named([container, volume["name"]], "")}


def _queued(nodes: tuple[Node, ...]) -> Step | None:
    """The only step, for its labels."""
    return nodes[0].task.step if len(nodes) == 1 else None


def _findings(plan: Plan, nodes: tuple[Node, ...]) -> list[Finding]:
    """What keeps the steps from sharing a pod, at the step's place."""
    findings = []
    for before, node in pairwise(nodes):
        if before.task.id not in node.needs:
            names = ".".join(map(str, before.task.id)), ".".join(map(str, node.task.id))
            message = f"`{names[1]}` does not need `{names[0]}`: in a chain, every step needs the one before it"
            findings.append(_at(node.task.step, message, "needs"))
        elif _shared(before.task.step) != _shared(node.task.step):
            names = before.task.step.name, node.task.step.name
            message = f"`{names[0]}` and `{names[1]}` cannot share a pod: {_difference(before, node)} differ"
            findings.append(_at(node.task.step, message, ""))
    return findings


def _shared(step: Step) -> dict[str, Any]:
    """What the containers of a pod have in common."""
    container = step.container
    assert container is not None
    return {
        "their service accounts": container.service_account,
        "their labels": dict(container.labels),
        "their annotations": dict(container.annotations),
        "the nodes they ask for": placed(container.resources),
        "their queues": step.queue,
    }


def _difference(one: Node, other: Node) -> str:
    first, second = _shared(one.task.step), _shared(other.task.step)
    return next(what for what in first if first[what] != second[what])


def _at(step: Step, message: str, field: str) -> Finding:
    layer = step.layers[0]
    path = (*layer.path, field) if field and field in layer.data else layer.path
    return Finding(
        "DRG304",
        message,
        layer.source.span(path, key=True),
        "say `targets.kubernetes.ordering: coordinator`",
        address=".".join(map(str, path)),
    )
