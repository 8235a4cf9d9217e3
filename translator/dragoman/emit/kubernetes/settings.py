"""What `targets.kubernetes` says, with its defaults: the emitter's view of the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman import __version__

OLDEST, NEWEST = 25, 37
IMAGE = f"dragoman/dragoman:{__version__}"  # this package, with the extra `kubernetes`


class Settings(NamedTuple):
    """One field for each option; `dragoman.emit.kubernetes.options` describes them."""

    version: str = "1.33"
    ordering: str = "auto"
    delivery: str = "kubectl"
    healthOverride: bool = False  # noqa: N815
    image: str = IMAGE
    serviceAccount: str | None = None  # noqa: N815
    coordinatorServiceAccount: str | None = None  # noqa: N815
    imagePullSecrets: tuple[str, ...] = ()  # noqa: N815
    podSecurity: str = "restricted"  # noqa: N815
    runAsUser: int = 1000  # noqa: N815
    ttl: str | None = None
    priorityClass: str | None = None  # noqa: N815
    indexedFrom: int = 50  # noqa: N815
    itemFile: bool = False  # noqa: N815
    runId: str = ""  # noqa: N815
    accept: tuple[str, ...] = ()
    patch: tuple[Mapping[str, Any], ...] = ()

    @property
    def minor(self) -> int:
        """The Kubernetes 1.x that reads the manifests."""
        return int(self.version.partition(".")[2])


def settings(options: Mapping[str, Any]) -> Settings:
    """The options as given, lists as tuples, the rest at its default."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items() if value is not None
    }
    return Settings(**given)
