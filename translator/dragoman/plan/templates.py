"""Using a template: which one `use` names, and what `with` puts in the place of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dragoman.expr import text
from dragoman.expr.evaluate import substitute
from dragoman.expr.scope import Binding, Constant, Scope, Variable
from dragoman.expr.tree import Call, Expr, Literal, Ref
from dragoman.expr.types import STRING, Type
from dragoman.expr.values import convert
from dragoman.findings import did_you_mean
from dragoman.load.document import Path
from dragoman.plan import scope as scopes
from dragoman.plan.context import Context, article, type_of_text
from dragoman.plan.model import Reference
from dragoman.plan.origin import Layer, Source
from dragoman.plan.params import declared_type
from dragoman.plan.references import target


class Library(NamedTuple):
    """Templates of an imported file."""

    templates: Mapping[str, Any]
    source: Source


class Use(NamedTuple):
    """A template in use: its layer, the scope of its texts, and what replaces its inputs afterwards."""

    layer: Layer
    scope: Scope
    settle: Callable[[Any], Any]


def use(context: Context, data: Mapping[str, Any], source: Source, path: Path, scope: Scope) -> Use | None:
    """The template that a step uses; None when it uses none, or after a finding."""
    name = data.get("use")
    if name is None:
        if data.get("with"):
            context.report(
                "DRG117",
                "`with` fills the inputs of a template, and this step uses none",
                source,
                (*path, "with"),
                "name the template: `use: …`",
                key=True,
            )
        return None
    layer = find(context, name)
    if layer is None:
        context.report(
            "DRG116",
            f"there is no template `{name}`",
            source,
            (*path, "use"),
            did_you_mean(name, _known(context)),
        )
        return None
    bindings, arguments = _inputs(context, data, layer, source, path, scope)
    inner = scopes.in_template(scope, bindings, library="." in name)
    return Use(layer, inner, _settler(arguments))


def unused(context: Context, name: str) -> Use:
    """A template of this flow that nothing uses, its inputs open."""
    layer = Layer("template", context.templates[name], context.source, ("spec", "templates", name))
    declared: Mapping[str, Any] = layer.data.get("inputs") or {}
    inputs: dict[str, Binding] = {
        key: Variable(
            Reference("input", (), key),
            declared_type(block, layer.source, (*layer.path, "inputs", key), context.findings),
        )
        for key, block in declared.items()
    }
    return Use(layer, scopes.in_template(context.roots, inputs, library=False), lambda value: value)


def find(context: Context, name: str) -> Layer | None:
    """A template by its name, `lib.name` for one of an imported file."""
    library, dot, own = name.partition(".")
    if not dot:
        found = context.templates.get(name)
        if found is None or isinstance(found, Library):
            return None
        return Layer("template", found, context.source, ("spec", "templates", name))
    imported = context.libraries.get(library)
    if imported is None or own not in imported.templates:
        return None
    return Layer("template", imported.templates[own], imported.source, ("spec", "templates", own))


def _known(context: Context) -> list[str]:
    return [
        *context.templates,
        *(f"{name}.{own}" for name, library in context.libraries.items() for own in library.templates),
    ]


def _inputs(
    context: Context, data: Mapping[str, Any], layer: Layer, source: Source, path: Path, scope: Scope
) -> tuple[dict[str, Binding], dict[str, Expr]]:
    declared: Mapping[str, Any] = layer.data.get("inputs") or {}
    given: Mapping[str, Any] = data.get("with") or {}
    for name in given:
        if name not in declared:
            context.report(
                "DRG117",
                f"template `{data['use']}` has no input `{name}`",
                source,
                (*path, "with", name),
                did_you_mean(name, declared),
                key=True,
            )
    bindings: dict[str, Binding] = {}
    arguments: dict[str, Expr] = {}
    for name, declaration in declared.items():
        kind = declared_type(declaration, layer.source, (*layer.path, "inputs", name), context.findings)
        if given.get(name) is not None:
            value = _argument(context, given[name], kind, source, (*path, "with", name), scope)
        elif declaration.get("default") is not None:
            value = _constant(
                context, declaration["default"], kind, layer.source, (*layer.path, "inputs", name, "default")
            )
        else:
            context.report(
                "DRG117",
                f"template `{data['use']}` needs a value for its input `{name}`",
                source,
                (*path, "use"),
                f"add `with: {{{name}: …}}`",
                related=((layer.source.span((*layer.path, "inputs", name), key=True), "declared here"),),
            )
            value = None
        if value is None or isinstance(value, Literal):
            bindings[name] = (
                Constant(value.value, value.type)
                if value is not None
                else Variable(Reference("input", (), name), Type("any"))
            )
        else:
            bindings[name] = Variable(Reference("input", (), name), kind)
            arguments[name] = value
    return bindings, arguments


def _argument(context: Context, raw: Any, kind: Type, source: Source, path: Path, scope: Scope) -> Expr | None:
    """What `with` gives for an input: a constant, or an expression of the input's type."""
    if not isinstance(raw, str) or "${{" not in raw:
        return _constant(context, raw, kind, source, path)
    value = context.text(raw, source, path, scope)
    if isinstance(value, str):
        return None if context.findings else Literal(value, STRING)
    if isinstance(value, Literal):
        return _constant(context, value.value, kind, source, path)
    given = type_of_text(value)
    if not _fits(given, kind):
        context.report(
            "DRG117",
            f"the input `{path[-1]}` is {article(str(kind))}; this gives {article(str(given))}",
            source,
            path,
            "change the input's `type`, or convert the value: `int(…)`, `double(…)`, `string(…)`",
        )
        return None
    tree = text.as_expr(value)
    return Call("string", (tree,), STRING) if kind.kind == "string" and given.kind in ("int", "float", "bool") else tree


def _fits(given: Type, kind: Type) -> bool:
    if "any" in (given.kind, kind.kind) or given.kind == kind.kind:
        return True
    if kind.kind == "quantity":
        return given.kind in ("int", "float", "string")
    if kind.kind == "float":
        return given.kind == "int"
    return kind.kind == "string" and given.kind in ("bool", "int", "float", "quantity")


def _constant(context: Context, raw: Any, kind: Type, source: Source, path: Path) -> Expr | None:
    if kind.kind == "string" and isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    try:
        return Literal(convert(raw, kind), kind)
    except ValueError as error:
        context.report(
            "DRG117",
            f"the input `{path[-2] if path[-1] == 'default' else path[-1]}`: {error}",
            source,
            path,
            f"it is declared as {kind}",
        )
        return None


def _settler(arguments: Mapping[str, Expr]) -> Callable[[Any], Any]:
    if not arguments:
        return lambda value: value

    def replacement(ref: Ref) -> Expr | None:
        wanted = target(ref)
        return arguments.get(wanted.name) if wanted.kind == "input" else None

    def settle(value: Any) -> Any:
        if value is None or isinstance(value, (str, int)):
            return value
        return (
            text.substitute_text(value, replacement)
            if isinstance(value, text.Template)
            else substitute(value, replacement)
        )

    return settle
