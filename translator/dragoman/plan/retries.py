"""Retries of a step: how often, after what, how long apart, and what grows."""

from __future__ import annotations

from math import ceil
from typing import Any

from dragoman import duration
from dragoman.plan.amounts import known
from dragoman.plan.containers import Stack
from dragoman.plan.context import Context
from dragoman.plan.model import Backoff, Escalation, Retry
from dragoman.plan.origin import Source


def retry(context: Context, stack: Stack) -> Retry | None:
    """The retry of a step, key by key from its layers; None when nothing asks for one."""
    block = stack.merged("retry")
    if not block or not block.get("limit"):
        nearest, source, path = _nearest(stack)
        if any(nearest.get(key) for key in ("backoff", "causes", "escalate")):
            context.report(
                "DRG118",
                "`retry` says what to do on a retry, and its `limit` is 0",
                source,
                path,
                "set `retry.limit`",
                key=True,
            )
        return None
    if block.get("backoff") and block["backoff"].get("delay") is None:
        _, source, path = _nearest(stack)
        message = "`backoff` makes a delay grow, and none is given"
        context.report("DRG118", message, source, path, "set `retry.backoff.delay`")
    return Retry(
        limit=block["limit"],
        backoff=_backoff(block.get("backoff")),
        causes=tuple(block.get("causes") or ()),
        escalate=_escalations(context, stack, block.get("escalate")),
    )


def _nearest(stack: Stack) -> tuple[Any, Source, tuple[str | int, ...]]:
    """The first layer's `retry` and its place; the step itself where none has one."""
    return stack.first("retry") or ({}, stack.layers[0].source, stack.layers[0].path)


def _backoff(block: Any) -> Backoff | None:
    if not block or block.get("delay") is None:
        return None
    longest = block.get("max")
    return Backoff(
        duration.parse(block["delay"]),
        block.get("factor") or 1,
        None if longest is None else duration.parse(longest),
    )


def _escalations(context: Context, stack: Stack, block: Any) -> tuple[Escalation, ...]:
    result = []
    for resource, settings in (block or {}).items():
        if settings is None:
            continue
        source, path = _place(stack, resource)
        maximum = known(context, resource, settings["max"], source, (*path, "max"))
        if maximum is not None:
            result.append(Escalation(resource, float(settings.get("factor") or 2), maximum))
    return tuple(result)


def _place(stack: Stack, resource: str) -> tuple[Source, tuple[str | int, ...]]:
    for layer in stack.layers:
        if ((layer.data.get("retry") or {}).get("escalate") or {}).get(resource) is not None:
            return layer.source, (*layer.path, "retry", "escalate", resource)
    return stack.layers[0].source, stack.layers[0].path


def grown(amount: int, growth: Escalation, retries: int) -> int:
    """What an amount has become after so many retries: multiplied by the factor each time, and rounded up."""
    try:
        return min(ceil(amount * growth.factor**retries), growth.maximum)
    except OverflowError:  # no float holds it
        return growth.maximum
