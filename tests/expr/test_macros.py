"""Macros of rules: how they are read, typed and written, and that flows have none."""

from __future__ import annotations

import pytest

from dragoman.expr.check import check, check_rule
from dragoman.expr.parse import parse
from dragoman.expr.scope import Namespace, Scope, Variable
from dragoman.expr.text import parse_text
from dragoman.expr.tree import HAS, MACROS, Call, ExprError, Local, Ref
from dragoman.expr.types import ANY, BOOL, INT, STRING, Type, list_of
from dragoman.expr.unparse import unparse

STEP = Type("map", fields={"name": STRING, "cpu": INT, "env": Type("map", item=Type("map", fields={"value": STRING}))})
SCOPE: Scope = {
    "steps": Variable("steps", list_of(STEP)),
    "step": Variable("step", STEP),
    "n": Variable("n", INT),
    "x": Variable("x", ANY),
    "names": Namespace("name", {"a": Variable("a", INT)}),
}


@pytest.mark.parametrize(
    ("source", "written", "kind"),
    [
        ("steps.all( s ,s.cpu>1)", "steps.all(s, s.cpu > 1)", "bool"),
        ("steps.exists(s, s.name in ['a'])", "steps.exists(s, s.name in ['a'])", "bool"),
        ("steps.exists_one(s, true)", "steps.exists_one(s, true)", "bool"),
        ("steps.filter(s, s.cpu > 1)[0].name", "steps.filter(s, s.cpu > 1)[0].name", "string"),
        ("steps.map(s, s.cpu * 2)", "steps.map(s, s.cpu * 2)", "list<int>"),
        ("steps.map(s, s.cpu > 1, s.name)", "steps.map(s, s.cpu > 1, s.name)", "list<string>"),
        # a map gives its keys
        ("step.env.filter(k, k.startsWith('A'))", "step.env.filter(k, k.startsWith('A'))", "list<string>"),
        ("step.env.all(k, step.env[k].value != '')", "step.env.all(k, step.env[k].value != '')", "bool"),
        # what has no declared type is any
        ("x.map(i, i.y)", "x.map(i, i.y)", "list"),
        ("[[1], [2]].map(i, i.map(j, j + 1))", "[[1], [2]].map(i, i.map(j, j + 1))", "list<list<int>>"),
        # a name hides the one outside, until its macro ends
        ("steps.all(n, n.cpu > 1) && n > 1", "steps.all(n, n.cpu > 1) && n > 1", "bool"),
        ("[1].all(n, ['a'].all(n, n == 'b') && n == 2)", "[1].all(n, ['a'].all(n, n == 'b') && n == 2)", "bool"),
        ("[n].all(n, n > 1)", "[n].all(n, n > 1)", "bool"),
        ("has(step.env.HOME)", "has(step.env.HOME)", "bool"),
        ("has(x.y.z) ? x.y.z : 0", "has(x.y.z) ? x.y.z : 0", "any"),
    ],
)
def test_rules_have_macros(source: str, written: str, kind: str) -> None:
    tree = check_rule(parse(source, rule=True), SCOPE)
    assert (unparse(tree), str(tree.type)) == (written, kind)


def test_two_variables_of_one_name_are_two_targets() -> None:
    tree = check_rule(parse("[1].all(n, [2].all(n, n > 1))", rule=True), {})
    assert isinstance(tree, Call)
    inner = tree.args[2]
    assert isinstance(inner, Call)
    assert [ref.target for ref in (tree.args[1], inner.args[1]) if isinstance(ref, Ref)] == [
        Local("n", 8),
        Local("n", 19),
    ]


