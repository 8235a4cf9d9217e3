"""The files that a cluster or AWS enforces, which policies name under `quotaFrom`: what they say of a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dragoman.findings import Finding
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Plan
from dragoman.policy.model import Policies


class Admitted(NamedTuple):
    """A plan as the cluster sees it, for what judges amounts: manifests leave to the cluster what it adds.

    policies   with the quotas of the cluster, too
    plan       with what the cluster adds to its steps
    footprint  of that plan, with what the cluster adds to other containers
    findings   what the cluster would refuse
    """

    policies: Policies
    plan: Plan
    footprint: Footprint
    findings: tuple[Finding, ...] = ()


def admitted(policies: Policies, plan: Plan, footprint: Callable[[Plan], Footprint]) -> Admitted:
    """A settled plan with all that files of the cluster say of it; `footprint` is its target's."""
    if not policies.enforced:
        return Admitted(policies, plan, footprint(plan))
    from dragoman.policy.sources.admission import held, seen
    from dragoman.policy.sources.enforced import judged

    quotas, pods, findings = judged(policies.enforced, plan, footprint(plan))
    completed = seen(plan, pods)
    both = policies._replace(quotas=(*policies.quotas, *quotas))
    return Admitted(both, completed, held(footprint(completed), pods), tuple(findings))
