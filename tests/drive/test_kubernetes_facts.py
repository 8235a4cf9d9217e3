"""From what the API says of a Job and its pod to what became of an attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.ending import MOST, deleted, ending
from dragoman.drive.kubernetes.facts import RESULT, Job, Pod, job_of, pod_of
from dragoman.drive.kubernetes.known import Known
from dragoman.expr.types import STRING
from dragoman.lower.task import Attempt
from dragoman.plan.model import Output, Step

START, END = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
T0, T1 = 1_767_225_600.0, 1_767_225_660.0
STEP = Step(("a",))
WRITES = Step(
    ("a",), outputs={"n": Output("n", STRING, "/dragoman/outputs/n"), "o": Output("o", STRING, "/dragoman/outputs/o")}
)


def job(
    *conditions: Mapping[str, Any], notes: Mapping[str, str] | None = None, owner: str = "u", **status: Any
) -> dict[str, Any]:
    annotations = {"dragoman.dev/task": '["a"]', "dragoman.dev/attempt": "1", **(notes or {})}
    metadata = {
        "name": "f-a",
        "annotations": annotations,
        "ownerReferences": [{"uid": owner}],
        "creationTimestamp": START,
    }
    return {"metadata": metadata, "status": {"conditions": list(conditions), **status}}


def condition(kind: str, reason: str = "", message: str = "", status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": END}


def pod(
    phase: str,
    state: Mapping[str, Any] | None = None,
    *conditions: Mapping[str, Any],
    helper: Any = None,
    **status: Any,
) -> dict[str, Any]:
    metadata = {"name": "f-a-x", "labels": {"job-name": "f-a"}, "creationTimestamp": START}
    statuses = [{"name": "main", "state": state}] if state is not None else None
    helpers = [{"name": "dragoman-outputs", "state": helper}] if helper is not None else None
    return {
        "metadata": metadata,
        "status": {
            "phase": phase,
            "containerStatuses": statuses,
            "initContainerStatuses": helpers,
            "conditions": list(conditions),
            **status,
        },
    }


def terminated(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {
        "terminated": {"exitCode": code, "reason": reason, "message": message, "startedAt": START, "finishedAt": END}
    }


DISRUPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "PreemptionByScheduler",
    "message": "preempted by x",
}
FAILED = condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")


def ended(
    job_: dict[str, Any], pod_: dict[str, Any] | None, step: Step = STEP, log: str = "", gone: bool = False
) -> Attempt | None:
    fact = job_of(job_, "u")
    assert fact is not None
    about = pod_of(pod_) if pod_ is not None else None
    about = (
        about._replace(gone=gone) if about is not None else Pod("", "f-a", "", "running", gone=True) if gone else None
    )
    found = ending(fact, about, step, lambda name, container: log)
    return None if found is None else found.attempt


@pytest.mark.parametrize(
    ("told", "code", "cause", "message"),
    [
        (pod("Failed", terminated(3)), 3, "error", "exit code 3"),
        (pod("Failed", terminated(137, "OOMKilled")), 137, "oom", "exit code 137: it used more memory than its limit"),
        (pod("Failed", terminated(1, "OOMKilled")), 1, "oom", "exit code 1: it used more memory than its limit"),
        (pod("Failed", terminated(137)), 137, "oom", "exit code 137: it used more memory than its limit"),
        (pod("Failed", terminated(137), DISRUPTED), 137, "spot", "its pod was taken away: preempted by x"),
        (
            pod("Failed", terminated(137), {**DISRUPTED, "status": "False"}),
            137,
            "oom",
            "exit code 137: it used more memory than its limit",
        ),
        (pod("Failed", terminated(143), reason="DeadlineExceeded"), 143, "timeout", "took longer than its timeout"),
        (pod("Failed", None, reason="OutOfcpu", message="no cpu"), None, "spot", "its pod was taken away: no cpu"),
        (pod("Failed", None, reason="NodeLost"), None, "spot", "its pod was taken away: NodeLost"),
        (pod("Failed", terminated(1), reason="Evicted", message="disk is full"), 1, "error", "Evicted: disk is full"),
        (pod("Failed", None), None, "error", "its pod failed"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_why_an_attempt_failed(told: dict[str, Any], code: int | None, cause: Any, message: str) -> None:
    attempt = ended(job(FAILED), told)
    assert attempt is not None
    assert (attempt.phase, attempt.exit_code, attempt.cause, attempt.message) == ("failed", code, cause, message)


def test_times_are_the_container_s() -> None:
    assert ended(job(FAILED), pod("Failed", terminated(3))) == Attempt(
        1, "failed", {}, 3, "error", "exit code 3", T0, T1
    )
    assert ended(job(condition("Complete")), None) == Attempt(1, "succeeded", {}, 0, started=T0, ended=T1)


@pytest.mark.parametrize(
    ("message", "code", "cause"),
    [
        ("", None, "spot"),
        ("Container main for pod ml/f failed with exit code 137 matching FailJob rule at index 0", 137, "oom"),
        ("Container main for pod ml/f failed with exit code 3 matching FailJob rule at index 0", 3, "error"),
        ("Pod ml/f has condition DisruptionTarget matching FailJob rule", None, "spot"),
    ],
)
def test_a_pod_that_nobody_saw_end(message: str, code: int | None, cause: Any) -> None:
    attempt = ended(job(condition("Failed", "PodFailurePolicy", message)), None, gone=True)
    assert attempt is not None
    assert (attempt.exit_code, attempt.cause) == (code, cause)


def test_a_job_that_was_stopped() -> None:
    attempt = ended(job(condition("Failed", "DeadlineExceeded")), None)
    assert attempt is not None
    assert (attempt.cause, attempt.message) == ("timeout", "it was stopped: its time was over")


@pytest.mark.parametrize(
    ("conditions", "pods"),
    [
        ([FAILED], [None, pod("Running", {"running": {"startedAt": START}})]),
        ([condition("Complete")], [None, pod("Running", {"running": {}})]),
    ],
)
def test_what_the_pod_is_to_tell_is_waited_for(conditions: list[Any], pods: list[Any]) -> None:
    assert [ended(job(*conditions), one, WRITES) for one in pods] == [None, None]


@pytest.mark.parametrize(
    ("helper", "log", "outputs", "message"),
    [
        ('{"outputs":{"n":"1"}}', "", {"n": "1"}, ""),
        ('{"log":true}', '{"outputs":{"n":"1","o":"2"}}\n', {"n": "1", "o": "2"}, ""),
        ('{"log":true}', 'noise\n{"outputs":{"n":"1"}}\n', {"n": "1"}, ""),
        ('{"log":true}', '{"outputs":{"n":"1', {}, "the container `dragoman-outputs` did not hand them on"),
        ('{"error":"/x: permission denied"}', "", {}, "/x: permission denied"),
        ("", "", {}, "the container `dragoman-outputs` did not hand them on"),
        ("[]", "", {}, "the container `dragoman-outputs` did not hand them on"),
    ],
)
def test_what_the_carrier_hands_on(helper: str, log: str, outputs: dict[str, str], message: str) -> None:
    told = pod("Succeeded", terminated(0), helper=terminated(0, message=helper))
    attempt = ended(job(condition("Complete"), notes={"dragoman.dev/outputs": "carrier"}), told, WRITES, log)
    assert attempt is not None
    assert (attempt.outputs, attempt.message.removeprefix("its outputs could not be read: ")) == (outputs, message)
    assert attempt.phase == ("failed" if message else "succeeded")


def test_an_empty_termination_message_is_no_output() -> None:
    one = Step(("a",), outputs={"n": WRITES.outputs["n"]})
    for message, outputs in (("", {}), ("5\n", {"n": "5\n"})):
        told = pod("Succeeded", terminated(0, message=message))
        attempt = ended(job(condition("Complete"), notes={"dragoman.dev/outputs": "message"}), told, one)
        assert attempt is not None
        assert attempt.outputs == outputs


def test_a_log_that_is_too_long() -> None:
    says = Step(("a",), outputs={"n": Output("n", STRING, stdout=True)})
    attempt = ended(
        job(condition("Complete"), notes={"dragoman.dev/outputs": "log"}),
        pod("Succeeded", terminated(0)),
        says,
        "x" * MOST,
    )
    assert attempt is not None
    assert attempt.message == f"output `n`: the step printed more than {MOST} bytes; write a file instead"


@pytest.mark.parametrize("status", [404, 400, 500])
def test_a_log_that_is_gone(status: int) -> None:
    says = Step(("a",), outputs={"n": Output("n", STRING, stdout=True)})
    fact, told = (
        job_of(job(condition("Complete"), notes={"dragoman.dev/outputs": "log"}), "u"),
        pod_of(pod("Succeeded", terminated(0))),
    )
    assert fact is not None

    def log(name: str, container: str) -> str:
        raise ApiError(status, "gone")

    if status == 500:
        with pytest.raises(ApiError):
            ending(fact, told, says, log)
        return
    found = ending(fact, told, says, log)
    assert found is not None
    assert (found.attempt.phase, found.attempt.cause) == ("failed", "spot")


@pytest.mark.parametrize(
    ("conditions", "told", "step"),
    [
        ([FAILED], pod("Failed", terminated(3)), STEP),
        ([FAILED], pod("Failed", terminated(137), DISRUPTED), STEP),
        (
            [condition("Complete")],
            pod("Succeeded", terminated(0), helper=terminated(0, message='{"outputs":{"n":"1"}}')),
            WRITES,
        ),
        ([condition("Complete")], pod("Succeeded", terminated(0), helper=terminated(0)), WRITES),
    ],
)
def test_what_was_noted_says_the_same_without_the_pod(conditions: list[Any], told: Any, step: Step) -> None:
    notes = {"dragoman.dev/outputs": "carrier"}
    fact = job_of(job(*conditions, notes=notes), "u")
    assert fact is not None
    found = ending(fact, pod_of(told), step, lambda name, container: "")
    assert found is not None
    assert found.note is not None
    again = ended(job(*conditions, notes={**notes, RESULT: json.dumps(found.note)}), None, step)
    assert again == found.attempt


@pytest.mark.parametrize(
    "change",
    [
        {"owner": "other"},
        {"notes": {"dragoman.dev/task": "no json"}},
        {"notes": {"dragoman.dev/attempt": "x"}},
        {"notes": {"dragoman.dev/task": "3"}},
    ],
)
def test_jobs_of_others_are_not_looked_at(change: dict[str, Any]) -> None:
    assert job_of(job(), "u") is not None
    assert job_of(job(**change), "u") is None


def test_a_job_in_a_queue_waits() -> None:
    known = Known()
    fact = job_of(job(condition("Suspended")), "u")
    assert fact is not None
    known.job(fact)
    assert known.attempts["a",][0].message == "it waits in its queue"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            pod("Pending", {"waiting": {"reason": "ErrImagePull", "message": "not found"}}),
            "its image cannot be pulled: not found",
        ),
        (
            pod("Pending", {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}}),
            'its container cannot start: secret "x" not found',
        ),
        (pod("Pending", {"waiting": {"reason": "ContainerCreating"}}), ""),
        (
            pod(
                "Pending",
                None,
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"},
            ),
            "no node takes it yet: 0/3 nodes",
        ),
        (
            pod("Pending", None, helper={"waiting": {"reason": "ImagePullBackOff"}}),
            "its image cannot be pulled: ImagePullBackOff",
        ),
    ],
)
def test_why_a_pod_waits(told: dict[str, Any], message: str) -> None:
    fact = pod_of(told)
    assert fact is not None
    assert (fact.phase, fact.message) == ("running", message)


def test_of_several_pods_the_newest_counts() -> None:
    """Kueue took the first one away and made another."""
    known = Known()
    running = job_of(job(), "u")
    assert running is not None
    known.job(running)
    old, new = (
        Pod("p1", "f-a", "2026-01-01", "failed", cause="spot"),
        Pod("p2", "f-a", "2026-01-02", "running", message="waits"),
    )
    for one in (old, new, old):
        known.pod(one)
    assert known.pods["f-a"].name == "p2"
    assert known.attempts["a",][0].message == "waits"


def test_a_job_that_was_deleted() -> None:
    attempt = deleted(Job("f-a", ("a",), 2, "running", created=T0))
    assert (attempt.number, attempt.cause, attempt.message) == (2, "spot", "its Job was deleted while it ran")
