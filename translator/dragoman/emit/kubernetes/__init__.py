"""The kubernetes target: plain Jobs that keep their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.emit.kubernetes.manifests import emit
from dragoman.emit.kubernetes.order import narrow
from dragoman.emit.kubernetes.rules import verify
from dragoman.emit.kubernetes.support import SUPPORT
from dragoman.emitter import Emitter
from dragoman.plan.model import Plan

if TYPE_CHECKING:  # quotas alone have need of it
    from dragoman.plan.footprint import Footprint


def _footprint(plan: Plan) -> Footprint:
    """What quotas count: imported only where there are some."""
    from dragoman.emit.kubernetes.footprint import footprint

    return footprint(plan)


EMITTER = Emitter(
    name="kubernetes",
    summary="Kubernetes 1.25 to 1.37: Jobs and CronJobs, kept in order by a coordinator, by Argo CD, by a JobSet",
    support=SUPPORT,
    options="dragoman.emit.kubernetes.options:KubernetesOptions",
    emit=emit,
    verify=verify,
    narrow=narrow,
    footprint=_footprint,
)
