"""What runs tasks: the one narrow protocol between the scheduler and processes, Kubernetes Jobs or the Batch API."""

from __future__ import annotations

from typing import Protocol

from dragoman.drive.walk import Facts
from dragoman.lower.task import Task


class Compute(Protocol):
    """Runs tasks, and remembers them: the scheduler keeps nothing itself."""

    def known(self) -> Facts:
        """The attempts of every task that was ever started, each as it is now."""

    def fits(self, task: Task) -> bool:
        """Whether the task can start beside those that run."""

    def start(self, task: Task) -> None:
        """Start a task; what becomes of it, `known` tells."""

    def wait(self, seconds: float) -> None:
        """Return when something has changed, or after this time."""

    def stop(self) -> None:
        """Stop everything that was started and still runs."""
