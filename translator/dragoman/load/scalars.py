"""What a plain YAML scalar means in YAML 1.2's core schema, and which ones other readers take differently."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None


class Unclear(NamedTuple):
    """A plain scalar that may not stand as it is: the code, the message and the help of its finding."""

    code: str
    message: str
    help: str


def resolve(text: str) -> Scalar | Unclear:
    """The value of a plain scalar: YAML 1.2 core, or Unclear where YAML 1.1 readers would find another value.

    The readers compared are PyYAML's safe loader and `sigs.k8s.io/yaml`, which Argo, Argo CD and kubectl use.
    Two differences are accepted: `1e3`, `1.5e3` and `-.5` are numbers (PyYAML finds text), and a date is text
    letter by letter (PyYAML finds a date).
    """
    if text in WORDS:
        return WORDS[text]
    return number(text) if text[0] in NUMERIC else text


def number(text: str) -> Scalar | Unclear:
    """The value of a plain scalar that begins with a character of NUMERIC: a number, text, or Unclear."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        if "_" in text and _NUMBER.fullmatch(text.replace("_", "")):
            return _unclear(text, "is text here but a number in YAML 1.1 tools")
        return text
    kind = match.lastgroup
    if kind == "int":
        return _whole(text, 10)
    if kind == "float":
        value = float(text)
        return value if abs(value) < _INFINITE else _too_large(text)
    if kind == "hex":
        return _whole(text, 16)
    return _unclear(text, _WHY[kind or ""])


NUMERIC = frozenset("+-.0123456789")

_INFINITE = float("inf")
_NUMBER = re.compile(
    r"(?P<int>[-+]?(?:0|[1-9][0-9]*))"
    r"|(?P<hex>0x[0-9a-fA-F]+)"
    r"|(?P<zero>[-+]?0[0-9]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<base>[-+]?0(?:[bB][01]+|[oO][0-7]+|[xX][0-9a-fA-F]+))"
    r"|(?P<sixty>[-+]?(?:[1-9][0-9]*(?::[0-5]?[0-9])+|[0-9]+(?::[0-5]?[0-9])+\.[0-9]*))"
)
_WHY = {
    "zero": "has a leading zero: a decimal number here, octal or text in YAML 1.1 tools",
    "base": "is a number in some YAML tools and text in others",
    "sixty": "is text here but a base-60 number in YAML 1.1 tools",
}


def _whole(text: str, base: int) -> int | Unclear:
    if len(text) > 24:  # also keeps int() from its own limit on digits
        return _too_large(text)
    value = int(text, base)
    return value if -(2**63) <= value < 2**64 else _too_large(text)


def _too_large(text: str) -> Unclear:
    return Unclear("DRG012", f"`{short(text)}` is too large for a 64-bit number", _quote(text))


def _unclear(text: str, why: str) -> Unclear:
    return Unclear("DRG010", f"`{short(text)}` {why}", _quote(text))


def _quote(text: str) -> str:
    return f'quote it if it is text: "{short(text)}"'


def short(text: str) -> str:
    """The text as a message shows it."""
    return text if len(text) <= 40 else f"{text[:39]}…"


def _words() -> dict[str, Scalar | Unclear]:
    known: dict[str, Scalar | Unclear] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
    known |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
    for meaning, words in (("true", "y Y yes Yes YES on On ON"), ("false", "n N no No NO off Off OFF")):
        for word in words.split():
            message = f"`{word}` is text here but a boolean in YAML 1.1 tools"
            known[word] = Unclear("DRG010", message, f'quote it: "{word}"; or write {meaning} for the boolean')
    for word in ("<<", "="):
        known[word] = _unclear(word, "is text here but an operator in YAML 1.1 tools")
    for word in ("inf", "Inf", "INF"):
        for sign in (".", "+.", "-."):
            known[sign + word] = _not_finite(sign + word)
    for word in (".nan", ".NaN", ".NAN"):
        known[word] = _not_finite(word)
    return known


def _not_finite(word: str) -> Unclear:
    return Unclear("DRG012", f"`{word}` is not a finite number; no manifest can hold it", _quote(word))


WORDS = _words()
