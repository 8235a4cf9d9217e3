"""What a driver needs of a Kubernetes API: the Jobs, pods and ConfigMaps of one namespace, in seven calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

Object: TypeAlias = Mapping[str, Any]  # as the API gives it
Kind: TypeAlias = Literal["jobs", "pods", "configmaps"]


class Page(NamedTuple):
    """A part of a list: its objects, the version of the whole, and what asks for the next part (empty: none)."""

    items: Sequence[Object]
    version: str
    more: str = ""


class Chosen(NamedTuple):
    """Some objects of a kind: by their labels, or by their name."""

    kind: Kind
    label: str = ""
    name: str = ""


class Api(Protocol):
    """One namespace; every method may raise `ApiError`."""

    def apply(self, kind: Kind, body: Object) -> Object:
        """Let an object be like this (server-side apply): made when it is not there; the object as it then is."""

    def patch(self, kind: Kind, name: str, body: Object) -> None:
        """Change what a JSON merge patch says."""

    def page(self, chosen: Chosen, more: str = "") -> Page:
        """The objects as they are now, a part of the list at a time."""

    def watch(self, chosen: Chosen, version: str) -> Iterator[tuple[str, Object]]:
        """What becomes of them after that version: `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`; ends now and then.

        Raises 410 when the version is too old: list again.
        """

    def log(self, pod: str, container: str, *, most: int | None = None, last: int | None = None) -> str:
        """What a container wrote: at most so many bytes of it, only so many of its last lines."""

    def delete(self, kind: Kind, name: str) -> None:
        """Delete an object, and then all that it owns."""
