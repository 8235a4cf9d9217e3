"""What policies say of a settled plan: their rules, the quotas, and who is exempt.

Nothing is loaded for what no policy has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dragoman.findings import Finding
from dragoman.plan.model import Plan
from dragoman.policy.model import Policies

if TYPE_CHECKING:  # quotas alone have need of it
    from dragoman.plan.footprint import Footprint


def of_rules(plan: Plan, policies: Policies) -> list[Finding]:
    """Findings of the rules that the plan does not meet."""
    if not policies.rules:
        return []
    from dragoman.policy.rules.judge import judge

    return judge(plan, policies)


def of_quotas(plan: Plan, policies: Policies, footprint: Callable[[Plan], Footprint]) -> list[Finding]:
    """What quotas say of what runs at one time, and what the cluster itself says of each pod.

    footprint  an emitter's: what the target adds to a plan
    """
    if not policies.quotas and not policies.enforced:
        return []
    from dragoman.policy.quota.judge import judge
    from dragoman.policy.sources import admitted

    seen = admitted(policies, plan, footprint)
    return [*seen.findings, *judge(seen.plan, seen.policies.quotas, seen.footprint)]


def pardoned(findings: list[Finding], plan: Plan, policies: Policies) -> list[Finding]:
    """The findings, those that an exemption covers with its pardon."""
    if not policies.exemptions:
        return findings
    from dragoman.policy.exemptions import exempted

    return exempted(findings, policies.exemptions, plan)
