"""What a plan says must be read by whoever translates it: a field that neither features nor the emitter read is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dragoman.load.yaml import parse
from dragoman.plan import model
from strategies import Case, case, rendered

EVERYTHING = Path(__file__).with_name("everything.dragoman.yaml")
READERS = ("dragoman.emit.", "dragoman.fidelity", "dragoman.lower", "dragoman.plan.features")
RECORDS = [one for one in vars(model).values() if isinstance(one, type) and issubclass(one, tuple)]


class Watched:
    """A field of a record that notes when one of the readers reads it."""

    def __init__(self, field: Any, name: str, read: set[str]) -> None:
        self.field, self.name, self.read = field, name, read

    def __get__(self, record: object, owner: type) -> Any:
        if record is not None and self.name not in self.read and _is_read_for(READERS):
            self.read.add(self.name)
        return self.field.__get__(record, owner)


def test_every_field_of_a_plan_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    fields = {f"{record.__name__}.{name}": (record, name) for record in RECORDS for name in record.__annotations__}
    for full, (record, name) in fields.items():
        monkeypatch.setattr(record, name, Watched(vars(record)[name], full, read))
    for one in (*_everything(), *(case(Random(seed)) for seed in range(100))):
        rendered(one)
    assert sorted(fields.keys() - read) == []


def _is_read_for(readers: tuple[str, ...]) -> bool:
    """Whether the code that is running was called by one of the readers."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(readers):
            return True
        frame = frame.f_back
    return False


def _everything() -> list[Case]:
    documents = [document.data for document in parse(EVERYTHING.read_text(), EVERYTHING.name)]
    flows, [library], policies = (
        [one for one in documents if one["kind"] == kind] for kind in ("Flow", "Library", "Policy")
    )
    return [Case(flow, {"lib": library} if "imports" in flow["spec"] else {}, policies) for flow in flows]
