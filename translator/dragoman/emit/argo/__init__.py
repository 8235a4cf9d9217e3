"""The argo target: Argo Workflows, 3.6 to 4.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dragoman.emit.argo.failing import graphs, judged_rightly, loop_stops, stops
from dragoman.emit.argo.results import wraps_loop
from dragoman.emit.argo.rules import verify
from dragoman.emit.argo.settings import settings
from dragoman.emit.argo.workflow import emit
from dragoman.emit.pods import OF_PODS
from dragoman.emitter import Emitter, Emulated, Native, Refused, Support, Weaker
from dragoman.lower.matrix import expand_matrix
from dragoman.plan.features import Feature, starts_beside_failures
from dragoman.plan.model import Plan, Resources, Step
from dragoman.plan.references import steps_of

if TYPE_CHECKING:  # quotas alone have need of it
    from dragoman.plan.footprint import Footprint

_LAST_TASK = "a last task that runs when every failure was accepted: Argo judges a graph by its last tasks"

SUPPORT: Mapping[Feature, Support] = {
    Feature.ORDER: Native(),
    Feature.ON_FAILURE: Emulated(_LAST_TASK),
    Feature.ON_COMPLETION: Emulated(_LAST_TASK),
    Feature.FAIL_FAST: Weaker("what does not depend on the failed step still starts"),
    Feature.WHEN: Native(),
    Feature.GROUP: Native(),
    Feature.GROUP_PARALLELISM: Weaker("a loop or a group inside counts as one, whatever it runs"),
    Feature.GO_ON_AFTER_FAILURE: Native(),
    Feature.FOREACH_STATIC: Native(),
    Feature.FOREACH_OUTPUT: Native(),
    Feature.FOREACH_RANGE: Native(),
    Feature.FOREACH_MATRIX: Emulated("one list of the combinations", by=expand_matrix),
    Feature.FOREACH_MATRIX_OUTPUT: Refused(
        "Argo loops over one list", "let a step produce the combinations, and loop over its output"
    ),
    Feature.FOREACH_PARALLELISM: Emulated("a template around the loop, which has the limit"),
    Feature.FOREACH_MAX_ITEMS: Emulated("a longer list is an error of the step"),
    Feature.FOREACH_INDEX: Emulated("the index travels with the item"),
    Feature.TOLERATE_ALL: Emulated("a template around each item, which succeeds"),
    Feature.TOLERATE_COUNT: Refused(
        "Argo does not count the failures of a loop",
        "use `tolerate: all`, and judge the nulls in a step after the loop",
    ),
    Feature.OUTPUT_FILE: Native(),
    Feature.OUTPUT_STDOUT: Weaker("Argo keeps the last 256 KiB"),
    Feature.OUTPUT_DEFAULT: Native(),
    Feature.OUTPUT_LIST: Native(),
    Feature.RUNTIME_TEXT: Weaker("text made while running that holds `{{` is read by Argo as one of its own tags"),
    Feature.RUNTIME_PARAM: Weaker("Argo does not check the value against the parameter's type and range"),
    Feature.SCRIPT: Native(),
    **OF_PODS,
    Feature.DYNAMIC_RESOURCES: Native(),
    Feature.BOUNDS: Weaker("an amount beyond its bound is not stopped"),
    Feature.RETRY: Native(),
    Feature.BACKOFF: Native(),
    Feature.RETRY_EXIT_CODE: Native(),
    Feature.RETRY_OOM: Emulated("exit code 137, or Kubernetes' own word OOMKilled"),
    Feature.RETRY_SPOT: Emulated("Argo's status Error, or a failure that is not the container's own"),
    Feature.ESCALATE: Native(),
    Feature.ATTEMPT: Native(),
    Feature.FLOW_TIMEOUT: Native(),
    Feature.FLOW_PARALLELISM: Native(),
    Feature.ON_EXIT: Native(),
    Feature.SCHEDULE: Native(),
    Feature.COMPUTE_BATCH: Refused(
        "Argo runs containers in its own cluster",
        "give the step `compute: kubernetes`, or render the flow for `batch`",
    ),
    Feature.PATCH: Native(),
}


def narrow(plan: Plan) -> Mapping[Feature, Support]:
    """What this plan, or the Argo that reads it, makes better or worse than the table says."""
    changed: dict[Feature, Support] = {}
    found = list(graphs(plan))
    for feature, condition in ((Feature.ON_FAILURE, "failed"), (Feature.ON_COMPLETION, "completed")):
        if all(judged_rightly(steps, condition) for steps, _ in found):
            changed[feature] = Native()
    if all(_stops_rightly(steps) for steps, fail_fast in found if fail_fast):
        changed[Feature.FAIL_FAST] = Native()
    if not any(step.parallelism is not None and _counts_as_one(step) for step in steps_of(plan)):
        changed[Feature.GROUP_PARALLELISM] = Native()
    if not any(map(_unsure, (*plan.steps, *plan.on_exit))):
        changed[Feature.BOUNDS] = Native()
    if not settings(plan.options).since("3.7") and any(map(_longest_wait, (*plan.steps, *plan.on_exit))):
        changed[Feature.BACKOFF] = Weaker("Argo 3.6 has no longest wait: `backoff.max` is left out")
    return changed


def _stops_rightly(steps: tuple[Step, ...]) -> bool:
    limited = [step for step in steps if step.foreach is not None and step.foreach.parallelism is not None]
    return (not starts_beside_failures(steps) or stops(steps)) and all(map(loop_stops, limited))


def _counts_as_one(group: Step) -> bool:
    """Whether Argo, which counts a template's children, sees one where several pods may run."""
    return any(child.steps or wraps_loop(child) for child in group.steps)


def _unsure(step: Step) -> bool:
    """Whether an amount of the step, or of a step in it, is bounded and not known at render."""
    amounts = step.container.resources if step.container is not None else Resources()
    known = [
        isinstance(block.get(key, 0), int) for block in (amounts.requests, amounts.limits) for key in amounts.bounds
    ]
    return not all(known) or any(map(_unsure, step.steps))


def _longest_wait(step: Step) -> bool:
    own = step.retry is not None and step.retry.backoff is not None and step.retry.backoff.maximum is not None
    return own or any(map(_longest_wait, step.steps))


def _footprint(plan: Plan) -> Footprint:
    """What quotas count: imported only where there are some."""
    from dragoman.emit.argo.footprint import footprint

    return footprint(plan)


EMITTER = Emitter(
    name="argo",
    summary="Argo Workflows 3.6 to 4.1: WorkflowTemplate, CronWorkflow, Workflow",
    support=SUPPORT,
    options="dragoman.emit.argo.options:ArgoOptions",
    emit=emit,
    verify=verify,
    narrow=narrow,
    footprint=_footprint,
)
