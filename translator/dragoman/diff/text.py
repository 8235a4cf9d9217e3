"""A comparison for people: by flow and step in the spec's own words, then what happens to objects, then their texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from dragoman.diff.changes import Change
from dragoman.diff.facts import FLOW
from dragoman.diff.flows import Compared

_RED, _GREEN, _CYAN, _BOLD, _OFF = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[1m", "\x1b[0m"
LONGEST = 60  # letters of a value in a sentence; the texts below have all of it


def text(compared: Sequence[Compared], *, raw: bool = True, color: bool = False) -> str:
    """All flows, then all texts; one line when nothing differs."""
    if not compared:
        return "no differences\n"
    lines: list[str] = []
    for flow, group in by_flow(compared):
        lines += [f"{_BOLD}{flow}{_OFF}" if color else flow, *(f"  {line}" for line in sentences(group)), ""]
    texts = [change.text for one in compared for change in one.objects] if raw else []
    for line in "".join(texts).splitlines():
        lines.append(_painted(line) if color else line)
    return "\n".join(lines).rstrip("\n") + "\n"


def by_flow(compared: Sequence[Compared]) -> Iterator[tuple[str, list[Compared]]]:
    """The variants of each flow under its heading: `train (jobs/train.dragoman.yaml)`, `train: new`."""

    def heading(one: Compared) -> str:
        name = one.after or one.before or ""
        if one.before is None:
            return f"{name} ({one.file}): new"
        if one.after is None:
            return f"{name} ({one.file}): removed"
        renamed = f", was {one.before}" if one.before != one.after else ""
        return f"{name} ({one.file}){renamed}"

    for title, group in groupby(compared, heading):
        yield title, list(group)


def sentences(variants: Sequence[Compared]) -> list[str]:
    """What changed, each sentence once, with the targets it is true of where it is not true of all."""
    told: dict[str, list[str]] = {}
    for one in variants:
        for sentence in (*_steps(one), *_peaks(one), *_objects(one), *([one.obstacle] if one.obstacle else [])):
            told.setdefault(sentence, []).append(one.variant)
    every = [one.variant for one in variants]
    return [sentence + ("" if where == every and len(every) > 1 else _on(where)) for sentence, where in told.items()]


def _on(where: Iterable[str]) -> str:
    return f" on {', '.join(where)}"


def _steps(one: Compared) -> Iterator[str]:
    for old, new in one.changes.renamed:
        yield f"{old} → {new}: renamed"
    for step in one.changes.added:
        yield f"+ {step}{_width(one, step)}"
    for step in one.changes.removed:
        yield f"- {step}"
    for step, found in groupby(one.changes.changed, lambda change: change.step):
        yield f"{step or 'flow'}{_width(one, step)}: " + "; ".join(map(said, found))


def _width(one: Compared, step: str) -> str:
    size = one.widths.get(step)
    return f" ×{size}" if size is not None and step != FLOW else ""


def said(change: Change) -> str:
    """`memory 32Gi → 64Gi`; a text of several lines is only said to have changed."""
    before, after = change.before, change.after
    long = any(value is not None and (len(value) > LONGEST or "\n" in value) for value in (before, after))
    if before is None:
        return f"{change.field} added" if long else f"{change.field} {after} added"
    if after is None:
        return f"{change.field} taken out" if long else f"{change.field} {before} taken out"
    return f"{change.field} changed" if long else f"{change.field} {before} → {after}"


def _peaks(one: Compared) -> Iterator[str]:
    requested = {(peak.key.removeprefix("requests."), peak.before, peak.after) for peak in one.peaks}
    for key, before, after, quota in one.peaks:
        same = "gpu" if "/" in key else key.removeprefix("limits.")  # what this goes with: one sentence says both
        if key != same and not quota and (same, before, after) in requested:
            continue
        first, then = before or "unknown", after or "unknown"
        limit = f" of {quota}" if quota else ""
        was = "" if one.before is None else f"{first} → "
        yield f"peak {key.removeprefix('requests.')}: {was}{then}{limit}"


def _objects(one: Compared) -> Iterator[str]:
    for change in one.objects:
        yield f"{change.action} {change.kind} {change.name}" + (f" ({change.note})" if change.note else "")


def _painted(line: str) -> str:
    color = {"+": _GREEN, "-": _RED, "@": _CYAN}.get(line[:1], "")
    return f"{color}{line}{_OFF}" if color else line