@pytest.mark.parametrize(
    ("source", "caret", "code", "message", "hint"),
    [
        ("steps.all(s, s.cpus > 1)", "               ^^^^", "DRG202", "`s` has no `cpus`", "did you mean `cpu`?"),
        ("steps.all(s, s.cpu)", "             ^^^^^", "DRG203", "`s.cpu` is an int, `all` needs a bool", "write `s.cpu != 0`"),
        ("steps.filter(s, s.name)", "                ^^^^^^", "DRG203", "`s.name` is a string, `filter` needs a bool",
         "write `s.name != ''`"),
        ("steps.map(s, s.cpu, s)", "             ^^^^^", "DRG203", "`s.cpu` is an int, `map` needs a bool", "write `s.cpu != 0`"),
        ("n.all(i, true)", "^", "DRG203", "`all` runs over a list or a map, `n` is an int", ""),
        ("names.all(i, true)", "^^^^^", "DRG203", "`names` is not a value, it holds names", "known here: `a`"),
        ("steps.all(s, true) && s.cpu > 1", "                      ^", "DRG202", "unknown name `s`", None),
        ("steps.all(s.cpu, true)", "          ^^^^^", "DRG201", "`all` takes a name for each item first",
         "for example `x.all(item, …)`"),
        ("steps.all(true, true)", "          ^^^^", "DRG201", "`all` takes a name for each item first",
         "for example `x.all(item, …)`"),
        ("steps.all(s)", "      ^^^^^^", "DRG203", "`all` takes 2 arguments, not 1", ""),
        ("steps.map(s, 1, 2, 3)", "      ^^^^^^^^^^^^^^^", "DRG203", "`map` takes 2 or 3 arguments, not 4", ""),
        ("all(steps, s)", "^^^", "DRG202", "unknown function `all`", "write `x.all(y)`"),
        ("steps.has(x)", "      ^^^", "DRG202", "unknown method `has`", "write `has(x)`"),
        ("steps.al(s, true)", "      ^^", "DRG202", "unknown method `al`", "did you mean `all`?"),
        ("has(step)", "    ^^^^", "DRG201", "`has` takes a field", "for example `has(x.y)`"),
        ("has(x.y, 1)", "^^^^^^^^^^^", "DRG203", "`has` takes 1 argument, not 2", ""),
        ("has(step.cpus)", "         ^^^^", "DRG202", "`step` has no `cpus`", "did you mean `cpu`?"),
        ("has(step.cpu)", "^^^^^^^^^^^^^", "DRG203", "`step.cpu` is always there: `has` says nothing",
         "test `step.cpu != null`"),
        ("has(n.x)", "      ^", "DRG203", "`n` is an int, it has no `x`", ""),
        ("step.env.HOME.valu", "              ^^^^", "DRG202", "`step.env.HOME` has no `valu`", "did you mean `value`?"),
        ("x.matches('(')", "          ^^^", "DRG203", "the pattern '(' is not supported: a `(` without its `)`", ""),
    ],
)  # fmt: skip
def test_mistakes(source: str, caret: str, code: str, message: str, hint: str | None) -> None:
    with pytest.raises(ExprError) as caught:
        check_rule(parse(source, rule=True), SCOPE)
    error = caught.value
    marked = " " * error.start + "^" * (error.end - error.start)
    assert (error.code, error.message, marked) == (code, message, caret)
    assert hint is None or error.help == hint


@pytest.mark.parametrize("name", [*MACROS, HAS])
def test_flows_have_no_macros(name: str) -> None:
    call = f"has(x.{name})" if name == HAS else f"x.{name}(i, i > 1)"
    for source, read in ((call, parse), ("a ${{ " + call + " }}", parse_text)):
        with pytest.raises(ExprError) as caught:
            read(source)
        assert caught.value.code == "DRG202"
        assert f"`{name}`" in caught.value.message
        assert caught.value.help == "macros are for the rules of policies: no engine has them; let a step compute it"


def test_only_rules_take_a_pattern_that_is_not_known_yet() -> None:
    source = parse("x.matches(step.name)")
    assert check_rule(source, SCOPE).type == BOOL
    with pytest.raises(ExprError) as caught:
        check(source, SCOPE)
    assert caught.value.message == "the pattern `step.name` is only known while running"
    assert caught.value.help == "write it as a string"


def test_only_in_a_flow_is_what_never_counts_not_looked_at() -> None:
    source = parse("false && int('x') == 1")
    assert unparse(check(source, SCOPE)) == "false"
    assert unparse(check_rule(source, SCOPE)) == "false && int('x') == 1"
