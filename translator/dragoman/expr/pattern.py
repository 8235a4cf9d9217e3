"""Regular expressions for `matches`: the subset that RE2, Java and Python read alike, matched in linear time.

A pattern becomes its position automaton (Glushkov): one state per letter of the pattern, a set of states is
the bits of an int. There is no backtracking, so no pattern is slow on any text. As in CEL a match may be
anywhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

MAX_POSITIONS, MAX_READS, MAX_REPEAT, MAX_DEPTH = 500, 5000, 1000, 32
MAX_STEPS = 1000  # that a branch remembers

Ranges: TypeAlias = tuple[tuple[int, int], ...]

_DIGITS: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_NEWLINE: Ranges = ((10, 10),)
_CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11}
_QUANTIFIER = re.compile(r"(?:([*+?])|\{([0-9]{1,4})(,?)([0-9]{0,4})\})\??")


class Pattern(NamedTuple):
    """A pattern read: its alternatives, and how many letters and ranges it has, repetitions written out.

    A text is matched in at most letters times `weight` steps.
    """

    branches: tuple[_Branch, ...]
    weight: int

    def found_in(self, text: str) -> bool:
        """Whether any part of the text matches."""
        return any(branch.found_in(text) for branch in self.branches)


@lru_cache(maxsize=64)
def read_pattern(source: str) -> Pattern:
    """The pattern; ValueError says what in it is not supported."""
    reader = _Reader(source)
    pieces: dict[tuple[bool, bool], _Piece] = {}  # by where they are anchored
    while True:
        piece, anchors = reader.branch()
        pieces[anchors] = _either(pieces[anchors], piece) if anchors in pieces else piece
        if reader.peek() != "|":
            break
        reader.at += 1
    if reader.peek():
        raise ValueError("a `)` without its `(`")
    accepting: dict[str, int] = {}
    branches = [_Branch(piece, *anchors, reader, accepting) for anchors, piece in pieces.items()]
    return Pattern(tuple(branches), reader.reads)


class _Piece(NamedTuple):
    """A part of a pattern: can it match nothing, and the positions that it begins and ends with."""

    empty: bool
    first: int
    last: int


def _either(left: _Piece, right: _Piece) -> _Piece:
    return _Piece(left.empty or right.empty, left.first | right.first, left.last | right.last)


class _Branch:
    """The alternatives that are anchored alike. Bit 0 of a state set is the place before the match."""

    __slots__ = ("accepting", "anchored", "atoms", "empty", "ended", "follow", "last", "steps")

    def __init__(self, piece: _Piece, anchored: bool, ended: bool, reader: _Reader, accepting: dict[str, int]) -> None:
        self.empty, self.last, self.anchored, self.ended = piece.empty, piece.last, anchored, ended
        self.atoms, self.follow = reader.atoms, [piece.first, *reader.follow[1:]]
        self.accepting = accepting  # of all branches: the positions that a letter fits
        self.steps: dict[tuple[int, str], int] = {}

    def found_in(self, text: str) -> bool:
        if self.empty and not (self.anchored and self.ended):
            return True
        states = 1
        for letter in text:
            after = self.steps.get((states, letter))
            if after is None:
                after = self.step(states, letter)
            if not after or (after & self.last and not self.ended):
                return bool(after)
            states = after
        return bool(states & self.last) or (self.empty and not text)

    def step(self, states: int, letter: str) -> int:
        if len(self.steps) > MAX_STEPS:
            self.steps.clear()
            self.accepting.clear()
        if letter not in self.accepting:
            code = ord(letter)
            hits = (any(low <= code <= high for low, high in atom) for atom in self.atoms)
            self.accepting[letter] = sum(1 << position for position, hit in enumerate(hits) if hit)
        reached, rest = 0, states
        while rest:
            lowest = rest & -rest
            reached |= self.follow[lowest.bit_length() - 1]
            rest ^= lowest
        after = (reached & self.accepting[letter]) | (0 if self.anchored else 1)
        self.steps[states, letter] = after
        return after


class _Reader:
    """Recursive descent over the source; a repeated part is read again for each of its copies."""

    __slots__ = ("at", "atoms", "depth", "follow", "reads", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = self.depth = self.reads = 0
        self.atoms: list[Ranges] = [()]
        self.follow = [0]

    def branch(self) -> tuple[_Piece, tuple[bool, bool]]:
        """One alternative, and whether it stands only at the start of a text, only at the end."""
        anchored = self.peek() == "^"
        self.at += anchored
        piece = self.sequence()
        ended = self.peek() == "$"
        self.at += ended
        if self.peek() not in ("", "|", ")"):
            raise ValueError("`^` and `$` stand only at the ends of a pattern")
        return piece, (anchored, ended)

    def sequence(self) -> _Piece:
        piece = _Piece(True, 0, 0)
        while self.peek() not in ("", "|", ")", "$"):
            piece = self.joined(piece, self.repeated())
        return piece

    def joined(self, left: _Piece, right: _Piece) -> _Piece:
        self.link(left.last, right.first)
        return _Piece(
            left.empty and right.empty,
            left.first | (right.first if left.empty else 0),
            right.last | (left.last if right.empty else 0),
        )

    def link(self, positions: int, to: int) -> None:
        while positions:
            lowest = positions & -positions
            self.follow[lowest.bit_length() - 1] |= to
            positions ^= lowest

    def repeated(self) -> _Piece:
        start = self.at
        copies = [self.atom()]
        low, high = self.times()
        after = self.at
        for _ in range(1, max(low, high or 1)):
            self.at = start
            copies.append(self.atom())
        self.at = after
        if high is None:
            self.link(copies[-1].last, copies[-1].first)
        piece = _Piece(True, 0, 0)
        for number, copy in enumerate(copies if high != 0 else []):
            piece = self.joined(piece, copy if number < low else copy._replace(empty=True))
        return piece

    def times(self) -> tuple[int, int | None]:
        """How often the last part may stand: at least, and at most (None: no bound)."""
        match = _QUANTIFIER.match(self.source, self.at)
        if match is None:
            return 1, 1
        self.at = match.end()
        if self.peek() in ("*", "+", "?", "{"):
            raise ValueError("a repetition of a repetition")
        if match[1]:
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[match[1]]
        low = int(match[2])
        high = int(match[4]) if match[4] else None if match[3] else low
        if match[4] and not match[3]:
            raise ValueError("a repetition without a comma")
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise ValueError(f"a repetition beyond {MAX_REPEAT}, or of more than its maximum")
        return low, high

    def atom(self) -> _Piece:
        letter = self.peek()
        self.at += 1
        self.count()
        if letter == "(":
            return self.group()
        if letter == "[":
            return self.position(self.letters())
        if letter == ".":
            return self.position(_complement(_NEWLINE))
        if letter == "\\":
            return self.position(self.escape())
        if letter in "*+?{":
            raise ValueError(f"nothing before `{letter}` to repeat")
        if letter == "^":
            raise ValueError("`^` and `$` stand only at the ends of a pattern")
        return self.position(((ord(letter), ord(letter)),))

    def count(self) -> None:
        self.reads += 1
        if self.reads > MAX_READS or len(self.atoms) > MAX_POSITIONS:
            raise ValueError(f"more than {MAX_POSITIONS} positions, repetitions written out")

    def position(self, ranges: Ranges) -> _Piece:
        self.atoms.append(ranges)
        self.follow.append(0)
        bit = 1 << len(self.atoms) - 1
        return _Piece(False, bit, bit)

    def group(self) -> _Piece:
        if self.peek() == "?":
            if not self.source.startswith("?:", self.at):
                raise ValueError("look-around, flags and named groups")
            self.at += 2
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"groups nest deeper than {MAX_DEPTH}")
        piece = self.sequence()
        while self.peek() == "|":
            self.at += 1
            piece = _either(piece, self.sequence())
        if self.peek() == "$":
            raise ValueError("`^` and `$` stand only at the ends of a pattern")
        if self.peek() != ")":
            raise ValueError("a `(` without its `)`")
        self.at += 1
        self.depth -= 1
        return piece

    def letters(self) -> Ranges:
        """A class of letters whose `[` has been taken."""
        negated = self.peek() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        while self.peek() not in ("", "]"):
            item = self.class_item()
            if self.peek() == "-" and self.source[self.at + 1 : self.at + 2] not in ("", "]"):
                self.at += 1
                upper = self.class_item()
                if not _one_letter(item) or not _one_letter(upper) or item > upper:
                    raise ValueError("a range of letters that has no order")
                item = ((item[0][0], upper[0][0]),)
            ranges += item
        if not ranges or not self.peek():
            raise ValueError("a `[` without letters, or without its `]`")
        self.at += 1
        return _complement(tuple(ranges)) if negated else tuple(ranges)

    def class_item(self) -> Ranges:
        letter = self.peek()
        self.at += 1
        self.count()
        if letter == "[":
            raise ValueError("a `[` inside `[]`: write `\\[`")
        return self.escape() if letter == "\\" else ((ord(letter), ord(letter)),)

    def escape(self) -> Ranges:
        letter = self.peek()
        self.at += 1
        if letter.lower() in ("d", "w", "s"):
            ranges = {"d": _DIGITS, "w": _WORD, "s": _SPACE}[letter.lower()]
            return ranges if letter.islower() else _complement(ranges)
        code = _CONTROLS.get(letter, 0)
        if letter == "x":
            digits = self.source[self.at : self.at + 2]
            code = int(digits, 16) if re.fullmatch("[0-9a-fA-F]{2}", digits) else 0
            self.at += 2
        elif letter and letter.isascii() and not letter.isalnum():
            code = ord(letter)
        if not code:
            raise ValueError(f"`\\{letter}`")
        return ((code, code),)

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]


def _one_letter(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _complement(ranges: Ranges) -> Ranges:
    """Every letter that is in none of the ranges."""
    result, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            result.append((start, low - 1))
        start = max(start, high + 1)
    return (*result, (start, 0x10FFFF))
