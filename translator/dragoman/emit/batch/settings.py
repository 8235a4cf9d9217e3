"""What `targets.batch` says, with its defaults: the emitter's view of the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman import __version__

IMAGE = f"dragoman/dragoman:{__version__}"


class Settings(NamedTuple):
    """One field for each option; `dragoman.emit.batch.options` describes them."""

    platform: str = "EC2"
    partition: str = "aws"
    region: str = "us-east-1"
    account: str | None = None
    queue: str | None = None
    jobRole: str | None = None  # noqa: N815
    executionRole: str | None = None  # noqa: N815
    stateMachineRole: str | None = None  # noqa: N815
    scheduleRole: str | None = None  # noqa: N815
    outputs: str | None = None
    image: str = IMAGE
    secrets: Mapping[str, str] = {}
    volumes: Mapping[str, Mapping[str, Any]] = {}
    accelerators: Mapping[str, str] = {}
    logGroup: str | None = None  # noqa: N815
    schedulingPriority: int | None = None  # noqa: N815
    shareIdentifier: str | None = None  # noqa: N815
    revisioning: str = "latest"
    format: str = "api"
    providerConfig: str = "default"  # noqa: N815
    scope: str = "namespaced"
    accept: tuple[str, ...] = ()
    patch: tuple[Mapping[str, Any], ...] = ()


def settings(options: Mapping[str, Any]) -> Settings:
    """The options as given, lists as tuples, the rest at its default."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items() if value is not None
    }
    return Settings(**given)
