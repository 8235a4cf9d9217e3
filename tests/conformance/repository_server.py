"""Argo CD's own servers around the plugin as it is shipped: asked of `argocd-conformance`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

PATIENCE = 30  # seconds until the plugin's socket is there


class Servers(NamedTuple):
    """A running argocd-cmp-server, and who asks it as the repository server does."""

    program: Path
    work: Path

    def ask(self, *questions: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers to questions that are all asked at once, in their order."""
        numbered = [
            {"id": str(number), "socket": str(self.work / "dragoman.sock"), **one}
            for number, one in enumerate(questions)
        ]
        done = subprocess.run(
            [self.program, "ask"],
            input="".join(json.dumps(one) + "\n" for one in numbered),
            capture_output=True,
            text=True,
            check=False,
            env=_environment(self.work),
        )
        assert done.returncode == 0, done.stderr
        found = {one["id"]: one for one in map(json.loads, done.stdout.strip().split("\n"))}
        return [found[one["id"]] for one in numbered]

    def generate(self, root: Path, path: str, plugin: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        """What Argo CD makes of an application."""
        return self.ask(question(root, path, plugin, **more))[0]


def question(root: Path, path: str, plugin: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """The question for an application's manifests."""
    source: dict[str, Any] = {"repoURL": "https://git.example.com/flows.git", "path": path, "targetRevision": "main"}
    if plugin is not None:
        source["plugin"] = plugin
    asked = {"name": "app", "project": "ml", "namespace": "jobs", "kubeVersion": "1.33.2", "timeout": 60}
    return {"call": "generate", "root": str(root), "app": path, "source": source, **asked, **more}


@contextmanager
def servers(program: Path, plugin: Path, **environment: str) -> Iterator[Servers]:
    """The servers, with a plugin.yaml and what a platform adds to the sidecar's environment."""
    with TemporaryDirectory(prefix="cmp") as folder:  # short: a socket's path has at most 107 bytes
        work = Path(folder)
        (work / "config").mkdir()
        shutil.copy(plugin, work / "config/plugin.yaml")
        with open(work / "log", "wb") as log:
            server = subprocess.Popen(
                [program, "serve", str(work / "config")],
                env={**_environment(work), **environment},
                stdout=log,
                stderr=log,
            )
        try:
            start = time.monotonic()
            while not (work / "dragoman.sock").exists():
                assert server.poll() is None, (work / "log").read_text()
                assert time.monotonic() - start < PATIENCE
                time.sleep(0.02)
            yield Servers(program, work)
        finally:
            server.kill()  # it takes its socket away when it is asked to end, and stays
            server.wait()


def objects(answer: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """The manifests of an answer that is no error."""
    assert "error" not in answer, answer["error"]
    return [json.loads(text) for text in answer.get("manifests", ())]


def _environment(work: Path) -> dict[str, str]:
    """That of the image, and where the servers meet."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "HOME": str(work),
        "TMPDIR": str(work),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONSAFEPATH": "1",
        "ARGOCD_CMP_WORKDIR": str(work),
        "ARGOCD_PLUGINSOCKFILEPATH": str(work),
    }
