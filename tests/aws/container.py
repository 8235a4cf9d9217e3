"""A task of AWS as processes of this machine: containers that depend on each other, share volumes, and are stopped.

A path of a container is a path below the task's folder: it is rewritten wherever the program sees it.

Documented (ECS `ContainerDependency`, `essential`; Batch `JobTimeout`): when an essential container ends, however, the
others get SIGTERM, and SIGKILL after their stopTimeout (30 s). A container waits for START, COMPLETE or SUCCESS of
others. Assumed: one that waits for SUCCESS of what failed never starts, and that ends the task if it is essential.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import IO, NamedTuple

STOP_SECONDS = 30.0
POLL = 0.004
NO_COMMAND = "CannotStartContainerError: Error response from daemon: no command specified"
NO_PROGRAM = (
    "CannotStartContainerError: Error response from daemon: failed to create task for container: "
    "OCI runtime create failed: exec: {program!r}: executable file not found in $PATH: unknown"
)


class Container(NamedTuple):
    """What is to be run.

    folders  where on this machine the container's directories are
    mounts   those of them that are there before it starts
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    root: Path
    folders: Mapping[str, Path]
    mounts: tuple[str, ...] = ()
    essential: bool = True
    depends: tuple[tuple[str, str], ...] = ()  # (container, condition)
    stop_seconds: float = STOP_SECONDS

    def outside(self, text: str) -> str:
        """The text with this machine's paths."""
        if not self.folders:
            return text
        known = "|".join(re.escape(path) for path in sorted(self.folders, key=len, reverse=True))
        return re.sub(rf"(?<![\w.-])(?:{known})(?![\w.-])", lambda found: str(self.folders[found[0]]), text)

    def inside(self, text: str) -> str:
        """The text with the container's paths."""
        for path, folder in sorted(self.folders.items(), key=lambda item: len(str(item[1])), reverse=True):
            text = text.replace(str(folder), path)
        return text.replace(str(self.root), "")


class Exit(NamedTuple):
    """How a container ended. `code`: None when it never started."""

    code: int | None
    reason: str = ""
    started: int = 0
    ended: int = 0
    printed: str = ""
    said: str = ""


