"""Names and types: what a source means in a scope, and what is said when it means nothing."""

from __future__ import annotations

import pytest

from dragoman.expr.check import check
from dragoman.expr.parse import parse
from dragoman.expr.scope import Constant, Forbidden, Namespace, Scope, Variable
from dragoman.expr.tree import Binary, ExprError, Index, Literal, Member, Ref, refs
from dragoman.expr.types import ANY, BOOL, FLOAT, INT, NULL, QUANTITY, STRING, Type, list_of, type_of
from dragoman.expr.unparse import unparse
from dragoman.expr.values import Quantity

ITEM = type_of({"type": "map", "fields": {"cpu": "int", "mem": "quantity", "score": "float", "tags": {"a-b": "any"}}})


def _step(**outputs: Type) -> Namespace:
    variables = {name: Variable(("step", name), known) for name, known in outputs.items()}
    return Namespace("field", {"outputs": Namespace("output", variables)})


SCOPE: Scope = {
    "item": Variable("item", ITEM),
    "index": Variable("index", INT),
    "name": Variable("name", STRING),
    "ok": Variable("ok", BOOL),
    "data": Variable("data", ANY),
    "attempt": Forbidden("`attempt` is only known in a retry", "add a `retry`"),
    "params": Namespace(
        "parameter",
        {
            "rows": Constant(100, INT),
            "zero": Constant(0, INT),
            "mode": Constant("prod", STRING),
            "mem": Constant(Quantity("1Gi"), QUANTITY),
            "countries": Constant(["US", "BR"], list_of(STRING)),
            "config": Constant({"deep": [{"n": 1}]}, ANY),
        },
    ),
    "steps": Namespace(
        "step",
        {"plan": _step(items=list_of(ITEM), rows=INT), "big-sum": _step(x=FLOAT), "a": _step(b=INT)},
        hint="steps inside a group are only known there",
    ),
}


def test_names_become_references_and_constants() -> None:
    assert check(parse("steps.plan.outputs.items[index].mem"), SCOPE) == Member(
        Index(
            Ref(("step", "items"), list_of(ITEM), "steps.plan.outputs.items", 0, 24),
            Ref("index", INT, "index", 25, 30),
            ITEM,
            0,
            31,
        ),
        "mem",
        QUANTITY,
        0,
        35,
    )
    assert check(parse("params.rows / 3 + index"), SCOPE) == Binary(
        "+", Literal(33, INT, 0, 15), Ref("index", INT, "index", 18, 23), INT, 0, 23
    )


@pytest.mark.parametrize(
    ("source", "kind", "folded"),
    [
        # names
        ("steps.big-sum.outputs.x", "float", "steps.big-sum.outputs.x"),
        ("item.tags.a-b", "any", "item.tags.a-b"),
        ("item['mem']", "quantity", "item['mem']"),
        ("item[name]", "any", "item[name]"),
        ("data.a[0].b", "any", "data.a[0].b"),
        ("params.config", "{deep: list<{n: int}>}", """fromJson('{"deep":[{"n":1}]}')"""),
        ("params.config.deep[0].n", "int", "1"),
        ("'shallow' in params.config ? params.config.shallow : 1", "int", "1"),
        # arithmetic
        ("item.cpu * 2 % 3", "int", "item.cpu * 2 % 3"),
        ("item.score / 2.0 - 1.0", "float", "item.score / 2.0 - 1.0"),
        ("double(item.cpu) * 1.5", "float", "double(item.cpu) * 1.5"),
        ("item.mem * 2 + quantity('1Gi') / 4", "quantity", "item.mem * 2 + quantity('256Mi')"),
        ("1.5 * item.mem", "quantity", "1.5 * item.mem"),
        ("name + '-' + string(index)", "string", "name + '-' + string(index)"),
        ("params.countries + [name]", "list<string>", "['US', 'BR'] + [name]"),
        ("[] + [1]", "list", "[1]"),
        ("data + 1", "any", "data + 1"),
        ("-index", "int", "-index"),
        # comparison and logic
        ("item.cpu >= item.score", "bool", "item.cpu >= item.score"),
        ("item.mem < params.mem", "bool", "item.mem < quantity('1Gi')"),
        ("index == 1.0", "bool", "index == 1.0"),
        ("name != null", "bool", "name != null"),
        ("name in params.countries", "bool", "name in ['US', 'BR']"),
        ("'cpu' in item", "bool", "'cpu' in item"),
        ("1 in [1.0, 2.0]", "bool", "true"),
        ("data && !data", "bool", "data && !data"),
        # conditionals and lists
        ("ok ? 1 : 2", "int", "ok ? 1 : 2"),
        ("ok ? null : 'a'", "string", "ok ? null : 'a'"),
        ("ok ? [] : [1]", "list", "ok ? [] : [1]"),
        ("ok ? data : 1", "any", "ok ? data : 1"),
        ("[1, null]", "list<int>", "[1, null]"),
        ("[1, 'a', index]", "list", "[1, 'a', index]"),
        # functions
        ("name.size() + size(item)", "int", "size(name) + size(item)"),
        ("int(name) + int(item.score)", "int", "int(name) + int(item.score)"),
        ("quantity(index)", "quantity", "quantity(index)"),
        ("toJson(item) + string(item.mem)", "string", "toJson(item) + string(item.mem)"),
        ("fromJson(name).a", "any", "fromJson(name).a"),
        ("name.matches(params.mode + '-[0-9]+$')", "bool", "name.matches('prod-[0-9]+$')"),
        # only what can be decided is decided, and what is not taken is not computed
        ("params.rows > 10 && index > 0", "bool", "index > 0"),
        ("params.zero != 0 && 1 / params.zero > index", "bool", "false"),
        ("params.zero == 0 ? 'none' : string(1 / params.zero)", "string", "'none'"),
        ("ok || params.mode == 'prod'", "bool", "true"),
        ("true && data", "bool", "true && data"),
        ("fromJson('[1, 2]')", "list<int>", "[1, 2]"),
        ("null", "null", "null"),
    ],
)  # fmt: skip
def test_types_and_folding(source: str, kind: str, folded: str) -> None:
    tree = check(parse(source), SCOPE)
    assert (str(tree.type), unparse(tree)) == (kind, folded)


