"""Text of the spec in a place that Argo and then the kubelet read: it reaches the container letter by letter.

Argo reads `{{…}}` in every string of a template, several times over, and has no escape for it. The kubelet reads
`$(NAME)` in a container's command, args and env, and `$$` as one `$`. So a `{` that could open a tag is written as
`$(DRAGOMAN_LBRACE)`, a variable of the container that the kubelet puts back after Argo is done.
"""

from __future__ import annotations

import re

from dragoman.emit.argo.expressions import PLAIN, Spell, as_text, decoded, spelling, tag
from dragoman.expr.text import Template
from dragoman.expr.tree import Expr, Literal, children, refs
from dragoman.expr.types import Type
from dragoman.expr.values import to_text

_CHECKED = ("int", "float", "list", "map")  # types whose text can be wrong
BRACE_VARIABLE = "DRAGOMAN_LBRACE"
BRACE = f"$({BRACE_VARIABLE})"
_DOLLARS = re.compile(r"\$+(?=\(|\{\{)|\${2,}")
_OPENING = re.compile(r"\{(?=\{)")


def container_text(value: str | Template, spell: Spell) -> str:
    """A string of a container's command, args or env."""
    if isinstance(value, str):
        return escape(value)
    shown = ""
    for part in value.parts:
        if isinstance(part, str):
            text = escape(part)
            shown += text
        else:
            shown = _closed(shown)
            shown += _container_tag(part, spell)
    return shown


def _closed(shown: str) -> str:
    """Text whose last letters cannot join with what a tag behind it opens, or becomes."""
    if shown.endswith("{"):
        head = shown[:-1]
        return (f"{head}$" if _odd_dollar(head) else head) + BRACE
    return f"{shown}$" if _odd_dollar(shown) else shown


def _odd_dollar(shown: str) -> bool:
    return (len(shown) - len(shown.rstrip("$"))) % 2 == 1


def argument_text(expr: Expr, spell: Spell) -> str:
    """A value handed from one template to another."""
    spelled = spelling(expr, spell)
    if spelled is None or spelled.gathered or not spelled.tag:
        return tag(as_text(expr, spell))
    if spelled.tag.startswith("tasks.") and expr.type.kind in _CHECKED:
        shown = decoded(spelled, expr.type)  # a wrong file is an error here, not letters in a container's text later
        return tag(f"toJson({shown})" if expr.type.kind in ("list", "map") else shown)
    if spelled.trust == "plain" or harmless(expr.type):
        return "{{" + spelled.tag + "}}"
    return tag(as_text(expr, spell))


def escape(text: str) -> str:
    """Literal text for a container: no tag for Argo, no variable for the kubelet.

    >>> escape("{{ x }} $(HOME) $HOME")
    '$(DRAGOMAN_LBRACE){ x }} $$(HOME) $HOME'
    """
    if "$" in text:
        text = _DOLLARS.sub(lambda found: found[0].replace("$", "$$"), text)
    return _OPENING.sub(lambda _: BRACE, text) if "{{" in text else text


def harmless(type: Type) -> bool:
    """Whether no value of the type can hold a letter that means something to Argo or the kubelet."""
    if type.kind == "list":
        return type.item is not None and harmless(type.item)
    return type.kind in PLAIN


def _container_tag(expr: Expr, spell: Spell) -> str:
    spelled = spelling(expr, spell)
    if spelled is not None:
        if spelled.expr.isdigit():
            return spelled.expr
        if spelled.tag and not spelled.gathered and (spelled.trust == "plain" or harmless(expr.type)):
            return "{{" + spelled.tag + "}}"
        if spelled.trust in ("plain", "escaped"):
            return tag(spelled.expr)
    shown = as_text(expr, spell)
    if _has_braces(expr):  # Argo reads what comes of it again: no brace may be left
        return tag(f"replace(replace({shown}, '$', '$$'), '{{', '{BRACE}')")
    if harmless(expr.type) or all(harmless(ref.type) for ref in refs(expr)):
        return tag(shown)
    return tag(f"replace({shown}, '$', '$$')")


def _has_braces(expr: Expr) -> bool:
    """Whether a constant in an expression holds what Argo would read as a tag."""
    if isinstance(expr, Literal):
        return "{{" in to_text(expr.value)
    return any(map(_has_braces, children(expr)))
