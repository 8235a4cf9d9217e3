"""What AWS accepts, checked on what was emitted, with findings at the places of the spec that asked for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dragoman.emit.batch.judge import LIMIT, Problem, definition_problems, events, machine_problems
from dragoman.emit.batch.names import state_name
from dragoman.emit.cron import schedules
from dragoman.emitter import Emission
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.loops import width
from dragoman.plan.model import Plan
from dragoman.plan.references import steps_of


def verify(plan: Plan, emission: Emission) -> Sequence[Finding]:
    """Findings about the definitions and the machine."""
    findings: list[Finding] = [*schedules(plan)]
    right: dict[str, Mapping[str, Any]] = {}
    for manifest in emission.manifests:
        if manifest.kind != "JobDefinition":
            continue
        problems = definition_problems(manifest.body)
        path = emission.places.get(manifest.name, ("spec", "steps"))
        findings += [_finding(plan, problem, f"job definition `{manifest.name}`", path) for problem in problems]
        if not problems:
            right[manifest.name] = manifest.body
    for manifest in emission.manifests:
        if manifest.kind == "StateMachine" and not findings:
            definition = json.loads(manifest.body["definition"])
            problems = machine_problems(definition, right)
            what = f"state machine `{manifest.name}`"
            findings += [_finding(plan, problem, what, ("spec", "steps")) for problem in problems]
            findings += _history(plan, definition)
    return findings


def _history(plan: Plan, definition: Mapping[str, Any]) -> Iterator[Finding]:
    """A finding when the loops of a flow, all together, have more events than an execution may have."""
    widths = {
        state_name(step, "loop"): width(step.foreach) or step.foreach.max_items or 1
        for step in steps_of(plan)
        if step.foreach is not None
    }
    count = events(definition, widths)
    if count > LIMIT:
        message = f"a run may have {count:,} events, and an execution of Step Functions ends at {LIMIT:,}"
        way_out = "lower `maxItems`, or split the flow; a loop of which more than 40 items run at once is counted apart"
        yield Finding("DRG513", message, plan.source.span(("spec", "steps"), key=True), way_out, address="spec.steps")


def _finding(plan: Plan, problem: Problem, what: str, path: Path) -> Finding:
    message = f"AWS would refuse the {what}: {problem.message}"
    address = ".".join(map(str, path))
    return Finding("DRG512", message, plan.source.span(path, key=True), problem.help, address=address)
