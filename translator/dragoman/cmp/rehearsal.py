"""The plugin's calls as argocd-cmp-server makes them: a process in the unpacked tree, with a small environment.

The image runs as user 999 on a disk that cannot be written, but for /tmp. Here nobody can write the tree, and who may
become user 999 does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

USER = 999
DEADLINE = 60  # seconds; `controller.repo.server.timeout.seconds`


class Spoken(NamedTuple):
    """What a call said, its exit code (None: too late), and how many seconds it took."""

    output: bytes
    errors: str
    status: int | None
    seconds: float


def rehearse(call: str, folder: str, environment: Mapping[str, str], scratch: str, user: int | None) -> Spoken:
    """Make one of the plugin's calls in a folder; `scratch` is all that it may write."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("DRAGOMAN_")}
    surely = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": scratch,
        "TMPDIR": scratch,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    said = {name: value for name, value in environment.items() if name.startswith(("ARGOCD_", "PARAM_", "KUBE_"))}
    start = monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dragoman", "cmp", call],
            cwd=folder,
            env={**surely, **ours, **said},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=DEADLINE,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except subprocess.TimeoutExpired:
        return Spoken(b"", f"killed after {DEADLINE} seconds", None, monotonic() - start)
    return Spoken(done.stdout, done.stderr.decode(errors="replace"), done.returncode, monotonic() - start)


def another_user() -> int | None:
    """The user of the image, where we may become another one, and where that one can run this Python."""
    if os.geteuid() != 0:
        return None
    probe = [sys.executable, "-P", "-c", "import dragoman"]
    try:
        done = subprocess.run(probe, user=USER, group=USER, extra_groups=[], capture_output=True, check=False, cwd="/")
    except OSError:
        return None
    return USER if done.returncode == 0 else None
