"""Rules of a pod: its containers together, where it may run, what it keeps from its host.

From `ValidatePodSpec` of `pkg/apis/core/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from . import containers, resources, selectors, volumes
from .formats import label_value, subdomain
from .rule import Rule


def judge(pod: Body, at: Pointer, minor: int) -> list[Problem]:
    """What is wrong with a pod of a Job."""
    found = [*some_container(pod, at, minor), *resources.claims(pod, at), *volumes.mounts(pod, at)]
    for field, rule in RULES:
        if field in pod:
            found += rule(pod, at, minor)
    for side in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(side) or ()):
            found += containers.judge(container, (*at, side, index), minor)
    return found


def some_container(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A pod has a container, and its containers have names of their own."""
    if not pod.get("containers"):
        yield problem((*at, "containers"), "is empty", "a pod runs at least one container")
    met: set[str] = set()
    for side in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(side) or ()):
            name = container.get("name", "")
            if name in met:
                says = f"is {shown(name)} once more"
                yield problem((*at, side, index, "name"), says, "give each container of a pod its own name")
            met.add(name)
    if pod.get("ephemeralContainers"):
        yield problem((*at, "ephemeralContainers"), "stands in a template", "they are for pods that run: leave it out")


def beginning(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Containers that end before the others begin are not watched; those that stay say `restartPolicy: Always`."""
    for index, container in enumerate(pod.get("initContainers") or ()):
        place, policy = (*at, "initContainers", index), container.get("restartPolicy")
        if policy == "Always":
            continue
        for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if key in container:
                says = "is nothing for a container that ends before the others begin"
                yield problem((*place, key), says, "leave it out, or let the container stay: `restartPolicy: Always`")
        if policy is not None and minor < 35:
            says = f"is {shown(policy)}, which needs Kubernetes 1.35, the flow says 1.{minor}"
            yield problem((*place, "restartPolicy"), says, "write `Always` for a container that stays, or leave it out")


def ending(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Containers restart as their pod says, until Kubernetes 1.35 lets each say it."""
    for index, container in enumerate(pod.get("containers") or ()):
        place = (*at, "containers", index)
        if "restartPolicy" in container and minor < 35:
            says = f"needs Kubernetes 1.35 outside `initContainers`, the flow says 1.{minor}"
            yield problem((*place, "restartPolicy"), says, "say it for the pod: `spec.template.spec.restartPolicy`")


def resizing(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A container whose pod restarts nothing is not restarted for other resources; nor is one that soon ends."""
    for side in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(side) or ()):
            if "resizePolicy" not in container:
                continue
            never = pod.get("restartPolicy") == "Never"
            ends = side == "initContainers" and container.get("restartPolicy") != "Always"
            for number, policy in enumerate(container["resizePolicy"]):
                if policy.get("restartPolicy") == "RestartContainer" and (never or ends):
                    place = (*at, side, index, "resizePolicy", number, "restartPolicy")
                    says = "is `RestartContainer`, but the container is not restarted"
                    yield problem(place, says, "write `NotRequired`")


def sleeping(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A hook sleeps no longer than the pod has time to end; not at all only since Kubernetes 1.33."""
    grace = pod.get("terminationGracePeriodSeconds", 30)
    for side in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(side) or ()):
            for key, hook in (container.get("lifecycle") or {}).items() if "lifecycle" in container else ():
                seconds = (hook.get("sleep") or {}).get("seconds") if isinstance(hook, dict) else None
                if seconds is not None and not (0 if minor >= 33 else 1) <= seconds <= grace:
                    place = (*at, side, index, "lifecycle", key, "sleep", "seconds")
                    says = f"is {seconds}, but the pod has {grace} seconds to end"
                    yield problem(place, says, f"write {grace} at most, or a longer `terminationGracePeriodSeconds`")


def host_ports(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """No two containers take the same port of the node; on the node's network the ports are the same."""
    met: set[tuple[object, ...]] = set()
    for index, container in enumerate(pod.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            taken = port.get("hostPort")
            if not taken:
                continue
            place = (*at, "containers", index, "ports", number, "hostPort")
            key = (port.get("protocol", "TCP"), port.get("hostIP", ""), taken)
            if key in met:
                yield problem(place, f"is {taken}, which is taken already", "take another port, or none")
            met.add(key)
            if pod.get("hostNetwork") and taken != port.get("containerPort"):
                says = f"is {taken}, but on the node's network it is the container's {port.get('containerPort')}"
                yield problem(place, says, "write the same number, or leave it out")


def tolerations(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A toleration names a taint, or all of them; time limits are for taints that drive pods out."""
    for index, one in enumerate(pod.get("tolerations") or ()):
        place, operator = (*at, "tolerations", index), one.get("operator") or "Equal"
        if not one.get("key") and operator != "Exists":
            yield problem((*place, "operator"), "is not `Exists`, but there is no `key`", "name the key of the taint")
        if "tolerationSeconds" in one and one.get("effect") != "NoExecute":
            says = "goes with `effect: NoExecute` only"
            yield problem((*place, "tolerationSeconds"), says, "leave it out, or write that effect")
        if operator == "Exists" and one.get("value"):
            yield problem((*place, "value"), "goes with `operator: Equal` only", "leave it out")
        elif not label_value(one.get("value") or ""):
            yield problem((*place, "value"), f"is {shown(one['value'])}, which no taint can say", "write its value")


def gates(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """No scheduling gate is there twice."""
    names = [gate.get("name") for gate in pod.get("schedulingGates") or ()]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield problem((*at, "schedulingGates", index, "name"), f"is {shown(name)} once more", "keep one of them")


def host_users(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A pod with users of its own has its own network and processes, too."""
    if pod["hostUsers"] is False:
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(key):
                yield problem((*at, key), "is true, but `hostUsers` is false", "leave one of the two out")


def processes(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The containers share their processes with each other or with the node."""
    if pod["shareProcessNamespace"] and pod.get("hostPID"):
        yield problem((*at, "shareProcessNamespace"), "is true, and so is `hostPID`", "leave one of the two out")


def masks(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """`/proc` is open to pods with users of their own only."""
    if pod.get("hostUsers", True):
        for side in ("containers", "initContainers"):
            for index, container in enumerate(pod.get(side) or ()):
                context = container.get("securityContext")
                if context and context.get("procMount") == "Unmasked":
                    place = (*at, side, index, "securityContext", "procMount")
                    yield problem(place, "is `Unmasked`", "write `hostUsers: false` for the pod, or leave it out")


def security(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The pod's profiles follow the rules of a container's."""
    return containers.profiles(pod["securityContext"], (*at, "securityContext"))


def account(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The older name of the service account says the same as the newer one, which Kubernetes prefers in silence."""
    if pod.get("serviceAccountName", pod["serviceAccount"]) != pod["serviceAccount"]:
        yield problem((*at, "serviceAccount"), "is not the same as `serviceAccountName`", "leave it out")


def pull_secrets(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Secrets have names; the API server does not look, and the kubelet would pull without one."""
    for index, secret in enumerate(pod["imagePullSecrets"]):
        if not subdomain(secret.get("name", "")):
            says = f"is {shown(secret.get('name', ''))}, which no Secret can be called"
            yield problem((*at, "imagePullSecrets", index, "name"), says, "name a Secret")


def dns(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """The C library reads three name servers and 32 domains."""
    for key, most in (("nameservers", 3), ("searches", 32)):
        if len(pod["dnsConfig"].get(key) or ()) > most:
            yield problem((*at, "dnsConfig", key), f"has more than {most} entries", "leave some out")


def no_dns(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Who takes no settings from the cluster brings a name server."""
    if pod["dnsPolicy"] == "None" and not (pod.get("dnsConfig") or {}).get("nameservers"):
        yield problem((*at, "dnsConfig", "nameservers"), "is missing, and `dnsPolicy` is `None`", "name a server")


# the field that a rule looks at, and the rule
RULES: tuple[tuple[str, Rule], ...] = (
    ("initContainers", beginning),
    ("containers", ending),
    ("containers", resizing),
    ("containers", masks),
    ("containers", sleeping),
    ("containers", host_ports),
    ("tolerations", tolerations),
    ("affinity", selectors.affinity),
    ("topologySpreadConstraints", selectors.spreading),
    ("schedulingGates", gates),
    ("hostUsers", host_users),
    ("shareProcessNamespace", processes),
    ("securityContext", security),
    ("serviceAccount", account),
    ("imagePullSecrets", pull_secrets),
    ("dnsConfig", dns),
    ("dnsPolicy", no_dns),
    ("resources", resources.whole_pod),
    ("volumes", volumes.judge),
)
