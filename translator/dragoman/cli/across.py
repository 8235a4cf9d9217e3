"""What `dragoman check` says of all flows at once: exemptions that nobody needs, quotas that flows exceed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dragoman.findings import Finding
from dragoman.pipeline import Rendering, seen
from dragoman.policy.exemptions import is_exempt, unused
from dragoman.policy.model import Quota
from dragoman.policy.quota import keys
from dragoman.policy.quota.together import Flow, together


def across(renderings: Sequence[Rendering | None], findings: Sequence[Finding], *, summed: bool) -> list[Finding]:
    """The findings beside those of each flow.

    renderings  of every case; None where a flow could not be rendered: of its exemptions nobody knows
    summed      flows of one namespace may run at one time (`--together`)
    """
    done = [one for one in renderings if one is not None]
    found = [] if len(done) < len(renderings) else unused(findings, [(one.plan.name, one.policies) for one in done])
    return [*found, *(_together(done) if summed else ())]


def _together(renderings: Iterable[Rendering]) -> Iterator[Finding]:
    """What quotas say of the sum of flows; one that is exempt from a quota is not part of its sum."""
    flows = []
    for one in renderings:
        admitted = seen(one)
        quotas = [each for each in admitted.policies.quotas if not _exempt(one, each)]
        flows.append(Flow(admitted.plan, tuple(quotas), admitted.footprint))
    yield from together(flows)


def _exempt(one: Rendering, quota: Quota) -> bool:
    return is_exempt(one.policies, one.plan, (), f"quota.{keys.field(quota.key)}") is not None
