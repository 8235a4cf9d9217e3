"""YAML made to break its reader: each ends with one finding that says so, and never with a crash."""

from __future__ import annotations

import pytest

from dragoman.findings import Finding, Findings, Span
from dragoman.load.yaml import parse


def found(text: str) -> list[Finding]:
    with pytest.raises(Findings) as caught:
        parse(text, "a.yaml")
    return list(caught.value.findings)


def finding(code: str, message: str, line: int, column: int, width: int, advice: str) -> Finding:
    return Finding(code, message, Span("a.yaml", line, column, line, column + width), advice)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[" * 30_000, 1, 101),
        ("{" * 30_000, 1, 101),
        ("{a: " * 30_000, 1, 401),
        ("[{" * 200_000, 1, 101),
        ("- " * 30_000, 1, 201),
        ("? " * 30_000, 1, 201),
        ("? [ " * 30_000, 1, 201),
        ("[\n" * 200_000, 101, 1),
        ("".join(f"{' ' * level}a:\n" for level in range(200)), 101, 101),
        ("- &x [1]\n- " + "[" * 99 + "*x" + "]" * 99, 2, 102),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000)), 100, 12),
    ],
)
def test_depth(text: str, line: int, column: int) -> None:
    (only,) = found(text)
    assert (only.code, only.message.partition(" by ")[0]) == ("DRG007", "nested more than 100 levels deep")
    assert only.span == Span("a.yaml", line, column, line, column)


def test_a_hundred_levels_are_enough_and_allowed() -> None:
    (document,) = parse("[" * 100 + "]" * 100, "a.yaml")
    assert repr(document.data) == "[" * 100 + "]" * 100


def test_aliases_of_aliases() -> None:
    laughs = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 90)]
    message = "aliases make over a billion values of the 982 in this file, maximum 200000"
    assert found("a0: &a0 [x, x]\n" + "".join(laughs)) == [finding("DRG007", message, 90, 12, 4, "write fewer aliases")]


def test_aliases_may_stand_for_four_times_what_is_written() -> None:
    text = "a: &a [{items}]\nb: [{aliases}]\n"
    (document,) = parse(text.format(items="x, " * 60_000, aliases="*a, " * 3), "a.yaml")
    assert [len(value) for value in document.data.values()] == [60_000, 3]
    message = "aliases make 300010 values of the 60006 in this file, maximum 240024"
    assert found(text.format(items="x, " * 60_000, aliases="*a, " * 4)) == [
        finding("DRG007", message, 2, 5, 2, "write fewer aliases")
    ]


@pytest.mark.parametrize(
    ("text", "message", "line", "column", "advice"),
    [
        (
            "#" * 5_000_001,
            "the text has 5000001 letters, maximum 5000000",
            1,
            1,
            "split it into several files",
        ),
        (
            "a: " + "x" * 1_000_001,
            "a text of 1000001 letters, maximum 1000000",
            1,
            4,
            "keep it in another file",
        ),
        ("x" * 1_000_001, "a text of 1000001 letters, maximum 1000000", 1, 1, "keep it in another file"),
        ("---\n" * 100_000, "more than 64 documents", 65, 1, "split the file"),
        ("--- a\n" * 65, "more than 64 documents", 65, 1, "split the file"),
        ("[" + "x," * 1_000_000, "more than 1000000 keys and values", 1, 1999995, "split the file"),
        ("%TAG !a! x\n" * 65, "more than 64 `%TAG` lines", 1, 1, "remove them"),
    ],
    ids=["file", "value", "root", "empty documents", "documents", "values", "tags"],
)
def test_size(text: str, message: str, line: int, column: int, advice: str) -> None:
    assert found(text) == [finding("DRG007", message, line, column, 0, advice)]


def test_what_was_found_before_the_limit_is_reported_too() -> None:
    assert [each.code for each in found("a: NO\nb: " + "[" * 101)] == ["DRG010", "DRG007"]


