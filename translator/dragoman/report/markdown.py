"""Findings as a comment on a pull request: a table of them, and for each flow what its steps ask for and get.

GitHub takes 65,536 characters; what does not fit is left out, and the last line says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dragoman.findings import INFO
from dragoman.report.letters import clean
from dragoman.report.model import Checked, Entry, Report
from dragoman.report.needs import Amount, Need, Peak
from dragoman.report.order import name
from dragoman.report.places import is_web, uri
from dragoman.report.text import reason, summary

MARK = "<!-- dragoman check -->"  # by which a job finds the comment that it wrote before
MOST = 65_000  # UTF-16 units, the strictest way to count; whoever writes the comment may add a line
_ROOM = 1_000  # for the lines that say what is left out
_LONGEST = 2_000  # of one finding's words
_OPEN = 20  # rows of findings that are not folded away
_SHOWN = ("requests.cpu", "requests.memory", "gpu", "pods")  # peaks, also without a quota
_ROWS = 100  # steps of a table
_RESOURCES = ("cpu", "memory", "gpu", "disk")
_SPECIAL = re.compile(r"[\\`*_\[\]<>~|&@#$]|:(?=//)")
_NAMES = re.compile("&#(?:35|64);")  # `#1` and `@name` call somebody, unless a word joiner is between


def text(report: Report, links: str = "") -> str:
    """The comment. Links go to files from the repository's root, with `links` before them."""
    said = summary([entry.finding for entry in report.entries]) or "nothing to report"
    written = [f"{MARK}\n### dragoman check: {said}\n"]
    room = MOST - _ROOM - _size(written[0])
    left_out = {"findings": 0, "tables": 0}
    for kind, block, count in _blocks(report, links):
        if _size(block) > room:
            left_out[kind] += count
            continue
        room -= _size(block)
        written.append(block)
    missing = " and ".join(f"{count} {kind}" for kind, count in left_out.items() if count)
    if missing:
        written.append(f"\nLeft out for length: {missing}. `dragoman check --format json` has all of them.\n")
    return "".join(written)


def _blocks(report: Report, links: str) -> Iterator[tuple[str, str, int]]:
    """The parts of the comment in the order of their worth: of what kind each is, its text, how much it shows."""
    head = "\n| | place | finding |\n| --- | --- | --- |\n"
    counted = [_row(entry, links) for entry in report.counted]
    for number in range(0, len(counted), _OPEN):
        rows = counted[number : number + _OPEN]
        table = head + "".join(rows)
        title = f"findings {number + 1} to {number + len(rows)}"
        yield "findings", table if number == 0 else _folded(title, table), len(rows)
    for one in report.checked:
        if one.peaks or one.needs:
            yield "tables", _flow(one), 1
    pardoned = [_row(entry, links) for entry in report.pardoned]
    for number in range(0, len(pardoned), _OPEN):
        rows = pardoned[number : number + _OPEN]
        yield "findings", _folded(f"{len(rows)} pardoned", head + "".join(rows)), len(rows)


def _row(entry: Entry, links: str) -> str:
    finding = entry.finding
    label = "note" if finding.severity == INFO else finding.severity
    words = f"<code>{_escaped(name(finding))}</code> {_prose(finding.message)}"
    if finding.help:
        words += f"<br>help: {_prose(finding.help)}"
    if is_web(finding.docs):
        words += f"<br>[docs](<{finding.docs}>)"
    if finding.pardon is not None:
        label = "pardoned"
        words += f"<br>{_prose(finding.pardon.kind)}: {_prose(reason(finding.pardon))}"
    return f"| {label} | {_place(entry, links)} | {words} |\n"


def _place(entry: Entry, links: str) -> str:
    span = entry.span
    if span is None:
        return ""
    if span.approximate:
        return f"[{_escaped(span.file)}](<{links}{uri(span.file)}>)"
    return f"[{_escaped(span.file)}:{span.line}](<{links}{uri(span.file)}#L{span.line}>)"


def _flow(one: Checked) -> str:
    """What a flow holds at most, in the open; what each step has, folded away."""
    parts = [f"\n#### {_escaped(one.title)}\n"]
    peaks = [peak for peak in one.peaks if peak.quota or peak.key in _SHOWN]
    if peaks:
        parts.append("\n| at one time | at most | quota | held by |\n| --- | --- | --- | --- |\n")
        parts += [_peak(peak) for peak in peaks]
    if one.needs:
        changed = sum(map(_is_changed, one.needs))
        note = f"; a policy changed {changed} of them" if changed else ""
        parts.append(_folded(f"what {_steps(len(one.needs))}{note}", _table(one.needs)))
    return "".join(parts)


def _table(needs: Sequence[Need]) -> str:
    """What steps have; of many, those that a policy changed come before others, all in their own order."""
    ranked = sorted(range(len(needs)), key=lambda at: not _is_changed(needs[at]))
    chosen = [needs[at] for at in sorted(ranked[:_ROWS])]
    shown = [key for key in _RESOURCES if any(key in need.amounts for need in chosen)]
    table = f"\n| step | at once | {' | '.join(shown)} |\n| --- | --- |{' --- |' * len(shown)}\n"
    table += "".join(_need(need, shown) for need in chosen)
    more = len(needs) - len(chosen)
    return table + (f"\nand {_count(more, 'more step')}\n" if more else "")


def _peak(peak: Peak) -> str:
    held = ", ".join(f"{_word(step)} ×{width}" for step, width in peak.steps[:8])
    more = f" and {_count(len(peak.steps) - 8, 'more step')}" if len(peak.steps) > 8 else ""
    quota = f"**{_word(peak.quota)}**, exceeded" if peak.over else _word(peak.quota)
    amount = _word(peak.amount) or "unknown"
    if peak.amount and peak.amount != peak.least:
        amount += f", at least {_word(peak.least)}"
    return f"| {_word(peak.key)} | {amount} | {quota} | {held}{more} |\n"


def _need(need: Need, shown: Sequence[str]) -> str:
    width = "unknown" if need.width is None else f"×{need.width}"
    amounts = (_amount(need.amounts[key]) if key in need.amounts else "" for key in shown)
    return f"| {_word(need.step)} | {width} | {' | '.join(amounts)} |\n"


def _amount(amount: Amount) -> str:
    """`6 → **4**` where a policy changed it; `16Gi, up to 64Gi` where it grows."""
    shown = _word(amount.given)
    if amount.asked not in ("", amount.given):
        shown = f"{_word(amount.asked)} → **{shown}**"
    return f"{shown}, up to {_word(amount.grows)}" if amount.grows else shown


def _is_changed(need: Need) -> bool:
    return any(amount.asked not in ("", amount.given) for amount in need.amounts.values())


def _prose(words: str) -> str:
    """Words in which backquotes stand around values; a lone backquote is a letter."""
    if len(words) > _LONGEST:
        words = words[: _LONGEST - 1] + "…"
    parts = words.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    return "".join(
        f"<code>{_escaped(part)}</code>" if number % 2 else _NAMES.sub("\\g<0>\u2060", _escaped(part))
        for number, part in enumerate(parts)
    )


def _escaped(words: str) -> str:
    """Words without any meaning for Markdown or HTML."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", words)


def _word(words: str) -> str:
    """A cell of a table."""
    return _escaped(clean(words))


def _folded(title: str, body: str) -> str:
    return f"\n<details><summary>{title}</summary>\n{body}\n</details>\n"


def _steps(number: int) -> str:
    return "1 step asks for and gets" if number == 1 else f"{number} steps ask for and get"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _size(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2
