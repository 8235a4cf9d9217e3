"""Ways in which a spec file goes wrong: each takes its bytes and those of another file, and gives other bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from dragoman.findings import Findings
from dragoman.load.yaml import parse
from dragoman.write.yaml import dump

Mutation: TypeAlias = Callable[[Random, bytes, bytes], bytes]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 10**40, 0.5, -0.0, 1e308, "", " ", "x", "NO", "1", "-1",
    "${{", "${{ }}", "${{ x }}", "${{ params.a }}", "${{ item }}", "${{ 1 / 0 }}", "steps.a.outputs.b", "}}", "{{x}}", "$(A)",
    "\0", "\x01", "\t", "\r\n", "\n", "é", "🙂", "\u2028", "a" * 300, "a" * 5000, "(" * 200, "1" * 400, "1e400", "9" * 40 + "Gi",
    "99999999999999999999w", "0s", "/", "..", "../../etc/passwd", "a/b", "*", "@every 1s", "0 0 31 2 *", "argo", "kubernetes",
    "batch", "toy", [], [None], [[]], [1, "a", None], ["${{ x }}"], [{}], {}, {"a": None}, {"": ""}, {"in": [1]}, {"range": 10**9},
    {"type": "list"}, {"type": {}}, {"secret": "a/b", "configMap": "a/b"}, {"steps": {}}, {"use": "a"}, {"a": {"a": {"a": {"a": []}}}},
)  # fmt: skip
NOISE = (
    "\u202e",
    "\ufeff",
    "\u200b",
    "\x85",
    "\u2028",
    "\ud7ff",
    "\U0010ffff",
    "e\u0301",
    "\x00",
    "\x07",
    "\t",
    "\r",
    "ÿ",
    "İ",
)
BYTES = (b"\xff", b"\xfe\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\xef\xbb\xbf", b"\x80")


def flip(random: Random, data: bytes, _: bytes) -> bytes:
    """Some bits are others."""
    changed = bytearray(data)
    for _number in range(random.randint(1, 4)):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def delete(random: Random, data: bytes, _: bytes) -> bytes:
    """A piece is gone."""
    start = random.randrange(len(data))
    return data[:start] + data[start + random.choice((1, 1, 2, 5, 30)) :]


def insert(random: Random, data: bytes, _: bytes) -> bytes:
    """Bytes that are no text, or letters that nobody sees."""
    at = random.randrange(len(data))
    return data[:at] + random.choice((*BYTES, *(letter.encode() for letter in NOISE))) + data[at:]


def repeat(random: Random, data: bytes, _: bytes) -> bytes:
    """Lines stand twice."""
    lines = data.splitlines(keepends=True)
    start = random.randrange(len(lines))
    piece = lines[start : start + random.randint(1, 4)]
    at = random.choice((start, random.randrange(len(lines))))
    return b"".join([*lines[:at], *piece * random.choice((1, 1, 2, 50)), *lines[at:]])


def truncate(random: Random, data: bytes, _: bytes) -> bytes:
    """The end is missing."""
    return data[: random.randrange(len(data))]


def splice(random: Random, data: bytes, other: bytes) -> bytes:
    """The start of one file and the end of another."""
    lines, others = data.splitlines(keepends=True), other.splitlines(keepends=True)
    middle = random.choice((b"", b"", b"---\n", b"...\n"))
    return b"".join([*lines[: random.randrange(len(lines))], middle, *others[random.randrange(len(others)) :]])


def garble(random: Random, data: bytes, _: bytes) -> bytes:
    """A word is another."""
    words = list(re.finditer(rb"[A-Za-z0-9_.${}-]+", data))
    if not words:
        return data
    found, other = random.choice(words), random.choice(words)
    replacement = random.choice(
        (other[0], found[0] * 2, found[0][::-1], found[0].upper(), b"~", b"*a", b"&a", b"!x", b"|", b"}")
    )
    return data[: found.start()] + replacement + data[found.end() :]


def swap(random: Random, data: bytes, _: bytes) -> bytes:
    """A value is of another type."""
    return _with_change(random, data, lambda node, key: node.__setitem__(key, random.choice(VALUES)))


def move(random: Random, data: bytes, other: bytes) -> bytes:
    """A value stands where another was, perhaps one of another file."""
    donors = [node[key] for node, key in _places(_read(random.choice((data, other))))] or [None]
    return _with_change(random, data, lambda node, key: node.__setitem__(key, random.choice(donors)))


def rename(random: Random, data: bytes, _: bytes) -> bytes:
    """A key has another name, or one that another map has."""

    def change(node: Any, key: Any) -> None:
        if isinstance(node, dict):
            names = [key for _, key in places if isinstance(key, str)]
            node[random.choice((*names, *names, "", "x", "é", f"{key}s", f" {key}", "0", "__class__"))] = node.pop(key)

    places = _places(_read(data))
    return _with_change(random, data, change)


def remove(random: Random, data: bytes, _: bytes) -> bytes:
    """An entry is gone."""
    return _with_change(random, data, lambda node, key: node.__delitem__(key))


MUTATIONS: tuple[Mutation, ...] = (
    flip, delete, insert, repeat, truncate, splice, garble, swap, swap, swap, swap, move, move, rename, rename, remove,
)  # fmt: skip


def mutated(random: Random, data: bytes, other: bytes) -> bytes:
    """The file after one to three of them."""
    for _ in range(random.choice((1, 1, 2, 3))):
        data = random.choice(MUTATIONS)(random, data, other) or b"\n"
    return data


def _with_change(random: Random, data: bytes, change: Callable[[Any, Any], None]) -> bytes:
    document = _read(data)
    places = _places(document)
    if not places:
        return data
    change(*random.choice(places))
    return dump(document).encode()


def _read(data: bytes) -> Any:
    try:
        return _copied(parse(data.decode("utf-8", "replace"), "")[0].data)
    except Findings:
        return None


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every map or list with each of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in inner for place in ((value, key), *_places(child))]
