"""Go on with the last run of a flow from one of its steps: what keeps its outputs, and what runs again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dragoman.drive.local import records
from dragoman.drive.walk import PASSED, Facts, State, walk
from dragoman.expr.values import convert_text, to_text
from dragoman.findings import WARNING, Finding, Findings, Span, did_you_mean
from dragoman.lower.task import Id, Values, name_of
from dragoman.plan.features import topological
from dragoman.plan.model import Address, Param, Plan, Step
from dragoman.plan.references import own, target
from dragoman.plan.wire import encode

FLAG = "--from"
CONTENT = ("image", "command", "args", "script", "env", "volumes", "working_dir")  # what outputs come from


class Earlier(NamedTuple):
    """A run to go on from: its number, what it was started with, how its attempts ended."""

    number: int
    run: records.Run
    facts: Facts


class Kept(NamedTuple):
    """What stays of it, and what is to be said of that."""

    facts: Facts
    findings: tuple[Finding, ...]


def earlier(plan: Plan, folder: Path) -> Earlier:
    """The flow's last run; raises `Findings` when there is none, or it goes on."""
    number = records.last(folder)
    if number is None:
        message = f"there is no run of `{plan.name}` to go on from: nothing is in `{folder}`"
        raise Findings([Finding("DRG631", message, None, f"run it once without `{FLAG}`, in this folder")], 2)
    place = folder / str(number)
    if records.is_held(place):
        message = f"run {number} of `{plan.name}` still goes on, or something that it started does"
        way_out = f"wait for it, or stop it: `fuser {place / records.LOCK}` tells its processes"
        raise Findings([Finding("DRG637", message, None, way_out)], 2)
    return Earlier(number, records.run(place), records.attempts(place))


def parameters(plan: Plan, given: Mapping[str, Any], before: Earlier) -> dict[str, Any]:
    """The parameters of a run that goes on: those of the earlier one, but for what is given anew."""
    result = dict(given)
    for param in plan.params:
        if param.runtime and param.name not in given and param.name in before.run.params:
            result[param.name] = _converted(param, before)
    return result


def _converted(param: Param, before: Earlier) -> Any:
    text = before.run.params[param.name]
    try:
        return convert_text(text, param.type)
    except ValueError as error:
        message = f"parameter `{param.name}` was `{text}` in run {before.number}: {error}"
        raise Findings([Finding("DRG112", message, None, f"say `--param {param.name}=…`")], 2) from None


def content(plan: Plan, values: Values) -> dict[str, str]:
    """Of each step, in short, what its outputs come from: its container, its loop, the parameters that it reads."""
    written = {tuple(one["address"]): one for one in _written(encode(plan)["steps"])}
    found = {}
    for step in _all(plan.steps):
        data = written[step.address]
        container = data.get("container") or {}
        parts: Any = [
            [container.get(key) for key in CONTENT],
            [data.get(key) for key in ("when", "foreach", "outputs")],
            [to_text(values[target(ref)]) for ref in own(step) if target(ref).kind == "param"],
        ]
        found[".".join(step.address)] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    return found


def kept(plan: Plan, start: str, before: Earlier, values: Values, now: float) -> Kept:
    """What stays of the earlier run when it goes on from that step."""
    names = {".".join(step.address): step.address for step in _all(plan.steps)}
    if start not in names:
        message = f"`{FLAG} {start}`: the flow has no such step"
        raise Findings([Finding("DRG632", message, None, did_you_mean(start, names))], 2)
    states = walk(plan._replace(timeout=None, on_exit=()), before.facts, now, values, now).states
    inside: dict[Id, list[Id]] = {}
    for task in before.facts:
        for size in range(1, len(task) + 1):
            inside.setdefault(task[:size], []).append(task)
    look = _Look(names[start], states, inside)
    facts = {task: before.facts[task] for task in look.graph(plan.steps, ())}
    changed = _changed(plan, before, values)
    return Kept(facts, (*_unfit(plan, before, look, changed), *_said(plan, before, facts, changed)))


class _Look:
    """What stays, graph by graph."""

    def __init__(self, start: Address, states: Mapping[Id, State], inside: Mapping[Id, list[Id]]) -> None:
        self.start, self.states, self.inside = start, states, inside
        self.again: set[Id] = set()  # steps and items that run again, the whole of them

    def graph(self, steps: tuple[Step, ...], place: Id) -> Iterator[Id]:
        """The tasks that are kept."""
        changed: set[str] = set()  # what depends on these runs again
        for step in topological(steps):
            where = (*place, step.name)
            if step.address == self.start or any(need.step in changed for need in step.needs):
                changed.add(step.name)
                self.again.add(where)
            elif self._stays(where, step.address):
                yield from self.inside.get(where, ())
            else:
                changed.add(step.name)
                yield from self._part(step, where)

    def _stays(self, where: Id, address: Address) -> bool:
        """Whether all of it is as it would be: what was left out had a reason that still holds, or nothing to keep."""
        state = self.states.get(where)
        around = self.start[: len(address)] == address
        return not around and state is not None and (state.phase in PASSED or state.phase == "omitted")

    def _part(self, step: Step, where: Id) -> Iterator[Id]:
        """What is kept of a loop or a group that goes on."""
        if step.foreach is None:
            yield from self.graph(step.steps, where)
            return
        index = 0
        while (item := (*where, index)) in self.states:
            if self._stays(item, step.address):
                yield from self.inside.get(item, ())
            else:
                yield from self.graph(step.steps, item)
            index += 1


def _changed(plan: Plan, before: Earlier, values: Values) -> set[Address]:
    """Steps that are not what ran, and all that is inside them."""
    now = content(plan, values)
    found: set[Address] = set()
    for step in _all(plan.steps):
        name = ".".join(step.address)
        if before.run.content.get(name, now[name]) != now[name] or step.address[:-1] in found:
            found.add(step.address)
    return found


def _unfit(plan: Plan, before: Earlier, look: _Look, changed: set[Address]) -> Iterator[Finding]:
    """Outputs that were right when they were made, and are not what their steps declare now."""
    for task, attempts in before.facts.items():
        state = look.states.get(task)
        redone = any(task[:size] in look.again for size in range(1, len(task) + 1))
        address = _address(task)
        if state is None or redone or address not in changed:
            continue
        if attempts[-1].phase == "succeeded" and state.phase in ("failed", "retrying"):
            yield Finding(
                "DRG633",
                f"what `{name_of(task)}` handed on in run {before.number} does not fit: {state.message}",
                _place(plan, address),
                f"go on from it: `{FLAG} {'.'.join(address)}`",
                address=".".join(address),
            )


def _said(plan: Plan, before: Earlier, facts: Facts, changed: set[Address]) -> Iterator[Finding]:
    for address in dict.fromkeys(map(_address, facts)):
        if address in changed:
            name = ".".join(address)
            yield Finding(
                "DRG634",
                f"step `{name}` has changed since run {before.number}, and what it handed on then is kept",
                _place(plan, address),
                f"to run it again, go on from it: `{FLAG} {name}`",
                WARNING,
                name,
            )


def _address(task: Id) -> Address:
    return tuple(part for part in task if isinstance(part, str))


def _place(plan: Plan, address: Address) -> Span | None:
    step = next(step for step in _all(plan.steps) if step.address == address)
    return plan.source.span(step.layers[0].path, key=True)


def _all(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all(step.steps)


def _written(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        yield from _written(step.get("steps") or [])
