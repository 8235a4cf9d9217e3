"""The batch target: AWS Batch job definitions, and a Step Functions state machine that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.emit.batch.formats import FORMS, form
from dragoman.emit.batch.manifests import emit
from dragoman.emit.batch.rules import verify
from dragoman.emit.batch.support import SUPPORT, narrow
from dragoman.emitter import Emitter
from dragoman.plan.model import Plan

if TYPE_CHECKING:  # quotas alone have need of it
    from dragoman.plan.footprint import Footprint


def _footprint(plan: Plan) -> Footprint:
    """What quotas count: imported only where there are some."""
    from dragoman.emit.batch.footprint import footprint

    return footprint(plan)


EMITTER = Emitter(
    name="batch",
    summary="AWS Batch job definitions, and a Step Functions state machine that runs them",
    support=SUPPORT,
    options="dragoman.emit.batch.options:BatchOptions",
    emit=emit,
    verify=verify,
    narrow=narrow,
    footprint=_footprint,
    forms=tuple(FORMS),
    form=form,
)
