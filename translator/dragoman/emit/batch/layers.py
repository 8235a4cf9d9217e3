"""A graph as chains and forks, which is all that a state machine knows (Parallel waits for all of its branches).

    a -> b -> d,  a -> c -> d     is   a, then (b beside c), then d
    a -> c,  b -> c,  b -> d      has no such form: some step has to wait for one that it does not need

Where a wait must be added, the cut is chosen that delays least, and each wait is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from dragoman.plan.features import topological
from dragoman.plan.model import Step


class Chain(NamedTuple):
    """One after the other."""

    parts: tuple[Shape, ...]


class Fork(NamedTuple):
    """Beside each other; what follows waits for all of them."""

    branches: tuple[Shape, ...]


Shape: TypeAlias = Step | Chain | Fork


class Wait(NamedTuple):
    """A step that waits for one that it does not need."""

    step: str
    other: str


class Layers(NamedTuple):
    """The form of a graph, and what it adds."""

    shape: Shape
    added: tuple[Wait, ...]


def layers(steps: Sequence[Step]) -> Layers:
    """The form of a graph of steps, in which every step comes after those that it needs."""
    ordered = list(topological(tuple(steps)))
    bit = {step.name: 1 << number for number, step in enumerate(ordered)}
    before: dict[str, int] = {}
    for step in ordered:
        before[step.name] = 0
        for need in step.needs:
            before[step.name] |= bit[need.step] | before[need.step]
    added: list[Wait] = []
    return Layers(_shape(ordered, bit, before, added), tuple(added))


def _shape(steps: list[Step], bit: Mapping[str, int], before: Mapping[str, int], added: list[Wait]) -> Shape:
    if len(steps) == 1:
        return steps[0]
    parts = _components(steps, bit, before)
    if len(parts) > 1:
        return Fork(tuple(_shape(part, bit, before, added) for part in parts))
    whole = sum(bit[step.name] for step in steps)
    ranked = sorted(steps, key=lambda step: (before[step.name] & whole).bit_count())
    cuts = _cuts(ranked, bit, before)
    if not cuts:
        cuts = [_cheapest(ranked, bit, before, added)]
    pieces = [ranked[start:end] for start, end in zip((0, *cuts), (*cuts, len(ranked)), strict=True)]
    return Chain(tuple(_shape(piece, bit, before, added) for piece in pieces))


def _components(steps: list[Step], bit: Mapping[str, int], before: Mapping[str, int]) -> list[list[Step]]:
    """Steps that have nothing to do with each other, in the order of the graph."""
    groups: list[tuple[int, list[Step]]] = []
    for step in steps:
        mask, mine = bit[step.name], [step]
        apart = []
        for other, members in groups:
            if before[step.name] & other:
                mask, mine = mask | other, [*members, *mine]
            else:
                apart.append((other, members))
        groups = [*apart, (mask, mine)]
    order = {step.name: number for number, step in enumerate(steps)}
    return sorted((members for _, members in groups), key=lambda members: order[members[0].name])


def _cuts(ranked: list[Step], bit: Mapping[str, int], before: Mapping[str, int]) -> list[int]:
    """Where every step behind needs every step in front: waiting for all of them adds nothing."""
    shared = [0] * len(ranked)
    common = -1
    for number in range(len(ranked) - 1, -1, -1):
        common &= before[ranked[number].name]
        shared[number] = common
    cuts, front = [], 0
    for number, step in enumerate(ranked[:-1]):
        front |= bit[step.name]
        if front & ~shared[number + 1] == 0:
            cuts.append(number + 1)
    return cuts


def _cheapest(ranked: list[Step], bit: Mapping[str, int], before: Mapping[str, int], added: list[Wait]) -> int:
    """The cut that delays least, were all steps of one length; the waits that it adds are noted."""
    level: dict[str, int] = {}
    for step in ranked:
        level[step.name] = 1 + max((level[need.step] for need in step.needs if need.step in level), default=0)
    best: tuple[tuple[int, int], int, list[Wait]] | None = None
    for cut in range(1, len(ranked)):
        front, behind = ranked[:cut], ranked[cut:]
        if any(before[step.name] & sum(bit[other.name] for other in behind) for step in front):
            continue
        waits = [
            Wait(step.name, other.name)
            for step in behind
            for other in _last(front)
            if not before[step.name] & bit[other.name] and not _follows(step, behind, bit, before)
        ]
        delay = sum(max(level[wait.other] + 1 - level[wait.step], 0) for wait in waits)
        if best is None or (delay, len(waits)) < best[0]:
            best = (delay, len(waits)), cut, waits
    assert best is not None
    added += best[2]
    return best[1]


def _last(front: list[Step]) -> list[Step]:
    """The steps that no other one in front needs: waiting for them is waiting for all."""
    needed = {need.step for step in front for need in step.needs}
    return [step for step in front if step.name not in needed]


def _follows(step: Step, behind: list[Step], bit: Mapping[str, int], before: Mapping[str, int]) -> bool:
    """Whether a step comes after another one behind the cut: that one waits already."""
    return any(before[step.name] & bit[other.name] for other in behind if other is not step)
