"""Flows driven in a cluster in memory: what runs, whatever happens to the drivers and to their contact with the API."""

from __future__ import annotations

from threading import Thread

import pytest

from drive.kubernetes_runs import Killed, Mortal, plan_of, running
from drive.scenarios import KILLABLE, SCENARIOS, check


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_driver(name: str) -> None:
    with running() as runs:
        plan, me = plan_of(SCENARIOS[name].spec), runs.begin()
        check(SCENARIOS[name], runs, runs.drive(plan, me))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_second_driver_finds_everything_done(name: str) -> None:
    with running() as runs:
        plan, me = plan_of(SCENARIOS[name].spec), runs.begin()
        runs.drive(plan, me)
        before = len(runs.memory.calls)
        check(SCENARIOS[name], runs, runs.drive(plan, me))
        assert not [call for call in runs.memory.calls[before:] if call.verb in ("apply", "patch")]


@pytest.mark.parametrize("answered", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("name", KILLABLE)
def test_a_driver_that_is_killed_at_any_call(name: str, answered: bool) -> None:
    """At each of its calls in turn, in runs of their own; the driver after it sees the run to its end."""
    for calls in range(1, 200):
        with running() as runs:
            plan, me = plan_of(SCENARIOS[name].spec), runs.begin()
            try:
                check(SCENARIOS[name], runs, runs.drive(plan, me, Mortal(runs.memory, calls, answered=answered)))
                return
            except Killed:
                check(SCENARIOS[name], runs, runs.drive(plan, me))
    raise AssertionError("the run does not end")


@pytest.mark.parametrize("name", KILLABLE)
def test_drivers_that_are_killed_again_and_again(name: str) -> None:
    """Each driver lives for one call more than the one before it."""
    with running() as runs:
        plan, me = plan_of(SCENARIOS[name].spec), runs.begin()
        for calls in range(1, 200):
            try:
                succeeded = runs.drive(plan, me, Mortal(runs.memory, calls, answered=False))
            except Killed:
                continue
            check(SCENARIOS[name], runs, succeeded)
            return
    raise AssertionError("the run does not end")


@pytest.mark.parametrize("name", KILLABLE)
def test_two_drivers_at_once(name: str) -> None:
    with running() as runs:
        plan, me = plan_of(SCENARIOS[name].spec), runs.begin()
        ends: list[bool] = []
        threads = [Thread(target=lambda: ends.append(runs.drive(plan, me))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(SCENARIOS[name], runs, ends[0])
        assert ends[0] == ends[1]
