"""`dragoman run --target batch` as a user starts it, against an AWS on this machine whose jobs are processes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from aws.server import KEYS, REGION, Aws, endpoint
from dragoman.drive.batch.client import Account, Wish, connect
from drive.words import Outcome, Start

ROOT = Path(__file__).parents[2]
POLICY = str(ROOT / "manifests" / "platform.policy.yaml")
HEAD = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train}
spec:
  target: batch
  queue: main
  targets: {batch: {outputs: "s3://flows/outputs", stateMachineRole: flows, account: "123456789012"}}
  defaults: {image: "python:3.12-slim", resources: {cpu: 1, memory: 64Mi}}
"""


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An account with three queues and a bucket, and what leads to it."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint(), "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    begin = StepFunctionsParserBackend.start_execution

    def start(self: Any, state_machine_arn: str, *arguments: Any, **more: Any) -> Any:
        """Versions run as their machine: moto keeps them, and cannot start them."""
        return begin(self, re.sub(r":[0-9]+$", "", state_machine_arn), *arguments, **more)

    monkeypatch.setattr(StepFunctionsParserBackend, "start_execution", start)
    with Aws(tmp_path / "aws") as aws:
        aws.s3.create_bucket(Bucket="flows")
        for queue in ("main", "ml", "gpu-queue"):
            aws.queue(queue)
        yield aws


def _look(seconds: float) -> None:
    time.sleep(min(seconds, 0.02))


def _run(start: Start, *arguments: str, sleep: Callable[[float], object] = _look) -> Outcome:
    return start("-t", "batch", "--region", REGION, "--run-id", "x7k2p", *arguments, sleep=sleep)


def _flow(spec: str) -> None:
    body = "".join(f"  {line}\n" for line in dedent(spec).strip().splitlines())
    Path("flow.dragoman.yaml").write_text(HEAD + body)


def _last(outcome: Outcome) -> dict[str, str]:
    """What was said last of the run and each step; how long it took is left out."""
    lines = [line.partition(" ")[2] for line in outcome.err.splitlines() if line[:2].isdigit()]
    said = dict(line.split(": ", 1) for line in lines if ": " in line)
    return {name: re.sub(r" in (\d+[dhms] ?)+", "", words) for name, words in said.items()}


