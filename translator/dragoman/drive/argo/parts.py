"""Which nodes of a workflow belong to which step of the flow, found by the names of the rendered templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dragoman.drive.argo.nodes import Node, attempts
from dragoman.emitter import Emission
from dragoman.load.document import Path
from dragoman.plan.loops import width
from dragoman.plan.model import Address, Plan, Step


class Part(NamedTuple):
    """A step or group, and its nodes.

    units     one for each item that was started or left out: a pod, its attempts together, or a group
    outer     those that stand for the step in its graph: a unit, a loop, or a template around one of them
    pods      its pods, attempts included
    graphs    how many graphs the step stands in, all loops around it counted; None while unknown
    expected  how many units there will be; None while unknown
    """

    step: Step
    units: tuple[Node, ...]
    outer: tuple[Node, ...]
    pods: tuple[Node, ...]
    graphs: int | None = None
    expected: int | None = None


def parts(plan: Plan, emission: Emission, found: Mapping[str, Node]) -> list[Part]:
    """Every step with its nodes, in the order of the spec; a group comes before its steps."""
    names: dict[Path, list[str]] = {}
    for name, path in emission.places.items():
        names.setdefault(path, []).append(name)
    tries = attempts(found)
    by_template: dict[str, list[Node]] = {}
    for node in found.values():
        by_template.setdefault(node.template, []).append(node)
    expected: dict[Address, int | None] = {}
    result: list[Part] = []
    for step, limited in _every((*plan.steps, *plan.on_exit), limited=plan.parallelism is not None):
        graphs = expected.get(step.address[:-1], 1)
        mine = {name: by_template.get(name, []) for name in names.get(step.layers[0].path, ())}
        part = _part(step, mine, tries)
        expected[step.address] = _expected(part, graphs, limited=limited)
        result.append(part._replace(graphs=graphs, expected=expected[step.address]))
    return result


def _every(steps: Sequence[Step], *, limited: bool) -> Iterator[tuple[Step, bool]]:
    """Every step, and whether a limit may hold back some of its items."""
    for step in steps:
        own = limited or (step.foreach is not None and step.foreach.parallelism is not None)
        yield step, own
        yield from _every(step.steps, limited=own or step.parallelism is not None)


def _part(step: Step, found: Mapping[str, Sequence[Node]], tries: Mapping[str, Node]) -> Part:
    """`found`: its nodes by template; the emitter names the one that does the step's work before those around it."""
    mine = {node.id for nodes in found.values() for node in nodes}
    whole = [node for nodes in found.values() for node in nodes if node.id not in tries]
    items = {key for node in whole if node.kind == "TaskGroup" for key in node.children}
    work = next(iter(found), None)
    return Part(
        step,
        units=_ordered(node for node in whole if node.template == work and node.kind != "TaskGroup"),
        outer=_ordered(node for node in whole if node.boundary not in mine and node.id not in items),
        pods=_ordered(node for nodes in found.values() for node in nodes if node.kind == "Pod"),
    )


def _ordered(found: Iterator[Node]) -> tuple[Node, ...]:
    """Argo keeps its nodes in no order: by their start, then by name."""
    return tuple(sorted(found, key=lambda node: (node.started or 0.0, node.name)))


def _expected(part: Part, graphs: int | None, *, limited: bool) -> int | None:
    """Units in all. Argo starts all items of a loop at once where no limit holds it back: then they can be counted."""
    loop = part.step.foreach
    known = 1 if loop is None else width(loop)
    if graphs is not None and known is not None:
        return graphs * known
    complete = graphs == len(part.outer) and all(node.ended or not limited for node in part.outer)
    return len(part.units) if complete else None
