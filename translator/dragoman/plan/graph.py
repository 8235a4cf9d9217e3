"""The order of a graph's steps: what each waits for, and whether that can ever come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.findings import did_you_mean
from dragoman.load.document import Path
from dragoman.plan.context import Context
from dragoman.plan.model import Need, Step
from dragoman.plan.origin import Source
from dragoman.plan.references import free, target


def needs_of(
    context: Context, step: Step, data: Mapping[str, Any], source: Source, path: Path, siblings: Mapping[str, Any]
) -> tuple[Need, ...]:
    """What a step waits for: what it reads, in order of reading, after what its `needs` name."""
    raw = data.get("needs") or []
    written: dict[str, Any] = raw if isinstance(raw, dict) else dict.fromkeys(raw, "succeeded")
    result: dict[str, Need] = {}
    for number, (name, condition) in enumerate(written.items()):
        place = (*path, "needs", name if isinstance(raw, dict) else number)
        if name not in siblings:
            _unknown_need(context, name, siblings, source, place)
        else:
            result[name] = Need(name, condition or "succeeded")
    level = len(step.address) - 1
    for ref in free(step):
        wanted = target(ref)
        if wanted.kind != "output" or wanted.step[:level] != step.address[:level]:
            continue
        name = wanted.step[level]
        if name not in result:
            result[name] = Need(name)
        elif result[name].condition == "failed":
            context.report(
                "DRG135",
                f"step `{step.name}` runs when `{name}` failed, and reads its output `{wanted.name}`",
                source,
                (*path, "needs"),
                "a failed step has no outputs: need `completed`, or do not read it",
                key=True,
            )
    return tuple(result.values())


def _unknown_need(context: Context, name: str, siblings: Mapping[str, Any], source: Source, place: Path) -> None:
    for group, block in siblings.items():
        if name in (block.get("steps") or ()):
            context.report(
                "DRG133",
                f"step `{name}` is inside the group `{group}`",
                source,
                place,
                f"wait for the group: `needs: [{group}]`",
            )
            return
    context.report("DRG131", f"there is no step `{name}` in this graph", source, place, did_you_mean(name, siblings))


def ordered(context: Context, steps: tuple[Step, ...], source: Source, path: Path) -> tuple[Step, ...]:
    """The same steps; a finding for each cycle among them."""
    needs = {step.name: [need.step for need in step.needs] for step in steps}
    done: set[str] = set()
    for start in needs:
        if start in done:
            continue
        trail: list[str] = [start]
        on_trail = {start}
        branches = [iter(needs[start])]
        while branches:
            following = next(branches[-1], None)
            if following is None:
                branches.pop()
                left = trail.pop()
                on_trail.discard(left)
                done.add(left)
            elif following in on_trail:
                _report_cycle(context, trail[trail.index(following) :], source, path)
            elif following not in done:
                trail.append(following)
                on_trail.add(following)
                branches.append(iter(needs.get(following, ())))
    return steps


def _report_cycle(context: Context, cycle: list[str], source: Source, path: Path) -> None:
    names = " → ".join(f"`{name}`" for name in (*cycle, cycle[0]))
    message = f"step `{cycle[0]}` needs itself" if len(cycle) == 1 else f"these steps wait for each other: {names}"
    context.report(
        "DRG132",
        message,
        source,
        (*path, cycle[0]),
        "take one of these needs out; reading an output is a need, too",
        key=True,
        related=tuple((source.span((*path, name), key=True), f"`{name}` waits too") for name in cycle[1:]),
    )
