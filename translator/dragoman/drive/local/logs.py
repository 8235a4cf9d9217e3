"""What running tasks print, told line by line while they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class Logs:
    """Tells the lines of logs as they grow, each with its task's name before it."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.say = say
        self.told: dict[Path, int] = {}  # how many bytes of each

    def tell(self, name: str, log: Path, *, over: bool) -> None:
        """Tell what is new in a log: whole lines, and the rest when it is over."""
        begin = self.told.get(log, 0)
        with open(log, "rb") as file:
            file.seek(begin)
            new = file.read()
        size = len(new) if over else new.rfind(b"\n") + 1
        self.told[log] = begin + size
        for line in new[:size].decode("utf-8", "replace").splitlines():
            self.say(f"{name} | {line}")
        if over:
            del self.told[log]
