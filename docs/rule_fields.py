"""The fields that rules of policies can name, as tables."""

from __future__ import annotations

from dragoman.expr.types import Type
from dragoman.policy.rules.fields import RECORDS, Field, record


def tables() -> str:
    """One table for each record."""
    parts = []
    for name, fields in RECORDS.items():
        rows = [f"| `{field}` | {_kind(one)} | {one.about} |\n" for field, one in fields.items()]
        parts.append(f"\n### {name}\n\n| field | type | meaning |\n| --- | --- | --- |\n{''.join(rows)}")
    return "".join(parts) + "\n"


def _kind(field: Field) -> str:
    return _named(field.type) + (f", or null: {field.null}" if field.null else "")


def _named(kind: Type) -> str:
    if kind.fields is not None:
        name = next((name for name, fields in RECORDS.items() if record(fields) == kind), "")
        return f"[{name}](#{name})" if name else "map of " + ", ".join(f"`{one}`" for one in kind.fields)
    if kind.item is not None:
        return f"{kind.kind} of {_named(kind.item)}"
    return f"{kind.kind} of any" if kind.kind in ("list", "map") else kind.kind
