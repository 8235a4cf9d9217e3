"""Findings for people, as a compiler shows them: the place, the line of the spec, a caret, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from dragoman.findings import ERROR, INFO, WARNING, Finding, Pardon, Span
from dragoman.load import packs
from dragoman.report.letters import clean, visible
from dragoman.report.order import ordered, plain

_COLORS = {ERROR: "\x1b[1;31m", WARNING: "\x1b[1;33m", INFO: "\x1b[1;36m"}
MOST = 3  # other places of the same finding
_DIM, _BOLD, _OFF = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def text(findings: Iterable[Finding], *, color: bool = False, verbose: bool = False) -> str:
    """Every finding with its source lines, then a count, and how many `--fix` would mend.

    verbose  the pardoned ones too, each with who pardoned it; else they are only counted
    """
    found = ordered(findings)
    lines: list[str] = []
    sources: dict[str, list[str]] = {}
    shown = [finding for finding in found if finding.pardon is None or verbose]
    for _, same in groupby(shown, lambda finding: finding._replace(address="", fix=None, related=())):
        first, *others = same
        lines += _finding(plain(first), sources, color)
        lines += [_also(others)] if others else []
        lines.append("")
    if found:
        hidden = not verbose and any(finding.pardon is not None for finding in found)
        lines.append(summary(found) + (" (-v shows them)" if hidden else ""))
    mendable = sum(finding.fix is not None and finding.pardon is None for finding in found)
    if mendable:
        lines.append(f"{mendable} of these can be mended: dragoman check --fix")
    return "\n".join(lines) + "\n" if lines else ""


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning, 3 pardoned`."""
    parts = []
    for severity, word in ((ERROR, "error"), (WARNING, "warning"), (INFO, "note")):
        count = sum(finding.severity == severity and finding.pardon is None for finding in findings)
        if count:
            parts.append(f"{count} {word}{'' if count == 1 else 's'}")
    pardoned = sum(finding.pardon is not None for finding in findings)
    return ", ".join(parts + ([f"{pardoned} pardoned"] if pardoned else []))


def lines(findings: Iterable[Finding]) -> str:
    """One line for each finding that nobody pardoned: `file:line:col: error DRG102: message`."""
    return "".join(f"{_line(plain(finding))}\n" for finding in ordered(findings) if finding.pardon is None)


def _line(finding: Finding) -> str:
    where = "" if finding.span is None else f"{place(finding.span)}: "
    told = f" ({finding.help})" if finding.help else ""
    return f"{where}{finding.severity} {_kind(finding)}: {finding.message}{told}"


def place(span: Span) -> str:
    """`flow.yaml:7:13`; a value of the command line is no place in a file."""
    file = clean(span.file)
    return file if file.startswith("--") else f"{file}:{span.line}:{span.column}"


def _kind(finding: Finding) -> str:
    """`DRG102`; of a policy also what exemptions call it: `DRG441 pinned-image`."""
    return f"{finding.code} {finding.rule}" if finding.rule else finding.code


def _finding(finding: Finding, sources: dict[str, list[str]], color: bool) -> list[str]:
    pardon = finding.pardon
    label = "note" if finding.severity == INFO else finding.severity
    paint, bold, dim, off = _COLORS[finding.severity], _BOLD, _DIM, _OFF
    if pardon is not None or not color:
        paint = bold = dim = off = ""
    said = [f"{paint}{label if pardon is None else 'pardoned'}[{_kind(finding)}]{off}{bold}: {finding.message}{off}"]
    if finding.span is not None:
        said += _excerpt(finding.span, "-->", "", sources, paint, off)
        if finding.span.approximate and finding.address:
            said.append(f"   = value: {finding.address} (computed by Jsonnet: there is no exact line)")
    for span, words in finding.related:
        said += _excerpt(span, ":::", words, sources, dim, off)
    if pardon is not None:
        said.append(f"   = {pardon.kind}: {reason(pardon)}")
        said += _excerpt(pardon.span, ":::", "", sources, dim, off) if pardon.span is not None else []
    if finding.help:
        said.append(f"   = help: {finding.help}")
    if finding.docs:
        said.append(f"   = docs: {finding.docs}")
    return said if pardon is None or not color else [f"{_DIM}{line}{_OFF}" for line in said]


def _also(others: Sequence[Finding]) -> str:
    """Where else the same is true: a default and a template are said once, and are of many steps."""
    named = [clean(finding.address) for finding in others[:MOST]]
    more = f" and {len(others) - MOST} more" if len(others) > MOST else ""
    return f"   = also: {', '.join(named)}{more}"


def reason(pardon: Pardon) -> str:
    """`vendor image (owner ml-platform, until 2027-01-31)`."""
    owner, expires = pardon.owner and f"owner {pardon.owner}", pardon.expires and f"until {pardon.expires}"
    more = ", ".join(filter(None, (owner, expires)))
    return f"{pardon.reason} ({more})".strip() if more else pardon.reason


def _excerpt(span: Span, arrow: str, words: str, sources: dict[str, list[str]], paint: str, off: str) -> list[str]:
    if span.file.startswith(("--set", "--with")):
        return [f"  {arrow} {clean(span.file)}", *([f"   = {words}"] if words else [])]
    file = clean(span.file)
    lines = [f"  {arrow} {file}" if span.approximate else f"  {arrow} {file}:{span.line}:{span.column}"]
    source = [] if span.approximate else _lines(span.file, sources)
    if not 0 < span.line <= len(source):
        return lines + ([f"   = {words}"] if words else [])
    shown = source[span.line - 1]
    width = max((span.end_column if span.end_line == span.line else len(shown) + 1) - span.column, 1)
    start = span.column - 1
    if len(shown) > 160:  # a caret that nobody can find helps nobody
        cut = max(0, start - 60)
        shown, start, width = shown[cut : cut + 140], start - cut, min(width, 80)
    number = str(span.line)
    pad = "".join("\t" if letter == "\t" else " " for letter in shown[:start])
    caret = "^" * min(width, max(len(shown) - start, 1))
    gutter = " " * len(number)
    return [
        *lines,
        f" {gutter} |",
        f" {number} | {shown}",
        f" {gutter} | {pad}{paint}{caret}{' ' + words if words else ''}{off}",
    ]


def _lines(file: str, sources: dict[str, list[str]]) -> list[str]:
    if file not in sources:
        try:
            with open(packs.opened(file), encoding="utf-8-sig", errors="replace", newline=None) as stream:
                sources[file] = [visible(line) for line in stream.read(5_000_000).split("\n")]
        except (OSError, ValueError):
            sources[file] = []
    return sources[file]
