"""How faithfully Jobs say each feature: driven by the coordinator, and what is different without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from dragoman.emit.kubernetes import indexed
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.pods import OF_PODS
from dragoman.emitter import Emulated, Native, Refused, Support, Weaker
from dragoman.expr.text import Text, refs
from dragoman.expr.tree import Expr
from dragoman.lower.task import Id
from dragoman.lower.unroll import Dynamic, Impossible, Node, unroll
from dragoman.plan.features import Feature, uses
from dragoman.plan.loops import width
from dragoman.plan.model import Amount, Foreach, Plan
from dragoman.plan.references import everything, steps_of, target

POD_FAILURE_POLICY = 26  # the minor in which it is on by default
_DRIVEN = Emulated("by the coordinator")
_POLICY = Emulated("podFailurePolicy")

SUPPORT: Mapping[Feature, Support] = {
    **dict.fromkeys(Feature, _DRIVEN),
    Feature.OUTPUT_FILE: Emulated("the termination message, or a sidecar that hands the files on"),
    Feature.OUTPUT_STDOUT: Weaker("the log of a pod holds what it writes to stderr as well"),
    Feature.RUNTIME_TEXT: Native(),
    Feature.RUNTIME_PARAM: Weaker("a value given to the coordinator is not checked against the parameter's range"),
    Feature.SCRIPT: Emulated("a file from a ConfigMap"),
    **OF_PODS,
    Feature.RETRY_OOM: Emulated("the kubelet's word OOMKilled, or exit code 137"),
    Feature.RETRY_SPOT: Emulated("the pod's condition DisruptionTarget"),
    Feature.SCHEDULE: Native(),
    Feature.COMPUTE_BATCH: Refused(
        "Jobs run containers in their own cluster",
        "give the step `compute: kubernetes`, or render the flow for `batch`",
    ),
    Feature.PATCH: Weaker("a patch changes what is rendered, not the Jobs that the coordinator starts"),
}

_COORDINATOR = "say `targets.kubernetes.ordering: coordinator`"
_CHAINED = Refused("the containers of one pod run once, one after the other", _COORDINATOR)
# what Jobs on their own never do, and why
UNDRIVEN: Mapping[Feature, str] = {
    Feature.ON_FAILURE: "nothing starts after a Job that failed",
    Feature.ON_COMPLETION: "nothing starts after a Job that failed",
    Feature.GROUP_PARALLELISM: "nothing counts the Jobs that run",
    Feature.FLOW_PARALLELISM: "nothing counts the Jobs that run",
    Feature.FOREACH_OUTPUT: "the list is known only while the flow runs",
    Feature.FOREACH_RANGE: "the range is known only while the flow runs",
    Feature.FOREACH_MATRIX_OUTPUT: "the lists are known only while the flow runs",
    Feature.TOLERATE_ALL: "a Job with an item that failed has failed",
    Feature.TOLERATE_COUNT: "a Job with an item that failed has failed",
    Feature.RUNTIME_TEXT: "the text is known only while the flow runs",
    Feature.ESCALATE: "every pod of a Job asks for the same",
    Feature.ATTEMPT: "every pod of a Job is made from the same text",
    Feature.ON_EXIT: "nothing starts after a Job that failed",
    Feature.FLOW_TIMEOUT: "each Job has a clock of its own",
    Feature.GO_ON_AFTER_FAILURE: "a failure stops everything that has not started",
}
_NOT_HANDED_ON = Refused("nothing hands outputs from Job to Job", _COORDINATOR)
_UNREAD = Weaker("nothing reads the file, or misses it")


def of_mode(plan: Plan, mode: str, settings: Settings) -> dict[Feature, Support]:
    """What is different from the coordinator's answers when Jobs are ordered in another way."""
    if mode == "coordinator":
        return {}
    changed: dict[Feature, Support] = {
        **{feature: Refused(reason, _COORDINATOR) for feature, reason in UNDRIVEN.items()},
        **dict.fromkeys((Feature.OUTPUT_FILE, Feature.OUTPUT_DEFAULT, Feature.OUTPUT_LIST), _UNREAD),
        Feature.OUTPUT_STDOUT: Weaker("nothing reads the log"),
        Feature.RUNTIME_PARAM: Weaker("the default is written in: another value is another render"),
        Feature.FOREACH_STATIC: Emulated("a Job for each item, or one Indexed Job"),
        Feature.FOREACH_MATRIX: Emulated("a Job for each combination, or one Indexed Job"),
        Feature.FOREACH_INDEX: Native(),
        Feature.FOREACH_MAX_ITEMS: Native(),
        Feature.GROUP: Emulated("the steps of the group, each item's after one another"),
        Feature.DYNAMIC_RESOURCES: Emulated("a Job for each item, or for each size"),
        Feature.BOUNDS: Native(),
        Feature.RETRY: Native(),
        Feature.BACKOFF: Weaker("Kubernetes waits 10 s before the first retry, and twice as long before each other"),
        Feature.PATCH: Native(),
        **dict.fromkeys((Feature.RETRY_EXIT_CODE, Feature.RETRY_OOM, Feature.RETRY_SPOT), _policy(settings)),
        **_BY_MODE[mode],
    }
    changed.update(_unrolled(plan, mode, settings))
    if mode == "waves" and not settings.healthOverride:
        changed.update(_queue_without_health())
    return changed


