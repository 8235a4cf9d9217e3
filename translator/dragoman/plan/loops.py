"""Loops: what a `foreach` runs over, and what its item is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.expr.tree import Expr, Literal
from dragoman.expr.types import ANY, INT, Type, join_all
from dragoman.expr.values import type_of_value
from dragoman.load.document import Path
from dragoman.plan.context import Context, Scope
from dragoman.plan.model import Foreach
from dragoman.plan.origin import Source

FORMS = ("in", "range", "matrix")


def foreach(
    context: Context, block: Mapping[str, Any], source: Source, path: Path, scope: Scope
) -> Foreach | None:
    """The loop of a step; None after a finding. Constant expressions are lists already."""
    given = [form for form in FORMS if block.get(form) is not None]
    if len(given) != 1:
        what = (
            "nothing to run over"
            if not given
            else "more than one of " + ", ".join(f"`{form}`" for form in given)
        )
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
    variable = block.get("as") or "item"
    if variable in ("params", "env", "run", "index", "inputs", "attempt", "steps"):
        context.report(
            "DRG118",
            f"`{variable}` already means something in expressions",
            source,
            (*path, "as"),
            "choose another name",
        )
        return None
    settings = (block.get("parallelism"), block.get("maxItems"), block.get("tolerate"))
    if given[0] == "range":
        count = _count(context, block["range"], source, place, scope)
        return (
            None
            if count is None
            else _bounded(context, Foreach("range", (), count, variable, INT, *settings), source, path)
        )
    if given[0] == "in":
        items = _list(context, block["in"], source, place, scope)
        if items is None:
            return None
        return _bounded(
            context, Foreach("list", items, None, variable, item_type(items), *settings), source, path
        )
    axes = {
        name: _list(context, axis, source, (*place, name), scope) for name, axis in block["matrix"].items()
    }
    if any(axis is None for axis in axes.values()):
        return None
    pairs = tuple((name, axis) for name, axis in axes.items() if axis is not None)
    kind = Type("map", fields={name: item_type(axis) for name, axis in pairs})
    return _bounded(context, Foreach("matrix", pairs, None, variable, kind, *settings), source, path)


def item_type(items: tuple[Any, ...] | Expr) -> Type:
    """What one item of a list is."""
    if not hasattr(items, "_fields"):
        return join_all(type_of_value(item) for item in items)
    return items.type.item or ANY  # type: ignore[union-attr]


def width(loop: Foreach) -> int | None:
    """How many items there are, if that is known at render."""
    if loop.kind == "range":
        return loop.count if isinstance(loop.count, int) else None
    lists = [items for _, items in loop.items] if loop.kind == "matrix" else [loop.items]  # type: ignore[misc]
    product = 1
    for items in lists:
        if hasattr(items, "_fields"):
            return None
        product *= len(items)
    return product


def _count(context: Context, raw: Any, source: Source, path: Path, scope: Scope) -> int | Expr | None:
    if isinstance(raw, int):
        return raw
    tree = context.expression(raw, source, path, scope, "int")
    if isinstance(tree, Literal):
        if not isinstance(tree.value, int) or tree.value < 0:
            context.report(
                "DRG112", f"the range is {tree.value}", source, path, "a range counts 0 or more items"
            )
            return None
        return tree.value
    return tree


def _list(
    context: Context, raw: Any, source: Source, path: Path, scope: Scope
) -> tuple[Any, ...] | Expr | None:
    if isinstance(raw, list):
        return tuple(_item(context, item, source, (*path, number), scope) for number, item in enumerate(raw))
    tree = context.expression(raw, source, path, scope, "list")
    return tuple(tree.value) if isinstance(tree, Literal) and isinstance(tree.value, list) else tree


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
        context.report("DRG204", "an item of a written list must be known at render", source, path,
                       "let a step produce the whole list, and run over its output")  # fmt: skip
        return ""
    return value


def _bounded(context: Context, loop: Foreach, source: Source, path: Path) -> Foreach:
    items = width(loop)
    if items is not None and loop.max_items is not None and items > loop.max_items:
        context.report("DRG112", f"the loop has {items} items, maxItems is {loop.max_items}", source, (*path, "maxItems"),
                       "raise `maxItems`, or shorten the list")  # fmt: skip
    return loop
