"""What quotas count, by the names that a ResourceQuota has for it, and how people read an amount of it."""

from __future__ import annotations

from dragoman import quantity
from dragoman.plan.footprint import Amounts
from dragoman.plan.model import Accelerator
from dragoman.policy.quota.work import Leaf

PODS = ("pods", "count/pods")
GPU = "gpu"  # devices of all kinds
OBJECTS = "count/"
GI = 2**30
# Kubernetes' names for ours
RESOURCES = {"cpu": "cpu", "memory": "memory", "ephemeral-storage": "disk"}


def countable(key: str) -> bool:
    """Whether it is known what a flow holds of this."""
    kind, _, name = key.partition(".")
    return key in (*PODS, GPU) or (kind in ("requests", "limits") and name in RESOURCES) or _device(key) != ""


def amount(key: str, leaf: Leaf, holds: Amounts) -> int | None:
    """What one pod holds of this; None where nobody knows before the run."""
    if key in PODS:
        return 1
    if key == GPU:
        return _devices(holds)
    kind, _, name = key.partition(".")
    if name in RESOURCES:
        return (holds.requests if kind == "requests" else holds.limits).get(RESOURCES[name], 0)
    return _devices(holds) if _device(key) in devices(leaf) else 0


def devices(leaf: Leaf) -> set[str]:
    """How the devices of a pod are called, if it has any."""
    containers = [step.container for step in leaf.steps if step.container is not None]
    return {(container.resources.placement or Accelerator()).resource for container in containers}


def _devices(holds: Amounts) -> int | None:
    return holds.requests.get("gpu", holds.limits.get("gpu", 0))


def _device(key: str) -> str:
    """The name of an extended resource, of which only requests are counted."""
    kind, _, name = key.partition(".")
    return name if kind == "requests" and "/" in name else ""


def field(key: str) -> str:
    """What our own fields call this: `requests.memory` is `memory`, `limits.ephemeral-storage` is `limits.disk`."""
    kind, _, name = key.partition(".")
    if name not in RESOURCES:
        return key
    return RESOURCES[name] if kind == "requests" else f"{kind}.{RESOURCES[name]}"


def shown(key: str, value: int) -> str:
    """An amount as people write it, exactly: `186.1`, `100.125Gi`; a Kubernetes quantity, but for its fractions."""
    resource = RESOURCES.get(key.partition(".")[2], "")
    if resource == "cpu":
        return _decimal(value, 1000)
    if resource in quantity.BYTES and value >= GI and value * 1000 % GI == 0:
        return f"{_decimal(value, GI)}Gi"
    return quantity.canonical(resource, value)


def _decimal(value: int, unit: int) -> str:
    """A number of units that has at most three decimals."""
    thousandths = value * 1000 // unit
    return f"{thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")


def phrase(key: str, value: int) -> str:
    """An amount and what it is of, in a sentence: `96 cpu`, `limits of 4Gi memory`, `12 pods`."""
    kind, _, name = key.partition(".")
    if key in PODS:
        return f"{value} {'pod' if value == 1 else 'pods'}"
    what = RESOURCES.get(name, _device(key) or key)
    return f"{'limits of ' if kind == 'limits' else ''}{shown(key, value)} {what}"
