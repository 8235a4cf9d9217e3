"""The judge of Kubernetes objects: what a cluster of a given minor would refuse, found without a cluster.

Two passes. The types (`schema.json`) say which fields there are, since when, and what they hold; the rules, one
module for each subject, say what no schema can. A right object costs the fast pass and the rules; only a wrong one
is explained. Facts come from the validation code of Kubernetes 1.37 and JobSet 0.12. Where the judge is stricter
than an API server, the comment at the rule says what would go wrong later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from . import jobs, jobsets, names, objects, schedules
from .gate import check
from .shapes import NEWEST, OLDEST, kinds

__all__ = ["NEWEST", "OLDEST", "Problem", "problems"]


def problems(body: Mapping[str, Any], minor: int) -> list[Problem]:
    """What clusters of Kubernetes 1.`minor` have against the object, or would do other than it says."""
    minor = max(OLDEST, min(minor, NEWEST))
    found = kinds().get(f"{body.get('apiVersion')} {body.get('kind')}")
    if found is None:
        says = f"is {shown(body.get('kind'))} of {shown(body.get('apiVersion'))}, which this judge does not know"
        return [problem(("kind",), says, f"it knows {', '.join(f'`{kind}`' for kind in kinds())}")]
    if check(found, minor)(body):
        return _rules(body, found, minor)
    from .explain import explain

    wrong, kept = explain(body, found, minor)
    pointers = [each.pointer for each in wrong]
    return wrong + [
        each for each in _rules(kept, found, minor) if not any(_near(each.pointer, one) for one in pointers)
    ]


def _rules(body: Body, kind: str, minor: int) -> list[Problem]:
    """What the rules have against an object whose types are right."""
    found = [*names.metadata(body, (), minor)]
    if kind == "Job":
        found += names.job(body, (), minor)
        found += _job(body, (), minor)
    elif kind == "CronJob":
        found += names.cron_job(body, (), minor)
        found += _cron_job(body, minor)
    elif kind == "JobSet":
        found += jobsets.judge(body, minor)
    elif kind in _OTHERS:
        found += _OTHERS[kind](body, (), minor)
    return found


def _job(body: Body, at: Pointer, minor: int) -> list[Problem]:
    if "spec" not in body:
        return [problem((*at, "spec"), "is missing", "describe the Job")]
    return jobs.judge(body["spec"], (*at, "spec"), minor)


def _cron_job(body: Body, minor: int) -> Iterator[Problem]:
    spec = body.get("spec") or {}
    for rule in schedules.RULES:
        yield from rule(spec, ("spec",), minor)
    template = spec.get("jobTemplate") or {}
    if "metadata" in template:
        yield from names.annotation_room(template["metadata"], ("spec", "jobTemplate", "metadata"))
    if "spec" in template:
        yield from jobs.judge(template["spec"], ("spec", "jobTemplate", "spec"), minor)


def _near(one: Pointer, other: Pointer) -> bool:
    """Whether one place is within the other: what is wrong there was said already."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


_OTHERS = {"ConfigMap": objects.config_map, "Role": objects.role, "RoleBinding": objects.role_binding}
