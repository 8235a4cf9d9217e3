"""dragoman's expressions as JSONata, the language of Step Functions.

JSONata knows numbers (doubles), strings, booleans, null, arrays and objects. While running, an int and a float are
numbers, a quantity is its text, null is null. What JSONata would pass over in silence (an int of more than 53 bits,
a division by zero, null in a condition, a field that is not there) fails the state instead; what it cannot say at all
is `Unprintable`. One thing is weaker: `$string` writes a float with 15 digits (`writes_floats` tells where).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, cast

from dragoman.emit.batch.jsonata_facts import (
    certain,
    height,
    holds,
    may_fail,
    one_shape,
    plain_letters,
    summands,
)
from dragoman.emit.batch.jsonata_functions import SAFE, defined, reach
from dragoman.emit.batch.jsonata_pattern import may_be_empty, regex
from dragoman.expr.operators import EQUALITY, LOGIC, ORDER
from dragoman.expr.text import Template
from dragoman.expr.tree import (
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
from dragoman.expr.unparse import excerpt
from dragoman.expr.values import Quantity, to_json, to_text
from dragoman.plan.model import Reference

ATOM, TIMES, PLUS, COMPARED, AND, OR, CHOICE = 80, 60, 50, 40, 30, 25, 20
_LEVELS = {"*": TIMES, "%": TIMES, "+": PLUS, "-": PLUS}
DEEPEST = 90  # Step Functions ends an evaluation near 100 levels; some are left to what an expression stands in
_DECLARE = "declare what it is: the `items` of the list, the `type` of the output"
_LET = "let a step compute it and hand it on as an output"


class Unprintable(Exception):
    """An expression that JSONata cannot say faithfully; the message says which part, the help what to do."""

    def __init__(self, message: str, help: str) -> None:
        self.message, self.help = message, help
        super().__init__(message)


class Source(NamedTuple):
    """A printed expression: its text, how tightly its outermost operator binds, how deep its evaluation goes."""

    text: str
    level: int = ATOM
    depth: int = 1


def printed(expr: Expr, name: Callable[[Reference], str]) -> str:
    """JSONata source of an expression; `name` gives the source of a reference, for example `$train.score`."""
    printer = _Printer(name)
    return printer.whole(printer.source(expr))


def printed_text(value: str | Template | Literal, name: Callable[[Reference], str]) -> str:
    """JSONata source that evaluates to the text a container gets: what `render_text` gives."""
    printer = _Printer(name)
    return printer.whole(printer.text(value))


def parsed(source: str, kind: Type) -> str:
    """JSONata source that reads the text of a source as a value of a declared type, or fails the state."""
    from dragoman.emit.batch.jsonata_values import read

    return read(source, kind)


def gathered(source: str, path: str, kind: Type) -> str:
    """JSONata source of the list of what a path leads to in each object of a list; `kind` is what one of them is."""
    from dragoman.emit.batch.jsonata_values import each

    return each(source, f"$v.{path}", kind)


def amount_of(source: str, resource: str) -> str:
    """JSONata source of a quantity's amount in the units of `quantity.SCALE`, rounded up; numbers are quantities."""
    thousandths = f"$thousandths($quantity_of({source}))"
    if resource == "cpu":
        return defined(["thousandths", "quantity_of"], thousandths)
    return defined(["thousandths", "quantity_of", "up"], f"$up({thousandths}, 1000)")


