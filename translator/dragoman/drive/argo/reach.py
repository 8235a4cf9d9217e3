"""What a driver needs of an Argo Workflows installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

Workflow: TypeAlias = Mapping[str, Any]  # the object as the API gives it

LOG_LINES = 20


class Argo(Protocol):
    """One namespace of an Argo Workflows installation; every method may raise `ApiError`."""

    def create(self, workflow: Workflow) -> str:
        """Submit a run; its name."""

    def watch(self, name: str) -> Iterator[Workflow]:
        """The run as it is, then as it becomes, until the API has enough of it; raises 404 when the run is deleted."""

    def logs(self, name: str, pod: str) -> str:
        """The last lines that a pod of the run wrote."""

    def stop(self, name: str) -> None:
        """Let nothing new start and end what runs; the exit handler still runs."""


class Reach(NamedTuple):
    """A way to reach Argo.

    place    the API in a sentence: `the Kubernetes API at https://…`
    again    flags with which Argo's and Kubernetes' own commands reach the same
    login    what to do when it does not know us
    """

    argo: Argo
    namespace: str
    place: str
    again: str
    login: str
