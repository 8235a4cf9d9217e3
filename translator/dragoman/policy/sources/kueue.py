"""Kueue: what the ClusterQueue behind a queue may hold, and pods that none of its flavors has room for.

As Kueue has it (apis/kueue/v1beta2, pkg/scheduler/flavorassigner): the resources of a group come from one flavor, and a
flavor gives its nominal quota and, in a cohort, what may be borrowed. A cohort has whatever its other members leave
unused: where no `borrowingLimit` is said, a file does not know the most, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.findings import INFO, WARNING, Finding, Span, did_you_mean
from dragoman.plan.footprint import KUBERNETES
from dragoman.plan.model import Accelerator, Plan
from dragoman.plan.origin import Origin
from dragoman.policy.model import Quota
from dragoman.policy.sources.objects import Amount, Object, amount, applies, mapping, scale, sequence, shown, text
from dragoman.policy.sources.pods import Pod, queue_span, total
from dragoman.policy.sources.resourcequota import SAME

GROUP = "kueue.x-k8s.io/"
DEFAULT = "default"  # the LocalQueue of what names none, where there is one
STOPPED = ("Hold", "HoldAndDrain")


class Room(NamedTuple):
    """What a flavor has of one resource of its own, and with what it may borrow: None where nothing limits that."""

    nominal: Amount
    most: int | None


class Flavor(NamedTuple):
    """A flavor of a group, with its place."""

    name: str
    rooms: Mapping[str, Room]
    origin: Origin


class ClusterQueue(NamedTuple):
    """A ClusterQueue: its flavors, by group."""

    object: Object
    groups: tuple[tuple[Flavor, ...], ...]

    def flavors(self) -> Iterator[Flavor]:
        """All flavors."""
        for group in self.groups:
            yield from group


class LocalQueue(NamedTuple):
    """A LocalQueue, and the ClusterQueue that it leads to."""

    object: Object
    leads_to: str | None


class ResourceFlavor(NamedTuple):
    """A ResourceFlavor: labels of its nodes, taints that keep pods away, and what it tolerates for them."""

    object: Object
    labels: Mapping[str, Any]
    taints: Sequence[Mapping[str, Any]]
    tolerations: Sequence[Mapping[str, Any]]


class Kueue(NamedTuple):
    """All that files say of Kueue, for one plan."""

    pools: Mapping[str, ClusterQueue]
    queues: Sequence[LocalQueue]
    taints: Mapping[str, ResourceFlavor]


def read_cluster_queue(found: Object, findings: list[Finding]) -> ClusterQueue:
    """A ClusterQueue."""
    cohort = text(found, findings, "spec", "cohortName") or text(found, findings, "spec", "cohort")  # the older word
    place = ("spec", "resourceGroups")
    groups = []
    for number in range(len(sequence(found, findings, *place))):
        flavors = (*place, number, "flavors")
        entries = sequence(found, findings, *flavors)
        group = (_flavor(found, findings, cohort is not None, (*flavors, one)) for one in range(len(entries)))
        groups.append(tuple(group))
    return ClusterQueue(found, tuple(groups))


def _flavor(found: Object, findings: list[Finding], shares: bool, place: tuple[str | int, ...]) -> Flavor:
    rooms: dict[str, Room] = {}
    for number in range(len(sequence(found, findings, *place, "resources"))):
        at = (*place, "resources", number)
        name = text(found, findings, *at, "name") or ""
        nominal = amount(found, findings, scale(name), *at, "nominalQuota")
        limit = found.at(*at, "borrowingLimit")
        borrowing = None if limit is None else amount(found, findings, scale(name), *at, "borrowingLimit")
        if nominal is not None:
            most = nominal.value + borrowing.value if borrowing else None if shares else nominal.value
            rooms[name] = Room(nominal, most)
    return Flavor(text(found, findings, *place, "name") or "", rooms, found.origin(*place))


def read_queue(found: Object, findings: list[Finding]) -> LocalQueue:
    """A LocalQueue."""
    return LocalQueue(found, text(found, findings, "spec", "clusterQueue"))


def read_flavor(found: Object, findings: list[Finding]) -> ResourceFlavor:
    """A ResourceFlavor."""
    taints, tolerations = (
        [one for one in sequence(found, findings, "spec", field) if isinstance(one, dict)]
        for field in ("nodeTaints", "tolerations")
    )
    return ResourceFlavor(found, mapping(found, findings, "spec", "nodeLabels"), taints, tolerations)


def quotas(found: Collection[object], pods: Sequence[Pod], plan: Plan) -> tuple[list[Quota], list[Finding]]:
    """The quotas of the queues that a plan uses, and findings about steps that Kueue would never admit."""
    kueue = _of(found, plan)
    findings: list[Finding] = []
    users: dict[str, list[Pod]] = {}
    for pod in pods:
        if pod.step is None or not (kueue.pools or kueue.queues):
            continue
        name = pod.step.queue or (DEFAULT if any(one.object.name == DEFAULT for one in kueue.queues) else None)
        pool = None if name is None else _leads(kueue, name, pod, queue_span(pod, plan), findings)
        if pool is not None:
            users.setdefault(pool.object.name, []).append(pod)
            findings += _never(kueue, pool, pod)
    quotas: list[Quota] = []
    for name, of_pool in users.items():
        pool = kueue.pools[name]
        findings += _closed(pool)
        covers = frozenset(pod.runs.address for pod in of_pool)
        for resource, (amount_of, origin) in _capacity(pool, findings).items():
            key = SAME.get(resource, resource if resource == "pods" else f"requests.{resource}")
            said = pool.object.shown
            quotas.append(Quota(key, amount_of, "warn", origin, said, covers, enforced=True, compute=KUBERNETES))
    return quotas, list(dict.fromkeys(findings))


def _of(found: Collection[object], plan: Plan) -> Kueue:
    return Kueue(
        {one.object.name: one for one in found if isinstance(one, ClusterQueue)},
        [one for one in found if isinstance(one, LocalQueue) and applies(one.object, plan)],
        {one.object.name: one for one in found if isinstance(one, ResourceFlavor)},
    )


def _leads(kueue: Kueue, name: str, pod: Pod, span: Span | None, findings: list[Finding]) -> ClusterQueue | None:
    """The ClusterQueue behind a step's queue, or None with a finding that says where the way ends."""
    address = f"{pod.address}.queue"
    local = next((one for one in kueue.queues if one.object.name == name), None)
    if local is None:
        known = sorted(one.object.name for one in kueue.queues)
        if known:
            said = f"the files of `quotaFrom` have no LocalQueue `{name}` in the flow's namespace"
            findings.append(Finding("DRG437", said, span, did_you_mean(name, known), WARNING, address))
        else:
            said = f"no file of `quotaFrom` says which ClusterQueue the queue `{name}` leads to"
            advice = "name the file of the LocalQueue too"
            findings.append(Finding("DRG432", said, span, advice, INFO, address))
        return None
    pool = kueue.pools.get(local.leads_to or "")
    if pool is None:
        place = local.object.span("spec", "clusterQueue")
        said = f"no file of `quotaFrom` has the ClusterQueue `{local.leads_to}`, which the queue `{name}` leads to"
        advice = did_you_mean(local.leads_to or "", kueue.pools) if kueue.pools else "name its file too"
        findings.append(Finding("DRG437", said, span, advice, WARNING, address, ((place, "it leads there"),)))
        return None
    findings += _stopped(local.object, span, address)
    return pool


