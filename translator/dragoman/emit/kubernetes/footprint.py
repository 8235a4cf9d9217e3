"""What a flow of Jobs holds, for each way of keeping them in order.

coordinator  the plan's own graph; its pod is there from the first step to the last
none         everything at once
waves        one wave after the other
jobset       Jobs after those that they depend on; Kueue takes all of them in at once
chain        one pod, as large as its largest container
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from dragoman import quantity
from dragoman.emit.kubernetes import coordinator
from dragoman.emit.kubernetes.drafts import Draft, drafts
from dragoman.emit.kubernetes.order import mode
from dragoman.emit.kubernetes.outputs import carrier, channel
from dragoman.emit.kubernetes.pod import main
from dragoman.emit.kubernetes.settings import Settings, settings
from dragoman.emit.kubernetes.support import wave_of
from dragoman.lower.task import Id
from dragoman.lower.unroll import Dynamic, Impossible, Node, unroll
from dragoman.plan.footprint import KUBERNETES, Amounts, Beside, Footprint, Made, Pods, beside, either
from dragoman.plan.model import Address, Plan, Step

KEYS = {"cpu": "cpu", "memory": "memory", "ephemeral-storage": "disk"}  # all others are devices


def footprint(plan: Plan) -> Footprint:
    """What Kubernetes runs of the plan."""
    options = settings(plan.options)
    return _in_order(plan, options)._replace(again=footprint, limited=options.ordering in ("auto", "coordinator"))


def _in_order(plan: Plan, options: Settings) -> Footprint:
    order = mode(plan, options)
    if order == "coordinator":
        return _driven(options)
    try:
        nodes = unroll(plan)
    except (Dynamic, Impossible):  # refused, or told where the Jobs are made
        return Footprint(KUBERNETES)
    if order == "chain":
        return Footprint(KUBERNETES, jobs=_chain(nodes, options), made=_made(1, 1, 0))
    found = drafts(plan.name, nodes, options)
    others = _others(found)
    return Footprint(
        KUBERNETES,
        jobs=_dependent(found, nodes)
        if order == "jobset"
        else _waves(found, wave_of(nodes) if order == "waves" else {}),
        made=_made(len(found), sum(map(_pods, found)), sum(_pods(draft) * _retries(draft) for draft in found)),
        exact=order != "jobset" or not _queued(nodes),
        others=lambda step: others.get(step.address, ()),
    )


def _driven(options: Settings) -> Footprint:
    def pod(step: Step, own: Amounts) -> Amounts:
        if channel(step, options) != "carrier":
            return own
        return beside(own, _container(carrier(step, options)))

    def others(step: Step) -> tuple[Beside, ...]:
        return (_beside(carrier(step, options)),) if channel(step, options) == "carrier" else ()

    own = Pods("the coordinator", (), _container({"resources": coordinator.RESOURCES}))
    made = {"jobs.batch": Made(1, attempt=1), "pods": Made(1, coordinator.RETRIES, attempt=1)}
    return Footprint(KUBERNETES, pod, (own,), made=made, others=others)


def _waves(found: Sequence[Draft], levels: Mapping[Id, int]) -> tuple[Pods, ...]:
    """A wave begins when every Job of the one before has ended. What is alike in a wave is counted together."""
    waves: dict[int, dict[Any, Pods]] = {}
    for draft in found:
        alike = waves.setdefault(levels.get(draft.ids[0], 0), {})
        one = _job(draft)
        key = draft.ids if one.width is not None else (draft.step.address, repr(one.holds))
        alike[key] = alike[key]._replace(number=alike[key].number + one.number) if key in alike else one
    jobs: list[Pods] = []
    before: tuple[int, ...] = ()
    for _, alike in sorted(waves.items()):
        first = len(jobs)
        jobs += [one._replace(after=before) for one in alike.values()]
        jobs.append(Pods("", (), Amounts(), 0, after=tuple(range(first, len(jobs)))))
        before = (len(jobs) - 1,)
    return tuple(jobs)


def _dependent(found: Sequence[Draft], nodes: Sequence[Node]) -> tuple[Pods, ...]:
    """Each Job after those that it needs. Kueue takes a JobSet in as a whole, with room for everything in it."""
    places = {id_: place for place, draft in enumerate(found) for id_ in draft.ids}
    if _queued(nodes):
        return tuple(map(_job, found))
    return tuple(
        _job(draft)._replace(after=tuple(dict.fromkeys(places[need] for need in draft.needs))) for draft in found
    )


def _queued(nodes: Sequence[Node]) -> bool:
    return any(node.task.step.queue for node in nodes)


def _chain(nodes: Sequence[Node], options: Settings) -> tuple[Pods, ...]:
    """Containers that run one after the other: the pod has the largest of each amount."""
    if not nodes:
        return ()
    holds = reduce(either, (_container(main(node.task, options)) for node in nodes))
    steps = tuple({node.task.step.address: node.task.step for node in nodes}.values())
    return (Pods("the pod of the chain" if len(steps) > 1 else ".".join(steps[0].address), steps, holds),)


def _job(draft: Draft) -> Pods:
    return Pods(
        ".".join(draft.step.address),
        (draft.step,),
        _pod(draft.spec["template"]["spec"]),
        _pods(draft),
        draft.spec.get("parallelism"),
    )


def _pod(spec: Mapping[str, Any]) -> Amounts:
    """What a pod holds: its containers together, or its largest init container (resource helpers, PodRequests)."""
    running = reduce(beside, map(_container, spec["containers"]))
    return reduce(either, map(_container, spec.get("initContainers") or ()), running)


def _others(found: Sequence[Draft]) -> dict[Address, tuple[Beside, ...]]:
    """The containers beside each step's own; the Jobs of one step have the same ones, or none."""
    each = {draft.step.address: draft.spec["template"]["spec"].get("initContainers") or () for draft in found}
    return {address: tuple(map(_beside, bodies)) for address, bodies in each.items()}


def _beside(body: Mapping[str, Any]) -> Beside:
    return Beside(body["name"], _container(body), init=body.get("restartPolicy") != "Always")


def _container(body: Mapping[str, Any]) -> Amounts:
    """What a container asks for; what it only has a limit of, it asks for as much (SetDefaults_Pod)."""
    blocks = body.get("resources") or {}
    limits = _amounts(blocks.get("limits") or {})
    return Amounts({**limits, **_amounts(blocks.get("requests") or {})}, limits)


def _amounts(block: Mapping[str, str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, text in block.items():
        key = KEYS.get(name, "gpu")
        found[key] = quantity.parse(text, quantity.SCALE[key])
    return found


def _pods(draft: Draft) -> int:
    completions: int = draft.spec.get("completions", 1)
    return completions


def _retries(draft: Draft) -> int:
    limit: int = draft.spec.get("backoffLimitPerIndex", draft.spec.get("backoffLimit", 0))
    return limit


def _made(jobs: int, pods: int, failing: int) -> dict[str, Made]:
    return {"jobs.batch": Made(jobs), "pods": Made(pods, failing)}
