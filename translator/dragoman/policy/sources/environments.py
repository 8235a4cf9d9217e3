"""AWS Batch: what the compute environments behind a job queue may hold.

Files hold what `aws batch describe-compute-environments` and `aws batch describe-job-queues` answer, or an entry of it.
`maxvCpus` is where Batch stops to add instances; it may go beyond by less than one instance (API_ComputeResource).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.findings import INFO, WARNING, Finding, did_you_mean
from dragoman.load.document import Document
from dragoman.plan.footprint import BATCH, Footprint
from dragoman.plan.model import Plan
from dragoman.policy.model import Quota
from dragoman.policy.sources.objects import Amount, Object, amount, mapping, sequence, shown, text, wrong
from dragoman.policy.sources.pods import Pod, pods, queue_span

ENVIRONMENT, QUEUE = "compute environment", "job queue"
# the list of an answer, the word that tells one of its entries, and what it is
FORMS = (
    ("computeEnvironments", "computeEnvironmentName", ENVIRONMENT),
    ("jobQueues", "jobQueueName", QUEUE),
)


class Environment(NamedTuple):
    """A compute environment; `most` is None where Batch does not manage it, and zero where it is disabled."""

    object: Object
    name: str
    most: Amount | None


class JobQueue(NamedTuple):
    """A job queue, and the names of its compute environments."""

    object: Object
    name: str
    environments: tuple[str, ...]


def in_document(document: Document) -> Iterator[Object]:
    """What AWS says of environments and queues in a document: an answer, its list, or one entry."""
    data = document.data
    entries: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    if isinstance(data, list):
        entries = [((number,), one) for number, one in enumerate(data)]
    if isinstance(data, dict):
        for field, _, _ in FORMS:
            listed = data.get(field)
            if isinstance(listed, list):
                entries += [((field, number), one) for number, one in enumerate(listed)]
    for path, one in entries:
        for _, name, kind in FORMS:
            if isinstance(one, dict) and name in one:
                yield Object(document, path, kind, one)


def read_environment(found: Object, findings: list[Finding]) -> Environment:
    """A compute environment, with findings for what is not AWS's."""
    name = text(found, findings, FORMS[0][1]) or ""
    if found.at("type") == "UNMANAGED":
        return Environment(found, name, None)
    if found.at("state") == "DISABLED":
        return Environment(found, name, Amount(0, found.origin("state")))
    resources = mapping(found, findings, "computeResources")
    if "maxvCpus" not in resources:
        said = "it says no `computeResources.maxvCpus`"
        findings.append(wrong(found, ("computeResources",), said, "what AWS answers has it for all that it manages"))
        return Environment(found, name, None)
    return Environment(found, name, amount(found, findings, 1000, "computeResources", "maxvCpus"))


def read_queue(found: Object, findings: list[Finding]) -> JobQueue:
    """A job queue, with findings for what is not AWS's."""
    entries = sequence(found, findings, "computeEnvironmentOrder")
    names = (
        text(found, findings, "computeEnvironmentOrder", number, "computeEnvironment") for number in range(len(entries))
    )
    return JobQueue(found, text(found, findings, FORMS[1][1]) or "", tuple(_short(name) for name in names if name))


def _short(name: str) -> str:
    """The name in an ARN: `arn:aws:batch:REGION:ACCOUNT:job-queue/NAME`."""
    return name.rpartition("/")[2]


def quotas(found: Collection[object], plan: Plan, footprint: Footprint) -> tuple[list[Quota], list[Finding]]:
    """The quotas of vCPUs of the queues that a plan's jobs go to."""
    environments = {one.name: one for one in found if isinstance(one, Environment)}
    queues = {one.name: one for one in found if isinstance(one, JobQueue)}
    findings: list[Finding] = []
    users: dict[str, list[Pod]] = {}
    for pod in pods(plan, footprint, BATCH) if environments or queues else ():
        name = _queue(pod, plan)
        if name is not None and _described(name, queues, pod, plan, findings):
            users.setdefault(_short(name), []).append(pod)
    quotas: list[Quota] = []
    for several in _sharing(list(users), queues):
        jobs = [pod for name in several for pod in users[name]]
        names = dict.fromkeys(one for name in several for one in queues[name].environments)
        behind = [environments.get(one) for one in names]
        quota = _quota(several, jobs, behind)
        quotas += [] if quota is None else [quota]
        if len(several) == 1:
            findings += [finding for pod in jobs for finding in _alone(pod, behind, several[0])]
    return quotas, list(dict.fromkeys(findings))


