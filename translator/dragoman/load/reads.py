"""What was read: the files and folders that loading looked at, each in the state in which it was found.

What is read again in the same states gives the same result. So a result can be kept, and found again, by the states
of what it was made from. To have found nothing is a state, too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from dragoman.load.text import MAX_SIZE

# ("file", path), or ("folder", path, endings of names …); paths are as they were asked for
Read: TypeAlias = tuple[str, ...]
FILE, FOLDER = "file", "folder"
ELSEWHERE: Read = ("elsewhere",)  # something that no file tells, such as what else is installed
NOTHING = "-"

_watching: list[dict[Read, str]] = []


class States:
    """The states of files and folders now; each is looked at once only."""

    def __init__(self) -> None:
        self._known: dict[Read, str] = {}
        self._folders: dict[str, str] = {}

    def __getitem__(self, read: Read) -> str:
        found = self._known.get(read)
        if found is None:
            found = self._known[read] = self._look(read)
        return found

    def real(self, path: str) -> str:
        """The real path of a file."""
        folder, name = os.path.split(path)
        place = self._folders.get(folder)
        if place is None:
            place = self._folders[folder] = os.path.realpath(folder)
        try:
            plain = name not in ("", ".", "..") and not stat.S_ISLNK(os.lstat(path).st_mode)
        except (OSError, ValueError):
            plain = False
        return os.path.join(place, name) if plain else os.path.realpath(path)

    def _look(self, read: Read) -> str:
        if read[0] == FOLDER:
            return _digest_of(_listed(read[1], read[2:]))
        data = _content(read[1])
        return NOTHING if data is None else _state(self.real(read[1]), digest(data))


@contextmanager
def watched() -> Iterator[dict[Read, str]]:
    """What is read inside, with the states in which it was found."""
    seen: dict[Read, str] = {}
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.pop()


def note_file(path: str, data: bytes) -> None:
    """A file was read: this was in it."""
    if _watching:
        _note((FILE, path), _state(os.path.realpath(path), digest(data)))


def note_lookup(path: str, real: str, digest: str) -> None:
    """Somebody else looked a file up and read it, or found nothing."""
    if _watching:
        _note((FILE, path), NOTHING if digest == NOTHING else _state(real, digest))


def note_elsewhere() -> None:
    """The result depends on something that is in no file."""
    if _watching:
        _note(ELSEWHERE, NOTHING)


def listing(path: str, endings: Sequence[str]) -> list[str]:
    """The files under a folder whose names end so, sorted; hidden folders are left out."""
    found = _listed(path, endings)
    if _watching:
        _note((FOLDER, path, *endings), _digest_of(found))
    return found


def digest(data: bytes) -> str:
    """The name of some bytes: no others have it."""
    from _blake2 import blake2b  # what hashlib gives as its own, without the cost of importing that

    return blake2b(data, digest_size=20).hexdigest()


def _note(read: Read, found: str) -> None:
    for seen in _watching:
        if seen.setdefault(read, found) != found:  # it changed while it was read: no state is both
            seen[ELSEWHERE] = NOTHING


def _state(real: str, digest: str) -> str:
    """Also where links lead, seen from here: what a file imports counts from there."""
    here = os.getcwd() + os.sep
    return f"{digest} {real[len(here) :] if real.startswith(here) else os.path.relpath(real)}"


def _digest_of(names: Sequence[str]) -> str:
    return digest("\0".join(names).encode(errors="surrogateescape"))


def _content(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None
        data = os.read(descriptor, min(found.st_size, MAX_SIZE) + 1)
        while len(data) < found.st_size and len(data) <= MAX_SIZE and (more := os.read(descriptor, MAX_SIZE)):
            data += more
        return data
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _listed(path: str, endings: Sequence[str]) -> list[str]:
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            os.path.normpath(os.path.join(folder, name)) for name in sorted(names) if name.endswith(tuple(endings))
        ]
    return found
