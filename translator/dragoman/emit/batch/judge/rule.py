"""What a rule of the judge is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from dragoman.emit.problem import Body, Pointer, Problem

# a rule looks at one part, whose types are right; None stands where a text is only known when a machine runs
Rule: TypeAlias = Callable[[Body, Pointer], Iterator[Problem]]
