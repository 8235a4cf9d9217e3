"""What a rule of the judge is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from dragoman.emit.problem import Body, Pointer, Problem

# a rule looks at one part of an object, whose types are right, for clusters of one minor
Rule: TypeAlias = Callable[[Body, Pointer, int], Iterator[Problem]]
