"""What runs tasks: the one narrow protocol between the scheduler and processes, Kubernetes Jobs or the Batch API."""

from __future__ import annotations

from typing import Protocol

from dragoman.drive.walk import Facts
from dragoman.lower.task import Id, Task


class Compute(Protocol):
    """Runs tasks, and remembers them: the scheduler keeps nothing itself."""

    def began(self) -> float:
        """When the run began, in seconds since 1970: the same for whoever drives it, however often."""

    def known(self) -> Facts:
        """The attempts of every task that was ever started, each as it is now."""

    def fits(self, task: Task) -> bool:
        """Whether the task can start beside those that run."""

    def start(self, task: Task) -> None:
        """Start a task; what becomes of it, `known` tells."""

    def end(self, task: Id) -> None:
        """Stop a task, at once or soon; its attempt is then one that failed for its time. Asked until it has ended."""

    def wait(self, seconds: float) -> None:
        """Return when something has changed, or after this time."""

    def stop(self) -> None:
        """The driver leaves: stop everything that was started, unless somebody else goes on with it."""
