"""Why the API server would refuse a pod, as LimitRanges have it: every reason at the value that must change.

What is compared, and when, is that of Kubernetes (plugin/pkg/admission/limitranger/admission.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dragoman.findings import ERROR, INFO, WARNING, Finding, Fix
from dragoman.policy.sources.limitrange import CONTAINER, POD, LimitRange, Range, ranges_of
from dragoman.policy.sources.objects import Amount, shown
from dragoman.policy.sources.pods import WORDS, Asked, Container, Kind, Known, Pod, total

NEVER = "Kubernetes would refuse the pod, not what makes it, and it would never start"
KINDS: tuple[Kind, ...] = ("limits", "requests")
_VERBS: Mapping[Kind, str] = {"requests": "asks for", "limits": "may use"}
_WHOSE = {CONTAINER: "a container", POD: "a pod"}


class Refusal(NamedTuple):
    """What is wrong with an amount of a container or a pod.

    what    the constraint: `max`, `min`, `ratio`, `default`
    said    a sentence that lacks its subject
    by      what the LimitRange says
    lowest  the least that would do, where a larger amount does
    """

    what: str
    kind: Kind
    resource: str
    said: str
    by: Amount
    advice: str
    lowest: int | None = None


def refusals(pod: Pod, found: Sequence[LimitRange], met: Sequence[Container]) -> Iterator[Finding]:
    """Why a pod would be refused, and a note for each amount that cannot be judged; nothing about containers `met`."""
    for container in pod.containers:
        if container not in met:
            reasons = [*_beyond_default(container)]
            for entry in ranges_of(found, CONTAINER):
                reasons += _judged(container.asked, entry)
            for refusal in reasons:
                yield _finding(pod, container, refusal, _fix(pod, refusal, reasons) if not container.name else None)
    yield from _not_judged(pod, found)
    for entry in ranges_of(found, POD):
        same = pod.own.asked.same if len(pod.containers) == 1 else frozenset()
        whole = Asked(total(pod, "requests"), total(pod, "limits"), same)
        unsure = any(one.elsewhere for one in pod.containers)  # what they ask for may be all that a pod lacks
        for refusal in _judged(whole, entry):
            if not unsure or (refusal.what == "max" and refusal.resource in whole.of(refusal.kind)):
                yield _finding(pod, pod.own, refusal, of_pod=True)


def _fix(pod: Pod, refusal: Refusal, reasons: Sequence[Refusal]) -> Fix | None:
    """The least amount that nothing speaks against."""
    if refusal.lowest is None:
        return None
    same = [one for one in reasons if (one.kind, one.resource) == (refusal.kind, refusal.resource)]
    return pod.fix(refusal.kind, refusal.resource, max(one.lowest for one in same if one.lowest is not None))


def _beyond_default(container: Container) -> Iterator[Refusal]:
    """Requests beyond the limit that the cluster adds; Kubernetes' own message does not tell where it comes from."""
    for one in container.added:
        request = container.asked.requests.get(one.resource)
        if one.kind == "limits" and request is not None and (request.most or 0) > one.amount.value:
            said = f"asks for {_amount(one.resource, request)}, more than the limit that it gets here, {one.shown}"
            advice = f"say `resources.limits.{WORDS.get(one.resource, 'gpu')}`"
            yield Refusal("default", "limits", one.resource, said, one.amount, advice, request.most)


def _judged(asked: Asked, entry: Range) -> Iterator[Refusal]:
    for resource, by in entry.minimum.items():
        yield from _too_small(resource, asked, by, entry.type)
    for resource, by in entry.maximum.items():
        yield from _too_large(resource, asked, by, entry.type)
    for resource, by in entry.ratio.items():
        yield from _too_far_apart(resource, asked, by, entry.type)


def _too_small(resource: str, asked: Asked, by: Amount, kind_of: str) -> Iterator[Refusal]:
    least = f"{_WHOSE[kind_of]} must ask for at least {shown(resource, by.value)} here"
    for kind in reversed(KINDS):
        amount = asked.of(kind).get(resource)
        if amount is None:
            if kind == "requests":
                said = f"asks for no `{resource}`, and {least}"
                yield Refusal("min", kind, resource, said, by, "ask for that much", by.value)
                return
            continue
        lowest = amount.most if amount.least is None else amount.least
        if lowest is not None and lowest < by.value:
            said = f"{_VERBS[kind]} {shown(resource, lowest)} `{resource}`, and {least}"
            yield Refusal("min", kind, resource, said, by, "ask for that much", by.value)
            return


