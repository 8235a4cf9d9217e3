"""Manifests as YAML text that every reader takes for the same data."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dragoman.load.yaml import parse
from dragoman.write import yaml as writer
from dragoman.write.yaml import dump, dump_all


def test_a_manifest() -> None:
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "metadata": {"name": "country-train", "labels": {}, "annotations": {"note": "it's: 5"}},
        "spec": {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": "countries", "value": '["US","NO"]'}, {"name": "rows"}]},
            "templates": [
                {
                    "name": "train",
                    "container": {
                        "image": "registry.example.com:5000/team/train:3.12-slim",
                        "command": ["python", "-c", "print('x')", "--shard", "{{item}}", "NO", ""],
                        "resources": {"requests": {"cpu": "500m", "memory": "4Gi"}, "limits": {"cpu": "1"}},
                    },
                },
                {"name": "plan", "script": {"source": "import json\n\nfor i in range(3):\n    print(i)\n"}},
                {"name": "main", "dag": {"tasks": [{"name": "a", "depends": "b.Succeeded && !c.Failed"}]}},
            ],
            "matrix": [[1, 2], [[3], []], ()],
            "suspend": None,
            "parallelism": 10,
            "factor": 1.5,
            "enabled": True,
        },
    }
    assert dump(manifest) == (
        """\
apiVersion: argoproj.io/v1alpha1
metadata:
  name: country-train
  labels: {}
  annotations:
    note: "it's: 5"
spec:
  entrypoint: main
  arguments:
    parameters:
    - name: countries
      value: "[\\"US\\",\\"NO\\"]"
    - name: rows
  templates:
  - name: train
    container:
      image: registry.example.com:5000/team/train:3.12-slim
      command:
      - python
      - -c
      - print('x')
      - --shard
      - "{{item}}"
      - "NO"
      - ""
      resources:
        requests:
          cpu: 500m
          memory: 4Gi
        limits:
          cpu: "1"
  - name: plan
    script:
      source: |
        import json

        for i in range(3):
            print(i)
  - name: main
    dag:
      tasks:
      - name: a
        depends: b.Succeeded && !c.Failed
  matrix:
  - - 1
    - 2
  - - - 3
    - []
  - []
  suspend: null
  parallelism: 10
  factor: 1.5
  enabled: true
