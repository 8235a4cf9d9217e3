"""Tasks as processes of this machine, within its cores and memory, each with a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from dragoman.drive.walk import Facts
from dragoman.lower.task import Attempt, Cause, Id, Task
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import EnvSource

GRACE = 5.0  # seconds that a process has to end by itself
KILLED = 128 + signal.SIGKILL


class Processes:
    """The compute of this machine.

    folder  where each attempt keeps its script, its outputs, what it printed
    room    cores (in thousandths) and bytes that all running tasks together may ask for
    clock   the time in seconds since 1970
    """

    def __init__(self, folder: Path, room: Mapping[str, int], clock: Callable[[], float] = time.time) -> None:
        self.folder, self.room, self.clock = folder, room, clock
        self.start_time = clock()
        self.ending: set[Id] = set()
        self.attempts: dict[Id, list[Attempt]] = {}
        self.running: dict[Id, tuple[Task, subprocess.Popen[bytes]]] = {}
        self.ended: SimpleQueue[tuple[Task, int, str]] = SimpleQueue()

    def began(self) -> float:
        """See `Compute`."""
        return self.start_time

    def known(self) -> Facts:
        """See `Compute`."""
        return self.attempts

    def fits(self, task: Task) -> bool:
        """Beside the others if there is room; alone, whatever it asks for."""
        if not self.running:
            return True
        asked = {key: sum(other.requests.get(key, 0) for other, _ in self.running.values()) for key in self.room}
        return all(asked[key] + task.requests.get(key, 0) <= room for key, room in self.room.items())

    def start(self, task: Task) -> None:
        """See `Compute`. What cannot be started has failed."""
        began = self.clock()
        tries = self.attempts.setdefault(task.id, [])
        home = self._home(task)
        (home / "outputs").mkdir(parents=True, exist_ok=True)
        try:
            process = _started(task, home)
        except (OSError, ValueError) as error:
            message = (
                f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
            )
            tries.append(Attempt(task.attempt, "failed", {}, None, "error", message, began, began))
            return
        tries.append(Attempt(task.attempt, "running", started=began))
        self.running[task.id] = (task, process)
        Thread(target=self._watch, args=(task, process), daemon=True).start()

    def end(self, task: Id) -> None:
        """See `Compute`."""
        if task in self.running and task not in self.ending:
            self.ending.add(task)
            Thread(target=_terminated, args=(self.running[task][1],), daemon=True).start()

    def wait(self, seconds: float) -> None:
        """See `Compute`."""
        try:
            self._settle(*self.ended.get(timeout=seconds))
            while True:
                self._settle(*self.ended.get_nowait())
        except Empty:
            return

    def stop(self) -> None:
        """End every process and all that it started; those that do not listen are killed."""
        for _, process in self.running.values():
            _signal(process, signal.SIGTERM)
        limit = time.monotonic() + GRACE
        for _, process in self.running.values():
            try:
                process.wait(max(limit - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        self.running.clear()

    def log(self, task: Id) -> Path:
        """The file that holds what the last attempt of a task printed."""
        return self._path(task, len(self.attempts[task])) / "log"

    def _home(self, task: Task) -> Path:
        return self._path(task.id, task.attempt)

    def _path(self, task: Id, attempt: int) -> Path:
        return self.folder.joinpath(*map(str, task), f"attempt-{attempt}")

    def _watch(self, task: Task, process: subprocess.Popen[bytes]) -> None:
        late = False
        try:
            code = process.wait(task.step.timeout)
        except subprocess.TimeoutExpired:
            late = True
            code = _terminated(process)
        self.ended.put((task, code, f"took longer than {task.step.timeout} s" if late else ""))

    def _settle(self, task: Task, code: int, late: str) -> None:
        if self.running.pop(task.id, None) is None:
            return
        late = "stopped: the flow's time was over" if task.id in self.ending else late
        tries = self.attempts[task.id]
        exit_code = code if code >= 0 else 128 - code  # as a shell tells it
        outputs = _outputs(task, self._home(task)) if exit_code == 0 and not late else {}
        tries[-1] = tries[-1]._replace(
            phase="failed" if late or exit_code else "succeeded",
            outputs=outputs,
            exit_code=exit_code,
            cause=_cause(exit_code, late),
            message=late or (f"exit code {exit_code}" if exit_code else ""),
            ended=self.clock(),
        )


def _started(task: Task, home: Path) -> subprocess.Popen[bytes]:
    stdout = any(output.stdout for output in task.step.outputs.values())
    with open(home / "log", "wb") as log, open(home / "stdout", "wb") as printed:
        return subprocess.Popen(
            _words(task, home),
            env={**os.environ, **_environment(task, home)},
            stdin=subprocess.DEVNULL,
            stdout=printed if stdout else log,
            stderr=log,
            start_new_session=True,  # so that it and all its children can be stopped together
        )


def _words(task: Task, home: Path) -> list[str]:
    container = task.step.container
    assert container is not None
    if container.script is not None:
        script = home / "script"
        script.write_text(container.script.source, encoding="utf-8", newline="")
        return [*container.script.interpreter, str(script)]
    if not task.command:
        raise ValueError("the step has no `command`: what its image would run is not known here")
    return [*task.command, *(task.args or ())]


def _environment(task: Task, home: Path) -> dict[str, str]:
    known = {"DRAGOMAN_OUTPUTS": str(home / "outputs")}
    for name, value in task.env.items():
        if not isinstance(value, EnvSource):
            known[name] = value
        elif name not in os.environ:
            kind = "secret" if value.kind == "secret" else "ConfigMap"
            raise ValueError(f"`{name}` comes from the {kind} `{value.name}`: set the variable in your own environment")
    return known


def _outputs(task: Task, home: Path) -> dict[str, str]:
    found = {}
    for name, output in task.step.outputs.items():
        path = home / "stdout" if output.stdout else _file(output.path or "", home)
        if path.is_file():
            found[name] = path.read_text(encoding="utf-8", errors="replace")
    return found


def _file(path: str, home: Path) -> Path:
    """A file of the container: those under `$DRAGOMAN_OUTPUTS` are in the task's folder, others where they say."""
    return home / "outputs" / path.removeprefix(f"{DIRECTORY}/") if path.startswith(f"{DIRECTORY}/") else Path(path)


def _cause(exit_code: int, late: str) -> Cause | None:
    if late:
        return "timeout"
    return None if exit_code == 0 else "oom" if exit_code == KILLED else "error"


def _terminated(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a process that is told to end, and made to when it does not listen."""
    _signal(process, signal.SIGTERM)
    try:
        return process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        return process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
