"""Findings of every kind for hypothesis: any letters in any text, halves of letters too, places anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import strategies as st

from dragoman.codes import CODES
from dragoman.findings import SEVERITIES, Finding, Fix, Pardon, Span
from dragoman.report.model import Checked, Report, report
from dragoman.report.needs import Amount, Need, Peak
from dragoman.report.order import plain

HOSTILE = (
    "a|b", "`", "``x`", "</code><script>", "]]>", "&amp;", "::error::x", "##[error]x", "%0A::", "@team #1 !2", "${{ x }}",
    "\x1b[31mred\x1b[0m", "\x00", "\x85", "\u2028", "\ufffe", "\ud800", "line\nbreak", "\r", "{0}", "[a](b)", "'\"", "\\|", "~~~", "$x$",
)  # fmt: skip
letters = st.characters(exclude_categories=())  # surrogates too
words = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(letters, max_size=12)), max_size=4).map("".join)
files = st.one_of(
    st.sampled_from(("flow.dragoman.yaml", "a b/ü.dragoman.jsonnet", "<stdin>", "--set params.x=1", "a:b#c?d%.yaml")),
    st.text(letters, min_size=1, max_size=8).filter(lambda name: "\0" not in name and "/" not in name),
)
numbers = st.integers(1, 10_000)
spans = st.builds(Span, files, numbers, numbers, numbers, numbers, st.booleans())
values = st.one_of(words, st.integers(), st.booleans())
fixes = st.builds(Fix, files, numbers, st.lists(st.one_of(words, numbers), max_size=3).map(tuple), values)
pardons = st.builds(Pardon, words, words, words, words, st.none() | spans)
findings = st.builds(
    Finding,
    st.sampled_from(sorted(CODES)) | st.just("ACME7"),
    words,
    st.none() | spans,
    words,
    st.sampled_from(SEVERITIES),
    words,
    st.lists(st.tuples(spans, words), max_size=2).map(tuple),
    st.just("") | words,
    st.just("") | st.just("https://example.org/rules#1") | words,
    st.none() | fixes,
    st.none() | pardons,
)
amounts = st.builds(Amount, words, words, words)
needs = st.builds(
    Need, words, st.none() | numbers, st.dictionaries(st.sampled_from(("cpu", "memory", "gpu", "disk")), amounts)
)
peaks = st.builds(
    Peak, words, words, words, st.lists(st.tuples(words, numbers), max_size=3).map(tuple), words, st.booleans()
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    found = draw(st.lists(findings, max_size=6, unique=True))
    checked = [
        draw(
            st.builds(
                Checked,
                st.sampled_from(("Flow", "Policy")),
                files,
                words,
                words,
                words,
                st.just(tuple(part)),
                st.lists(needs, max_size=2).map(tuple),
                st.lists(peaks, max_size=2).map(tuple),
            )
        )
        for part in draw(st.sampled_from(([found], [found[:2], found[2:]], [found, found], [])))
    ]
    return report(found, checked, draw(st.sampled_from(SEVERITIES)))


def said(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """What a format must say of findings, however often: the code and the message."""
    return Counter((finding.code, plain(finding).message) for finding in findings)
