"""What LimitRanges and ResourceQuotas do to pods, by Kubernetes' own admission: the same as we say before.

The pods are those of rendered Jobs. Each is created in a namespace with the very objects that our check read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest

from conformance.plane import Answer, Plane, until
from dragoman import quantity
from dragoman.findings import Finding, has_errors
from dragoman.pipeline import render
from dragoman.plan.model import Step
from dragoman.plan.references import steps_of
from dragoman.policy.sources.objects import scale
from policy.enforcing import Judged, flow, judged

NAMES = {"cpu": "cpu", "memory": "memory", "disk": "ephemeral-storage"}
SIZES = {
    "cpu": ("50m", "100m", "250m", "1", "1500m", "4"),
    "memory": ("64Mi", "512Mi", "1Gi", "1536Mi", "4Gi", "16Gi"),
    "disk": ("128Mi", "1Gi", "2Gi", "8Gi"),
}
RANGES, STEPS = 25, 12  # LimitRanges that are tried, with flows of so many steps


class Namespace:
    """A namespace with objects that are enforced."""

    def __init__(self, plane: Plane, name: str) -> None:
        self.plane, self.name = plane, name

    def enforce(self, body: Mapping[str, Any]) -> bool:
        """Create a LimitRange or a ResourceQuota; False when Kubernetes does not take it."""
        answer = self.plane.call("POST", self._path(body), {**body, "apiVersion": "v1"})
        return answer.status == 201

    def ready(self, quota: Mapping[str, Any]) -> None:
        """Say what its controller would: a quota is not judged before its status has it."""
        path = f"{self._path(quota)}/{quota['metadata']['name']}"
        used = dict.fromkeys(quota["spec"]["hard"], "0")
        status = {"status": {"hard": quota["spec"]["hard"], "used": used}}
        answer = self.plane.call("PATCH", f"{path}/status", status, content="application/merge-patch+json")
        assert answer.status == 200, answer.body

    def used(self, quota: Mapping[str, Any]) -> dict[str, str]:
        """What is in use of a quota."""
        found: dict[str, str] = self.plane.call("GET", f"{self._path(quota)}/{quota['metadata']['name']}").body[
            "status"
        ]["used"]
        return found

    def admits(self, spec: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
        """The pod as it is stored, or None and why not."""
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"}, "spec": spec}
        answers: list[Answer] = []

        def judged() -> bool:
            """The API server looks at a copy of a quota, which may lack its status still."""
            answers.append(self.plane.call("POST", f"api/v1/namespaces/{self.name}/pods", body))
            return "status unknown for quota" not in str(answers[-1].body)

        until(judged)
        answer = answers[-1]
        assert answer.status in (201, 403, 422), answer.body
        return (answer.body, "") if answer.status == 201 else (None, answer.body["message"])

    def _path(self, body: Mapping[str, Any]) -> str:
        return f"api/v1/namespaces/{self.name}/{body['kind'].lower()}s"


def pods(spec: str, namespace: str) -> dict[str, dict[str, Any]]:
    """The pod specs of the steps of a flow of independent Jobs, by the names of the steps."""
    done = render(flow(spec, namespace), {}, target="kubernetes")
    jobs = [one.body for one in done.emission.manifests if one.body["kind"] == "Job"]
    found = {body["metadata"]["labels"]["dragoman.dev/step"]: body["spec"]["template"]["spec"] for body in jobs}
    assert len(found) == len(jobs)
    return found


def refused(found: Judged) -> dict[str, list[Finding]]:
    """The errors, by the step that they are about."""
    by_step: dict[str, list[Finding]] = {}
    for one in found.findings:
        if one.severity == "error":
            by_step.setdefault(one.address.split(".")[2], []).append(one)
    return by_step


def resources(step: Step) -> dict[str, dict[str, int]]:
    assert step.container is not None
    own = step.container.resources
    return {
        kind: {NAMES[key]: value for key, value in getattr(own, kind).items() if key in NAMES}
        for kind in ("requests", "limits")
    }


def stored(pod: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    blocks = pod["spec"]["containers"][0]["resources"]
    return {
        kind: {name: quantity.parse(text, scale(name)) for name, text in blocks.get(kind, {}).items()}
        for kind in ("requests", "limits")
    }


def random_step(random: Random, name: str) -> str:
    amounts: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for key, sizes in SIZES.items():
        low, high = sorted(random.choices(range(len(sizes)), k=2))
        for kind, size in (("requests", low), ("limits", high)):
            if random.random() < 0.6:
                amounts[kind][key] = sizes[size]
        if key == "memory" and "limits" in amounts and key in amounts["limits"]:
            amounts["requests"].setdefault(key, amounts["limits"][key])  # else it is 4Gi, and may be above
        if key == "cpu" and key in amounts["limits"]:
            amounts["requests"].setdefault(key, amounts["limits"][key])
    return f"  {name}: {{image: busybox, resources: {json.dumps(amounts)}}}\n"


def random_range(random: Random, kind: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": kind}
    fields = ("min", "defaultRequest", "default", "max") if kind == "Container" else ("min", "max")
    for key, sizes in SIZES.items():
        chosen = sorted(random.choices(range(len(sizes)), k=len(fields)))
        for field, size in zip(fields, chosen, strict=True):
            if random.random() < 0.35:
                entry.setdefault(field, {})[NAMES[key]] = sizes[size]
        if random.random() < 0.15:
            entry.setdefault("maxLimitRequestRatio", {})[NAMES[key]] = random.choice(["1", "2", "2500m", "8"])
    return entry


def test_limitranges(control_plane: Plane) -> None:
    """Random LimitRanges and steps: the same pods are refused, and the others get the same amounts."""
    random = Random(20)
    verdicts = {True: 0, False: 0}
    for _ in range(RANGES):
        place = Namespace(control_plane, control_plane.namespace())
        kinds = random.choice([["Container"], ["Container"], ["Pod"], ["Container", "Pod"]])
        body = {
            "kind": "LimitRange",
            "metadata": {"name": "l", "namespace": place.name},
            "spec": {"limits": [random_range(random, kind) for kind in kinds]},
        }
        if not place.enforce(body):
            continue
        spec = "steps:\n" + "".join(random_step(random, f"s{number}") for number in range(STEPS))
        found = judged(spec, json.dumps(body), namespace=place.name)
        errors, seen = refused(found), {step.name: step for step in steps_of(found.plan)}
        for name, pod in pods(spec, place.name).items():
            admitted, why = place.admits(pod)
            said = [one.message for one in errors.get(name, ())]
            assert (admitted is None) == bool(said), (body, pod, why, said)
            verdicts[admitted is None] += 1
            if admitted is not None:
                assert stored(admitted) == resources(seen[name]), (body, pod)
            else:
                assert sorted(reasons(why)) == sorted(ours(errors[name])), (why, said)
    assert min(verdicts.values()) > 20, verdicts


def reasons(why: str) -> Iterator[tuple[str, ...]]:
    """What Kubernetes says: the constraint, and the resource."""
    if "must be less than or equal to" in why:  # validation comes before LimitRanger's own, and says nothing of it
        yield from {("default", name) for name in NAMES.values() if f"to {name} limit" in why}
        return
    for word, what in (("minimum", "min"), ("maximum", "max")):
        yield from ((what, name) for name in NAMES.values() for _ in range(why.count(f"{word} {name} usage per")))
    yield from (
        ("ratio", name) for name in NAMES.values() for _ in range(why.count(f"{name} max limit to request ratio"))
    )


def ours(errors: list[Finding]) -> list[tuple[str, ...]]:
    """The same of our findings; what is no pod at all for Kubernetes hides the rest."""
    rules = [tuple(one.rule.split(".", 2)[1:]) for one in errors]
    first = [rule for rule in rules if rule[0] == "default"]
    return first or rules


QUOTAS = [
    ({"limits.cpu": "100"}, None, None),
    ({"limits.memory": "900Gi", "cpu": "100"}, None, None),
    ({"requests.ephemeral-storage": "9Ti", "pods": "100"}, None, None),
    ({"pods": "100"}, ["Terminating"], None),
    ({"pods": "100", "limits.cpu": "100"}, ["NotTerminating"], None),
    ({"pods": "100"}, ["BestEffort"], None),
    ({"pods": "100"}, ["NotBestEffort"], None),
    ({"pods": "100"}, None, ("Exists", None)),
    ({"pods": "100"}, None, ("DoesNotExist", None)),
    ({"pods": "100"}, None, ("In", ["low"])),
    ({"pods": "100"}, None, ("NotIn", ["low"])),
    ({"pods": "100", "count/jobs.batch": "0"}, ["Terminating", "NotBestEffort"], ("In", ["high", "low"])),
]
STEPS_OF_QUOTAS = """
  plain: {image: b}
  capped: {image: b, resources: {limits: {cpu: 1}}}
  quick: {image: b, timeout: 1h}
  both: {image: b, timeout: 1h, resources: {cpu: 2, limits: {cpu: 2}}}
