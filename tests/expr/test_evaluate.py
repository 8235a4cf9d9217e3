"""What expressions compute, while running and before; substitution of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.expr.check import check
from dragoman.expr.evaluate import evaluate, substitute
from dragoman.expr.parse import parse
from dragoman.expr.scope import Constant, Scope, Variable
from dragoman.expr.tree import PRECEDENCE, Binary, Expr, ExprError, Literal, Ref
from dragoman.expr.types import ANY, BOOL, FLOAT, INT, LIST, MAP, QUANTITY, STRING, Type
from dragoman.expr.unparse import unparse
from dragoman.expr.values import Quantity, kind_of, to_json

VALUES: dict[str, Any] = {
    "i": 7,
    "f": 2.5,
    "s": "héllo-wörld",
    "b": True,
    "q": Quantity("100Mi"),
    "c": Quantity("250m"),
    "l": [1, 2, 3],
    "m": {"cpu": 2, "mem": Quantity("1Gi")},
    "x": {"list": ["a", {"n": None}]},
}
TYPES = {
    "i": INT,
    "f": FLOAT,
    "s": STRING,
    "b": BOOL,
    "q": QUANTITY,
    "c": QUANTITY,
    "l": LIST,
    "m": MAP,
    "x": ANY,
}
RUNNING: Scope = {name: Variable(name, known) for name, known in TYPES.items()}
KNOWN: Scope = {name: Constant(value, TYPES[name]) for name, value in VALUES.items()}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # ints truncate toward zero, a remainder has the dividend's sign
        ("[i / 2, -i / 2, i / -2, -i / -2]", [3, -3, -3, 3]),
        ("[i % 2, -i % 2, i % -2, -i % -2]", [1, -1, 1, -1]),
        ("i * i - i + 1", 43),
        ("f / 2.0 + 0.5 * f - 1.0", 1.5),
        ("-f", -2.5),
        ("s + '!'", "héllo-wörld!"),
        ("l + [4]", [1, 2, 3, 4]),
        # quantities: exact, rounded up to a milli, or to a whole when written with a suffix of size
        ("q * 3", Quantity("300Mi")),
        ("q / 3", Quantity("34952534")),
        ("q * 1.1", Quantity("115343360")),
        ("3 * q - q", Quantity("200Mi")),
        ("c + quantity(1)", Quantity("1250m")),
        ("c / 3", Quantity("84m")),
        ("c * 0.1", Quantity("25m")),
        ("quantity(0.5) * 2 == quantity('1')", True),
        # comparison and logic
        ("i > f && i >= 7 && f < i && f <= 2.5", True),
        ("i == 7.0 && i != 7.5", True),
        ("x == i || x != null", True),
        ("q > quantity('100M') && c == quantity('0.25')", True),
        ("'b' < 'ä'", True),
        ("b && i < 0 || !b", False),
        ("false && x.missing || b", True),
        ("2 in l && !(4 in l) && 'cpu' in m && !('gpu' in m)", True),
        ("quantity('1024Mi') in [m.mem]", True),
        ("x.list[0] in [1] || x in [true, [x]] || x == i", False),
        ("[1, [2.0]] == [1.0, [2]]", True),
        ("b ? s : x.missing", "héllo-wörld"),
        # access
        ("m.cpu + m['cpu'] + l[0] + l[i - 5]", 8),
        ("x.list[1].n", None),
        # functions
        ("[size(s), s.size(), size(l), size(m), size('🐉')]", [11, 11, 3, 2, 1]),
        ("s.startsWith('hé') && s.endsWith('ld') && s.contains('o-w') && s.contains('')", True),
        ("s.matches('^h.*-w') && !s.matches('^w')", True),
        ("[int('-12'), int(2.9), int(-2.9), int(i)]", [-12, 2, -2, 7]),
        ("[double('1e3'), double(i)]", [1000.0, 7.0]),
        ("string(1.0) + ' ' + string(f) + ' ' + string(i) + ' ' + string(b) + ' ' + string(q)",
         "1 2.5 7 true 100Mi"),
        ("string(null) + string(l) + string(m)", 'null[1,2,3]{"cpu":2,"mem":"1Gi"}'),
        ("toJson(x) + toJson(s) + toJson(null)", '{"list":["a",{"n":null}]}"héllo-wörld"null'),
        ("fromJson(toJson(x)) == x", True),
        ("quantity('1') == quantity(1)", True),
    ],
)  # fmt: skip
def test_values(source: str, value: object) -> None:
    result = evaluate(check(parse(source), RUNNING), VALUES)
    assert (result, type(result)) == (value, type(value))
    known = check(parse(source), KNOWN)
    assert isinstance(known, Literal)
    assert (known.value, type(known.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("source", "caret", "message", "hint"),
    [
        ("1 + x.y", "    ^^^", "`x` has no `y`", "known here: `list`"),
        ("x.list.y", "^^^^^^^^", "`x.list` is a list, it has no `y`", ""),
        ("x.list[1].n.z", "^^^^^^^^^^^^^", "`x.list[1].n` is null, it has no `z`", ""),
        ("x[0]", "^^^^", "`x` is a map, its `[]` takes no int", ""),
        ("l[i]", "^^^^", "`l` has 3 items, no item 7", "items count from 0"),
        ("l[-i]", "^^^^^", "`l` has 3 items, no item -7", "items count from 0"),
        ("x.list + 1", "^^^^^^^^^^", "`x.list + 1` adds a list and an int", ""),
        ("x.list[1].n + 1", "^" * 15, "`x.list[1].n + 1` adds null and an int",
         "test `x.list[1].n != null` first"),
        ("x.list[0] * 2", "^" * 13, "`x.list[0] * 2` multiplies a string by an int",
         "write `int(x.list[0])`"),
        ("i / (i - 7)", "^^^^^^^^^^^", "`i / (i - 7)` divides by zero", ""),
        ("f / (f - f)", "^^^^^^^^^^^", "`f / (f - f)` divides by zero", ""),
        ("q / (i - 7)", "^^^^^^^^^^^", "`q / (i - 7)` divides by zero", ""),
        ("c - q", "^^^^^", "`c - q`: a quantity is never negative", ""),
        ("q * 1e30", "^^^^^^^^", None, ""),
        ("i * 9223372036854775807", "^" * 23,
         "`i * 9223372036854775807`: `64563604257983430649` does not fit in 64 bits", ""),
        ("f * 1e308", "^" * 9, "`f * 1e+308`: `inf` is not a finite number", ""),
        ("x && b", "^", "`x` is a map, `&&` needs a bool", ""),
        ("b && x.list", "     ^^^^^^", "`x.list` is a list, `&&` needs a bool", ""),
        ("!x", " ^", "`x` is a map, `!` needs a bool", ""),
        ("-x", "^^", "`-x` negates a map", ""),
        ("-(i - 9223372036854775807 - 8)", "^" * 30,
         "`-(i - 9223372036854775807 - 8)`: `9223372036854775808` does not fit in 64 bits", ""),
        ("x ? 1 : 2", "^", "`x` is a map, `?:` needs a bool", ""),
        ("size(x.list[1].n)", "^" * 17, "`size(x.list[1].n)` is given null", ""),
        ("s.contains(x)", "^^^^^^^^^^^^^", "`s.contains(x)` is given a string and a map", ""),
        ("int(s)", "^^^^^^", "`int(s)`: `héllo-wörld` is not an int", ""),
        ("int(f * 1e300)", "^" * 14, None, ""),
        ("fromJson(s)", "^" * 11,
         "`fromJson(s)`: `héllo-wörld` is not JSON: expecting value at letter 1", ""),
        ("quantity(s)", "^" * 11, "`quantity(s)`: `héllo-wörld` is not a quantity", ""),
    ],
)  # fmt: skip
def test_failures(source: str, caret: str, message: str | None, hint: str) -> None:
    tree = check(parse(source), RUNNING)
    with pytest.raises(ExprError) as caught:
        evaluate(tree, VALUES)
    error = caught.value
    marked = " " * error.start + "^" * (error.end - error.start)
    assert (error.code, error.help, marked) == ("DRG205", hint, caret)
    assert message is None or error.message == message


@pytest.mark.parametrize("source", ["s + s", "l + l"])
def test_what_plus_builds_is_bounded(source: str) -> None:
    large = {"s": "x" * 2**20, "l": [0] * 2**20}
    with pytest.raises(ExprError, match="the result has 2097152 letters or items"):
        evaluate(check(parse(source), RUNNING), large)


def _inputs(**inputs: Type) -> Scope:
    return {name: Variable(name, known) for name, known in inputs.items()}


def test_substitution_writes_inputs_out_and_folds_again() -> None:
    host = check(parse("cpu * 2 + extra > 10 && name == 'a'"), _inputs(cpu=INT, extra=INT, name=STRING))
    given = {"cpu": check(parse("item + 1"), _inputs(item=INT)), "name": Literal("a", STRING)}
    result = substitute(host, lambda ref: given.get(str(ref.target)))
    assert unparse(result) == "(item + 1) * 2 + extra > 10"
    assert isinstance(result, Binary)
    assert isinstance(result.left, Binary)
    product = result.left.left
    assert isinstance(product, Binary)
    # what comes in stands where its reference stood
    assert product.left == Binary("+", Ref("item", INT, "item", 0, 3), Literal(1, INT, 0, 3), INT, 0, 3)


def test_substitution_does_not_explode() -> None:
    doubled = check(parse("a + a"), _inputs(a=INT))
    tree = doubled
    for _ in range(11):
        tree = substitute(doubled, _always(tree))
    with pytest.raises(ExprError, match="with its inputs written out the expression is too large"):
        substitute(doubled, _always(tree))


def _always(tree: Expr) -> Callable[[Ref], Expr]:
    return lambda _: tree


SOURCES = st.recursive(
    st.sampled_from([*VALUES, "1", "0", "2.5", "'a'", "true", "null", "[1]", "x.list", "l[0]"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(sorted(PRECEDENCE)), inner)
        .map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, inner, inner).map(lambda parts: "({} ? {} : {})".format(*parts)),
        st.tuples(st.sampled_from(["-", "!", "string", "toJson", "size", "int"]), inner)
        .map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(inner, inner).map(lambda parts: "[{}, {}]".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "{}[{}]".format(*parts)),
    ),
    max_leaves=6,
)  # fmt: skip


def _outcome(source: str, scope: Scope) -> tuple[str, object]:
    """What the source gives in a scope: a value as JSON, or the code of the error."""
    try:
        return "value", to_json(evaluate(check(parse(source), scope), VALUES))
    except ExprError as error:
        return "error", error.code


@given(SOURCES)
@settings(max_examples=400, deadline=None)
def test_constants_fold_to_what_running_gives(source: str) -> None:
    running, known = _outcome(source, RUNNING), _outcome(source, KNOWN)
    # folding may save what fails: a false right side decides `&&` whatever the left one does
    assert running in (known, ("error", "DRG205"))


@given(SOURCES)
@settings(max_examples=200, deadline=None)
def test_a_value_has_the_type_that_was_promised(source: str) -> None:
    try:
        tree = check(parse(source), RUNNING)
        value = evaluate(tree, VALUES)
    except ExprError:
        return
    assert value is None or tree.type.kind in ("any", kind_of(value))
