"""The documentation is true: its examples do what the pages say, and what they show is what dragoman shows.

A comment above a fenced block says what the block is:

    flow [FILE]   a whole spec          spec    what is under `spec`          steps   what is under `spec.steps`
    file FILE     a file that later examples read
    says          what the example above says        gives   a part of what the example above renders
    console       commands with what they print      shown   nothing to try

An example may go on with `, wrong CODE…` or `, warns CODE…` (it gives just these errors or warnings) and
`, with ARGUMENTS` of `dragoman render`. A line `…` stands for any number of lines. `--update-golden` rewrites the
blocks that no longer hold.
"""

from __future__ import annotations

import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from itertools import takewhile
from pathlib import Path
from textwrap import indent
from typing import NamedTuple, get_args

import pytest

from dragoman.cli import main
from dragoman.emit.kubernetes.support import UNDRIVEN
from dragoman.emit.options import model
from dragoman.emit.registry import BUILTIN, find
from dragoman.emitter import Refused, Weaker
from dragoman.expr.tree import FUNCTIONS, METHODS
from dragoman.spec.types import TypeName

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    "guide.md",
    "policy.md",
    "rules.md",
    "check.md",
    "render.md",
    "argo.md",
    "kubernetes.md",
    "batch.md",
    "jsonnet.md",
)
TARGETS = {"kubernetes.md": "kubernetes", "batch.md": "batch"}  # others render for argo
EXAMPLES = ("flow", "spec", "steps")
BLOCK = re.compile(r"^<!-- ([a-z]+)([^\n]*?) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```\w+$", re.MULTILINE)
HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: example}\nspec:\n"
HEADS = {"kubernetes.md": HEAD.replace("name: example", "name: example, namespace: ml")}
REST = {"steps": "{work: {command: [work]}}", "defaults": "{image: python:3.12-slim}"}
AWS = (
    "{queue: main, outputs: 's3://flows/outputs', stateMachineRole: flows, account: '123456789012', accept: [command]}"
)
RESTS = {"batch.md": {"targets": f"{{batch: {AWS}}}"}}
ELSEWHERE = "…\n"


class Block(NamedTuple):
    """A fenced block of a page: its number there, its kind and the words behind it, its text, all of it as written."""

    page: str
    number: int
    kind: str
    words: str
    text: str
    raw: str

    @property
    def file(self) -> str:
        """The file that the block is written to."""
        return self.words.partition(",")[0].strip() or "example.dragoman.yaml"

    @property
    def result(self) -> tuple[int, list[str], list[str]]:
        """The exit code, the errors and the warnings that the page announces."""
        errors, warnings = (_option(self.words, name).split() for name in ("wrong", "warns"))
        return (1 if errors else 0), errors, warnings


def blocks(page: str) -> list[Block]:
    """Every block of a page that says what it is."""
    found = BLOCK.finditer((DOCS / page).read_text())
    return [Block(page, number, one[1], one[2], one[3], one[0]) for number, one in enumerate(found, 1)]


CASES = [block for page in PAGES for block in blocks(page) if block.kind in (*EXAMPLES, "console")]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    kinds = (*EXAMPLES, "file", "says", "gives", "console", "shown")
    assert [block.kind for block in blocks(page) if block.kind not in kinds] == []
    assert len(FENCE.findall((DOCS / page).read_text())) == len(blocks(page))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for file, heading in re.findall(r"\]\((?!<?https?:)([^)#]*)#?([^)]*)\)", (DOCS / page).read_text()):
        target = DOCS / (file or page)
        assert target.exists()
        assert not heading or heading in _anchors(target), f"{page}: {file}#{heading}"


def test_the_guide_has_every_function_and_type() -> None:
    guide = (DOCS / "guide.md").read_text()
    assert [name for name in sorted({*FUNCTIONS, *METHODS}) if f"{name}(" not in guide] == []
    assert [name for name in get_args(get_args(TypeName)[0]) if f"| `{name}` |" not in guide] == []


