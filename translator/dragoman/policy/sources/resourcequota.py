"""ResourceQuota: the most that the pods of a namespace may hold together, and what it wants every container to say.

Names of what is counted, which pods a scope has, and what must be said are those of Kubernetes
(pkg/quota/v1/evaluator/core/pods.go, pkg/apis/core/helper).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.findings import ERROR, INFO, WARNING, Finding, Fix, did_you_mean
from dragoman.plan.footprint import KUBERNETES, Footprint
from dragoman.plan.model import Plan
from dragoman.policy.model import Quota
from dragoman.policy.sources.objects import Amount, Object, amounts, mapping, sequence, text, wrong
from dragoman.policy.sources.pods import Container, Kind, Pod, has_deadline
from dragoman.policy.sources.refusals import NEVER

SCOPES = (
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
)
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
# other words of the format for the same
SAME = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}
WANTED: tuple[tuple[str, Kind, str], ...] = (
    ("requests.cpu", "requests", "cpu"),
    ("requests.memory", "requests", "memory"),
    ("limits.cpu", "limits", "cpu"),
    ("limits.memory", "limits", "memory"),
)
# counted elsewhere than in what a flow runs
UNCOUNTED = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "requests.storage",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
COUNTED = frozenset(
    {
        *(name for name, _, _ in WANTED),
        "requests.ephemeral-storage",
        "limits.ephemeral-storage",
        "pods",
    }
)
OF_PODS = frozenset({*COUNTED, "count/pods"})


class Scope(NamedTuple):
    """Which pods a quota has: all scopes of it must hold."""

    name: str
    operator: str = "Exists"
    values: tuple[str, ...] = ()


class Traits(NamedTuple):
    """What scopes ask of a pod; as they are, those of a target's own pods."""

    deadline: bool = False
    best_effort: bool = False
    priority: str | None = None


class ResourceQuota(NamedTuple):
    """A ResourceQuota; `hard` by the names that are counted, `words` has those that the file uses."""

    object: Object
    hard: Mapping[str, Amount]
    words: Mapping[str, str]
    scopes: tuple[Scope, ...]


def read(found: Object, findings: list[Finding]) -> ResourceQuota:
    """The ResourceQuota, with findings for what Kubernetes would not take, and notes of what is not counted here."""
    hard: dict[str, Amount] = {}
    words: dict[str, str] = {}
    left: list[str] = []
    for word, one in amounts(found, findings, "spec", "hard").items():
        name = SAME.get(word, word)
        if not _counts(name):
            findings += _strange(found, word)
            left.append(word)
        elif name not in hard or one.value < hard[name].value:
            hard[name], words[name] = one, word
    if left:
        shown = ", ".join(f"`{word}`" for word in left)
        findings.append(_note(found, ("spec", "hard"), f"{shown} of {found.shown} is not counted for a flow"))
    if found.at("status", "used") is not None:
        said = f"`status.used` of {found.shown} is not read: a file in Git does not know what is in use now"
        findings.append(_note(found, ("status", "used"), said))
    return ResourceQuota(found, hard, words, tuple(_scopes(found, findings)))


def _counts(name: str) -> bool:
    if name.startswith("count/"):
        return True
    extended = name.startswith("requests.") and "/" in name
    return name in COUNTED or extended


def _strange(found: Object, word: str) -> Iterator[Finding]:
    """What Kubernetes refuses, or takes and never counts."""
    path = ("spec", "hard", word)
    if "/" in word and not word.startswith("requests."):
        whole = word.removeprefix("limits.")
        said = f"{found.shown}: Kubernetes counts nothing as `{word}`"
        yield Finding("DRG432", said, found.span(*path, key=True), f"it counts `requests.{whole}`", WARNING)
    elif "/" not in word and word not in UNCOUNTED and "hugepages-" not in word and ".storageclass." not in word:
        known = [*COUNTED, *UNCOUNTED, *SAME]
        yield wrong(found, path, f"Kubernetes knows no `{word}`", did_you_mean(word, known))


def _note(found: Object, path: tuple[str | int, ...], said: str) -> Finding:
    return Finding("DRG432", said, found.span(*path), severity=INFO)


def _scopes(found: Object, findings: list[Finding]) -> Iterator[Scope]:
    for number, name in enumerate(sequence(found, findings, "spec", "scopes")):
        if _known(found, findings, name, SCOPES, "scope", "spec", "scopes", number):
            yield Scope(name)
    if not mapping(found, findings, "spec", "scopeSelector"):
        return
    place = ("spec", "scopeSelector", "matchExpressions")
    for number in range(len(sequence(found, findings, *place))):
        name = text(found, findings, *place, number, "scopeName") or ""
        operator = text(found, findings, *place, number, "operator") or ""
        values = sequence(found, findings, *place, number, "values")
        scope = _known(found, findings, name, SCOPES, "scope", *place, number, "scopeName")
        if scope and _known(found, findings, operator, OPERATORS, "operator", *place, number, "operator"):
            yield Scope(name, operator, tuple(map(str, values)))


