"""An outcome as bytes, to be kept or handed from process to process; read back only when it is one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, TypeVar

from dragoman.farm.outcome import Made, Outcome, Rendered
from dragoman.findings import SEVERITIES, Finding, Fix, Pardon, Span

T = TypeVar("T")


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
    texts = _Texts(data, start + 1)
    outcome = Outcome(
        _is(int, flows),
        tuple(_rendered(one, texts) for one in rendered),
        tuple(map(_finding, errors)),
        _is(int, exit_code),
    )
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
    return Rendered(
        _is(str, flow),
        _is(str, target),
        _is(str, environment),
        _span(place),
        tuple((_is(str, feature), _is(str, answer), _is(str, why)) for feature, answer, why in fidelity),
        tuple(map(_finding, findings)),
        tuple(_made(one, texts) for one in made),
    )


def _made(row: Sequence[Any], texts: _Texts) -> Made:
    file, (kind, namespace, name), is_object, size = row
    if not file or os.path.basename(_is(str, file)) != file or file.startswith(".") or "\0" in file:
        raise ValueError(f"no manifest's file is called {file!r}")
    identity = (_is(str, kind), _is(str, namespace), _is(str, name))
    return Made(file, identity, _is(bool, is_object), texts.next(_is(int, size)))


def _finding(row: Sequence[Any]) -> Finding:
    code, message, span, help, severity, address, related, rule, docs, fix, pardon = row  # noqa: A001
    if severity not in SEVERITIES:
        raise ValueError(f"no severity: {severity!r}")
    return Finding(
        _is(str, code),
        _is(str, message),
        None if span is None else _span(span),
        _is(str, help),
        severity,
        _is(str, address),
        tuple((_span(place), _is(str, words)) for place, words in related),
        _is(str, rule),
        _is(str, docs),
        None if fix is None else _fix(fix),
        None if pardon is None else _pardon(pardon),
    )


def _span(row: Sequence[Any]) -> Span:
    file, line, column, end_line, end_column, approximate = row
    return Span(
        _is(str, file),
        _is(int, line),
        _is(int, column),
        _is(int, end_line),
        _is(int, end_column),
        _is(bool, approximate),
    )


def _fix(row: Sequence[Any]) -> Fix:
    file, number, path, value = row
    steps = tuple(step if type(step) is int else _is(str, step) for step in path)
    return Fix(_is(str, file), _is(int, number), steps, value)


def _pardon(row: Sequence[Any]) -> Pardon:
    kind, reason, owner, expires, span = row
    return Pardon(
        _is(str, kind), _is(str, reason), _is(str, owner), _is(str, expires), None if span is None else _span(span)
    )


def _is(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
