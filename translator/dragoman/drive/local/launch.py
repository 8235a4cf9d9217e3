"""The seam between the run of a task on this machine and what the task is there: a process, or a container."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple, TypeAlias

from dragoman.lower.task import Task
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import EnvSource


class Ended(NamedTuple):
    """What a task left: the text of each output that is there, and whether it ran out of memory."""

    outputs: Mapping[str, str]
    oom: bool


class Launch(NamedTuple):
    """A task as a command of this machine.

    words   the command
    env     all of its environment
    signal  sends a signal to the task, which need not be the command itself
    ended   what is left once the command has ended with this exit code; asked once, and nothing stays behind
    """

    words: Sequence[str]
    env: Mapping[str, str]
    signal: Callable[[Popen[bytes], int], None]
    ended: Callable[[Popen[bytes], int], Ended]


# a task, the folder of its attempt, its GPUs; OSError or ValueError when it cannot be started
Way: TypeAlias = Callable[[Task, Path, Sequence[str]], Launch]


def variables(task: Task, outputs: str) -> dict[str, str | None]:
    """The task's own variables; None for those that have their value from your environment."""
    known: dict[str, str | None] = {"DRAGOMAN_OUTPUTS": outputs}
    for name, value in task.env.items():
        if isinstance(value, EnvSource) and name not in os.environ:
            kind = "secret" if value.kind == "secret" else "ConfigMap"
            raise ValueError(f"`{name}` comes from the {kind} `{value.name}`: set the variable in your own environment")
        known[name] = None if isinstance(value, EnvSource) else value
    return known


def script(task: Task, home: Path) -> Path | None:
    """The file of the step's script, if it has one."""
    container = task.step.container
    if container is None or container.script is None:
        return None
    file = home / "script"
    file.write_text(container.script.source, encoding="utf-8", newline="")
    return file


def texts(task: Task, home: Path, elsewhere: Callable[[str, str], Path]) -> dict[str, str]:
    """The outputs that are there; `elsewhere` says where one is that is not under `$DRAGOMAN_OUTPUTS`."""
    found = {}
    for name, output in task.step.outputs.items():
        path = output.path or ""
        if output.stdout:
            file = home / "stdout"
        elif path.startswith(f"{DIRECTORY}/"):
            file = home / "outputs" / path.removeprefix(f"{DIRECTORY}/")
        else:
            file = elsewhere(name, path)
        if file.is_file():
            found[name] = file.read_text(encoding="utf-8", errors="replace")
    return found
