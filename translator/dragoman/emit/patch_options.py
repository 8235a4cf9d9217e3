"""The model of `targets.<name>.patch`, the same for every target of ours."""

from __future__ import annotations

from typing import Any

from dragoman.spec.fields import Model


class PatchTarget(Model):
    """Which emitted objects a patch changes."""

    kind: str | None = None
    """Objects of this kind; all, when absent."""
    name: str | None = None
    """The object of this name."""


class Patch(Model):
    """A JSON Patch (RFC 6902) on emitted objects: the escape hatch."""

    target: PatchTarget | None = None
    """Which objects it changes; all, when absent."""
    ops: list[dict[str, Any]]
    """The operations, each with `op`, `path` and `value`."""
