"""Source text to tree, and back; what is no expression, and where."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dragoman.expr.parse import MAX_LENGTH, parse
from dragoman.expr.tree import (
    FUNCTIONS,
    METHODS,
    PRECEDENCE,
    Binary,
    Call,
    Conditional,
    Expr,
    ExprError,
    Index,
    ListOf,
    Literal,
    Member,
    Name,
    Unary,
    mapped,
)
from dragoman.expr.types import ANY, BOOL, FLOAT, INT, NULL, STRING
from dragoman.expr.unparse import unparse


def test_every_node_knows_where_it_begins_and_ends() -> None:
    assert parse("(a + 1) * b.c-d") == Binary(
        "*",
        Binary("+", Name("a", ANY, 1, 2), Literal(1, INT, 5, 6), ANY, 1, 6),
        Member(Name("b", ANY, 10, 11), "c-d", ANY, 10, 15),
        ANY,
        0,
        15,
    )
    assert parse("x.size() ? [-1] : l[0]") == Conditional(
        Call("size", (Name("x", ANY, 0, 1),), ANY, 0, 8),
        ListOf((Literal(-1, INT, 12, 14),), ANY, 11, 15),
        Index(Name("l", ANY, 18, 19), Literal(0, INT, 20, 21), ANY, 18, 22),
        ANY,
        0,
        22,
    )


@pytest.mark.parametrize(
    ("source", "value", "kind"),
    [
        ("42", 42, INT),
        ("-0x1F", -31, INT),
        ("-9223372036854775808", -(2**63), INT),
        ("1.5", 1.5, FLOAT),
        ("1e3", 1000.0, FLOAT),
        ("- 2.5E-1", -0.25, FLOAT),
        ("true", True, BOOL),
        ("null", None, NULL),
        (r"'it\'s\n\t\\ \x41\u00e9\U0001F409'", "it's\n\t\\ Aé🐉", STRING),
        (r'"a\"b\'c"', "a\"b'c", STRING),
        (r"r'\d+\'", "\\d+\\", STRING),
        ("''", "", STRING),
    ],
)
def test_literals(source: str, value: object, kind: object) -> None:
    tree = parse(source)
    assert isinstance(tree, Literal)
    assert (tree.value, type(tree.value), tree.type) == (value, type(value), kind)


@pytest.mark.parametrize(
    ("source", "canonical"),
    [
        ("a||b&&c==d+e*-f", "a || b && c == d + e * -f"),
        ("((a||b))&&(c)", "(a || b) && c"),
        ("a-b-c", "a - b - c"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a*b)/c", "a * b / c"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("(a?b:c)?(d?e:f):g", "(a ? b : c) ? (d ? e : f) : g"),
        ("!a.b", "!a.b"),
        ("(!a).b", "(!a).b"),
        ("(-1).b", "(-1).b"),
        ("-(1)", "-(1)"),
        ("--1", "--1"),
        ("a in[1,'x']", "a in [1, 'x']"),
        ("x.size()", "size(x)"),
        ("(a + b).startsWith( 'x' )", "(a + b).startsWith('x')"),
        ("steps.big-sum.outputs.x-y - z", "steps.big-sum.outputs.x-y - z"),
        ("a.b -1", "a.b - 1"),
        ("a.b-1", "a.b-1"),
        ("a-1", "a - 1"),
        ("a . b [ 0 ]", "a.b[0]"),
        ('"it\'s \\x07"', r"'it\'s \x07'"),
        ("1e3 + 1.0", "1000.0 + 1.0"),
        ("1e22", "1e+22"),
    ],
)
def test_canonical_text(source: str, canonical: str) -> None:
    assert unparse(parse(source)) == canonical
    assert unparse(parse(canonical)) == canonical


@pytest.mark.parametrize(
    ("source", "caret", "message", "hint"),
    [
        ("", "", "the expression is empty", ""),
        ("a b", "  ^", "unexpected `b`", ""),
        ("(1 + 2", "", "`)` is missing before the end", ""),
        ("1 + * 2", "    ^", "an expression is missing before `*`", ""),
        ("[1, ]", "    ^", "an expression is missing before `]`", ""),
        ("a = 1", "  ^", "unexpected `=`", "compare with `==`"),
        ("a and b", "  ^^^", "unexpected `and`", "write `&&`"),
        ("not a", "^^^", "unexpected `not`", "write `!`"),
        ("a == True", "     ^^^^", "unexpected `True`", "write `true`"),
        ("a | b", "  ^", "unexpected `|`", "write `||`"),
        ("${{ a }}", "^", "unexpected `$`", "this is an expression already: write it without `${{ }}`"),
        ("a }}", "  ^^", "unexpected `}}`", ""),
        ("'abc", "^", "the string is never closed", "write `'` after it"),
        (r"'a\qb'", "  ^^", r"`\q` is not an escape", r"write `\\q` for a backslash, or a raw string r'…'"),
        (r"'\ud800'", " ^^^^^^", r"`\ud800` is not a letter", ""),
        ("12abc + 1", "^^^^^", "`12abc` is not a number", ""),
        ("9223372036854775808", "^" * 19, "`9223372036854775808` does not fit in 64 bits", ""),
        ("1e999", "^^^^^", "`1e999` does not fit in 64 bits", ""),
        ("a ? b ? c : d : e", "      ^", "`:` is missing before `?`",
         "put parentheses around the inner `? :`"),
        ("a.", " ^", "unexpected `.`", ""),
        ("siz(b)", "^^^", "unknown function `siz`", "did you mean `size`?"),
        ("size(b)(c)", "       ^", "unexpected `(`", ""),
        ("x.startWith('a')", "  ^^^^^^^^^", "unknown method `startWith`", "did you mean `startsWith`?"),
        ("contains(a, b)", "^^^^^^^^", "unknown function `contains`", "write `x.contains(y)`"),
        ("x.toJson()", "  ^^^^^^", "unknown method `toJson`", "write `toJson(x)`"),
        ("a.b-size(c)", "  ^^^^^^", "unknown method `b-size`",
         "a hyphen after a dot belongs to the name: write ` - ` with spaces to subtract"),
        ("x.contains()", "  ^^^^^^^^^^", "`contains` takes 1 argument, not 0", ""),
        ("size(a, b)", "^^^^^^^^^^", "`size` takes 1 argument, not 2", ""),
    ],
)  # fmt: skip
def test_mistakes(source: str, caret: str, message: str, hint: str) -> None:
    with pytest.raises(ExprError) as caught:
        parse(source)
    error = caught.value
    marked = " " * error.start + "^" * (error.end - error.start)
    assert (error.message, error.help, marked.rstrip()) == (message, hint, caret)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 65 + "a" + ")" * 65,
        "!" * 65 + "a",
        "-" * 4000 + "a",
        "a" + "[a" * 65 + "]" * 65,
        "a" + ".b" * 2000,
        "+".join("a" * 100),
        " ? a : ".join("a" * 100),
        "[" * 2000,
    ],
)
def test_depth_is_bounded(source: str) -> None:
    with pytest.raises(ExprError, match="DRG201: the expression nests deeper than 64"):
        parse(source)


def test_length_is_bounded() -> None:
    longest = "'" + "x" * (MAX_LENGTH - 2) + "'"
    assert unparse(parse(longest)) == longest
    with pytest.raises(ExprError, match="DRG201: the expression has 4097 letters, maximum 4096"):
        parse(longest + " ")


_LITERALS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda value: Literal(value, INT)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: Literal(value + 0.0, FLOAT)),
    st.text(max_size=8).map(lambda value: Literal(value, STRING)),
    st.sampled_from([Literal(True, BOOL), Literal(False, BOOL), Literal(None, NULL)]),
)
_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True).map(lambda name: f"{name}_")
_MEMBERS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,3}(-[A-Za-z0-9_]{1,3}){0,2}", fullmatch=True)


def _nodes(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs, lists = st.tuples(inner, inner), st.lists(inner, max_size=3).map(tuple)
    calls = st.tuples(st.sampled_from(sorted({**FUNCTIONS, **METHODS}.items())), pairs)
    operators = st.sampled_from(sorted(PRECEDENCE))
    return st.one_of(
        st.tuples(inner, _MEMBERS).map(lambda node: Member(*node)),
        pairs.map(lambda node: Index(*node)),
        st.tuples(st.sampled_from(["!", "-"]), inner).map(lambda node: Unary(*node)),
        st.tuples(operators, inner, inner).map(lambda node: Binary(*node)),
        st.tuples(inner, inner, inner).map(lambda node: Conditional(*node)),
        lists.map(lambda items: ListOf(items)),
        calls.map(lambda node: Call(node[0][0], node[1][: node[0][1]])),
    )


TREES = st.recursive(st.one_of(_LITERALS, _NAMES.map(Name)), _nodes, max_leaves=12)


def _without_places(expr: Expr) -> Expr:
    return mapped(expr, _without_places)._replace(at=0, end=0)


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_what_is_printed_reads_back_as_the_same_tree(tree: Expr) -> None:
    again = _without_places(parse(unparse(tree)))
    assert repr(again) == repr(tree)  # repr tells 1 from 1.0 and from true


_PIECES = st.sampled_from(
    [
        *PRECEDENCE,
        "?",
        ":",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "a",
        "b-c",
        "1",
        "1.5",
        "'x'",
        '"',
        "\\",
        " ",
        "}}",
        "${{",
    ]
)


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40).map(lambda b: b.decode("latin-1")),
                 st.lists(_PIECES, max_size=20).map("".join)))  # fmt: skip
@example("'\\")
@example("0x")
@example("²")
@settings(max_examples=500, deadline=None)
def test_any_text_is_an_expression_or_an_error_within_it(source: str) -> None:
    error = _error_of(source)
    assert error is None or 0 <= error.start <= error.end <= len(source)


def _error_of(source: str) -> ExprError | None:
    try:
        parse(source)
    except ExprError as error:
        return error
    return None
