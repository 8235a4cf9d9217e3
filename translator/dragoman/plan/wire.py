"""A plan as plain JSON data and back: what the coordinator in a cluster is given instead of the document.

Left out is what belongs to the document and not to its meaning: its source, its layers, who set what, and where in
its line an expression stands. So a comment or an empty line changes nothing here. Defaults are left out, too.

A record is an object of its fields, a list a list; a node of an expression is a list that begins with its kind. A value
of the user's own is itself, but a map is `{"map": …}` and a quantity `{"quantity": …}`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

from dragoman.expr import tree
from dragoman.expr.text import Template
from dragoman.expr.types import Type
from dragoman.expr.values import Quantity
from dragoman.load.document import Document
from dragoman.plan.model import Plan, Reference, Step
from dragoman.plan.origin import Source

FORMAT = 1
NODES: Mapping[str, Any] = {node.__name__: node for node in get_args(tree.Expr)}
# fields that say where something stands, or how it was written: not what it is
LEFT_OUT: Mapping[Any, frozenset[str]] = {
    Plan: frozenset({"source"}),
    Step: frozenset({"layers", "origins"}),
    **dict.fromkeys(NODES.values(), frozenset({"at", "end"})),
    tree.Ref: frozenset({"source", "at", "end"}),
}
NOWHERE = Source(Document("", 1, {}, {}))

Change: TypeAlias = Callable[[Any], Any]


class Codec(NamedTuple):
    """How values of one annotation are written, and how what was written is read."""

    write: Change
    read: Change


def encode(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data: the same plan gives the same data, key by key."""
    return {"format": FORMAT, **_write_record(plan)}


def decode(data: Mapping[str, Any]) -> Plan:
    """The plan that `encode` was given, without its source and layers; ValueError when the data is no such plan."""
    written = data.get("format")
    if not isinstance(written, int):
        raise ValueError("this is no plan: it has no `format`")
    if written > FORMAT:
        raise ValueError(f"the plan has format {written}, and this dragoman reads formats up to {FORMAT}")
    try:
        plan: Plan = _read_record(Plan, {name: part for name, part in data.items() if name != "format"})
    except (TypeError, KeyError, AttributeError, IndexError) as error:
        raise ValueError(f"this is no plan: {type(error).__name__} {error}") from None
    return plan


@cache
def _codec(hint: Any) -> Codec:
    if hint is Any:
        return Codec(_write_own, _read_own)
    if hint is Hashable:  # the expression language knows a reference as an opaque value
        return _codec(Reference)
    if hint is Type:
        return Codec(_write_type, _read_type)
    if hint is Template:
        return Codec(_write_template, _read_template)
    if hint in NODES.values():
        return NODE
    if _is_record(hint):
        return Codec(_write_record, lambda data: _read_record(hint, data))
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        return _tuple(inner)
    if get_origin(hint) in (Union, UnionType):
        return _either(inner)
    if _is_mapping(hint):
        return Codec(
            lambda value: {name: _codec(inner[1]).write(part) for name, part in value.items()},
            lambda data: {name: _codec(inner[1]).read(part) for name, part in data.items()},
        )
    return Codec(_same, _same)


def _same(value: Any) -> Any:
    return value


def _is_record(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_fields")


def _is_mapping(hint: Any) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Mapping)


@cache
def _fields(cls: Any) -> dict[str, Codec]:
    """What writes and reads each field that is carried."""
    hints = get_type_hints(cls)
    return {name: _codec(hints[name]) for name in cls._fields if name not in LEFT_OUT.get(cls, ())}


def _kind(value: Any) -> Any:
    return type(value)


def _write_record(value: Any) -> dict[str, Any]:
    defaults = value._field_defaults
    return {
        name: codec.write(getattr(value, name))
        for name, codec in _fields(_kind(value)).items()
        if name not in defaults or getattr(value, name) != defaults[name]
    }


