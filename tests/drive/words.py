"""What the fixtures of these tests are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from drive.fakes import Fake, Script

Write: TypeAlias = Callable[[str], None]  # the spec of the flow `train`, without its head


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Start(Protocol):
    """Runs `dragoman run` with these arguments; `sleep` hears of each pause."""

    def __call__(self, *arguments: str, sleep: Callable[[float], object] = ...) -> Outcome: ...


class Way(NamedTuple):
    """One way to reach Argo: a server that follows a script, and what leads to it on the command line."""

    begin: Callable[[Script], Fake]
    place: str
    flags: Callable[[Fake], list[str]]
