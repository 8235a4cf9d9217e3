"""Rules of what a container asks for: memory, vCPU and GPUs, and the sizes of Fargate.

From the documentation of `ResourceRequirement` in botocore's model of AWS Batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from .fargate import grid, millis, nearest

MEMORY = 4  # MiB that a container has at least
_WHOLE = re.compile(r"[1-9][0-9]{0,8}")
_CORES = re.compile(r"(0|[1-9][0-9]{0,5})(\.[0-9]{0,2}[1-9])?")


class Asked(NamedTuple):
    """What a container asks for: each kind once, with the place of its value."""

    values: dict[str, str]
    places: dict[str, Pointer]


def judge(container: Body, at: Pointer, platform: str, *, full: bool = True) -> Iterator[Problem]:
    """Each kind once, in a form that AWS Batch reads; `full`: memory and vCPU are there."""
    for key in ("vcpus", "memory"):
        if key in container:
            says = "is deprecated, and does not override a resource requirement"
            yield problem((*at, key), says, f"write {'VCPU' if key == 'vcpus' else 'MEMORY'} in `resourceRequirements`")
    asked = Asked({}, {})
    for index, entry in enumerate(container.get("resourceRequirements") or ()):
        if entry and isinstance(entry.get("type"), str):
            yield from _entry(entry, (*at, "resourceRequirements", index), platform, asked)
    if not full or container.get("resourceRequirements", ()) is None:
        return
    for kind in ("VCPU", "MEMORY"):
        if kind not in asked.values and kind not in asked.places:
            says = f"has no {kind}, and AWS Batch needs one"
            yield problem((*at, "resourceRequirements"), says, f"add `{{type: {kind}, value: …}}`")


def _entry(entry: Body, at: Pointer, platform: str, asked: Asked) -> Iterator[Problem]:
    kind, value = entry["type"], entry.get("value")
    if kind in asked.places:
        yield problem((*at, "type"), f"is {shown(kind)} once more", "ask for each kind once")
        return
    asked.places[kind] = (*at, "value")
    if value is None:
        return
    said = _form(kind, value, platform)
    if said:
        yield problem((*at, "value"), *said)
    elif kind == "GPU" and platform == "FARGATE":
        yield problem(at, "asks for a GPU, which Fargate does not have", "use the platform `EC2`")
    else:
        asked.values[kind] = value


def _form(kind: str, value: str, platform: str) -> tuple[str, str] | None:
    """What is wrong with the text of a value."""
    if kind == "MEMORY":
        if not _WHOLE.fullmatch(value):
            return f"is {shown(value)}, which is no number of MiB", "write whole MiB, as `2048`"
        return (f"is {shown(value)}, less than {MEMORY} MiB", f"ask for {MEMORY} or more") if int(value) < 4 else None
    if kind == "GPU":
        return None if _WHOLE.fullmatch(value) else (f"is {shown(value)}, no number of GPUs", "write 1 or more")
    if platform == "EC2":
        if _WHOLE.fullmatch(value):
            return None
        return f"is {shown(value)}, but EC2 has whole vCPUs", "write `1`, `2` and so on, without a point"
    if not _CORES.fullmatch(value) or value == "0":
        return f"is {shown(value)}, no number of vCPUs", "write it as `0.25`, `1` or `2`"
    return None


def asked_for(container: Body) -> tuple[str, int] | None:
    """The vCPU and MiB of a container whose values have the right form; None where one is not known."""
    found = {entry.get("type"): entry.get("value") for entry in container.get("resourceRequirements") or () if entry}
    cpu, memory = found.get("VCPU"), found.get("MEMORY")
    if not cpu or not memory or not _CORES.fullmatch(cpu) or not _WHOLE.fullmatch(memory):
        return None
    return cpu, int(memory)


def fargate_size(containers: list[Body], at: Pointer) -> Iterator[Problem]:
    """The containers of a job together have a size of Fargate: the size of an ECS task is their sum."""
    sizes = [asked_for(container) for container in containers]
    known = [size for size in sizes if size]
    if not known or len(known) < len(sizes):
        return
    memory = sum(size[1] for size in known)
    cpu = known[0][0] if len(known) == 1 else _text(sum(millis(size[0]) for size in known))
    together = "" if len(known) == 1 else " together"
    row = grid().get(cpu)
    if row is None:
        says = f"asks{together} for {cpu} vCPU with {memory} MiB, and Fargate has {', '.join(grid())} vCPU only"
    elif memory not in row:
        says = f"asks{together} for {cpu} vCPU with {memory} MiB, a size that Fargate does not have"
    else:
        return
    yield problem(at, says, nearest(cpu, memory))


def _text(cores: int) -> str:
    whole, part = divmod(cores, 1000)
    return f"{whole}.{part:03}".rstrip("0") if part else str(whole)