@pytest.mark.parametrize("letter", "\0\x01\x07\x1b\x7f\x80\x85\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800\udfff")
def test_letters_that_hide(letter: str) -> None:
    number = ord(letter)
    advice = "" if 0xD800 <= number < 0xE000 else f', or write "\\u{number:04x}" inside double quotes'
    message = f"character U+{number:04X} may not stand in a YAML file"
    expected = finding("DRG003", message, 2, 6, 1, f"remove it{advice}")
    assert found(f"é: 😀\nb: 😀x{letter}y\n") == [expected]
    assert parse("a: é\xa0😀\U0010ffff\n", "a.yaml")[0].data == {"a": "é\xa0😀\U0010ffff"}


TAB = "a tab indents this line; YAML allows spaces only"
NOT_TAB = "use spaces instead of the tab"
FLOW = "inside %s quote text with `: `, `,`, brackets or `${{ … }}` in it"
INDENT = "the keys of the mapping begin in column {}, this line in column {}"
DEEPER = "a key has either a value on its own line or deeper keys below it; check the indentation"


@pytest.mark.parametrize(
    ("text", "line", "column", "width", "message", "advice"),
    [
        ("a:\n\tb: 1\n", 2, 1, 1, TAB, NOT_TAB),
        ("a: 1\n \tb: 2\n", 2, 2, 1, TAB, NOT_TAB),
        ("- a\n\t- b\n", 2, 1, 1, TAB, NOT_TAB),
        ("a: |\n  b\n\tc\n", 3, 1, 1, TAB, NOT_TAB),
        ("a: [1, 2\n\n", 1, 4, 1, "this `[` is never closed", "close it with `]`"),
        ("a: {b: 1", 1, 4, 1, "this `{` is never closed", "close it with `}`"),
        ("a: [b, {\n\n", 1, 9, 1, "the file ends inside a bracket", "close it with `]` or `}`"),
        ("a: 'x\nb: 1\n", 1, 4, 1, "this quote is never closed", "close it on the line where its text ends"),
        ('"x\n---\ny"\n', 1, 1, 1, "this quote is never closed", "close it on the line where its text ends"),
        ("a: b: c\n", 1, 5, 1, "a second `: ` stands in this value", 'quote the value: `a: "b: c"`'),
        ('- a: "b": c\n', 1, 9, 1, "a second `: ` stands in this value", "quote the value"),
        ("x: 1\na:b\nc: 1\n", 2, 1, 3, "`a:b` has no space after its colon", "write `a: b`"),
        ("a:b\nc: 1\n", 1, 1, 3, "`a:b` has no space after its colon", "write `a: b`"),
        (
            "a: 1\nfoo # x\nb: 2\n", 2, 1, 3, "`foo` is neither `key: value` nor part of a value",
            "write `foo:` for a key; indent it deeper for more of the value above",
        ),
        ("k" * 1025 + ": 1\n", 1, 1026, 1, "a key of more than 1000 letters", "make it shorter"),
        ("a: 'b' c\n", 1, 8, 1, "text follows the closing `'`", "put the whole value in quotes"),
        (
            "a: [b] c\n", 1, 8, 1, "text follows the closing `]`",
            "quote the whole value: text that begins with `[` or `{` needs quotes",
        ),
        ("? a\n? b\n: : c\n", 3, 3, 1, "a key is missing here", "write `key: value`"),
        (
            "a: * * * * *\n", 1, 4, 1, "`*` begins an alias in YAML, and no name follows",
            'quote text that begins with `*`: "* * * * *"',
        ),
        (
            "a: [&&b, c]\n", 1, 5, 1, "`&` begins an anchor in YAML, and no name follows",
            "quote text that begins with `&`",
        ),
        ("a: @x # y\n", 1, 4, 1, "a value cannot begin with `@`", 'quote text that begins with `@`: "@x"'),
        (
            "a: `x`\n", 1, 4, 1, "a value cannot begin with a backquote",
            'quote text that begins with a backquote: "`x`"',
        ),
        ("a: ]\n", 1, 4, 1, "a value cannot begin with `]`", "quote text that begins with `]`"),
        (
            "a: - b\n", 1, 4, 1, "a list cannot begin here",
            "begin it on the line below its key; quote text that begins with `- `",
        ),
        (
            "a: | b\n", 1, 6, 1, "text stands behind the sign that begins a block of text",
            "begin the text on the next line, or quote it",
        ),
        ('a: "\\d"\n', 1, 5, 2, "`\\d` is no escape", "write `\\\\d`, or use single quotes"),
        ("a: ?\n", 1, 4, 1, "`?` cannot stand here", "quote text that begins with `?`"),
        (
            " a: 1\nb: 2\n", 2, 1, 1, "this line belongs neither to the document above nor to a new one",
            "indent it like the first line above; or begin a new document with `---`",
        ),
        ("%YAML 3.0\n--- a\n", 1, 1, 1, "this is not YAML 1.1 or 1.2", "remove the `%YAML` line"),
        ("%x\n", 1, 1, 1, "a line that begins with `%` is a YAML directive", "quote the text"),
        (
            "a: [b:, c]\n", 1, 6, 1, "plain text inside brackets cannot end with `:`",
            "quote it, or add a space and a value",
        ),
        ("%YAML 1.2\n%YAML 1.2\n--- a\n", 2, 1, 1, "found duplicate %YAML directive", ""),
    ],
)  # fmt: skip
def test_syntax(text: str, line: int, column: int, width: int, message: str, advice: str) -> None:
    assert found(text) == [finding("DRG002", message, line, column, width, advice)]


