"""AWS on this machine, for as long as a test lasts: S3, Batch and Step Functions on loopback, jobs as processes.

    with Aws(tmp_path) as aws:
        aws.s3.create_bucket(Bucket="bucket")
        done = aws.run(definitions, machine, {"n": 3})

The server starts with the first test that needs it, and stops with the Python that runs the tests.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer
from moto.stepfunctions.parser.utils import TMP_THREADS

from aws import judge, shims
from aws.jobs import Jobs, Place
from aws.ran import Done

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "here", "AWS_SECRET_ACCESS_KEY": "here"}
SECOND = 0.1  # how long a second of AWS takes: 60 seconds, the least of a job's timeouts, are 6
DIRECTORIES = ("/dragoman",)  # of containers, besides their mounts
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
LAST = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
CONFIG = {"batch": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}}


@cache
def endpoint() -> str:
    """Where the server is; it is started with the first call."""
    shims.install()
    for noisy in ("werkzeug", "moto.stepfunctions"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    atexit.register(server.stop)
    _, port = server.get_host_and_port()
    os.environ["MOTO_PORT"] = str(port)
    return f"http://127.0.0.1:{port}"


@cache
def client(service: str) -> Any:
    """A client of the server."""
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint(),
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
    )


class Aws:
    """One test's AWS.

    second       how long a second lasts: of waits, timeouts, retries' intervals
    directories  of containers, besides what they mount, that are this test's own
    entrypoints  of images, put in front of their commands
    programs     a directory of programs that every image has: python, dragoman, and what the test puts there
    """

    def __init__(
        self,
        path: Path,
        *,
        second: float = SECOND,
        directories: Sequence[str] = DIRECTORIES,
        entrypoints: Mapping[str, tuple[str, ...]] | None = None,
        slots: int = 32,
    ) -> None:
        self.programs = path / "programs"
        self._path, self._second, self._slots = path, second, slots
        self._directories, self._entrypoints = tuple(directories), entrypoints or {}
        self._jobs: Jobs | None = None
        self._queues: set[str] = set()

    def __enter__(self) -> Aws:
        address = endpoint()
        _ask("/moto-api/reset")
        _ask("/moto-api/config", CONFIG)
        self.programs.mkdir(parents=True, exist_ok=True)
        for name, words in {"python": "", "python3": "", "dragoman": " -m dragoman"}.items():
            (self.programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
            (self.programs / name).chmod(0o755)
        base = {
            **KEYS,
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        place = Place(self._path / "tasks", self._directories, base, self._second, self._entrypoints)
        self._jobs = Jobs(place, self._slots)
        shims.work_for(shims.Now(self._jobs, self._second))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            for execution in self._running():
                self.client("stepfunctions").stop_execution(executionArn=execution)
            self.jobs.close()
            for thread in TMP_THREADS:
                thread.join(1)
        finally:
            TMP_THREADS.clear()
            shims.work_for(None)
            self._jobs = None

    @property
    def jobs(self) -> Jobs:
        assert self._jobs is not None, "use it with `with`"
        return self._jobs

    @property
    def s3(self) -> Any:
        return client("s3")

    def client(self, service: str) -> Any:
        return client(service)

    def queue(self, name: str) -> None:
        """A job queue, if it is not there. `run` makes those that a machine names in so many words."""
        if name in self._queues:
            return
        self._queues.add(name)
        batch, iam = self.client("batch"), self.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = iam.create_role(RoleName=f"of-{name}", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        environment = batch.create_compute_environment(
            computeEnvironmentName=f"of-{name}", type="UNMANAGED", state="ENABLED", serviceRole=role
        )["computeEnvironmentArn"]
        order = [{"order": 1, "computeEnvironment": environment}]
        batch.create_job_queue(jobQueueName=name, state="ENABLED", priority=1, computeEnvironmentOrder=order)

    def register(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        for definition in definitions:
            self.client("batch").register_job_definition(**definition)

    def run(
        self,
        definitions: Sequence[Mapping[str, Any]],
        machine: Mapping[str, Any],
        input: Any = None,
        *,
        name: str | None = None,
        seconds: float = 60,
        judged: bool = True,
    ) -> Done:
        """Register, create, execute, until the execution and all jobs have ended.

        seconds  of this machine, at most
        judged   what AWS would refuse is refused, though moto would take it
        """
        found_wrong = judge.problems(machine, definitions) if judged else []
        assert not found_wrong, "\n".join(found_wrong)
        self.register(definitions)
        for queue in sorted(set(_queues(json.loads(machine["definition"])))):
            self.queue(queue)
        states = self.client("stepfunctions")
        arn = states.create_state_machine(**machine)["stateMachineArn"]
        first = len(self.jobs.ran)
        name = name or str(uuid.uuid4())  # as AWS does; moto calls such an execution None
        execution = states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(input or {}))[
            "executionArn"
        ]
        end = time.monotonic() + seconds
        while (found := states.describe_execution(executionArn=execution))["status"] not in ENDED:
            if time.monotonic() > end:
                raise TimeoutError(f"{machine['name']} goes on: {self.history(execution)[-1]}")
            time.sleep(0.04)
        self.jobs.wait(max(1.0, end - time.monotonic()))
        history = self.history(execution)
        said = history[-1].get("executionSucceededEventDetails")  # DescribeExecution of moto unquotes texts
        return Done(
            status=found["status"],
            output=json.loads(said["output"]) if said else None,
            cause=found.get("cause"),
            error=found.get("error"),
            ran=sorted(self.jobs.ran[first:], key=lambda ran: ran.started),
            events=len(history),
        )

    def history(self, execution: str) -> list[dict[str, Any]]:
        """The events of an execution. (moto tells of aborted tasks when it is over.)"""
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        last = next((at for at, event in enumerate(events) if event["type"] in LAST), len(events))
        return events[: last + 1]

    def _running(self) -> Iterator[str]:
        states = self.client("stepfunctions")
        for machine in states.list_state_machines()["stateMachines"]:
            found = states.list_executions(stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING")
            yield from (execution["executionArn"] for execution in found["executions"])


def _queues(node: Any) -> Iterator[str]:
    """The queues that a machine names, without `{% … %}`."""
    if isinstance(node, list):
        for each in node:
            yield from _queues(each)
    elif isinstance(node, dict):
        for key, each in node.items():
            if key == "JobQueue" and isinstance(each, str) and not each.startswith("{%"):
                yield each.rpartition("/")[2]
            yield from _queues(each)


def _ask(path: str, body: Any = None) -> None:
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(endpoint() + path, data=data, headers=headers, method="POST")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        answer.read()
