"""Types: from the parser's tree and a scope to a tree whose names are constants and typed references."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.expr import types
from dragoman.expr.evaluate import check_pattern, fold
from dragoman.expr.functions import ACCEPTED, RESULTS
from dragoman.expr.operators import LOGIC, Operand, misfit, result_kind
from dragoman.expr.scope import Binding, Constant, Forbidden, Namespace, Scope, Variable
from dragoman.expr.tree import (
    FORBIDDEN,
    HAS,
    MACROS,
    MISMATCH,
    UNKNOWN,
    Binary,
    Call,
    Conditional,
    Expr,
    ExprError,
    Index,
    ListOf,
    Literal,
    Local,
    Member,
    Name,
    Ref,
    Unary,
    refs,
)
from dragoman.expr.types import Type, join, join_all, list_of, named
from dragoman.expr.unparse import excerpt, unparse


def check(expr: Expr, scope: Scope) -> Expr:
    """The typed tree, folded; the first ExprError (DRG202 to DRG205) when there is none."""
    return fold(_typed(expr, scope))


def check_rule(expr: Expr, scope: Scope) -> Expr:
    """The typed tree of an expression of a rule; nothing is folded, for `||` may absorb what fails."""
    return _typed(expr, scope)


def _typed(expr: Expr, scope: Scope) -> Expr:
    if isinstance(expr, (Name, Member)):
        found = _found(expr, scope)
        if isinstance(found, Namespace):
            hint = found.hint or _near("", found.members)
            raise _mismatch(expr, f"`{excerpt(expr)}` is not a value, it holds {found.what}s", hint)
        return found
    if isinstance(expr, (Literal, Ref)):
        return expr
    if isinstance(expr, Binary):
        return _binary(expr, _typed(expr.left, scope), _typed(expr.right, scope))
    if isinstance(expr, Call):
        if expr.function in MACROS:
            return _macro(expr, scope)
        if expr.function == HAS:
            return _has(expr, scope)
        return _call(expr, tuple(_typed(arg, scope) for arg in expr.args))
    if isinstance(expr, Index):
        return _index(expr, _found(expr.value, scope), _typed(expr.key, scope))
    if isinstance(expr, Unary):
        return _unary(expr, _typed(expr.operand, scope))
    if isinstance(expr, ListOf):
        items = tuple(_typed(item, scope) for item in expr.items)
        return ListOf(items, list_of(join_all(item.type for item in items)), expr.at, expr.end)
    return _conditional(expr, *(_typed(part, scope) for part in (expr.condition, expr.then, expr.otherwise)))


def _found(expr: Expr, scope: Scope) -> Expr | Namespace:
    """What a name path stands for, step by step; anything that is no path is typed."""
    if isinstance(expr, Name):
        found = _bound(expr, scope.get(expr.name))
        if found is None:
            raise _not_there(expr, Namespace("name", scope))
        return found
    if not isinstance(expr, Member):
        return _typed(expr, scope)
    owner = _found(expr.value, scope)
    if not isinstance(owner, Namespace):
        return _member(expr, owner)
    found = _bound(expr, owner.members.get(expr.name))
    if found is None:
        raise _not_there(expr, owner)
    return found


def _bound(expr: Name | Member, binding: Binding | None) -> Expr | Namespace | None:
    if isinstance(binding, Variable):
        return Ref(binding.target, binding.type, _path(expr), expr.at, expr.end)
    if isinstance(binding, Constant):
        return Literal(binding.value, binding.type, expr.at, expr.end)
    return binding if isinstance(binding, Namespace) else None


def _path(expr: Expr) -> str:
    return f"{_path(expr.value)}.{expr.name}" if isinstance(expr, Member) else unparse(expr)


def _not_there(expr: Name | Member, owner: Namespace) -> ExprError:
    """What to say about a name that is forbidden, or not known."""
    start, binding = expr.end - len(expr.name), owner.members.get(expr.name)
    if isinstance(binding, Forbidden):
        return ExprError(FORBIDDEN, binding.message, start, expr.end, binding.help)
    known = [name for name, other in owner.members.items() if not isinstance(other, Forbidden)]
    hint = "; ".join(filter(None, (_near(expr.name, known), owner.hint)))
    return ExprError(UNKNOWN, f"unknown {owner.what} `{expr.name}`", start, expr.end, hint)


def _near(name: str, known: Iterable[str]) -> str:
    from dragoman.findings import did_you_mean

    head = name.partition("-")[0]
    if head != name and head in known:
        return f"a hyphen after a dot belongs to the name: write `{head} - ` with spaces to subtract"
    return did_you_mean(name, known)


def _member(expr: Member, value: Expr) -> Expr:
    start = expr.end - len(expr.name)
    if value.type.kind not in ("map", "any"):
        owner = unparse(expr.value)
        hint = f"index it first: `{owner}[0].{expr.name}`" if value.type.kind == "list" else ""
        message = f"`{excerpt(expr.value)}` is {named(value.type)}, it has no `{expr.name}`"
        raise ExprError(MISMATCH, message, start, expr.end, hint)
    return Member(value, expr.name, _field(expr, value.type, expr.name, start), expr.at, expr.end)


def _field(expr: Member | Index, owner: Type, name: str, start: int) -> Type:
    if owner.fields is None:
        return owner.item or types.ANY
    if name not in owner.fields:
        message = f"`{excerpt(expr.value)}` has no `{name}`"
        raise ExprError(UNKNOWN, message, start, expr.end, _near(name, owner.fields))
    return owner.fields[name]


def _index(expr: Index, value: Expr | Namespace, key: Expr) -> Expr:
    owner = excerpt(expr.value)
    constant = key.value if isinstance(key, Literal) else None
    if isinstance(value, Namespace):
        hint = f"write `{owner}.{constant}`" if isinstance(constant, str) else ""
        raise _mismatch(expr, f"`{owner}` holds {value.what}s by name, it has no `[]`", hint)
    wanted = {"list": "int", "map": "string", "any": key.type.kind}.get(value.type.kind)
    if wanted is None:
        raise _mismatch(expr, f"`{owner}` is {named(value.type)}, it has no items")
    if key.type.kind not in (wanted, "any"):
        takes = f"its `[]` takes {named(Type(wanted))}, not {named(key.type)}"
        raise _mismatch(expr, f"`{owner}` is {named(value.type)}, {takes}")
    if isinstance(constant, int) and constant < 0:
        raise _mismatch(expr, f"`{owner}` has no item {constant}", "items count from 0")
    item = value.type.item or types.ANY
    if value.type.kind == "map" and isinstance(constant, str):
        item = _field(expr, value.type, constant, key.at)
    return Index(value, key, item, expr.at, expr.end)


def _binary(expr: Binary, left: Expr, right: Expr) -> Expr:
    op, kinds = expr.op, (left.type.kind, right.type.kind)
    kind = result_kind(op, *kinds)
    if kind is None:
        if op in LOGIC:
            wrong = (expr.left, left) if kinds[0] not in ("bool", "any") else (expr.right, right)
            raise _needs_bool(*wrong, op)
        raise _misfit(expr, left, right)
    result = Type(kind)
    if kind == "list":
        result = join(left.type, right.type) or types.LIST
    elif op == "in" and right.type.item and result_kind("==", kinds[0], right.type.item.kind) is None:
        raise _misfit(expr, left, right)
    elif op in ("/", "%") and isinstance(expr.right, Literal) and expr.right.value == 0:
        raise _mismatch(expr, f"`{excerpt(expr)}` divides by zero")
    return Binary(op, left, right, result, expr.at, expr.end)


def _misfit(expr: Binary, left: Expr, right: Expr) -> ExprError:
    # the untyped operands are what the author wrote: there, constants still have their names
    one = Operand(unparse(expr.left), left.type.kind, named(left.type))
    two = Operand(unparse(expr.right), right.type.kind, named(right.type))
    return _mismatch(expr, *misfit(excerpt(expr), expr.op, one, two))


def _unary(expr: Unary, operand: Expr) -> Expr:
    kind = operand.type.kind
    if expr.op == "!" and kind not in ("bool", "any"):
        raise _needs_bool(expr.operand, operand, "!")
    if expr.op == "-" and kind not in ("int", "float", "any"):
        raise _mismatch(expr, f"`{excerpt(expr)}` negates {named(operand.type)}")
    return Unary(expr.op, operand, types.BOOL if expr.op == "!" else operand.type, expr.at, expr.end)


def _conditional(expr: Conditional, condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    if condition.type.kind not in ("bool", "any"):
        raise _needs_bool(expr.condition, condition, "?:")
    result = join(then.type, otherwise.type)
    if result is None:
        hint = "both sides of `?:` must have one type"
        if types.NUMBERS.issuperset({then.type.kind, otherwise.type.kind}):
            whole = expr.then if then.type.kind == "int" else expr.otherwise
            hint = f"write `double({unparse(whole)})`"
        sides = f"{named(then.type)} or {named(otherwise.type)}"
        raise _mismatch(expr, f"`{excerpt(expr)}` is {sides}", hint)
    return Conditional(condition, then, otherwise, result, expr.at, expr.end)


def _needs_bool(written: Expr, typed: Expr, op: str) -> ExprError:
    text = unparse(written)
    empty = {"int": "0", "float": "0.0", "string": "''", "list": "[]"}.get(typed.type.kind)
    hint = f"write `{text} != {empty}`" if empty else ""
    return _mismatch(written, f"`{excerpt(written)}` is {named(typed.type)}, `{op}` needs a bool", hint)


def _call(expr: Call, args: tuple[Expr, ...]) -> Expr:
    for number, (arg, written) in enumerate(zip(args, expr.args, strict=True)):
        accepted = ACCEPTED[expr.function] if number == 0 else ("string",)
        if arg.type.kind not in accepted and arg.type.kind != "any":
            wanted = " or ".join(named(Type(kind)) for kind in accepted)
            message = f"`{expr.function}` takes {wanted}, `{excerpt(written)}` is {named(arg.type)}"
            raise _mismatch(written, message)
    if expr.function == "matches":
        args = (args[0], _pattern(args[1]))
    return Call(expr.function, args, RESULTS[expr.function], expr.at, expr.end)


def _macro(expr: Call, scope: Scope) -> Expr:
    """`list.all(name, …)`: what follows the name is typed where it stands for an item of the list, or a map's key."""
    value, name = _typed(expr.args[0], scope), expr.args[1]
    assert isinstance(name, Name)
    if value.type.kind not in ("list", "map", "any"):
        message = f"`{expr.function}` runs over a list or a map, `{excerpt(expr.args[0])}` is {named(value.type)}"
        raise _mismatch(expr.args[0], message)
    item = types.STRING if value.type.kind == "map" else value.type.item or types.ANY
    local = Local(name.name, name.at)
    inner = {**scope, name.name: Variable(local, item)}
    parts = tuple(_typed(part, inner) for part in expr.args[2:])
    result = types.BOOL if expr.function.startswith(("all", "exists")) else list_of(item)
    conditions = list(zip(expr.args[2:], parts, strict=True))
    if expr.function == "map":
        result = list_of(conditions.pop()[1].type)
    for written, condition in conditions:
        if condition.type.kind not in ("bool", "any"):
            raise _needs_bool(written, condition, expr.function)
    bound = Ref(local, item, name.name, name.at, name.end)
    return Call(expr.function, (value, bound, *parts), result, expr.at, expr.end)


def _has(expr: Call, scope: Scope) -> Expr:
    """`has(value.name)`: only of a map whose keys are not declared can it be false."""
    (written,) = expr.args
    assert isinstance(written, Member)
    value = _typed(written.value, scope)
    field = _member(written, value)
    if value.type.fields is not None:
        text = excerpt(written)
        raise _mismatch(expr, f"`{text}` is always there: `has` says nothing", f"test `{text} != null`")
    return Call(HAS, (field,), types.BOOL, expr.at, expr.end)


def _pattern(arg: Expr) -> Expr:
    """A pattern; a constant is of the subset."""
    if next(refs(arg), None) is None:
        arg = fold(arg)
        check_pattern(arg)
    return arg


def _mismatch(expr: Expr, message: str, hint: str = "") -> ExprError:
    return ExprError(MISMATCH, message, expr.at, expr.end, hint)
