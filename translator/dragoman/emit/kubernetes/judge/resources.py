"""Rules of resources: what a container may ask for, and how its requests and limits go together.

From `ValidateContainerResourceRequirements` and `validatePodResources` of `pkg/apis/core/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from .amounts import amount, quantity, whole
from .formats import label_key

COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE = "hugepages-"
_MIB = 2**20 * 10**9


@lru_cache(1024)
def shared(name: str) -> bool:
    """Whether a node may promise more of it than it has: cpu, memory, disk; no device, no huge page."""
    return ("/" not in name or "kubernetes.io/" in name) and not name.startswith(_HUGE)


def judge(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """What is wrong with the resources of a container, or of a whole pod."""
    given, place = container["resources"], (*at, "resources")
    least, most = given.get("requests") or {}, given.get("limits") or {}
    for side, asked in (("limits", most), ("requests", least)):
        for name, value in asked.items():
            if type(value) is not str or not _fine(name, value):
                yield from _amount(name, value, (*place, side, name))
    if least:
        yield from _limits(least, most, (*place, "requests"))
    names = least.keys() | most.keys()
    if not ("cpu" in names or "memory" in names) and any(name.startswith(_HUGE) for name in names):
        yield problem(place, "asks for huge pages without cpu or memory", "ask for `cpu` or `memory`, too")


@lru_cache(4096)
def _fine(name: str, value: str) -> bool:
    """A quick answer for what most containers ask for."""
    found = amount(value)
    return found is not None and (
        (name == "cpu" and found >= 10**6) or (name in COMPUTE and found >= 10**9 and whole(found))
    )


def _amount(name: str, value: Any, at: Pointer) -> Iterator[Problem]:
    """The resource has a name that a container can ask for, and an amount that makes sense."""
    found = quantity(value) or 0
    if not _possible(name):
        advice = "`cpu`, `memory`, `ephemeral-storage`, `hugepages-2Mi`, or a device's full name as `nvidia.com/gpu`"
        yield problem(at, "is nothing that a container can ask for", advice)
    elif found < 0:
        yield problem(at, f"is {shown(value)}, less than nothing", "write an amount of 0 or more")
    elif not shared(name) and not name.startswith(_HUGE) and not whole(found):
        yield problem(at, f"is {shown(value)}, but devices are whole", "write a whole number")
    elif name in {"memory", "ephemeral-storage"} and found % 10**9 and found < _MIB:
        # the API server only warns
        yield problem(at, f"is {shown(value)}, parts of a byte", "`m` means a thousandth: megabytes are `M` or `Mi`")
    elif name.startswith(_HUGE):
        size = amount(name.removeprefix(_HUGE))
        if not size or found % size:
            advice = f"write a multiple of {shown(name.removeprefix(_HUGE))}"
            yield problem(at, f"is {shown(value)}, which is no number of whole pages", advice)


def _possible(name: str) -> bool:
    if not label_key(name):
        return False
    if "/" not in name:
        return name in COMPUTE or name.startswith(_HUGE)
    return "kubernetes.io/" in name or (not name.startswith("requests.") and label_key(f"requests.{name}"))


def _limits(least: Body, most: Body, at: Pointer) -> Iterator[Problem]:
    """No request is above its limit; devices and huge pages have a limit, and a request is the same."""
    for name, value in least.items():
        place = (*at, name)
        if name not in most:
            if not shared(name):
                advice = f"write {shown(name)} under `limits`; the request follows by itself"
                yield problem(place, "has no limit, and devices and huge pages cannot be promised twice", advice)
        elif value != most[name]:
            asked, limit = quantity(value) or 0, quantity(most[name]) or 0
            if asked > limit:
                says = f"is {shown(value)}, more than its limit of {shown(most[name])}"
                yield problem(place, says, "raise the limit or lower the request")
            elif asked != limit and not shared(name):
                says = f"is {shown(value)}, but its limit is {shown(most[name])}, and both must be the same"
                yield problem(place, says, "leave the request out: it follows the limit")


def claims(pod: Body, at: Pointer) -> Iterator[Problem]:
    """A container claims what the pod claims: `resources.claims` names an entry of `resourceClaims`."""
    named: set[str] = set()
    for index, claim in enumerate(pod.get("resourceClaims") or ()):
        place = (*at, "resourceClaims", index)
        if claim.get("name") in named:
            yield problem((*place, "name"), f"is {shown(claim['name'])} once more", "give each claim its own name")
        named.add(claim.get("name", ""))
        if ("resourceClaimName" in claim) == ("resourceClaimTemplateName" in claim):
            says = "names not exactly one of `resourceClaimName` and `resourceClaimTemplateName`"
            yield problem(place, says, "name the claim, or the template of claims")
    for side in ("containers", "initContainers"):
        for number, container in enumerate(pod.get(side) or ()):
            for index, claim in enumerate((container.get("resources") or {}).get("claims") or ()):
                if claim.get("name") not in named:
                    place = (*at, side, number, "resources", "claims", index, "name")
                    says = f"is {shown(claim.get('name', ''))}, which is no claim of the pod"
                    yield problem(place, says, "list it under the pod's `resourceClaims`")


def whole_pod(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Resources of the pod: cpu, memory and huge pages, at least what its containers ask for together."""
    resources = pod["resources"]
    place = (*at, "resources")
    if "claims" in resources:
        yield problem((*place, "claims"), "stands at the pod", "claim it in the containers")
    for side in ("limits", "requests"):
        for name in resources.get(side) or ():
            if name not in {"cpu", "memory"} and not name.startswith(_HUGE):
                says = "is nothing that a pod as a whole can ask for"
                yield problem((*place, side, name), says, "ask for it in a container")
    yield from judge(pod, at, minor)
    least, most = resources.get("requests") or {}, resources.get("limits") or {}
    for name, value in {**most, **least}.items():  # a limit without a request is the request
        together = sum(_asked(each, name) for each in (*(pod.get("containers") or ()), *_sidecars(pod)))
        together = max(together, *(_asked(each, name) for each in pod.get("initContainers") or ()), 0)
        if together > (quantity(value) or 0):
            says = f"is {shown(value)}, less than its containers ask for together"
            side = "requests" if name in least else "limits"
            yield problem((*place, side, name), says, "raise it, or lower the containers' requests")
    for name, value in most.items():
        for index, container in enumerate(pod.get("containers") or ()):
            own = ((container.get("resources") or {}).get("limits") or {}).get(name, "0")
            if (quantity(own) or 0) > (quantity(value) or 0):
                says = f"is {shown(own)}, more than the whole pod's limit of {shown(value)}"
                yield problem((*at, "containers", index, "resources", "limits", name), says, "lower it")


def _asked(container: Body, name: str) -> int:
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return quantity(asked.get(name, "0")) or 0


def _sidecars(pod: Body) -> Iterator[Body]:
    for container in pod.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            yield container