def _stopped(found: Object, span: Span | None, address: str) -> Iterator[Finding]:
    if found.at("spec", "stopPolicy") in STOPPED:
        place = found.span("spec", "stopPolicy")
        advice = "nothing that waits in it starts until that is taken out"
        said = f"{found.shown} is stopped"
        yield Finding("DRG437", said, span or place, advice, WARNING, address, ((place, "said here"),) if span else ())


def _closed(pool: ClusterQueue) -> Iterator[Finding]:
    """ClusterQueues that admit nothing at all."""
    yield from _stopped(pool.object, None, "")
    if pool.object.at("spec", "namespaceSelector") is None:
        said = f"{pool.object.shown} has no `namespaceSelector`, so it admits nothing from any namespace"
        yield Finding("DRG437", said, pool.object.span("spec", key=True), "`{}` selects every namespace", WARNING)


def _never(kueue: Kueue, pool: ClusterQueue, pod: Pod) -> Iterator[Finding]:
    """Why a single pod of a step is not admitted, however empty the queue is."""
    asked = {name: known.most for name, known in total(pod, "requests").items() if known.most}
    covered = {resource for flavor in pool.flavors() for resource in flavor.rooms}
    for resource in asked:
        if resource not in covered:
            yield Finding(
                "DRG437",
                f"{pool.object.shown} has no `{resource}`, which {pod.subject} asks for",
                pod.span("requests", resource),
                "Kueue admits it only where its configuration leaves that resource out of account",
                WARNING,
                pod.address_of("requests", resource),
                ((pool.object.span("spec", "resourceGroups", key=True), "what it has"),),
            )
    whole = {resource: amount_of for resource, (amount_of, _) in _capacity(pool, []).items()}
    if any(wanted > whole.get(resource, wanted) for resource, wanted in asked.items()):
        return  # the quota says so
    for group in pool.groups:
        fitting = [flavor for flavor in group if _eligible(kueue, flavor, pod)]
        reasons = [_too_much(flavor, asked) for flavor in fitting]
        wanted = [resource for resource in asked if any(resource in flavor.rooms for flavor in group)]
        if wanted and all(reason is not None for reason in reasons):
            yield _beyond(pool, group, pod, wanted, [reason for reason in reasons if reason is not None])


