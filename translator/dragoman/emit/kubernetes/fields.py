"""Which field of a step a part of its Job comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from dragoman.emit.pods import SHM

Pointer: TypeAlias = tuple[str | int, ...]

OF_CONTAINER: Mapping[str, tuple[str, ...]] = {
    "image": ("image",),
    "imagePullPolicy": ("imagePullPolicy",),
    "command": ("command",),
    "args": ("args",),
    "workingDir": ("workingDir",),
    "terminationMessagePath": ("outputs",),
}
OF_POD: Mapping[str, tuple[str, ...]] = {
    "activeDeadlineSeconds": ("timeout",),
    "serviceAccountName": ("serviceAccount",),
    "nodeSelector": ("resources", "accelerator"),
    "tolerations": ("resources", "accelerator"),
}
OF_JOB: Mapping[str, tuple[str, ...]] = {
    "backoffLimit": ("retry", "limit"),
    "backoffLimitPerIndex": ("retry", "limit"),
    "podFailurePolicy": ("retry", "causes"),
    "completions": ("foreach",),
    "parallelism": ("foreach", "parallelism"),
    "maxFailedIndexes": ("foreach", "parallelism"),
}
OF_RESOURCE = {"cpu": "cpu", "memory": "memory", "ephemeral-storage": "disk"}


def field_of(body: Mapping[str, Any], pointer: Pointer) -> tuple[str, ...]:
    """The path of the field in its step; empty when the whole step is meant."""
    at = pointer
    while "template" in at:  # of a JobSet's Job, then of its pod
        at = at[at.index("template") + 1 :]
    if at[:2] == ("metadata", "labels") and at != pointer:
        return ("labels", *_name(at, 2))
    if at[:2] == ("metadata", "annotations") and at != pointer:
        return ("annotations", *_name(at, 2))
    if at[:1] != ("spec",) or len(at) < 2:
        return ()
    key = str(at[1])
    if at[1] in ("containers", "initContainers"):
        return _of_container(body, pointer, at[3:])
    if key == "volumes":
        return _of_volume(body, pointer)
    return (OF_JOB if at == pointer else OF_POD).get(key, ())


def _of_container(body: Mapping[str, Any], pointer: Pointer, rest: Pointer) -> tuple[str, ...]:
    if not rest:
        return ()
    key = str(rest[0])
    if key == "env":
        entry = _at(body, pointer[: len(pointer) - len(rest) + 2])
        return ("env", str(entry["name"])) if isinstance(entry, dict) and "name" in entry else ("env",)
    if key == "resources":
        kind = _name(rest, 1)
        name = _name(rest, 2)
        return ("resources", *kind, *(OF_RESOURCE.get(one, "gpu") for one in name))
    if key == "volumeMounts":
        return _of_volume(body, pointer[: len(pointer) - len(rest) + 2])
    return OF_CONTAINER.get(key, ())


def _of_volume(body: Mapping[str, Any], pointer: Pointer) -> tuple[str, ...]:
    """Our names of volumes end with their number in the step."""
    named = _at(body, pointer)
    name = str(named.get("name", "")) if isinstance(named, dict) else ""
    return ("resources", "shm") if name == SHM else ("volumes",)


def _name(pointer: Pointer, number: int) -> tuple[str, ...]:
    return (str(pointer[number]),) if len(pointer) > number else ()


def _at(body: Any, pointer: Pointer) -> Any:
    for step in pointer:
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return None
    return body