@pytest.mark.parametrize(
    ("source", "caret", "code", "message", "hint"),
    [
        # names
        ("stps.a", "^^^^", "DRG202", "unknown name `stps`", "did you mean `steps`?"),
        ("1 + steps.pln.outputs.rows", "          ^^^", "DRG202", "unknown step `pln`",
         "did you mean `plan`?; steps inside a group are only known there"),
        ("steps.a.outputs.b-1", "                ^^^", "DRG202", "unknown output `b-1`",
         "a hyphen after a dot belongs to the name: write `b - ` with spaces to subtract"),
        ("item.meme", "     ^^^^", "DRG202", "`item` has no `meme`", "did you mean `mem`?"),
        ("item['meme']", "     ^^^^^^^", "DRG202", "`item` has no `meme`", "did you mean `mem`?"),
        ("attempt + 1", "^^^^^^^", "DRG204", "`attempt` is only known in a retry", "add a `retry`"),
        ("steps.a == 1", "^^^^^^^", "DRG203", "`steps.a` is not a value, it holds fields",
         "known here: `outputs`"),
        ("steps['a']", "^^^^^^^^^^", "DRG203", "`steps` holds steps by name, it has no `[]`",
         "write `steps.a`"),
        ("steps.plan.outputs.items.mem", "                         ^^^", "DRG203",
         "`steps.plan.outputs.items` is a list<…>, it has no `mem`",
         "index it first: `steps.plan.outputs.items[0].mem`"),
        ("index.x", "      ^", "DRG203", "`index` is an int, it has no `x`", ""),
        # operators
        ("item.mem + 1", "^^^^^^^^^^^^", "DRG203", "`item.mem + 1` adds a quantity and an int",
         "write `quantity(1)`"),
        ("1.5 * index", "^^^^^^^^^^^", "DRG203", "`1.5 * index` multiplies a float by an int",
         "write `double(index)`"),
        ("'a' + params.rows", "^^^^^^^^^^^^^^^^^", "DRG203", "`'a' + params.rows` adds a string and an int",
         "write `string(params.rows)`"),
        ("name - 1", "^^^^^^^^", "DRG203", "`name - 1` subtracts an int from a string", "write `int(name)`"),
        ("1.5 % 2", "^^^^^^^", "DRG203", "`1.5 % 2` takes the remainder of a float by an int",
         "`%` takes ints only"),
        ("null + index", "^^^^^^^^^^^^", "DRG203", "`null + index` adds null and an int", ""),
        ("true < false", "^^^^^^^^^^^^", "DRG203", "`true < false` compares a bool with a bool", ""),
        ("name == 1", "^^^^^^^^^", "DRG203", "`name == 1` compares a string with an int",
         "write `string(1)`"),
        ("index in params.countries", "^" * 25, "DRG203",
         "`index in params.countries` looks for an int in a list<string>", ""),
        ("'a' in name", "^^^^^^^^^^^", "DRG203", "`'a' in name` looks for a string in a string",
         "write `name.contains('a')`"),
        ("index / 0", "^^^^^^^^^", "DRG203", "`index / 0` divides by zero", ""),
        ("ok && (index + 1)", "       ^^^^^^^^^", "DRG203", "`index + 1` is an int, `&&` needs a bool",
         "write `index + 1 != 0`"),
        ("!name", " ^^^^", "DRG203", "`name` is a string, `!` needs a bool", "write `name != ''`"),
        ("-name", "^^^^^", "DRG203", "`-name` negates a string", ""),
        ("index ? 1 : 2", "^^^^^", "DRG203", "`index` is an int, `?:` needs a bool", "write `index != 0`"),
        ("ok ? 1 : 1.5", "^^^^^^^^^^^^", "DRG203", "`ok ? 1 : 1.5` is an int or a float",
         "write `double(1)`"),
        ("ok ? 1 : 'a'", "^^^^^^^^^^^^", "DRG203", "`ok ? 1 : 'a'` is an int or a string",
         "both sides of `?:` must have one type"),
        ("item[0]", "^^^^^^^", "DRG203", "`item` is a map, its `[]` takes a string, not an int", ""),
        ("name[0]", "^^^^^^^", "DRG203", "`name` is a string, it has no items", ""),
        ("[index][-1]", "^^^^^^^^^^^", "DRG203", "`[index]` has no item -1", "items count from 0"),
        # functions
        ("size(index)", "     ^^^^^", "DRG203",
         "`size` takes a string or a list or a map, `index` is an int", ""),
        ("name.contains(index)", "              ^^^^^", "DRG203",
         "`contains` takes a string, `index` is an int", ""),
        ("int(ok)", "    ^^", "DRG203", "`int` takes an int or a float or a string, `ok` is a bool", ""),
        ("name.matches(name)", "             ^^^^", "DRG203",
         "the pattern `name` is only known while running",
         "write it as a string"),
        ("name.matches('(?=a)')", "             ^^^^^^^", "DRG203",
         "the pattern '(?=a)' is not supported: look-around, flags and named groups", ""),
        # what can never have a value
        ("1 / params.zero", "^^^^^^^^^^^^^^^", "DRG205", "`1 / 0` divides by zero", ""),
        ("9223372036854775807 + 1", "^" * 23, "DRG205",
         "`9223372036854775807 + 1`: `9223372036854775808` does not fit in 64 bits", ""),
        ("[1, 2][2]", "^^^^^^^^^", "DRG205", "`[1, 2]` has 2 items, no item 2", "items count from 0"),
        ("params.config.deep[0]['m']", "^" * 26, "DRG205", "`fromJson('{\"n\":1}')` has no `m`",
         "known here: `n`"),
        ("int('12a') + index", "^^^^^^^^^^", "DRG205", "`int('12a')`: `12a` is not an int", ""),
        ("fromJson('{}}')", "^^^^^^^^^^^^^^^", "DRG205",
         "`fromJson('{}}')`: `{}}` is not JSON: extra data at letter 3", ""),
        ("quantity('1Gi') - quantity('2Gi')", "^" * 33, "DRG205",
         "`quantity('1Gi') - quantity('2Gi')`: a quantity is never negative", ""),
    ],
)  # fmt: skip
def test_mistakes(source: str, caret: str, code: str, message: str, hint: str) -> None:
    with pytest.raises(ExprError) as caught:
        check(parse(source), SCOPE)
    error = caught.value
    marked = " " * error.start + "^" * (error.end - error.start)
    assert (error.code, error.message, error.help, marked) == (code, message, hint, caret)


def test_long_operands_are_cut_in_messages() -> None:
    scope = {"big": Constant([*range(10_000)], list_of(INT))}
    with pytest.raises(ExprError) as caught:
        check(parse("big[10000]"), scope)
    assert len(caught.value.message) < 200


def test_references_come_in_the_order_of_the_source() -> None:
    tree = check(parse("ok ? name.contains(string(item.mem)) : index in [index]"), SCOPE)
    assert [ref.source for ref in refs(tree)] == ["ok", "name", "item", "index", "index"]


def test_a_checked_tree_checks_to_itself() -> None:
    tree = check(parse("item.mem * 2 > params.mem && name.matches('a')"), SCOPE)
    assert check(tree, {}) == tree


def test_null_is_its_own_type() -> None:
    assert check(parse("ok ? null : null"), SCOPE).type == NULL