class _Short(NamedTuple):
    """A flavor that has less of a resource than a pod asks for."""

    flavor: Flavor
    resource: str
    asked: int
    has: int


def _too_much(flavor: Flavor, asked: Mapping[str, int]) -> _Short | None:
    for resource, wanted in asked.items():
        room = flavor.rooms.get(resource)
        if room is not None and room.most is not None and wanted > room.most:
            return _Short(flavor, resource, wanted, room.most)
    return None


def _beyond(
    pool: ClusterQueue, group: Sequence[Flavor], pod: Pod, wanted: Sequence[str], short: Sequence[_Short]
) -> Finding:
    if short:
        resource = short[0].resource
        asks = f"asks for {shown(resource, short[0].asked)} `{resource}`"
        said = f"{pod.subject} {asks}, and no flavor of {pool.object.shown} has room for that"
        related = tuple(
            (span, f"flavor `{one.flavor.name}` has at most {shown(one.resource, one.has)} `{one.resource}`")
            for one in short
            if (span := one.flavor.rooms[one.resource].nominal.origin.span()) is not None
        )
        advice = "ask for less: Kueue takes what a pod asks for from one flavor, and the step would never start"
    else:
        resource = wanted[0]
        said = f"no flavor of {pool.object.shown} has nodes that {pod.subject} may run on"
        related = tuple((span, "a flavor") for one in group if (span := one.origin.span()) is not None)
        advice = "compare `nodeSelector` and `tolerations` of its accelerator with the ResourceFlavors"
    return Finding(
        "DRG436",
        said,
        pod.span("requests", resource),
        advice,
        address=pod.address_of("requests", resource),
        related=related,
        rule=f"kueue.{resource}",
    )


def _eligible(kueue: Kueue, flavor: Flavor, pod: Pod) -> bool:
    """Whether a step's pods may run on a flavor's nodes; nothing is known of one that no file has."""
    found = kueue.taints.get(flavor.name)
    if found is None:
        return True
    container = pod.runs.container
    placement = (container.resources.placement if container is not None else None) or Accelerator()
    selected = placement.node_selector
    if any(key in found.labels and found.labels[key] != value for key, value in selected.items()):
        return False
    tolerations = (*placement.tolerations, *found.tolerations)
    return all(
        any(_tolerates(one, taint) for one in tolerations)
        for taint in found.taints
        if taint.get("effect") in ("NoSchedule", "NoExecute")
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """As Kubernetes has it: without a key all taints, without an effect all effects (core/v1/toleration.go)."""
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("key") not in (None, "", taint.get("key")):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return (toleration.get("value") or "") == (taint.get("value") or "")


def _capacity(pool: ClusterQueue, findings: list[Finding]) -> dict[str, tuple[int, Origin]]:
    """What a ClusterQueue may hold of each resource, in all its flavors, where anything limits it."""
    rooms: dict[str, list[Room]] = {}
    for flavor in pool.flavors():
        for resource, room in flavor.rooms.items():
            rooms.setdefault(resource, []).append(room)
    found = {}
    for resource, several in rooms.items():
        limits = [room.most for room in several if room.most is not None]
        origin = several[0].nominal.origin
        if len(limits) == len(several):
            found[resource] = sum(limits), origin
            continue
        said = f"{pool.object.shown} may borrow any amount of `{resource}` in its cohort, so it is not counted"
        findings.append(Finding("DRG432", said, origin.span(), "`borrowingLimit` would limit it", INFO))
    return found
