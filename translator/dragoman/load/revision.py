"""An earlier state of the repository as a folder: a worktree of Git, for as long as it is needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from dragoman.findings import Finding, Findings


class Revision(NamedTuple):
    """A commit and the folder that holds its files; `root` is the repository's own."""

    name: str
    commit: str
    root: str
    folder: str

    def path(self, path: str) -> str:
        """Where a path of the repository is in the folder; one outside of it stays as it is."""
        real = os.path.realpath(path)
        if real != self.root and not real.startswith(self.root + os.sep):
            return path
        return os.path.normpath(os.path.join(self.folder, os.path.relpath(real, self.root)))


@contextmanager
def checked_out(name: str) -> Iterator[Revision]:
    """The state that the working folder's repository had where its history and a revision's part (`git merge-base`).

    Raises `Findings` (DRG685, exit code 2) when there is no repository, no Git, or no such revision.
    """
    from tempfile import TemporaryDirectory

    root = os.path.realpath(_git(["rev-parse", "--show-toplevel"], "."))
    commit = _commit(name, root)
    with TemporaryDirectory(prefix="dragoman-", ignore_cleanup_errors=True) as above:
        folder = os.path.join(os.path.realpath(above), "base")
        try:
            _git(["worktree", "add", "--quiet", "--detach", folder, commit], root)
            yield Revision(name, commit, root, folder)
        finally:
            _forget(folder, root)


def _commit(name: str, root: str) -> str:
    try:
        commit = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], root)
    except Findings:
        remote = name.removeprefix("origin/")
        hint = f"fetch it: `git fetch origin {remote}`; a checkout in CI may have one commit only (`fetch-depth: 0`)"
        if name == "HEAD":
            hint = "nothing is committed yet: commit what there is, and later changes are compared with it"
        raise _refused(f"Git knows no revision `{name}` here", hint) from None
    try:
        return _git(["merge-base", commit, "HEAD"], root)
    except Findings:  # histories that have nothing in common
        return commit


def _git(words: list[str], folder: str) -> str:
    # hooks are programs of the repository: a comparison runs none
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-C", folder, *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    except OSError as error:
        raise _refused(f"cannot run `git`: {(error.strerror or '').lower()}", "install Git") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it does not say why"])[0].removeprefix("fatal: ")
        raise _refused(f"Git cannot do `git {words[0]}`: {said}", "compare inside a repository of Git")
    return done.stdout.strip()


def _forget(folder: str, root: str) -> None:
    with suppress(Findings):  # it was never added; Git itself prunes what is gone
        _git(["worktree", "remove", "--force", folder], root)


def _refused(message: str, hint: str) -> Findings:
    return Findings([Finding("DRG685", message, None, hint)], 2)
