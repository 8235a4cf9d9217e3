"""Policies in force, and for one flow those that match it as one.

They form layers, the first is the highest. A lower layer adds to the upper ones and may tighten them; what an upper
one says stays as it is unless that one says `overridable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dragoman.findings import INFO, Finding
from dragoman.plan.model import Plan
from dragoman.plan.origin import Origin
from dragoman.policy.model import Policies

if TYPE_CHECKING:
    from dragoman.load.policies import Policy

# the lowest layer of all (DESIGN: one core, 4096Mi)
BUILT_IN: Mapping[str, int] = {"cpu": 1000, "memory": 4096 * 2**20}
LOWEST = Policies(
    defaults={("requests", key): (value, Origin("built-in")) for key, value in BUILT_IN.items()},
    missing={"memory": ("equal", Origin("built-in")), "gpu": ("equal", Origin("built-in"))},
)


class Enacted(NamedTuple):
    """Policies in force, the highest layer first, with what there is to say about themselves."""

    policies: tuple[Policy, ...] = ()
    said: tuple[Policies, ...] = ()
    findings: tuple[Finding, ...] = ()


NO_POLICIES = Enacted()


def in_force(enacted: Enacted, plan: Plan) -> tuple[Policies, list[Finding]]:
    """What the policies that match a plan say together."""
    if not enacted.policies:
        return LOWEST, []
    from dragoman.policy.layers import stacked

    matching = [
        said for policy, said in zip(enacted.policies, enacted.said, strict=True) if matches(policy.document.data, plan)
    ]
    together, findings = stacked((LOWEST, *matching))
    return together, [*enacted.findings, *findings]


def matches(policy: Mapping[str, Any], plan: Plan) -> bool:
    """Whether a policy is for a plan."""
    from fnmatch import fnmatchcase

    match = policy["spec"].get("match") or {}
    namespaces, targets, labels = match.get("namespaces"), match.get("targets"), match.get("labels") or {}
    if namespaces is not None and not any(fnmatchcase(plan.namespace or "", pattern) for pattern in namespaces):
        return False
    if targets is not None and plan.target not in targets:
        return False
    return all(plan.labels.get(key) == value for key, value in labels.items())


def unmatched(enacted: Enacted, plans: Sequence[Plan]) -> list[Finding]:
    """A note for each policy that matches none of the plans: perhaps it was meant to."""
    findings = []
    for policy in enacted.policies:
        document = policy.document
        if not any(matches(document.data, plan) for plan in plans):
            message = f"the policy `{document.data['metadata']['name']}` is for none of the flows that were checked"
            advice = "nothing is wrong with that, unless `match` was to fit one of them"
            findings.append(Finding("DRG461", message, document.span(("spec", "match"), key=True), advice, INFO))
    return findings
