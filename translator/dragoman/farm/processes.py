"""Work shared out among processes of this machine: each gets the next piece when it is done with one."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from struct import Struct
from time import monotonic
from typing import NamedTuple, NoReturn

AHEAD = 2  # pieces that a process has at a time, so that it need not wait for us; at the end, when others might, one
PATIENCE = 2.0  # seconds until a process that was asked to end is made to
CHUNK = 1 << 16
_ASKED = Struct("<I")
_TOLD = Struct("<IQ?")  # which piece, the bytes of its result, whether there is one
_TOLD_TO_END = (signal.SIGINT, signal.SIGTERM)
_CGROUP = "/sys/fs/cgroup/cpu.max"  # of a container: microseconds of processors in a period of so many


class Killed(Exception):
    """A process ended in the middle of a piece of work: which piece, and the signal (or 0) that ended it."""

    def __init__(self, piece: int, signal: int) -> None:
        super().__init__(piece, signal)
        self.piece, self.signal = piece, signal


class NoRoom(Exception):
    """The system starts no other process."""


class _Worker(NamedTuple):
    """A process, our ends of its pipes, what it has yet to do, and what was heard of it so far."""

    process: int
    asking: int
    hearing: int
    todo: deque[int]
    heard: bytearray


def processors() -> int:
    """How many processors there are for us: the machine's, less those that it, or its container, keeps from us."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open(_CGROUP, encoding="ascii") as file:
            share, period = file.read().split()
        return max(1, min(here, -(-int(share) // int(period))))
    except (OSError, ValueError):  # no container, or one with `max`
        return here


def shared(
    work: Callable[[int], bytes], pieces: Sequence[int], jobs: int
) -> Generator[tuple[int, bytes | None], None, None]:
    """The result of each piece of work as it comes, in no order; None where the work raised an exception.

    The processes are copies of this one, so `work` sees all that it sees. Raises `Killed` and, before any result,
    `NoRoom`. To close the iterator, or an exception where it is used, ends them all.
    """
    waiting = deque(pieces)
    workers: list[_Worker] = []
    try:
        while len(workers) < min(jobs, len(pieces)):
            try:
                workers.append(_started(work, workers))
            except OSError as error:
                if not workers:
                    raise NoRoom from error
                break
        yield from _results({worker.hearing: worker for worker in workers}, waiting)
    finally:
        _end(workers)


def _results(workers: dict[int, _Worker], waiting: deque[int]) -> Iterator[tuple[int, bytes | None]]:
    poll = select.poll()
    for worker in workers.values():
        poll.register(worker.hearing, select.POLLIN)
        _ask(worker, waiting, 1)
    while any(worker.todo for worker in workers.values()):
        for hearing, _ in poll.poll():
            worker = workers[hearing]
            chunk = os.read(hearing, CHUNK)
            if not chunk:
                if worker.todo:
                    raise Killed(worker.todo[0], _signal_of(worker))
                poll.unregister(hearing)
            worker.heard.extend(chunk)
            for piece, result in _whole(worker.heard):
                worker.todo.remove(piece)
                _ask(worker, waiting, AHEAD if len(waiting) > len(workers) else 1)
                yield piece, result


def _ask(worker: _Worker, waiting: deque[int], most: int) -> None:
    while waiting and len(worker.todo) < most:
        piece = waiting.popleft()
        worker.todo.append(piece)
        try:
            os.write(worker.asking, _ASKED.pack(piece))
        except BrokenPipeError:
            return  # it has ended; so does what we hear of it


def _whole(heard: bytearray) -> Iterator[tuple[int, bytes | None]]:
    """What was said to its end; it is taken out."""
    while len(heard) >= _TOLD.size:
        piece, size, done = _TOLD.unpack_from(heard)
        end = _TOLD.size + size
        if len(heard) < end:
            return
        result = bytes(heard[_TOLD.size : end]) if done else None
        del heard[:end]
        yield piece, result


def _started(work: Callable[[int], bytes], others: Sequence[_Worker]) -> _Worker:
    """A new process that does what it is asked until nobody asks any more."""
    asked, asking = os.pipe()
    hearing, telling = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # or the copy would say it, too
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD_TO_END)  # the copy must not go on with our own work
    try:
        process = os.fork()
        if process == 0:
            ours = (asking, hearing, *(end for other in others for end in (other.asking, other.hearing)))
            _serve(work, asked, telling, ours)
    except OSError:
        os.close(asking)
        os.close(hearing)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(asked)
        os.close(telling)
    return _Worker(process, asking, hearing, deque(), bytearray())


def _serve(work: Callable[[int], bytes], asked: int, telling: int, others: Sequence[int]) -> NoReturn:
    """What the new process does. It ends without a word, whatever happens: its parent has the words."""
    code = 1
    try:
        for end in others:
            os.close(end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: our parent has it too, and tells us
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what we started ends with us
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD_TO_END)
        while len(said := os.read(asked, _ASKED.size)) == _ASKED.size:
            (piece,) = _ASKED.unpack(said)
            try:
                result, done = work(piece), True
            except Exception:  # it is the parent that raises it, doing the same work
                result, done = b"", False
            _tell(telling, _TOLD.pack(piece, len(result), done) + result)
        code = 0
    finally:
        os._exit(code)


def _tell(telling: int, said: bytes) -> None:
    left = memoryview(said)
    while left:
        left = left[os.write(telling, left) :]


def _signal_of(worker: _Worker) -> int:
    """The signal that ended a process, 0 for none; it stays known to the system."""
    ended = os.waitid(os.P_PID, worker.process, os.WEXITED | os.WNOWAIT)
    return ended.si_status if ended is not None and ended.si_code in (os.CLD_KILLED, os.CLD_DUMPED) else 0


def _end(workers: Sequence[_Worker]) -> None:
    """End the processes: those with nothing to do by themselves, the others when they are told to, or are made to."""
    for worker in workers:
        os.close(worker.asking)
        if worker.todo:
            os.kill(worker.process, signal.SIGTERM)
    deadline = monotonic() + PATIENCE
    for worker in workers:
        if not _ended(worker, deadline):
            os.kill(worker.process, signal.SIGKILL)
        os.close(worker.hearing)
        os.waitpid(worker.process, 0)


def _ended(worker: _Worker, deadline: float) -> bool:
    """Whether a process has ended by then; what it still says is not heard."""
    poll = select.poll()
    poll.register(worker.hearing, select.POLLIN)
    while poll.poll(max(0.0, deadline - monotonic()) * 1000):
        if not os.read(worker.hearing, CHUNK):
            return True
    return False
