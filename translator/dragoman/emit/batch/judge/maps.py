"""Rules of Map states: what runs inline, and what only in executions of its own.

From "Map workflow state" and its two modes in the developer guide of Step Functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, called, problem, shown

INLINE, DISTRIBUTED = 40, 10_000
LABEL = 40
_ONLY = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)
_ODD = frozenset('?*<>{}[]:;,\\|^~$#%&`" ')


def _config(state: Body) -> Mapping[str, Any]:
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def distributed(state: Body) -> bool:
    """Whether the items run in executions of their own."""
    return _config(state).get("Mode") == "DISTRIBUTED"


def express(state: Body) -> bool:
    """Whether those are Express executions."""
    return _config(state).get("ExecutionType") == "EXPRESS"


def judge(state: Body, at: Pointer) -> Iterator[Problem]:
    """What is wrong with a Map, but for its states."""
    yield from _mode(_config(state), (*at, "ItemProcessor", "ProcessorConfig"))
    far = distributed(state)
    for key in _ONLY:
        if key in state and not far:
            says = "is for a Map of mode `DISTRIBUTED` only"
            yield problem((*at, key), says, "leave it out, or let the Map be distributed")
    most = DISTRIBUTED if far else INLINE
    count = state.get("MaxConcurrency", 0)
    if isinstance(count, int) and count > most:
        says = f"is {shown(count)}, but {'such' if far else 'inline'} Maps run {most} at once at most"
        advice = f"write {most} at most" + ("" if far else ", or let the Map be distributed")
        yield problem((*at, "MaxConcurrency"), says, advice)
    if "Items" in state and "ItemReader" in state:
        yield problem(
            (*at, "Items"), "stands beside `ItemReader`, which brings the items, too", "leave one of them out"
        )
    label = state.get("Label")
    if isinstance(label, str) and (not 1 <= len(label) <= LABEL or not _ODD.isdisjoint(label)):
        says = f"is {shown(label)}, no label of a Map"
        yield problem((*at, "Label"), says, f"use letters, digits, `-` and `_`, {LABEL} at most")


def _mode(config: Mapping[str, Any], at: Pointer) -> Iterator[Problem]:
    """The mode is one of the two; distributed items say what kind of execution they are."""
    mode, kind = config.get("Mode", "INLINE"), config.get("ExecutionType")
    for key in config:
        if key not in {"Mode", "ExecutionType"}:
            yield problem((*at, str(key)), "is no field of a Map's mode", "leave it out")
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield problem((*at, "Mode"), f"is {called(mode)}", "write `INLINE` or `DISTRIBUTED`")
    elif mode == "DISTRIBUTED" and kind not in ("STANDARD", "EXPRESS"):
        says = f"is {called(kind)}" if "ExecutionType" in config else "is missing"
        yield problem((*at, "ExecutionType"), says, "write `STANDARD`: jobs are waited for in such executions only")
    elif mode == "INLINE" and "ExecutionType" in config:
        yield problem((*at, "ExecutionType"), "is for the mode `DISTRIBUTED` only", "leave it out")
