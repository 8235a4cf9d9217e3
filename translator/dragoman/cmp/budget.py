"""What one call of the plugin may take: its own limits, with words, below those that kill without any.

Argo CD gives a request 60 seconds, unpacking included, and then kills (cmpserver/plugin/plugin.go, runCommand).
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from dragoman.findings import Finding, Findings

VARIABLE = "DRAGOMAN_CMP_TIMEOUT"  # of the sidecar; seconds
SECONDS = 45.0
MEMORY = 2 * 1024**3  # bytes of address space
OUTPUT = 64 * 1024**2  # bytes of manifests; a message of Argo CD's has 100 MiB


class _Late(BaseException):
    """The time is up; no finding, which whoever collects them would keep, and go on."""


class Budget:
    """A context in which `Findings` are raised after so many seconds, and memory ends early."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.seconds = _seconds(environment.get(VARIABLE, ""))
        self.kept: tuple[Any, tuple[int, int]] | None = None

    def __enter__(self) -> Budget:
        import resource

        before = resource.getrlimit(resource.RLIMIT_AS)
        allowed = MEMORY if before[1] == resource.RLIM_INFINITY else min(MEMORY, before[1])
        self.kept = signal.signal(signal.SIGALRM, self._late), before
        signal.setitimer(signal.ITIMER_REAL, self.seconds)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, before[1]))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        import resource

        signal.setitimer(signal.ITIMER_REAL, 0)
        if self.kept is not None:
            signal.signal(signal.SIGALRM, self.kept[0])
            resource.setrlimit(resource.RLIMIT_AS, self.kept[1])
        if kind is _Late:
            message = f"rendering took more than {self.seconds:g} seconds"
            advice = "make the flows of this folder fewer or smaller; Argo CD kills what takes a minute"
            raise Findings([Finding("DRG676", message, None, advice)], 2) from None

    @staticmethod
    def _late(number: int, frame: object) -> None:
        raise _Late


def check_size(text: str) -> None:
    """Raise `Findings` when a result is more than Argo CD takes."""
    size = len(text.encode())
    if size > OUTPUT:
        message = f"the manifests have {size:,} bytes, maximum {OUTPUT:,}"
        raise Findings([Finding("DRG676", message, None, "make several applications of the folder")])


def _seconds(text: str) -> float:
    try:
        seconds = float(text) if text.strip() else SECONDS
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise Findings([Finding("DRG676", f"{VARIABLE} is `{text}`", None, "say seconds, for example 45")], 2)
    return seconds
