"""What was made before, kept as files: each is found by what it was made from, and believed only when it is whole.

    ab/cdef…    the digest of the rest; the files that the result depends on; its own key; the result

A result is asked for with a key, which stands for all that is known before anything is read. The entry of the key says
what was read as well. The states of these files make the result's own key: when that is not the entry's, the files are
not as they were, and the result that belongs to their states now may have an entry under its own key. Nothing in an
entry is ever executed; who can write to the folder can still change results, as who can write to a repository can.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from dragoman.load.reads import FILE, FOLDER, Read, States, digest

TAG = "CACHEDIR.TAG"  # tells backups what this is (bford.info/cachedir); its time is that of the last clearing up
SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n# dragoman keeps what it rendered here; delete it at will\n"
DAY = 24 * 60 * 60
KEPT = 30 * DAY  # seconds since an entry was last of use
LARGEST = 1 << 28  # bytes of an entry
_DIGEST = len(digest(b""))
_READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # whoever else can write here may keep nobody waiting,
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW  # and lead nobody elsewhere


class _Entry(NamedTuple):
    """What was read, as JSON; the key of the result that depends on it in one state; that result."""

    read: bytes
    own: str
    result: bytes


class Cache(NamedTuple):
    """A folder of results. Its methods raise OSError only where they say so: no cache is no reason to fail.

    now   seconds since 1970
    seen  what entries say was read, with the states of that now; most entries say the same
    """

    folder: str
    states: States
    now: float
    seen: dict[bytes, str]

    def find(self, key: str) -> bytes | None:
        """The result that was kept for the key, if all that it was made from is as it was."""
        entry = self._load(key)
        if entry is None:
            return None
        states = self.seen.get(entry.read)
        if states is None:
            more = _reads(entry.read)
            if more is None:
                return None
            states = self.seen[entry.read] = _written({read: self.states[read] for read in more})
        own = digest((key + states).encode())
        if entry.own != own:
            entry = self._load(own)
        return None if entry is None or entry.own != own else entry.result

    def keep(self, key: str, read: Mapping[Read, str], result: bytes) -> None:
        """Keep a result: `read` is what it was made from beside what the key stands for. May raise OSError."""
        own = digest((key + _written(read)).encode())
        before = self._load(key)
        if before is not None and before.own != own:  # another branch, say: it will be asked for again
            self._move(key, before.own)
        self._save(key, b"\n".join((json.dumps(sorted(read)).encode(), own.encode(), result)))

    def prepare(self) -> None:
        """Make the folder, and once a day clear away what was of no use for a month. Raises OSError."""
        tag = os.path.join(self.folder, TAG)
        try:
            cleared = os.stat(tag).st_mtime
        except FileNotFoundError:
            os.makedirs(self.folder, exist_ok=True)
            with suppress(FileExistsError), os.fdopen(os.open(tag, _WRITING | os.O_EXCL, 0o666), "wb") as file:
                file.write(SIGNATURE.encode())
            return
        if self.now - cleared > DAY:
            with suppress(PermissionError):  # a folder that we may only read
                os.utime(tag, (self.now, self.now))
                self._clear()

    def _load(self, key: str) -> _Entry | None:
        try:
            descriptor = os.open(self._path(key), _READING)
        except OSError:
            return None
        try:
            found = os.fstat(descriptor)
            data = os.read(descriptor, min(found.st_size, LARGEST) + 1)
            if self.now - found.st_mtime > DAY:
                with suppress(OSError):  # a folder that we may only read
                    os.utime(descriptor, (self.now, self.now))
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return _entry(data)

    def _move(self, key: str, own: str) -> None:
        if len(own) == _DIGEST and _is_hex(own):
            os.makedirs(os.path.dirname(self._path(own)), exist_ok=True)
            with suppress(FileNotFoundError):
                os.replace(self._path(key), self._path(own))

    def _save(self, key: str, entry: bytes) -> None:
        path = self._path(key)
        part = f"{path}.{os.getpid()}"
        data = digest(entry).encode() + entry
        try:
            descriptor = os.open(part, _WRITING | os.O_TRUNC, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor = os.open(part, _WRITING | os.O_TRUNC, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                os.remove(part)
            raise

    def _path(self, key: str) -> str:
        return f"{self.folder}/{key[:2]}/{key[2:]}"

    def _clear(self) -> None:
        """Remove old entries, and what writers left that were killed; anything else in the folder stays."""
        for shelf in _names(self.folder):
            if len(shelf) != 2 or not _is_hex(shelf):
                continue
            for name in _names(f"{self.folder}/{shelf}"):
                path = f"{self.folder}/{shelf}/{name}"
                with suppress(OSError):  # somebody else clears up, too
                    ours = _is_hex(name.partition(".")[0]) and len(name) >= _DIGEST - 2
                    if ours and self.now - os.stat(path).st_mtime > KEPT:
                        os.remove(path)


def key(*parts: str) -> str:
    """The key of some texts."""
    return digest(json.dumps(parts).encode())


def _entry(data: bytes) -> _Entry | None:
    """The entry, if it is whole."""
    rest = data[_DIGEST:]
    parts = rest.split(b"\n", 2)
    if len(parts) != 3 or not data.startswith(digest(rest).encode()):
        return None
    return _Entry(parts[0], parts[1].decode(errors="replace"), parts[2])


def _written(read: Mapping[Read, str]) -> str:
    return json.dumps(sorted(read.items()))


def _reads(data: bytes) -> list[Read] | None:
    """What an entry says was read; None when it is no such list."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(map(_is_read, found)):
        return None
    return [tuple(one) for one in found]


def _is_read(one: object) -> bool:
    if not isinstance(one, list) or not all(type(word) is str for word in one):
        return False
    return (len(one) == 2 and one[0] == FILE) or (len(one) > 2 and one[0] == FOLDER)


def _names(folder: str) -> Iterable[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return ()


def _is_hex(text: str) -> bool:
    return set(text) <= set("0123456789abcdef")
