"""What a run leaves in its folder, so that another can go on from it: its parameters, and how each attempt ended."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dragoman.lower.task import Attempt, Id

ATTEMPT, RUN, LOCK = "attempt.json", "run.json", "lock"


class Run(NamedTuple):
    """What a run was started with.

    params   the texts of its parameters
    content  of each step, what its outputs came from, in short
    """

    params: Mapping[str, str] = {}
    content: Mapping[str, str] = {}


def home(folder: Path, task: Id, attempt: int) -> Path:
    """The folder of an attempt."""
    return folder.joinpath(*map(str, task), f"attempt-{attempt}")


def keep_attempt(folder: Path, task: Id, attempt: Attempt) -> None:
    """Remember an attempt that has ended."""
    place = home(folder, task, attempt.number)
    place.mkdir(parents=True, exist_ok=True)
    _write(place / ATTEMPT, {"task": task, **attempt._asdict()})


def attempts(folder: Path) -> dict[Id, list[Attempt]]:
    """The attempts of a run that have ended, in order."""
    found: dict[Id, list[Attempt]] = {}
    for path in folder.rglob(ATTEMPT):
        data = json.loads(path.read_text(encoding="utf-8"))
        task = tuple(data.pop("task"))
        found.setdefault(task, []).append(Attempt(**data))
    for tries in found.values():
        tries.sort()
    return found


def keep_run(folder: Path, run: Run) -> None:
    """Remember what a run was started with."""
    _write(folder / RUN, run._asdict())


def run(folder: Path) -> Run:
    """What a run was started with."""
    path = folder / RUN
    return Run(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else Run()


def last(folder: Path) -> int | None:
    """The number of the flow's last run."""
    if not folder.is_dir():
        return None
    return max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=None)


def next_run(folder: Path) -> int:
    """The number of a new run, and its folder: the first that nobody else takes."""
    folder.mkdir(parents=True, exist_ok=True)
    number = (last(folder) or 0) + 1
    while True:
        try:
            (folder / str(number)).mkdir()
            return number
        except FileExistsError:
            number += 1


def hold(folder: Path) -> int:
    """Hold a run's lock: an open file, and so held by everybody who inherits it, until the last of them has ended."""
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def is_held(folder: Path) -> bool:
    """Whether the run, or something that it started, goes on."""
    if not (folder / LOCK).exists():
        return False
    lock = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _write(path: Path, data: Mapping[str, Any]) -> None:
    """Whole or not at all, however the process ends."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(new, path)
