"""Find who set a value of a step: the highest of its layers that says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.load.document import Path
from dragoman.plan.model import Step
from dragoman.plan.origin import Origin


def origin(step: Step, *path: str) -> Origin:
    """Who set the value at `path` of the step (`"resources", "requests", "cpu"`); `built-in` when nobody did."""
    known = step.origins.get(".".join(path))
    if known is not None:
        return known
    for layer in step.layers:
        for spelling in _spellings(path):
            if _has(layer.data, spelling):
                return Origin(layer.name, layer.source, (*layer.path, *spelling))
    return Origin("built-in")


def _spellings(path: tuple[str, ...]) -> tuple[Path, ...]:
    """`resources.requests.cpu` may stand as `resources.cpu`."""
    if path[:2] == ("resources", "requests"):
        return (path, ("resources", *path[2:]))
    return (path,)


def _has(data: Any, path: Path) -> bool:
    for name in path:
        if not isinstance(data, Mapping) or data.get(name) is None:
            return False
        data = data[name]
    return True
