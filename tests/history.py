"""The working folder as a repository of Git, whatever the settings of who runs the tests."""

from __future__ import annotations

import os
import subprocess

import pytest

AUTHOR = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")


def begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it one, on the branch `main`."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git("init", "--quiet", "--initial-branch=main")


def git(*words: str) -> str:
    """What Git prints."""
    return subprocess.run(["git", *AUTHOR, *words], check=True, capture_output=True, text=True).stdout.strip()


def commit(message: str) -> None:
    """Commit all that is there."""
    git("add", "--all")
    git("commit", "--quiet", "--message", message)