class _Process:
    """A container that runs."""

    def __init__(self, container: Container, base: Mapping[str, str], started: int) -> None:
        self.container, self.started = container, started
        for folder in (container.root, *(container.folders[path] for path in container.mounts)):
            folder.mkdir(parents=True, exist_ok=True)
        self._files: list[IO[bytes]] = []
        try:
            for stream in ("out", "err"):
                self._files.append(container.root.with_suffix(f".{stream}").open("wb"))
            out, err = self._files
            self.process = subprocess.Popen(
                [container.outside(word) for word in container.command],
                env={**base, **{name: container.outside(value) for name, value in container.env.items()}},
                cwd=container.root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except BaseException:
            self._close()
            raise
        self.stopped: float | None = None

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def ended(self, tick: Callable[[], int]) -> Exit | None:
        code = self.process.poll()
        if code is None:
            return None
        self.signal(signal.SIGKILL)  # what it left running ends with the container
        self._close()
        printed, said = (
            self.container.inside(self.container.root.with_suffix(f".{stream}").read_bytes().decode(errors="replace"))
            for stream in ("out", "err")
        )
        return Exit(code if code >= 0 else 128 - code, "", self.started, tick(), printed, said)

    def _close(self) -> None:
        for file in self._files:
            file.close()


class Task:
    """Containers that run together.

    exits      how each ended
    decided    the essential container that ended first, and with it the task
    timed_out  it was stopped because its time was over
    """

    def __init__(
        self,
        containers: Sequence[Container],
        base: Mapping[str, str],
        tick: Callable[[], int],
        second: float = 1.0,
        stop: Event | None = None,
    ) -> None:
        self.containers = {container.name: container for container in containers}
        self.exits: dict[str, Exit] = {}
        self.decided = ""
        self.timed_out = False
        self._base, self._tick, self._second, self._stop = base, tick, second, stop or Event()
        self._running: dict[str, _Process] = {}
        self._stopping = False

    def run(self, seconds: float | None = None) -> None:
        """Run it to its end. `seconds`: how long it may take."""
        end = None if seconds is None else time.monotonic() + seconds * self._second
        try:
            while True:
                self._begin()
                self._collect()
                if not self._stopping and end is not None and time.monotonic() > end:
                    self.timed_out = self._stopping = True
                self._stopping |= self._stop.is_set()
                if self._stopping:
                    self._end()
                if not self._running and (self._stopping or not self._ready()):
                    return
                time.sleep(POLL)
        finally:
            for process in self._running.values():
                process.signal(signal.SIGKILL)
                process.process.wait()

    def described(self) -> list[dict[str, object]]:
        """The containers, as the task's metadata say them."""
        found: list[dict[str, object]] = []
        for name in self.containers:
            ended = self.exits.get(name)
            status = "STOPPED" if ended else "RUNNING" if name in self._running else "PENDING"
            found.append({"Name": name, "KnownStatus": status, "Type": "NORMAL"})
            if ended and ended.code is not None:
                found[-1]["ExitCode"] = ended.code
        return found

    def _waiting(self) -> list[Container]:
        return [one for name, one in self.containers.items() if name not in self._running and name not in self.exits]

    def _ready(self) -> list[Container]:
        return [one for one in self._waiting() if all(self._holds(*wish) for wish in one.depends)]

    def _holds(self, name: str, condition: str) -> bool:
        ended = self.exits.get(name)
        if condition == "START":
            return name in self._running or (ended is not None and ended.code is not None)
        return ended is not None and (condition == "COMPLETE" or ended.code == 0)

    def _never(self, container: Container) -> bool:
        ended = [(self.exits.get(name), condition) for name, condition in container.depends]
        return any(
            exit_ and (exit_.code is None if condition == "START" else condition == "SUCCESS" and exit_.code != 0)
            for exit_, condition in ended
        )

    def _begin(self) -> None:
        if self._stopping:
            return
        for container in self._waiting():
            if self._never(container):
                self._ended(container, Exit(None, "a container that it depends on failed"))
        for container in self._ready():
            if not container.command:
                self._ended(container, Exit(None, NO_COMMAND, self._tick(), self._tick()))
                continue
            try:
                self._running[container.name] = _Process(container, self._base, self._tick())
            except (FileNotFoundError, PermissionError, NotADirectoryError):
                reason = NO_PROGRAM.format(program=container.command[0])
                self._ended(container, Exit(None, reason, self._tick(), self._tick()))

    def _collect(self) -> None:
        for name, process in list(self._running.items()):
            ended = process.ended(self._tick)
            if ended is not None:
                del self._running[name]
                self._ended(self.containers[name], ended)

    def _ended(self, container: Container, ended: Exit) -> None:
        self.exits[container.name] = ended
        if container.essential and not self._stopping:
            self.decided, self._stopping = container.name, True

    def _end(self) -> None:
        for process in self._running.values():
            if process.stopped is None:
                process.stopped = time.monotonic()
                process.signal(signal.SIGTERM)
            elif time.monotonic() > process.stopped + process.container.stop_seconds * self._second:
                process.signal(signal.SIGKILL)


class Metadata:
    """What ECS tells containers of their own task: $ECS_CONTAINER_METADATA_URI_V4, and below it `/task`."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def address(self, task: str, container: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v4/{task}-{container}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tasks = self.tasks

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place, _, rest = self.path.removeprefix("/v4/").partition("/")
                name, _, container = place.partition("-")
                task = tasks.get(name)
                if task is None or container not in task.containers:
                    self.send_error(404)
                    return
                every = task.described()
                mine = next(one for one in every if one["Name"] == container)
                text = json.dumps({"Containers": every} if rest == "task" else mine).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
