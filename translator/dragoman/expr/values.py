"""The values of expressions: plain data and quantities, how they convert to a type, and how they become text.

A value is a str, a 64-bit int, a finite float, a bool, None, a list, a dict with str keys or a `Quantity`.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from dragoman import quantity
from dragoman.expr.types import (
    BOOL,
    FLOAT,
    INT,
    NULL,
    NUMBERS,
    QUANTITY,
    STRING,
    Type,
    join_all,
    list_of,
    named,
)

Value: TypeAlias = Any
MAX_NESTING = 64

_SCALARS = {str: STRING, int: INT, float: FLOAT, bool: BOOL, type(None): NULL}


class Quantity:
    """An amount as it was written (`100Mi`), equal to its other spellings; ValueError for any other text.

    It is no tuple and no str, so that no serializer takes it for one: `.text` goes to people and engines.
    """

    __slots__ = ("millis", "text")

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.millis = quantity.parse(self.text, 1000)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.millis == other.millis

    def __hash__(self) -> int:
        return hash(self.millis)

    def __repr__(self) -> str:
        return f"Quantity({self.text!r})"


def type_of_value(value: Value) -> Type:
    """The most exact type of a value: a list's items and a map's fields included."""
    known = _SCALARS.get(type(value))
    if known is not None:
        return known
    if isinstance(value, Quantity):
        return QUANTITY
    if isinstance(value, list):
        return list_of(join_all(map(type_of_value, value)))
    if isinstance(value, dict):
        return Type("map", fields={name: type_of_value(field) for name, field in value.items()})
    raise TypeError(f"{type(value).__name__} is no value of an expression")


def kind_of(value: Value) -> str:
    """The kind of a value, without a look at what a list or a map holds."""
    known = _SCALARS.get(type(value))
    if known is not None:
        return known.kind
    if isinstance(value, Quantity):
        return "quantity"
    return "list" if isinstance(value, list) else "map"


def equal(left: Value, right: Value) -> bool:
    """Equality as CEL has it: 1 is 1.0, true is not 1, quantities by amount, lists and maps by content."""
    kinds = kind_of(left), kind_of(right)
    if kinds == ("list", "list"):
        return len(left) == len(right) and all(map(equal, left, right))
    if kinds == ("map", "map"):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    return (kinds[0] == kinds[1] or NUMBERS.issuperset(kinds)) and bool(left == right)


def convert(value: Value, wanted: Type) -> Value:
    """Plain data as a value of the type; ValueError says why it is none ("`abc` is not an int").

    A float takes ints and a quantity takes plain numbers; nothing else changes its type here. Fields that a
    map's type does not declare stay as they are.
    """
    kind = kind_of(value)
    if wanted.kind == "any" or (kind == wanted.kind and kind in ("string", "bool", "null", "quantity")):
        return value
    if wanted.kind == "quantity" and kind in ("string", "int", "float"):
        return Quantity(str(value))
    if wanted.kind == "float" and kind in NUMBERS:
        return finite(float(value))
    if wanted.kind == kind == "int":
        return int64(value)
    if wanted.kind == kind == "list":
        return _converted_list(value, wanted)
    if wanted.kind == kind == "map":
        return _converted_map(value, wanted)
    raise ValueError(f"`{shown(value)}` is not {named(wanted)}")


def _converted_list(value: list[Value], wanted: Type) -> list[Value]:
    if wanted.item is None:
        return value
    items = []
    for number, item in enumerate(value):
        try:
            items.append(convert(item, wanted.item))
        except ValueError as error:
            raise ValueError(f"item {number}: {error}") from None
    return items


def _converted_map(value: dict[str, Value], wanted: Type) -> dict[str, Value]:
    fields = dict(value)
    for name, field in (wanted.fields or {}).items():
        if name not in value:
            raise ValueError(f"`{name}` is missing in `{shown(value)}`")
        try:
            fields[name] = convert(value[name], field)
        except ValueError as error:
            raise ValueError(f"`{name}`: {error}") from None
    return fields


def convert_text(text: str, wanted: Type) -> Value:
    """A text (an output file, `--set`) as a value of the type; ValueError says why it is none.

    Lists and maps are JSON; `any` is JSON when the text is, else the text itself. Space around a number is an error,
    as it is for the engines.
    """
    kind = wanted.kind
    if kind == "string":
        return text
    if kind == "any":
        try:
            return parse_json(text)
        except ValueError:
            return text
    if kind == "int" and re.fullmatch(r"[+-]?[0-9]{1,40}", text):
        return int64(int(text))
    if kind == "float" and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", text):
        return finite(float(text))
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    if kind == "null" and text == "null":
        return None
    if kind == "quantity":
        return Quantity(text)
    if kind in ("list", "map"):
        return convert(parse_json(text), wanted)
    raise ValueError(f"`{shown(text)}` is not {named(wanted)}")


def int64(value: int) -> int:
    """The int itself; ValueError when it has more than 64 bits."""
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"`{shown(value)}` does not fit in 64 bits")
    return value


def finite(value: float) -> float:
    """The float itself; ValueError when it is infinite or not a number."""
    if value - value != 0:
        raise ValueError(f"`{value}` is not a finite number")
    return value


def shown(value: Value) -> str:
    """A value for a message: its text, cut after 60 letters."""
    text = to_text(value)
    return text if len(text) <= 60 else text[:59] + "…"


def to_text(value: Value) -> str:
    """A value between other text: a string as it is, a quantity as it was written, the rest as JSON."""
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, Quantity) else to_json(value)


def to_json(value: Value) -> str:
    """Compact JSON: keys in their order, letters beyond ASCII kept, numbers as RFC 8785 writes them.

    >>> to_json({"b": [1.0, 1e21, None, "é"], "a": Quantity("100Mi")})
    '{"b":[1,1e+21,null,"é"],"a":"100Mi"}'
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    return _quoted(value.text if isinstance(value, Quantity) else value)


