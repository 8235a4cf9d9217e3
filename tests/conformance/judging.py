"""What Kubernetes' own code says of objects, without a cluster: asked of `cluster-conformance judge`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """Why an object is refused, what kubectl would print, what the Pod Security Standard has against its pods."""

    errors: list[str]
    warnings: list[str]
    restricted: list[str]


class Judge(NamedTuple):
    """Call it with objects."""

    program: Path

    def __call__(self, bodies: Sequence[Mapping[str, Any]]) -> list[Verdict]:
        lines = "".join(json.dumps(body) + "\n" for body in bodies)
        done = subprocess.run([self.program, "judge"], input=lines, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = [Verdict(**json.loads(line)) for line in done.stdout.splitlines()]
        assert len(found) == len(bodies)
        return found
