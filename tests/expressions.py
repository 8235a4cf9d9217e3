"""Random types, values of them, and expressions over the names that are known at some place of a flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from texts import BYTES, CPU, decimal, number, text


class Kind(NamedTuple):
    """A type of the spec; `cpu` and `bytes` are quantities that fit their resource."""

    name: str
    item: Kind | None = None
    fields: dict[str, Kind] | None = None


class Known(NamedTuple):
    """A name that expressions may use: its path and type. `alone`: the engine can only hand it to a container."""

    path: str
    kind: Kind
    alone: bool = False


SCALARS = tuple(map(Kind, ("string", "int", "float", "bool", "cpu", "bytes")))
STRING, INT, FLOAT, BOOL, CPUS, SIZE = SCALARS
ANY = Kind("any")
_FIELDS = ("cpu", "mem", "id", "no", "y", "big-name", "n_1", "X")


def kind(random: Random, depth: int = 2) -> Kind:
    """A type, lists and maps included."""
    choice = random.randrange(10)
    if depth and choice == 0:
        return Kind("list", kind(random, depth - 1) if random.randrange(4) else None)
    if depth and choice == 1:
        names = random.sample(_FIELDS, random.randint(1, 3))
        return Kind("map", fields={name: kind(random, depth - 1) for name in names})
    return ANY if choice == 2 else random.choice(SCALARS)


def declared(random: Random, kind: Kind) -> dict[str, Any]:
    """The declaration of a type, one of its spellings."""
    name = "quantity" if kind.name in ("cpu", "bytes") else kind.name
    block: dict[str, Any] = {} if name == "string" and random.randrange(2) else {"type": name}
    if kind.item is not None:
        block["items"] = _inner(random, kind.item)
    if kind.fields is not None:
        block["fields"] = {field: _inner(random, inner) for field, inner in kind.fields.items()}
    if not random.randrange(5):
        block["description"] = text(random)
    return block


def _inner(random: Random, kind: Kind) -> Any:
    if kind.fields is not None and random.randrange(2):
        return {field: _inner(random, inner) for field, inner in kind.fields.items()}
    block = {key: part for key, part in declared(random, kind).items() if key != "description"}
    return block["type"] if block.keys() == {"type"} and random.randrange(3) else {"type": "string", **block}


def value(random: Random, kind: Kind) -> Any:
    """A value of a type, as plain data."""
    if kind.name == "list":
        return [value(random, kind.item or ANY) for _ in range(random.randrange(4))]
    if kind.name == "map":
        extra = {"more": None} if not random.randrange(6) else {}
        return {**{field: value(random, inner) for field, inner in (kind.fields or {}).items()}, **extra}
    if kind.name == "any":
        choices: Sequence[Any] = (
            text(random),
            number(random),
            decimal(random),
            True,
            [],
            {},
            [None, "a"],
            {"a b": [1]},
        )
        return random.choice(choices)
    makers: dict[str, Callable[[], Any]] = {
        "string": lambda: text(random),
        "int": lambda: number(random),
        "float": lambda: random.choice((decimal(random), number(random))),
        "bool": lambda: bool(random.randrange(2)),
        "cpu": lambda: random.choice(CPU),
        "bytes": lambda: random.choice(BYTES),
    }
    return makers[kind.name]()


def plain(value: Any, kind: Kind) -> Any:
    """A value that says its type itself: one spelling of numbers, a map's fields and no more."""
    if kind == FLOAT:
        return float(value)
    if kind in (CPUS, SIZE):
        return str(value)
    if kind.item is not None:
        return [plain(inner, kind.item) for inner in value]
    return {field: plain(value[field], inner) for field, inner in kind.fields.items()} if kind.fields else value


def strings(value: Any) -> list[str]:
    """Every text in a value, names of fields included."""
    if isinstance(value, dict):
        return [found for name, inner in value.items() for found in (name, *strings(inner))]
    if isinstance(value, list):
        return [found for inner in value for found in strings(inner)]
    return [value] if isinstance(value, str) else []


def fields_of(known: Known) -> list[Known]:
    """The name itself, and the fields of its map; what has no type is text to Argo."""
    found = [known._replace(alone=known.alone or known.kind == ANY)]
    for field, kind in (known.kind.fields or {}).items():
        found += fields_of(Known(f"{known.path}.{field}", kind, known.alone))
    return found


def expression(random: Random, kind: Kind, scope: Sequence[Known], depth: int = 2) -> str:
    """An expression of a type over what is known; a constant where nothing else fits."""
    fitting = [known.path for known in scope if known.kind == kind and not known.alone]
    makers = _MAKERS.get(kind.name)
    if fitting and (not depth or makers is None or random.randrange(2)):
        return random.choice(fitting)
    if not depth or makers is None:
        return _constant(random, kind)
    return random.choice(makers)(random, scope, depth - 1)