@pytest.mark.parametrize("target", BUILTIN)
def test_the_page_of_a_target_has_every_option_and_every_shortcoming(target: str) -> None:
    page, emitter = (DOCS / f"{target}.md").read_text(), find(target)
    short = [feature.value for feature, answer in emitter.support.items() if isinstance(answer, (Weaker, Refused))]
    assert [name for name in (*model(emitter).model_fields, *short) if f"| `{name}` |" not in page] == []


def test_the_page_of_jobs_has_all_that_they_do_not_do_by_themselves() -> None:
    rows = [line for line in (DOCS / "kubernetes.md").read_text().splitlines() if line.startswith("|")]
    assert [one.value for one in UNDRIVEN if not any(f"`{one.value}`" in row for row in rows)] == []


@pytest.mark.parametrize("block", CASES, ids=[f"{block.page}-{block.number}-{block.kind}" for block in CASES])
def test_block(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(tmp_path)
    page = blocks(block.page)
    for earlier in page[: block.number]:
        if earlier.kind in (*EXAMPLES, "file"):
            _write(earlier)
    if block.kind == "console":
        _holds(block, _session(block.text), update_golden)
        return
    code, out, err = _run(
        ["render", block.file, "-t", TARGETS.get(block.page, "argo"), *shlex.split(_option(block.words, "with"))]
    )
    assert (code, *(re.findall(rf"^{word}\[(\w+)\]", err, re.MULTILINE) for word in ("error", "warning"))) == (
        block.result
    ), err
    for shown in takewhile(lambda one: one.kind in ("says", "gives"), page[block.number :]):
        if shown.kind == "says":
            _holds(shown, err, update_golden)
        else:
            assert _is_part(shown.text, out), f"{shown.text}is no part of\n{out}"


def _anchors(page: Path) -> list[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def _option(words: str, name: str) -> str:
    found = re.search(rf", {name} ([^,]+)", words)
    return found[1] if found else ""


def _write(block: Block) -> None:
    file = Path(block.file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_wrapped(block) if block.kind in ("spec", "steps") else block.text)


def _wrapped(block: Block) -> str:
    """A fragment as a whole spec; its first line is line 5 of it, or line 6 when it is under `steps`."""
    body = block.text if block.kind == "spec" else "steps:\n" + indent(block.text, "  ")
    for key, value in {**REST, **RESTS.get(block.page, {})}.items():
        if not re.search(rf"^{key}:", body, re.MULTILINE):
            body += f"{key}: {value}\n"
    return HEADS.get(block.page, HEAD) + indent(body, "  ")


def _run(arguments: list[str]) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


def _session(text: str) -> str:
    """The console as it would be: each command of the text, with what it prints."""
    shown = ""
    for line in re.findall(r"^\$ dragoman .*\n", text, re.MULTILINE):
        _, out, err = _run(shlex.split(line.removeprefix("$ dragoman "), comments=True))
        shown += line + out + err
    return shown


def _holds(block: Block, real: str, update: bool) -> None:
    """Compare what a block shows with what there is; a new text replaces the old one only when asked."""
    lines = block.text.splitlines(keepends=True)
    pattern = "".join("(?:.*\n)*?" if line == ELSEWHERE else re.escape(line) for line in lines)
    if update and not re.fullmatch(pattern, real):
        path = DOCS / block.page
        new = block.raw.removesuffix(f"{block.text}```") + f"{real}```"
        path.write_text(path.read_text().replace(block.raw, new, 1), newline="\n")
        return
    if ELSEWHERE in lines:
        assert re.fullmatch(pattern, real), f"{block.text}is not\n{real}"
    else:
        assert block.text == real


def _is_part(text: str, whole: str) -> bool:
    """Whether the text's lines are lines of the whole, one after another, however deep they are indented there."""
    first, *rest = text.splitlines(keepends=True)
    after = "".join("(?:.*\n)*?" if line == ELSEWHERE else rf"\1{re.escape(line)}" for line in rest)
    return re.search(rf"^( *){re.escape(first)}{after}", whole, re.MULTILINE) is not None
