"""Time that passes while the next thing is awaited."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from dragoman.drive.ticking import ticking


def test_ticks_until_something_comes() -> None:
    enough = Event()
    ticks: list[int] = []

    def items() -> Iterator[str]:
        yield "first"
        assert enough.wait(10)
        yield "second"

    def tick() -> None:
        ticks.append(len(ticks))
        if len(ticks) == 3:
            enough.set()

    assert list(ticking(items(), tick, 0.001)) == ["first", "second"]
    assert ticks[:3] == [0, 1, 2]


def test_what_goes_wrong_is_raised_where_the_items_are_wanted() -> None:
    def items() -> Iterator[str]:
        yield "first"
        raise ConnectionError("gone")

    seen = ticking(items(), lambda: None)
    assert next(seen) == "first"
    with pytest.raises(ConnectionError, match="gone"):
        next(seen)
