"""What the steps of a checked flow ask for and get, for reports that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.cli.inputs import Case
from dragoman.cli.platform import platform
from dragoman.emit import registry
from dragoman.findings import Findings
from dragoman.load.document import Document
from dragoman.pipeline import ruled, seen
from dragoman.policy.floors import Floors
from dragoman.policy.force import Enacted
from dragoman.report.measure import needs, peaks
from dragoman.report.model import Checked


def measured(
    one: Checked, case: Case, libraries: Mapping[str, Document], policies: Enacted, floors: Floors, sets: Sequence[str]
) -> Checked:
    """The same with its numbers, also where policies refuse them; none where the flow cannot be understood."""
    free = policies._replace(said=tuple(said._replace(maxima=(), minima=()) for said in policies.said))
    target, environment = case.target, case.environment
    try:
        given = ruled(case.flow, libraries, policies, target, environment, sets, platform(), floors)
        asked = ruled(case.flow, libraries, free, target, environment, sets, platform(), floors).plan
    except Findings:
        return one
    plan, admitted = given.plan, seen(given)
    return one._replace(
        target=plan.target,
        needs=needs(plan, asked, registry.find(plan.target).footprint(plan)),
        peaks=peaks(admitted.plan, admitted.footprint, admitted.policies.quotas),
    )