def _too_large(resource: str, asked: Asked, by: Amount, kind_of: str) -> Iterator[Refusal]:
    most = f"{_WHOSE[kind_of]} may have at most {shown(resource, by.value)} here"
    if resource not in asked.limits:
        said = f"has no limit of `{resource}`, and {most}"
        yield Refusal("max", "limits", resource, said, by, "say a limit")
        return
    for kind in KINDS:
        amount = asked.of(kind).get(resource)
        if amount is not None and amount.most is not None and amount.most > by.value:
            said = f"{_VERBS[kind]} {_amount(resource, amount)}, and {most}"
            yield Refusal("max", kind, resource, said, by, "ask for less")
            return


def _too_far_apart(resource: str, asked: Asked, by: Amount, kind_of: str) -> Iterator[Refusal]:
    limit, request = asked.limits.get(resource), asked.requests.get(resource)
    most = f"the limit of {_WHOSE[kind_of]} may be at most {by.value / 1000:g} times its request here"
    for kind, amount in (("requests", request), ("limits", limit)):
        if amount is None or amount.most == 0:
            said = f"{'has no limit of' if kind == 'limits' else 'asks for no'} `{resource}`, and {most}"
            yield Refusal("ratio", "limits" if kind == "limits" else "requests", resource, said, by, "say both")
            return
    if limit is None or request is None or resource in asked.same or not (limit.exact and request.exact):
        return
    for above, below in ((limit.least, request.least), (limit.most, request.most)):
        if above is not None and below is not None and 1000 * above > by.value * below:
            said = f"asks for {shown(resource, below)} `{resource}` and may use {shown(resource, above)}, and {most}"
            lowest = -(-1000 * above // by.value) if by.value else None
            yield Refusal("ratio", "requests", resource, said, by, "ask for more, or lower the limit", lowest)
            return


def _not_judged(pod: Pod, found: Sequence[LimitRange]) -> Iterator[Finding]:
    """Notes of amounts that only the run knows; where the limit is the request, one note for both."""
    bounded = [(*entry.minimum, *entry.maximum) for kind in _WHOSE for entry in ranges_of(found, kind)]
    for resource in dict.fromkeys(name for names in bounded for name in names):
        unknown = [kind for kind in KINDS if (amount := pod.own.asked.of(kind).get(resource)) and amount.most is None]
        if unknown:
            kind = unknown[0]
            yield Finding(
                "DRG439",
                f"`{kind}.{resource}` of {pod.subject} is known only at run time, and a LimitRange bounds it",
                pod.span(kind, resource),
                f"say `resources.bounds.{pod.key(resource)}`: the most that it can be",
                INFO,
                pod.address_of(kind, resource),
            )


def _amount(resource: str, amount: Known) -> str:
    if amount.most is None:
        return f"an unknown amount of `{resource}`"
    if amount.least == amount.most:
        return f"{shown(resource, amount.most)} `{resource}`"
    return f"up to {shown(resource, amount.most)} `{resource}`" + (" at its last attempt" if amount.exact else "")


def _finding(
    pod: Pod, container: Container, refusal: Refusal, fix: Fix | None = None, *, of_pod: bool = False
) -> Finding:
    own = not container.name
    subject = f"the pod of {pod.subject}" if of_pod else pod.subject
    kind: Kind = "requests" if refusal.what == "default" else refusal.kind
    place = refusal.by.origin.span()
    advice = refusal.advice if own and pod.step is not None else _advice(container)
    return Finding(
        "DRG433",
        f"{subject if own else f'`{container.name}`, beside {subject},'} {refusal.said}",
        pod.span(kind, refusal.resource) if own else pod.place,
        f"{advice}; {NEVER}",
        WARNING if container.elsewhere else ERROR,
        pod.address_of(refusal.kind, refusal.resource) if own else pod.address,
        ((place, "a LimitRange says so"),) if place is not None else (),
        f"limitrange.{refusal.what}.{refusal.resource}",
        fix=fix,
    )


def _advice(container: Container) -> str:
    """What to do about a container that is not the author's."""
    if container.elsewhere:
        return f"say {container.elsewhere} what it asks for"
    return "let the LimitRange allow what dragoman's own containers ask for"
