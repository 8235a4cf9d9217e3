"""Rules of one container, in `containerProperties` or as one of a task: image, devices, limits, logs, roles.

From the documentation of `ContainerProperties` and `TaskContainerProperties` in botocore's model of AWS Batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

from . import environments, resources, volumes
from .rule import Rule
from .strategies import between

IMAGE = 255
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-:./#@]*")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+")
_LIMITS = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack"
_ULIMITS = tuple(_LIMITS.split())
_OPTIONS = (
    "defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime "
    "nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime "
    "strictatime nostrictatime mode uid gid nr_inodes nr_blocks mpol"
)
_MOUNT_OPTIONS = frozenset(_OPTIONS.split())


def judge(container: Body, at: Pointer, platform: str, known: frozenset[str]) -> Iterator[Problem]:
    """What is wrong with one container; `known` are the volumes that it can mount."""
    yield from image(container, at)
    yield from resources.judge(container, at, platform)
    yield from environments.judge(container, at)
    if "mountPoints" in container:
        yield from volumes.mounts(container, known, at)
    for field, rule in RULES:
        if field in container:
            yield from rule(container, at)


def image(container: Body, at: Pointer) -> Iterator[Problem]:
    """A container has an image, of 255 characters at most."""
    name = container.get("image")
    if not name:
        yield problem((*at, "image"), "is missing", "name the image that the container runs")
    elif len(name) > IMAGE:
        yield problem((*at, "image"), f"has {len(name)} characters, more than {IMAGE}", "give the image a shorter name")
    elif not _IMAGE.fullmatch(name):
        advice = "use letters, digits and `- _ : . / # @`"
        yield problem((*at, "image"), f"is {shown(name)}, which no image is called", advice)


def roles(owner: Body, at: Pointer, keys: tuple[str, ...]) -> Iterator[Problem]:
    """A role is told by its ARN."""
    for key in keys:
        arn = owner.get(key)
        if arn is not None and not _ROLE.fullmatch(arn):
            advice = "write it as `arn:aws:iam::123456789012:role/name`"
            yield problem((*at, key), f"is {shown(arn)}, which is no ARN of a role", advice)


def limits(container: Body, at: Pointer) -> Iterator[Problem]:
    """A limit is one that Docker knows, is told once, and its soft bound is not above its hard one."""
    met: set[str] = set()
    for index, limit in enumerate(container["ulimits"]):
        place = (*at, "ulimits", index)
        name, soft, hard = limit.get("name"), limit.get("softLimit"), limit.get("hardLimit")
        if name is not None and name not in _ULIMITS:
            says = f"is {shown(name)}, which no limit is called"
            yield problem((*place, "name"), says, f"write {choice(_ULIMITS)}")
        elif name in met:
            yield problem((*place, "name"), f"is {shown(name)} once more", "write each limit once")
        met.add(name or "")
        if soft is not None and hard is not None and soft > hard >= 0:
            says = f"is {shown(soft)}, more than the hard limit of {shown(hard)}"
            yield problem((*place, "softLimit"), says, "lower it, or raise the hard limit")


def linux(container: Body, at: Pointer) -> Iterator[Problem]:
    """Sizes are above nothing, swappiness is 0 to 100 and needs `maxSwap`, a tmpfs has a path and known options."""
    given, place = container["linuxParameters"], (*at, "linuxParameters")
    yield from between(given, "swappiness", place, 0, 100)
    if "swappiness" in given and "maxSwap" not in given:
        yield problem((*place, "swappiness"), "does nothing without `maxSwap`", "write `maxSwap`, or leave it out")
    for key, least in (("maxSwap", 0), ("sharedMemorySize", 1)):
        if given.get(key, least) < least:
            yield problem((*place, key), f"is {shown(given[key])}, less than {least}", "write a number of MiB")
    for index, tmpfs in enumerate(given.get("tmpfs", ())):
        where = (*place, "tmpfs", index)
        if tmpfs.get("size", 1) < 1:
            yield problem((*where, "size"), f"is {shown(tmpfs['size'])}, less than 1", "write a number of MiB")
        if not tmpfs.get("containerPath", "/").startswith("/"):
            yield problem((*where, "containerPath"), "is no absolute path", "begin it with `/`")
        for number, option in enumerate(tmpfs.get("mountOptions", ())):
            if option and option.partition("=")[0] not in _MOUNT_OPTIONS:
                says = f"is {shown(option)}, which no mount knows"
                yield problem((*where, "mountOptions", number), says, "leave it out")
    for index, device in enumerate(given.get("devices", ())):
        for key in ("hostPath", "containerPath"):
            if not device.get(key, "/").startswith("/"):
                yield problem((*place, "devices", index, key), "is no absolute path", "begin it with `/`")


def logs(container: Body, at: Pointer) -> Iterator[Problem]:
    """What a log driver is told in secret has a name and a value."""
    given = container["logConfiguration"]
    for index, entry in enumerate(given.get("secretOptions", ())):
        for key in ("name", "valueFrom"):
            if entry.get(key) == "":
                yield problem((*at, "logConfiguration", "secretOptions", index, key), "is empty", "write it")
        if entry.get("name") in given.get("options", {}):
            place = (*at, "logConfiguration", "secretOptions", index, "name")
            yield problem(place, f"is {shown(entry['name'])}, which is in `options`, too", "leave one of the two out")


def registry(container: Body, at: Pointer) -> Iterator[Problem]:
    """The password of a registry is told by the ARN of a secret."""
    arn = container["repositoryCredentials"].get("credentialsParameter")
    if arn is not None and not _SECRET.fullmatch(arn):
        place = (*at, "repositoryCredentials", "credentialsParameter")
        yield problem(place, f"is {shown(arn)}, which is no ARN of a secret", "write the ARN of the secret")


# the field that a rule looks at, and the rule: where there is no such field, there is nothing to look at
RULES: tuple[tuple[str, Rule], ...] = (
    ("ulimits", limits),
    ("linuxParameters", linux),
    ("logConfiguration", logs),
    ("repositoryCredentials", registry),
)