EXAMPLES = {
    "dynamic-resources": {
        "compute-resources": "succeeded",
        "consume": "succeeded, 3/3",
        "consume-default-memory": "succeeded, 3/3",
        "dynamic-resources-x7k2p": "succeeded",
    },
    "scale-a-step": {"generate": "succeeded", "pull": "succeeded, 4/4", "scale-a-step-x7k2p": "succeeded"},
    "hybrid-cloud": {
        "countries": "succeeded, 3/3",
        "countries.prepare": "succeeded, 3/3",
        "countries.train": "succeeded, 3/3",
        "join": "succeeded",
        "end": "succeeded",
        "on-exit.notify": "skipped",
        "hybrid-cloud-x7k2p": "succeeded",
    },
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_to_its_end(example: str, account: Aws, start: Start) -> None:
    done = _run(start, str(ROOT / "manifests" / "examples" / example), "--policy", POLICY)
    assert (done.code, _last(done)) == (0, EXAMPLES[example])


def test_the_steps_of_a_group_are_counted_over_its_items(account: Aws, start: Start) -> None:
    done = _run(start, str(ROOT / "manifests" / "examples" / "hybrid-cloud"), "--policy", POLICY)
    order = ["countries: running, 0/3", "countries.prepare: running", "join: ", "end: ", "on-exit.notify: skipped"]
    found = [done.err.find(f" {words}") for words in order]
    assert found == sorted(found)
    assert -1 not in found


def test_parameters_arrive(account: Aws, start: Start) -> None:
    done = _run(start, str(ROOT / "manifests" / "examples" / "scale-a-step"), "--param", "val_per_sleep=25")
    printed = sorted(ran.printed for ran in account.jobs.ran if ran.definition == "scale-a-step-pull")
    assert (done.code, printed[0]) == (0, "rows 0 to 99 in steps of 25\n")


FAILING = """
steps:
  first: {command: [echo, fine]}
  many:
    needs: [first]
    foreach: {in: [0, 3], tolerate: 1}
    command: [sh, -c, "exit $CODE"]
    env: {CODE: "${{ item }}"}
  broken:
    needs: [many]
    command: [sh, -c, "echo no such table; exit 4"]
    retry: {limit: 1, backoff: {delay: 1s, factor: 1}}
  after: {needs: [broken], command: [echo, never]}
onExit:
  always: {command: [echo, over]}
"""


def test_a_flow_fails(account: Aws, start: Start) -> None:
    _flow(FAILING)
    done = _run(start)
    assert (done.code, _last(done)) == (
        1,
        {
            "first": "succeeded",
            "many": "succeeded, 2/2, 1 failed",
            "broken": "failed: exit code 4",
            "after": "omitted",
            "on-exit.always": "succeeded",
            "train-x7k2p": "failed",
        },
    )
    assert "broken: retrying: attempt 2 of 2, after exit code 4\n" in done.err
    assert "\nfailed: broken\n  --> flow.dragoman.yaml:16:5\n  broken, attempt 2: exit code 4\n" in done.err
    assert [ran.attempt for ran in account.jobs.ran if ran.definition == "train-broken"] == [1, 1]  # two jobs


def test_batch_tries_again_by_itself(
    account: Aws, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    gate.mkdir()
    wait = (
        f"while [ ! -e {gate}/$AWS_BATCH_JOB_ATTEMPT ]; do sleep 0.01; done; test $AWS_BATCH_JOB_ATTEMPT = 3 || exit 7"
    )
    _flow(f"""
    steps:
      one: {{retry: {{limit: 2, causes: [7]}}, command: [sh, -c, "{wait}"]}}
    """)
    described = Account.jobs

    def jobs(self: Account, ids: Sequence[str]) -> dict[str, Any]:
        """An attempt ends when it was seen."""
        found = described(self, ids)
        for job in found.values():
            (gate / str(len(job["attempts"]) + 1)).touch()
        return dict(found)

    monkeypatch.setattr(Account, "jobs", jobs)
    done = _run(start)
    assert (done.code, _last(done)["one"]) == (0, "succeeded")
    assert "one: retrying: attempt 2 of 3, after exit code 7\n" in done.err
    assert "one: retrying: attempt 3 of 3, after exit code 7\n" in done.err


def test_a_condition_and_a_loop_of_nothing(account: Aws, start: Start) -> None:
    _flow("""
    params: {items: {type: list, items: int, default: [1], runtime: true}}
    steps:
      loop: {foreach: {in: params.items, maxItems: 9}, command: [echo, "${{ string(item) }}"]}
      never: {when: size(params.items) > 4, command: [echo, much]}
      odd: {foreach: {in: [1, 2, 3], as: number}, when: number != 2, command: [echo, odd]}
    """)
    done = _run(start, "--param", "items=[]")
    last = _last(done)
    assert (done.code, last["loop"], last["never"], last["odd"]) == (0, "succeeded, 0/0", "skipped", "succeeded, 3/3")


def test_an_array_of_jobs(account: Aws, start: Start) -> None:
    _flow("""
    steps:
      all: {foreach: {range: 3}, command: [echo, fine]}
      some: {needs: [all], foreach: {range: 3}, command: [sh, -c, "exit $AWS_BATCH_JOB_ARRAY_INDEX"]}
    """)
    done = _run(start)
    last = _last(done)
    assert (done.code, last["all"], last["some"]) == (
        1,
        "succeeded, 3/3",
        "failed, 3/3, 2 failed: Array Child Job failed",
    )
    assert "  some[1]: exit code 1\n" in done.err
    assert "  some[2]: exit code 2\n" in done.err


def test_a_wrong_output(account: Aws, start: Start) -> None:
    _flow("""
    steps:
      one: {command: [sh, -c, "echo many > $DRAGOMAN_OUTPUTS/rows"], outputs: {rows: {type: int}}}
      two: {command: [echo, "${{ string(steps.one.outputs.rows) }}"]}
    """)
    done = _run(start)
    assert (done.code, _last(done)["two"]) == (1, "omitted")
    assert "not an int: many" in _last(done)["one"]


def test_a_second_run_makes_nothing_new(account: Aws, start: Start) -> None:
    _flow("steps: {one: {command: [echo, hi]}}")
    batch, states = account.client("batch"), account.client("stepfunctions")
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:train"
    assert _run(start).code == 0
    taken = _run(start)
    assert (taken.code, "error[DRG658]" in taken.err) == (2, True)
    again = _run(start, "--run-id", "other")
    assert (again.code, "registered" in again.err) == (0, False)
    assert len(batch.describe_job_definitions()["jobDefinitions"]) == 1
    before = states.describe_state_machine(stateMachineArn=machine)
    _flow("steps: {one: {command: [echo, hi]}, two: {command: [echo, you], needs: [one]}}")
    more = _run(start, "--run-id", "third")
    assert (more.code, _last(more)["two"], "1 of 2 job definitions registered" in more.err) == (0, "succeeded", True)
    assert states.describe_state_machine(stateMachineArn=machine)["definition"] != before["definition"]


def test_a_run_is_left_followed_again_and_stopped(account: Aws, start: Start) -> None:
    _flow('steps: {one: {command: [sh, -c, "sleep 30"]}}')
    states = account.client("stepfunctions")
    arn = "arn:aws:states:us-east-1:123456789012:execution:train:train-x7k2p"
    left = _run(start, "--detach")
    assert (left.code, left.out) == (0, f"{arn}\n")

    def interrupt(seconds: float) -> None:
        _look(seconds)
        if account.jobs.ran or any(job.status == "RUNNING" for job in account.jobs.jobs.values()):
            raise KeyboardInterrupt

    followed = _run(start, sleep=interrupt)
    assert (followed.code, "goes on in AWS at" in followed.err) == (2, True)
    assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    stopped = _run(start, "--stop-on-interrupt", sleep=interrupt)
    assert (stopped.code, "`train-x7k2p` was stopped" in stopped.err) == (2, True)
    for job in account.jobs.jobs.values():
        assert job.ended.wait(20)
    limit = time.monotonic() + 20  # the account notes it when its own thread comes to it
    while (status := states.describe_execution(executionArn=arn)["status"]) == "RUNNING" and time.monotonic() < limit:
        time.sleep(0.05)
    assert status == "ABORTED"


def test_a_queue_that_is_not_there(account: Aws, start: Start) -> None:
    _flow("steps: {one: {command: [echo, hi], queue: other}}")
    done = _run(start)
    assert (done.code, account.jobs.ran) == (2, [])
    assert f"error[DRG655]: AWS at {endpoint()} has no job queue `other`\n" in done.err


def test_logs_are_read(account: Aws, start: Start) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="/aws/batch/job")
    logs.create_log_stream(logGroupName="/aws/batch/job", logStreamName="one/default/1")
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": f"line {number}"} for number in range(30)]
    logs.put_log_events(logGroupName="/aws/batch/job", logStreamName="one/default/1", logEvents=events)
    found = connect(Wish(REGION))
    assert found.log("/aws/batch/job", "one/default/1").splitlines() == [f"line {number}" for number in range(10, 30)]
    assert found.log("/aws/batch/job", "two") == found.log("/other", "one") == ""
