"""Rules of volumes: each has a name and one source, and mounts name a volume of the pod.

From `ValidateVolumes`, `ValidateVolumeMounts` and `validateFileKeyRefVolumes` of `pkg/apis/core/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

from . import containers
from .formats import subdomain

_FIELDS = frozenset({"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"})


def judge(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Every volume has its own name and exactly one source, whose name an object can have."""
    met: set[str] = set()
    for index, volume in enumerate(pod["volumes"]):
        place = (*at, "volumes", index)
        name = volume.get("name", "")
        if name in met:
            yield problem((*place, "name"), f"is {shown(name)} once more", "give each volume its own name")
        met.add(name)
        if len(volume) > 2:
            said = choice(tuple(key for key in volume if key != "name")).replace(" or ", " and ")
            yield problem(place, f"has more than one source: {said}", "make it two volumes")
        elif len(volume) < 2:
            # the API server takes it for an empty directory, but says nothing about it
            yield problem(place, "says not where its files come from", "an empty directory is `emptyDir: {}`")
        elif "projected" in volume:
            yield from _projected(volume["projected"], (*place, "projected"))
        elif "downwardAPI" in volume:
            yield from _downward(volume["downwardAPI"], (*place, "downwardAPI"))
        elif "configMap" in volume:
            yield from _named(volume["configMap"], "name", (*place, "configMap"))
        elif "secret" in volume:
            yield from _named(volume["secret"], "secretName", (*place, "secret"))
        elif "persistentVolumeClaim" in volume:
            yield from _named(volume["persistentVolumeClaim"], "claimName", (*place, "persistentVolumeClaim"))
        elif "image" in volume:
            yield from _named(volume["image"], "reference", (*place, "image"))
        elif "ephemeral" in volume:
            yield from _ephemeral(volume["ephemeral"], (*place, "ephemeral", "volumeClaimTemplate"))


def _named(source: Body, key: str, at: Pointer) -> Iterator[Problem]:
    name = source.get(key)
    if not name:
        yield problem((*at, key), "is missing", "name what to mount")
    elif key != "reference" and not subdomain(name):
        # the API server does not look; the pod would wait for it for ever
        says = f"is {shown(name)}, which no object can be called"
        yield problem((*at, key), says, "use lower-case letters, digits, `-` and `.`")


def _ephemeral(source: Body, at: Pointer) -> Iterator[Problem]:
    template = source.get("volumeClaimTemplate")
    if not template:
        yield problem(at, "is missing", "describe the claim")
        return
    for key in template.get("metadata") or ():
        if key not in {"labels", "annotations"}:
            yield problem((*at, "metadata", key), "is nothing that a template says", "leave it out")
    claim = template.get("spec") or {}
    if not claim.get("accessModes"):
        yield problem((*at, "spec", "accessModes"), "is missing", "write `[ReadWriteOnce]`, for example")
    if "storage" not in ((claim.get("resources") or {}).get("requests") or ()):
        yield problem((*at, "spec", "resources", "requests", "storage"), "is missing", "say how much storage")


def _projected(source: Body, at: Pointer) -> Iterator[Problem]:
    met: set[str] = set()
    for index, part in enumerate(source.get("sources") or ()):
        place = (*at, "sources", index)
        if len(part) != 1:
            yield problem(place, f"has {len(part)} sources in one", "write one source an entry")
        for key in ("configMap", "secret"):
            if key in part:
                yield from _named(part[key], "name", (*place, key))
        token = part.get("serviceAccountToken")
        if token is not None and (token.get("expirationSeconds", 600)) < 600:
            yield problem((*place, "serviceAccountToken", "expirationSeconds"), "is less than 10 minutes")
        for path in _paths(part):
            if path in met:
                yield problem(place, f"puts a second file at {shown(path)}", "give each file its own path")
            met.add(path)
        yield from _downward(part.get("downwardAPI") or {}, (*place, "downwardAPI"))


def _paths(part: Body) -> Iterator[str]:
    for key in ("configMap", "secret", "downwardAPI"):
        for item in (part.get(key) or {}).get("items") or ():
            yield item.get("path", "")


def _downward(source: Body, at: Pointer) -> Iterator[Problem]:
    for index, item in enumerate(source.get("items") or ()):
        place = (*at, "items", index)
        field = (item.get("fieldRef") or {}).get("fieldPath")
        if ("fieldRef" in item) == ("resourceFieldRef" in item):
            yield problem(place, "names not exactly one of `fieldRef` and `resourceFieldRef`", "name one of them")
        elif field is not None and field.partition("[")[0] not in _FIELDS:
            says = f"is {shown(field)}, which a volume cannot show"
            yield problem((*place, "fieldRef", "fieldPath"), says, f"write {choice(tuple(sorted(_FIELDS)))}")
        elif "resourceFieldRef" in item:
            reference, where = item["resourceFieldRef"], (*place, "resourceFieldRef")
            if not reference.get("containerName"):
                yield problem((*where, "containerName"), "is missing", "say whose resources")
            yield from containers.shown_resource(reference, where)


