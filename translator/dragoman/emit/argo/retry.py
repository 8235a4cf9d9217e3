"""Retries as Argo's retryStrategy, and amounts that grow with each retry as tags of the pod's patch.

The causes are told apart by what Argo keeps of a failed attempt (workflow/controller/operator.go,
inferFailedReason): its exit code, its status (Failed: the work; Error: the pod or its node), its message.
"""

from __future__ import annotations

from typing import Any

from dragoman import quantity
from dragoman.emit.argo.expressions import Unprintable, tag
from dragoman.plan.model import Amount, Escalation, Retry

KILLED = "lastRetry.message startsWith 'main: ' && lastRetry.exitCode == '137'"
OOM = f"lastRetry.message contains 'OOMKilled' || {KILLED}"
# an eviction, a preemption, a lost node leave words of Kubernetes' own; a container's come behind its name
SPOT = "!(lastRetry.message matches '^(main|init|wait|supervisor): |^Pod failed before|deadline')"
ERROR = "asInt(lastRetry.exitCode) > 0"


def retry_strategy(retry: Retry, *, has_cap: bool) -> dict[str, Any]:
    """Argo counts the retries, as we do; all its IntOrStrings are strings. `has_cap`: Argo 3.7 and newer."""
    strategy: dict[str, Any] = {"limit": str(retry.limit), "retryPolicy": "Always"}
    if retry.causes:
        strategy["expression"] = _causes(retry.causes)
    if retry.backoff is not None:
        strategy["backoff"] = {"duration": f"{retry.backoff.delay}s", "factor": str(retry.backoff.factor)}
        if retry.backoff.maximum is not None and has_cap:
            strategy["backoff"]["cap"] = f"{retry.backoff.maximum}s"
    return strategy


def _causes(causes: tuple[str | int, ...]) -> str:
    parts = [{"oom": OOM, "spot": SPOT, "error": ERROR}[cause] for cause in causes if isinstance(cause, str)]
    codes = sorted(cause for cause in causes if isinstance(cause, int))
    if codes:
        parts.append(f"asInt(lastRetry.exitCode) in {codes}")
    return " || ".join(parts)


def escalated(resource: str, base: Amount, growth: Escalation) -> str:
    """The amount of an attempt: the first one's, times the factor for each retry, at most the maximum."""
    if not isinstance(base, int):
        raise Unprintable(
            f"`{resource}` comes from data and grows with each retry: Argo cannot multiply a quantity",
            "give the step a fixed amount, or leave `escalate` out",
        )
    size, suffix = unit(resource, base, growth.maximum)
    factor = int(growth.factor) if growth.factor == int(growth.factor) else growth.factor
    return tag(f"int(ceil(min({base // size} * {factor} ** int(retries), {growth.maximum // size})))") + suffix


def unit(resource: str, *amounts: int) -> tuple[int, str]:
    """What Argo counts an amount that grows in, and how that is written: in these units it is rounded up."""
    if resource == "cpu":
        return 1, "m"
    for suffix in ("Gi", "Mi", "Ki"):
        size = quantity.parse(f"1{suffix}")
        if all(amount % size == 0 for amount in amounts) and min(amounts) >= 64 * size:
            return size, suffix
    return 1, ""
