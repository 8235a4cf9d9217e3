"""Expressions of rules as closures: walked once, run on every step, and with CEL's own meaning of errors.

`&&`, `||`, `all` and `exists` absorb the error of one side or item when another one decides.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

from dragoman.expr import apply
from dragoman.expr.evaluate import evaluate
from dragoman.expr.macros import Loop, macro
from dragoman.expr.operators import EQUALITY, LOGIC, ORDER
from dragoman.expr.text import Template
from dragoman.expr.tree import (
    HAS,
    MACROS,
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
    Ref,
    Unary,
    children,
    mapped,
)
from dragoman.expr.values import Quantity, Value, equal, to_text
from dragoman.expr.work import LETTERS, Exhausted, Frame, Run, spend, weigh

Slots: TypeAlias = Mapping[Any, int]  # where in a frame the value of a target is; they begin at 1

_SCALARS = frozenset({str, int, float, bool})
_NUMBERS_AND_TEXT = frozenset({str, int, float})
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SEARCH: Mapping[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
}


def compiled(expr: Expr, slots: Slots) -> Run:
    """What computes a checked expression from a frame; it raises ExprError DRG205, `Exhausted` for too much work.

    The frame has a slot for every macro that is around another one after those of `slots`.
    """
    return _run(_known(expr), slots)


def compiled_text(text: str | Template, slots: Slots) -> Run:
    """What computes a text from a frame; it raises as `compiled` does."""
    if isinstance(text, str):
        return lambda frame: text
    parts = [part if isinstance(part, str) else (part, compiled(part, slots)) for part in text.parts]

    def run(frame: Frame) -> str:
        return "".join(part if isinstance(part, str) else _shown(frame, *part) for part in parts)

    return run


def _shown(frame: Frame, expr: Expr, run: Run) -> str:
    value = run(frame)
    spend(frame, weigh(value, frame[0]), expr)
    return to_text(value)


def _known(expr: Expr) -> Expr:
    """The tree with constants computed; what fails stays, to fail where it is reached and perhaps be absorbed."""
    if isinstance(expr, Call) and expr.function == HAS:
        return expr._replace(args=(mapped(expr.args[0], _known),))
    expr = mapped(expr, _known)
    if not all(isinstance(part, Literal) for part in children(expr)) or isinstance(expr, (Literal, Ref, Name)):
        return expr
    try:
        return Literal(evaluate(expr, {}), expr.type, expr.at, expr.end)
    except ExprError:
        return expr


def _run(expr: Expr, slots: Slots) -> Run:
    if isinstance(expr, Literal):
        value = expr.value
        return lambda frame: value
    if isinstance(expr, Ref):
        return itemgetter(slots[expr.target])
    if isinstance(expr, Member):
        return _path(expr, slots)
    if isinstance(expr, Binary):
        return _binary(expr, slots)
    if isinstance(expr, Call):
        return _call(expr, slots)
    if isinstance(expr, Conditional):
        return _conditional(expr, slots)
    if isinstance(expr, Unary):
        operand = _run(expr.operand, slots)
        return lambda frame: apply.unary(expr, operand(frame))
    if isinstance(expr, Index):
        owner, key = _run(expr.value, slots), _run(expr.key, slots)
        return lambda frame: apply.indexed(expr, owner(frame), key(frame))
    if isinstance(expr, ListOf):
        return _list(expr, slots)
    raise TypeError(f"{expr} has not been checked")


def _path(expr: Member, slots: Slots) -> Run:
    """`step.resources.limits.memory`: the whole path in one closure."""
    members: list[Member] = []
    base: Expr = expr
    while isinstance(base, Member):
        members.insert(0, base)
        base = base.value
    start, names = _run(base, slots), [member.name for member in members]

    def failing(frame: Frame) -> Value:
        value = start(frame)
        for member in members:
            value = apply.field(member, value, member.name)
        return value

    first, *rest = names
    if not rest:

        def run(frame: Frame) -> Value:
            try:
                return start(frame)[first]
            except (KeyError, TypeError):
                return failing(frame)

    elif len(rest) == 1:
        (second,) = rest

        def run(frame: Frame) -> Value:
            try:
                return start(frame)[first][second]
            except (KeyError, TypeError):
                return failing(frame)

    else:

        def run(frame: Frame) -> Value:
            try:
                value = start(frame)
                for name in names:
                    value = value[name]
                return value
            except (KeyError, TypeError):
                return failing(frame)

    return run


def _binary(expr: Binary, slots: Slots) -> Run:
    if expr.op in LOGIC:
        return _logic(expr, slots)
    left, right = _run(expr.left, slots), _run(expr.right, slots)
    if expr.op in EQUALITY:
        return _equality(expr, left, right)
    if expr.op in ORDER:
        return _order(expr, left, right)
    return _membership(expr, left, right) if expr.op == "in" else _arithmetic(expr, left, right)


def _logic(expr: Binary, slots: Slots) -> Run:
    """`a && b && c`, or the same with `||`: one part may decide, whatever became of the others."""
    decides = expr.op == "||"
    written: list[Expr] = [expr.right]
    rest = expr.left
    while isinstance(rest, Binary) and rest.op == expr.op:
        written.insert(0, rest.right)
        rest = rest.left
    parts = [(part, _run(part, slots)) for part in (rest, *written)]

    def run(frame: Frame) -> Value:
        failure: ExprError | None = None
        for part, closure in parts:
            try:
                value = closure(frame)
                if value is decides:
                    return decides
                if value is not True and value is not False:
                    apply.truth(part, value, expr.op)
            except Exhausted:
                raise
            except ExprError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return not decides

    return run


def _equality(expr: Binary, left: Run, right: Run) -> Run:
    wanted = expr.op == "=="
    for side, other in ((expr.left, right), (expr.right, left)):
        if isinstance(side, Literal) and side.value is None:
            return partial(_null, other, wanted)

    def run(frame: Frame) -> bool:
        one, two = left(frame), right(frame)
        kind = one.__class__
        if kind is two.__class__ and kind in _SCALARS:
            return (one == two) is wanted
        spend(frame, weigh(one, frame[0]), expr)
        return equal(one, two) is wanted

    return run


def _null(value: Run, wanted: bool, frame: Frame) -> bool:
    return (value(frame) is None) is wanted


def _order(expr: Binary, left: Run, right: Run) -> Run:
    compare = _COMPARE[expr.op]

    def run(frame: Frame) -> Value:
        one, two = left(frame), right(frame)
        kind = one.__class__
        if kind is two.__class__:
            if kind in _NUMBERS_AND_TEXT:
                return compare(one, two)
            if kind is Quantity:
                return compare(one.millis, two.millis)
        return apply.binary(expr, one, two)

    return run


def _membership(expr: Binary, left: Run, right: Run) -> Run:
    def run(frame: Frame) -> Value:
        one, two = left(frame), right(frame)
        if two.__class__ is list:
            spend(frame, len(two) * (1 + weigh(one, frame[0])), expr)
        if one.__class__ is str and (two.__class__ is list or two.__class__ is dict):
            return one in two
        return apply.binary(expr, one, two)

    return run


def _arithmetic(expr: Binary, left: Run, right: Run) -> Run:
    def run(frame: Frame) -> Value:
        one, two = left(frame), right(frame)
        if expr.op == "+":
            for side in (one, two):
                if side.__class__ is str:
                    spend(frame, len(side) // LETTERS, expr)
                elif side.__class__ is list:
                    spend(frame, len(side), expr)
        return apply.binary(expr, one, two)

    return run


def _conditional(expr: Conditional, slots: Slots) -> Run:
    condition, then, otherwise = (_run(part, slots) for part in children(expr))

    def run(frame: Frame) -> Value:
        return then(frame) if apply.truth(expr.condition, condition(frame), "?:") else otherwise(frame)

    return run


def _list(expr: ListOf, slots: Slots) -> Run:
    items = [_run(item, slots) for item in expr.items]

    def run(frame: Frame) -> list[Value]:
        spend(frame, len(items), expr)
        return [item(frame) for item in items]

    return run


def _call(expr: Call, slots: Slots) -> Run:
    if expr.function in MACROS:
        (_, bound), slot = expr.args[:2], len(slots) + 1
        assert isinstance(bound, Ref)
        inner = {**slots, bound.target: slot}
        return macro(Loop(expr, _run(expr.args[0], slots), slot), [_run(part, inner) for part in expr.args[2:]])
    if expr.function == HAS:
        return _has(expr, slots)
    args = [_run(arg, slots) for arg in expr.args]
    if expr.function == "matches":
        return _matches(expr, *args)
    if expr.function in _SEARCH:
        return _search(expr, *args)
    (argument,) = args

    def run(frame: Frame) -> Value:
        value = argument(frame)
        if expr.function != "size":
            spend(frame, weigh(value, frame[0]), expr)
        return apply.called(expr, [value])

    return run


def _has(expr: Call, slots: Slots) -> Run:
    (member,) = expr.args
    assert isinstance(member, Member)
    owner, name = _run(member.value, slots), member.name

    def run(frame: Frame) -> bool:
        value = owner(frame)
        if value.__class__ is not dict:
            apply.field(member, value, name)
        return name in value

    return run


def _search(expr: Call, text: Run, part: Run) -> Run:
    search = _SEARCH[expr.function]

    def run(frame: Frame) -> Value:
        one, two = text(frame), part(frame)
        if one.__class__ is not str or two.__class__ is not str:
            return apply.called(expr, [one, two])
        spend(frame, len(one) // LETTERS, expr)
        return search(one, two)

    return run


def _matches(expr: Call, text: Run, pattern: Run) -> Run:
    """The work of a pattern is its size times the text's; that of reading one that is no constant, its size squared."""
    from dragoman.expr.pattern import MAX_POSITIONS, read_pattern

    known = expr.args[1]
    constant = read_pattern(known.value) if isinstance(known, Literal) else None

    def run(frame: Frame) -> Value:
        one, two = text(frame), pattern(frame)
        if one.__class__ is not str or two.__class__ is not str:
            return apply.called(expr, [one, two])
        found = constant
        if found is None:
            try:
                found = read_pattern(two)
            except ValueError:
                spend(frame, MAX_POSITIONS, expr)
                return apply.called(expr, [one, two])
            spend(frame, found.weight * found.weight // MAX_POSITIONS, expr)
        spend(frame, len(one) * found.weight // 256, expr)
        return found.found_in(one)

    return run
