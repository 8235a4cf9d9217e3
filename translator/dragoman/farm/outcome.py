"""What became of one spec file, as plain data."""

from __future__ import annotations

from typing import NamedTuple

from dragoman.findings import Finding, Span


class Made(NamedTuple):
    """One manifest.

    file      its name in a folder
    identity  kind, namespace and name: two objects of one identity are one object
    object    whether Kubernetes' own tools take it
    text      UTF-8, as it is written
    """

    file: str
    identity: tuple[str, str, str]
    object: bool
    text: bytes


class Rendered(NamedTuple):
    """A flow for a target.

    environment  that it was asked for, also when the flow has none of that name
    place        of its name
    fidelity  feature, answer (native, emulated, weaker) and why, for each feature that it uses
    """

    flow: str
    target: str
    environment: str
    place: Span
    fidelity: tuple[tuple[str, str, str], ...]
    findings: tuple[Finding, ...]
    made: tuple[Made, ...]


class Outcome(NamedTuple):
    """A spec file: how many flows are in it, what each became, and what was wrong (then with an exit code)."""

    flows: int = 0
    rendered: tuple[Rendered, ...] = ()
    errors: tuple[Finding, ...] = ()
    exit_code: int = 1
