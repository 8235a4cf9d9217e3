"""A plan as facts: every field of its steps and of the flow, by the name the spec has for it, as people read it.

The walk knows no field by name: one that is added to the plan is compared from its first day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from dragoman import duration, quantity
from dragoman.expr.text import Template
from dragoman.expr.tree import Expr
from dragoman.expr.types import Type
from dragoman.expr.unparse import unparse
from dragoman.expr.values import Quantity, to_json, to_text
from dragoman.plan.model import Accelerator, Backoff, Escalation, Foreach, Need, Plan, Step
from dragoman.plan.references import steps_of

Facts: TypeAlias = Mapping[str, str]  # `resources.requests.memory` → `64Gi`

FLOW = ""  # the address of what belongs to the flow and to none of its steps
# of a record: where it stands or what it was made of, and what has facts of its own
_LEFT_OUT = {
    Plan: frozenset({"source", "steps", "on_exit", "target"}),
    Step: frozenset({"layers", "origins", "target_resources", "steps", "address"}),
    Foreach: frozenset({"kind", "type"}),
}
_NAMES = ("name", "step", "resource", "mount")  # what a record of a list or a map is known by
_SPELLED = {
    (Foreach, "items"): "in",
    (Foreach, "size"): "range",
    (Foreach, "variable"): "as",
    (Backoff, "maximum"): "max",
    (Escalation, "maximum"): "max",
    (Plan, "options"): "targets",
}
_SECONDS = frozenset({"timeout", "delay", "startingDeadline", "max"})
_RESOURCE = re.compile(
    r"\bresources\.(?:\w+\.)?(cpu|memory|gpu|disk|shm)$|\bvolumes\..*\.(size)$|\bescalate\.(cpu|memory)\.max$"
)
_EXPR = Expr.__args__


def facts(plan: Plan) -> dict[str, Facts]:
    """The facts of every step by its address (`shards.train`), and those of the flow under `FLOW`."""
    found: dict[str, Facts] = {FLOW: dict(_record(plan, ""))}
    for step in steps_of(plan):
        found[".".join(step.address)] = dict(_record(step, ""))
    return found


def _record(value: Any, path: str) -> Iterator[tuple[str, str]]:
    defaults = value._field_defaults
    left_out: frozenset[str] = _LEFT_OUT.get(type(value), frozenset())
    for name in value._fields:
        part = getattr(value, name)
        known = name in _NAMES and part == path.rpartition(".")[2]
        if known or name in left_out or (name in defaults and part == defaults[name]):
            continue
        # what runs has no name of its own in the spec: its fields are the step's
        yield from _facts(part, path if name == "container" else _under(path, _spelled(type(value), name)))


def _facts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, (Type, Quantity, Template, *_EXPR)):
        yield path, _text(value, path)
    elif isinstance(value, Need):
        yield path, value.condition
    elif hasattr(value, "_fields"):
        yield from _record(value, path) if value != Accelerator() else ()  # any GPU, which a number of them says
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _facts(part, _under(path, key))
    elif isinstance(value, tuple) and value and hasattr(value[0], "_fields") and not isinstance(value[0], Template):
        for number, part in enumerate(value):
            yield from _facts(part, _under(path, _called(part) or str(number)))
    else:
        yield path, _text(value, path)


def _text(value: Any, path: str) -> str:
    name = path.rpartition(".")[2]
    if isinstance(value, Template):
        return "".join(part if isinstance(part, str) else "${{ " + unparse(part) + " }}" for part in value.parts)
    if isinstance(value, _EXPR):
        return unparse(value)
    if isinstance(value, (Type, Quantity)):
        return str(value) if isinstance(value, Type) else value.text
    if isinstance(value, tuple):
        return " ".join(_word(part, path) for part in value)
    if type(value) is int:
        resource = _RESOURCE.search(path)
        if resource:
            return quantity.canonical(resource[1] or resource[3] or "disk", value)
        if name in _SECONDS:
            return duration.text(value)
    return value if isinstance(value, str) else to_json(value)


def _word(value: Any, path: str) -> str:
    text = to_text(value) if isinstance(value, (int, float, bool)) else _text(value, path)
    return to_json(text) if not text or set(text) & set(" \t\n\"'") else text


def _called(part: Any) -> str:
    """What a record of a list is known by: an output's or a parameter's name, a need's step, what grows."""
    for field in _NAMES:
        found = getattr(part, field, "")
        if isinstance(found, str) and found:
            return found
    return ""


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _spelled(record: type, name: str) -> str:
    """A field of the plan as the spec spells it: `max_items` is `maxItems`."""
    first, *rest = _SPELLED.get((record, name), name).split("_")
    return first + "".join(word.capitalize() for word in rest)