@pytest.mark.parametrize(
    ("text", "expected", "related"),
    [
        (
            "a: {b: ${{ x }}}\n",
            (1, 9, 1, "`,` or `}` is missing before this", FLOW % "{ }"),
            (Span("a.yaml", 1, 4, 1, 5), "the `{` it belongs to"),
        ),
        (
            "a: [1, 2}\n",
            (1, 9, 1, "`,` or `]` is missing before this", FLOW % "[ ]"),
            (Span("a.yaml", 1, 4, 1, 5), "the `[` it belongs to"),
        ),
        (
            "a: x\n  b: 1\n",
            (2, 3, 1, "a key cannot stand here", DEEPER),
            (Span("a.yaml", 1, 1, 1, 2), "this line has a value already"),
        ),
        (
            "  a: 1\n\n   b: 2\n",
            (3, 4, 1, "a key cannot stand here", DEEPER),
            (Span("a.yaml", 1, 3, 1, 4), "this line has a value already"),
        ),
        (
            "a:\n  b: 'x'\n c: 2\n",
            (3, 2, 2, "this line is indented unlike the mapping it stands in", INDENT.format(1, 2)),
            (Span("a.yaml", 1, 1, 1, 2), "the mapping begins here"),
        ),
        (
            "a: 1\n- b\n",
            (
                *(2, 1, 1, "an item of a list stands among the keys of a mapping"),
                "indent it under its key; quote text that begins with `- `",
            ),
            (Span("a.yaml", 1, 1, 1, 2), "the mapping begins here"),
        ),
        (
            "- a\nb: 1\n",
            (
                *(2, 1, 2, "this line is no item of the list it stands in"),
                "the list's items begin with `- ` in column 1",
            ),
            (Span("a.yaml", 1, 1, 1, 2), "the list begins here"),
        ),
    ],
)  # fmt: skip
def test_syntax_with_two_places(text: str, expected: tuple[int, int, int, str, str], related: tuple[Span, str]) -> None:
    line, column, width, message, advice = expected
    only = finding("DRG002", message, line, column, width, advice)
    assert found(text) == [only._replace(related=(related,))]


@pytest.mark.parametrize("tag", ["!a!b", "!<x", "!a{}", "!%zz"])
def test_tags_that_libyaml_cannot_read(tag: str) -> None:
    expected = finding("DRG009", f"unknown tag `{tag}`", 1, 4, len(tag), "quote text that begins with `!`")
    assert found(f"x: {tag} c\n") == [expected]
