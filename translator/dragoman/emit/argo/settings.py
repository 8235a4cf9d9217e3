"""What `targets.argo` says, with its defaults: the emitter's view of the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

VERSIONS = ("3.6", "3.7", "4.0", "4.1")


class Settings(NamedTuple):
    """One field for each option; `dragoman.emit.argo.options` describes them."""

    version: str = "4.1"
    kind: str = "WorkflowTemplate"
    crds: str = "full"
    serviceAccount: str | None = None  # noqa: N815
    executorServiceAccount: str | None = None  # noqa: N815
    imagePullSecrets: tuple[str, ...] = ()  # noqa: N815
    podSecurity: str = "restricted"  # noqa: N815
    runAsUser: int = 1000  # noqa: N815
    ttl: str | Mapping[str, str] | None = None
    podGC: str | None = None  # noqa: N815
    priorityClass: str | None = None  # noqa: N815
    archiveLogs: bool | None = None  # noqa: N815
    accept: tuple[str, ...] = ()
    patch: tuple[Mapping[str, Any], ...] = ()

    def since(self, version: str) -> bool:
        """Whether the Argo that will read the manifests is this version or newer."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)


def settings(options: Mapping[str, Any]) -> Settings:
    """The options as given, lists as tuples, the rest at its default."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items() if value is not None
    }
    return Settings(**given)
