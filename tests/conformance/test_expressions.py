"""An expression has the same value for Argo as for us: ours as printed for Argo, computed by Argo's own code."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conformance.tags import Refused, Tags
from dragoman.emit.argo.expressions import Spelling, as_text, condition, tag
from dragoman.expr.check import check
from dragoman.expr.evaluate import evaluate
from dragoman.expr.parse import parse
from dragoman.expr.scope import Variable
from dragoman.expr.tree import Expr, ExprError, Ref
from dragoman.expr.types import type_of
from dragoman.expr.values import Quantity, to_text

TYPES = {
    "i": type_of("int"),
    "j": type_of("int"),
    "f": type_of("float"),
    "g": type_of("float"),
    "b": type_of("bool"),
    "c": type_of("bool"),
    "s": type_of("string"),
    "t": type_of("string"),
    "ints": type_of({"type": "list", "items": "int"}),
    "floats": type_of({"type": "list", "items": "float"}),
    "texts": type_of({"type": "list", "items": "string"}),
    "rows": type_of({"type": "list", "items": {"k": "string", "n": "int"}}),
    "m": type_of({"type": "map", "fields": {"b": "bool", "f": "float", "l": {"type": "list", "items": "int"}, "n": "int", "s": "string"}}),
    "open": type_of("map"),
    "mixed": type_of("list"),
    **dict.fromkeys("qrw", type_of("quantity")),
}  # fmt: skip
SCOPE = {name: Variable(name, known) for name, known in TYPES.items()}
VALUES: dict[str, Any] = {
    "i": 7,
    "j": -3,
    "f": 2.5,
    "g": -0.125,
    "b": True,
    "c": False,
    "s": "a'b\"\\ é{x}😀",
    "t": "",
    "ints": [1, 2, -3],
    "floats": [1.0, 2.5],
    "texts": ["x", "a'b", "10"],
    "rows": [{"k": "u", "n": 1}, {"k": "v", "n": 2}],
    "m": {"b": False, "f": 1.0, "l": [5], "n": 4, "s": "q"},
    "open": {"x": 1, "y": "z"},
    "mixed": [1, "a", [2], None, 2.5, {"k": True}],
    "q": Quantity("1.5Gi"),
    "r": Quantity("1610612736"),
    "w": Quantity("100m"),
}
TABLE = """
i + j ; i - j ; i * j ; i / j ; i % j ; -i ; -(-i) ; - -i ; i - -j ; i / 2 ; j / 2 ; j % 2 ; -j / 2 ; 1 - -1 ; -i * j ; -(i * j)
(i + j) * 2 ; i + j * 2 ; i / j / 2 ; i / (j / 2) ; i * (j + 1) / 2 ; 2 * i / j * 3 ; i % j * 2 ; i - (j - 1) ; i - j - 1
f + g ; f * g ; f / g ; f - 0.5 ; -f ; f / 2.0 ; 1e21 * f ; 1e-9 * f ; f * 1e15 ; double(i) / 2.0 ; double(i) / 3.0 ; double(i)
int(f) ; int(g) ; int(f * -1.0) ; int('12') + i ; double('1.5') + f ; int(string(i)) ; double(string(f)) ; string(i / 2)
string(i) ; string(f) ; string(b) ; string(ints) ; string(m) ; 'n' + string(i) + 'f' + string(f) + 'b' + string(b)
i == j ; i < j ; i <= 7 ; i == 7.0 ; f == 2.5 ; f > i ; i != 7 ; b == c ; b != c ; s == t ; s != '' ; s < 'b' ; 'a' < s
b && c || !c ; !(b && c) ; (b || c) && c ; b || c && c ; !b ; !!b ; b == (i > j) ; (i > j) == (j > i) ; i > j == b ; !(i > j)
b ? i : j ; b ? (c ? 1 : 2) : 3 ; (b ? c : b) ? 1 : 2 ; (i > 0 ? i : j) + 1 ; (b ? 'a' : 'b') + s ; [b ? 1 : 2] ; b ? ints : []
s + t ; s + 'x' + t ; '{{' + s ; '}}' + s ; '{' + '{' + t ; s + '$(X)' ; "'" + s ; s + '\\n\\t\\\\\\"' ; '{{=1}}' + t ; '{%' + s
s.startsWith('a') ; s.endsWith('😀') ; s.contains('{x') ; s.matches('^a.b') ; !s.startsWith('z') ; (s + t).startsWith('a')
size(s) ; size(t) == 0 ; size(ints) ; size(texts) ; size(m) ; size(s + '😀é') ; size(b ? ints : []) ; size([i, j])
i in ints ; i in [1, 7] ; i in [7.0] ; 1.0 in ints ; 2.5 in floats ; 'x' in texts ; '10' in texts ; !('x' in texts) ; 1 in [1.0]
'n' in m ; 'x' in open ; 'zz' in open ; [1] in [[1]] ; b in [true] ; ('x' in texts) == b ; -1 in [-1] ; i in ints || i in [9]
ints[0] ; ints[i - 6] ; ints[-j - 1] ; ints[i % 2] ; floats[0] ; floats[1] ; floats[0] + floats[1] ; texts[1] ; texts[i / 4] + s
m.n ; m['n'] ; m.s ; m.f ; m.f + 1.0 ; m.n / 3 ; m.l ; m.l[0] ; m.b ; m.b || b ; rows ; rows[0] ; rows[0].k ; rows[i - 6].n + 1
open ; open.x ; open.y ; open['x'] ; open[open.y == 'z' ? 'x' : 'y'] ; mixed ; mixed[0] ; mixed[1] ; mixed[2] ; mixed[2][0]
mixed[3] ; mixed[4] ; mixed[5].k ; mixed[3] == null ; mixed[0] != null ; mixed[1] == 'a' ; mixed[0] == 1 ; mixed[4] > 2.0
toJson(i) ; toJson(f) ; toJson(s) ; toJson(b) ; toJson(ints) ; toJson(floats) ; toJson(texts) ; toJson(m) ; toJson(rows) ; toJson(mixed)
toJson([i, j]) ; toJson([s, t]) ; [i, j] ; [s] ; [f, 1.0] ; [[i]] ; [[1], ints] ; [b] ; [] ; [] == ints ; ints == [1, 2, -3]
ints == [1.0, 2.0, -3.0] ; texts == ['x'] ; m == m ; fromJson('[1]')[0] + i ; fromJson(t == '' ? '{"a": {"b": 3}}' : '1').a.b
fromJson(t == '' ? '[1, 2.0, "x"]' : '1') ; fromJson(t == '' ? '{"b": 3}' : '1').b == 3 ; fromJson(t == '' ? '7' : '8') in ints
ints + [4] ; ints + ints ; [i] + [j] ; ints + [i] == [1, 2, -3, 7] ; texts + ['z'] ; floats + [1.0] ; string(f * 1000000.0)
'' + string(double(i) * 1e-5) ; string(double(i) * 12345678.0) ; b ? null : null ; c ? s : null ; c ? i : null ; c ? ints : null
s == null ; null == s ; i == null ; m.n == null ; b ? s : null ; i + 1000000000000 ; i * 1000000000000 ; 9007199254740993 + i
q < r ; q <= r ; q >= r ; q > w ; w < q ; q > quantity('1500Mi') ; quantity(i) > q ; quantity('0.1') <= w ; quantity(f) > w
q > quantity('1Gi') ? quantity('1Gi') : q ; w < quantity('250m') ? quantity('250m') : w ; (b ? q : r) > w ; quantity('1' + 'Gi') < q
"""
ROWS = [one.strip() for line in TABLE.strip().splitlines() for one in line.split(" ; ")]


def spell(ref: Ref, fields: tuple[str, ...]) -> Spelling:
    name = f"inputs.parameters.{ref.target}"
    return Spelling(name, name)


def typed(source: str) -> Expr:
    return check(parse(source), SCOPE)


def computed(expr: Expr, tags: Tags, values: dict[str, Any]) -> str:
    """What Argo makes of the printed expression."""
    return tags.value(tag(as_text(expr, spell)), scope(values))


def scope(values: dict[str, Any]) -> dict[str, str]:
    return {f"inputs.parameters.{name}": to_text(value) for name, value in values.items()}


AMOUNTS = st.builds(
    lambda digits, unit: f"{digits}{unit}",
    st.integers(0, 4095) | st.decimals(0, 1024, places=3),
    st.sampled_from(["", "m", "u", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E-2"]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(AMOUNTS, AMOUNTS, st.sampled_from(["<", "<=", ">", ">="]))
def test_quantities_compare_as_ours(tags: Tags, one: str, other: str, op: str) -> None:
    values = {"q": Quantity(one), "r": Quantity(other)}
    for pair in (values, {"q": values["q"], "r": values["q"]}):
        expr = typed(f"q {op} r")
        assert computed(expr, tags, pair) == to_text(evaluate(expr, pair))


@pytest.mark.parametrize("source", ROWS)
def test_table(tags: Tags, source: str) -> None:
    expr = typed(source)
    assert computed(expr, tags, VALUES) == to_text(evaluate(expr, VALUES))


@pytest.mark.parametrize(
    ("source", "ours", "argos"),
    [
        ("toJson('<&>' + t)", '"<&>"', '"\\u003c\\u0026\\u003e"'),  # the same JSON
        ("toJson(fromJson(t == '' ? '{\"b\": 1, \"a\": 2}' : ''))", '{"b":1,"a":2}', '{"a":2,"b":1}'),  # likewise
        ("-f * 0.0", "0", "-0"),
        ("123456789012345678 / i", "17636684144620811", "17636684144620812"),  # floats have 53 bits
    ],
)
def test_known_differences(tags: Tags, source: str, ours: str, argos: str) -> None:
    values = {**VALUES, "f": 1.0, "g": -0.0}
    expr = typed(source)
    assert (to_text(evaluate(expr, values)), computed(expr, tags, values)) == (ours, argos)


@pytest.mark.parametrize(
    "source", ["i % (j + 3)", "f / (g + 0.125)", "ints[i]", "m.l[i]", "int(s)", "double(s)", "fromJson(s)"]
)
def test_errors(tags: Tags, source: str) -> None:
    expr = typed(source)
    with pytest.raises(ExprError):
        evaluate(expr, VALUES)
    with pytest.raises(Refused):
        computed(expr, tags, VALUES)


@pytest.mark.parametrize(
    "source",
    [
        "i / (j + 3)",  # the smallest of all ints
        "ints[j]",  # counted from the end
        "open.zz",  # null
    ],
)
@pytest.mark.xfail(strict=True, reason="no error for Argo")
def test_errors_that_are_none(tags: Tags, source: str) -> None:
    test_errors(tags, source)


INTS = st.integers(-(10**6), 10**6)
FLOATS = st.floats(-1e9, 1e9).map(lambda number: number if abs(number) > 1e-9 else 1.5)
LETTERS = st.text(st.sampled_from("ab'\"\\ {}$(x)é😀\n"), max_size=6)
SITUATIONS = st.fixed_dictionaries(
    {
        **dict.fromkeys("ij", INTS),
        **dict.fromkeys("fg", FLOATS),
        **dict.fromkeys("bc", st.booleans()),
        **dict.fromkeys("st", LETTERS),
        "ints": st.lists(INTS, max_size=3),
        "floats": st.lists(FLOATS, max_size=3),
        "texts": st.lists(LETTERS, max_size=3),
        "m": st.fixed_dictionaries(
            {"b": st.booleans(), "f": FLOATS, "l": st.lists(INTS, max_size=2), "n": INTS, "s": LETTERS}
        ),
    }
)
LEAVES = {
    "int": ("i", "j", "m.n", "ints[0]", "m.l[1]", "0", "1", "7"),
    "float": ("f", "g", "m.f", "floats[1]", "0.5", "1e-7", "1e22"),
    "bool": ("b", "c", "m.b", "true", "false"),
    "string": ("s", "t", "m.s", "texts[0]", "''", "'a'", r"'\'\\\n\"'", "'{'", "'}}é'"),
    "list": ("ints", "m.l", "[]", "[1, 2]"),
}
GROWN = {
    "int": ("<int> + <int>", "<int> - <int>", "(<int>) * (<int>)", "(<int>) / (<int>)", "(<int>) % (<int>)", "-(<int>)",
            "size(<string>)", "size(<list>)", "int(<float>)", "(<list>)[<int>]", "(<bool> ? <int> : <int>)"),
    "float": ("<float> + <float>", "<float> - (<float>)", "(<float>) * (<float>)", "(<float>) / (<float>)",
              "double(<int>)", "(<bool> ? <float> : <float>)"),
    "bool": ("(<int> == <int>)", "(<int> < <int>)", "(<float> >= <int>)", "(<float> != <float>)", "(<string> < <string>)",
             "(<string> == <string>)", "(<bool> && <bool>)", "(<bool> || <bool>)", "!(<bool>)", "(<int> in <list>)",
             "(<string>).startsWith(<string>)", "(<string>).contains(<string>)", "(<list> == <list>)"),
    "string": ("<string> + <string>", "string(<int>)", "string(<bool>)", "toJson(<list>)", "(<bool> ? <string> : <string>)"),
    "list": ("[<int>, <int>]", "(<bool> ? <list> : <list>)"),
}  # fmt: skip


@st.composite
def sources(draw: st.DrawFn, kind: str, depth: int) -> str:
    """The text of an expression of a kind."""
    form = draw(st.sampled_from((*LEAVES[kind], *GROWN[kind]) if depth else LEAVES[kind]))
    return re.sub("<([a-z]+)>", lambda found: draw(sources(found[1], depth - 1)), form)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(LEAVES)).flatmap(lambda kind: sources(kind, 4)), SITUATIONS)
def test_any_expression(tags: Tags, source: str, values: dict[str, Any]) -> None:
    """Wherever ours has a value; floats that are no ints any more are left to the table."""
    try:
        expr = typed(source)
        value = evaluate(expr, values)
    except ExprError:
        assume(False)
    shown = computed(expr, tags, values)
    assert to_text(value) == ("0" if shown == "-0" else shown)
    if expr.type.kind == "bool":
        assert tags.holds(condition(expr, spell), scope(values)) is value
