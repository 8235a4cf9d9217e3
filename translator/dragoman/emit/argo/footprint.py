"""What a flow of Argo holds: its graph is the plan's own, and its pods ask for what their step asks for.

Argo's own containers (`init` and `wait`) ask for nothing unless the controller's configuration says so, in
`executor.resources`, which no flow knows (workflow/controller/workflowpod.go, newExecContainer). A template's
`parallelism` counts its children: pods, and the DAGs inside it, whatever those run (node_counters.go,
getActiveChildrenCounter).
"""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.emit.argo.results import wraps_loop
from dragoman.emit.argo.retry import unit
from dragoman.emit.argo.settings import settings
from dragoman.plan.footprint import KUBERNETES, Amounts, Beside, Footprint, Made
from dragoman.plan.model import Amount, Plan, Step
from dragoman.plan.references import steps_of

EXECUTOR = "`executor.resources` in the configuration of Argo's controller"
# of every pod (workflow/controller/workflowpod.go, newInitContainers and newWaitContainer)
OTHERS = (Beside("init", Amounts(), True, EXECUTOR), Beside("wait", Amounts(), False, EXECUTOR))
DELETED = ("OnPodCompletion", "OnPodSuccess")  # pods that have ended are not there to be counted


def footprint(plan: Plan) -> Footprint:
    """What Argo makes of the plan."""
    made = {"workflows.argoproj.io": Made(1)}
    if settings(plan.options).podGC not in DELETED:
        made["pods"] = Made(attempt=1)
    return Footprint(
        compute=KUBERNETES,
        pod=_pod,
        counts="children",
        single=frozenset(step.address for step in steps_of(plan) if wraps_loop(step)),
        made=made,
        others=lambda step: OTHERS,
        clock=plan.timeout is not None,
        again=footprint,
    )


def _pod(step: Step, amounts: Amounts) -> Amounts:
    """Amounts that grow are rounded up to the units that Argo counts them in."""
    if step.retry is None or not step.retry.escalate or step.container is None:
        return amounts
    own = step.container.resources
    return amounts._replace(
        requests=_rounded(step, own.requests, amounts.requests),
        limits=_rounded(step, own.limits, amounts.limits),
    )


def _rounded(step: Step, first: Mapping[str, Amount], largest: Mapping[str, int | None]) -> dict[str, int | None]:
    found = dict(largest)
    for growth in step.retry.escalate if step.retry is not None else ():
        base, amount = first.get(growth.resource), largest.get(growth.resource)
        if isinstance(base, int) and amount is not None:
            size, _ = unit(growth.resource, base, growth.maximum)
            found[growth.resource] = -(-amount // size) * size
    return found
