"""Findings for people, as a compiler shows them: the place, the line of the spec, a caret, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dragoman.findings import ERROR, INFO, WARNING, Finding, Span

_COLORS = {ERROR: "\x1b[1;31m", WARNING: "\x1b[1;33m", INFO: "\x1b[1;36m"}
_DIM, _BOLD, _OFF = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def text(findings: Iterable[Finding], *, color: bool = False) -> str:
    """Every finding with its source lines, the last line a count."""
    ordered = sorted(findings, key=_place)
    lines: list[str] = []
    sources: dict[str, list[str]] = {}
    for finding in ordered:
        lines += _finding(finding, sources, color)
        lines.append("")
    if ordered:
        lines.append(summary(ordered))
    return "\n".join(lines) + "\n" if lines else ""


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`."""
    parts = []
    for severity, word in ((ERROR, "error"), (WARNING, "warning"), (INFO, "note")):
        count = sum(finding.severity == severity for finding in findings)
        if count:
            parts.append(f"{count} {word}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def line(finding: Finding) -> str:
    """One line: `file:line:col: error DRG102: message`."""
    span = finding.span
    where = "" if span is None else f"{span.file}:{span.line}:{span.column}: "
    return f"{where}{finding.severity} {finding.code}: {finding.message}" + (
        f" ({finding.help})" if finding.help else ""
    )


def _place(finding: Finding) -> tuple[str, int, int, str]:
    span = finding.span or Span("")
    return span.file, span.line, span.column, finding.code


def _finding(finding: Finding, sources: dict[str, list[str]], color: bool) -> list[str]:
    paint = _COLORS[finding.severity] if color else ""
    bold, off = (_BOLD, _OFF) if color else ("", "")
    label = "note" if finding.severity == INFO else finding.severity
    lines = [f"{paint}{label}[{finding.code}]{off}{bold}: {finding.message}{off}"]
    if finding.span is not None:
        lines += _excerpt(finding.span, "-->", "", sources, paint, off)
        if finding.span.approximate and finding.address:
            lines.append(f"   = value: {finding.address} (computed by Jsonnet: there is no exact line)")
    for span, words in finding.related:
        lines += _excerpt(span, ":::", words, sources, _DIM if color else "", off)
    if finding.help:
        lines.append(f"   = help: {finding.help}")
    return lines


def _excerpt(span: Span, arrow: str, words: str, sources: dict[str, list[str]], paint: str, off: str) -> list[str]:
    if span.file.startswith("--set"):
        return [f"  {arrow} {span.file}"]
    place = span.file if span.approximate else f"{span.file}:{span.line}:{span.column}"
    lines = [f"  {arrow} {place}"]
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
            with open(file, encoding="utf-8-sig", errors="replace", newline=None) as stream:
                sources[file] = stream.read(5_000_000).replace("\x1b", "?").split("\n")
        except (OSError, ValueError):
            sources[file] = []
    return sources[file]