def _constant(random: Random, kind: Kind) -> str:
    if kind == STRING:
        return quoted(text(random).replace("{{", "{"))
    if kind.name in ("cpu", "bytes"):
        return f"quantity({quoted(str(value(random, kind)))})"
    if kind.name == "list":
        item = kind.item or STRING
        return "[" + ", ".join(_constant(random, item) for _ in range(random.randint(1, 3))) + "]"
    if kind.name in ("map", "any"):
        return "fromJson('{}')"
    made = value(random, kind)
    return str(made).lower() if isinstance(made, bool) else str(float(made) if kind == FLOAT else made)


def quoted(text: str) -> str:
    """A string literal."""
    return "'" + "".join(_ESCAPES.get(letter, letter) for letter in text) + "'"


_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _paths(scope: Sequence[Known], *names: str) -> list[str]:
    return [known.path for known in scope if known.kind.name in names and not known.alone]


def _compared(random: Random, scope: Sequence[Known], depth: int) -> str:
    kind = random.choice((INT, FLOAT, STRING))
    one, other = (expression(random, kind, scope, depth) for _ in range(2))
    return f"({one}) {random.choice(('==', '!=', '<', '<=', '>', '>='))} ({other})"


def _connected(random: Random, scope: Sequence[Known], depth: int) -> str:
    one, other = (expression(random, BOOL, scope, depth) for _ in range(2))
    return random.choice((f"({one}) && ({other})", f"({one}) || ({other})", f"!({one})"))


def _searched(random: Random, scope: Sequence[Known], depth: int) -> str:
    one, other = (expression(random, STRING, scope, depth) for _ in range(2))
    method = random.choice(("startsWith", "endsWith", "contains"))
    pattern = random.choice((r"'^[a-z]+$'", r"'a.*\\d'", "'x|y'"))
    found = f"[{expression(random, STRING, scope, 0)}, 'x']"
    return random.choice((f"({one}).{method}({other})", f"({one}).matches({pattern})", f"({one}) in {found}"))


def _present(random: Random, scope: Sequence[Known], depth: int) -> str:
    known = [one for one in scope if one.kind.name not in ("cpu", "bytes")]
    outputs = [one.path for one in known if one.path.startswith("steps.") and one.path.count(".") == 3]
    return f"{random.choice(outputs)} {random.choice(('==', '!='))} null" if outputs else "1 < 2"


def _computed(kind: Kind) -> Callable[[Random, Sequence[Known], int], str]:
    def make(random: Random, scope: Sequence[Known], depth: int) -> str:
        one, other = (expression(random, kind, scope, depth) for _ in range(2))
        factor = random.choice(("2", "3", "100", "-7"))
        factor = factor if kind == INT else f"{factor}.5"
        operators = ("*", "/", "%") if kind == INT else ("*", "/")
        return random.choice(
            (f"({one}) + ({other})", f"({one}) - ({other})", f"({one}) {random.choice(operators)} {factor}")
        )

    return make


def _measured(random: Random, scope: Sequence[Known], depth: int) -> str:
    sized = _paths(scope, "list", "map", "string")
    return f"size({random.choice(sized)})" if sized else "int('42')"


def _rounded(random: Random, scope: Sequence[Known], depth: int) -> str:
    return f"double({expression(random, INT, scope, depth)})"


def _shown(random: Random, scope: Sequence[Known], depth: int) -> str:
    shown = [known.path for known in scope if not known.alone]
    return f"{random.choice(('string', 'toJson'))}({random.choice(shown)})" if shown else "string(1.50)"


def _joined(random: Random, scope: Sequence[Known], depth: int) -> str:
    return " + ".join(f"({expression(random, STRING, scope, depth)})" for _ in range(2))


def _chosen(kind: Kind) -> Callable[[Random, Sequence[Known], int], str]:
    def make(random: Random, scope: Sequence[Known], depth: int) -> str:
        then, otherwise = (expression(random, kind, scope, depth) for _ in range(2))
        return f"({expression(random, BOOL, scope, depth)}) ? ({then}) : ({otherwise})"

    return make


_MAKERS: dict[str, tuple[Callable[[Random, Sequence[Known], int], str], ...]] = {
    "string": (_shown, _joined, _chosen(STRING)),
    "int": (_computed(INT), _measured, _chosen(INT)),
    "float": (_computed(FLOAT), _rounded, _chosen(FLOAT)),
    "bool": (_compared, _connected, _searched, _present, _chosen(BOOL)),
}
