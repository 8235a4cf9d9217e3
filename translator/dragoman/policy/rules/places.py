"""Where in a spec a rule points to, and what would mend it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.expr.values import Quantity, Value
from dragoman.findings import Fix, Span
from dragoman.load.document import Path
from dragoman.plan.amounts import KEYS
from dragoman.plan.context import address_of
from dragoman.plan.model import Plan, Step
from dragoman.plan.origin import Source
from dragoman.plan.origins import origin

NO_AUTHORS = ("built-in", "policy")  # layers


class Place(NamedTuple):
    """A field of a step or of a flow.

    span     where it is written; the name of the step or flow, where nobody has
    address  as the spec has it
    source   the document to mend, and the path there
    related  where else its value comes from
    """

    span: Span
    address: str
    source: Source
    path: Path
    written: bool
    related: tuple[tuple[Span, str], ...] = ()

    def fix(self, value: Value) -> Fix | None:
        """What would set the field; None where it is an expression, or the value has no place in a spec."""
        if isinstance(value, Quantity):
            value = value.text
        if not isinstance(value, (str, int, float)) or (self.written and "${{" in str(_at(self.source, self.path))):
            return None
        return self.source.fix(self.path, value)


def in_step(step: Step, at: str) -> Place:
    """A field of a step, where whoever set it has it."""
    own = step.layers[0]
    name = own.source.span(own.path, key=True)
    path = _path(at)
    address = address_of((*own.path, *path))
    fields = _before_a_list(path)
    found = origin(step, *_in_full(fields)) if fields else None
    if found is None or found.source is None:
        return Place(name, address, own.source, (*own.path, *path), False)
    place = (*found.path, *path[len(fields) :])
    span = found.source.span(place)
    if found.layer in NO_AUTHORS:
        default = ((span, "the default is set here"),)
        return Place(name, address, own.source, (*own.path, *path), False, default)
    own_too = found.layer == own.name
    return Place(span, address, found.source, place, True, () if own_too else ((name, "this step has it from there"),))


def in_flow(plan: Plan, at: str) -> Place:
    """A field of a flow's spec."""
    path: Path = ("spec", *_path(at))
    written = bool(at) and path[-1] in plan.source.names(path[:-1])
    span = plan.source.span(path) if written else plan.source.span(("metadata", "name"))
    return Place(span, address_of(path), plan.source, path, written)


def _path(at: str) -> Path:
    return tuple(int(name) if name.isdigit() else name for name in at.split(".")) if at else ()


def _in_full(fields: Sequence[str]) -> Sequence[str]:
    """`resources.cpu` is the request: so it is called by whoever sets it."""
    if len(fields) > 1 and fields[0] == "resources" and fields[1] in KEYS:
        return ("resources", "requests", *fields[1:])
    return fields


def _before_a_list(path: Path) -> Sequence[str]:
    names: list[str] = []
    for name in path:
        if not isinstance(name, str):
            break
        names.append(name)
    return names


def _at(source: Source, path: Path) -> Any:
    value = source.document.data
    for name in path:
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and isinstance(name, int) and name < len(value):
            value = value[name]
        else:
            return None
    return value