def _queue(pod: Pod, plan: Plan) -> str | None:
    """The queue of a step's jobs: its own, that of its kind of GPU, that of the target."""
    assert pod.runs.container is not None
    by_kind = plan.options.get("accelerators") or {}
    found: str | None = pod.runs.queue or by_kind.get(pod.runs.container.resources.accelerator or "")
    return found or plan.options.get("queue")


def _described(name: str, queues: Mapping[str, JobQueue], pod: Pod, plan: Plan, findings: list[Finding]) -> bool:
    """Whether files know a queue; if not, or if it takes no jobs, that is found."""
    span = queue_span(pod, plan)
    address = f"{pod.address}.queue"
    queue = queues.get(_short(name))
    if queue is None and queues:
        said = f"the files of `quotaFrom` have no job queue `{_short(name)}`"
        findings.append(Finding("DRG437", said, span, did_you_mean(_short(name), queues), WARNING, address))
    elif queue is None:
        said = f"no file of `quotaFrom` says which compute environments the job queue `{_short(name)}` has"
        advice = "name a file of what `aws batch describe-job-queues` answers too"
        findings.append(Finding("DRG432", said, span, advice, INFO, address))
    elif queue.object.at("state") == "DISABLED":
        place = queue.object.span("state")
        said = f"the job queue `{queue.name}` is disabled: it takes no jobs"
        findings.append(Finding("DRG437", said, span, "", WARNING, address, ((place, "said here"),)))
    return queue is not None


def _sharing(names: Sequence[str], queues: Mapping[str, JobQueue]) -> list[tuple[str, ...]]:
    """Each queue by itself, then those together that share a compute environment, directly or not."""
    groups: list[tuple[set[str], set[str]]] = []
    for name in names:
        behind, together = set(queues[name].environments), {name}
        apart = []
        for others, theirs in groups:
            if theirs & behind:
                together, behind = together | others, behind | theirs
            else:
                apart.append((others, theirs))
        groups = [*apart, (together, behind)]
    joined = [tuple(name for name in names if name in group) for group, _ in groups if len(group) > 1]
    return [*((name,) for name in names), *joined]


def _quota(names: Sequence[str], jobs: Sequence[Pod], behind: Sequence[Environment | None]) -> Quota | None:
    """What the environments of queues may hold together; None where one of them is not known, or has no limit."""
    limits = [one.most for one in behind if one is not None and one.most is not None]
    if not limits or len(limits) < len(behind):
        return None
    several = ", ".join(f"`{name}`" for name in names)
    said = f"the job queue {several}" if len(names) == 1 else f"the job queues {several} together"
    covers = frozenset(pod.runs.address for pod in jobs)
    vcpus = sum(one.value for one in limits)
    return Quota("requests.cpu", vcpus, "warn", limits[0].origin, said, covers, enforced=True, compute=BATCH)


def _alone(pod: Pod, behind: Sequence[Environment | None], name: str) -> Iterator[Finding]:
    """A job that is larger than each of its environments: it stays RUNNABLE (COMPUTE_ENVIRONMENT_MAX_RESOURCE)."""
    asked = pod.own.asked.requests.get("cpu")
    limits = [one.most for one in behind if one is not None and one.most is not None]
    if asked is None or asked.most is None or not limits or len(limits) < len(behind):
        return
    largest = max(limits, key=lambda one: one.value)
    if largest.value < asked.most <= sum(one.value for one in limits):  # beyond all of them, the quota says so
        place = largest.origin.span()
        yield Finding(
            "DRG438",
            f"{pod.subject} asks for {shown('cpu', asked.most)} vCPUs, and no compute environment of the job "
            f"queue `{name}` may have more than {shown('cpu', largest.value)}",
            pod.span("requests", "cpu"),
            "ask for less, or name another queue: AWS Batch would never start the job",
            address=pod.address_of("requests", "cpu"),
            related=((place, "the largest of them"),) if place is not None else (),
            rule="batch.vcpus",
        )
