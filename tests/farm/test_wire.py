"""Outcomes as bytes: what comes back is what was given, and whatever else there is never passes for one."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.farm.outcome import Made, Outcome, Rendered
from dragoman.farm.wire import decode, encode
from dragoman.findings import SEVERITIES, Finding, Fix, Pardon, Span

TEXT = st.text(max_size=8)
VALUES = st.one_of(TEXT, st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
PATHS = st.lists(st.one_of(TEXT, st.integers()), max_size=3).map(tuple)
SPANS = st.builds(Span, TEXT, *[st.integers(0, 99)] * 4, st.booleans())
FIXES = st.builds(Fix, TEXT, st.integers(1, 9), PATHS, VALUES)
PARDONS = st.builds(Pardon, TEXT, TEXT, TEXT, TEXT, st.none() | SPANS)
FINDINGS = st.builds(
    Finding,
    *(TEXT, TEXT, st.none() | SPANS, TEXT, st.sampled_from(SEVERITIES), TEXT),
    st.lists(st.tuples(SPANS, TEXT), max_size=2).map(tuple),
    *(TEXT, TEXT, st.none() | FIXES, st.none() | PARDONS),
)
FILES = st.from_regex(r"[a-z]{1,5}\.(yaml|json)", fullmatch=True)
MADE = st.builds(Made, FILES, st.tuples(TEXT, TEXT, TEXT), st.booleans(), st.binary(max_size=20))


def tuples(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=3).map(tuple)


RENDERED = st.builds(
    Rendered, TEXT, TEXT, TEXT, SPANS, tuples(st.tuples(TEXT, TEXT, TEXT)), tuples(FINDINGS), tuples(MADE)
)
OUTCOMES = st.builds(Outcome, st.integers(0, 9), tuples(RENDERED), tuples(FINDINGS), st.integers(1, 2))
SAMPLE = Outcome(
    1,
    (
        Rendered(
            "f",
            "argo",
            "prod",
            Span("f.dragoman.yaml", 3),
            (("needs", "native", ""),),
            (
                Finding(
                    *("DRG302", "m", Span("f"), "h", "warning", "spec.steps.a", ((Span("g"), "w"),), "r", "d"),
                    Fix("f", 1, ("a", 0), 3),
                    Pardon("exemption", "r", "o", "2027-01-31", Span("p")),
                ),
            ),
            (Made("job-a.yaml", ("Job", "ml", "a"), True, b"kind: Job\n"),),
        ),
    ),
)


@given(OUTCOMES)
def test_what_comes_back_is_what_was_given(outcome: Outcome) -> None:
    back = decode(encode(outcome))
    assert repr(back) == repr(outcome)  # also the types: True is not 1, a tuple no list


def test_every_field_is_written() -> None:
    """Who adds a field to a finding must say here, too, how it is read back."""
    assert all(SAMPLE.rendered[0].findings[0])
    assert repr(decode(encode(SAMPLE))) == repr(SAMPLE)


@pytest.mark.parametrize("file", ["../a.yaml", "/a.yaml", "a/b.yaml", "", ".", "..", ".dragoman-files", "a\0b"])
def test_no_manifest_leaves_its_folder(file: str) -> None:
    [rendered] = SAMPLE.rendered
    wrong = SAMPLE._replace(rendered=(rendered._replace(made=(rendered.made[0]._replace(file=file),)),))
    with pytest.raises(ValueError, match="no manifest's file"):
        decode(encode(wrong))


def test_texts_that_are_cut_off_or_too_many() -> None:
    data = encode(SAMPLE)
    for wrong, said in (
        (data[:-1], "a text is cut off"),
        (data + b"x", "texts that belong to no manifest"),
        (b"", "not found"),
        (data[:20] + b"\n", "Unterminated"),
    ):
        with pytest.raises(ValueError, match=said):
            decode(wrong)


@pytest.mark.parametrize("seed", range(400))
def test_something_else_is_refused(seed: int) -> None:
    """Any value of the JSON is another one: it is refused, or it is an outcome that can be used all the same."""
    random = Random(seed)
    head, texts = encode(SAMPLE).split(b"\n", 1)
    wrong = _changed(json.loads(head), random)
    try:
        outcome = decode(json.dumps(wrong).encode() + b"\n" + texts)
    except (ValueError, TypeError, RecursionError):
        return
    assert repr(decode(encode(outcome))) == repr(outcome)
    assert hash(outcome)  # findings are told apart by their hashes


def _changed(value: Any, random: Random) -> Any:
    """The value with one thing in it exchanged."""
    if isinstance(value, list) and value and random.random() < 0.9:
        number = random.randrange(len(value))
        return [_changed(inner, random) if at == number else inner for at, inner in enumerate(value)]
    return random.choice([None, True, -1, 10**30, "x", "\ud800", [], {}, {"a": 1}, [1], 1.5, "error", [[[]]]])
