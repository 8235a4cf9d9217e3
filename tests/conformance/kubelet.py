"""What a node of the cluster does with a pod: variables put in, the program run, its files read. Here it is a process.

Directories of the pod are directories of a sandbox: their names are rewritten wherever the program sees them.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

NOT_FOUND = 64  # what Argo's wrapper around the program ends with when there is no such program
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


class Ended(NamedTuple):
    """How a process ended."""

    exit_code: int
    printed: str
    said: str


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable, if there is one, and `$$` one `$` (k8s.io/kubernetes/third_party/forked/expansion).

    >>> expand("$(A) $(B) $$(A) $$$$ $A", {"A": "1"})
    '1 $(B) $(A) $$ $A'
    """

    def value(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return _REFERENCE.sub(value, text)


def variables(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A container's variables: each may refer to those before it; a secret's is `<its name/its key>`."""
    found: dict[str, str] = {}
    for entry in entries:
        if "valueFrom" in entry:
            ((_, source),) = entry["valueFrom"].items()
            found[entry["name"]] = f"<{source['name']}/{source['key']}>"
        else:
            found[entry["name"]] = expand(entry.get("value", ""), found)
    return found


class Sandbox(NamedTuple):
    """A place for the files of one pod. `directories`: those of the pod that the sandbox stands for."""

    root: Path
    directories: tuple[str, ...]
    programs: Path

    def place(self, path: str) -> Path:
        """Where a file of the pod is."""
        return Path(self._inside(path))

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> Ended:
        """Run a container's command to its end."""
        self.root.mkdir(parents=True, exist_ok=True)
        for directory in self.directories:
            self.place(directory).mkdir(parents=True, exist_ok=True)
        path = {"PATH": f"{self.programs}:/usr/bin:/bin"}
        try:
            done = subprocess.run(
                [self._inside(word) for word in command],
                env={**path, **{name: self._inside(value) for name, value in environment.items()}},
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                check=False,
            )
        except FileNotFoundError as error:
            return Ended(NOT_FOUND, "", f": {error}")
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        printed = done.stdout.decode(errors="replace").replace(str(self.root), "")
        return Ended(code, printed, done.stderr.decode(errors="replace"))

    def read(self, path: str) -> str | None:
        """A file that the program wrote; None when it did not."""
        try:
            return self.place(path).read_bytes().decode(errors="replace").replace(str(self.root), "")
        except FileNotFoundError:
            return None

    def write(self, path: str, text: str) -> None:
        """A file for the program, which sees the sandbox's names in it."""
        self.place(path).parent.mkdir(parents=True, exist_ok=True)
        self.place(path).write_text(self._inside(text), newline="")

    def _inside(self, text: str) -> str:
        known = "|".join(map(re.escape, self.directories))
        return re.sub(known, lambda found: f"{self.root}{found[0]}", text) if known else text
