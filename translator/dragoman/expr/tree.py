"""The tree of an expression, what every reader of it needs, and the error that all of them raise.

The parser gives every node the type `any`; the checker gives it its own and puts a `Literal` or a `Ref` in
the place of every name. `at` and `end` are offsets into the source (`end` exclusive).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from operator import is_
from typing import NamedTuple, TypeAlias

from dragoman.expr.types import ANY, Type
from dragoman.expr.values import Value

SYNTAX, UNKNOWN, MISMATCH, FORBIDDEN, FAILED = "DRG201", "DRG202", "DRG203", "DRG204", "DRG205"

CONDITIONAL, UNARY, POSTFIX = 1, 7, 8
PRECEDENCE = {
    "||": 2,
    "&&": 3,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}  # all are left-associative; `?:` (1) is right-associative, unary operators are 7, `.` `[]` and calls 8

# name -> how many arguments; a method's receiver is one of them, the first
FUNCTIONS = {"size": 1, "int": 1, "double": 1, "string": 1, "quantity": 1, "toJson": 1, "fromJson": 1}
METHODS = {"size": 1, "startsWith": 2, "endsWith": 2, "contains": 2, "matches": 2}
# only rules of policies have these. A macro is a method that binds a name, its second argument, to each item:
# name -> how many arguments it may have
MACROS = {"all": (3,), "exists": (3,), "exists_one": (3,), "filter": (3,), "map": (3, 4)}
HAS = "has"

# what inlining may grow to; a source cannot come near the second
MAX_HEIGHT, MAX_NODES = 128, 10_000


class ExprError(Exception):
    """What is wrong with an expression: code, message, help, and where, as offsets into its source.

    A function in the place of the message gives message and help when somebody reads them: in a rule most errors of
    a loop are absorbed, and nobody does.
    """

    def __init__(
        self, code: str, message: str | Callable[[], tuple[str, str]], start: int, end: int, hint: str = ""
    ) -> None:
        self.code, self.start, self.end = code, start, end
        self._said = (message, hint) if isinstance(message, str) else message
        super().__init__()

    @property
    def message(self) -> str:
        """What is wrong."""
        return self._words()[0]

    @property
    def help(self) -> str:
        """What to do about it."""
        return self._words()[1]

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def _words(self) -> tuple[str, str]:
        if callable(self._said):
            self._said = self._said()
        return self._said


class Literal(NamedTuple):
    """A constant: plain data or a `Quantity`."""

    value: Value
    type: Type
    at: int = 0
    end: int = 0


class Name(NamedTuple):
    """A name at the start of a path; the checker leaves none."""

    name: str
    type: Type = ANY
    at: int = 0
    end: int = 0


class Ref(NamedTuple):
    """A value known while running. `target` is the scope's own; `source` is the path as it was written."""

    target: Hashable
    type: Type
    source: str = ""
    at: int = 0
    end: int = 0


class Local(NamedTuple):
    """What the variable of a macro is to its `Ref`s; the offset tells two of one name apart."""

    name: str
    at: int


class Member(NamedTuple):
    """`value.name`."""

    value: Expr
    name: str
    type: Type = ANY
    at: int = 0
    end: int = 0


class Index(NamedTuple):
    """`value[key]`."""

    value: Expr
    key: Expr
    type: Type = ANY
    at: int = 0
    end: int = 0


class Call(NamedTuple):
    """A function or a method, `size(x)` or `x.startsWith(y)`: a method's receiver is its first argument.

    A macro is one, too, `x.all(item, …)`: its second argument is the name that the others use.
    """

    function: str
    args: tuple[Expr, ...]
    type: Type = ANY
    at: int = 0
    end: int = 0


class Unary(NamedTuple):
    """`!operand` or `-operand`."""

    op: str
    operand: Expr
    type: Type = ANY
    at: int = 0
    end: int = 0


class Binary(NamedTuple):
    """`left op right`, for every `op` of `PRECEDENCE`."""

    op: str
    left: Expr
    right: Expr
    type: Type = ANY
    at: int = 0
    end: int = 0


class Conditional(NamedTuple):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr
    type: Type = ANY
    at: int = 0
    end: int = 0


class ListOf(NamedTuple):
    """`[a, b]`."""

    items: tuple[Expr, ...]
    type: Type = ANY
    at: int = 0
    end: int = 0


Expr: TypeAlias = Literal | Name | Ref | Member | Index | Call | Unary | Binary | Conditional | ListOf


def children(expr: Expr) -> tuple[Expr, ...]:
    """The parts of a node, in the order of the source."""
    if isinstance(expr, (Literal, Name, Ref)):
        return ()
    if isinstance(expr, Member):
        return (expr.value,)
    if isinstance(expr, Index):
        return (expr.value, expr.key)
    if isinstance(expr, Call):
        return expr.args
    if isinstance(expr, Unary):
        return (expr.operand,)
    if isinstance(expr, Binary):
        return (expr.left, expr.right)
    return expr.items if isinstance(expr, ListOf) else (expr.condition, expr.then, expr.otherwise)


def mapped(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The node with each of its parts changed; the node itself when none of them is."""
    parts = children(expr)
    new = tuple(map(change, parts))
    if all(map(is_, new, parts)) or isinstance(expr, (Literal, Name, Ref)):
        return expr
    if isinstance(expr, Member):
        return expr._replace(value=new[0])
    if isinstance(expr, Index):
        return expr._replace(value=new[0], key=new[1])
    if isinstance(expr, Call):
        return expr._replace(args=new)
    if isinstance(expr, Unary):
        return expr._replace(operand=new[0])
    if isinstance(expr, Binary):
        return expr._replace(left=new[0], right=new[1])
    if isinstance(expr, ListOf):
        return expr._replace(items=new)
    return expr._replace(condition=new[0], then=new[1], otherwise=new[2])


def refs(expr: Expr) -> Iterator[Ref]:
    """Every reference of an expression, in the order of the source, as often as it is there."""
    if isinstance(expr, Ref):
        yield expr
    for child in children(expr):
        yield from refs(child)


def within_bounds(expr: Expr, height: int = MAX_HEIGHT, nodes: int = MAX_NODES) -> bool:
    """Whether a recursive reader can walk the tree: no more levels and no more nodes than this."""
    layer: list[Expr] = [expr]
    seen = 0
    for _ in range(height):
        seen += len(layer)
        if seen > nodes:
            return False
        layer = [child for node in layer for child in children(node)]
        if not layer:
            return True
    return False
