"""Plan-to-plan rewrites that give a target what it lacks: one file an idea, in the order of `PASSES`."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.emitter import Emulated, Support
from dragoman.lower.matrix import expand_matrix
from dragoman.plan.features import Feature, uses
from dragoman.plan.model import Plan

# an emitter selects, never reorders
PASSES = (expand_matrix,)


def lowered(plan: Plan, answers: Mapping[Feature, Support]) -> Plan:
    """The plan after the passes that answer for the features it uses, none of which may be left."""
    selected = {answer.by: feature for feature, answer in answers.items() if isinstance(answer, Emulated)}
    for step in PASSES:
        feature = selected.get(step)
        if feature is not None:
            plan = step(plan)
            left = uses(plan)
            assert feature not in left, f"{step.__name__} left {feature.value} at {left[feature]}"
    return plan
