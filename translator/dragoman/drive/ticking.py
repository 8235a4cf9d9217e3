"""Let time pass while the next thing is awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")


def ticking(items: Iterator[Item], tick: Callable[[], None], seconds: float = 1.0) -> Iterator[Item]:
    """The items as they come, read in a thread of its own; `tick` is called whenever none has come for so long."""
    results: SimpleQueue[tuple[Item] | Exception | None] = SimpleQueue()
    Thread(target=_read, args=(items, results), daemon=True).start()
    while True:
        try:
            result = results.get(timeout=seconds)
        except Empty:
            tick()
            continue
        if result is None:
            return
        if isinstance(result, Exception):
            raise result
        yield result[0]


def _read(items: Iterator[Item], results: SimpleQueue[tuple[Item] | Exception | None]) -> None:
    try:
        for item in items:
            results.put((item,))
    except Exception as error:  # raised again where the items are wanted
        results.put(error)
    else:
        results.put(None)