def literal(value: Any) -> str:
    """JSONata source of plain data; a quantity is its text."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Quantity):
        return string(value.text)
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f" {string(key)}: {literal(item)}" for key, item in value.items()).lstrip() + "}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE:
        raise Unprintable(
            f"`{value}` has more than 53 bits: Step Functions' numbers are floats", "hand it on as a string"
        )
    return "0" if value == 0 and not isinstance(value, bool) else to_json(value)


def string(text: str) -> str:
    """A string literal; `{%` and `%}` would be read as the ends of an expression."""
    return "'" + "".join(map(_letter, text)).replace("{%", r"{\u0025").replace("%}", r"\u0025}") + "'"


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return letter if letter.isprintable() or ord(letter) > 0xFFFF else f"\\u{ord(letter):04X}"


_ESCAPES = {"'": r"\u0027", "\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"}


class _Printer:
    """Prints one expression and gathers the functions it calls."""

    def __init__(self, name: Callable[[Reference], str]) -> None:
        self.name = name
        self.functions: set[str] = set()

    def whole(self, source: Source) -> str:
        if source.depth > DEEPEST:
            raise Unprintable(f"the expression nests deeper than Step Functions evaluates ({DEEPEST} levels)", _LET)
        return defined(self.functions, source.text)

    def call(self, function: str, *args: Source) -> Source:
        """A call of one of our functions (`field`) or of JSONata's own (`$string`)."""
        own = not function.startswith("$")
        if own:
            self.functions.add(function)
        deepest = max((arg.depth for arg in args), default=0)
        name = f"${function}" if own else function
        depth = 1 + max(deepest, reach(function) if own else 1)
        return Source(f"{name}({', '.join(arg.text for arg in args)})", ATOM, depth)

    def show(self, source: Source, floor: int) -> Source:
        return source if source.level >= floor else Source(f"({source.text})", ATOM, source.depth + 1)

    def infix(self, op: str, left: Source, right: Source, level: int) -> Source:
        left, right = self.show(left, level), self.show(right, level + 1)
        return Source(f"{left.text} {op} {right.text}", level, 1 + max(left.depth, right.depth))

    def source(self, expr: Expr) -> Source:
        """The expression with the same value."""
        if isinstance(expr, Literal):
            text = literal(expr.value)
            return Source(text, PLUS if text.startswith("-") else ATOM, height(expr.value))
        if isinstance(expr, Ref):
            return _reference(self.name(cast(Reference, expr.target)))
        if isinstance(expr, Member):
            return self.field(expr, Source(string(expr.name)))
        if isinstance(expr, Index):
            return self.index(expr)
        if isinstance(expr, Unary):
            return self.unary(expr)
        if isinstance(expr, Conditional):
            return self.conditional(expr)
        if isinstance(expr, ListOf):
            return self.array(expr)
        if isinstance(expr, Call):
            return self.function(expr)
        assert isinstance(expr, Binary), expr
        return self.binary(expr)

    def boolean(self, expr: Expr) -> Source:
        """A condition: what is no bool, null included, fails the state; JSONata would take it for one."""
        source = self.source(expr)
        return source if certain(expr) else self.call("a_bool", source)

    def field(self, expr: Member | Index, key: Source) -> Source:
        if holds(expr.value.type, "quantity") and expr.type.kind == "any":
            raise self.undeclared(expr)
        return self.call("field", self.source(expr.value), key)

    def index(self, expr: Index) -> Source:
        if expr.key.type.kind == "any":
            raise self.undeclared(expr.key)
        if expr.key.type.kind == "string":
            return self.field(expr, self.source(expr.key))
        return self.call("item", self.source(expr.value), self.source(expr.key))

    def unary(self, expr: Unary) -> Source:
        if expr.op == "!":
            return self.call("$not", self.boolean(expr.operand))
        if expr.type.kind == "any":
            raise self.undeclared(expr.operand)
        return self.infix("-", Source("0"), self.source(expr.operand), PLUS)  # -0 has no place here

    def conditional(self, expr: Conditional) -> Source:
        if not one_shape(expr, expr.then, expr.otherwise):
            raise self.undeclared(expr)
        condition = self.show(self.boolean(expr.condition), CHOICE + 1)
        then, otherwise = self.show(self.source(expr.then), CHOICE + 1), self.source(expr.otherwise)
        depth = 1 + max(condition.depth, then.depth, otherwise.depth)
        return Source(f"{condition.text} ? {then.text} : {otherwise.text}", CHOICE, depth)

    def array(self, expr: ListOf) -> Source:
        """An array constructor takes arrays apart, but for other array constructors."""
        if not one_shape(expr, *expr.items):
            raise self.undeclared(expr)
        items = [self.element(item) for item in expr.items]
        depth = 1 + max((item.depth for item in items), default=0)
        return Source("[" + ", ".join(item.text for item in items) + "]", ATOM, depth)

    def element(self, expr: Expr) -> Source:
        source = self.source(expr)
        if isinstance(expr, ListOf) or (isinstance(expr, Literal) and isinstance(expr.value, list)):
            return source
        return self.call("alone", source) if expr.type.kind in ("list", "any") else source

    def binary(self, expr: Binary) -> Source:
        if expr.op in LOGIC:
            return self.logic(expr)
        if expr.op in EQUALITY:
            return self.equality(expr)
        if expr.op in ORDER:
            return self.order(expr)
        if expr.op == "in":
            return self.membership(expr)
        if "any" in (expr.type.kind, expr.left.type.kind, expr.right.type.kind):
            raise self.undeclared(expr)
        if expr.type.kind == "quantity":
            return self.amounts(expr)
        if expr.type.kind == "string":
            return self.joined(expr)
        left, right = self.source(expr.left), self.source(expr.right)
        if expr.type.kind == "list":
            if not one_shape(expr, expr.left, expr.right):
                raise self.undeclared(expr)
            return self.call("$append", *(self.list(part) for part in (expr.left, expr.right)))
        if expr.op == "/":
            return self.call("whole" if expr.type.kind == "int" else "ratio", left, right)
        if expr.op == "%":
            return self.call("rest", left, right)
        return self.call(
            "an_int" if expr.type.kind == "int" else "a_float", self.infix(expr.op, left, right, _LEVELS[expr.op])
        )

    def amounts(self, expr: Binary) -> Source:
        """A quantity computed: of two of them, or of one and how often to take it."""
        left, right = self.source(expr.left), self.source(expr.right)
        if expr.op in ("+", "-"):
            return self.call("added", left, right, Source("1" if expr.op == "+" else "-1"))
        quantity, (factor, times) = left, (expr.right, right)
        if expr.left.type.kind != "quantity":
            quantity, (factor, times) = right, (expr.left, left)
        if factor.type.kind == "int":
            one = Source("1")
            return self.call("scaled", quantity, *((times, one) if expr.op == "*" else (one, times)))
        if not isinstance(factor, Literal):
            raise Unprintable(f"Step Functions cannot take a quantity so many times: `{excerpt(expr)}`", _LET)
        above, below = Decimal(repr(factor.value)).as_integer_ratio()
        return self.call("scaled", quantity, Source(literal(above)), Source(literal(below)))

    def list(self, expr: Expr) -> Source:
        source = self.source(expr)
        return source if certain(expr) else self.call("a_list", source)

    def joined(self, expr: Expr) -> Source:
        """Texts added up, however many: `$join` takes strings alone, where `&` writes null."""
        parts = [self.source(part) for part in summands(expr)]
        depth = 2 + max(part.depth for part in parts)
        return Source(f"$join([{', '.join(part.text for part in parts)}])", ATOM, depth)

    def logic(self, expr: Binary) -> Source:
        """`?:` where the right side may fail: not every JSONata stops when the left side decides."""
        left, right = self.boolean(expr.left), self.boolean(expr.right)
        if certain(expr.right) and not may_fail(expr.right):
            return self.infix(*(("and", left, right, AND) if expr.op == "&&" else ("or", left, right, OR)))
        condition = self.show(left, CHOICE + 1)
        right = self.show(right, CHOICE + 1)
        sides = f"{right.text} : false" if expr.op == "&&" else f"true : {right.text}"
        return Source(f"{condition.text} ? {sides}", CHOICE, 1 + max(condition.depth, right.depth))

    def equality(self, expr: Binary) -> Source:
        left, right = self.source(expr.left), self.source(expr.right)
        kinds = {expr.left.type.kind, expr.right.type.kind}
        if any(holds(side.type, "quantity") for side in (expr.left, expr.right)) and "null" not in kinds:
            if kinds != {"quantity"}:
                raise Unprintable(
                    f"Step Functions compares quantities one by one only: `{excerpt(expr)}`",
                    "compare the fields that matter",
                )
            left, right = self.call("amount", left), self.call("amount", right)
        return self.infix("=" if expr.op == "==" else "!=", left, right, COMPARED)

    def order(self, expr: Binary) -> Source:
        sides = [expr.left, expr.right]
        kinds = {side.type.kind for side in sides}
        left, right = map(self.source, sides)
        if "quantity" in kinds:
            if len(kinds) > 1:
                raise self.undeclared(expr)
            left, right = self.call("thousandths", left), self.call("thousandths", right)
        elif kinds == {"any"}:
            raise self.undeclared(expr)
        elif "string" in kinds and not any(plain_letters(side) for side in sides):
            left, right = self.call("ordered", left), self.call("ordered", right)
        return self.infix(expr.op, left, right, COMPARED)

    def membership(self, expr: Binary) -> Source:
        if holds(expr.left.type, "quantity") or holds(expr.right.type.item or Type("any"), "quantity"):
            raise Unprintable(f"Step Functions cannot look for a quantity: `{excerpt(expr)}`", "compare it with each")
        if expr.right.type.kind == "any":
            raise self.undeclared(expr.right)
        if expr.right.type.kind == "list" and expr.left.type.kind in ("string", "int", "float", "bool"):
            return self.infix("in", self.source(expr.left), self.list(expr.right), COMPARED)
        function = "in_map" if expr.right.type.kind == "map" else "in_list"
        if function == "in_map" and expr.left.type.kind != "string":
            raise self.undeclared(expr.left)
        return self.call(function, self.source(expr.left), self.source(expr.right))

    def function(self, expr: Call) -> Source:
        """A call, by the name of the function."""
        name, kind = expr.function, expr.args[0].type.kind
        args = [self.source(arg) for arg in expr.args if name != "matches" or arg is expr.args[0]]
        if name == "matches":
            return self.matches(expr, args[0])
        if name == "string":
            return args[0] if kind == "string" and certain(expr.args[0]) else self.call("$string", *args)
        if name in ("int", "double", "quantity") and kind == "any":
            raise self.undeclared(expr.args[0])
        if name == "quantity" and kind == "float":
            raise Unprintable(f"Step Functions writes floats in another way: `{excerpt(expr)}`", _LET)
        if name in ("int", "double") and kind != "string":
            function = {"int": "cut", "double": "a_float"}[name]
            return self.call(function, *args)
        if name == "fromJson":
            return self.call("$parse", *args)
        own = {"toJson": "json", "quantity": "quantity_of", "int": "int_of", "double": "float_of",
               "startsWith": "starts", "endsWith": "ends", "contains": "$contains"}  # fmt: skip
        return self.call(own.get(name, name), *args)

    def matches(self, expr: Call, text: Source) -> Source:
        """A match of nothing is an error to JSONata: one letter before the text makes it one of something."""
        pattern = expr.args[1]
        assert isinstance(pattern, Literal)
        try:
            written = regex(pattern.value, prefixed := may_be_empty(pattern.value))
        except ValueError as error:
            raise Unprintable(f"Step Functions cannot match {excerpt(pattern)}: {error}", "name the letters") from None
        if prefixed:
            text = self.call("$join", Source(f"['^', {text.text}]", ATOM, text.depth + 1))
        return self.call("$contains", text, Source(f"/{written}/"))

    def text(self, value: str | Template | Literal) -> Source:
        """What `render_text` gives: `&` writes whatever is no text."""
        if isinstance(value, str):
            return Source(string(value))
        if isinstance(value, Literal):
            return Source(string(to_text(value.value)))
        parts = [self.part(part) for part in value.parts]
        if len(parts) == 1:
            return parts[0]
        depth = 2 + max(part.depth for part in parts)
        return Source(f"$join([{', '.join(part.text for part in parts)}])", ATOM, depth)

    def part(self, part: str | Expr) -> Source:
        if isinstance(part, str):
            return Source(string(part))
        source = self.source(part)
        return source if part.type.kind in ("string", "quantity") and certain(part) else self.call("$string", source)

    def undeclared(self, expr: Expr) -> Unprintable:
        """JSON does not tell an int from a float, nor a quantity from a text."""
        return Unprintable(f"Step Functions cannot know the type of `{excerpt(expr)}` while running", _DECLARE)


def _reference(source: str) -> Source:
    """A variable or a path of one; anything else in parentheses."""
    if re.fullmatch(r"\$\w+(\.(\w+|`[^`]*`))*", source):
        return Source(source, ATOM, 3)
    return Source(source, CHOICE, 8)
