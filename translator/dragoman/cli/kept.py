"""What is kept from one command to the next, and what it is kept under."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from json import dumps
from typing import NamedTuple

from dragoman.cli.platform import platform
from dragoman.farm.cache import Cache, key
from dragoman.farm.outcome import Outcome
from dragoman.farm.version import own, version
from dragoman.farm.wire import decode, encode
from dragoman.load.files import STDIN, root_of
from dragoman.load.packs import PREFIX
from dragoman.load.reads import ELSEWHERE, FILE, Read, States

# what a command line says beside what is translated, and how: none of it changes a result
SILENT = frozenset(
    {"cache", "check", "color", "fail_on", "given", "jobs", "no_cache", "output", "paths", "quiet", "strict", "verbose"}
)


class Kept(NamedTuple):
    """The results of one command line.

    base   stands for everything but the spec and what it reads
    roots  the roots of folders, seen from here
    """

    cache: Cache
    base: str
    root: str
    roots: dict[str, str]

    def find(self, spec: str) -> Outcome | None:
        """What became of a spec file, if that is known and nothing has changed."""
        if spec == STDIN:
            return None
        data = self.cache.find(self._key(spec, self.cache.states[FILE, spec]))
        try:
            return None if data is None else decode(data)
        except (ValueError, TypeError, RecursionError):  # whatever it is, it is not ours
            return None

    def keep(self, spec: str, read: Mapping[Read, str], outcome: Outcome) -> None:
        """Keep what became of a spec file, unless something is wrong with it, or it depends on what no file tells."""
        state = read.get((FILE, spec))
        if outcome.errors or state is None or ELSEWHERE in read:
            return
        more = {one: found for one, found in read.items() if one != (FILE, spec) and not own(one[1])}
        try:
            self.cache.keep(self._key(spec, state), more, encode(outcome))
        except OSError:  # a full disk, or a folder that we may only read
            return

    def _key(self, spec: str, state: str) -> str:
        folder = os.path.dirname(spec)
        root = self.roots.get(folder)
        if root is None:
            root = self.roots[folder] = _shown(self.root or root_of(spec))
        return key(self.base, spec, root, state)


def opened(folder: str, arguments: argparse.Namespace) -> Kept | None:
    """What was kept in a folder for this command line; None when it cannot be known what that would depend on.

    Raises OSError when nothing can be kept there.
    """
    known = version()
    if not known:
        return None
    cache = Cache(folder, States(), time.time(), {})
    cache.prepare()
    return Kept(cache, _base(known, arguments), arguments.root, {})


def _base(version: str, arguments: argparse.Namespace) -> str:
    said = {name: value for name, value in vars(arguments).items() if name not in SILENT}
    roots = [_shown(arguments.root or root_of(path)) for path in arguments.policy if not path.startswith(PREFIX)]
    return key(version, dumps([said, arguments.output == STDIN, platform(), roots], sort_keys=True, default=str))


def _shown(folder: str) -> str:
    return os.path.relpath(os.path.realpath(folder))
