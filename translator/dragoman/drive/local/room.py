"""What this machine has, and what of it is promised to tasks: cores, memory, GPUs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dragoman import quantity
from dragoman.lower.task import Task

_WORDS = {"cpu": "cores", "memory": "memory", "gpu": "GPUs"}


class Room(NamedTuple):
    """What a machine has: amounts in the units of `quantity.SCALE`, and its GPUs by name."""

    cpu: int
    memory: int
    gpus: tuple[str, ...] = ()

    @property
    def amounts(self) -> Mapping[str, int]:
        """What tasks may ask for together."""
        return {"cpu": self.cpu, "memory": self.memory, "gpu": len(self.gpus)}


class Budget:
    """Promises no more than there is, but for a task that alone asks for more: that one runs alone."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.promised = 0  # to how many tasks
        self.left = dict(room.amounts)
        self.gpus = list(room.gpus)  # that nobody has

    def fits(self, task: Task) -> bool:
        """Beside the others if there is room; alone, whatever it asks for."""
        return not self.promised or all(task.requests.get(key, 0) <= left for key, left in self.left.items())

    def take(self, task: Task) -> tuple[str, ...]:
        """Promise a task what it asks for; the GPUs that it gets."""
        self._change(task, 1)
        count = task.requests.get("gpu", 0)
        given, self.gpus = tuple(self.gpus[:count]), self.gpus[count:]
        return given

    def give_back(self, task: Task, gpus: Sequence[str]) -> None:
        """The task has ended."""
        self._change(task, -1)
        self.gpus += gpus

    def too_large(self, task: Task) -> str:
        """What a task asks for that this machine does not have, in words; empty when it has all."""
        parts = [
            f"{quantity.canonical(key, task.requests[key])} {_WORDS[key]} (here are {quantity.canonical(key, most)})"
            for key, most in self.room.amounts.items()
            if task.requests.get(key, 0) > most
        ]
        return " and ".join(parts)

    def _change(self, task: Task, sign: int) -> None:
        self.promised += sign
        for key in self.left:
            self.left[key] -= sign * task.requests.get(key, 0)


def room() -> Room:
    """What this machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Room(cores * 1000, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), gpus(Path("/dev")))


def gpus(devices: Path) -> tuple[str, ...]:
    """The GPUs by name: those of CUDA_VISIBLE_DEVICES when it is set, as CUDA reads it, else the machine's."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is None:
        found = (re.fullmatch(r"nvidia([0-9]+)", path.name) for path in devices.iterdir())
        return tuple(sorted((one[1] for one in found if one), key=int))
    names: list[str] = []
    for name in map(str.strip, shown.split(",")):
        if not name or name.startswith("-"):  # nothing behind it counts
            break
        names.append(name)
    return tuple(names)
