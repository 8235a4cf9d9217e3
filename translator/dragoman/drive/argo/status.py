"""What the nodes of a workflow say about the steps of the flow: how far each is, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.drive.argo.nodes import Node, seconds
from dragoman.drive.argo.parts import Part
from dragoman.drive.argo.reach import Workflow
from dragoman.plan.model import Address, Step
from dragoman.report.progress import Phase, RunState, StepState

PHASES: Mapping[str, Phase] = {
    "": "waiting",
    "Pending": "waiting",
    "Running": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
}
OVER: frozenset[Phase] = frozenset({"succeeded", "failed", "skipped", "omitted"})


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


def step_states(parts: Sequence[Part], found: Mapping[str, Node], *, over: bool) -> list[StepState]:
    """The state of each step; `over` when the whole run is: what was not started then never will be."""
    states: list[StepState] = []
    groups: dict[Address, bool] = {}  # whether they are over
    for part in parts:
        phase = _phase(part, found, over=over or groups.get(part.step.address[:-1], False))
        groups[part.step.address] = phase in OVER
        states.append(_state(part, phase, found))
    return states


def failures(part: Part, found: Mapping[str, Node]) -> list[Node]:
    """The nodes that failed by themselves rather than because of others: of a step that was retried, the last try."""
    failed = dict.fromkeys(node for node in (*part.units, *part.outer) if node.failed)
    last = [tries[-1] if (tries := tries_of(node, found)) else node for node in failed]
    return [node for node in last if node.kind == "Pod" or node.message]


def tries_of(node: Node, found: Mapping[str, Node]) -> list[Node]:
    """The attempts of a step that is retried, in their order; none for another."""
    return [found[key] for key in node.children if key in found] if node.kind == "Retry" else []


def _phase(part: Part, found: Mapping[str, Node], *, over: bool) -> Phase:
    if not part.outer:
        return "omitted" if over else "waiting"
    every = part.graphs is not None and len(part.outer) >= part.graphs
    if (over or every) and all(node.ended for node in part.outer):
        return _ending(part.outer)
    if any(_retried(unit, found) for unit in part.units):
        return "retrying"
    return "waiting" if part.pods and all(pod.phase == "Pending" for pod in part.pods) else "running"


def _ending(outer: Sequence[Node]) -> Phase:
    if any(node.failed for node in outer):
        return "failed"
    phases = {node.phase for node in outer}
    if phases == {"Skipped"}:
        return "skipped"
    return "omitted" if phases == {"Omitted"} else "succeeded"


def _retried(unit: Node, found: Mapping[str, Node]) -> bool:
    return not unit.ended and any(one.failed for one in tries_of(unit, found))


def _state(part: Part, phase: Phase, found: Mapping[str, Node]) -> StepState:
    ended = [node for node in part.units if node.ended]
    started = [node.started for node in part.outer if node.started is not None]
    finished = [node.finished for node in part.outer if node.finished is not None]
    return StepState(
        part.step.address,
        phase,
        len(ended),
        len(part.units) if phase in OVER and part.expected != 1 else part.expected,
        sum(node.failed for node in ended),
        min(started, default=None),
        max(finished, default=None) if phase in OVER else None,
        _message(part, phase, found),
    )


def _message(part: Part, phase: Phase, found: Mapping[str, Node]) -> str:
    if phase == "failed":
        return next((node.message for node in failures(part, found) if node.message), "")
    if phase == "retrying":
        return next(_attempt(part.step, tries_of(unit, found)) for unit in part.units if _retried(unit, found))
    if phase in ("waiting", "running"):  # a reason with a text is more than the usual `ContainerCreating`
        return next((pod.message for pod in part.pods if pod.phase == "Pending" and ": " in pod.message), "")
    return ""


def _attempt(step: Step, tries: Sequence[Node]) -> str:
    failed = [one for one in tries if one.failed]
    most = f" of {step.retry.limit + 1}" if step.retry is not None else ""
    reason = f", after {failed[-1].message}" if failed[-1].message else ""
    return f"attempt {len(failed) + 1}{most}{reason}"
