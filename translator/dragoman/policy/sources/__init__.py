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
    from dragoman.policy.sources.enforced import limitranges, quotas

    seen, findings = limitranges(policies.enforced, plan, footprint)
    found, more = quotas(policies.enforced, seen, footprint)
    return policies._replace(quotas=(*policies.quotas, *found)), seen, [*findings, *more]
