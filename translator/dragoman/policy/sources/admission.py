"""Pods as they pass the API server's admission: what LimitRanges add to them, and which of them it would refuse.

In Kubernetes' order: a limit is the missing request (core/v1/defaults.go), the missing amounts of a container are
filled in, requests must be within limits (core/validation), every amount is judged (plugin/pkg/admission/limitranger).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from dragoman.findings import INFO, WARNING, Finding, Span
from dragoman.plan.footprint import Amounts, Footprint, beside
from dragoman.plan.model import Address, Plan, Step
from dragoman.policy.sources.limitrange import CONTAINER, LimitRange, ranges_of
from dragoman.policy.sources.objects import Amount
from dragoman.policy.sources.pods import WORDS, Added, Asked, Container, Kind, Known, Pod, pods, pods_of_target
from dragoman.policy.sources.refusals import refusals


def completed(found: Sequence[LimitRange], plan: Plan, footprint: Footprint) -> list[Pod]:
    """The pods of a plan and of its target, each container with what the cluster adds to it."""
    several = (*pods(plan, footprint), *pods_of_target(plan, footprint))
    return [pod._replace(containers=tuple(_filled(one, found) for one in pod.containers)) for pod in several]


def limitranges(found: Sequence[LimitRange], several: Sequence[Pod]) -> list[Finding]:
    """What LimitRanges add to pods that they have completed, and which of them the cluster would refuse."""
    findings: list[Finding] = []
    met: list[Container] = []  # beside steps: what is wrong with one is said once
    for pod in several if found else ():
        findings += [*_told(pod, met), *_doubtful(pod, found), *refusals(pod, found, met)]
        met += [one for one in pod.containers[1:] if one not in met]
    return list(dict.fromkeys(findings))


def seen(plan: Plan, several: Sequence[Pod]) -> Plan:
    """The plan with the amounts that the cluster adds to its steps.

    It is for what judges amounts: manifests leave the adding to the cluster.
    """
    steps = {pod.step.address: _with(pod, pod.step) for pod in several if pod.step is not None and pod.own.added}
    return _replaced(plan, steps)


def held(footprint: Footprint, several: Sequence[Pod]) -> Footprint:
    """The footprint with what the cluster adds to containers beside the steps' own, and to the target's own pods.

    Where somebody else may say what a container asks for, nobody knows that the cluster adds anything.
    """
    beside_steps = {pod.step.address: pod.containers[1:] for pod in several if pod.step is not None}
    own = [pod.own for pod in several if pod.step is None] or [Container("", Asked({}, {}))] * len(footprint.always)

    def whole(step: Step, amounts: Amounts) -> Amounts:
        others = [one for one in beside_steps.get(step.address, ()) if not one.init and not one.elsewhere]
        return reduce(beside, map(_added, others), footprint.pod(step, amounts))

    always = tuple(
        pods._replace(holds=beside(pods.holds, _added(one))) for pods, one in zip(footprint.always, own, strict=True)
    )
    other = footprint.again
    again = None if other is None else lambda plan: held(other(plan), several)
    return footprint._replace(pod=whole, always=always, again=again)


def _added(container: Container) -> Amounts:
    def block(kind: Kind) -> dict[str, int | None]:
        several = [one for one in container.added if one.kind == kind and one.resource in WORDS]
        return {WORDS[one.resource]: one.amount.value for one in several}

    return Amounts(block("requests"), block("limits"))


def _filled(container: Container, found: Sequence[LimitRange]) -> Container:
    """A container with what the cluster adds to it; of several LimitRanges, the first that says something."""
    requests, limits = dict(container.asked.requests), dict(container.asked.limits)
    added: list[Added] = []
    for one in ranges_of(found, CONTAINER):
        added += [*_missing("limits", one.limits, limits), *_missing("requests", one.requests, requests)]
    return container._replace(asked=container.asked._replace(requests=requests, limits=limits), added=tuple(added))


def _missing(kind: Kind, defaults: Mapping[str, Amount], amounts: dict[str, Known]) -> Iterator[Added]:
    for resource, amount in defaults.items():
        if resource not in amounts:
            amounts[resource] = Known(amount.value, amount.value, exact=True)
            yield Added(kind, resource, amount)


def _told(pod: Pod, met: Sequence[Container]) -> Iterator[Finding]:
    if pod.step is not None and pod.own.added:
        yield Finding(
            "DRG434",
            f"the cluster will set {_shown(pod.own)} in step `{pod.step.name}`",
            pod.place,
            "quotas count it; say it in the flow, or in a policy's `defaults`, to see it in the manifests",
            INFO,
            pod.address,
            _places(pod.own),
        )
    others = [one for one in pod.containers[1:] if one.elsewhere and one not in met]
    if others and any(one.kind == "requests" for one in others[0].added):
        several = ", ".join(f"`{one.name}`" for one in others)
        yield Finding(
            "DRG434",
            f"the cluster will set {_shown(others[0])} in {several} of every pod, beside what its step asks for",
            pod.place,
            f"say less in {others[0].elsewhere}, if it does not yet; no quota here counts this",
            WARNING,
            pod.address,
            _places(others[0]),
            "limitrange.others",
        )


def _shown(container: Container) -> str:
    return ", ".join(one.shown for one in container.added)


def _places(container: Container) -> tuple[tuple[Span, str], ...]:
    found = dict.fromkeys(one.amount.origin.span() for one in container.added)
    return tuple((place, "said here") for place in found if place is not None)


def _doubtful(pod: Pod, found: Sequence[LimitRange]) -> Iterator[Finding]:
    """Amounts for which two LimitRanges have other words: Kubernetes promises no order among them."""
    for one in pod.own.added:
        taken = one.amount.origin.span()
        for entry in ranges_of(found, CONTAINER):
            other = (entry.limits if one.kind == "limits" else entry.requests).get(one.resource)
            if other is not None and other.value != one.amount.value and taken is not None:
                yield Finding(
                    "DRG434",
                    f"two LimitRanges set `{one.kind}.{one.resource}`, each to something else",
                    other.origin.span(),
                    f"Kubernetes promises no order among them, and {one.shown} is taken here: let one of them say it",
                    WARNING,
                    related=((taken, "this one is taken"),),
                )


def _with(pod: Pod, step: Step) -> Step:
    """The step with what the cluster adds to its container."""
    assert step.container is not None
    resources, origins = step.container.resources, dict(step.origins)
    requests, limits = dict(resources.requests), dict(resources.limits)
    for one in pod.own.added:
        key = pod.key(one.resource)
        if key is not None:
            (requests if one.kind == "requests" else limits)[key] = one.amount.value
            origins[f"resources.{one.kind}.{key}"] = one.amount.origin
    resources = resources._replace(requests=requests, limits=limits)
    return step._replace(container=step.container._replace(resources=resources), origins=origins)


def _replaced(plan: Plan, seen: Mapping[Address, Step]) -> Plan:
    def replaced(step: Step) -> Step:
        return seen.get(step.address) or step._replace(steps=tuple(map(replaced, step.steps)))

    if not seen:
        return plan
    return plan._replace(steps=tuple(map(replaced, plan.steps)), on_exit=tuple(map(replaced, plan.on_exit)))
