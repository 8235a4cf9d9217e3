"""Several flows in one namespace: what their peaks add up to, against the quotas that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dragoman.findings import ERROR, WARNING, Finding
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Plan
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.peaks import Peak, Peaks

SHOWN = 5  # flows, in a sentence


class Flow(NamedTuple):
    """A settled plan, the quotas in force for it, its target's footprint of it."""

    plan: Plan
    quotas: tuple[Quota, ...]
    footprint: Footprint


class Part(NamedTuple):
    """A flow's own peak of what a quota counts."""

    flow: Flow
    quota: Quota
    peak: Peak


def together(flows: Sequence[Flow]) -> list[Finding]:
    """A finding for each quota that flows of one namespace exceed only together.

    All of them are taken to run at the same time, whatever their schedules: the sum is never too small. Flows of
    different targets, or rendered for different environments, are not added up.
    """
    shared: dict[object, list[Part]] = {}
    for flow in flows:
        peaks = Peaks(flow.plan, flow.footprint) if flow.quotas else None
        for quota in flow.quotas:
            if peaks is not None and (keys.countable(quota.key) or quota.key.startswith(keys.OBJECTS)):
                shared.setdefault(_place(flow.plan, quota), []).append(Part(flow, quota, peaks.of(quota.key, quota)))
    return [finding for parts in shared.values() for finding in _judged(parts)]


def _place(plan: Plan, quota: Quota) -> object:
    """What makes a quota of several flows the same one."""
    said = quota.origin
    file = (said.source.document.file, said.source.document.number) if said.source is not None else ()
    return plan.target, plan.source.environment, plan.namespace, quota.key, quota.compute, file, said.path


def _judged(parts: Sequence[Part]) -> Iterator[Finding]:
    quota = parts[0].quota
    known = sorted((part for part in parts if part.peak.amount), key=lambda part: -(part.peak.amount or 0))
    total = sum(part.peak.amount or 0 for part in known)
    if total <= quota.amount or any((part.peak.amount or 0) > quota.amount for part in known):
        return  # one that is too much alone has its own finding
    heaviest, others = known[0].flow.plan, known[1:]
    shown = [f"`{part.flow.plan.name}` {keys.shown(quota.key, part.peak.amount or 0)}" for part in known[:SHOWN]]
    more = f" and {len(known) - SHOWN} more flows" if len(known) > SHOWN else ""
    where = f" in the namespace `{heaviest.namespace}`" if heaviest.namespace else ""
    said = "at one time" if not quota.key.startswith(keys.OBJECTS) or quota.key in keys.PODS else "in all"
    at_most = "" if all(part.peak.exact for part in known) else "at most "
    limit = f"{quota.reason} allows" if quota.enforced and quota.reason else "the quota is"
    place = quota.origin.span()
    yield Finding(
        "DRG424",
        f"{len(known)} flows together may hold {at_most}{keys.phrase(quota.key, total)} {said}{where}, "
        f"{limit} {keys.shown(quota.key, quota.amount)}: {', '.join(shown)}{more}",
        heaviest.source.span(("metadata", "name")),
        "let them run at other times, which is not looked at here, or let them hold less",
        ERROR if quota.action == "deny" and not quota.enforced else WARNING,
        "spec",
        (
            *([(place, "the quota is set here")] if place is not None else []),
            *((part.flow.plan.source.span(("metadata", "name")), "another of them") for part in others[:SHOWN]),
        ),
        rule=f"quota.{keys.field(quota.key)}",
    )
