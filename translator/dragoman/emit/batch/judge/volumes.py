"""Rules of volumes and of where containers mount them.

From the documentation of `Volume`, `EFSVolumeConfiguration` and `EFSAuthorizationConfig` in botocore's model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_SOURCES = ("host", "efsVolumeConfiguration", "s3filesVolumeConfiguration")
_PATH = 4096


def judge(owner: Body, at: Pointer, role: str) -> Iterator[Problem]:
    """Every volume has a name of its own and at most one source; `role` names the field of the job's role."""
    met: set[str] = set()
    for index, volume in enumerate(owner["volumes"]):
        place = (*at, "volumes", index)
        name = volume.get("name")
        if not name:
            yield problem((*place, "name"), "is missing", "name the volume, so that a mount point finds it")
        elif not NAME.fullmatch(name):
            advice = "use letters, digits, `-` and `_`, 255 at most"
            yield problem((*place, "name"), f"is {shown(name)}, which no volume can be called", advice)
        elif name in met:
            yield problem((*place, "name"), f"is {shown(name)} once more", "give each volume its own name")
        met.add(name or "")
        sources = [key for key in _SOURCES if key in volume]
        if len(sources) > 1:
            yield problem(place, f"has {len(sources)} of {choice(_SOURCES)}", "write one of them")
        for key in sources[:1]:
            if key != "host":
                yield from _shared(volume[key], (*place, key), role in owner, role)


def _shared(given: Body, at: Pointer, has_role: bool, role: str) -> Iterator[Problem]:
    """A volume of EFS: what access points and IAM need."""
    port, root = given.get("transitEncryptionPort"), given.get("rootDirectory")
    if port is not None and not 0 <= port <= 65535:
        yield problem((*at, "transitEncryptionPort"), f"is {shown(port)}, no port", "write a port from 0 to 65535")
    if root is not None and len(root) > _PATH:
        says = f"has {len(root)} characters, more than {_PATH}"
        yield problem((*at, "rootDirectory"), says, "write a shorter path")
    access = given.get("authorizationConfig") or {}
    iam, point = access.get("iam") == "ENABLED", bool(access.get("accessPointId"))
    if (iam or point) and given.get("transitEncryption") != "ENABLED":
        what = "IAM" if iam else "an access point"
        says = f"is not `ENABLED`, and {what} needs it"
        yield problem((*at, "transitEncryption"), says, "write `ENABLED`")
    if point and root not in {None, "/"}:
        says = f"is {shown(root)}, but the access point says which directory it is"
        yield problem((*at, "rootDirectory"), says, "leave it out")
    if iam and not has_role:
        says = f"is `ENABLED`, but there is no `{role}` to ask with"
        yield problem((*at, "authorizationConfig", "iam"), says, f"write `{role}`")


def mounts(container: Body, names: frozenset[str], at: Pointer) -> Iterator[Problem]:
    """A mount point names a volume that is there, and a path that no other has."""
    met: set[str] = set()
    for index, point in enumerate(container["mountPoints"]):
        place = (*at, "mountPoints", index)
        source, path = point.get("sourceVolume"), point.get("containerPath")
        if not source:
            yield problem((*place, "sourceVolume"), "is missing", "name the volume")
        elif source not in names:
            says = f"is {shown(source)}, which is no volume of the job"
            advice = f"there {'is' if len(names) == 1 else 'are'} {choice(tuple(sorted(names)))}" if names else ""
            yield problem((*place, "sourceVolume"), says, advice or "add it to `volumes`")
        if not path:
            yield problem((*place, "containerPath"), "is missing", "say where the container finds the volume")
        elif not path.startswith(("/", "C:", "c:")):
            yield problem((*place, "containerPath"), f"is {shown(path)}, no absolute path", "begin it with `/`")
        elif path in met:
            yield problem((*place, "containerPath"), f"is {shown(path)} once more", "mount one volume there")
        met.add(path or "")


def names(owner: Body) -> frozenset[str]:
    """The names of the volumes."""
    return frozenset(volume["name"] for volume in owner.get("volumes") or () if volume.get("name"))
