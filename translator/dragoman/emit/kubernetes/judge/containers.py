"""Rules of one container: what it must say, its environment, ports, probes and how it may restart.

From `validateContainerCommon` and what it calls in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

from . import resources
from .amounts import quantity
from .formats import FORMATS, label_key, printable, variable
from .rule import Rule

_FIELDS = frozenset(
    {
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    }
)
_RESOURCES = tuple(
    f"{side}.{name}" for side in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE = ("limits.hugepages-", "requests.hugepages-")


def judge(container: Body, at: Pointer, minor: int) -> list[Problem]:
    """What is wrong with one container."""
    found = [*image(container, at, minor)]
    for field, rule in RULES:
        if field in container:
            found += rule(container, at, minor)
    return found


def image(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A container has an image."""
    name = container.get("image")
    if not name:
        yield problem((*at, "image"), "is missing", "name the image that the container runs")
    elif name != name.strip():
        says = f"is {shown(name)}, with blanks at an end"
        yield problem((*at, "image"), says, "leave the blanks out: no registry has such an image")


def environment(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Every variable has a name of its own that clusters of the minor take, and one value."""
    met: set[str] = set()
    for index, entry in enumerate(container["env"]):
        name = entry.get("name", "")
        if name in met:
            # the API server lets the last one win; server-side apply refuses the object
            says = f"is {shown(name)} once more"
            yield problem((*at, "env", index, "name"), says, "keep one of the two: the last would win")
        met.add(name)
        if not name.isidentifier() and not (printable(name) if minor >= 32 else variable(name)):
            advice = "use letters, digits and `_`, begin with no digit"
            yield problem((*at, "env", index, "name"), f"is {shown(name)}, which no variable can be called", advice)
        if "valueFrom" in entry:
            yield from _value_from(entry, (*at, "env", index))


def _value_from(entry: Body, at: Pointer) -> Iterator[Problem]:
    source = entry["valueFrom"]
    place = (*at, "valueFrom")
    if entry.get("value"):
        yield problem(place, "stands beside `value`", "write one of the two")
    if len(source) != 1:
        advice = "name one of `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` and `fileKeyRef`"
        yield problem(place, f"has {len(source)} sources, not one", advice)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if key in source and not source[key].get("name"):
            yield problem((*place, key, "name"), "is missing", "name the object that holds the key")
    if "fieldRef" in source:
        yield from _field(source["fieldRef"], (*place, "fieldRef"))
    if "resourceFieldRef" in source:
        yield from shown_resource(source["resourceFieldRef"], (*place, "resourceFieldRef"))


def _field(reference: Body, at: Pointer) -> Iterator[Problem]:
    path = reference.get("fieldPath", "")
    if reference.get("apiVersion", "v1") not in {"v1", ""}:
        yield problem((*at, "apiVersion"), f"is {shown(reference['apiVersion'])}", "write `v1`, or leave it out")
    owner, bracket, key = path.partition("['")
    if bracket and path.endswith("']") and owner in {"metadata.labels", "metadata.annotations"}:
        word = key.removesuffix("']")
        if not label_key(word.lower() if owner == "metadata.annotations" else word):
            yield problem((*at, "fieldPath"), f"names {shown(word)}, which is no key", "name a label or annotation")
    elif path and path not in _FIELDS:
        advice = f"write {choice(tuple(sorted(_FIELDS)))}, or `metadata.labels['KEY']`, `metadata.annotations['KEY']`"
        yield problem((*at, "fieldPath"), f"is {shown(path)}, which a variable cannot show", advice)


def shown_resource(reference: Body, at: Pointer) -> Iterator[Problem]:
    """A request or limit of the container, in whole units of a divisor."""
    name = reference.get("resource", "")
    divisor = quantity(reference.get("divisor", "0"))
    if name not in _RESOURCES and not name.startswith(_HUGE):
        says = f"is {shown(name)}, which cannot be shown"
        yield problem((*at, "resource"), says, f"write {choice(_RESOURCES)}")
    elif divisor and name.endswith(".cpu") and divisor not in {10**6, 10**9}:
        yield problem((*at, "divisor"), f"is {shown(reference['divisor'])}", "write `1m` or `1` for cpu")
    elif divisor and not name.endswith(".cpu") and divisor not in _DIVISORS:
        says = f"is {shown(reference['divisor'])}"
        yield problem((*at, "divisor"), says, "write `1`, `1k`, `1Ki`, `1M`, `1Mi` and so on")


_DIVISORS = frozenset(base**power * 10**9 for base in (1000, 1024) for power in range(7))


def environment_from(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Variables of a whole ConfigMap or Secret: one of the two, with a name."""
    for index, entry in enumerate(container["envFrom"]):
        place = (*at, "envFrom", index)
        if ("configMapRef" in entry) == ("secretRef" in entry):
            yield problem(place, "names not exactly one of `configMapRef` and `secretRef`", "name one of them")
        for key in ("configMapRef", "secretRef"):
            if key in entry and not entry[key].get("name"):
                yield problem((*place, key, "name"), "is missing", "name the object")
        prefix = entry.get("prefix")
        if prefix and not (printable(prefix) if minor >= 32 else variable(prefix)):
            yield problem((*place, "prefix"), f"is {shown(prefix)}, with which no variable can begin", "use letters")


def ports(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The names of a container's ports differ."""
    met: set[str] = set()
    for index, port in enumerate(container["ports"]):
        name = port.get("name")
        if name in met:
            yield problem((*at, "ports", index, "name"), f"is {shown(name)} once more", "give each its own name")
        if name:
            met.add(name)


def probe(key: str) -> Rule:
    """A probe asks in one way; liveness and startup probes need one success."""

    def rule(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
        given = container[key]
        yield from _handler(given, (*at, key), ("exec", "httpGet", "tcpSocket", "grpc"))
        if key != "readinessProbe" and given.get("successThreshold", 1) not in {0, 1}:
            yield problem((*at, key, "successThreshold"), f"is {given['successThreshold']}", "write 1")
        if key == "readinessProbe" and "terminationGracePeriodSeconds" in given:
            says = "is nothing for a readiness probe: it stops no container"
            yield problem((*at, key, "terminationGracePeriodSeconds"), says, "leave it out")

    return rule


def lifecycle(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A hook of a container's life does one thing."""
    for key in ("postStart", "preStop"):
        hook = container["lifecycle"].get(key)
        if hook is not None:
            yield from _handler(hook, (*at, "lifecycle", key), ("exec", "httpGet", "tcpSocket", "sleep"))


def _handler(given: Body, at: Pointer, ways: tuple[str, ...]) -> Iterator[Problem]:
    found = [way for way in ways if way in given]
    if len(found) != 1:
        yield problem(at, f"has {len(found)} of {choice(ways)}", "write exactly one of them")
    if "exec" in found and not given["exec"].get("command"):
        yield problem((*at, "exec", "command"), "is missing", "say what to run")
    for way in ("httpGet", "tcpSocket"):
        if way in found:
            yield from _port(given[way].get("port"), (*at, way, "port"))


def _port(port: Any, at: Pointer) -> Iterator[Problem]:
    if not (1 <= port <= 65535 if isinstance(port, int) else FORMATS["port-name"].fits(port or "")):
        yield problem(at, f"is {shown(port)}", "write a port from 1 to 65535, or a port's name")


def resizing(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Every resource has one policy for changes while the container runs."""
    met: set[str] = set()
    for index, policy in enumerate(container["resizePolicy"]):
        name = policy.get("resourceName", "")
        if name in met:
            says = f"is {shown(name)} once more"
            yield problem((*at, "resizePolicy", index, "resourceName"), says, "write one policy a resource")
        met.add(name)


def restarts(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Rules of restarts: at most 20, each with exit codes, beside the container's own `restartPolicy`."""
    rules = container["restartPolicyRules"]
    if not rules:
        return
    place = (*at, "restartPolicyRules")
    if "restartPolicy" not in container:
        yield problem((*at, "restartPolicy"), "is missing, and its rules need it", "write `Never` or `OnFailure`")
    if len(rules) > 20:
        yield problem(place, f"has {len(rules)} rules, more than 20", "bring the exit codes together")
    actions = ("Restart", "RestartAllContainers") if minor >= 36 else ("Restart",)
    for index, rule in enumerate(rules):
        if rule.get("action") not in actions:
            says = f"is {shown(rule.get('action', ''))}, which Kubernetes 1.{minor} does not do"
            yield problem((*place, index, "action"), says, f"write {choice(actions)}")
        codes = rule.get("exitCodes")
        if codes is None:
            yield problem((*place, index, "exitCodes"), "is missing", "say for which exit codes")
        elif len(codes.get("values") or ()) > 255:
            yield problem((*place, index, "exitCodes", "values"), "has more than 255 values", "name fewer")


def security(container: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A container that may not get more privileges has not all of them; profiles on the node have a name."""
    context = container["securityContext"]
    place = (*at, "securityContext")
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            says = "is false, but the container is privileged"
            yield problem((*place, "allowPrivilegeEscalation"), says, "leave one of the two out")
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            says = "is false, but the container adds `CAP_SYS_ADMIN`"
            yield problem((*place, "allowPrivilegeEscalation"), says, "leave one of the two out")
    yield from profiles(context, place)


def profiles(context: Body, at: Pointer) -> Iterator[Problem]:
    """A profile on the node has a name, any other has none (seccomp, AppArmor)."""
    for key in ("seccompProfile", "appArmorProfile"):
        profile = context.get(key)
        if profile is None:
            continue
        local, path = profile.get("type") == "Localhost", profile.get("localhostProfile")
        if local and not path:
            yield problem((*at, key, "localhostProfile"), "is missing", "name the profile on the node")
        elif not local and path is not None:
            says = f"goes with `type: Localhost` only, not {shown(profile.get('type', ''))}"
            yield problem((*at, key, "localhostProfile"), says, "leave it out")
        elif local and key == "seccompProfile" and (path.startswith("/") or ".." in path.split("/")):
            yield problem((*at, key, "localhostProfile"), f"is {shown(path)}", "give a path below the kubelet's folder")


# the field that a rule looks at, and the rule: where there is no such field, there is nothing to look at
RULES: tuple[tuple[str, Rule], ...] = (
    ("env", environment),
    ("envFrom", environment_from),
    ("ports", ports),
    ("livenessProbe", probe("livenessProbe")),
    ("readinessProbe", probe("readinessProbe")),
    ("startupProbe", probe("startupProbe")),
    ("lifecycle", lifecycle),
    ("resizePolicy", resizing),
    ("restartPolicyRules", restarts),
    ("securityContext", security),
    ("resources", resources.judge),
)
