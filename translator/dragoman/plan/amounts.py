"""Resources of a step from its layers: explicit amounts, key by key, with the rules that amounts obey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from dragoman import quantity
from dragoman.expr.scope import Scope
from dragoman.expr.text import Template
from dragoman.expr.tree import Literal
from dragoman.expr.values import to_text
from dragoman.load.document import Path
from dragoman.plan.context import Context, article, type_of_text
from dragoman.plan.model import Amount, Resources
from dragoman.plan.origin import Layer, Source

Settle: TypeAlias = Callable[[Any], Any]

KEYS = ("cpu", "memory", "gpu", "disk")
_ACCEPTED = {"cpu": ("quantity", "int", "float"), "gpu": ("int", "quantity")}


def resources(
    context: Context, layers: Sequence[Layer], scopes: Sequence[Scope], settle: Settle = lambda value: value
) -> Resources:
    """The amounts that the layers say, highest layer first; nothing is filled in.

    `settle` puts what `with` gave in the place of a template's inputs.
    """
    requests: dict[str, Amount] = {}
    limits: dict[str, Amount] = {}
    bounds: dict[str, int] = {}
    shm: int | None = None
    accelerator: str | None = None
    for layer, scope in zip(layers, scopes, strict=True):
        block = layer.data.get("resources")
        if not block:
            continue
        path = (*layer.path, "resources")
        for key in KEYS:
            if block.get(key) is not None:
                if (block.get("requests") or {}).get(key) is not None:
                    context.report(
                        "DRG118",
                        f"`{key}` is both straight under `resources` and under `requests`",
                        layer.source,
                        (*path, key),
                        "keep one: straight under `resources` means a request",
                    )
                _take(context, requests, key, block[key], layer.source, (*path, key), scope, settle)
        for kind, amounts in (("requests", requests), ("limits", limits)):
            for key, raw in (block.get(kind) or {}).items():
                if raw is not None:
                    _take(context, amounts, key, raw, layer.source, (*path, kind, key), scope, settle)
        for key, raw in (block.get("bounds") or {}).items():
            bound = known(context, key, raw, layer.source, (*path, "bounds", key))
            if bound is not None:
                bounds.setdefault(key, bound)
        if shm is None and block.get("shm") is not None:
            shm = known(context, "shm", block["shm"], layer.source, (*path, "shm"))
        if accelerator is None:
            accelerator = block.get("accelerator")
    return Resources(requests, limits, bounds, shm, accelerator)


def known(context: Context, key: str, raw: Any, source: Source, path: Path) -> int | None:
    """An amount that must be known at render."""
    value = amount(context, key, raw, source, path, context.roots)
    if isinstance(value, Template):
        context.report("DRG204", f"`{path[-1]}` must be known at render", source, path, "write the amount itself")
    return value if isinstance(value, int) else None


def amount(
    context: Context,
    key: str,
    raw: Any,
    source: Source,
    path: Path,
    scope: Scope,
    settle: Settle = lambda value: value,
) -> Amount | None:
    """One amount: a whole number in the units of `quantity.SCALE`, or an expression; None after a finding."""
    value: Any = raw
    if isinstance(raw, str) and "${{" in raw:
        known_before = len(context.findings)
        value = settle(context.text(raw, source, path, scope))
        if len(context.findings) > known_before:
            return None
        kind = type_of_text(value).kind
        accepted = (*_ACCEPTED.get(key, ("quantity",)), "string", "any")
        if kind not in accepted:
            context.report(
                "DRG203",
                f"`{key}` is a quantity; this gives {article(kind)}",
                source,
                path,
                "declare the value as `quantity`, or write its unit: `${{ item.mb }}Mi`",
            )
            return None
        if isinstance(value, Template):
            return value
        if isinstance(value, Literal):
            value = to_text(value.value)
    return _number(context, key, value, source, path, computed=value is not raw)


class NoAmount(ValueError):
    """A text that is no amount of a resource: why, what to write, and `instead`, what `--fix` would write."""

    def __init__(self, message: str, help: str, instead: str = "") -> None:
        self.message, self.help, self.instead = message, help, instead
        super().__init__(message)


def number(key: str, text: str) -> int:
    """The amount that a text says, in the units of `quantity.SCALE`; raises `NoAmount`."""
    if key in quantity.BYTES and text.replace(".", "", 1).isdigit() and text != "0":
        way_out = f"write `{text}Mi` for MiB (2^20 bytes) or `{text}M` for MB (10^6 bytes)"
        readable = text.isascii() and not text.startswith(".")
        raise NoAmount(f"`{key}: {text}` has no unit", way_out, f"{text}Mi" if readable else "")
    if key in quantity.BYTES and text.endswith(("m", "u", "n")):
        message = f"`{key}: {text}` is a fraction of a byte: the suffix `{text[-1]}` makes it small"
        raise NoAmount(message, "write `Mi` for MiB or `M` for MB")
    try:
        parsed = quantity.parse(text, quantity.SCALE[key])
    except ValueError as error:
        way_out = "for example `500m` or `2` for cpu, `4Gi` for memory"
        if text.endswith(("B", "b")):
            way_out = f"units have no `B` here: `{text[:-1]}`"
        raise NoAmount(f"{error}", way_out) from None
    if key == "gpu" and str(parsed) != text:
        raise NoAmount(f"`gpu: {text}` is not a whole number of devices", "ask for whole GPUs")
    return parsed


def _number(context: Context, key: str, value: Any, source: Source, path: Path, *, computed: bool) -> int | None:
    try:
        return number(key, str(value).strip())
    except NoAmount as error:
        fix = source.fix(path, error.instead) if error.instead and not computed else None
        context.report("DRG121", error.message, source, path, error.help, fix=fix)
        return None


def _take(
    context: Context,
    amounts: dict[str, Amount],
    key: str,
    raw: Any,
    source: Source,
    path: Path,
    scope: Scope,
    settle: Settle,
) -> None:
    if key in amounts:
        return
    value = amount(context, key, raw, source, path, scope, settle)
    if value is not None:
        amounts[key] = value
