"""Work in several processes: the same results as in one, and nothing is left of them, however it ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dragoman.farm.processes import Killed, NoRoom, processors, shared

SIZES = (0, 1, 65_536, 300_000)


def work(piece: int) -> bytes:
    """A result of its own for each piece, of many sizes."""
    if piece % 7 == 5:
        raise RecursionError("too deep")
    return str(piece).encode() + b"x" * SIZES[piece % len(SIZES)]


@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_each_piece_has_its_result(jobs: int, count: int) -> None:
    pieces = list(range(100, 100 + count))
    found = list(shared(work, pieces, jobs))
    assert sorted(piece for piece, _ in found) == pieces
    assert dict(found) == {piece: None if piece % 7 == 5 else work(piece) for piece in pieces}
    assert not _has_children()


def test_the_work_is_shared() -> None:
    found = {int(result) for _, result in shared(_slow, range(12), 3) if result}
    assert len(found) == 3
    assert os.getpid() not in found


def test_few_pieces_are_a_process_each() -> None:
    assert len({result for _, result in shared(_slow, range(4), 4)}) == 4


def _slow(piece: int) -> bytes:
    time.sleep(0.02)
    return str(os.getpid()).encode()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGUSR1])
def test_a_process_that_is_killed_names_its_piece(how: signal.Signals) -> None:
    def fatal(piece: int) -> bytes:
        if piece == 3:
            os.kill(os.getpid(), how)
        return b""

    with pytest.raises(Killed) as raised:
        list(shared(fatal, range(8), 2))
    assert (raised.value.piece, raised.value.signal) == (3, how)
    assert not _has_children()


def test_a_process_that_leaves_names_its_piece() -> None:
    with pytest.raises(Killed) as raised:
        list(shared(lambda piece: os._exit(0), range(8), 2))
    assert (raised.value.piece in (0, 1), raised.value.signal) == (True, 0)


def test_who_wants_no_more_leaves_no_process(tmp_path: Path) -> None:
    with closing(shared(_once(tmp_path), range(8), 2)) as results:
        next(results)
        assert _has_children()
    assert not _has_children()


def test_an_interrupt_ends_those_who_work(tmp_path: Path) -> None:
    def interrupts(piece: int) -> bytes:
        try:
            os.kill(os.getppid(), signal.SIGINT)
            time.sleep(600)
        finally:
            (tmp_path / "tidy").touch()
        return b""

    with pytest.raises(KeyboardInterrupt):
        list(shared(interrupts, range(8), 1))
    assert not _has_children()
    assert (tmp_path / "tidy").exists()


def test_who_does_not_listen_is_made_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragoman.farm.processes.PATIENCE", 0.05)

    def deaf(piece: int) -> bytes:
        if piece == 0:
            return b""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (tmp_path / "deaf").touch()
        time.sleep(600)
        return b""

    with closing(shared(deaf, range(2), 1)) as results:
        next(results)
        while not (tmp_path / "deaf").exists():
            time.sleep(0.01)
    assert not _has_children()


def test_no_room_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    real, forked = os.fork, [0]

    def fork() -> int:
        forked[0] += 1
        if forked[0] > 2:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return real()

    monkeypatch.setattr(os, "fork", fork)
    before = os.listdir("/dev/fd")
    assert sorted(shared(work, range(4), 4)) == [(piece, work(piece)) for piece in range(4)]
    with pytest.raises(NoRoom):
        list(shared(work, range(4), 4))
    assert not _has_children()
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.parametrize(
    ("said", "count"),
    [("max 100000\n", 64), ("200000 100000\n", 2), ("150000 100000\n", 2), ("5000 100000\n", 1), ("", 64), (None, 64)],
)
def test_processors_of_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, count: int
) -> None:
    if said is not None:
        (tmp_path / "cpu.max").write_text(said)
    monkeypatch.setattr("dragoman.farm.processes._CGROUP", str(tmp_path / "cpu.max"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    assert processors() == count


def _once(folder: Path) -> Callable[[int], bytes]:
    """Work of which only the first piece ever ends."""

    def one(piece: int) -> bytes:
        try:
            (folder / "first").touch(exist_ok=False)
        except FileExistsError:
            time.sleep(600)
        return b""

    return one


def _has_children() -> bool:
    """Whether this process has others, running or not yet asked how they ended."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
