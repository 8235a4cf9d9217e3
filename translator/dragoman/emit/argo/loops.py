"""Loops: what a task's `withItems`, `withParam` or `withSequence` says, and what its item then looks like.

Argo hands an item's text on as it is, but a string inside a map reaches the task with its JSON escapes (item.go), and
text with braces is read as a tag. Such items travel as JSON texts, which the task's arguments decode.
"""

from __future__ import annotations

import re
from typing import Any

from dragoman.emit.argo.expressions import Spell, Unprintable, as_text, native, spelling, string, tag
from dragoman.emit.argo.scope import Item
from dragoman.emit.argo.text import escape, harmless
from dragoman.expr.tree import Expr, Literal, Member, Ref, children
from dragoman.expr.types import Type
from dragoman.expr.values import Quantity, to_json
from dragoman.plan.model import Foreach, Step
from dragoman.plan.references import everything, target

# printable ASCII that neither JSON, Argo nor the kubelet treats specially
_SAFE = re.compile(r"[ !#%'-;=?-\[\]-z|}~]*")
_MEANT = re.compile(r"\{\{|\$\(|\$\$")  # what Argo or the kubelet would read


def item_of(step: Step) -> Item:
    """How the loop's items travel, decided from what they are before anything is printed."""
    loop = step.foreach
    assert loop is not None
    indexed = any(target(ref).kind == "index" and target(ref).step == step.address for ref in everything(step))
    if loop.kind == "range":
        return Item("plain", "plain")
    if isinstance(loop.items, Literal):
        item = _item_of_list(loop.items.value, indexed)
    else:
        item = _item_of_type(loop.type, indexed)
    if item.form == "plain" and step.when is not None and _decodes_map(step.when, step):
        return item._replace(form="json")  # for Argo a map is a map of texts: an expression cannot decode the whole
    return item


def _decodes_map(expr: Expr, step: Step) -> bool:
    """Whether the expression needs the whole item of the step's loop, a map."""
    if isinstance(expr, Ref):
        wanted = target(expr)
        return expr.type.kind == "map" and wanted.kind == "item" and wanted.step == step.address
    fields = expr.value if isinstance(expr, Member) else None
    return not isinstance(fields, Ref) and any(_decodes_map(part, step) for part in children(expr))


def loop_fields(loop: Foreach, item: Item, spell: Spell) -> dict[str, Any]:
    """The task's loop: exactly one of Argo's three forms."""
    if loop.kind == "range":
        return {"withSequence": {"count": _count(loop, spell)}}
    if isinstance(loop.items, Literal):
        return _known_items(loop.items.value, item)
    assert loop.items is not None
    return {"withParam": _list(loop.items, loop.max_items, item, spell)}


def _item_of_list(items: list[Any], indexed: bool) -> Item:
    texts = [text for item in items for text in _texts(item)]
    if any(_MEANT.search(text) for text in texts):
        return Item("json", "escaped", indexed)
    safe = all(_SAFE.fullmatch(text) for text in texts) and all(item is not None for item in items)
    if not safe:
        return Item("json", "wild", indexed)
    if not indexed:
        return Item("plain", "plain")
    return Item("json" if any(isinstance(item, dict) for item in items) else "pair", "plain", indexed)


def _item_of_type(kind: Type, indexed: bool) -> Item:
    flat = kind.fields is not None and all(harmless(field) for field in kind.fields.values())
    if harmless(kind) and kind.kind != "list":
        return Item("pair" if indexed else "plain", "plain", indexed)
    if flat:
        return Item("json" if indexed else "plain", "plain", indexed)
    plain = kind.kind in ("string", "list") and not indexed
    return Item("plain" if plain else "json", "wild", indexed)


def _known_items(items: list[Any], item: Item) -> dict[str, Any]:
    if not items:
        return {"withParam": "[]"}  # Argo takes an empty withItems for no loop at all
    values = [_escaped(value) for value in items] if item.trust == "escaped" else [_plain(value) for value in items]
    if item.indexed:
        values = [{"index": number, "item": value} for number, value in enumerate(values)]
    return {"withItems": [to_json(value) for value in values] if item.form == "json" else values}


def _list(items: Expr, most: int | None, item: Item, spell: Spell) -> str:
    spelled = spelling(items, spell)
    if spelled is not None and spelled.trust == "escaped":
        message = "the lists of the loop around hold `{{` or `$(`, which Argo reads: it cannot loop over them"
        raise Unprintable(message, "list items without such letters")
    if item.form == "plain" and most is None and spelled is not None and spelled.tag and not spelled.gathered:
        return "{{" + spelled.tag + "}}"
    if most is None:
        shown = (
            as_text(items, spell)
            if item.form == "plain"
            else f"toJson(map({native(items, spell)}, {{{_wrapped(item)}}}))"
        )
        return tag(shown)
    message = string(f"the list has more items than maxItems, {most}")  # no list: Argo fails the step with these words
    shown = "items" if item.form == "plain" else f"map(items, {{{_wrapped(item)}}})"
    return tag(f"let items = {native(items, spell)}; len(items) > {most} ? {message} : toJson({shown})")


def _wrapped(item: Item) -> str:
    value = "{'index': #index, 'item': #}" if item.indexed else "#"
    return f"toJson({value})" if item.form == "json" else value


def _count(loop: Foreach, spell: Spell) -> str:
    assert loop.size is not None
    if isinstance(loop.size, Literal):
        return str(loop.size.value)
    size = native(loop.size, spell)
    if loop.max_items is None:
        return tag(f"max({size}, 0)")  # Argo would count down
    message = string(f"the range has more items than maxItems, {loop.max_items}")
    return tag(f"let size = {size}; size > {loop.max_items} ? {message} : max(size, 0)")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in (name, *_texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        if any(_MEANT.search(name) for name in value):
            raise Unprintable(
                "the name of an item's field holds `{{` or `$(`, which Argo or the kubelet would read",
                "rename the field",
            )
        return {name: _escaped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    """Quantities as their text."""
    if isinstance(value, Quantity):
        return value.text
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
