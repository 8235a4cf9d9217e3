"""YAML files as data with places, and everything an author can get wrong in one."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.findings import Finding, Findings, Fix, Span
from dragoman.load.document import Document
from dragoman.load.text import decode
from dragoman.load.yaml import parse
from dragoman.write.yaml import dump


def data(text: str) -> list[Any]:
    return [document.data for document in parse(text, "a.yaml")]


def found(text: str) -> list[Finding]:
    with pytest.raises(Findings) as caught:
        parse(text, "a.yaml")
    return list(caught.value.findings)


def places(text: str) -> list[tuple[str, int, int]]:
    return [(finding.code, finding.span.line, finding.span.column) for finding in found(text) if finding.span]


def test_libyaml_is_there() -> None:
    assert yaml.__with_libyaml__, "PyYAML is built without libyaml: install its wheel"


def test_without_libyaml_the_environment_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    with pytest.raises(Findings) as caught:
        parse("a: 1", "a.yaml")
    expected = Finding("DRG016", "PyYAML here is built without libyaml", help="install PyYAML's wheel")
    assert (caught.value.findings, caught.value.exit_code) == ((expected,), 2)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *[(word, None) for word in ("", "~", "null", "Null", "NULL", "!!null ''")],
        *[(word, True) for word in ("true", "True", "TRUE", "!!bool 'true'")],
        *[(word, False) for word in ("false", "False", "FALSE")],
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("0x1F", 31),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("!!int '3'", 3),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("01.5", 1.5),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("!!float 3", 3.0),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        *[(word, word) for word in ("nULL", "tRUE", "None", "yEs", "NaN", "inf", "1.2.3", "0o18", "08:5", "1:60")],
        *[(word, word) for word in ("8080:80", "0xZ", "_1", "30s", "4Gi", "3.12-slim", "+", ".", "1e", "١")],
        *[(f'"{word}"', word) for word in ("NO", "0777", "1:30", "null", "1", "<<")],
        ("'it''s'", "it's"),
        ('"\\u00e9\\U0001F600\\x41\\n"', "é😀A\n"),
        ("!!str 1", "1"),
        ("!!str NO", "NO"),
        ("! 12", "12"),
        ("${{ steps.a.outputs.b }}", "${{ steps.a.outputs.b }}"),
    ],
)
def test_scalars(scalar: str, value: Any) -> None:
    (read,) = data(f"a: {scalar}\n")
    assert (read, type(read["a"])) == ({"a": value}, type(value))


def test_blocks_of_text() -> None:
    text = "a: |\n  x\n   y\n\n\nb: >-\n  one\n  two\nc: |2+\n   z\n\nd: 1\n"
    assert data(text) == [{"a": "x\n y\n", "b": "one two", "c": " z\n\n", "d": 1}]


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: [1, {b: c}, []]\n", [{"a": [1, {"b": "c"}, []]}]),
        ("a:\n- 1\n-\n  - 2\n- b: 3\n  c:\n", [{"a": [1, [2], {"b": 3, "c": None}]}]),
        ("? a\n: 1\n? b\n", [{"a": 1, "b": None}]),
        ("a: 1\n---\nb: 2\n...\n---\nc: 3\n", [{"a": 1}, {"b": 2}, {"c": 3}]),
        ("# nothing\n---\n# here\n---\na: 1\n---\n", [{"a": 1}]),
        ("--- text\n--- ~\n--- ''\n", ["text", None, ""]),
        ("%YAML 1.2\n---\na: 1\n", [{"a": 1}]),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ("a: 1\r\nb:\r\n  - x\r\n", [{"a": 1, "b": ["x"]}]),
        ("a: 1\rb: |\r  x\r", [{"a": 1, "b": "x\n"}]),
        ("on: 1\nNO: 2\ny: 3\n=: 4\n2026-01-01: 5\n", [{"on": 1, "NO": 2, "y": 3, "=": 4, "2026-01-01": 5}]),
        ("'1': a\n'<<': b\n!!str 2: c\n", [{"1": "a", "<<": "b", "2": "c"}]),
        ("a: &x 1\nb: *x\n&k c: 2\nd: *k\n", [{"a": 1, "b": 1, "c": 2, "d": "c"}]),
        ("&k a: 1\nb: {*k : 2}\n", [{"a": 1, "b": {"a": 2}}]),
        ("a: &x 1\nb: &x 2\nc: *x\n---\na: &x 3\nb: *x\n", [{"a": 1, "b": 2, "c": 2}, {"a": 3, "b": 3}]),
    ],
)
def test_documents(text: str, documents: list[Any]) -> None:
    assert data(text) == documents


def test_an_alias_is_the_same_object() -> None:
    (read,) = data("a: &x {b: [1]}\nc: *x\n")
    assert read["a"] is read["c"]


Place = tuple[int, int, int, int]
TEXT = """\
# a comment
a: 1
"é😀":   [x, 'y']   # why
list:
- - deep
- k: &v {z: 1}

  m: |
    some
    text

