"""Declarations to types, plain data and texts to values, values to text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.expr.types import ANY, BOOL, FLOAT, INT, LIST, MAP, NULL, QUANTITY, STRING, Type, join, type_of
from dragoman.expr.values import (
    Quantity,
    convert,
    convert_text,
    equal,
    parse_json,
    to_json,
    to_text,
    type_of_value,
)

OBJECTS = {"type": "list", "items": {"cpu": "int", "mem": "quantity"}}


@pytest.mark.parametrize(
    ("declaration", "printed"),
    [
        ("string", "string"),
        ("any", "any"),
        ({"type": "int", "default": 3, "minimum": 1}, "int"),
        ({"path": "/tmp/value.txt"}, "string"),
        ({"type": "list"}, "list"),
        ({"type": "list", "items": "int"}, "list<int>"),
        ({"type": "list", "items": "any"}, "list"),
        (OBJECTS, "list<{cpu: int, mem: quantity}>"),
        ({"type": "list", "items": OBJECTS}, "list<list<{cpu: int, mem: quantity}>>"),
        ({"type": "list", "items": {"type": "map"}}, "list<map>"),
        ({"type": "list", "items": {"type": "string", "size": "int"}}, "list<{type: string, size: int}>"),
        ({"type": "map", "fields": {"a": "int", "b": {"c": OBJECTS}}},
         "{a: int, b: {c: list<{cpu: int, mem: quantity}>}}"),
    ],
)  # fmt: skip
def test_types_of_declarations(declaration: Any, printed: str) -> None:
    assert str(type_of(declaration)) == printed


@pytest.mark.parametrize(
    ("declaration", "reason"),
    [
        ("strng", "`strng` is not a type; did you mean `string`?"),
        ("null", "`null` is not a type; known here: `any`, `bool`, `float`, `int`, `list`, `map`"),
        ({"type": ["int"]}, "`['int']` is not a type"),
        ({"type": "int", "items": "int"}, "`items` belongs to a list, this is an int"),
        ({"type": "list", "fields": {}}, "`fields` belongs to a map, this is a list"),
        ({"type": "list", "items": 3}, "`3` is not a type"),
        ({"type": "map", "fields": ["a"]}, "`['a']` is not a mapping of names to types"),
    ],
)  # fmt: skip
def test_declarations_of_no_type(declaration: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        type_of(declaration)


@pytest.mark.parametrize(
    ("value", "kind", "converted"),
    [
        ("a", STRING, "a"),
        (3, INT, 3),
        (3, FLOAT, 3.0),
        (2.5, FLOAT, 2.5),
        (True, BOOL, True),
        (None, NULL, None),
        ("100Mi", QUANTITY, Quantity("100Mi")),
        (2, QUANTITY, Quantity("2")),
        (0.5, QUANTITY, Quantity("500m")),
        ([1, "a", None], LIST, [1, "a", None]),
        ({"a": 1}, MAP, {"a": 1}),
        ({"a": [None]}, ANY, {"a": [None]}),
        (
            [{"cpu": 1, "mem": "1Gi", "more": 0}],
            type_of(OBJECTS),
            [{"cpu": 1, "mem": Quantity("1Gi"), "more": 0}],
        ),
    ],
)
def test_data_converts(value: object, kind: Type, converted: object) -> None:
    result = convert(value, kind)
    assert (result, type(result)) == (converted, type(converted))


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ("abc", INT, "`abc` is not an int"),
        ("3", INT, "`3` is not an int"),
        (True, INT, "`true` is not an int"),
        (3.0, INT, "`3` is not an int"),
        (2**63, INT, "`9223372036854775808` does not fit in 64 bits"),
        (3, STRING, "`3` is not a string"),
        ("true", BOOL, "`true` is not a bool"),
        (1, BOOL, "`1` is not a bool"),
        (float("nan"), FLOAT, "`nan` is not a finite number"),
        (None, STRING, "`null` is not a string"),
        ("abc", QUANTITY, "`abc` is not a quantity"),
        (True, QUANTITY, "`true` is not a quantity"),
        (-1, QUANTITY, "`-1` is not a quantity"),
        ({}, LIST, "`{}` is not a list"),
        ([{"cpu": "x", "mem": 1}], type_of(OBJECTS), "item 0: `cpu`: `x` is not an int"),
        ([{"cpu": 1}], type_of(OBJECTS), 'item 0: `mem` is missing in `{"cpu":1}`'),
        ("x" * 100, INT, "`" + "x" * 59 + "…` is not an int"),
    ],
)
def test_data_that_does_not_convert(value: object, kind: Type, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        convert(value, kind)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("-3", INT, -3),
        ("3", FLOAT, 3.0),
        ("1.", FLOAT, 1.0),
        ("-2.5e3", FLOAT, -2500.0),
        ("100Mi\n", QUANTITY, Quantity("100Mi")),
        (" as is\n", STRING, " as is\n"),
        ('[{"cpu": 1, "mem": "2Mi"}]', type_of(OBJECTS), [{"cpu": 1, "mem": Quantity("2Mi")}]),
        ('{"a": 1.5}', MAP, {"a": 1.5}),
        ("[1]", ANY, [1]),
        ("US", ANY, "US"),
        ("null", NULL, None),
    ],
)
def test_text_converts(text: str, kind: Type, value: object) -> None:
    result = convert_text(text, kind)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("1_000", INT, "`1_000` is not an int"),
        ("٣", INT, "`٣` is not an int"),
        ("99999999999999999999", INT, "`99999999999999999999` does not fit in 64 bits"),
        ("nan", FLOAT, "`nan` is not a float"),
        ("1e999", FLOAT, "`inf` is not a finite number"),
        ("yes", BOOL, "`yes` is not a bool"),
        ("1", LIST, "`1` is not a list"),
        ("US,BR", LIST, "`US,BR` is not JSON: expecting value at letter 1"),
        ("[NaN]", LIST, "`nan` is not a finite number"),
        ("[" + "9" * 5000 + "]", LIST, "`inf` is not a finite number"),
        (
            "[100000000000000000000]",
            type_of({"type": "list", "items": "int"}),
            "item 0: `100000000000000000000` is not an int",
        ),
        ("[" * 100_000, LIST, "`" + "[" * 59 + "…` nests deeper than 64"),
        ("[" * 66 + "]" * 66, LIST, "`" + "[" * 59 + "…` nests deeper than 64"),
        (r'["\ud800"]', LIST, r'`["\ud800"]` has half of a surrogate pair'),
    ],
)
def test_text_that_does_not_convert(text: str, kind: Type, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        convert_text(text, kind)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as is", "as is"),
        (-3, "-3"),
        (True, "true"),
        (None, "null"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "10000000000000000"),
        (1.2345678901234567e20, "123456789012345670000"),
        (1e21, "1e+21"),
        (0.00001, "0.00001"),
        (1e-7, "1e-7"),
        (1.5e300, "1.5e+300"),
        (Quantity(" 1.50Gi "), "1.50Gi"),
        ([], "[]"),
        ({"b": ["é\n\"\\\x01"], "a": Quantity("1")}, '{"b":["é\\n\\"\\\\\\u0001"],"a":"1"}'),
    ],
)  # fmt: skip
def test_values_become_text(value: object, text: str) -> None:
    assert to_text(value) == text


def test_quantities_are_equal_by_amount() -> None:
    assert Quantity("1") == Quantity("1000m")
    assert {Quantity("1Gi"), Quantity("1024Mi")} == {Quantity("1Gi")}
    assert Quantity("1") != 1
    assert repr(Quantity("1Gi")) == "Quantity('1Gi')"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (None, None, True),
        ("1", 1, False),
        ([1, [True]], [1.0, [True]], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": Quantity("1")}, {"a": Quantity("1000m")}, True),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_equality(left: object, right: object, same: bool) -> None:
    assert equal(left, right) is equal(right, left) is same


def test_one_type_of_two() -> None:
    objects = Type("map", fields={"a": INT, "b": NULL})
    strings = Type("map", fields={"b": STRING, "a": INT})
    assert join(objects, strings) == strings
    assert join(objects, Type("map", fields={"a": INT})) == MAP
    assert join(INT, FLOAT) is None
    assert join(INT, ANY) == ANY
    assert str(type_of_value([{"a": 1}, {"a": None}])) == "list<{a: int}>"
    assert str(type_of_value([1, "a"])) == "list"


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=5),
        st.floats(-(2.0**53), 2.0**53),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(_JSON)
@settings(max_examples=300, deadline=None)
def test_json_round_trip(value: Any) -> None:
    assert equal(json.loads(to_json(value)), value)
    assert type_of_value(value) == type_of_value(convert(value, ANY))


@given(_JSON.map(to_json))
@settings(max_examples=100, deadline=None)
def test_our_json_is_read_as_it_is_written(text: str) -> None:
    assert to_json(parse_json(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=200, deadline=None)
def test_no_digit_of_a_float_is_lost(value: float) -> None:
    assert convert_text(to_text(value), FLOAT) == value
