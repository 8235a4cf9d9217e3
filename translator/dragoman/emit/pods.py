"""What every target that runs pods writes alike: volumes, mounts, names of resources, the restricted security context.

Shapes are Kubernetes' own, `PodSpec` and `Container` of core/v1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dragoman import quantity
from dragoman.emitter import Emulated, Native, Support
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.features import Feature
from dragoman.plan.model import Container, Resources, Step, Volume

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
LABEL_VALUE = re.compile(r"(?=.{1,63}$)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
SHM = "dragoman-shm"
OUTPUTS = "dragoman-outputs"
# what a pod says itself, whoever makes it
OF_PODS: Mapping[Feature, Support] = {
    **dict.fromkeys(
        (
            Feature.COMMAND,
            Feature.SECRET_ENV,
            Feature.CONFIG_ENV,
            Feature.PVC,
            Feature.SECRET_VOLUME,
            Feature.CONFIG_VOLUME,
            Feature.EMPTY_DIR,
            Feature.REQUESTS_AND_LIMITS,
            Feature.GPU,
            Feature.ACCELERATOR,
            Feature.DISK,
            Feature.TIMEOUT,
            Feature.QUEUE,
            Feature.COMPUTE_KUBERNETES,
            Feature.SERVICE_ACCOUNT,
            Feature.POD_METADATA,
            Feature.PULL_POLICY,
            Feature.WORKING_DIR,
        ),
        Native(),
    ),
    Feature.SHM: Emulated("a memory volume at /dev/shm"),
}
# the container's half of the restricted Pod Security Standard; `restricted` is the pod's
RESTRICTED_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def restricted(user: int) -> dict[str, Any]:
    """A pod's security context that the restricted standard accepts, whatever user its image names."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def writes_outputs(step: Step) -> bool:
    """Whether the container needs the directory for its outputs."""
    return any(output.path is not None and output.path.startswith(DIRECTORY) for output in step.outputs.values())


def resource_names(amounts: Resources) -> dict[str, str]:
    """Kubernetes' name of each of our resources; what a GPU is called is the platform's to say."""
    gpu = amounts.placement.resource if amounts.placement else "nvidia.com/gpu"
    return {"cpu": "cpu", "memory": "memory", "disk": "ephemeral-storage", "gpu": gpu}


def volumes(step: Step, container: Container) -> list[dict[str, Any]]:
    """The volumes that a step's container mounts."""
    found = [_volume(number, volume) for number, volume in enumerate(container.volumes)]
    if writes_outputs(step):
        found.append({"name": OUTPUTS, "emptyDir": {}})
    if container.resources.shm is not None:
        size = quantity.canonical("shm", container.resources.shm)
        found.append({"name": SHM, "emptyDir": {"medium": "Memory", "sizeLimit": size}})
    return found


def _volume(number: int, volume: Volume) -> dict[str, Any]:
    name = f"volume-{number}"
    if volume.kind == "pvc":
        claim = {"claimName": volume.name, **({"readOnly": True} if volume.read_only else {})}
        return {"name": name, "persistentVolumeClaim": claim}
    if volume.kind == "secret":
        return {"name": name, "secret": {"secretName": volume.name}}
    if volume.kind == "configMap":
        return {"name": name, "configMap": {"name": volume.name}}
    directory: dict[str, str] = {"medium": "Memory"} if volume.medium == "Memory" else {}
    if volume.size is not None:
        directory["sizeLimit"] = quantity.canonical("disk", volume.size)
    return {"name": name, "emptyDir": directory}


def mounts(step: Step, container: Container) -> list[dict[str, Any]]:
    """Where the container mounts them."""
    found = [_mount(number, volume) for number, volume in enumerate(container.volumes)]
    if writes_outputs(step):
        found.append({"name": OUTPUTS, "mountPath": DIRECTORY})
    if container.resources.shm is not None:
        found.append({"name": SHM, "mountPath": "/dev/shm"})
    return found


def _mount(number: int, volume: Volume) -> dict[str, Any]:
    mount: dict[str, Any] = {"name": f"volume-{number}", "mountPath": volume.mount}
    if volume.sub_path is not None:
        mount["subPath"] = volume.sub_path
    if volume.read_only:
        mount["readOnly"] = True
    return mount


def placed(amounts: Resources) -> Mapping[str, Any]:
    """Which nodes a pod may run on: what the platform says of its kind of GPU."""
    placement = amounts.placement
    if placement is None:
        return {}
    parts = {
        "nodeSelector": dict(placement.node_selector),
        "tolerations": [dict(toleration) for toleration in placement.tolerations],
    }
    return {key: value for key, value in parts.items() if value}
