"""The peak of a flow against its driver: every order in which tasks may start, end and fail is tried on the scheduler."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from dragoman.drive.walk import walk
from dragoman.emit.kubernetes import EMITTER
from dragoman.lower.task import Attempt, Id, Task
from dragoman.plan.model import Plan, Reference
from dragoman.plan.references import steps_of
from dragoman.policy.quota.peaks import Peak, peaks
from policy.quota_flows import Allowed, Data, plan_of, specs

KNOWN = {Reference("run", (), name): "r" for name in ("id", "name")}
COORDINATOR = 100  # thousandths of a core
Phases = tuple[str, ...]  # of a task's attempts
Facts = frozenset[tuple[Id, Phases]]


def driven(plan: Plan) -> int:
    """The most thousandths of a core that tasks of a run ask for at one time."""
    amounts: dict[tuple[Id, int], int] = {}
    seen, waiting, best = {Facts()}, [Facts()], 0
    while waiting:
        facts = waiting.pop()
        running = [(id_, len(phases)) for id_, phases in facts if phases[-1] == "running"]
        best = max(best, sum(amounts[one] for one in running))
        outcome = walk(plan, {id_: list(_attempts(phases)) for id_, phases in facts}, 0, KNOWN, 0)
        for task in outcome.starts:
            amounts[task.id, task.attempt] = task.requests["cpu"]
        for state in _next(plan, facts, outcome.starts):
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return best


def _attempts(phases: Phases) -> Iterator[Attempt]:
    for number, phase in enumerate(phases, 1):
        if phase == "failed":
            yield Attempt(number, "failed", exit_code=1, cause="error")
        else:
            yield Attempt(number, "running" if phase == "running" else "succeeded")


def _next(plan: Plan, facts: Facts, starts: tuple[Task, ...]) -> Iterator[Facts]:
    """One task starts, or one ends: well, or so that it is tried again."""
    known = dict(facts)
    for task in starts:
        yield _with(known, task.id, (*known.get(task.id, ()), "running"))
    for id_, phases in known.items():
        if phases[-1] == "running":
            yield _with(known, id_, (*phases[:-1], "succeeded"))
            if _retries(plan, id_) >= len(phases):
                yield _with(known, id_, (*phases[:-1], "failed"))


def _with(known: dict[Id, Phases], id_: Id, phases: Phases) -> Facts:
    return frozenset({**known, id_: phases}.items())


def _retries(plan: Plan, id_: Id) -> int:
    address = tuple(part for part in id_ if isinstance(part, str))
    step = next(step for step in steps_of(plan) if step.address == address)
    return 0 if step.retry is None else step.retry.limit


def found(plan: Plan) -> Peak:
    return peaks(plan, EMITTER.footprint(plan))["requests.cpu"]


def _checked(spec: Data) -> None:
    plan = plan_of({**spec, "targets": {"kubernetes": {"ordering": "coordinator"}}}, "kubernetes")
    peak, truth = found(plan), driven(plan) + COORDINATOR
    assert peak.amount is not None
    assert peak.least <= truth <= peak.amount
    if peak.exact:
        assert peak.amount == truth


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs(most=6))
def test_what_the_driver_runs_at_once(spec: Data) -> None:
    _checked(spec)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs(most=4, allowed=Allowed(retries=True)))
def test_the_largest_attempt_counts(spec: Data) -> None:
    _checked(spec)


@pytest.mark.parametrize(
    ("spec", "amount"),
    [
        ({"steps": {"a": {}, "b": {"needs": ["a"], "resources": {"cpu": 3}}, "c": {}}}, 4000),
        ({"steps": {"a": {"foreach": {"in": [1, 2, 3], "parallelism": 2}, "resources": {"cpu": "${{ item }}"}}}}, 5000),
        ({"parallelism": 2, "steps": {"a": {"foreach": {"range": 4}}, "b": {"resources": {"cpu": 3}}}}, 4000),
        ({"steps": {"a": {}}, "onExit": {"b": {"resources": {"cpu": 2}}}}, 2000),
    ],
)
def test_known_flows(spec: Data, amount: int) -> None:
    plan = plan_of({**spec, "targets": {"kubernetes": {"ordering": "coordinator"}}}, "kubernetes")
    assert found(plan).amount == amount + COORDINATOR
    assert driven(plan) == amount
