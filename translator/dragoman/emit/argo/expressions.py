"""dragoman's expressions as Argo's: expr-lang inside `{{= }}` tags, where every value arrives as text.

Argo substitutes text (util/template in its source), so a value is decoded by its type where it is used: an int is
`int(x)`, a list is `fromJSON(x)`. expr-lang divides ints into floats and writes compact JSON with `toJson`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dragoman.expr.operators import ORDER
from dragoman.expr.tree import (
    PRECEDENCE,
    Binary,
    Call,
    Conditional,
    Expr,
    Index,
    ListOf,
    Literal,
    Member,
    Ref,
    Unary,
)
from dragoman.expr.types import Type
from dragoman.expr.unparse import unparse
from dragoman.expr.values import Quantity, Value

# types whose text holds no letter that Argo or the kubelet could read as their own
PLAIN = frozenset({"int", "float", "bool", "quantity"})
_ATOM = 100
# millionths in one of each unit of a quantity (`let` would save repetition, and Argo misses its names as variables)
_UNITS = {
    "": 1e6,
    "n": 1e-3,
    "u": 1.0,
    "m": 1e3,
    **{unit: 1e6 * 1000.0**power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": 1e6 * 1024.0**power for power, unit in enumerate("KMGTPE", 1)},
}
_SUFFIXES = "[" + ", ".join(f"'{unit}'" for unit in _UNITS if unit) + "]"
_MILLIONTHS = "{" + ", ".join(f"'{unit}': {amount!r}" for unit, amount in _UNITS.items()) + "}"


class Unprintable(Exception):
    """An expression that Argo cannot evaluate; the message says which part, the help what to do."""

    def __init__(self, message: str, help: str) -> None:
        self.message, self.help = message, help
        super().__init__(message)


class Spelling(NamedTuple):
    """How one template spells a value of another place.

    expr    an expr-lang expression that gives the value's text (or, with `native`, the value itself)
    tag     the simple tag's inside, when there is one (`inputs.parameters.cpu`)
    gathered  the text is Argo's own list of a loop's results, strings whatever their type: `all` of them, `nulls` where
            some are the text `null`, `json` where each is a JSON text
    trust   plain: no letter in it means anything to Argo or the kubelet; escaped: such letters are escaped already
            (good for a container's text only); wild: anything
    nullable  the text is `null` when the step that makes it was skipped
    """

    expr: str
    tag: str = ""
    native: bool = False
    gathered: str = ""
    trust: str = "wild"
    nullable: bool = False


Spell = Callable[[Ref, tuple[str, ...]], Spelling]


def tag(inside: str) -> str:
    """An expression tag; `}}` inside would end it early."""
    if inside.startswith("(tasks") and inside.endswith(")") and inside.count("(") == 1:
        inside = inside[1:-1]
    return "{{=" + inside.replace("}}", "} }") + "}}"


def string(text: str) -> str:
    """A string literal; braces that would open or close a tag are taken apart."""
    escaped = (
        text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    apart = escaped.replace("{{", "{'+'{").replace("}}", "}'+'}")
    return f"('{apart}')" if apart != escaped else f"'{escaped}'"


def key(name: str) -> str:
    """A member access: `.name`, or `['na-me']` where the name is no identifier."""
    return f".{name}" if name.isidentifier() else f"[{string(name)}]"


def native(expr: Expr, spell: Spell) -> str:
    """The expr-lang expression with the same value."""
    return _Printer(spell).show(expr, 0)


def condition(expr: Expr, spell: Spell) -> str:
    """A `when`: `true` or `false` once its tag is replaced."""
    if isinstance(expr, Literal):
        return literal(expr.value)
    return tag(native(expr, spell))


def as_text(expr: Expr, spell: Spell) -> str:
    """The expr-lang expression whose result, as Argo writes it, is the value's text."""
    kind = expr.type.kind
    spelled = spelling(expr, spell)
    if spelled is not None and not spelled.native and not spelled.gathered:
        return spelled.expr
    shown = native(expr, spell) if spelled is None else decoded(spelled, expr.type)
    if spelled is None and _nullable(expr):
        return f"({shown}) ?? 'null'"
    if kind == "any":
        return f"type({shown}) == 'string' ? {shown} : toJson({shown})"
    return f"toJson({shown})" if kind in ("list", "map") else shown


def _nullable(expr: Expr) -> bool:
    """Whether an expression can be null by its own form: Argo takes nil for no value at all."""
    if isinstance(expr, Literal):
        return expr.value is None
    return isinstance(expr, Conditional) and (_nullable(expr.then) or _nullable(expr.otherwise))


def spelling(expr: Expr, spell: Spell) -> Spelling | None:
    """The spelling of a reference, or of a field of a loop's item; None for any other expression."""
    fields: list[str] = []
    node = expr
    while isinstance(node, Member):
        fields.append(node.name)
        node = node.value
    if not isinstance(node, Ref) or (fields and getattr(node.target, "kind", "") != "item"):
        return None
    return spell(node, tuple(reversed(fields)))


def decoded(spelled: Spelling, type: Type) -> str:
    """A spelled value as what it is: ints as ints, lists as lists."""
    if spelled.gathered:
        return f"map(fromJSON({spelled.expr}), {{{_element(type.item or Type('any'), spelled.gathered)}}})"
    kind = type.kind
    if spelled.nullable and kind != "string":
        return f"({spelled.expr} == 'null' ? nil : {decoded(spelled._replace(nullable=False), type)})"
    if spelled.native:
        return {"int": f"int({spelled.expr})", "quantity": f"string({spelled.expr})"}.get(kind, spelled.expr)
    if kind in ("int", "float"):
        return f"{kind}({spelled.expr})"
    if kind == "bool":
        return f"({spelled.expr} == 'true')"
    if kind in ("list", "map"):
        return f"fromJSON({spelled.expr})"
    return spelled.expr


def _element(item: Type, gathered: str) -> str:
    """How an element of Argo's list of results becomes a value."""
    if gathered == "json":
        return "fromJSON(#)"
    if item.kind in ("list", "map"):  # embedded as JSON, but only where every one of them is JSON
        return "type(#) == 'string' ? fromJSON(#) : #"
    shown = {"int": "int(#)", "float": "float(#)", "bool": "# == 'true'"}.get(
        item.kind, "type(#) == 'string' ? # : toJson(#)"
    )
    return f"# == 'null' ? nil : {shown}" if gathered == "nulls" else shown


class _Printer(NamedTuple):
    spell: Spell

    def show(self, expr: Expr, floor: int) -> str:
        text, precedence = self.node(expr)
        return text if precedence >= floor else f"({text})"

    def node(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, Literal):
            return literal(expr.value), _ATOM
        if isinstance(expr, (Ref, Member)):
            return self.value(expr), _ATOM
        if isinstance(expr, Binary):
            return self.binary(expr)
        if isinstance(expr, Call):
            return self.call(expr)
        if isinstance(expr, Unary):
            return f"{expr.op}{self.show(expr.operand, _ATOM)}", _ATOM - 1
        if isinstance(expr, Conditional):
            parts = (self.show(part, 1) for part in (expr.condition, expr.then, expr.otherwise))
            return "{} ? {} : {}".format(*parts), 0
        if isinstance(expr, Index):
            return _typed(f"{self.show(expr.value, _ATOM)}[{self.show(expr.key, 0)}]", expr.type), _ATOM
        if isinstance(expr, ListOf):
            return "[" + ", ".join(self.show(item, 0) for item in expr.items) + "]", _ATOM
        raise AssertionError(expr)

    def value(self, expr: Ref | Member) -> str:
        spelled = spelling(expr, self.spell)
        if spelled is None:
            assert isinstance(expr, Member)
            return _typed(f"{self.show(expr.value, _ATOM)}{key(expr.name)}", expr.type)
        if spelled.trust == "escaped":
            raise Unprintable(
                f"`{unparse(expr)}` holds `{{{{` or `$(`, which Argo reads: it can only hand it to a container",
                "use the value in `env`, `args` or `command` only, or list items without such letters",
            )
        if not spelled.expr:
            raise Unprintable(
                f"`{unparse(expr)}` is a map of texts for Argo: it cannot compute with the whole of it",
                "name the fields that you need",
            )
        if expr.type.kind == "any" and not spelled.native:
            raise Unprintable(
                f"`{unparse(expr)}` has no declared type: Argo hands it on as text, and cannot compute with it",
                "declare what it is: the `items` of the list, the `type` of the output",
            )
        return decoded(spelled, expr.type)

    def binary(self, expr: Binary) -> tuple[str, int]:
        left, right, level = expr.left, expr.right, PRECEDENCE[expr.op]
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Literal) and one.value is None and expr.op in ("==", "!="):
                return f"{self.maybe(other)} {expr.op} 'null'", PRECEDENCE["=="]
        for one, other in ((left, right), (right, left)):
            found = spelling(one, self.spell) if expr.op in ("==", "!=") else None
            if found is not None and found.nullable and one.type.kind in ("int", "float", "bool"):
                return self.equal(found, one.type, expr.op, self.show(other, level + 1))
        if expr.op in ORDER and left.type.kind == right.type.kind == "quantity":
            return f"{self.thousandths(left)} {expr.op} {self.thousandths(right)}", level
        if "quantity" in (left.type.kind, right.type.kind):
            raise Unprintable(
                f"Argo cannot compute with quantities while running: `{unparse(expr)}`",
                "let a step compute it and hand it on as an output",
            )
        if expr.op == "+" and expr.type.kind == "list":
            return f"concat({self.show(left, 0)}, {self.show(right, 0)})", _ATOM
        shown = f"{self.show(left, level)} {expr.op} {self.show(right, level + 1)}"
        if expr.op == "/" and expr.type.kind == "int":
            return f"int({shown})", _ATOM
        return shown, level

    def equal(self, found: Spelling, type: Type, op: str, other: str) -> tuple[str, int]:
        """A comparison that null only fails: expr-lang compiles one of numbers for numbers alone."""
        shown = f"{decoded(found._replace(nullable=False), type)} {op} {other}"
        if op == "==":
            return f"{found.expr} != 'null' && {shown}", PRECEDENCE["&&"]
        return f"{found.expr} == 'null' || {shown}", PRECEDENCE["||"]

    def thousandths(self, expr: Expr) -> str:
        """How much a quantity is, rounded up; a float of 64 bits, as every number that Argo reads from a text."""
        if isinstance(expr, Literal):
            return str(expr.value.millis)
        text = self.show(expr, _ATOM)
        suffix = f"find({_SUFFIXES}, {text} endsWith #) ?? ''"
        return f"map([{suffix}], ceil(round(float(trimSuffix({text}, #)) * {_MILLIONTHS}[#]) / 1000))[0]"

    def maybe(self, expr: Expr) -> str:
        """A value that may be null, as its text."""
        spelled = spelling(expr, self.spell)
        if spelled is not None and not spelled.native:
            return spelled.expr
        return f"({native(expr, self.spell)} ?? 'null')"

    def call(self, expr: Call) -> tuple[str, int]:
        name, args = expr.function, expr.args
        if name in ("startsWith", "endsWith", "contains", "matches"):
            level = PRECEDENCE["=="]
            return f"{self.show(args[0], level + 1)} {name} {self.show(args[1], level + 1)}", level
        inner = self.show(args[0], 0)
        if name == "string":
            spelled = spelling(args[0], self.spell)
            nullable = spelled is not None and spelled.nullable  # expr-lang writes <nil>, and large floats as 1e+06
            kind = "any" if nullable and args[0].type.kind != "string" else args[0].type.kind
            return (f"toJson({inner})" if kind in ("list", "map", "any", "float") else f"string({inner})"), _ATOM
        if name == "quantity":
            return f"string({inner})", _ATOM
        function = {"size": "len", "double": "float", "fromJson": "fromJSON"}.get(name, name)
        return f"{function}({inner})", _ATOM


def _typed(text: str, type: Type) -> str:
    """A part of decoded JSON, whose numbers are floats."""
    return {"int": f"int({text})", "quantity": f"string({text})"}.get(type.kind, text)


def literal(value: Value) -> str:
    """A constant."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"({value!r})" if value < 0 else repr(value)
    if isinstance(value, Quantity):
        return string(value.text)
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{string(name)}: {literal(item)}" for name, item in value.items()) + "}"
    return string(value)
