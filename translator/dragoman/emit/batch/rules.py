"""What AWS accepts, checked on what was emitted, with findings at the places of the spec that asked for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.emit.batch.judge import Problem, definition_problems, machine_problems
from dragoman.emit.cron import schedules
from dragoman.emitter import Emission
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.model import Plan


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
            problems = machine_problems(json.loads(manifest.body["definition"]), right)
            what = f"state machine `{manifest.name}`"
            findings += [_finding(plan, problem, what, ("spec", "steps")) for problem in problems]
    return findings


def _finding(plan: Plan, problem: Problem, what: str, path: Path) -> Finding:
    message = f"AWS would refuse the {what}: {problem.message}"
    address = ".".join(map(str, path))
    return Finding("DRG512", message, plan.source.span(path, key=True), problem.help, address=address)
