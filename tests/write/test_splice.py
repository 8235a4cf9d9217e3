"""Values set in the text of a file: what is meant changes, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import yaml_styles
from dragoman.findings import Fix
from dragoman.load import yaml
from dragoman.write.edits import SHARED, UNSURE
from dragoman.write.splice import UNREADABLE, Refusal, Spliced, spliced


def fix(*path: str | int, to: Any, number: int = 1) -> Fix:
    return Fix("a.yaml", number, path, to)


@pytest.mark.parametrize(
    ("before", "fixes", "after"),
    [
        # a value in the place of another, in its quotes
        ("a: 1 # c\n", [fix("a", to=2)], "a: 2 # c\n"),
        ("a:   x\t# c\n", [fix("a", to="y z")], "a:   y z\t# c\n"),
        ("a: 'x' # c\n", [fix("a", to="it's")], "a: 'it''s' # c\n"),
        ("a: 'x'\n", [fix("a", to="line\n")], 'a: "line\\n"\n'),
        ('a: "x"', [fix("a", to="y")], 'a: "y"'),
        ('a: "4"', [fix("a", to=8)], "a: 8"),
        ("memory: 4096\n", [fix("memory", to="4096Mi")], "memory: 4096Mi\n"),
        ("a: x\n", [fix("a", to="NO")], 'a: "NO"\n'),
        ("a: x\n", [fix("a", to="4096")], 'a: "4096"\n'),
        ("a: x\n", [fix("a", to="1:30")], 'a: "1:30"\n'),
        ("a: x\n", [fix("a", to="a, b")], 'a: "a, b"\n'),
        ("a: x\n", [fix("a", to=True)], "a: true\n"),
        ("a: x\n", [fix("a", to=1e21)], "a: 1.0e+21\n"),
        ("a: 1\n", [fix("a", to=1.0)], "a: 1.0\n"),
        ("a: 1\n", [fix("a", to=True)], "a: true\n"),
        ("a: !!str 5\n", [fix("a", to="6")], 'a: !!str "6"\n'),
        ("a: &x !!str 5\n", [fix("a", to=6)], "a: &x 6\n"),
        ("a: !!str |\n  5\n", [fix("a", to=6)], "a: 6\n"),
        ("a: some\n  text # c\nb: 1", [fix("a", to="x")], "a: x # c\nb: 1"),
        ("a: >- # c\n  some\n  text\nb: 1", [fix("a", to="x")], "a: x # c\nb: 1"),
        ("a: |+\n  text\n\nb: 1\n", [fix("a", to="x")], "a: x\n\nb: 1\n"),
        ("? a\n: 1\n", [fix("a", to=3)], "? a\n: 3\n"),
        ("a: [x, {b: 2}]\n", [fix("a", 1, "b", to="a b"), fix("a", 0, to="z")], "a: [z, {b: a b}]\n"),
        # quotes around what YAML 1.1 reads otherwise, letter by letter
        ("a: NO\nb: [US, on, 0777]\n", [fix("b", 1, to="on"), fix("b", 2, to="0777")], 'a: NO\nb: [US, "on", "0777"]\n'),
        ("a: &x NO\n", [fix("a", to="NO")], 'a: &x "NO"\n'),
        # nothing, or a null
        ("a:\nb: 1\n", [fix("a", to="y")], 'a: "y"\nb: 1\n'),
        ("a: # c\n", [fix("a", to="x")], "a: x # c\n"),
        ("a: &x\n", [fix("a", to="x")], "a: &x x\n"),
        ("a: ~ # c\n", [fix("a", "b", "c", to=1)], "a: {b: {c: 1}} # c\n"),
        ("-\n- ", [fix(0, to=1), fix(1, to=2)], "- 1\n- 2 "),
        ("a: {b}", [fix("a", "b", to=3)], "a: {b: 3}"),
        ("a: {b: , c: 1}", [fix("a", "b", "d", to=3)], "a: {b: {d: 3} , c: 1}"),
        ('{"a": null}', [fix("a", "b", to="x")], '{"a": {"b": "x"}}'),
        # a new entry of a block
        ("a:\n  b: 1  # c\nx: 1\n", [fix("a", "c", to="4Gi")], "a:\n  b: 1  # c\n  c: 4Gi\nx: 1\n"),
        ("a:\r\n    b: 1\r\n    # c\r\n", [fix("a", "c", to=2)], "a:\r\n    b: 1\r\n    c: 2\r\n    # c\r\n"),
        ("a: 1", [fix("b", to=2)], "a: 1\nb: 2"),
        ("\ufeffa: 1\r\nb: 1", [fix("c", to=2)], "\ufeffa: 1\r\nb: 1\r\nc: 2"),
        ("a:\n- 1\n- b:\n  - 2\n# c\n", [fix("a", 1, "c", to=1)], "a:\n- 1\n- b:\n  - 2\n  c: 1\n# c\n"),
        ("- a: 1\n- b: 1", [fix(0, "c", to=2)], "- a: 1\n  c: 2\n- b: 1"),
        ("x:\n  a: |+\n    t\n\n\ny: 1\n", [fix("x", "c", to=2)], "x:\n  a: |+\n    t\n\n\n  c: 2\ny: 1\n"),
        ("a: |\n  t\n\n# c\n", [fix("c", to=2)], "a: |\n  t\nc: 2\n\n# c\n"),
        ("a: 1\n", [fix("on", to=2)], 'a: 1\n"on": 2\n'),
        ("b: &x {c: 1}\na: *x\n", [fix("c", to=2)], "b: &x {c: 1}\na: *x\nc: 2\n"),
        # with maps around it, in the style of the last map beside it
        ("a: 1\n", [fix("b", "c", "d", to=2)], "a: 1\nb: {c: {d: 2}}\n"),
        ("a: {x: 1}\n", [fix("b", "c", to=2)], "a: {x: 1}\nb: {c: 2}\n"),
        ("a:\n    x: 1\n", [fix("b", "c", "d", to=2)], "a:\n    x: 1\nb:\n    c:\n        d: 2\n"),
        ("s:\n  a:\n    x: 1\n", [fix("s", "b", "c", to="4")], 's:\n  a:\n    x: 1\n  b:\n    c: "4"\n'),
        # in braces
        ("a: {b: 1} # c\n", [fix("a", "c", to="x")], "a: {b: 1, c: x} # c\n"),
        ("a: {b: 1,}\n", [fix("a", "c", "d", to=2)], "a: {b: 1, c: {d: 2},}\n"),
        ("a: {}\n", [fix("a", "c", "d", to=2)], "a: {c: {d: 2}}\n"),
        ("{}", [fix("a", to=2)], "{a: 2}"),
        ('{"a": {}, "b": 4096}', [fix("a", "c", to="x"), fix("b", to="1Mi")], '{"a": {"c": "x"}, "b": "1Mi"}'),
        ('{\n  "a": {\n    "b": 1\n  }\n}\n', [fix("a", "c", to=2)], '{\n  "a": {\n    "b": 1,\n    "c": 2\n  }\n}\n'),
        ("a: {\n  b: 1, # b\n}\n", [fix("a", "c", to=2)], "a: {\n  b: 1, # b\n  c: 2,\n}\n"),
        ("a: {\n  b: 1 # b\n}\n", [fix("a", "c", to=2)], "a: {\n  b: 1, # b\n  c: 2\n}\n"),
        ("a: {\n  b: 1 }\n", [fix("a", "c", to=2)], "a: {\n  b: 1, c: 2 }\n"),
        # several documents, several fixes
        ("a: 1\n--- # x\na: 1\n...\n", [fix("b", to=3, number=2), fix("a", to=2)], "a: 2\n--- # x\na: 1\nb: 3\n...\n"),
        ("# empty\n---\na: 1\n", [fix("a", to=2)], "# empty\n---\na: 2\n"),
        ("a: 1\n", [fix("b", "c", to=2), fix("b", "d", to=3)], "a: 1\nb: {c: 2, d: 3}\n"),
        ("a:\n", [fix("a", "b", to=2), fix("a", "c", to=3), fix("d", to=4)], "a: {b: 2, c: 3}\nd: 4\n"),
    ],
)  # fmt: skip
def test_what_is_meant_changes_and_nothing_else(before: str, fixes: list[Fix], after: str) -> None:
    done = spliced(before, "a.yaml", fixes)
    assert (done.text, Counter(done.done), done.refused) == (after, Counter(fixes), ())
    assert spliced(after, "a.yaml", fixes) == Spliced(after, (), ())


@pytest.mark.parametrize(
    ("text", "one", "reason"),
    [
        ("a: &x 1\nb: *x\n", fix("a", to=2), SHARED),
        ("a: &x NO\nb: *x\nc: [*x]\n", fix("a", to=2), SHARED),
        ("a: &x {b: 1}\nb: *x\n", fix("a", "b", to=2), SHARED),
        ("a: &x {b: 1}\nb: *x\n", fix("b", "b", to=2), SHARED),
        ("a: &x {b: {c: 1}}\nb: *x\n", fix("b", "b", "d", to=2), SHARED),
        ("a: &x {b: {c: 1}}\nb: {e: [*x]}\n", fix("a", "b", "d", to=2), SHARED),
        ("a: {b: 1}\n", fix("a", "b", "c", to=2), "there is no `c` here, and no place for one"),
        ("a: [1]\n", fix("a", 1, to=2), "there is no `1` here, and no place for one"),
        ("a: [1]\n", fix("a", "b", to=2), "there is no `b` here, and no place for one"),
        ("a:\n", fix("a", "b", 0, to=2), "there is no `b` here, and no place for one"),
        ("a: {b: 1}\n", fix("a", to=2), "there is a map here"),
        ("a: []\n", fix("a", to=2), "there is a list here"),
        ("a: [b: 1]\n", fix("a", 0, "c", to=2), UNSURE),
        ("? a\n: 1\n", fix("b", to=2), UNSURE),
        ("a: 1\n", fix("a", to=2, number=2), UNSURE),
        ("a: 1\n", fix(to=2), UNSURE),
        ("a: 1\na: 2\n", fix("a", to=2), UNREADABLE),
        ("a: [\n", fix("a", to=2), UNREADABLE),
    ],
)
def test_what_cannot_be_edited_with_certainty_is_left_alone(text: str, one: Fix, reason: str) -> None:
    assert spliced(text, "a.yaml", [one]) == Spliced(text, (), (Refusal(one, reason),))


def test_one_that_cannot_be_made_does_not_keep_others_back() -> None:
    fixes = [fix("a", to=2), fix("c", to=4), fix("b", 0, "y", to=3), fix("d", to=5)]
    done = spliced("a: 1\nb: [x: 1]\nc: &c 1\nd: 1\ne: *c\n", "a.yaml", fixes)
    assert done.text == "a: 2\nb: [x: 1]\nc: &c 1\nd: 5\ne: *c\n"
    assert done.done == (fixes[0], fixes[3])
    assert set(done.refused) == {Refusal(fixes[1], SHARED), Refusal(fixes[2], UNSURE)}


def _places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, data
    for key, inner in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _places(inner, (*path, key))


def _fixes(random: Random, documents: list[Any]) -> list[Fix]:
    """Fixes for paths none of which is above another."""
    chosen: list[Fix] = []
    for number, document in enumerate(documents, 1):
        for path, there in _places(document):
            if random.randrange(3):
                continue
            if isinstance(there, dict) or there is None:
                missing = [f"new {random.randrange(100)}" for _ in range(random.randint(1, 3))]
                if there is not None or random.randrange(2):
                    path = (*path, *missing)
            elif isinstance(there, list):
                continue
            new = Fix("a.yaml", number, path, yaml_styles.value(random))
            if path and all(old.path[: len(path)] != path[: len(old.path)] for old in chosen if old.number == number):
                chosen.append(new)
    random.shuffle(chosen)
    return chosen


def _set(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    data = {} if data is None else data
    if isinstance(data, dict):
        data.setdefault(path[0], None)
    data[path[0]] = _set(data[path[0]], path[1:], value)
    return data


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_fixes_of_any_file(random: Random) -> None:
    documents = [yaml_styles.data(random) for _ in range(random.choice([1, 1, 2]))]
    before = yaml_styles.text(random, documents)
    fixes = _fixes(random, documents)
    meant = deepcopy(documents)
    for one in fixes:
        meant[one.number - 1] = _set(meant[one.number - 1], one.path, one.value)

    done = spliced(before, "a.yaml", fixes)

    read = [document.data for document in yaml.parse(done.text, "a.yaml", foreign=True)]
    assert done.refused == ()
    assert set(done.done) <= set(fixes)
    assert spliced(done.text, "a.yaml", fixes) == Spliced(done.text, (), ())
    assert json.dumps(read, sort_keys=True) == json.dumps(meant, sort_keys=True)
    changed, added = Counter(before.split("\n")), Counter(done.text.split("\n"))
    assert not Counter(re.findall("# [0-9]+", before)) - Counter(re.findall("# [0-9]+", done.text))
    assert sum((changed - added).values()) <= sum(_lines(before, one) for one in done.done)


def _lines(text: str, one: Fix) -> int:
    """How many lines a fix may change: those of the value, or one."""
    document = next(
        each for each in yaml.parse(text.removeprefix("\ufeff"), "a.yaml", foreign=True) if each.number == one.number
    )
    place = document.span(one.path)
    return place.end_line - place.line + 1