def _read_record(cls: Any, data: Mapping[str, Any]) -> Any:
    fields = _fields(cls)
    given = {name: fields[name].read(part) for name, part in data.items()}
    return cls(**given, source=NOWHERE) if cls is Plan else cls(**given)


def _tuple(inner: tuple[Any, ...]) -> Codec:
    if inner[1:] == (...,):
        return Codec(
            lambda value: [_codec(inner[0]).write(part) for part in value],
            lambda data: tuple(_codec(inner[0]).read(part) for part in data),
        )
    return Codec(
        lambda value: [_codec(one).write(part) for one, part in zip(inner, value, strict=True)],
        lambda data: tuple(_codec(one).read(part) for one, part in zip(inner, data, strict=True)),
    )


def _either(hints: tuple[Any, ...]) -> Codec:
    """One of several: scalars are themselves, of the others one is written as an object and one as a list."""
    lists = {hint if hint is Template or get_origin(hint) is tuple else tree.Expr for hint in hints if _is_list(hint)}
    objects = {hint for hint in hints if not _is_list(hint) and (_is_record(hint) or _is_mapping(hint))}
    told = len(objects) < 2 and len(lists) < 2 and Type not in hints
    assert told, f"nothing tells {hints} apart"
    as_list = next((NODE if one is tree.Expr else _codec(one) for one in lists), None)
    as_object = next(map(_codec, objects), None)

    def write(value: Any) -> Any:
        if value is None or isinstance(value, (str, int, float)):
            return value
        codec = as_object if isinstance(value, Mapping) or type(value) in objects else as_list
        assert codec is not None
        return codec.write(value)

    def read(data: Any) -> Any:
        codec = as_list if isinstance(data, list) else as_object if isinstance(data, dict) else None
        return data if codec is None else codec.read(data)

    return Codec(write, read)


def _is_list(hint: Any) -> bool:
    return hint is Template or hint in NODES.values() or get_origin(hint) is tuple


def _write_node(node: Any) -> list[Any]:
    fields = _fields(_kind(node)).items()
    return [type(node).__name__, *(codec.write(getattr(node, name)) for name, codec in fields)]


def _read_node(data: Any) -> Any:
    cls = NODES[data[0]]
    fields = _fields(cls).items()
    return cls(**{name: codec.read(part) for (name, codec), part in zip(fields, data[1:], strict=True)})


NODE = Codec(_write_node, _read_node)


def _write_template(value: Template) -> list[Any]:
    return [part if isinstance(part, str) else _write_node(part) for part in value.parts]


def _read_template(data: Any) -> Template:
    return Template(tuple(part if isinstance(part, str) else _read_node(part) for part in data))


def _write_type(value: Type) -> Any:
    """A plain type is its name; others say what is in them."""
    if value.item is None and value.fields is None:
        return value.kind
    fields = value.fields
    return [
        value.kind,
        None if value.item is None else _write_type(value.item),
        None if fields is None else {name: _write_type(field) for name, field in fields.items()},
    ]


def _read_type(data: Any) -> Type:
    if isinstance(data, str):
        return Type(data)
    kind, item, fields = data
    return Type(
        kind,
        None if item is None else _read_type(item),
        None if fields is None else {name: _read_type(field) for name, field in fields.items()},
    )


def _write_own(value: Any) -> Any:
    """A value of the user's own."""
    if isinstance(value, Quantity):
        return {"quantity": value.text}
    if isinstance(value, Mapping):
        return {"map": {name: _write_own(part) for name, part in value.items()}}
    return [_write_own(part) for part in value] if isinstance(value, list) else value


def _read_own(data: Any) -> Any:
    if isinstance(data, list):
        return [_read_own(part) for part in data]
    if not isinstance(data, dict):
        return data
    if "quantity" in data:
        return Quantity(data["quantity"])
    return {name: _read_own(part) for name, part in data["map"].items()}
