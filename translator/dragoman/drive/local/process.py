"""A task as a process of this machine: its files are the machine's, its image is not used."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

from dragoman.drive.local.launch import Ended, Launch, script, texts, variables
from dragoman.lower.task import Task

KILLED = 128 + signal.SIGKILL
GPUS = "CUDA_VISIBLE_DEVICES"


def as_process(task: Task, home: Path, gpus: Sequence[str]) -> Launch:
    """See `Way`."""
    own = {name: value for name, value in variables(task, str(home / "outputs")).items() if value is not None}
    shown = {GPUS: ",".join(gpus)} if gpus else {}

    def ended(process: Popen[bytes], exit_code: int) -> Ended:
        send(process, signal.SIGKILL)  # what it left running ends with it, as in a container
        return Ended(texts(task, home, lambda name, path: Path(path)), exit_code == KILLED)

    return Launch(_words(task, home), {**os.environ, **shown, **own}, send, ended)


def send(process: Popen[bytes], number: int) -> None:
    """A signal to the process and all that it started."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # nothing is left of them
        return


def _words(task: Task, home: Path) -> list[str]:
    container = task.step.container
    assert container is not None
    file = script(task, home)
    if container.script is not None:
        return [*container.script.interpreter, str(file)]
    if not task.command:
        raise ValueError("the step has no `command`: what its image would run is not known here")
    return [*task.command, *(task.args or ())]