"""
    )


@pytest.mark.parametrize(
    ("documents", "text"),
    [
        ([], ""),
        ([{"a": 1}], "a: 1\n"),
        ([{"a": "x\n\n"}, [], "y", None], 'a: |+\n  x\n\n---\n[]\n---\n"y"\n---\nnull\n'),
    ],
)
def test_documents_are_separated(documents: list[Any], text: str) -> None:
    assert dump_all(documents) == text


PLAIN = """
a _ A1 a-b a.b a/b a:b http://x:80/y a#b a,b a[0] $(X) $HOME /tmp ./x ../x -c --flag nully None nan
inf NaN yess 10m 30s 4Gi 100Mi 3.12-slim 1.2.3-rc 8080:80/u it's a"b a\\b a|b a>b a&b a*b a%b a@b a=b a!b
a`b a?
"""
QUOTED = """
~ null Null NULL true True yes YES no No on On off OFF y Y n N 0 1 -1 +1 0777 08 0o17 0b11 0x1F 1_000 1e3 1E3
10e 10d 2a 1.5 1. .5 -.5 .inf -.inf .nan 1:30 12:30:45 2026-01-31 2026-01-31T10:00:00Z 123456789012 = << - --
--- ... -1a .x {a} [a] ,a ]a }a #a &a *a !a |a >a 'a %a @a `a ?a :a a: == (a) é 😀
"""


@pytest.mark.parametrize("text", PLAIN.split())
def test_plain(text: str) -> None:
    assert dump([{text: text}]) == f"- {text}: {text}\n"


@pytest.mark.parametrize(
    "text",
    [*QUOTED.split(), "", " ", " a", "a ", "a: b", "a :b", "a #b", "- a", "? a", "{{ a }}"],
)
def test_quoted(text: str) -> None:
    assert dump([{text: text}]) == f'- "{text}": "{text}"\n'


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('"a"\\', r'"\"a\"\\"'),
        ("a\tb", r'"a\tb"'),
        ("a\r\nb", r'"a\r\nb"'),
        ("\0\x07\x1b\x7f\x80\x85\xad", r'"\x00\x07\x1b\x7f\x80\x85\xad"'),
        ("\u2028\u2029\ufeff\u200b\u202e\ufffe", r'"\u2028\u2029\ufeff\u200b\u202e\ufffe"'),
        ("é\xa0😀\U0010ffff", '"é\xa0😀\U0010ffff"'),
        ("\n", r'"\n"'),
        ("\n\n", r'"\n\n"'),
        ("  \na", r'"  \na"'),
        ("\n \t\na", r'"\n \t\na"'),
        ("\ta\nb", r'"\ta\nb"'),
        ("a\n ", r'"a\n "'),
        ("a\n\t\n", r'"a\n\t\n"'),
        ("a\n\u2028", r'"a\n\u2028"'),
    ],
)
def test_escapes(text: str, quoted: str) -> None:
    assert dump({"a": text}) == f"a: {quoted}\n"


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("x\n", "|\n    x"),
        ("x\ny", "|-\n    x\n    y"),
        ("x\n\n", "|+\n    x\n"),
        ("x\n\n\ny\n\n\n", "|+\n    x\n\n\n    y\n\n"),
        ("  x\ny\n", "|2\n      x\n    y"),
        ("\nx", "|2-\n\n    x"),
        ("x\n\ty\n  z\n", "|\n    x\n    \ty\n      z"),
        ("x \n  \ny\n", "|\n    x \n      \n    y"),
        ("# x\n--- \n\"é\\'😀\n", "|\n    # x\n    --- \n    \"é\\'😀"),
    ],
)
def test_blocks(text: str, block: str) -> None:
    assert dump([{"a": text}]) == f"- a: {block}\n"
    assert dump({"b": {"c": [text]}}) == f"b:\n  c:\n  - {block}\n"


def test_lines_are_never_folded() -> None:
    assert dump({"a": "word " * 500 + ".", "b": "é " * 500 + "."}) == f'a: {"word " * 500}.\nb: "{"é " * 500}."\n'


def test_keys_of_any_length() -> None:
    fits, long = "k" * 1000, "k" * 1001
    assert dump({fits: 1, long: {long: [2]}}) == f"{fits}: 1\n? {long}\n:\n  ? {long}\n  :\n  - 2\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-(2**63), "-9223372036854775808"),
        (1.0, "1.0"),
        (-0.5, "-0.5"),
        (1e16, "1.0e+16"),
        (1.5e-7, "1.5e-07"),
        (1e300, "1.0e+300"),
    ],
)
def test_numbers(number: float, text: str) -> None:
    assert dump(number) == f"{text}\n"


@pytest.mark.parametrize("value", [b"x", {1}, object(), {1: "a"}, {None: 1}, {True: 1}, {("a",): 1}, [1j]])
def test_other_types_are_a_bug(value: Any) -> None:
    with pytest.raises(TypeError):
        dump(value)


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize("value", [Name("a"), {Name("a"): 1}, [Name("a")]])
def test_so_are_relatives_of_text(value: Any) -> None:
    with pytest.raises(TypeError):
        dump(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}, ["a\nb\udc00"]])
def test_what_yaml_cannot_hold(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a finite number|is no text"):
        dump(value)


TRICKY = [
    *PLAIN.split(),
    *QUOTED.split(),
    *("", " ", "  ", "\n", " \n", "\t", "a\r\nb", "a\rb", "long " * 60, "é" * 300, '"' * 1100),
    *(
        "  lead",
        "trail  ",
        "a\tb",
        "\ta\nb",
        "a\n\tb",
        "a\n  b\n",
        "  a\nb",
        "a\n \nb\n",
        "a\n ",
        "\n\na\n\n\n",
    ),
    *("--- a", "a\n---\nb\n", "a\n...\n", "- x", "? x", "%x", "a: b\nc: d\n", "# a\n# b\n", "|\n", "'", "\\"),
    *("\x01", "\x85", "a\u2028b\n", "\ufeffa", "\u202e", "\x7f", "\xa0", "\uffff", "\U0001ffff", "\\u00e9"),
]
TEXTS = (
    st.sampled_from(TRICKY)
    | st.text(st.sampled_from(" \n\t\r-:#?|>'\"0e1.x_NOé\\~,[]{}&*!%@`="), max_size=8)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    TEXTS | NUMBERS | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(TREES)
@example(TRICKY)
@example({text: [{text: text}, [text]] for text in TRICKY})
def test_every_reader_finds_what_was_written(tree: Any) -> None:
    text = dump(tree)
    expected = repr(tree)  # which tells 1 from 1.0 and True
    assert repr(yaml.load(text, Loader=yaml.CSafeLoader)) == expected
    assert repr(YAML(typ="safe", pure=True).load(text)) == expected
    assert [repr(document.data) for document in parse(text, "a.yaml")] == [expected]


@settings(max_examples=50, deadline=None)
@given(st.lists(TREES, max_size=4))
def test_so_it_does_with_several_documents(trees: list[Any]) -> None:
    assert repr(list(yaml.load_all(dump_all(trees), Loader=yaml.CSafeLoader))) == repr(trees)


def test_what_can_be_printed_is_not_escaped() -> None:
    """So a text of printable letters needs no look at each of them."""
    letters = map(chr, range(0x10000))
    escaped = [letter for letter in letters if letter.isprintable() and writer._escaped().match(letter)]
    assert escaped == ['"', "\\"]
