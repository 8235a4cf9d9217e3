"""Patterns: the same answer as a backtracking engine, in linear time, or a reason why not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.expr.pattern import read_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("", ["", "a"], []),
        ("b", ["abc"], ["", "ac"]),
        ("^b", ["bc"], ["ab"]),
        ("b$", ["ab"], ["bc", "b\n"]),
        ("^$", [""], ["a"]),
        ("^a|b$", ["ax", "xb"], ["xa", "bx"]),
        ("^(a|b)+$", ["abba"], ["", "abc"]),
        (".*@sha256:[0-9a-f]{64}", ["x/y@sha256:" + "0f" * 32], ["x@sha256:" + "0f" * 31, "x:latest"]),
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]+)*$", ["a-b.c1", "a"], ["a-", "-a", "a..b"]),
        ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]),
        ("^(ab){2,}$", ["abab", "ababab"], ["ab", "aba"]),
        ("^a{0}b$", ["b"], ["ab"]),
        ("^(?:a?){3}a{3}$", ["aaa", "aaaaaa"], ["aa", "aaaaaaa"]),
        (r"^\d+\.\w\s\S$", ["12.x !"], ["12xx !", "١.x !"]),
        (r"^[^\d\]\-a-c]$", ["x", "é", "\n"], ["1", "]", "-", "b"]),
        (r"^[a-]\x41\$$", ["aA$", "-A$"], ["bA$"]),
        ("^.$", ["é", "🐉"], ["\n", "ab"]),
        ("a+?b*?", ["a"], ["b"]),
        ("^(a||b)$", ["", "a", "b"], ["ab"]),
    ],
)
def test_matches(pattern: str, matching: list[str], other: list[str]) -> None:
    found = read_pattern(pattern).found_in
    assert [text for text in [*matching, *other] if found(text)] == matching


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "look-around, flags and named groups"),
        ("(?i)a", "look-around, flags and named groups"),
        (r"(a)\1", r"`\1`"),
        (r"\bword", r"`\b`"),
        (r"\pL", r"`\p`"),
        ("\\", "`\\`"),
        (r"\x0", r"`\x`"),
        ("a^b", "`^` and `$` stand only at the ends of a pattern"),
        ("a$b", "`^` and `$` stand only at the ends of a pattern"),
        ("(^a)", "`^` and `$` stand only at the ends of a pattern"),
        ("(a$)", "`^` and `$` stand only at the ends of a pattern"),
        ("a**", "a repetition of a repetition"),
        ("*a", "nothing before `*` to repeat"),
        ("a{,3}", "nothing before `{` to repeat"),
        ("a{3,2}", "a repetition beyond 1000, or of more than its maximum"),
        ("a{1001}", "a repetition beyond 1000, or of more than its maximum"),
        ("(a{30}){30}", "more than 500 positions, repetitions written out"),
        ("(((){1000}){1000}){1000}", "more than 500 positions, repetitions written out"),
        ("(" * 33 + ")" * 33, "groups nest deeper than 32"),
        ("(a", "a `(` without its `)`"),
        ("a)", "a `)` without its `(`"),
        ("[a", "a `[` without letters, or without its `]`"),
        ("[]", "a `[` without letters, or without its `]`"),
        ("[[:alpha:]]", "a `[` inside `[]`: write `\\[`"),
        ("[z-a]", "a range of letters that has no order"),
        (r"[\d-z]", "a range of letters that has no order"),
    ],
)
def test_what_is_not_supported(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        read_pattern(pattern)


_PATTERNS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", "(?:)"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda parts: "({}|{})".format(*parts)),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}"])).map(
            lambda parts: "(?:{}){}".format(*parts)
        ),
    ),
    max_leaves=6,
)


@given(_PATTERNS, st.sampled_from(["", "^"]), st.sampled_from(["", "$"]), st.text("abc\n", max_size=7))
@settings(max_examples=500, deadline=None)
def test_the_same_answer_as_a_backtracking_engine(pattern: str, start: str, end: str, text: str) -> None:
    finish = r"\Z" if end else ""
    theirs = re.search(f"{start}(?:{pattern}){finish}", text, re.ASCII)
    assert read_pattern(f"{start}(?:{pattern}){end}").found_in(text) == (theirs is not None)


def test_no_pattern_is_slow() -> None:
    text = "a" * 20_000 + "!"
    for pattern in ("^(a+)+$", "^(a|a)*$", "(a*)*b", ".*.*.*.*b", "^(a?){200}a{200}b$"):
        assert not read_pattern(pattern).found_in(text)


@given(st.text("ab()[]{}*+?|^$\\.-1,:dwx", max_size=20))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_pattern_or_has_a_reason(source: str) -> None:
    assert _reason(source) != ""


def _reason(source: str) -> str | None:
    try:
        read_pattern(source).found_in("ab1")
    except ValueError as error:
        return str(error)
    return None