# the end
last: *v
"""


def document() -> Document:
    (read,) = parse(TEXT, "a.yaml")
    return read


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (["a"], (2, 1, 2, 2), (2, 4, 2, 5)),
        (["é😀"], (3, 1, 3, 5), (3, 9, 3, 17)),
        (["é😀", 1], (3, 13, 3, 16), (3, 13, 3, 16)),
        (["list"], (4, 1, 4, 5), (5, 1, 10, 9)),
        (["list", 0], (5, 3, 5, 9), (5, 3, 5, 9)),
        (["list", 0, 0], (5, 5, 5, 9), (5, 5, 5, 9)),
        (["list", 1], (6, 3, 10, 9), (6, 3, 10, 9)),
        (["list", 1, "k"], (6, 3, 6, 4), (6, 6, 6, 15)),
        (["list", 1, "k", "z"], (6, 10, 6, 11), (6, 13, 6, 14)),
        (["list", 1, "m"], (8, 3, 8, 4), (8, 6, 10, 9)),
        (["last"], (13, 1, 13, 5), (13, 7, 13, 9)),
        (["last", "z"], (6, 10, 6, 11), (6, 13, 6, 14)),
        (["list", 7, "no"], (4, 1, 4, 5), (5, 1, 10, 9)),
        ([], (2, 1, 2, 1), (2, 1, 2, 1)),
    ],
)
def test_the_place_of_a_path(path: list[str | int], key: Place, value: Place) -> None:
    assert document().span(path, key=True) == Span("a.yaml", *key)
    assert document().span(path) == Span("a.yaml", *value)


def test_places_count_on_over_documents_and_line_breaks() -> None:
    first, second = parse("\ufeff# x\r\n---\r\n---\r\na: b\r\n---\r\n- c\r\n", "a.yaml")
    assert (first.number, first.span([]), first.span(["a"])) == (
        1,
        Span("a.yaml", 4, 1, 4, 1),
        Span("a.yaml", 4, 4, 4, 5),
    )
    assert (second.number, second.span([0])) == (2, Span("a.yaml", 6, 3, 6, 4))


@pytest.mark.parametrize("tag", ["", "!!str ", "&x !!str ", "! "])
def test_a_block_of_text_ends_with_its_last_letter(tag: str) -> None:
    (read,) = parse(f"a: {tag}|\n  x\n  yz\n\n# c\nb: 1\n", "a.yaml")
    assert read.span(["a"]) == Span("a.yaml", 1, 4, 3, 5)


WORDS = st.sampled_from(["a", "NO", "x y", "é", "😀😀", "- q", "1e3", "~", "a\nb\n", "  ", "long " * 30 + "."])
TREES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_the_text_at_a_place_is_the_value(tree: Any) -> None:
    text = dump(tree)
    (read,) = parse(text, "a.yaml")
    lines = text.split("\n")

    def check(value: Any, path: list[str | int]) -> None:
        if isinstance(value, (dict, list)):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                check(inner, [*path, key])
        place = read.span(path)
        if path and place.line == place.end_line:
            written = lines[place.line - 1][place.column - 1 : place.end_column - 1]
            assert data(written) == [value]

    check(tree, [])


REFUSED = """
y Y yes Yes YES n N no No NO on On ON off Off OFF = <<
0777 017 01 08 00 -07 007_7 0o17 0O17 0b11 0B11 -0b1 0X1F -0x1F +0o7 0x_F
1:30 12:30:45 -1:30 1:30.5 1_0:30 00:30.5 1_000 1_000.5 -1_0 1_ .5_0 1_0e3
"""


@pytest.mark.parametrize("scalar", REFUSED.split())
def test_scalars_that_other_tools_read_differently_are_refused(scalar: str) -> None:
    assert places(f"a: {scalar}\nb: [{scalar}]\n") == [("DRG010", 1, 4), ("DRG010", 2, 5)]


def test_how_to_say_it_instead() -> None:
    assert found("a: NO\nb: 0777\n") == [
        Finding(
            "DRG010",
            "`NO` is text here but a boolean in YAML 1.1 tools",
            Span("a.yaml", 1, 4, 1, 6),
            'quote it: "NO"; or write false for the boolean',
            fix=Fix("a.yaml", 1, ("a",), "NO"),
        ),
        Finding(
            "DRG010",
            "`0777` has a leading zero: a decimal number here, octal or text in YAML 1.1 tools",
            Span("a.yaml", 2, 4, 2, 8),
            'quote it if it is text: "0777"',
            fix=Fix("a.yaml", 1, ("b",), "0777"),
        ),
    ]


def test_quotes_have_their_place() -> None:
    text = (
        "NO\n---\na: [x, {b: on}]\n---\n# nothing\n---\n- - c:\n    - d\n    - e: 1_0\n---\n!!int 0777\n---\na: .inf\n"
    )
    assert [finding.fix for finding in found(text)] == [
        Fix("a.yaml", 1, (), "NO"),
        Fix("a.yaml", 2, ("a", 1, "b"), "on"),
        Fix("a.yaml", 3, (0, 0, "c", 1, "e"), "1_0"),
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: .inf\nb: -.INF\nc: .NaN\n", [("DRG012", 1, 4), ("DRG012", 2, 4), ("DRG012", 3, 4)]),
        ("a: 1e999\nb: 18446744073709551616\n", [("DRG012", 1, 4), ("DRG012", 2, 4)]),
        (f"a: {'9' * 5000}\n", [("DRG012", 1, 4)]),
        ("a: 1\nb:\n  c: 1\n  c: 2\na: 2\na: 3\n", [("DRG004", 4, 3), ("DRG004", 5, 1), ("DRG004", 6, 1)]),
        ("{a: 1, 'a': 2, \"\\x61\": 3}\n", [("DRG004", 1, 8), ("DRG004", 1, 16)]),
        ("1: a\n1.5: b\ntrue: c\n~: d\n", [("DRG005", line, 1) for line in (1, 2, 3, 4)]),
        ("?\n: a\n", [("DRG005", 1, 2)]),
        ("0777: a\n.inf: b\n!!int 3: c\n", [("DRG005", 1, 1), ("DRG005", 2, 1), ("DRG005", 3, 1)]),
        ("? [a]\n: b\n? {c: d}\n: e\n", [("DRG005", 1, 3), ("DRG005", 3, 3)]),
        ("a: {{ x }}\n", [("DRG005", 1, 5)]),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", [("DRG006", 3, 3)]),
        ("a: !foo 1\nb: !!binary x\nc: !<tag:x,1:y> {}\n", [("DRG009", line, 4) for line in (1, 2, 3)]),
        ("a: !!int x\nb: !!seq {}\nc: !!str []\n", [("DRG009", line, 4) for line in (1, 2, 3)]),
        ("a: *x\nb: &x 1\n", [("DRG011", 1, 4)]),
        ("a: &x [1, {b: *x}]\n", [("DRG011", 1, 15)]),
        ("a: NO\na: 1\n1: [\n", [("DRG010", 1, 4), ("DRG004", 2, 1), ("DRG005", 3, 1), ("DRG002", 3, 5)]),
        ("", [("DRG008", 1, 1)]),
        ("# only words\n---\n---\n", [("DRG008", 1, 1)]),
    ],
)  # fmt: skip
def test_everything_wrong_is_found(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert places(text) == expected


def test_a_key_given_twice_shows_both_places() -> None:
    assert found("a:\n  cpu: 1\n  cpu: 2\n") == [
        Finding(
            "DRG004",
            "key `cpu` is given twice",
            Span("a.yaml", 3, 3, 3, 6),
            "keep one of them",
            related=((Span("a.yaml", 2, 3, 2, 6), "first given here"),),
        )
    ]


def test_findings_stop_at_a_number_that_nobody_reads() -> None:
    assert len(found("- NO\n" * 5000)) == 200


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_are_utf8(mark: bytes) -> None:
    assert decode(mark + "a: é😀\n".encode(), "a.yaml") == "a: é😀\n"


@pytest.mark.parametrize(
    ("raw", "message", "column"),
    [
        (b"a: 1\n\xc3\xa9: \xff\n", "byte 0xff at line 2 (byte 10 of the file) is not UTF-8 text", 4),
        (b"\xef\xbb\xbfa\xff", "byte 0xff at line 1 (byte 5 of the file) is not UTF-8 text", 2),
        (b"a\nb\0", "byte 0x00 at line 2 (byte 4 of the file) is not UTF-8 text", 2),
        (b"a: \xc3", "byte 0xc3 at line 1 (byte 4 of the file) is not UTF-8 text", 4),
    ],
)
def test_other_bytes_are_named(raw: bytes, message: str, column: int) -> None:
    line = raw.count(b"\n", 0, len(raw) - 1) + 1
    with pytest.raises(Findings) as caught:
        decode(raw, "a.yaml")
    span = Span("a.yaml", line, column, line, column + 1)
    assert caught.value.findings == (Finding("DRG001", message, span, "save the file as UTF-8"),)


def test_utf16_is_recognised() -> None:
    with pytest.raises(Findings) as caught:
        decode("a: 1\n".encode("utf-16"), "a.yaml")
    assert caught.value.findings[0].help == "save the file as UTF-8; it begins like UTF-16"


def test_a_large_file_is_refused_unread() -> None:
    with pytest.raises(Findings) as caught:
        decode(b"#" * 5_000_001, "a.yaml")
    expected = Finding(
        "DRG007", "the file has 5000001 bytes, maximum 5000000", Span("a.yaml"), "split it into several files"
    )
    assert caught.value.findings == (expected,)
