"""What a plan says must be read by those who translate or run it: a field that none of them reads is lost."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

import dragoman
from dragoman.load.yaml import parse
from dragoman.plan import model
from strategies import Case, case, rendered

EVERYTHING = Path(__file__).with_name("everything.dragoman.yaml")
DRIVER = Path(dragoman.__file__).parent / "drive"
READERS = ("dragoman.emit.", "dragoman.fidelity", "dragoman.lower", "dragoman.plan.features", "dragoman.policy")
FIELDS = {
    f"{record.__name__}.{field}": (record, field)
    for record in vars(model).values()
    if isinstance(record, type) and issubclass(record, tuple) and record.__module__ == model.__name__
    for field in record.__annotations__
}
GAPS = {"Step.description": "for people, and nobody shows it to them yet"}


class Watched:
    """A field of a record that notes when one of the readers reads it."""

    def __init__(self, field: Any, name: str, read: set[str]) -> None:
        self.field, self.name, self.read = field, name, read

    def __get__(self, record: object, owner: type) -> Any:
        if record is not None and self.name not in self.read and _is_for(READERS):
            self.read.add(self.name)
        return self.field.__get__(record, owner)


@pytest.fixture(scope="module")
def read() -> set[str]:
    """The fields that were read in the renders of many flows, and the names that the driver reads from a plan."""
    found: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for name, (record, field) in FIELDS.items():
            patch.setattr(record, field, Watched(vars(record)[field], name, found))
        for one in _everything():
            rendered(one, target="")  # each for its own
        for seed in range(100):
            rendered(case(Random(seed)))
    driven = {
        node.attr
        for file in DRIVER.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
    }
    return found | {name for name, (_, field) in FIELDS.items() if field in driven}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(one, marks=pytest.mark.xfail(strict=True, reason=GAPS[one]) if one in GAPS else ())
        for one in FIELDS
    ],
)
def test_a_field_of_the_plan_is_read(name: str, read: set[str]) -> None:
    assert name in read


def _is_for(readers: tuple[str, ...]) -> bool:
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
