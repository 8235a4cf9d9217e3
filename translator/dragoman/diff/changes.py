"""What changed between two plans of one flow: steps that came, went or have another name, and fields of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dragoman.diff.facts import FLOW, Facts


class Change(NamedTuple):
    """One field of a step (or of the flow: an empty address) before and after; None where it was not there."""

    step: str
    field: str
    before: str | None
    after: str | None


class Changes(NamedTuple):
    """Everything that changed; steps by their addresses, `renamed` from the old one to the new."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    changed: tuple[Change, ...] = ()


def changes(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> Changes:
    """The changes from one plan's facts to another's, steps in the order of the newer plan."""
    gone = [step for step in before if step not in after]
    new = [step for step in after if step not in before]
    renamed = _renamed(gone, new, before, after)
    earlier = {new_name: old_name for old_name, new_name in renamed}
    found: list[Change] = []
    for step, facts in after.items():
        old = before.get(earlier.get(step, step))
        if old is not None:
            found += _compared(step, _with_new_names(old, step, earlier), facts)
    return Changes(
        tuple(step for step in new if step not in earlier),
        tuple(step for step in gone if step not in dict(renamed)),
        tuple(renamed),
        tuple(found),
    )


def _renamed(
    gone: list[str], new: list[str], before: Mapping[str, Facts], after: Mapping[str, Facts]
) -> list[tuple[str, str]]:
    """Steps that went while one that says the same came, each once; what a group holds goes with the group."""
    found: list[tuple[str, str]] = []
    left = [step for step in new if after[step]]
    for old in gone:
        same = next((step for step in left if _same(old, step, before, after, found)), None)
        if same is not None:
            left.remove(same)
            found.append((old, same))
    return found


def _with_new_names(facts: Facts, step: str, earlier: Mapping[str, str]) -> Facts:
    """Facts of the older plan as they would be if the steps it waits for had been called as they are now."""
    group = step.rpartition(".")[0]
    needs = {
        f"needs.{old.rpartition('.')[2]}": f"needs.{new.rpartition('.')[2]}"
        for new, old in earlier.items()
        if new.rpartition(".")[0] == group
    }
    return {needs.get(name, name): value for name, value in facts.items()}


def _same(
    old: str, new: str, before: Mapping[str, Facts], after: Mapping[str, Facts], found: list[tuple[str, str]]
) -> bool:
    (old_group, _, _), (new_group, _, _) = old.rpartition("."), new.rpartition(".")
    return (old_group == new_group or (old_group, new_group) in found) and before[old] == after[new] != {}


def _compared(step: str, before: Facts, after: Facts) -> list[Change]:
    names = [*after, *(name for name in before if name not in after)]
    found = [
        Change(step, name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    ]
    return found if step == FLOW else [_short(change, found) for change in found if not _follows(change, found)]


def _follows(change: Change, others: list[Change]) -> bool:
    """Whether it is the limit that goes with a request: one sentence says both."""
    head, _, resource = change.field.rpartition(".")
    return head == "resources.limits" and change._replace(field=f"resources.requests.{resource}") in others


def _short(change: Change, others: list[Change]) -> Change:
    """Resources by their own names: `memory`, and `memory (limit)` where it goes another way than the request."""
    head, _, resource = change.field.rpartition(".")
    if head == "resources.requests":
        alone = any(other.field == f"resources.limits.{resource}" for other in others)
        apart = alone and change._replace(field=f"resources.limits.{resource}") not in others
        return change._replace(field=f"{resource} (request)" if apart else resource)
    if head == "resources.limits":
        return change._replace(field=f"{resource} (limit)")
    return change._replace(field=resource) if head == "resources" else change