def _policy(settings: Settings) -> Support:
    if settings.minor >= POD_FAILURE_POLICY:
        return _POLICY
    return Refused(f"Kubernetes {settings.version} has no podFailurePolicy", _COORDINATOR)


def _queue_without_health() -> dict[Feature, Support]:
    return {
        Feature.QUEUE: Refused(
            "Argo CD takes a Job that Kueue let run for one that has ended, and goes on to the next wave",
            "install the health check of `plugins/argocd` and say `targets.kubernetes.healthOverride: true`, or "
            + _COORDINATOR,
        )
    }


_BY_MODE: Mapping[str, Mapping[Feature, Support]] = {
    "none": {
        Feature.ORDER: Refused("Jobs start when they are applied", _COORDINATOR),
        Feature.FAIL_FAST: Native(),
        Feature.GO_ON_AFTER_FAILURE: Native(),
    },
    "waves": {
        Feature.ORDER: Emulated("sync waves of Argo CD"),
        Feature.FAIL_FAST: Native(),
        Feature.SCHEDULE: Refused("Argo CD starts waves when it syncs, not by the clock", _COORDINATOR),
    },
    "jobset": {
        Feature.ORDER: Native(),
        Feature.FAIL_FAST: Weaker("what runs beside the failed step is stopped"),
        Feature.SCHEDULE: Refused("a JobSet has no schedule", _COORDINATOR),
    },
    "chain": {
        Feature.ORDER: Native(),
        Feature.FAIL_FAST: Native(),
        Feature.FLOW_TIMEOUT: Native(),
        **dict.fromkeys((Feature.RETRY, Feature.BACKOFF, Feature.RETRY_EXIT_CODE), _CHAINED),
        **dict.fromkeys((Feature.RETRY_OOM, Feature.RETRY_SPOT), _CHAINED),
        **dict.fromkeys((Feature.FOREACH_STATIC, Feature.FOREACH_MATRIX, Feature.FOREACH_PARALLELISM), _CHAINED),
    },
}


def _unrolled(plan: Plan, mode: str, settings: Settings) -> Iterator[tuple[Feature, Support]]:
    """What depends on whether the containers are known at render, and how many there are."""
    yield Feature.WHEN, _decided(step.when for step in steps_of(plan))
    yield Feature.DYNAMIC_RESOURCES, _decided(_amounts(plan))
    if any(target(ref).kind == "output" for step in (*plan.steps, *plan.on_exit) for ref in everything(step)):
        yield from dict.fromkeys((Feature.OUTPUT_FILE, Feature.OUTPUT_STDOUT), _NOT_HANDED_ON).items()
    try:
        nodes = unroll(plan)
    except (Dynamic, Impossible):  # refused by what it uses, or told where the Jobs are made
        nodes = ()
    if mode == "none":
        yield from _alone(nodes)
    if mode == "chain":
        yield Feature.TIMEOUT, _shared_clock(nodes)
    else:
        yield from _capped(plan, nodes, settings)
    if mode == "waves" and _levels_bind(nodes):
        yield Feature.ORDER, Weaker("a step waits for every step of the wave before it")


