"""The types of expressions and declarations, how they are printed, and how two of them become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, NamedTuple


class Type(NamedTuple):
    """A type: its kind, the items of a list (None: not declared), the fields of a map (None: not declared).

    >>> str(Type("list", item=Type("map", fields={"cpu": INT, "mem": QUANTITY})))
    'list<{cpu: int, mem: quantity}>'
    """

    kind: str
    item: Type | None = None
    fields: Mapping[str, Type] | None = None

    def __str__(self) -> str:
        if self.item is not None:
            return f"{self.kind}<{self.item}>"
        if self.fields is not None:
            return "{" + ", ".join(f"{name}: {field}" for name, field in self.fields.items()) + "}"
        return self.kind


STRING, INT, FLOAT, BOOL = Type("string"), Type("int"), Type("float"), Type("bool")
QUANTITY, LIST, MAP, NULL, ANY = Type("quantity"), Type("list"), Type("map"), Type("null"), Type("any")
NUMBERS = frozenset({"int", "float"})

_DECLARED = {known.kind: known for known in (STRING, INT, FLOAT, BOOL, QUANTITY, LIST, MAP, ANY)}
_DECLARATION_KEYS = frozenset({"type", "items", "fields", "description"})


def type_of(declaration: str | Mapping[str, Any]) -> Type:
    """The type that a declaration of the spec means: a name, or a mapping with `type`, `items`, `fields`.

    Keys that are not about the type (`default`, `minimum` …) are the caller's. ValueError says what is wrong.

    >>> str(type_of({"type": "list", "items": {"cpu": "int", "mem": "quantity"}}))
    'list<{cpu: int, mem: quantity}>'
    """
    kind = declaration if isinstance(declaration, str) else declaration.get("type", "string")
    if not isinstance(kind, str) or kind not in _DECLARED:
        from dragoman.findings import did_you_mean

        raise ValueError(f"`{kind}` is not a type; {did_you_mean(str(kind), _DECLARED)}")
    if isinstance(declaration, str):
        return _DECLARED[kind]
    items, fields = declaration.get("items"), declaration.get("fields")
    if items is not None and kind != "list":
        raise ValueError(f"`items` belongs to a list, this is {named(_DECLARED[kind])}")
    if fields is not None and kind != "map":
        raise ValueError(f"`fields` belongs to a map, this is {named(_DECLARED[kind])}")
    if items is not None:
        return list_of(_nested(items))
    return _DECLARED[kind] if fields is None else _with_fields(fields)


def _nested(declaration: object) -> Type:
    """The type of a list's items or of a field: a name, `{type: …}`, or an object's fields by name."""
    if isinstance(declaration, str):
        return type_of(declaration)
    if not isinstance(declaration, Mapping):
        raise ValueError(f"`{declaration}` is not a type")
    if isinstance(declaration.get("type"), str) and declaration.keys() <= _DECLARATION_KEYS:
        return type_of(declaration)
    return _with_fields(declaration)


def _with_fields(fields: object) -> Type:
    if not isinstance(fields, Mapping):
        raise ValueError(f"`{fields}` is not a mapping of names to types")
    return Type("map", fields={str(name): _nested(field) for name, field in fields.items()})


def list_of(item: Type | None) -> Type:
    """The type of a list with such items; items of any type are the same as undeclared ones."""
    return LIST if item is None or item.kind == "any" else Type("list", item=item)


def join(left: Type, right: Type) -> Type | None:
    """The one type of a value that is either; None when there is none. Null joins with everything."""
    if left == right or right.kind == "null":
        return left
    if left.kind == "null":
        return right
    if left.kind == "any" or right.kind == "any":
        return ANY
    if left.kind != right.kind:
        return None
    if left.kind == "list":
        return list_of(join(left.item or ANY, right.item or ANY))
    if left.fields is None or right.fields is None or left.fields.keys() != right.fields.keys():
        return MAP
    return Type("map", fields={k: join(field, right.fields[k]) or ANY for k, field in left.fields.items()})


def join_all(types: Iterable[Type]) -> Type:
    """The one type of values that are any of these; `any` when they differ, or when there are none."""
    each = list(types)
    return reduce(lambda left, right: join(left, right) or ANY, each) if each else ANY


def named(known: Type) -> str:
    """A type in a sentence: `an int`, `a list<int>`, `null`."""
    if known.kind == "null":
        return "null"
    text = "map" if known.kind == "map" else str(known)
    text = text if len(text) <= 60 else f"{known.kind}<…>"
    return f"an {text}" if text[0] in "aeio" else f"a {text}"
