"""Rules of the texts in `{% %}`: whole, in balance, of names that are known where they stand.

From "Transforming data with JSONata in Step Functions" and "Passing data between states with variables" in its
developer guide; the functions are those of JSONata 2.0.6 and of Step Functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from dragoman.emit.problem import Pointer, Problem, problem, shown

_FUNCTIONS = (
    "string length substring substringBefore substringAfter uppercase lowercase trim pad contains split join match "
    "replace base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl number abs floor ceil "
    "round power sqrt random formatNumber formatBase formatInteger parseInteger sum max min average boolean not exists "
    "count append sort reverse shuffle distinct zip keys lookup spread merge sift each error assert type now millis "
    "fromMillis toMillis map filter single reduce partition range hash uuid parse"
)
FUNCTIONS = frozenset(_FUNCTIONS.split())
_QUIET = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|/\*.*?\*/', re.DOTALL)
_NAME = re.compile(r"\$([^\W\d]\w*)")
_BOUND = re.compile(r"\$([^\W\d]\w*)\s*:=|[@#]\s*\$([^\W\d]\w*)")
_PARAMETERS = re.compile(r"(?:\bfunction|λ)\s*\(([^)]*)\)")
_STATES = re.compile(r"\$states\s*\.\s*`?(\w+)")
_FIELDS = frozenset({"input", "context", "result", "errorOutput"})
_PAIRS = {")": "(", "]": "[", "}": "{"}
_BRACKETS = re.compile(r"[()\[\]{}]")


class Expression(NamedTuple):
    """What an expression reads, and what is wrong with it wherever it stands."""

    names: frozenset[str]
    states: frozenset[str]
    wrong: tuple[str, str] | None


@lru_cache(maxsize=4096)
def expression(text: str) -> Expression:
    """What the text in `{% %}` reads.

    >>> expression("{% $count($states.input.items) + $n %}").names
    frozenset({'n'})
    """
    inner = text[2:-2]
    bare = _QUIET.sub("''", inner)
    names = set(_NAME.findall(bare))
    known = {"states"}
    if ":=" in bare or "@" in bare or "#" in bare:
        known.update(name for pair in _BOUND.findall(bare) for name in pair)
    if "function" in bare or "λ" in bare:
        known.update(name for given in _PARAMETERS.findall(bare) for name in _NAME.findall(given))
    states = frozenset(_STATES.findall(bare)) if "states" in names else frozenset()
    return Expression(frozenset(names - known - FUNCTIONS), states, _wrong(inner, bare, names, states))


def _wrong(inner: str, bare: str, names: set[str], states: frozenset[str]) -> tuple[str, str] | None:
    if not inner.strip():
        return "holds no expression", "write one between `{%` and `%}`"
    if "eval" in names:
        return "calls `$eval`, which Step Functions does not have", "read JSON with `$parse`"
    if odd := states - _FIELDS:
        return (
            f"reads `$states.{min(odd)}`, which there is not",
            "there are `input`, `context`, `result`, `errorOutput`",
        )
    quiet = bare.replace("''", "")
    if "/" in quiet:
        return None  # a division, or a pattern that may hold anything
    if '"' in quiet or "'" in quiet or "`" in quiet:
        return "has a quote that does not end", "close it, or write `\\` before a quote that is meant"
    return _balance(bare)


def _balance(bare: str) -> tuple[str, str] | None:
    opened: list[str] = []
    for mark in _BRACKETS.findall(bare):
        if mark not in _PAIRS:
            opened.append(mark)
        elif not opened or opened.pop() != _PAIRS[mark]:
            return f"has a `{mark}` that closes nothing", "leave it out, or open it"
    return (f"has a `{opened[-1]}` that nothing closes", "close it") if opened else None


class Readable(NamedTuple):
    """What an expression may read where it stands: variables, and fields of `$states`."""

    variables: frozenset[str]
    states: frozenset[str] = frozenset({"input", "context"})


def judge(value: Any, at: Pointer, readable: Readable) -> Iterator[Problem]:
    """What is wrong with the expressions in a value, however deep."""
    if isinstance(value, str):
        if "{%" in value or "%}" in value:
            yield from _text(value, at, readable)
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(child, (int, float)):
                yield from judge(child, (*at, str(key)), readable)
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield from judge(child, (*at, index), readable)


def _text(value: str, at: Pointer, readable: Readable) -> Iterator[Problem]:
    begins, ends = value.startswith("{%"), value.endswith("%}")
    if not begins or not ends or len(value) < 4:
        if value.strip().startswith("{%") or value.strip().endswith("%}"):
            says = f"is {shown(value)}: a text is an expression as a whole, or not at all"
            yield problem(at, says, "write `{%` first and `%}` last, and join texts with `&`")
        return
    read = expression(value)
    if read.wrong:
        yield problem(at, *read.wrong)
    if not read.states <= readable.states and (odd := (read.states & _FIELDS) - readable.states):
        where = "the `Output` and `Assign` of a Task, Parallel or Map"
        if "result" not in odd:
            where = "the `Output` and `Assign` of a catcher"
        yield problem(at, f"reads `$states.{min(odd)}`, which is not there", f"read it in {where}")
    if not read.names <= readable.variables:
        for name in sorted(read.names - readable.variables):
            says = f"reads `${name}`, which no state assigns where this one can see it"
            yield problem(at, says, "assign it in a state before, or pass it in")


def is_expression(value: Any) -> bool:
    """Whether the value is a text in `{% %}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")
