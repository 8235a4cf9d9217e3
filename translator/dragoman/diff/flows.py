"""The two sides of a comparison, paired: which flows came, went, have another name, and what changed in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dragoman.diff.changes import Changes, changes
from dragoman.diff.facts import FLOW, facts
from dragoman.diff.objects import ObjectChange, object_changes
from dragoman.pipeline import Rendering, seen
from dragoman.plan.loops import width
from dragoman.plan.references import steps_of
from dragoman.report.measure import peaks
from dragoman.report.needs import Peak


class Side(NamedTuple):
    """A flow on one side, for one target and environment; `rendering` is None where it cannot be rendered."""

    file: str
    flow: str
    target: str
    environment: str
    rendering: Rendering | None
    obstacle: str = ""

    @property
    def variant(self) -> str:
        """The target and the environment in a few words."""
        return f"{self.target} ({self.environment})" if self.environment else self.target


class PeakChange(NamedTuple):
    """The most of one thing that a flow holds at one time; `quota` is the most that it may, empty without one."""

    key: str
    before: str
    after: str
    quota: str


class Compared(NamedTuple):
    """What became of one flow for one target; `before` and `after` are its names, None where it is not there."""

    variant: str
    file: str
    before: str | None
    after: str | None
    changes: Changes
    objects: tuple[ObjectChange, ...]
    widths: Mapping[str, int]
    peaks: tuple[PeakChange, ...] = ()
    obstacle: str = ""

    @property
    def differs(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.objects or self.obstacle) or self.changes != Changes() or self.before != self.after


def compare(before: Sequence[Side], after: Sequence[Side]) -> list[Compared]:
    """Every flow of either side that differs, in the order of the newer side, then what is gone."""
    left = list(before)
    found = []
    for side in after:
        other = _partner(side, left)
        if other is not None:
            left.remove(other)
        found.append(_compared(other, side))
    found += [_compared(side, None) for side in left]
    return [one for one in found if one.differs]


def _partner(side: Side, others: Sequence[Side]) -> Side | None:
    """The same flow on the other side: by its name, else by its file, for one target and environment."""
    alike = [one for one in others if (one.target, one.environment) == (side.target, side.environment)]
    return next((one for one in alike if one.flow == side.flow and one.file == side.file), None) or next(
        (one for one in alike if one.flow == side.flow or one.file == side.file), None
    )


def _compared(before: Side | None, after: Side | None) -> Compared:
    there = after or before
    assert there is not None
    old, new = (None if side is None else side.rendering for side in (before, after))
    known = changes({} if old is None else facts(old.plan), {} if new is None else facts(new.plan))
    if old is None or new is None:  # a flow that came or went says so itself
        known = known._replace(added=tuple(step for step in known.added if step != FLOW))
        known = known._replace(removed=tuple(step for step in known.removed if step != FLOW))
    manifests = [() if one is None else one.emission.manifests for one in (old, new)]
    obstacle = "; ".join(side.obstacle for side in (before, after) if side is not None and side.obstacle)
    return Compared(
        there.variant,
        there.file,
        None if before is None else before.flow,
        None if after is None else after.flow,
        known,
        tuple(object_changes(*manifests)),
        {} if new is None else _widths(new),
        tuple(_peaks(old, new)),
        obstacle,
    )


def _peaks(before: Rendering | None, after: Rendering | None) -> Iterator[PeakChange]:
    """The peaks that differ, of what either side holds anything of."""
    old, new = ({} if one is None else _held(one) for one in (before, after))
    for key in {**new, **old} if after is not None else ():
        first, then = (side[key].amount if key in side else "0" for side in (old, new))
        if first != then:
            yield PeakChange(key, first, then, new[key].quota if key in new else "")


def _held(rendering: Rendering) -> dict[str, Peak]:
    admitted = seen(rendering)
    return {peak.key: peak for peak in peaks(admitted.plan, admitted.footprint, admitted.policies.quotas)}


def _widths(rendering: Rendering) -> dict[str, int]:
    """How often each step in a loop runs, or may: the items of its loop, times those of the groups around it."""
    found: dict[str, int] = {}
    for step in steps_of(rendering.plan):
        around = found.get(".".join(step.address[:-1]), 1)
        if step.foreach is None:
            if around > 1:
                found[".".join(step.address)] = around
            continue
        size = width(step.foreach)
        known = step.foreach.max_items if size is None else size
        if known is not None:
            found[".".join(step.address)] = around * known
    return found