def mounts(pod: Body, at: Pointer) -> Iterator[Problem]:
    """Every mount names a volume of the pod, and no two of a container share a path."""
    names = {volume.get("name") for volume in pod.get("volumes") or ()}
    for side in ("containers", "initContainers"):
        for number, container in enumerate(pod.get(side) or ()):
            if "volumeMounts" in container:
                yield from _mounts(container, (*at, side, number, "volumeMounts"), names)
            if "env" in container:
                yield from _files(container, (*at, side, number, "env"), pod)
            if "volumeDevices" in container:
                yield from _devices(container, (*at, side, number, "volumeDevices"), pod)


def _mounts(container: Body, at: Pointer, names: set[Any]) -> Iterator[Problem]:
    met: set[str] = set()
    for index, mount in enumerate(container["volumeMounts"]):
        path = mount.get("mountPath", "")
        if mount.get("name") not in names:
            says = f"is {shown(mount.get('name', ''))}, which is no volume of the pod"
            yield problem((*at, index, "name"), says, "list it under the pod's `volumes`, or mount one that is there")
        if path in met:
            says = f"is {shown(path)}, where something is mounted already"
            yield problem((*at, index, "mountPath"), says, "give each mount of a container its own path")
        elif ":" in path:
            # a promise of the API's documentation that container runtimes hold people to
            yield problem((*at, index, "mountPath"), f"is {shown(path)}, and no path may hold `:`", "rename it")
        met.add(path)
        if len(mount) > 2:
            yield from _ways(mount, container, (*at, index))


def _ways(mount: Body, container: Body, at: Pointer) -> Iterator[Problem]:
    if mount.get("subPath") and mount.get("subPathExpr"):
        yield problem((*at, "subPathExpr"), "stands beside `subPath`", "write one of the two")
    both = mount.get("mountPropagation") == "Bidirectional"
    if both and not (container.get("securityContext") or {}).get("privileged"):
        says = "is `Bidirectional`, which only privileged containers may"
        yield problem((*at, "mountPropagation"), says, "write `HostToContainer`, or leave it out")
    if mount.get("recursiveReadOnly", "Disabled") != "Disabled":
        if not mount.get("readOnly"):
            yield problem((*at, "recursiveReadOnly"), "stands at a mount that can be written", "write `readOnly: true`")
        if mount.get("mountPropagation", "None") != "None":
            yield problem((*at, "recursiveReadOnly"), "goes with no propagation", "leave `mountPropagation` out")


def _devices(container: Body, at: Pointer, pod: Body) -> Iterator[Problem]:
    blocks = {
        volume.get("name")
        for volume in pod.get("volumes") or ()
        if "persistentVolumeClaim" in volume or "ephemeral" in volume
    }
    met = {mount.get(key) for mount in container.get("volumeMounts") or () for key in ("name", "mountPath")}
    for index, device in enumerate(container["volumeDevices"]):
        if device.get("name") not in blocks:
            says = f"is {shown(device.get('name', ''))}, which is no claim of a volume among the pod's volumes"
            yield problem((*at, index, "name"), says, "list it under the pod's `volumes`")
        for key in ("name", "devicePath"):
            if device.get(key) in met:
                yield problem((*at, index, key), f"is {shown(device.get(key))} once more", "use it once")
            met.add(device.get(key))
        if ".." in device.get("devicePath", "").split("/"):
            yield problem((*at, index, "devicePath"), "steps up with `..`", "give the path itself")


def _files(container: Body, at: Pointer, pod: Body) -> Iterator[Problem]:
    """A variable that comes from a file reads it in an empty directory of the pod."""
    for index, variable in enumerate(container["env"]):
        reference = variable["valueFrom"].get("fileKeyRef") if "valueFrom" in variable else None
        if reference is None:
            continue
        name = reference.get("volumeName")
        found = [volume for volume in pod.get("volumes") or () if volume.get("name") == name]
        if not found or "emptyDir" not in found[0]:
            place = (*at, index, "valueFrom", "fileKeyRef", "volumeName")
            says = f"is {shown(name or '')}, which is no empty directory of the pod"
            yield problem(place, says, "write the file into a volume that is `emptyDir: {}`")
