"""The scenarios of the cluster in memory, on Kubernetes' own API server and controllers, as the emitted account."""

from __future__ import annotations

from threading import Thread

import pytest

from conformance.node import Node
from conformance.plane import Plane
from conformance.runs import Runs
from drive.kubernetes_runs import Killed, Mortal
from drive.scenarios import KILLABLE, SCENARIOS, check


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_driver_and_another_one_after_it(name: str, control_plane: Plane, node: Node) -> None:
    runs = Runs(control_plane, node, SCENARIOS[name].spec)
    check(SCENARIOS[name], runs, runs.drive())
    before = {job["metadata"]["name"]: job["metadata"]["resourceVersion"] for job in runs.jobs()}
    check(SCENARIOS[name], runs, runs.drive())
    assert {job["metadata"]["name"]: job["metadata"]["resourceVersion"] for job in runs.jobs()} == before


@pytest.mark.parametrize("name", KILLABLE)
def test_drivers_that_are_killed_again_and_again(name: str, control_plane: Plane, node: Node) -> None:
    """Each driver lives for one call more than the one before it, and dies with its answer or without."""
    runs = Runs(control_plane, node, SCENARIOS[name].spec)
    for calls in range(1, 200):
        try:
            succeeded = runs.drive(Mortal(runs.api, calls, answered=calls % 2 == 0))
        except Killed:
            continue
        check(SCENARIOS[name], runs, succeeded)
        return
    raise AssertionError("the run does not end")


@pytest.mark.parametrize("name", KILLABLE)
def test_two_drivers_at_once(name: str, control_plane: Plane, node: Node) -> None:
    runs = Runs(control_plane, node, SCENARIOS[name].spec)
    ends: list[bool] = []
    threads = [Thread(target=lambda: ends.append(runs.drive())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(SCENARIOS[name], runs, ends[0])
    assert ends[0] == ends[1]
