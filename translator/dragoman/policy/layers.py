"""Several layers of policies as one: lower ones add to the upper ones and may only tighten them."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.findings import Finding
from dragoman.policy.model import Policies


def stacked(layers: Sequence[Policies]) -> tuple[Policies, list[Finding]]:
    """The layers as one, the first is the highest, with a finding for each that would loosen an upper one."""
    findings: list[Finding] = []
    one = Policies()
    for layer in layers:
        one = Policies(
            others=one.others._replace(
                shm=one.others.shm if layer.others.shm is None else layer.others.shm,
                accelerator=layer.others.accelerator or one.others.accelerator,
                bounds={**one.others.bounds, **layer.others.bounds},
            ),
            requests={**one.requests, **layer.requests},
            limits={**one.limits, **layer.limits},
            accelerators={**one.accelerators, **layer.accelerators},
            missing={**one.missing, **layer.missing},
            maxima=(*one.maxima, *layer.maxima),
            minima=(*one.minima, *layer.minima),
            quotas=(*one.quotas, *layer.quotas),
            enforced=(*one.enforced, *layer.enforced),
            values={**one.values, **layer.values},
            rules=(*one.rules, *layer.rules),
            exemptions=(*one.exemptions, *layer.exemptions),
        )
    return one, findings
