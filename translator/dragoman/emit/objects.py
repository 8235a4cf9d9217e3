"""How the objects of every target are put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def drop_empty(body: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what nobody said: None, empty lists, empty maps."""
    return {key: value for key, value in body.items() if value is not None and value != [] and value != {}}
