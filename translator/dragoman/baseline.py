"""The baseline: findings that were there before, by fingerprint, so that only new ones count.

A file of JSON objects, one a line, sorted: what two branches add to it merges line by line. Two findings of one
fingerprint need two lines.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from dragoman.findings import ERROR, INFO, WARNING, Finding, Findings, Pardon, Span
from dragoman.load.files import root_of
from dragoman.load.text import MAX_SIZE, decode

KIND = "baseline"
_FLAGS = ("--set ", "--with ")  # of the command line, whose arguments have places too


class Entry(NamedTuple):
    """One line: a finding's fingerprint, and what it is made of, for people."""

    file: str
    address: str
    rule: str
    fingerprint: str


class Baseline(NamedTuple):
    """A baseline as its file has it; `lines` are those of the entries, from 1."""

    file: str
    entries: tuple[Entry, ...]
    lines: tuple[int, ...]


class Change(NamedTuple):
    """A new baseline, and how it differs from the old one: entries, as often as they are there."""

    entries: tuple[Entry, ...]
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]


def fingerprint(finding: Finding) -> str:
    """What stays the same while the finding is the same, 64 hex digits.

    Of the rule (else the code), the file as its repository names it, and the names of the address: no line, no
    message, no number of an item.
    """
    return entry(finding).fingerprint


def entry(finding: Finding) -> Entry:
    """The line of a baseline for a finding."""
    from hashlib import sha256

    rule = finding.rule or finding.code
    file = "" if finding.span is None else named(finding.span.file)
    address = ".".join("*" if part.isdecimal() else part for part in finding.address.split("."))
    return Entry(file, address, rule, sha256(json.dumps([rule, file, address]).encode()).hexdigest())


def named(file: str) -> str:
    """A file or folder as its repository names it, wherever the command runs; `--set x=1` is `--set x`."""
    if file.startswith(_FLAGS):
        return file.partition("=")[0]
    if file.startswith("<"):
        return file
    root = root_of(os.path.join(file, "any") if os.path.isdir(file) else file)
    return os.path.relpath(file, root).replace(os.sep, "/")


def read(file: str) -> Baseline:
    """The baseline of a file; raises Findings when it cannot be read, or a line is no entry."""
    try:
        with open(file, "rb") as stream:
            text = decode(stream.read(MAX_SIZE + 1), file)
    except OSError as error:
        message = f"cannot read the baseline `{file}`: {(error.strerror or str(error)).lower()}"
        advice = f"`--baseline {file} --update-baseline` makes one"
        raise Findings([Finding("DRG452", message, None, advice)], 2) from None
    entries, lines = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            entries.append(_entry(line.strip(), Span(file, number, 1, number, len(line) + 1)))
            lines.append(number)
    return Baseline(file, tuple(entries), tuple(lines))


def written(entries: Iterable[Entry]) -> str:
    """The text of a baseline's file."""
    return "".join(_line(one) + "\n" for one in sorted(entries))


def applied(findings: Iterable[Finding], baseline: Baseline) -> tuple[list[Finding], list[tuple[Entry, Span]]]:
    """The findings, those of the baseline with its pardon; and the entries that are left over, with their places."""
    left: dict[str, list[tuple[Entry, Span]]] = {}
    for one, line in zip(baseline.entries, baseline.lines, strict=True):
        left.setdefault(one.fingerprint, []).append((one, Span(baseline.file, line, 1, line, 1)))
    result = []
    for finding in findings:
        covering = left.get(fingerprint(finding)) if _counts(finding) else None
        if covering:
            finding = finding._replace(pardon=Pardon(KIND, span=covering.pop(0)[1]))
        result.append(finding)
    return result, [each for some in left.values() for each in some]


def stale(
    left: Iterable[tuple[Entry, Span]], findings: Iterable[Finding], paths: Sequence[str], *, strict: bool = False
) -> list[Finding]:
    """Findings about entries that nothing needs any more, of the files and folders that were checked.

    Of a file with errors nothing is said: an error may keep others from being found.
    """
    unsure = {entry(finding).file for finding in findings if _counts(finding) and finding.severity == ERROR}
    gone = [(one, place) for one, place in left if one.file not in unsure and _is_under(one.file, paths)]
    severity = ERROR if strict else WARNING
    return [Finding("DRG453", _no_longer(one), place, _TAKE_OUT, severity=severity) for one, place in gone]


_TAKE_OUT = "take the line out; `--update-baseline` does"


def _no_longer(one: Entry) -> str:
    where = (f" at `{one.address}`" if one.address else "") + (f" in `{one.file}`" if one.file else "")
    return f"`{one.rule}` is no longer found{where}"


def updated(findings: Iterable[Finding], paths: Sequence[str], old: Baseline | None) -> Change:
    """The baseline that covers the findings of the checked files and folders; of other files it keeps what it has."""
    before = Counter(() if old is None else old.entries)
    after = Counter(entry(finding) for finding in findings if _counts(finding))
    after += Counter({one: count for one, count in before.items() if not _is_under(one.file, paths)})
    return Change(
        tuple(sorted(after.elements())),
        tuple(sorted((after - before).elements())),
        tuple(sorted((before - after).elements())),
    )


def refusal(change: Change, file: str) -> Finding:
    """Why a baseline does not grow by itself."""
    count = len(change.added)
    message = f"{count} finding{'' if count == 1 else 's'} would be new in the baseline `{file}`: it is left as it is"
    return Finding("DRG454", message, None, "mend what is new; `--accept-new` takes it in")


def _counts(finding: Finding) -> bool:
    return finding.pardon is None and finding.severity != INFO


def _is_under(file: str, paths: Sequence[str]) -> bool:
    """Whether a file, as its repository names it, is one of the paths or below one; what has no file always is."""
    if not file or file.startswith(("<", *_FLAGS)):
        return True
    names = [named(path) for path in paths]
    return any(name in (".", file) or file.startswith(f"{name}/") for name in names)


def _line(one: Entry) -> str:
    told = {"file": one.file, "address": one.address, "rule": one.rule, "fingerprint": one.fingerprint}
    text = json.dumps(told, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(told)


def _entry(line: str, place: Span) -> Entry:
    told: Any = None
    with suppress(ValueError, RecursionError):
        told = json.loads(line)
    fields = [told.get(name) for name in Entry._fields] if isinstance(told, dict) else [None]
    if not all(isinstance(field, str) for field in fields):
        message = "this line is no entry of a baseline"
        advice = "take it out; or delete the file, and `--update-baseline` writes it anew"
        raise Findings([Finding("DRG452", message, place, advice)], 2)
    return Entry(*fields)
