"""Set values in the text of a YAML file: what is not meant stays as it is, letter by letter.

An edit counts only if the new text reads as the old data with the new values, and nothing else changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dragoman.findings import Findings, Fix
from dragoman.load.document import Path
from dragoman.write.edits import CannotEdit, Edit, Page

UNREADABLE = "the file cannot be read yet"


class Refusal(NamedTuple):
    """A fix that was not made, and why."""

    fix: Fix
    reason: str


class Spliced(NamedTuple):
    """A text with the fixes in it that could be made; one whose value is there already is neither done nor refused."""

    text: str
    done: tuple[Fix, ...]
    refused: tuple[Refusal, ...]


def spliced(text: str, file: str, fixes: Sequence[Fix]) -> Spliced:
    """The text of a file with the values of its fixes, no two of which are for one path."""
    waiting = list(fixes)
    done: list[Fix] = []
    refused: list[Refusal] = []
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    while waiting:
        try:
            page = Page(text, file)
        except Findings:
            refused += [Refusal(fix, UNREADABLE) for fix in waiting]
            break
        edits = list(_edits(page, waiting, refused))
        batch = _apart(edits)
        while (after := _accepted(page, batch)) is None and len(batch) > 1:
            batch = batch[: len(batch) // 2]  # one of them does something else than it should
        tried = [fix for fix, _ in batch]
        if after is None:
            refused += [Refusal(fix, page.doubt(fix)) for fix in tried]
        else:
            text = after
            done += tried
        waiting = [fix for fix, _ in edits if fix not in tried]
    return Spliced(mark + text, tuple(done), tuple(refused))


def _edits(page: Page, fixes: Sequence[Fix], refused: list[Refusal]) -> Sequence[tuple[Fix, Edit]]:
    edits = []
    for fix in fixes:
        try:
            edit = page.edit(fix)
        except CannotEdit as error:
            refused.append(Refusal(fix, str(error)))
            continue
        if edit is not None:
            edits.append((fix, edit))
    return edits


def _apart(edits: Sequence[tuple[Fix, Edit]]) -> list[tuple[Fix, Edit]]:
    """Those of the edits that do not touch each other, in the order of the text."""
    chosen: list[tuple[Fix, Edit]] = []
    for fix, edit in sorted(edits, key=lambda each: each[1]):
        last = chosen[-1][1] if chosen else Edit(-1, -1, "")
        if edit.start >= last.end and edit[:2] != last[:2]:
            chosen.append((fix, edit))
    return chosen


def _accepted(page: Page, batch: Sequence[tuple[Fix, Edit]]) -> str | None:
    """The text with the edits; None when it does not read as the data with the new values."""
    text = page.text
    for _, edit in reversed(batch):
        text = text[: edit.start] + edit.text + text[edit.end :]
    meant = page.data()
    for fix, _ in batch:
        meant[fix.number] = _with(meant[fix.number], fix.path, fix.value)
    try:
        found = Page(text, page.file).data()
    except Findings:
        return None
    return text if repr(found) == repr(meant) else None  # 1, 1.0 and true differ, and so do two orders


def _with(data: Any, path: Path, value: Any) -> Any:
    """The data with a value at a path, the maps and lists on the way copied."""
    if not path:
        return value
    if isinstance(data, list):
        return [_with(item, path[1:], value) if index == path[0] else item for index, item in enumerate(data)]
    before: dict[Any, Any] = data or {}
    return {**before, path[0]: _with(before.get(path[0]), path[1:], value)}