"""


@pytest.mark.parametrize("priority", ["", "low", "high"])
def test_resourcequotas(priority: str, control_plane: Plane) -> None:
    """The same pods are counted, as much of each, and the same ones are refused that do not say enough."""
    for name in ("low", "high"):
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 7}
        assert control_plane.call("POST", "apis/scheduling.k8s.io/v1/priorityclasses", body).status in (201, 409)
    chosen = f"targets: {{kubernetes: {{priorityClass: {priority}}}}}\n" if priority else ""
    spec = f"{chosen}steps:{STEPS_OF_QUOTAS}"
    for hard, scopes, selector in QUOTAS:
        place = Namespace(control_plane, control_plane.namespace())
        body = _quota(hard, scopes, selector, place.name)
        assert place.enforce(body), body
        place.ready(body)
        found = judged(spec, json.dumps(body), namespace=place.name)
        errors, counted = refused(found), {quota.key: quota for quota in found.quotas}
        for name, pod in pods(spec, place.name).items():
            before = place.used(body)
            admitted, why = place.admits(pod)
            assert (admitted is None) == bool(errors.get(name)), (body, name, why)
            if admitted is None:
                wanted = sorted(one.rule.removeprefix("resourcequota.") for one in errors[name])
                assert sorted(_wanted(why)) == wanted
                continue
            after = place.used(body)
            for word in hard:
                grown = quantity.parse(after[word], scale(word)) - quantity.parse(before[word], scale(word))
                key = {"cpu": "requests.cpu"}.get(word, word)
                covers = counted[key].covers if key in counted else frozenset()
                assert grown == (_holds(found, name, key) if covers is None or (name,) in covers else 0), (body, name)


def _quota(hard: dict[str, str], scopes: list[str] | None, selector: Any, namespace: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"hard": hard}
    if scopes:
        spec["scopes"] = scopes
    if selector:
        operator, values = selector
        one = {"scopeName": "PriorityClass", "operator": operator, **({"values": values} if values else {})}
        spec["scopeSelector"] = {"matchExpressions": [one]}
    return {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": namespace}, "spec": spec}


def _wanted(why: str) -> Iterator[str]:
    """`must specify limits.cpu for: main; limits.memory for: main`."""
    for part in why.partition("must specify ")[2].split("; "):
        word = part.partition(" for:")[0]
        yield {"cpu": "requests.cpu", "memory": "requests.memory"}.get(word, word)


def _holds(found: Judged, name: str, key: str) -> int:
    """What one pod of a step counts."""
    if key == "pods":
        return 1
    if key.startswith("count/"):
        return 0
    kind, _, resource = key.partition(".")
    step = next(step for step in steps_of(found.plan) if step.name == name)
    return resources(step)[kind].get(resource, 0)


def test_nothing_is_refused_without_them(control_plane: Plane) -> None:
    spec = f"steps:{STEPS_OF_QUOTAS}"
    place = Namespace(control_plane, control_plane.namespace())
    assert not has_errors(judged(spec, namespace=place.name).findings)
    assert all(place.admits(pod)[0] is not None for pod in pods(spec, place.name).values())
