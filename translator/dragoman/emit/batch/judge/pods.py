"""Rules of `eksProperties`: one pod, as AWS Batch sends it to a cluster.

From the documentation of `EksPodProperties` and what it names in botocore's model. What Kubernetes itself asks of a
pod is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

from . import environments

MOST = 10
_MEMORY = re.compile(r"([1-9][0-9]*)Mi")
_CPU = re.compile(r"[0-9]+(\.(0|00|25|5|50|75))?")
_GPU = re.compile(r"[1-9][0-9]*")
_PULL = ("Always", "IfNotPresent", "Never")


def judge(given: Body, at: Pointer) -> Iterator[Problem]:
    """What is wrong with the pod of a job."""
    pod, place = given.get("podProperties"), (*at, "podProperties")
    if pod is None:
        yield problem(place, "is missing", "describe the pod")
        return
    known = {volume["name"] for volume in pod.get("volumes", ()) if "name" in volume}
    if not pod.get("containers"):
        yield problem((*place, "containers"), "is missing", "write the container that does the work")
    met: set[str] = set()
    for key in ("containers", "initContainers"):
        found = pod.get(key, ())
        if len(found) > MOST:
            yield problem((*place, key), f"has {len(found)} containers, more than {MOST}", f"write {MOST} at most")
        for index, container in enumerate(found):
            yield from _container(container, (*place, key, index), known, met)


def _container(container: Body, at: Pointer, known: set[str], met: set[str]) -> Iterator[Problem]:
    name = container.get("name", "Default")
    if name in met:
        yield problem((*at, "name"), f"is {shown(name)} once more", "give each container its own name")
    met.add(name)
    if "image" in container and not container["image"]:
        yield problem((*at, "image"), "is empty", "name the image that the container runs")
    if container.get("imagePullPolicy", "Never") not in _PULL:
        says = f"is {shown(container['imagePullPolicy'])}, which Kubernetes does not know"
        yield problem((*at, "imagePullPolicy"), says, f"write {choice(_PULL)}")
    yield from environments.judge(container, at, "env")
    for index, mount in enumerate(container.get("volumeMounts", ())):
        if mount.get("name") not in known:
            says = f"is {shown(mount.get('name', ''))}, which is no volume of the pod"
            yield problem((*at, "volumeMounts", index, "name"), says, "add it to `volumes`")
    yield from _resources(container.get("resources", {}), (*at, "resources"))


def _resources(given: Body, at: Pointer) -> Iterator[Problem]:
    """Memory in whole `Mi`, the same in both; cpu in quarters; whole GPUs."""
    sides = [(side, given.get(side, {})) for side in ("limits", "requests")]
    forms = {
        "memory": (_MEMORY, "write whole MiB, as `2048Mi`"),
        "cpu": (_CPU, "write a multiple of 0.25"),
        "nvidia.com/gpu": (_GPU, "write 1 or more"),
    }
    for side, values in sides:
        for name, value in values.items():
            if name in forms and not forms[name][0].fullmatch(value):
                says = f"is {shown(value)}, which AWS Batch does not read"
                yield problem((*at, side, name), says, forms[name][1])
    limits, requests = sides[0][1], sides[1][1]
    for name in ("memory", "nvidia.com/gpu"):
        if name in limits and name in requests and limits[name] != requests[name]:
            says = f"is {shown(requests[name])}, not the limit of {shown(limits[name])}"
            yield problem((*at, "requests", name), says, "write the same in both")
    if "memory" not in limits and "memory" not in requests:
        yield problem((*at, "limits", "memory"), "is missing", "say how much memory the container has")
