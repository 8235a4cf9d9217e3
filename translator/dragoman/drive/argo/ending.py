"""What is told at the end of a run that failed: of each step that failed, why, and what it wrote last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.drive.answers import ApiError
from dragoman.drive.argo.nodes import Node, nodes, pod_name
from dragoman.drive.argo.parts import Part
from dragoman.drive.argo.reach import Argo, Workflow
from dragoman.drive.argo.status import failures, tries_of
from dragoman.report.letters import clean, cut
from dragoman.report.progress import StepState

SHOWN = 3  # failures of one step


def told(argo: Argo, workflow: Workflow, parts: Sequence[Part], states: Sequence[StepState]) -> str:
    """The text; empty when no step failed by itself."""
    found = nodes(workflow)
    blocks = [
        _step(argo, workflow, part, state, found)
        for part, state in zip(parts, states, strict=True)
        if state.phase == "failed" and failures(part, found)
    ]
    return "".join(f"\n{block}\n" for block in blocks)


def _step(argo: Argo, workflow: Workflow, part: Part, state: StepState, found: Mapping[str, Node]) -> str:
    failed = failures(part, found)
    layer = part.step.layers[0]
    span = layer.source.span(layer.path, key=True)
    count = f" ({len(failed)} of {state.total})" if state.total != 1 else ""
    lines = [f"failed: {'.'.join(part.step.address)}{count}", f"  --> {span.file}:{span.line}:{span.column}"]
    for node in failed[:SHOWN]:
        lines += _failure(argo, workflow, part, node, found)
    if len(failed) > SHOWN:
        lines.append(f"  … and {len(failed) - SHOWN} more")
    return "\n".join(lines)


def _failure(argo: Argo, workflow: Workflow, part: Part, node: Node, found: Mapping[str, Node]) -> list[str]:
    name: str = workflow["metadata"]["name"]
    retried = next((unit for unit in part.units if node in tries_of(unit, found)), None)
    label = (retried or node).name.removeprefix(f"{name}.")
    attempt = f", attempt {len(tries_of(retried, found))}" if retried is not None else ""
    lines = [f"  {cut(label, 80)}{attempt}: {clean(node.message) or 'no reason given'}"]
    if node.kind != "Pod":
        return lines
    try:
        log = argo.logs(name, pod_name(workflow, node))
    except ApiError as error:
        return [*lines, f"    its log is gone: {clean(error.message)}"]
    written = log.rstrip().splitlines()
    return lines + (
        [f"    | {clean(line)}" for line in written] or ["    no log: it wrote nothing, or its pod is gone"]
    )
