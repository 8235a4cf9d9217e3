"""The compute of this machine: tasks within its cores, memory and GPUs, each with a folder of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from dragoman.drive.local import records
from dragoman.drive.local.launch import Ended, Launch, Way
from dragoman.drive.local.logs import Logs
from dragoman.drive.local.process import as_process
from dragoman.drive.local.room import Budget, Room
from dragoman.drive.walk import Facts
from dragoman.lower.task import Attempt, Cause, Id, Task, name_of

GRACE = 5.0  # seconds that a task has to end by itself


class Running(NamedTuple):
    """A task at work, and who waits for its end."""

    task: Task
    launch: Launch
    process: subprocess.Popen[bytes]
    gpus: tuple[str, ...]


class End(NamedTuple):
    """How a task ended; `wrong` is why it failed, when its exit code does not say so."""

    task: Task
    exit_code: int
    left: Ended
    wrong: str = ""
    late: bool = False


class Machine:
    """Runs tasks here.

    folder  where each attempt keeps its script, its outputs, what it printed, how it ended
    room    what all running tasks together may ask for
    way     what a task is: a process, or a container
    clock   the time in seconds since 1970
    note    told once of each step that asks for more than there is
    kept    attempts of an earlier run that this one goes on from
    logs    told what tasks print
    lock    an open file that all tasks inherit
    """

    def __init__(
        self,
        folder: Path,
        room: Room,
        way: Way = as_process,
        clock: Callable[[], float] = time.time,
        note: Callable[[str], object] = lambda text: None,
        kept: Mapping[Id, Sequence[Attempt]] | None = None,
        logs: Logs | None = None,
        lock: int | None = None,
    ) -> None:
        self.folder, self.budget, self.way, self.clock, self.note = folder, Budget(room), way, clock, note
        self.logs, self.lock = logs, lock
        self.start_time = clock()
        self.attempts: dict[Id, list[Attempt]] = {task: list(tries) for task, tries in (kept or {}).items()}
        self.running: dict[Id, Running] = {}
        self.watchers: dict[Id, Thread] = {}
        self.stopped: set[Id] = set()
        self.noted: set[Sequence[str]] = set()
        self.ended: SimpleQueue[End] = SimpleQueue()

    def began(self) -> float:
        """See `Compute`."""
        return self.start_time

    def known(self) -> Facts:
        """See `Compute`."""
        return self.attempts

    def fits(self, task: Task) -> bool:
        """See `Compute`."""
        return self.budget.fits(task)

    def start(self, task: Task) -> None:
        """See `Compute`. What cannot be started has failed."""
        began = self.clock()
        self._note_if_too_large(task)
        place = records.home(self.folder, task.id, task.attempt)
        (place / "outputs").mkdir(parents=True, exist_ok=True)
        gpus = self.budget.take(task)
        try:
            launch = self.way(task, place, gpus)
            process = _started(task, launch, place, () if self.lock is None else (self.lock,))
        except (OSError, ValueError) as error:
            self.budget.give_back(task, gpus)
            failed = Attempt(task.attempt, "failed", {}, None, "error", _words(error), began, self.clock())
            self._remember(task, failed)
            return
        self._remember(task, Attempt(task.attempt, "running", started=began))
        self.running[task.id] = Running(task, launch, process, gpus)
        self.watchers[task.id] = Thread(target=self._watch, args=(self.running[task.id],), daemon=True)
        self.watchers[task.id].start()

    def end(self, task: Id) -> None:
        """See `Compute`."""
        if task in self.running and task not in self.stopped:
            self.stopped.add(task)
            Thread(target=_made_to_end, args=(self.running[task],), daemon=True).start()

    def wait(self, seconds: float) -> None:
        """See `Compute`."""
        try:
            self._settle(self.ended.get(timeout=seconds))
            while True:
                self._settle(self.ended.get_nowait())
        except Empty:
            for task in self.running:
                self._tell(task, over=False)

    def stop(self) -> None:
        """End every task and all that it started; those that do not listen are killed."""
        self.wait(0)  # what has ended by itself is remembered
        enders = [Thread(target=_made_to_end, args=(one,), daemon=True) for one in self.running.values()]
        for thread in enders:
            thread.start()
        for thread in (*enders, *(self.watchers[task] for task in self.running)):
            thread.join()
        self.running.clear()

    def log(self, task: Id) -> Path:
        """The file that holds what the last attempt of a task printed."""
        return records.home(self.folder, task, len(self.attempts[task])) / "log"

    def _tell(self, task: Id, *, over: bool) -> None:
        if self.logs is not None:
            self.logs.tell(name_of(task), self.log(task), over=over)

    def _note_if_too_large(self, task: Task) -> None:
        lacking = self.budget.too_large(task)
        if lacking and task.step.address not in self.noted:
            self.noted.add(task.step.address)
            self.note(f"{task.name} asks for {lacking}: it runs alone, with what there is")

    def _watch(self, one: Running) -> None:
        limit = one.task.step.timeout
        late = False
        try:
            code = one.process.wait(limit)
        except subprocess.TimeoutExpired:
            late = True
            code = _made_to_end(one)
        exit_code = code if code >= 0 else 128 - code  # as a shell tells it
        wrong = f"took longer than {limit} s" if late else ""
        try:
            left = one.launch.ended(one.process, exit_code)
        except OSError as error:
            left, wrong = Ended({}, oom=False), wrong or _words(error)
        self.ended.put(End(one.task, exit_code, left, wrong, late))

    def _settle(self, end: End) -> None:
        task = end.task
        running = self.running.pop(task.id, None)
        if running is None:
            return
        del self.watchers[task.id]
        self._tell(task.id, over=True)
        self.budget.give_back(task, running.gpus)
        stopped = task.id in self.stopped
        wrong = "stopped: the flow's time was over" if stopped else end.wrong
        failed = bool(wrong or end.exit_code)
        attempt = self.attempts[task.id][-1]._replace(
            phase="failed" if failed else "succeeded",
            outputs={} if failed else end.left.outputs,
            exit_code=end.exit_code,
            cause=_cause(end, late=stopped or end.late) if failed else None,
            message=wrong or (f"exit code {end.exit_code}" if failed else ""),
            ended=self.clock(),
        )
        self._remember(task, attempt)

    def _remember(self, task: Task, attempt: Attempt) -> None:
        tries = self.attempts.setdefault(task.id, [])
        tries[task.attempt - 1 :] = [attempt]
        if attempt.phase != "running":
            records.keep_attempt(self.folder, task.id, attempt)


def _started(task: Task, launch: Launch, place: Path, inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    stdout = any(output.stdout for output in task.step.outputs.values())
    with open(place / "log", "wb") as log, open(place / "stdout", "wb") as printed:
        return subprocess.Popen(
            launch.words,
            env=launch.env,
            stdin=subprocess.DEVNULL,
            stdout=printed if stdout else log,
            stderr=log,
            pass_fds=inherited,
            start_new_session=True,  # so that it and all its children can be stopped together
        )


def _made_to_end(one: Running) -> int:
    """The exit code of a task that is told to end, and made to when it does not listen."""
    one.launch.signal(one.process, signal.SIGTERM)
    try:
        return one.process.wait(GRACE)
    except subprocess.TimeoutExpired:
        one.launch.signal(one.process, signal.SIGKILL)
        return one.process.wait()


def _cause(end: End, *, late: bool) -> Cause:
    return "timeout" if late else "oom" if end.left.oom else "error"


def _words(error: OSError | ValueError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
