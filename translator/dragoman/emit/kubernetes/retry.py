"""A step's retries as its Job's own.

batch/v1 JobSpec: `backoffLimit` counts retries, as we do; the first rule of `podFailurePolicy` that fits decides.
"""

from __future__ import annotations

from typing import Any

from dragoman.emit.kubernetes.pod import MAIN
from dragoman.plan.model import Retry

KILLED = 137  # how a container ends that has used more memory than its limit
_DISRUPTED = [{"type": "DisruptionTarget", "status": "True"}]


def retries(retry: Retry | None, *, indexed: bool) -> dict[str, Any]:
    """The part of a Job's spec; of an Indexed Job, each item has retries of its own."""
    limit = retry.limit if retry is not None else 0
    body: dict[str, Any] = {"backoffLimitPerIndex" if indexed else "backoffLimit": limit}
    if retry is not None and limit and retry.causes:
        body["podFailurePolicy"] = {"rules": _rules(retry.causes, "FailIndex" if indexed else "FailJob")}
    return body


def _rules(causes: tuple[str | int, ...], give_up: str) -> list[dict[str, Any]]:
    codes = {cause for cause in causes if isinstance(cause, int)} | ({KILLED} if "oom" in causes else set())
    rules: list[dict[str, Any]] = [
        {"action": "Count" if "spot" in causes else give_up, "onPodConditions": _DISRUPTED},
    ]
    if "error" in causes:
        return rules  # any exit code is worth a retry, which is what no rule means
    if codes:
        rules.append({"action": "Count", "onExitCodes": _exit_codes("In", sorted(codes))})
    rules.append({"action": give_up, "onExitCodes": _exit_codes("NotIn", [0])})
    return rules


def _exit_codes(operator: str, values: list[int]) -> dict[str, Any]:
    return {"containerName": MAIN, "operator": operator, "values": values}
