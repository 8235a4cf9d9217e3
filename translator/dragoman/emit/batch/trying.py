"""Attempts that the state machine counts: waits between them, amounts that grow, the attempt's number in a text.

Batch counts attempts itself, but waits for nothing, and gives each the same.
"""

from __future__ import annotations

from typing import Any

from dragoman.emit.batch.build import FAILED, Build
from dragoman.emit.batch.jsonata import amount_of, literal
from dragoman.emit.batch.names import state_name
from dragoman.emit.batch.scope import INPUT, Scope, add, expression
from dragoman.expr.text import Template, as_expr
from dragoman.plan.model import Backoff, Escalation, Step
from dragoman.plan.references import own, target

MOST = 10  # attempts that Batch counts
CAUSE = f"$parse({INPUT}.error.Cause)"
_CONTAINERS = f"$append([{CAUSE}.Container], {CAUSE}.Attempts.TaskProperties.Containers)"
_REASONS = f"$join([$string({CAUSE}.StatusReason), {_CONTAINERS}.Reason], ' ')"


def by_machine(step: Step) -> bool:
    """Whether Batch cannot retry a step as it asks."""
    retry = step.retry
    if retry is None or not retry.limit:
        return False
    waits = retry.backoff is not None or retry.limit + 1 > MOST
    return asks(step) or bool(retry.escalate) or (waits and bool(retry.causes))


def asks(step: Step) -> bool:
    """Whether a text of a step says the number of the attempt."""
    return any(target(ref).kind == "attempt" for ref in own(step))


def by_state(step: Step) -> dict[str, Any] | None:
    """The retrier of a step's state, where all that is asked is a wait, or more attempts than Batch counts."""
    retry = step.retry
    if retry is None or not retry.limit or by_machine(step):
        return None
    if retry.backoff is None and retry.limit + 1 <= MOST:
        return None
    backoff = retry.backoff or Backoff(1, 1, None)
    retrier: dict[str, Any] = {
        "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": max(backoff.delay, 1),
        "BackoffRate": backoff.factor,
        "MaxAttempts": retry.limit,
    }
    if backoff.maximum is not None and backoff.maximum > retrier["IntervalSeconds"]:
        retrier["MaxDelaySeconds"] = backoff.maximum
    return retrier


def states(build: Build, scope: Scope, step: Step, job: dict[str, Any], after: str | None, lost: str | None) -> str:
    """The states around a job: count, try, wait, try again. The name of the first."""
    retry = step.retry
    assert retry is not None
    name, again = state_name(step), state_name(step, "again")
    if lost is None:
        lost = state_name(step, "lost")
        scope.states[lost] = {
            "Type": "Fail",
            "Error": FAILED,
            "Cause": expression(f"{literal(f'step {name} failed: ')} & $string({INPUT}.error.Cause)"),
        }
    wait = state_name(step, "wait") if retry.backoff is not None else name
    if retry.backoff is not None:
        seconds = expression(_pause(retry.backoff))
        scope.states[wait] = {"Type": "Wait", "Seconds": seconds, "Output": expression(INPUT), "Next": name}
    worth = f"{INPUT}.attempt <= {retry.limit + 1}"
    if retry.causes:  # only a job's failure has a cause that is JSON
        job_failed = f"{INPUT}.error.Error = 'States.TaskFailed'"
        worth = f"{worth} ? ({job_failed} ? ({_causes(retry.causes)}) : false) : false"
    scope.states[again] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(worth), "Next": wait}],
        "Default": lost,
    }
    counted = f"$merge([{INPUT}, {{'attempt': {INPUT}.attempt + 1, 'error': $states.errorOutput}}])"
    job["Catch"] = [{"ErrorEquals": ["States.ALL"], "Output": expression(counted), "Next": again}]
    add(scope, name, job, after)
    return first(scope, step, name)


def first(scope: Scope, step: Step, then: str) -> str:
    """The state before the first attempt."""
    state = {"Type": "Pass", "Output": expression(f"$merge([{INPUT}, {{'attempt': 1}}])")}
    return add(scope, state_name(step, "first"), state, then)


def _pause(backoff: Backoff) -> str:
    """Seconds before an attempt: `attempt` is the number of the next."""
    seconds = f"{backoff.delay} * $power({backoff.factor}, {INPUT}.attempt - 2)"
    return seconds if backoff.maximum is None else f"$min([{seconds}, {backoff.maximum}])"


def _causes(causes: tuple[str | int, ...]) -> str:
    codes = f"[{_CONTAINERS}.ExitCode]"
    parts = []
    for cause in causes:
        if cause == "spot":
            parts.append(f"$contains({_REASONS}, 'Host EC2')")
        elif cause == "oom":
            parts.append(f"$contains({_REASONS}, 'OutOfMemory') or 137 in {codes}")
        elif cause == "error":
            parts.append(f"$sum({codes}) > 0")
        else:
            parts.append(f"{cause} in {codes}")
    return " or ".join(parts)


def amount(build: Build, scope: Scope, step: Step, key: str, value: Template) -> str:
    """The source of an amount from data, in the units of `quantity.SCALE`."""
    return amount_of(build.source(as_expr(value), scope, step, "resources"), key)


def grown(source: str, growth: Escalation) -> str:
    """The amount of an attempt: the first one's, times the factor for each retry, at most the maximum."""
    factor = int(growth.factor) if growth.factor == int(growth.factor) else growth.factor
    return f"$min([({source}) * $power({factor}, {INPUT}.attempt - 1), {growth.maximum}])"
