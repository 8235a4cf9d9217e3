"""Which of the ways to keep Jobs in order a flow gets."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.emit.kubernetes.settings import Settings, settings
from dragoman.emit.kubernetes.support import can_say, of_mode
from dragoman.emitter import Support
from dragoman.plan.features import Feature
from dragoman.plan.model import Plan


def mode(plan: Plan, options: Settings) -> str:
    """The flow's own choice; `auto` is the plainest that can say the flow, and keeps its order, and else a driver.

    Jobs alone where there is nothing to order; Argo CD's waves where Argo CD delivers; the coordinator otherwise.
    """
    if options.ordering != "auto":
        return options.ordering
    candidates = ("none", "waves") if options.delivery == "argocd" else ("none",)
    return next((name for name in candidates if can_say(plan, name, options)), "coordinator")


def narrow(plan: Plan) -> Mapping[Feature, Support]:
    """What the way of ordering changes in the target's answers."""
    options = settings(plan.options)
    return of_mode(plan, mode(plan, options), options)
