"""JSONata that reads a text as a value of a declared type: what `convert_text` does, as far as JSON tells types apart.

Step Functions reads JSON with `$parse`, and `1.0` is `1` to it: an int may be written so, and a quantity that is a
JSON number gets the text that JSON gives the number.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.batch.jsonata import Unprintable, string
from dragoman.emit.batch.jsonata_functions import defined
from dragoman.expr.types import Type, named

_SCALARS = {"int": "int_of", "float": "float_of", "bool": "bool_of", "quantity": "quantity_of"}
_LISTS = frozenset({"list", "any"})
_TESTS = {
    "string": "$type($v) = 'string'",
    "float": "$type($v) = 'number'",
    "bool": "$type($v) = 'boolean'",
    "int": "$is_int($v)",
    "quantity": "$type($v) in ['string', 'number']",
    "map": "$type($v) = 'object'",
    "list": "$type($v) = 'array'",
    "null": "$v = null",
    "any": "true",
}


def read(source: str, kind: Type) -> str:
    """The source of the value: a list or a map is JSON, checked and converted."""
    if kind.kind == "string":
        return source
    if kind.kind in _SCALARS:
        function = _SCALARS[kind.kind]
        return defined([function], f"${function}({source})")
    if kind.kind == "any":
        raise Unprintable(
            "Step Functions cannot tell whether a text is JSON, as a value without a declared type needs",
            "declare what it is: the `type` of the output",
        )
    if kind.kind == "null":
        return f"( {source} = 'null' ? null : $error('not null') )"
    functions = set(_functions(kind))
    message = f"not {named(kind)}".replace("'", "")
    value = f"( $v := $parse({source}); {_test(kind)} ? {_value(kind)} : $error('{message}') )"
    return defined(functions, value)


def _test(kind: Type) -> str:
    """Whether `$v` is of the type."""
    if kind.item is not None:
        return f"$each_is($v, function($v) {{ {_test(kind.item)} }})"
    fields = "".join(
        f" and $has($v, {string(name)}, function($v) {{ {_test(field)} }})"
        for name, field in (kind.fields or {}).items()
    )
    return _TESTS[kind.kind] + fields


def _value(kind: Type) -> str:
    """`$v`, its quantities as texts."""
    if "quantity_of" not in _functions(kind):
        return "$v"
    if kind.kind == "quantity":
        return "$quantity_of($v)"
    if kind.item is not None:
        return _mapped("$v", _value(kind.item), kind.item)
    fields = (
        f"{string(name)}: ( $v := $lookup($v, {string(name)}); {_value(field)} )"
        for name, field in (kind.fields or {}).items()
        if "quantity_of" in _functions(field)
    )
    return f"$merge([$v, {{ {', '.join(fields)} }}])"


def each(source: str, value: str, kind: Type) -> str:
    """The list of a source (of `$v`) for each item of a list."""
    needs = ["alone"] if kind.kind in _LISTS else []
    return defined(needs, _mapped(source, value, kind))


def _mapped(source: str, value: str, kind: Type) -> str:
    """`$map` gives nothing for no item, and for one item the item itself, which `[…]` would take apart if it is one."""
    several = f"[$map({source}, function($v) {{ {value} }})]"
    if kind.kind not in _LISTS:
        return several
    return f"( $count({source}) = 1 ? ( $v := {source}[0]; $alone({value}) ) : {several} )"


def _functions(kind: Type) -> Iterator[str]:
    if kind.kind == "quantity":
        yield "quantity_of"
    if kind.kind == "int":
        yield "is_int"
    if kind.item is not None:
        yield "each_is"
        if kind.item.kind in _LISTS:
            yield "alone"
        yield from _functions(kind.item)
    for field in (kind.fields or {}).values():
        yield "has"
        yield from _functions(field)