def _decided(texts: Iterable[Text | Expr | int | None]) -> Support:
    """Decided at render, or refused with the first value that is known only while the flow runs."""
    for text in texts:
        for ref in refs(text) if text is not None and not isinstance(text, int) else ():
            if target(ref).kind in ("output", "run"):
                return Refused(f"`{ref.source}` is known only while the flow runs", _COORDINATOR)
    return Emulated("decided at render")


def _amounts(plan: Plan) -> Iterator[Amount]:
    for step in steps_of(plan):
        if step.container is not None:
            amounts = step.container.resources
            yield from (*amounts.requests.values(), *amounts.limits.values())


def _alone(nodes: tuple[Node, ...]) -> Iterator[tuple[Feature, Support]]:
    if len(nodes) == 1:
        yield Feature.FLOW_TIMEOUT, Native()
    else:
        yield Feature.SCHEDULE, Refused("several Jobs would each have a schedule of their own", _COORDINATOR)


def _shared_clock(nodes: tuple[Node, ...]) -> Support:
    if len(nodes) < 2:
        return Native()
    limits = [node.task.step.timeout for node in nodes]
    if limits.count(None) == len(limits):
        return Native()
    if None in limits:
        return Refused("the containers share one clock, and not all of these steps have a limit", _COORDINATOR)
    return Weaker("the containers share the sum of their time limits")


def _capped(plan: Plan, nodes: tuple[Node, ...], settings: Settings) -> Iterator[tuple[Feature, Support]]:
    """Whether each loop that limits how many items run at once is an Indexed Job, which can."""
    binding = [step for step in steps_of(plan) if step.foreach is not None and _binds(step.foreach)]
    told = False
    for step in binding:
        own = [node for node in nodes if node.task.step.address == step.address]
        runs = [list(run) for _, run in groupby(own, lambda node: node.task.id[:-1])]
        if step.steps or not all(indexed.wanted(run, settings) and _one_part(run, settings) for run in runs):
            reason = "only an Indexed Job limits how many of its items run at once, and this loop cannot be one"
            yield Feature.FOREACH_PARALLELISM, Refused(reason, _COORDINATOR)
            return
        told = told or bool(runs)
    yield Feature.FOREACH_PARALLELISM, Native()
    if told:
        yield Feature.FAIL_FAST, Weaker("the items that run beside one that fails are stopped")


def _binds(loop: Foreach) -> bool:
    items = width(loop)
    return loop.parallelism is not None and (items is None or items > loop.parallelism)


def _one_part(run: list[Node], settings: Settings) -> bool:
    """Whether the items of a loop are one Indexed Job."""
    found = indexed.parts(run, settings)
    return found is not None and len(found) == 1


def _levels_bind(nodes: tuple[Node, ...]) -> bool:
    """Whether waves make a step wait for one that it does not need, directly or not."""
    levels = wave_of(nodes)
    by_level: dict[int, set[Id]] = {}
    for node in nodes:
        by_level.setdefault(levels[node.task.id], set()).add(node.task.id)
    return any(levels[node.task.id] > 0 and set(node.needs) != by_level[levels[node.task.id] - 1] for node in nodes)


def wave_of(nodes: tuple[Node, ...]) -> dict[Id, int]:
    """The wave of each node: one after the last of those that it needs."""
    levels: dict[Id, int] = {}
    for node in nodes:
        levels[node.task.id] = 1 + max((levels[need] for need in node.needs), default=-1)
    return levels


def can_say(plan: Plan, mode: str, settings: Settings) -> bool:
    """Whether a way of ordering can say everything in a plan."""
    answers = {**SUPPORT, **of_mode(plan, mode, settings)}
    if any(isinstance(answers[feature], Refused) for feature in uses(plan)):
        return False
    try:
        unroll(plan)
    except Dynamic:
        return False
    except Impossible:  # no other way could either
        return True
    return True