def _quoted(text: str) -> str:
    from json.encoder import encode_basestring  # importing json costs more than most renders need of it

    return encode_basestring(text)


def _float_text(value: float) -> str:
    """Shortest digits, no exponent from 1e-6 to 1e21: as ECMAScript, JSONata and Go's JSON have it."""
    text = repr(value)
    if "e" in text and 1e-6 <= abs(value) < 1e21:
        from decimal import Decimal

        return format(Decimal(text), "f")
    digits, _, exponent = text.partition("e")
    digits = digits.removesuffix(".0")
    return f"{digits}e{int(exponent):+d}" if exponent else "0" if digits == "-0" else digits


def parse_json(text: str) -> Value:
    """The value that a JSON text holds; ValueError for others, also for numbers and depths out of bounds."""
    from json import JSONDecodeError, loads

    try:
        value = loads(
            text,
            parse_int=_json_int,
            parse_float=lambda digits: finite(float(digits)),
            parse_constant=lambda name: finite(float(name)),
        )
    except JSONDecodeError as error:
        raise ValueError(f"`{shown(text)}` is not JSON: {error.msg.lower()} at letter {error.pos + 1}") from None
    except RecursionError:
        raise ValueError(f"`{shown(text)}` nests deeper than {MAX_NESTING}") from None
    if _deeper_than(value, MAX_NESTING):
        raise ValueError(f"`{shown(text)}` nests deeper than {MAX_NESTING}")
    if "\\u" in text and any("\ud800" <= letter <= "\udfff" for letter in to_json(value)):
        raise ValueError(f"`{shown(text)}` has half of a surrogate pair")
    return value


def _json_int(digits: str) -> int | float:
    """An int; a float where 64 bits do not hold it (`to_json` writes 1e20 without an exponent)."""
    value = int(digits[:40])
    return value if -(2**63) <= value < 2**63 else finite(float(digits))


def _deeper_than(value: Value, levels: int) -> bool:
    layer = [value]
    for _ in range(levels + 1):
        inner = (v if isinstance(v, list) else v.values() for v in layer if isinstance(v, (list, dict)))
        layer = [child for group in inner for child in group]
        if not layer:
            return False
    return True
