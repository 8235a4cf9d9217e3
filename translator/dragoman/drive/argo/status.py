"""What the nodes of a workflow say about the steps of the flow: how far each is, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dragoman.drive.argo.nodes import Node, attempts, nodes, seconds
from dragoman.drive.argo.reach import Workflow
from dragoman.emitter import Emission
from dragoman.load.document import Path
from dragoman.plan.loops import width
from dragoman.plan.model import Plan, Step
from dragoman.report.progress import Phase, RunState, StepState

PHASES: Mapping[str, Phase] = {
    "": "waiting",
    "Pending": "waiting",
    "Running": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
}


class Part(NamedTuple):
    """A step and its nodes.

    own       the name of the template that does its work
    units     one node for each item that was started or left out: a pod, its attempts together, or a group
    outer     the nodes that stand for the step in its graph: an item, a loop, or what wraps one of them
    pods      its pods, attempts included
    expected  how many units there will be; None while unknown
    """

    step: Step
    own: str
    units: tuple[Node, ...]
    outer: tuple[Node, ...]
    pods: tuple[Node, ...]
    tries: tuple[Node, ...]
    expected: int | None


def run_state(workflow: Workflow) -> RunState:
    """The run as a whole."""
    status = workflow.get("status") or {}
    return RunState(
        workflow["metadata"]["name"],
        PHASES.get(status.get("phase") or "", "running"),
        seconds(status.get("startedAt")),
        seconds(status.get("finishedAt")),
        status.get("message") or "",
    )


def step_states(plan: Plan, emission: Emission, workflow: Workflow) -> list[StepState]:
    """Every step and group, in the order of the spec."""
    found = nodes(workflow)
    over = run_state(workflow).finished is not None
    states: list[StepState] = []
    phases: dict[tuple[str, ...], bool] = {(): over}  # whether a group is over, by its address
    for part in parts(plan, emission, found):
        group_over = over or phases.get(part.step.address[:-1], False)
        state = _state(part, found, group_over)
        phases[part.step.address] = state.phase not in ("waiting", "running", "retrying")
        states.append(state)
    return states


def parts(plan: Plan, emission: Emission, found: Mapping[str, Node]) -> list[Part]:
    """The nodes of each step, found by the names of its templates; a group comes before its steps."""
    names: dict[Path, list[str]] = {}
    for name, path in emission.places.items():
        names.setdefault(path, []).append(name)
    tries = attempts(found)
    result: list[Part] = []
    expected: dict[tuple[str, ...], int | None] = {}
    for step, limited in _all_steps((*plan.steps, *plan.on_exit), limited=plan.parallelism is not None):
        part = _part(step, names.get(step.layers[0].path, []), found, tries)
        around = expected.get(step.address[:-1], 1)
        expected[step.address] = _expected(part, around, limited=limited)
        result.append(part._replace(expected=expected[step.address]))
    return result


def _all_steps(steps: Sequence[Step], *, limited: bool) -> Iterator[tuple[Step, bool]]:
    """Every step, and whether Argo may hold back some of its items because of a limit."""
    for step in steps:
        loop = step.foreach
        own = limited or (loop is not None and loop.parallelism is not None)
        yield step, own
        yield from _all_steps(step.steps, limited=own or step.parallelism is not None)


def _part(step: Step, names: Sequence[str], found: Mapping[str, Node], tries: Mapping[str, Node]) -> Part:
    mine = {key: node for key, node in found.items() if node.template in names}
    whole = {key: node for key, node in mine.items() if key not in tries}
    items = {key for node in whole.values() if node.kind == "TaskGroup" for key in node.children}
    own = names[0] if names else ""  # the emitter names the step's own template before those around it
    return Part(
        step,
        own,
        units=tuple(node for node in whole.values() if node.template == own and node.kind != "TaskGroup"),
        outer=tuple(node for key, node in whole.items() if node.boundary not in mine and key not in items),
        pods=tuple(node for node in mine.values() if node.kind == "Pod"),
        tries=tuple(node for key, node in mine.items() if key in tries),
        expected=None,
    )


def _expected(part: Part, around: int | None, *, limited: bool) -> int | None:
    """How many units there will be, when the graph around the step runs `around` times."""
    loop = part.step.foreach
    known = 1 if loop is None else width(loop)
    if around is not None and known is not None:
        return around * known
    settled = all(node.ended or not limited for node in part.outer)
    return len(part.units) if around == len(part.outer) and settled else None


def _state(part: Part, found: Mapping[str, Node], group_over: bool) -> StepState:
    phase = _phase(part, group_over)
    done = [node for node in part.units if node.ended]
    started = [node.started for node in part.outer if node.started is not None]
    finished = [node.finished for node in part.outer if node.finished is not None]
    over = phase in ("succeeded", "failed", "skipped", "omitted")
    return StepState(
        part.step.address,
        phase,
        len(done),
        part.expected,
        sum(node.failed for node in done),
        min(started, default=None),
        max(finished, default=None) if over else None,
        _message(part, phase, found),
    )


def _phase(part: Part, group_over: bool) -> Phase:
    if not part.outer:
        return "omitted" if group_over else "waiting"
    ended = all(node.ended for node in part.outer)
    if ended and (group_over or part.step.address[1:] == () or _complete(part)):
        return _ending(part.outer)
    if any(node.kind == "Retry" and not node.ended for node in part.units):
        live = [node for node in part.pods if not node.ended]
        if part.tries and not live:
            return "retrying"
    ...
    return "running"


def _complete(part: Part) -> bool:
    return part.expected is not None and len(part.units) >= part.expected


def _ending(outer: Sequence[Node]) -> Phase:
    if any(node.failed for node in outer):
        return "failed"
    left_out = {node.phase for node in outer}
    if left_out == {"Skipped"}:
        return "skipped"
    return "omitted" if left_out == {"Omitted"} else "succeeded"
