"""An outcome as bytes, to be kept or handed from process to process; read back only when it is one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from dragoman.farm.outcome import Made, Outcome, Rendered
from dragoman.findings import SEVERITIES, Finding, Fix, Pardon, Span


def encode(outcome: Outcome) -> bytes:
    """The outcome as a line of JSON, with the texts behind it."""
    texts = [one.text for rendered in outcome.rendered for one in rendered.made]
    rendered = [
        (*one[:-1], [(made.file, made.identity, made.object, len(made.text)) for made in one.made])
        for one in outcome.rendered
    ]
    head = json.dumps((outcome.flows, rendered, outcome.errors, outcome.exit_code), separators=(",", ":"))
    return b"\n".join((head.encode(), b"".join(texts)))


def decode(data: bytes) -> Outcome:
    """The outcome that `encode` was given; raises ValueError or TypeError for anything else, whoever wrote it."""
    start = data.index(b"\n")
    flows, rendered, errors, exit_code = json.loads(data[:start])
    _check(int, flows, exit_code)
    texts = _Texts(data, start + 1)
    outcome = Outcome(flows, tuple(_rendered(one, texts) for one in rendered), tuple(map(_finding, errors)), exit_code)
    if texts.at != len(data):
        raise ValueError("texts that belong to no manifest")
    return outcome


class _Texts:
    """The texts behind the JSON, one after the other; `at` is where the next one begins."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def next(self, size: int) -> bytes:
        """The next text, of so many bytes."""
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError("a text is cut off")
        self.at += size
        return self.data[self.at - size : self.at]


def _rendered(row: Sequence[Any], texts: _Texts) -> Rendered:
    flow, target, environment, place, fidelity, findings, made = row
    _check(str, flow, target, environment)
    return Rendered(
        flow,
        target,
        environment,
        _span(place),
        tuple(_answer(one) for one in fidelity),
        tuple(map(_finding, findings)),
        tuple(_made(one, texts) for one in made),
    )


def _answer(row: Sequence[Any]) -> tuple[str, str, str]:
    feature, answer, why = row
    _check(str, feature, answer, why)
    return feature, answer, why


def _made(row: Sequence[Any], texts: _Texts) -> Made:
    file, (kind, namespace, name), is_object, size = row
    _check(str, file, kind, namespace, name)
    _check(bool, is_object)
    _check(int, size)
    if not file or os.path.basename(file) != file or file.startswith(".") or "\0" in file:
        raise ValueError(f"no manifest's file is called {file!r}")
    return Made(file, (kind, namespace, name), is_object, texts.next(size))


def _finding(row: Sequence[Any]) -> Finding:
    code, message, span, advice, severity, address, related, rule, docs, fix, pardon = row
    _check(str, code, message, advice, severity, address, rule, docs)
    if severity not in SEVERITIES:
        raise ValueError(f"no severity: {severity!r}")
    return Finding(
        code,
        message,
        None if span is None else _span(span),
        advice,
        severity,
        address,
        tuple(_related(one) for one in related),
        rule,
        docs,
        None if fix is None else _fix(fix),
        None if pardon is None else _pardon(pardon),
    )


def _related(row: Sequence[Any]) -> tuple[Span, str]:
    place, words = row
    _check(str, words)
    return _span(place), words


def _span(row: Sequence[Any]) -> Span:
    file, line, column, end_line, end_column, approximate = row
    _check(str, file)
    _check(int, line, column, end_line, end_column)
    _check(bool, approximate)
    return Span(file, line, column, end_line, end_column, approximate)


def _fix(row: Sequence[Any]) -> Fix:
    file, number, path, value = row
    _check(str, file)
    _check(int, number)
    _check(str, *(step for step in path if type(step) is not int))
    if value is not None and type(value) not in (str, int, float, bool):
        raise TypeError(f"no value of a field: {value!r}")
    return Fix(file, number, tuple(path), value)


def _pardon(row: Sequence[Any]) -> Pardon:
    kind, reason, owner, expires, span = row
    _check(str, kind, reason, owner, expires)
    return Pardon(kind, reason, owner, expires, None if span is None else _span(span))


def _check(kind: type, *values: Any) -> None:
    for value in values:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is no {kind.__name__}")
