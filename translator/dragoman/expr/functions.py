"""The functions and methods of the language: what each takes, what it gives, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dragoman.expr.types import ANY, BOOL, FLOAT, INT, QUANTITY, STRING
from dragoman.expr.values import Value, convert, convert_text, int64, parse_json, to_json, to_text

_SCALARS = ("string", "int", "float", "bool", "quantity")

# name -> the kinds of its first argument; a second one is always a string
ACCEPTED = {
    "size": ("string", "list", "map"),
    **dict.fromkeys(("startsWith", "endsWith", "contains", "matches", "fromJson"), ("string",)),
    **dict.fromkeys(("int", "double"), ("int", "float", "string")),
    "quantity": ("quantity", "int", "float", "string"),
    **dict.fromkeys(("string", "toJson"), (*_SCALARS, "list", "map", "null")),
}
RESULTS = {
    "size": INT,
    "int": INT,
    "double": FLOAT,
    "quantity": QUANTITY,
    "fromJson": ANY,
    **dict.fromkeys(("string", "toJson"), STRING),
    **dict.fromkeys(("startsWith", "endsWith", "contains", "matches"), BOOL),
}


def call(name: str, args: list[Value]) -> Value:
    """The result for arguments of accepted kinds; ValueError when there is none (`int('x')`)."""
    return _COMPUTED[name](*args)


def _to_int(value: Value) -> int:
    if isinstance(value, str):
        return int(convert_text(value, INT))
    return int64(int(value))


def _to_float(value: Value) -> float:
    return float(convert_text(value, FLOAT) if isinstance(value, str) else value)


def _matches(text: str, pattern: str) -> bool:
    from dragoman.expr.pattern import read_pattern

    return read_pattern(pattern).found_in(text)


_COMPUTED: dict[str, Callable[..., Any]] = {
    "size": len,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
    "matches": _matches,
    "int": _to_int,
    "double": _to_float,
    "quantity": lambda value: convert(value, QUANTITY),
    "string": to_text,
    "toJson": to_json,
    "fromJson": parse_json,
}
