"""What is shown of an execution's history, look by look: an account that only tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest

from dragoman.drive.batch.api import Aws, AwsError, Counts, Event
from drive.batch_scenes import EXECUTION, MAP_RUN, History, Told, attempt, job
from drive.words import Outcome, Start

HEAD = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train}
spec:
  target: batch
  queue: main
  targets: {batch: {outputs: "s3://flows/outputs", stateMachineRole: flows, account: "123456789012"}}
  defaults: {image: "python:3.12-slim", command: [work], resources: {cpu: 1, memory: 64Mi}}
"""
RUN = "train-x7k2p"
FOLLOW = (
    "`--run-id x7k2p` with the same parameters follows it again, "
    f"`aws stepfunctions stop-execution --execution-arn {EXECUTION}` stops it"
)
Play: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def play(start: Start, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Runs a flow of these steps in an account."""

    def run(steps: str, account: Aws, *arguments: str, sleep: Callable[[float], object] = lambda _: None) -> Outcome:
        monkeypatch.setattr("dragoman.drive.batch.client.connect", lambda wish: account)
        body = "".join(f"  {line}\n" for line in dedent(steps).strip().splitlines())
        Path("flow.dragoman.yaml").write_text(HEAD + body)
        accept = '--set=targets.batch.accept=["failFast: true", "timeout", "params.runtime"]'
        return start("--run-id", "x7k2p", accept, *arguments, sleep=sleep)

    return run


def said(outcome: Outcome) -> str:
    """What is said behind the warnings about the translation."""
    return outcome.err[min(at for at in map(outcome.err.find, ("00:01", "error[")) if at >= 0) :]


def shown(outcome: Outcome) -> list[str]:
    """The lines behind the start, without their times."""
    lines = outcome.err.splitlines()
    first = next(number for number, line in enumerate(lines) if f"{RUN}: runs in" in line) + 1
    return [line.split(" ", 1)[1] if line[:2].isdigit() else line for line in lines[first:] if line]


ONE = "steps: {one: {retry: {limit: 2}}}"


def test_a_job_waits_is_retried_by_batch_and_succeeds(play: Play) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    history.told("TaskSucceeded")
    history.exited("one")
    history.told("ExecutionSucceeded")
    waits = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no machine is that large"
    jobs = (
        {"j-1": job("RUNNABLE", waits)},
        {"j-1": job("RUNNING")},
        {"j-1": job("RUNNABLE", attempts=[attempt(3)])},
        {"j-1": job("SUCCEEDED", attempts=[attempt(3), attempt(0)])},
    )
    done = play(ONE, Told(history, [4, 4, 4, 4], jobs=jobs))
    assert done.code == 0
    assert shown(done) == [
        f"{RUN}: running",
        f"one: waiting: {waits}",
        "one: running",
        "one: retrying: attempt 2 of 3, after exit code 3",
        "one: running",
        "one: succeeded in 4s",
        f"{RUN}: succeeded in 6s",
    ]


def test_a_wait_between_attempts(play: Play) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    history.failed("j-1", 3)
    history.submitted("j-2")
    history.told("TaskSucceeded")
    history.exited("one")
    history.told("ExecutionSucceeded")
    done = play("steps: {one: {retry: {limit: 2, backoff: {delay: 5s, factor: 1}}}}", Told(history, [4, 5, 7]))
    assert shown(done) == [
        f"{RUN}: running",
        "one: running",
        "one: retrying: attempt 2 of 3, after exit code 3",
        "one: succeeded in 7s",
        f"{RUN}: succeeded in 9s",
    ]


def test_a_failure_shows_the_end_of_its_log(play: Play) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    history.failed("j-1", 3)
    history.told("ExecutionFailed", error="States.TaskFailed", cause=history.events[-1].details["cause"])
    described = job("FAILED", attempts=[attempt(3)], container={"exitCode": 3, "logStreamName": "one/default/1"})
    told = Told(history, jobs=({"j-1": described},), logs={"one/default/1": "reading\n\x1b[31mno such file\n"})
    done = play("steps: {one: {}, two: {needs: [one]}}", told)
    assert (done.code, shown(done)) == (
        1,
        [
            "one: failed in 4s: exit code 3",
            "two: omitted",
            f"{RUN}: failed in 5s",
            "failed: one",
            "  --> flow.dragoman.yaml:9:11",
            "  one: exit code 3",
            "    | reading",
            "    | no such file",
        ],
    )
    assert "log /aws/batch/job one/default/1" in told.asked


@pytest.mark.parametrize(
    ("described", "logs", "words"),
    [
        ({}, {}, "no log: it never ran, wrote nothing, or its log is kept elsewhere"),
        ({"logStreamName": "s"}, {}, "no log: it never ran, wrote nothing, or its log is kept elsewhere"),
        (
            {"logStreamName": "s", "logConfiguration": {"logDriver": "splunk"}},
            {"s": "x"},
            "no log: it never ran, wrote nothing, or its log is kept elsewhere",
        ),
        (
            {
                "logStreamName": "s",
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/flows"}},
            },
            {"s": AwsError("logs:GetLogEvents", "AccessDeniedException", "not for you", 400)},
            "its log `s` of `/flows` cannot be read: not for you",
        ),
    ],
)
def test_a_failure_without_a_log(
    play: Play, described: dict[str, object], logs: dict[str, str | AwsError], words: str
) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    history.failed("j-1", 3)
    history.told("ExecutionFailed", error="States.TaskFailed", cause=history.events[-1].details["cause"])
    told = Told(history, jobs=({"j-1": job("FAILED", container={"exitCode": 3, **described})},), logs=logs)
    assert shown(play(ONE, told))[-2:] == ["  one: exit code 3", f"    {words}"]


def test_the_program_of_several_containers_is_the_one_that_failed(play: Play) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    history.told(
        "TaskFailed", error="States.TaskFailed", cause='{"JobId": "j-1", "StatusReason": "Host EC2 (i-1) terminated."}'
    )
    history.told("ExecutionFailed", error="States.TaskFailed", cause='{"JobId": "j-1"}')
    containers = [
        {"name": "dragoman-outputs", "logStreamName": "carrier"},
        {"name": "main", "logStreamName": "main", "exitCode": 137, "reason": "OutOfMemoryError: killed"},
    ]
    described = job("FAILED", ecsProperties={"taskProperties": [{"containers": containers}]}, container={})
    done = play(ONE, Told(history, jobs=({"j-1": described},), logs={"main": "allocating"}))
    assert shown(done)[-2:] == ["  one: Host EC2 (i-1) terminated.", "    | allocating"]


def test_a_loop_counts_its_items_however_they_follow_each_other(play: Play) -> None:
    history = History()
    history.loop("one--loop", 3)
    begun = [history.iteration("one--loop", 0), history.iteration("one--loop", 1, before=3)]
    ends = [history.ran("one", f"j-{number}", before) for number, before in enumerate(begun)]
    done = [history.iteration("one--loop", number, "Succeeded", before) for number, before in enumerate(ends)]
    history.iteration("one--loop", 2, before=done[0])
    history.iteration("one--loop", 2, "Succeeded", before=history.ran("one", "j-2"))
    history.told("MapStateSucceeded")
    history.exited("one--loop", "Map")
    history.told("ExecutionSucceeded")
    steps = "steps: {one: {foreach: {in: [a, b, c], parallelism: 2}, env: {ITEM: '${{ item }}'}}}"
    told = Told(history, [3, 8, done[0], done[1], 21])
    assert shown(play(steps, told)) == [
        f"{RUN}: running",
        "one: running, 0/3",
        "one: running, 1/3",
        "one: running, 2/3",
        "one: succeeded in 24s, 3/3",
        f"{RUN}: succeeded in 26s",
    ]


def test_loops_in_loops_are_counted_together(play: Play) -> None:
    history = History()
    outer = history.loop("group--loop", 2)
    for number in range(2):
        history.iteration("group--loop", number, before=outer)
        inner = history.loop("group-one--loop", number + 1)
        for index in range(number + 1):
            history.iteration("group-one--loop", index, before=inner)
            history.ran("group-one", f"j-{number}{index}")
            history.iteration("group-one--loop", index, "Succeeded")
        history.exited("group-one--loop", "Map", before=history.told("MapStateSucceeded"))
        history.iteration("group--loop", number, "Succeeded")
    first = next(
        event.id
        for event in history.events
        if event.type == "MapIterationSucceeded" and event.details["name"] == "group--loop"
    )
    history.exited("group--loop", "Map", before=history.told("MapStateSucceeded"))
    history.told("ExecutionSucceeded")
    steps = """
    params: {n: {type: int, default: 1, runtime: true}}
    steps:
      group:
        foreach: {in: [1, 2]}
        steps:
          one: {foreach: {range: params.n, maxItems: 3}}
    """
    assert [line for line in shown(play(steps, Told(history, [first]))) if line.startswith("group")] == [
        "group: running, 1/2",
        "group.one: running, 1/?",
        "group: succeeded in 36s, 2/2",
        "group.one: succeeded in 30s, 3/3",
    ]


def test_items_with_histories_of_their_own(play: Play) -> None:
    history = History()
    history.loop("one--loop", 3)
    history.told("MapRunStarted", mapRunArn=MAP_RUN)
    history.told("MapRunFailed", error="States.ExceedToleratedFailureThreshold", cause="1 item failed")
    history.told("MapStateFailed", error="States.ExceedToleratedFailureThreshold", cause="1 item failed")
    history.told("ExecutionFailed", error="States.ExceedToleratedFailureThreshold", cause="1 item failed")
    child = History('{"item": "b", "index": 1, "up": {}, "steps": {}}')
    child.entered("one")
    child.submitted("j-7")
    child.failed("j-7", 9)
    child.told("ExecutionFailed", error="States.TaskFailed", cause=child.events[-1].details["cause"])
    items = [Counts(3, 0, 0), Counts(3, 2, 0), Counts(3, 3, 1)]
    told = Told(history, [4, 4], items=items, children={"arn:child": child})
    steps = "steps: {one: {foreach: {in: [a, b, c], parallelism: 50}, env: {ITEM: '${{ item }}'}}}"
    assert shown(play(steps, told)) == [
        f"{RUN}: running",
        "one: running, 0/3",
        "one: running, 2/3",
        "one: failed in 5s, 3/3, 1 failed: 1 item failed",
        f"{RUN}: failed in 6s",
        "failed: one",
        "  --> flow.dragoman.yaml:9:11",
        "  one[1]: exit code 9",
        "    no log: it never ran, wrote nothing, or its log is kept elsewhere",
    ]


def test_steps_of_a_loop_with_histories_of_its_own_are_left_out(play: Play) -> None:
    history = History()
    history.loop("group--loop", 2)
    history.told("MapRunStarted", mapRunArn=MAP_RUN)
    history.told("MapRunSucceeded")
    history.exited("group--loop", "Map")
    history.told("ExecutionSucceeded")
    steps = "steps: {group: {foreach: {in: [a, b], parallelism: 50}, steps: {one: {}, two: {}}}}"
    lines = shown(play(steps, Told(history, items=[Counts(2, 2, 0)])))
    assert lines == ["group: succeeded in 4s, 2/2", f"{RUN}: succeeded in 6s"]


def _array(status: str, size: int, **counts: int) -> dict[str, Any]:
    return job(status, arrayProperties={"size": size, "statusSummary": {"RUNNABLE": 0, **counts}})


def test_an_array_is_counted_by_its_children(play: Play) -> None:
    history = History()
    history.ran("one", "j-1")
    history.told("ExecutionSucceeded")
    jobs = (
        {"j-1": _array("PENDING", 3, RUNNABLE=3)},
        {"j-1": _array("PENDING", 3, RUNNING=1, RUNNABLE=2)},
        {"j-1": _array("PENDING", 3, RUNNING=1, SUCCEEDED=2)},
    )
    done = play("steps: {one: {foreach: {range: 3}}}", Told(history, [4, 4, 4], jobs=jobs))
    assert shown(done) == [
        f"{RUN}: running",
        "one: running, 0/3",
        "one: running, 2/3",
        "one: succeeded in 4s, 3/3",
        f"{RUN}: succeeded in 6s",
    ]


def test_the_children_of_an_array_that_failed(play: Play) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    described = {
        "JobId": "j-1",
        "StatusReason": "Array Child Job failed",
        "ArrayProperties": {"Size": 3, "StatusSummary": {"FAILED": 2, "SUCCEEDED": 1}},
    }
    history.told("TaskFailed", error="States.TaskFailed", cause=json.dumps(described))
    history.told("ExecutionFailed", error="States.TaskFailed", cause=json.dumps(described))
    jobs = {
        "j-1": _array("FAILED", 3, FAILED=2, SUCCEEDED=1),
        "j-1:0": job("FAILED", arrayProperties={"index": 0}, container={"exitCode": 3, "logStreamName": "zero"}),
        "j-1:1": job("FAILED", arrayProperties={"index": 1}, attempts=[attempt(4), attempt(5)]),
    }
    done = play("steps: {one: {foreach: {range: 3}}}", Told(history, jobs=(jobs,), logs={"zero": "no"}))
    assert shown(done) == [
        "one: failed in 4s, 3/3, 2 failed: Array Child Job failed",
        f"{RUN}: failed in 5s",
        "failed: one",
        "  --> flow.dragoman.yaml:9:11",
        "  one[0]: exit code 3",
        "    | no",
        "  one[1], attempt 2: exit code 5",
        "    no log: it never ran, wrote nothing, or its log is kept elsewhere",
    ]


@pytest.mark.parametrize(
    ("before", "words"),
    [(None, "it has more items than `maxItems`"), (2, "failed in 7s, 2/2, 1 failed: more items failed than may")],
)
def test_a_loop_that_may_not_go_on(play: Play, before: int | None, words: str) -> None:
    history = History()
    if before is None:
        history.entered("one--bounded", "Choice")
        history.exited("one--bounded", "Choice")
    else:
        loop = history.loop("one--loop", before)
        history.iteration("one--loop", 0, "Succeeded", before=loop)
        history.iteration("one--loop", 1, "Failed", before=loop)
        history.exited("one--loop", "Map")
        history.entered("one--counted", "Choice")
        history.exited("one--counted", "Choice")
    history.entered("one--failed", "Pass")
    history.exited("one--failed", "Pass")
    history.told("ExecutionFailed", error="DragomanStepFailed", cause="a step failed that no other one accepts")
    steps = """
    params: {n: {type: int, default: 1, runtime: true}}
    failFast: false
    steps:
      one: {foreach: {range: params.n, maxItems: 3, tolerate: 1}, env: {ITEM: '${{ item }}'}}
    """
    assert words in shown(play(steps, Told(history)))[0]


def test_what_others_stopped_is_told_apart_from_what_failed(play: Play) -> None:
    history = History()
    fork = history.entered("one--beside", "Parallel")
    history.entered("one", before=fork)
    history.submitted("j-1")
    history.entered("two", before=fork)
    history.submitted("j-2")
    history.failed("j-2", 4)
    history.told("TaskStateAborted", before=5)
    history.told("ParallelStateFailed", before=9)
    history.told("ExecutionFailed", error="States.TaskFailed", cause=history.events[8].details["cause"])
    lines = shown(play("steps: {one: {}, two: {}}", Told(history, jobs=({"j-1": job("RUNNING")},))))
    assert lines[:3] == ["one: failed in 9s: stopped", "two: failed in 6s: exit code 4", f"{RUN}: failed in 11s"]
    assert [line for line in lines if line.startswith("failed: ")] == ["failed: two"]


def test_a_condition_and_a_failed_need(play: Play) -> None:
    history = History()
    history.entered("one--when", "Choice")
    history.entered("one--skipped", "Pass", before=history.exited("one--when", "Choice"))
    history.exited("one--skipped", "Pass")
    history.entered("two")
    history.submitted("j-2")
    history.failed("j-2", 4)
    history.entered("two--failed", "Pass", before=history.exited("two"))
    history.exited("two--failed", "Pass")
    history.entered("three--needs", "Choice")
    history.entered("three--omitted", "Pass", before=history.exited("three--needs", "Choice"))
    history.exited("three--omitted", "Pass")
    history.entered("flow--judged", "Choice")
    history.entered("flow--failure", "Fail", before=history.exited("flow--judged", "Choice"))
    history.told("ExecutionFailed", error="DragomanStepFailed", cause="a step failed that no other one accepts")
    steps = """
    params: {go: {type: bool, default: false, runtime: true}}
    failFast: false
    steps:
      one: {when: params.go}
      two: {needs: [one]}
      three: {needs: [two]}
    """
    assert shown(play(steps, Told(history)))[:4] == [
        "one: skipped",
        "two: failed in 5s: exit code 4",
        "three: omitted",
        f"{RUN}: failed in 19s",
    ]


@pytest.mark.parametrize(
    ("type", "details", "words"),
    [
        ("ExecutionAborted", {"error": "Console", "cause": ""}, "stopped: Console"),
        ("ExecutionTimedOut", {}, "it took too long"),
        ("ExecutionFailed", {"error": "States.Runtime", "cause": "no field `x`"}, "no field `x`"),
    ],
)
def test_a_run_that_ends_by_itself(play: Play, type: str, details: dict[str, Any], words: str) -> None:
    history = History()
    history.entered("one")
    history.submitted("j-1")
    history.told(type, before=1, **details)
    done = play(ONE, Told(history))
    assert (done.code, shown(done)) == (1, ["one: failed in 3s: stopped", f"{RUN}: failed in 4s: {words}"])


def test_a_job_that_cannot_be_submitted(play: Play) -> None:
    history = History()
    history.entered("one")
    history.told("TaskScheduled")
    history.told("TaskSubmitFailed", error="Batch.ClientException", cause="JobQueue main is DISABLED")
    history.told("ExecutionFailed", error="Batch.ClientException", cause="JobQueue main is DISABLED")
    assert shown(play(ONE, Told(history)))[:2] == [
        "one: failed in 3s: JobQueue main is DISABLED",
        f"{RUN}: failed in 4s",
    ]


def test_an_output_that_has_no_value(play: Play) -> None:
    history = History()
    history.ran("one", "j-1")
    history.entered("one--outputs")
    history.told("TaskSucceeded")
    history.told("EvaluationFailed", error="States.QueryEvaluationError", cause="not an int: many", location="Output")
    history.told("ExecutionFailed", error="States.QueryEvaluationError", cause="not an int: many")
    steps = """
    steps:
      one: {outputs: {rows: {type: int}}}
      two: {env: {ROWS: "${{ steps.one.outputs.rows }}"}}
    """
    lines = shown(play(steps, Told(history)))
    assert lines[:3] == ["one: failed in 8s: not an int: many", "two: omitted", f"{RUN}: failed in 9s"]


# Contact.

OVERLOADED = AwsError("states:GetExecutionHistory", "ThrottlingException", "Rate exceeded", 400)
BROKEN = AwsError("states:GetExecutionHistory", "EndpointConnectionError", "connection refused")


def _simple() -> History:
    history = History()
    history.ran("one", "j-1")
    history.told("ExecutionSucceeded")
    return history


def test_pauses_grow_while_nothing_happens(play: Play) -> None:
    pauses: list[float] = []
    done = play(ONE, Told(_simple(), [2, 2, 2, 2, 2, 2, 2, 2, 3]), sleep=pauses.append)
    assert done.code == 0
    looks, left = [], 0.0
    for pause in pauses:  # of a second at most each: a terminal's clock goes on
        left += pause
        if pause < 1 or left >= 5:
            looks.append(round(left, 2))
            left = 0.0
    assert max(pauses) <= 1
    assert looks == [0.5, 0.75, 1.12, 1.69, 2.53, 3.8, 5.0, 5.0, 0.5]


def test_contact_is_lost_and_found(play: Play) -> None:
    told = Told(_simple(), [2], errors={"history": [OVERLOADED, BROKEN]})
    done = play(ONE, told)
    assert (done.code, shown(done)[:3]) == (
        0,
        [
            "lost contact (Rate exceeded); trying again in 1s",
            "lost contact (connection refused); trying again in 2s",
            f"{RUN}: running",
        ],
    )


def test_contact_is_lost_for_good(play: Play) -> None:
    done = play(ONE, Told(_simple(), errors={"history": [BROKEN] * 11}))
    assert done.code == 2
    assert done.err.endswith(
        "error[DRG654]: AWS in eu-west-1 cannot be reached: `states:GetExecutionHistory`: connection refused\n"
        "   = help: check the network, the region, and `--endpoint-url` or AWS_ENDPOINT_URL if you use one; "
        f"the run goes on without you: {FOLLOW}\n\n1 error\n"
    )


def test_a_login_that_ends_while_the_run_goes_on(play: Play) -> None:
    over = AwsError("batch:DescribeJobs", "NotLoggedIn", "the token has expired", 400)
    done = play(ONE, Told(_simple(), [4], errors={"jobs": [over]}))
    assert done.code == 2
    assert "error[DRG652]: your login to AWS is over: the token has expired\n" in done.err
    assert f"; the run goes on without you: {FOLLOW}\n" in done.err


def test_a_history_with_a_gap_is_read_when_it_is_whole(play: Play) -> None:
    class Late(Told):
        def history(self, execution: str, after: int) -> list[Event]:
            found = super().history(execution, after)
            return [event for event in found if event.id != 2] if len(found) == 3 else found

    assert shown(play(ONE, Late(_simple(), [3, 3]))) == [
        f"{RUN}: running",
        "one: running",
        "one: succeeded in 4s",
        f"{RUN}: succeeded in 6s",
    ]


def test_a_run_that_is_gone(play: Play) -> None:
    gone = AwsError("states:GetExecutionHistory", "ExecutionDoesNotExist", "Execution Does Not Exist", 400)
    done = play(ONE, Told(_simple(), [2], errors={"history": [gone]}))
    assert done.code == 0  # just started: AWS may not know it yet
    done = play(ONE, Told(_simple(), errors={"history": [gone] * 11}))
    assert done.code == 2
    assert "error[DRG659]: the run is gone: Execution Does Not Exist\n\n1 error\n" in done.err


def test_overload_is_waited_for_before_it_starts(play: Play) -> None:
    busy = AwsError("batch:RegisterJobDefinition", "TooManyRequestsException", "Too Many Requests", 429)
    told = Told(_simple(), errors={"register": [busy, busy]})
    assert play(ONE, told).code == 0
    assert told.asked[:6] == [
        "queues main",
        "register train-one",
        "register train-one",
        "register train-one",
        "deploy train",
        f"start {RUN}",
    ]


# What it is started with, and how it is left.


def test_parameters_and_the_name(play: Play) -> None:
    told = Told(_simple())
    steps = "params: {rows: {type: int, default: 1, runtime: true}}\nsteps: {one: {env: {N: '${{ params.rows }}'}}}"
    done = play(steps, told, "--param", "rows=500", "--detach")
    assert (done.code, done.out, said(done)) == (
        0,
        f"{EXECUTION}\n",
        f"00:01 {RUN}: 1 of 1 job definitions registered\n00:02 {RUN}: runs in AWS in eu-west-1, as {EXECUTION}\n",
    )
    assert told.started == [("arn:machine", RUN, '{"params": {"rows": 500}}')]
    assert "error[DRG112]" in play(steps, told, "--param", "rows=many").err


def test_ctrl_c_leaves_the_run(play: Play) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    told = Told(_simple(), [2])
    done = play(ONE, told, sleep=interrupt)
    assert (done.code, done.err.splitlines()[-4:-1]) == (
        2,
        [f"warning[DRG612]: interrupted: the run `{RUN}` goes on in AWS in eu-west-1", f"   = help: {FOLLOW}", ""],
    )
    assert f"stop {EXECUTION}" not in told.asked
    told = Told(_simple(), [2])
    done = play(ONE, told, "--stop-on-interrupt", sleep=interrupt)
    assert done.code == 2
    assert (
        f"interrupted: the run `{RUN}` was stopped, with the jobs that it waited for; `onExit` does not run" in done.err
    )
    assert f"stop {EXECUTION}" in told.asked


def test_queues_are_looked_for_first(play: Play) -> None:
    told = Told(_simple(), queues={})
    done = play(ONE, told)
    assert (done.code, said(done)) == (
        2,
        "error[DRG655]: AWS in eu-west-1 has no job queue `main`\n"
        "   = help: create it, name another (`queue`, `targets.batch.queue`), or another region than eu-west-1\n\n1 error\n",
    )
    assert told.asked == ["queues main"]
    assert (
        "a job queue is disabled, and takes no jobs: `main`"
        in play(ONE, Told(_simple(), queues={"main": "DISABLED"})).err
    )
    denied = AwsError("batch:DescribeJobQueues", "AccessDeniedException", "no", 403)
    assert play(ONE, Told(_simple(), queues={}, errors={"queues": [denied]})).code == 0


def test_flags_of_clusters_are_refused(play: Play) -> None:
    done = play(ONE, Told(_simple()), "--namespace", "ml", "--from-template")
    assert (done.code, done.err.count("error[DRG625]")) == (2, 2)
