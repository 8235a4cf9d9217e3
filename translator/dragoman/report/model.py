"""What there is to report, whatever the format: findings in their order, and what was checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from dragoman.baseline import fingerprint
from dragoman.findings import ERROR, SEVERITIES, Finding, Span
from dragoman.load.document import Document
from dragoman.report.letters import clean
from dragoman.report.needs import Need, Peak
from dragoman.report.order import ordered, plain
from dragoman.report.places import from_root, is_file, relative

Key: TypeAlias = tuple[str, str, Span | None, str]


class Checked(NamedTuple):
    """A document that was checked; a flow once for each target and environment.

    kind      Flow, Library, Policy, as the document says
    file      as spans name it
    target    of a flow, and its environment; empty for its own
    findings  what was found, before anybody judged it
    needs     what each step asks for and gets, and `peaks` what all hold together; empty when that is not known
    """

    kind: str
    file: str
    name: str = ""
    target: str = ""
    environment: str = ""
    findings: tuple[Finding, ...] = ()
    needs: tuple[Need, ...] = ()
    peaks: tuple[Peak, ...] = ()

    @property
    def title(self) -> str:
        """`hello → argo (prod)`."""
        target = f" → {self.target}" if self.target else ""
        return f"{self.name or self.file}{target}" + (f" ({self.environment})" if self.environment else "")


def of(document: Document, findings: Iterable[Finding] = (), target: str = "", environment: str = "") -> Checked:
    """What was checked of a document, which may be wrong in any way."""
    data = document.data if isinstance(document.data, dict) else {}
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kind = data.get("kind")
    words = [word if isinstance(word, str) else "" for word in (kind, name)]
    return Checked(words[0], document.file, words[1], target, environment, tuple(findings))


class Entry(NamedTuple):
    """A finding in a report: its texts fit for any format, its files from the repository's root.

    span         where to point: the finding's own place, or the file of what it was found in; None without any
    path         the file of `span` as it was named, to open it
    fingerprint  the same after a change elsewhere in the file, another one for each finding of a report
    checked      what it was found in: indexes of `Report.checked`
    """

    finding: Finding
    span: Span | None
    path: str
    fingerprint: str
    checked: tuple[int, ...] = ()


class Report(NamedTuple):
    """The findings that count and those that are pardoned, with what was checked, its files from the root.

    fail_on  the least severity that fails the check
    """

    entries: tuple[Entry, ...]
    checked: tuple[Checked, ...] = ()
    fail_on: str = ERROR

    @property
    def counted(self) -> list[Entry]:
        """The findings that nobody pardoned."""
        return [entry for entry in self.entries if entry.finding.pardon is None]

    @property
    def pardoned(self) -> list[Entry]:
        """The others."""
        return [entry for entry in self.entries if entry.finding.pardon is not None]

    def fails(self, finding: Finding) -> bool:
        """Whether this finding fails the check."""
        return finding.pardon is None and SEVERITIES.index(finding.severity) >= SEVERITIES.index(self.fail_on)


def report(findings: Iterable[Finding], checked: Sequence[Checked], fail_on: str = ERROR) -> Report:
    """The report of what was checked; `findings` are its findings, judged."""
    homes: dict[Key, list[int]] = {}
    for number, one in enumerate(checked):
        for key in dict.fromkeys(map(_as_found, one.findings)):
            homes.setdefault(key, []).append(number)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for found in ordered(findings):
        where = tuple(homes.get(_as_found(found), ()))
        finding = _from_root(plain(found))
        span, path = (finding.span, found.span.file) if found.span and is_file(found.span) else (None, "")
        if span is None and where:
            path = checked[where[0]].file
            span = Span(relative(path))
        mark = fingerprint(found)
        seen[mark] = seen.get(mark, 0) + 1
        entries.append(Entry(finding, span, path, mark if seen[mark] == 1 else f"{mark}-{seen[mark]}", where))
    return Report(tuple(entries), tuple(map(_plain, checked)), fail_on)


def _as_found(finding: Finding) -> Key:
    """What nobody changes of a finding: how severe it is, whether it counts, what would mend it may change."""
    return finding.code, finding.message, finding.span, finding.address


def _plain(one: Checked) -> Checked:
    return one._replace(
        file=relative(one.file), name=clean(one.name), target=clean(one.target), environment=clean(one.environment)
    )


def _from_root(finding: Finding) -> Finding:
    span, fix, pardon = finding.span, finding.fix, finding.pardon
    return finding._replace(
        span=span and from_root(span),
        related=tuple((from_root(place), words) for place, words in finding.related),
        fix=fix and fix._replace(file=relative(fix.file)),
        pardon=pardon and pardon._replace(span=pardon.span and from_root(pardon.span)),
    )