def _known(
    found: Object, findings: list[Finding], word: Any, known: Sequence[str], what: str, *path: str | int
) -> bool:
    if isinstance(word, str) and word in known:
        return True
    said = f"`{word}` is no {what} of a quota" if word else f"an entry has no `{path[-1]}`"
    findings.append(wrong(found, path, said, did_you_mean(str(word), known)))
    return False


def quotas(
    found: Sequence[ResourceQuota], pods: Sequence[Pod], plan: Plan, footprint: Footprint
) -> tuple[list[Quota], list[Finding]]:
    """The quotas of a flow's pods, and findings about pods that would be refused as they do not say enough."""
    quotas: list[Quota] = []
    findings: list[Finding] = []
    known = [(pod, _traits(pod, plan, footprint)) for pod in pods]
    for one in found if known else ():
        covered = [pod for pod, traits in known if all(_has(scope, traits) for scope in one.scopes)]
        addresses = frozenset(() if pod.step is None else pod.step.address for pod in covered)
        covers = addresses if one.scopes else None
        said = one.object.shown
        quotas += [
            Quota(name, amount.value, "warn", amount.origin, said, covers, enforced=True, compute=KUBERNETES)
            for name, amount in one.hard.items()
            if not one.scopes or name in OF_PODS or not name.startswith("count/")  # scopes are of pods
        ]
        findings += _wanting(covered, one)
    return quotas, list(dict.fromkeys(findings))


def _traits(pod: Pod, plan: Plan, footprint: Footprint) -> Traits:
    deadline = pod.step is not None and has_deadline(pod.step, footprint)
    return Traits(deadline, _best_effort(pod), _priority(plan))


def _priority(plan: Plan) -> str | None:
    name: str | None = plan.options.get("priorityClass")
    return name


def _has(scope: Scope, pod: Traits) -> bool:
    if scope.name == "PriorityClass":
        return _selected(scope, pod.priority)
    if scope.name in ("Terminating", "NotTerminating"):
        return pod.deadline == (scope.name == "Terminating")
    if scope.name in ("BestEffort", "NotBestEffort"):
        return pod.best_effort == (scope.name == "BestEffort")
    return False


def _selected(scope: Scope, name: object) -> bool:
    """As a selector of labels has it: `NotIn` holds where there is no name."""
    if scope.operator in ("Exists", "DoesNotExist"):
        return bool(name) == (scope.operator == "Exists")
    return (name in scope.values) == (scope.operator == "In")


def _best_effort(pod: Pod) -> bool:
    """Whether no container says anything of cores or memory; an amount of zero is none (helper/qos/qos.go)."""
    for one in pod.containers:
        for amounts_of in (one.asked.requests, one.asked.limits):
            if any(amounts_of[name].most != 0 for name in ("cpu", "memory") if name in amounts_of):
                return False
    return True


def _wanting(covered: Sequence[Pod], found: ResourceQuota) -> Iterator[Finding]:
    """Amounts that a quota of cores or memory wants of every container."""
    met: list[Container] = []  # beside steps: what is wrong with one is said once
    for pod in covered:
        others = [one for one in pod.containers[1:] if one not in met]
        met += others
        for name, kind, resource in WANTED:
            if name in found.hard:
                if resource not in pod.own.asked.of(kind):
                    yield _lacking(pod, (), found, name, kind, resource)
                silent = tuple(one for one in others if resource not in one.asked.of(kind))
                if silent:
                    yield _lacking(pod, silent, found, name, kind, resource)


def _lacking(
    pod: Pod, others: Sequence[Container], found: ResourceQuota, name: str, kind: Kind, resource: str
) -> Finding:
    """A pod that does not say an amount, or the containers beside its own that do not."""
    place = found.hard[name].origin.span()
    several = ", ".join(f"`{one.name}`" for one in others)
    subject = f"beside {pod.subject}, {several}" if others else pod.subject
    verb = {"requests": "asks for no", "limits": "has no limit of"}[kind]
    if len(others) > 1:
        verb = {"requests": "ask for no", "limits": "have no limit of"}[kind]
    return Finding(
        "DRG435",
        f"{subject} {verb} `{resource}`, which {found.object.shown} wants of every container",
        pod.place,
        f"{_advice(pod, others, kind, resource)}; {NEVER}",
        WARNING if others and others[0].elsewhere else ERROR,
        pod.address if others else pod.address_of(kind, resource),
        ((place, f"it counts `{found.words[name]}`"),) if place is not None else (),
        f"resourcequota.{name}",
        fix=None if others else _fix(pod, kind, resource),
    )


def _advice(pod: Pod, others: Sequence[Container], kind: Kind, resource: str) -> str:
    if pod.step is not None and not others:
        return f"say `resources.{kind}.{resource}`"
    field = "default" if kind == "limits" else "defaultRequest"
    ranged = f"let a LimitRange say a `{field}` of `{resource}`, and name its file under `quotaFrom` too"
    return f"say it in {others[0].elsewhere}, or {ranged}" if others and others[0].elsewhere else ranged


def _fix(pod: Pod, kind: Kind, resource: str) -> Fix | None:
    """The request, as the limit too; the limit, as the request too."""
    other = (pod.own.asked.requests if kind == "limits" else pod.own.asked.limits).get(resource)
    return None if other is None or other.least is None or not other.exact else pod.fix(kind, resource, other.least)
