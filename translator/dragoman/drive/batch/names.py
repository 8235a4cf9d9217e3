"""The steps of a flow behind the names of its state machine's states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.emit.batch.names import state_name
from dragoman.plan.model import Address, Plan, Step

# what is behind a step's name in those of its states; of a loop, OUTER are around it, INNER are of each item
OUTER = ("loop", "failed", "skipped", "omitted", "counted", "too-many", "done", "too-long", "bounded")
INNER = (
    *("", "first", "again", "wait", "lost", "outputs", "whole"),
    *("group", "end", "item", "nothing", "tolerated", "lost-item"),
)


class Named(NamedTuple):
    """A state: its step, what it does for it, and the loops that it is in, outermost first."""

    step: Step
    what: str
    loops: tuple[Address, ...]


def named_states(plan: Plan) -> dict[str, Named]:
    """Every state that says something about a step, by its name."""
    found: dict[str, Named] = {}
    for step, around in every((*plan.steps, *plan.on_exit)):
        own = (*around, step.address) if step.foreach is not None else around
        found.update({state_name(step, what): Named(step, what, around) for what in OUTER})
        found.update({state_name(step, what): Named(step, what, own) for what in INNER})
    return found


def every(steps: Sequence[Step], around: tuple[Address, ...] = ()) -> Iterator[tuple[Step, tuple[Address, ...]]]:
    """Every step with the loops around it; groups before what is in them."""
    for step in steps:
        yield step, around
        yield from every(step.steps, (*around, step.address) if step.foreach is not None else around)


def states(machine: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Every state of a machine, however deep, by its name."""
    found: dict[str, Mapping[str, Any]] = {}
    waiting = [machine]
    while waiting:
        for name, state in waiting.pop()["States"].items():
            found[name] = state
            waiting += [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]
    return found


def distributed(machine: Mapping[str, Any]) -> frozenset[str]:
    """The names of loops whose items have histories of their own."""
    modes = {
        name: state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode")
        for name, state in states(machine).items()
    }
    return frozenset(name for name, mode in modes.items() if mode == "DISTRIBUTED")


def arrays(plan: Plan, found: Mapping[str, Mapping[str, Any]]) -> frozenset[Address]:
    """The loops that are one job with many children."""
    loops = [step for step, _ in every((*plan.steps, *plan.on_exit)) if step.foreach is not None]
    return frozenset(step.address for step in loops if size(found.get(state_name(step), {})) is not None)


def size(state: Mapping[str, Any]) -> int | None:
    """How many children the job of a state has, where it is an array."""
    arguments = state.get("Arguments")
    found = arguments.get("ArrayProperties", {}).get("Size") if isinstance(arguments, dict) else None
    return found if isinstance(found, int) else None
