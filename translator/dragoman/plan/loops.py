"""Loops: what a `foreach` runs over, and what its item is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.expr.scope import Scope
from dragoman.expr.tree import Expr, Literal
from dragoman.expr.types import ANY, INT, Type
from dragoman.expr.values import type_of_value
from dragoman.load.document import Path
from dragoman.plan.context import Context
from dragoman.plan.model import Address, Foreach
from dragoman.plan.origin import Source
from dragoman.plan.scope import in_loop

MOST_COMBINATIONS = 10_000  # each is written into the manifest
FORMS = ("in", "range", "matrix")


def inside(scope: Scope, address: Address, block: Mapping[str, Any], loop: Foreach | None) -> Scope:
    """The scope inside a loop; its variable is known even if the loop is wrong: one mistake, one finding."""
    return in_loop(scope, address, _variable(block), ANY if loop is None else loop.type)


def _variable(block: Mapping[str, Any]) -> str:
    return block.get("as") or "item"


def foreach(context: Context, block: Mapping[str, Any], source: Source, path: Path, scope: Scope) -> Foreach | None:
    """The loop of a step; None after a finding. Constant expressions are lists already."""
    given = [form for form in FORMS if block.get(form) is not None]
    if len(given) != 1:
        what = "nothing to run over" if not given else "more than one of " + ", ".join(f"`{form}`" for form in given)
        context.report(
            "DRG118",
            f"this loop has {what}",
            source,
            path,
            "give exactly one of `in`, `range`, `matrix`",
            key=True,
        )
        return None
    place = (*path, given[0])
    variable = _variable(block)
    if variable in ("params", "env", "run", "index", "inputs", "attempt", "steps"):
        context.report(
            "DRG118",
            f"`{variable}` already means something in expressions",
            source,
            (*path, "as"),
            "choose another name",
        )
        return None
    loop = _loop(context, block, given[0], variable, source, place, scope)
    if loop is None:
        return None
    loop = loop._replace(
        parallelism=block.get("parallelism"), max_items=block.get("maxItems"), tolerate=block.get("tolerate")
    )
    items = width(loop)
    if loop.kind == "matrix" and items is not None and items > MOST_COMBINATIONS:
        context.report(
            "DRG007",
            f"the matrix has {items} combinations, maximum {MOST_COMBINATIONS}",
            source,
            (*path, "matrix"),
            "let a step produce the combinations, and loop over its output",
        )
        return None
    return _bounded(context, loop, source, path)


def _loop(
    context: Context, block: Mapping[str, Any], form: str, variable: str, source: Source, path: Path, scope: Scope
) -> Foreach | None:
    if form == "range":
        size = _size(context, block["range"], source, path, scope)
        return None if size is None else Foreach("range", variable, INT, size=size)
    if form == "in":
        items = _list(context, block["in"], source, path, scope)
        return None if items is None else Foreach("list", variable, items.type.item or ANY, items=items)
    axes = [(name, _list(context, axis, source, (*path, name), scope)) for name, axis in block["matrix"].items()]
    found = tuple((name, axis) for name, axis in axes if axis is not None)
    kind = Type("map", fields={name: axis.type.item or ANY for name, axis in found})
    return Foreach("matrix", variable, kind, axes=found) if len(found) == len(axes) else None


def width(loop: Foreach) -> int | None:
    """How many items there are, if that is known at render."""
    if loop.kind == "range":
        return loop.size.value if isinstance(loop.size, Literal) else None
    product = 1
    for items in (axis for _, axis in loop.axes) if loop.kind == "matrix" else (loop.items,):
        if not isinstance(items, Literal):
            return None
        product *= len(items.value)
    return product


def _size(context: Context, raw: Any, source: Source, path: Path, scope: Scope) -> Expr | None:
    tree = Literal(raw, INT) if isinstance(raw, int) else context.expression(raw, source, path, scope, "int")
    if isinstance(tree, Literal) and (not isinstance(tree.value, int) or tree.value < 0):
        context.report("DRG112", f"the range is {tree.value}", source, path, "a range counts 0 or more items")
        return None
    return tree


def _list(context: Context, raw: Any, source: Source, path: Path, scope: Scope) -> Expr | None:
    if not isinstance(raw, list):
        return context.expression(raw, source, path, scope, "list")
    items = [_item(context, item, source, (*path, number), scope) for number, item in enumerate(raw)]
    return Literal(items, type_of_value(items))


def _item(context: Context, item: Any, source: Source, path: Path, scope: Scope) -> Any:
    """An item written in the spec; its expressions must be known at render."""
    if isinstance(item, dict):
        return {key: _item(context, value, source, (*path, key), scope) for key, value in item.items()}
    if isinstance(item, list):
        return [_item(context, value, source, (*path, number), scope) for number, value in enumerate(item)]
    if not isinstance(item, str):
        return item
    value = context.text(item, source, path, scope)
    if isinstance(value, Literal):
        return value.value
    if not isinstance(value, str):
        context.report(
            "DRG204",
            "an item of a written list must be known at render",
            source,
            path,
            "let a step produce the whole list, and run over its output",
        )
        return ""
    return value


def _bounded(context: Context, loop: Foreach, source: Source, path: Path) -> Foreach:
    items = width(loop)
    if items is not None and loop.max_items is not None and items > loop.max_items:
        context.report(
            "DRG112",
            f"the loop has {items} items, maxItems is {loop.max_items}",
            source,
            (*path, "maxItems"),
            "raise `maxItems`, or shorten the list",
        )
    return loop
