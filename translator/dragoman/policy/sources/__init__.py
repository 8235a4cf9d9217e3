"""The files that a cluster or AWS enforces, which policies name under `quotaFrom`: what they say of a plan."""

from __future__ import annotations

from dragoman.findings import Finding
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Plan
from dragoman.policy.model import Policies


def admitted(policies: Policies, plan: Plan, footprint: Footprint) -> tuple[Policies, Plan, list[Finding]]:
    """The policies with the cluster's own quotas, the plan with what the cluster adds to it, and what it would refuse.

    The plan is for what judges amounts: manifests leave the adding to the cluster.
    """
    if not policies.enforced:
        return policies, plan, []
    from dragoman.policy.sources.enforced import judged

    found = judged(policies.enforced, plan, footprint)
    return policies._replace(quotas=(*policies.quotas, *found.quotas)), found.plan, [*found.findings]
