"""What is enforced, of all kinds together: read from documents, and as it is in force for a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from dragoman.findings import INFO, Finding, Span
from dragoman.load.document import Document
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Plan
from dragoman.policy.model import Quota
from dragoman.policy.sources import admission, environments, kueue, limitrange, objects, resourcequota
from dragoman.policy.sources.objects import Object, applies
from dragoman.policy.sources.pods import Pod

Enforced: TypeAlias = (
    limitrange.LimitRange
    | resourcequota.ResourceQuota
    | kueue.ClusterQueue
    | kueue.LocalQueue
    | kueue.ResourceFlavor
    | environments.Environment
    | environments.JobQueue
)
READERS: Mapping[str, Callable[[Object, list[Finding]], Enforced]] = {
    "LimitRange": limitrange.read,
    "ResourceQuota": resourcequota.read,
    "ClusterQueue": kueue.read_cluster_queue,
    "LocalQueue": kueue.read_queue,
    "ResourceFlavor": kueue.read_flavor,
    environments.ENVIRONMENT: environments.read_environment,
    environments.QUEUE: environments.read_queue,
}
SILENT = frozenset({"Cohort"})  # known, and nothing follows from it


def read(documents: Sequence[Document]) -> tuple[tuple[Enforced, ...], list[Finding]]:
    """What documents enforce, with everything that is wrong in them; what is of another kind is passed over."""
    found: list[Enforced] = []
    findings: list[Finding] = []
    useful: dict[str, bool] = {document.file: False for document in documents}
    for document in documents:
        for one in chain(objects.in_document(document), environments.in_document(document)):
            if one.kind in READERS:
                found.append(READERS[one.kind](one, findings))
            useful[document.file] |= one.kind in READERS or one.kind in SILENT
    findings += [_useless(file) for file, used in useful.items() if not used]
    return tuple(found), findings


def _useless(file: str) -> Finding:
    kinds = ", ".join(f"`{kind}`" for kind in READERS if kind[0].isupper())
    advice = f"it may hold {kinds}, and what AWS answers about compute environments and job queues"
    return Finding("DRG430", f"`{file}` holds nothing that is enforced", Span(file), advice)


def judged(
    enforced: Sequence[Enforced], plan: Plan, footprint: Footprint
) -> tuple[list[Quota], list[Pod], list[Finding]]:
    """The quotas that are enforced where a plan runs, its pods as the cluster completes them, and what is wrong."""
    distinct = {one.object.place: one for one in enforced}.values()  # though several policies name its file
    ranges = [one for one in distinct if isinstance(one, limitrange.LimitRange) and applies(one.object, plan)]
    limits = [one for one in distinct if isinstance(one, resourcequota.ResourceQuota) and applies(one.object, plan)]
    pods = admission.completed(ranges, plan, footprint)
    quotas: list[Quota] = []
    findings = [*_anywhere(distinct, plan), *admission.limitranges(ranges, pods)]
    for several, more in (
        resourcequota.quotas(limits, pods, plan, footprint),
        kueue.quotas(distinct, pods, plan),
        environments.quotas(distinct, plan, footprint),
    ):
        quotas += several
        findings += more
    return quotas, pods, findings


def _anywhere(enforced: Iterable[Enforced], plan: Plan) -> Iterator[Finding]:
    """A note that a flow without a namespace is taken to be in every one."""
    spaces = sorted({one.object.namespace for one in enforced if one.object.namespace is not None})
    if plan.namespace is None and spaces:
        shown = ", ".join(f"`{space}`" for space in spaces)
        said = f"the flow has no namespace, so what is enforced in {shown} is taken to be for it"
        span = plan.source.span(("metadata",), key=True)
        yield Finding("DRG432", said, span, "say `metadata.namespace`", INFO, "metadata.namespace")
