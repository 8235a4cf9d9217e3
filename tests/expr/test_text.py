"""Strings with expressions inside: parts, types, constants, what is left to run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.expr.check import check
from dragoman.expr.evaluate import evaluate
from dragoman.expr.parse import parse
from dragoman.expr.scope import Constant, Namespace, Scope, Variable
from dragoman.expr.text import (
    Template,
    as_expr,
    check_text,
    parse_text,
    refs,
    render_text,
    substitute_text,
)
from dragoman.expr.tree import ExprError, Literal, Member, Name, Ref
from dragoman.expr.types import ANY, BOOL, FLOAT, INT, NULL, QUANTITY, STRING, list_of
from dragoman.expr.unparse import unparse
from dragoman.expr.values import Quantity

SCOPE: Scope = {
    "n": Variable("n", INT),
    "q": Variable("q", QUANTITY),
    "any": Variable("any", ANY),
    "params": Namespace(
        "parameter",
        {
            "rows": Constant(1000, INT),
            "ratio": Constant(1.0, FLOAT),
            "name": Constant("x", STRING),
            "mem": Constant(Quantity("100Mi"), QUANTITY),
            "list": Constant(["a", None, Quantity("1")], list_of(STRING)),
            "on": Constant(True, BOOL),
        },
    ),
}


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("no expression {{x}} $(X) $x", "no expression {{x}} $(X) $x"),
        ("", ""),
        ("$${{ not one }}", "${{ not one }}"),
        ("$$${{", "$${{"),
        ("${{ n }}", Template((Name("n", ANY, 4, 5),))),
        ("${{n}}${{ n }}", Template((Name("n", ANY, 3, 4), Name("n", ANY, 10, 11)))),
        ("a ${{ n.b }} c", Template(("a ", Member(Name("n", ANY, 6, 7), "b", ANY, 6, 9), " c"))),
        ("$${{ ${{ '}} ${{' }} }}", Template(("${{ ", Literal("}} ${{", STRING, 9, 17), " }}"))),
        ("${{\n  n\n}}\n", Template((Name("n", ANY, 6, 7), "\n"))),
        ("${{ n }}}", Template((Name("n", ANY, 4, 5), "}"))),
    ],
)
def test_parts(source: str, parts: object) -> None:
    assert parse_text(source) == parts


@pytest.mark.parametrize(
    ("source", "caret", "message"),
    [
        ("a ${{ n", "  ^^^", "`${{` is never closed"),
        ("${{ n }} ${{ '}}' ", "         ^^^", "`${{` is never closed"),
        ("it's ${{ unclosed", "     ^^^", "`${{` is never closed"),
        ("a ${{ }} b", "     ^", "the expression is empty"),
        ("a ${{ n + }} b", "          ^^", "an expression is missing before the end"),
        ("a ${{ n = 1 }}", "        ^", "unexpected `=`"),
        ("a ${{ ${{ n }} }}", "      ^", "unexpected `$`"),
        ("ab ${{ 'x' n }}", "           ^", "unexpected `n`"),
    ],
)
def test_mistakes_have_their_place_in_the_whole_string(source: str, caret: str, message: str) -> None:
    with pytest.raises(ExprError) as caught:
        parse_text(source)
    error = caught.value
    assert (error.code, error.message, " " * error.start + "^" * (error.end - error.start)) == (
        "DRG201",
        message,
        caret,
    )


def test_names_are_checked_in_the_whole_string() -> None:
    with pytest.raises(ExprError) as caught:
        check_text(parse_text("rows: ${{ params.row }}"), SCOPE)
    error = caught.value
    assert (error.code, error.message, error.help, error.start, error.end) == (
        "DRG202",
        "unknown parameter `row`",
        "did you mean `rows`?",
        17,
        20,
    )


@pytest.mark.parametrize(
    ("source", "checked"),
    [
        ("plain", "plain"),
        ("${{ params.rows / 3 }}", Literal(333, INT, 4, 19)),
        ("${{ null }}", Literal(None, NULL, 4, 8)),
        ("${{ 'text' }}", Literal("text", STRING, 4, 10)),
        (
            "${{ params.rows }} ${{ params.ratio }} ${{ params.name }} ${{ params.mem }} ${{ params.on }}",
            "1000 1 x 100Mi true",
        ),
        ("${{ params.list }}${{ null }}", '["a",null,"1"]null'),
        ("${{ n }}", Template((Ref("n", INT, "n", 4, 5),))),
        ("${{ params.rows }}-${{ n }}-${{ 'a' }}", Template(("1000-", Ref("n", INT, "n", 23, 24), "-a"))),
        ("${{ '' }}${{ n }}", Template((Ref("n", INT, "n", 13, 14),))),
    ],
)
def test_constants_become_text_and_one_expression_keeps_its_type(source: str, checked: object) -> None:
    assert check_text(parse_text(source), SCOPE) == checked


def test_what_is_left_is_rendered_while_running() -> None:
    text = check_text(parse_text("${{ params.name }} ${{ n * 2 }} ${{ q }} ${{ any }}"), SCOPE)
    values = {"n": 21, "q": Quantity("1Gi"), "any": {"b": [0.5, "é"], "a": None}}
    assert render_text(text, values) == 'x 42 1Gi {"b":[0.5,"é"],"a":null}'
    assert render_text("plain", values) == "plain"
    assert render_text(Literal(1e6, FLOAT), values) == "1000000"
    assert [ref.source for ref in refs(text)] == ["n", "q", "any"]
    assert list(refs("plain")) == list(refs(Literal(1, INT))) == []


def test_a_text_is_also_an_expression_with_the_same_value() -> None:
    text = check_text(parse_text("n=${{ n }}, any=${{ any }}"), SCOPE)
    whole = as_expr(text)
    values = {"n": 3, "any": None}
    assert unparse(whole) == "'n=' + string(n) + (', any=' + string(any))"
    assert whole.type == STRING
    assert evaluate(whole, values) == render_text(text, values) == "n=3, any=null"
    assert as_expr("plain") == Literal("plain", STRING)
    assert as_expr(check_text(parse_text("${{ n }}"), SCOPE)) == Ref("n", INT, "n", 4, 5)


def test_inputs_are_written_out_in_texts() -> None:
    inside: Scope = {"inputs": Namespace("input", {"cpu": Variable("cpu", INT), "tag": Variable("tag", STRING)})}
    host = check_text(parse_text("${{ inputs.tag }}: ${{ inputs.cpu }} cpus"), inside)
    given = {"cpu": check(parse("n + 1"), SCOPE), "tag": Literal("big", STRING)}
    result = substitute_text(host, lambda ref: given.get(str(ref.target)))
    assert isinstance(result, Template)
    assert [part if isinstance(part, str) else unparse(part) for part in result.parts] == [
        "big: ",
        "n + 1",
        " cpus",
    ]
    assert substitute_text(host, lambda ref: Literal(1, INT)) == "1: 1 cpus"
    assert substitute_text("plain", lambda ref: None) == "plain"


def test_long_texts_are_no_deep_trees() -> None:
    text = check_text(parse_text("a${{ n }}" * 5000), SCOPE)
    whole = as_expr(text)
    assert evaluate(whole, {"n": 1}) == render_text(text, {"n": 1}) == "a1" * 5000


def test_the_length_of_constant_texts_is_bounded() -> None:
    scope = {"long": Constant("x" * 2**19, STRING)}
    with pytest.raises(ExprError, match="DRG205: the text has 1572864 letters, maximum 1048576"):
        check_text(parse_text("${{ long }}${{ long }}${{ long }}"), scope)


@given(
    st.lists(
        st.sampled_from(["${{", "$${{", "}}", "'", '"', "n", " ", "+", "$", "{", "\\", "text", "1"]),
        max_size=14,
    )
)
@settings(max_examples=500, deadline=None)
def test_any_string_is_a_text_or_an_error_within_it(pieces: list[str]) -> None:
    source = "".join(pieces)
    error = _error_of(source)
    assert error is None or 0 <= error.start <= error.end <= len(source)


def _error_of(source: str) -> ExprError | None:
    try:
        check_text(parse_text(source), SCOPE)
    except ExprError as error:
        return error
    return None


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_escaped_text_arrives_letter_by_letter(text: str) -> None:
    escaped = text.replace("${{", "$${{")
    name = Name("n", ANY, len(escaped) + 5, len(escaped) + 6)
    assert parse_text(escaped + " ${{ n }}") == Template((text + " ", name))
