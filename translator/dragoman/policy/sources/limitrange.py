"""LimitRange: what a namespace adds to a container that leaves amounts open, and what it takes of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dragoman.findings import Finding
from dragoman.policy.sources.objects import Amount, Object, amounts, sequence, text, wrong

CONTAINER, POD, CLAIM = "Container", "Pod", "PersistentVolumeClaim"


class Range(NamedTuple):
    """One entry of `spec.limits`, completed as Kubernetes completes it. Ratios are in thousandths."""

    type: str
    minimum: Mapping[str, Amount]
    maximum: Mapping[str, Amount]
    limits: Mapping[str, Amount]
    requests: Mapping[str, Amount]
    ratio: Mapping[str, Amount]


class LimitRange(NamedTuple):
    """A LimitRange."""

    object: Object
    ranges: tuple[Range, ...]


def read(found: Object, findings: list[Finding]) -> LimitRange:
    """The LimitRange, with findings for what Kubernetes would not take."""
    entries = sequence(found, findings, "spec", "limits")
    return LimitRange(found, tuple(_range(found, number, findings) for number in range(len(entries))))


def _range(found: Object, number: int, findings: list[Finding]) -> Range:
    place = ("spec", "limits", number)
    kind = text(found, findings, *place, "type") or ""
    if kind not in (CONTAINER, POD, CLAIM) and "/" not in kind:
        said = f"`{kind}` is no type of a limit" if kind else "a limit has no `type`"
        findings.append(wrong(found, (*place, "type"), said, f"the types are `{CONTAINER}`, `{POD}`, `{CLAIM}`"))
    minimum, maximum, limits, requests = (
        amounts(found, findings, *place, field) for field in ("min", "max", "default", "defaultRequest")
    )
    if kind == CONTAINER:  # SetDefaults_LimitRangeItem (pkg/apis/core/v1/defaults.go)
        limits = {**maximum, **limits}
        requests = {**minimum, **limits, **requests}
    ratio = amounts(found, findings, *place, "maxLimitRequestRatio", thousandths=True)
    return Range(kind, minimum, maximum, limits, requests, ratio)


def ranges_of(found: Sequence[LimitRange], kind: str) -> Iterator[Range]:
    """The entries of LimitRanges that are for containers, or for pods."""
    return (entry for one in found for entry in one.ranges if entry.type == kind)
