"""What a person reads when AWS does not do what was asked: one finding, never a traceback. Real client, no AWS."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from drive.words import Outcome, Start

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train}
spec:
  target: batch
  queue: main
  targets: {batch: {stateMachineRole: flows, account: "123456789012"}}
  steps: {one: {image: "busybox:1.36", command: ["true"], resources: {cpu: 1, memory: 64Mi}}}
"""
ROLE = "arn:aws:iam::123456789012:role/flows"
STATES = "arn:aws:states:eu-west-1:123456789012"
EXECUTION = f"{STATES}:execution:train:train-x7k2p"
QUEUE = {"jobQueueName": "main", "jobQueueArn": "arn:queue/main", "state": "ENABLED", "status": "VALID", "priority": 1}
RIGHTS = "docs/run.md lists what a person who runs flows on AWS must be allowed to do"
LOGIN = "log in again: `aws sso login`, or new keys; `aws sts get-caller-identity` tells who you are"
ANSWERS: dict[str, Any] = {
    "DescribeJobQueues": {"jobQueues": [{**QUEUE, "computeEnvironmentOrder": []}]},
    "DescribeJobDefinitions": {"jobDefinitions": []},
    "RegisterJobDefinition": {"jobDefinitionName": "train-one", "jobDefinitionArn": "arn:1", "revision": 1},
    "DescribeStateMachine": (400, "StateMachineDoesNotExist", "State Machine Does Not Exist"),
    "CreateStateMachine": {"stateMachineArn": f"{STATES}:stateMachine:train", "creationDate": 0},
    "UpdateStateMachine": {"updateDate": 0, "stateMachineVersionArn": f"{STATES}:stateMachine:train:2"},
    "StartExecution": {"executionArn": EXECUTION, "startDate": 0},
    "GetExecutionHistory": {
        "events": [
            {"id": 1, "type": "ExecutionStarted", "timestamp": 0},
            {"id": 2, "type": "ExecutionSucceeded", "timestamp": 3},
        ]
    },
}


class Server(ThreadingHTTPServer):
    """Answers by the name of the operation; a tuple is an error: status, code, message."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = dict(ANSWERS)
        self.asked: list[tuple[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        path = self.path.rpartition("/")[2]
        known = {name.lower(): name for name in ANSWERS}
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or known[path]
        self.server.asked.append((operation, body))
        answer = self.server.answers[operation]
        status, code = 200, ""
        if isinstance(answer, tuple):
            status, code, message = answer
            answer = {"__type": code, "message": message}
        data = json.dumps(answer).encode()
        self.send_response(status)
        if code:
            self.send_header("x-amzn-ErrorType", code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    """Nobody is logged in, and nothing is configured."""
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "flow.dragoman.yaml").write_text(FLOW)


@pytest.fixture
def keys(bare: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "here")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "here")


@pytest.fixture
def server(keys: None) -> Iterator[Server]:
    with Server() as found:
        thread = Thread(target=found.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            found.shutdown()
            thread.join()


def _run(start: Start, server: Server, *more: str) -> Outcome:
    return start("--run-id", "x7k2p", "--region", "eu-west-1", "--endpoint-url", server.url, *more)


def _said(outcome: Outcome) -> tuple[int, str]:
    """The exit code and the finding, without what was told before."""
    return outcome.code, outcome.err[outcome.err.find("error[") :].removesuffix("\n\n1 error\n")


# operation -> its answer, the finding; `PLACE` is the address
CASES: dict[str, tuple[str, tuple[int, str, str], str]] = {
    "expired": (
        "DescribeJobQueues",
        (403, "ExpiredTokenException", "The security token included in the request is expired"),
        "error[DRG652]: PLACE does not know who you are: `batch:DescribeJobQueues` says: "
        f"The security token included in the request is expired\n   = help: {LOGIN}",
    ),
    "unknown keys": (
        "DescribeStateMachine",
        (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
        "error[DRG652]: PLACE does not know who you are: `states:DescribeStateMachine` says: "
        f"The security token included in the request is invalid.\n   = help: {LOGIN}",
    ),
    "denied": (
        "RegisterJobDefinition",
        (
            403,
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/ann is not authorized to perform: batch:RegisterJobDefinition on resource: arn:x",
        ),
        "error[DRG653]: PLACE does not allow `batch:RegisterJobDefinition` on `arn:x`: User: arn:aws:iam::1:user/ann is "
        "not authorized to perform: batch:RegisterJobDefinition on resource: arn:x\n"
        f"   = help: let your role do `batch:RegisterJobDefinition`; {RIGHTS}",
    ),
    "a role that may not be handed on": (
        "CreateStateMachine",
        (
            400,
            "AccessDeniedException",
            f"User: arn:aws:iam::1:user/ann is not authorized to perform: iam:PassRole on resource: {ROLE}",
        ),
        f"error[DRG653]: PLACE does not allow `iam:PassRole` on `{ROLE}`: User: arn:aws:iam::1:user/ann is not authorized "
        f"to perform: iam:PassRole on resource: {ROLE}\n"
        f"   = help: you must be allowed to hand the role `{ROLE}` to Step Functions; {RIGHTS}",
    ),
    "a role that is not there": (
        "CreateStateMachine",
        (
            400,
            "AccessDeniedException",
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
        ),
        f"error[DRG655]: Step Functions cannot use the role `{ROLE}`: Neither the global service principal "
        "states.amazonaws.com, nor the regional one is authorized to assume the provided role.\n"
        "   = help: it must be there and trust `states.amazonaws.com`; `targets.batch.stateMachineRole` names it",
    ),
    "being deleted": (
        "CreateStateMachine",
        (400, "StateMachineDeleting", f"State Machine is being deleted: '{STATES}:stateMachine:train'"),
        "error[DRG656]: the state machine is being deleted: State Machine is being deleted: "
        f"'{STATES}:stateMachine:train'\n   = help: wait until it is gone (a few minutes, or as long as its executions "
        "run), then run the flow again",
    ),
    "taken": (
        "StartExecution",
        (400, "ExecutionAlreadyExists", f"Execution Already Exists: '{EXECUTION}'"),
        "error[DRG658]: a run of this name was there, and is over or has other parameters: Execution Already Exists: "
        f"'{EXECUTION}'\n   = help: say another `--run-id`, or leave it out: AWS keeps a name for 90 days",
    ),
    "refused": (
        "RegisterJobDefinition",
        (400, "ClientException", "Error executing request, Exception : container vCPUs must be positive"),
        "error[DRG655]: PLACE refuses `batch:RegisterJobDefinition`: ClientException: Error executing request, "
        "Exception : container vCPUs must be positive\n   = help: change what it names in the flow",
    ),
    "throttled": (
        "StartExecution",
        (400, "ThrottlingException", "Rate exceeded"),
        "error[DRG657]: PLACE fails or is overloaded: `states:StartExecution` says ThrottlingException: Rate exceeded\n"
        "   = help: try again later",
    ),
    "failing": (
        "DescribeStateMachine",
        (503, "ServiceUnavailable", "try later"),
        "error[DRG657]: PLACE fails or is overloaded: `states:DescribeStateMachine` says ServiceUnavailable: try later\n"
        "   = help: try again later",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal(case: str, start: Start, server: Server) -> None:
    operation, answer, finding = CASES[case]
    server.answers[operation] = answer
    done = _run(start, server)
    assert _said(done) == (2, finding.replace("PLACE", f"AWS at {server.url}"))
    tries = sum(asked == operation for asked, _ in server.asked)
    assert tries == (11 if case in ("throttled", "failing") else 1)


def test_a_state_machine_that_is_going(start: Start, server: Server) -> None:
    server.answers["DescribeStateMachine"] = {**_machine("{}"), "status": "DELETING"}
    assert "error[DRG656]: the state machine is being deleted" in _run(start, server).err


def _machine(definition: str) -> dict[str, Any]:
    arn = f"{STATES}:stateMachine:train"
    said = {"stateMachineArn": arn, "name": "train", "definition": definition, "roleArn": ROLE, "status": "ACTIVE"}
    return {**said, "type": "STANDARD", "creationDate": 0}


def test_what_is_new_is_made_and_what_is_there_is_taken(start: Start, server: Server) -> None:
    assert _run(start, server).code == 0
    first = dict(server.asked)
    assert [name for name, _ in server.asked] == [
        "DescribeJobQueues",
        "DescribeJobDefinitions",
        "RegisterJobDefinition",
        "DescribeStateMachine",
        "CreateStateMachine",
        "StartExecution",
        "GetExecutionHistory",
    ]
    assert first["StartExecution"] == {
        "stateMachineArn": f"{STATES}:stateMachine:train",
        "name": "train-x7k2p",
        "input": '{"params": {}}',
    }
    known = {**first["RegisterJobDefinition"], "jobDefinitionArn": "arn:3", "revision": 3, "status": "ACTIVE"}
    older = {**known, "revision": 2, "tags": {}}
    server.answers["DescribeJobDefinitions"] = {"jobDefinitions": [older, known]}
    server.answers["DescribeStateMachine"] = _machine(first["CreateStateMachine"]["definition"])
    server.asked.clear()
    assert _run(start, server).code == 0
    assert not {"RegisterJobDefinition", "CreateStateMachine", "UpdateStateMachine"} & {
        name for name, _ in server.asked
    }


def test_a_changed_machine_runs_in_the_version_that_was_just_made(start: Start, server: Server) -> None:
    server.answers["DescribeStateMachine"] = _machine("{}")
    assert _run(start, server).code == 0
    asked = dict(server.asked)
    assert (asked["UpdateStateMachine"]["publish"], asked["UpdateStateMachine"]["roleArn"]) == (True, ROLE)
    assert asked["StartExecution"]["stateMachineArn"] == f"{STATES}:stateMachine:train:2"


def test_a_history_of_several_pages_is_read_backwards(start: Start, server: Server) -> None:
    last = {"id": 2, "type": "ExecutionSucceeded", "timestamp": 3}
    server.answers["GetExecutionHistory"] = {"events": [last], "nextToken": "more"}
    pages = [
        {"events": [last], "nextToken": "more"},
        {"events": [{"id": 1, "type": "ExecutionStarted", "timestamp": 0}]},
    ]

    class Pages(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return pages.pop(0) if name == "GetExecutionHistory" else super().__getitem__(name)

    server.answers = Pages(server.answers)
    done = _run(start, server)
    assert (done.code, "train-x7k2p: succeeded in 3s" in done.err) == (0, True)
    asked = [body for name, body in server.asked if name == "GetExecutionHistory"]
    assert asked == [
        {"executionArn": EXECUTION, "reverseOrder": True, "maxResults": 1000},
        {"executionArn": EXECUTION, "reverseOrder": True, "maxResults": 1000, "nextToken": "more"},
    ]


def test_nobody_listens(start: Start, server: Server) -> None:
    url = server.url
    server.shutdown()
    server.server_close()
    assert _said(start("--region", "eu-west-1", "--endpoint-url", url)) == (
        2,
        f"error[DRG654]: AWS at {url} cannot be reached: `batch:DescribeJobQueues`: connection refused\n"
        "   = help: check the network, the region, and `--endpoint-url` or AWS_ENDPOINT_URL if you use one",
    )


def test_no_region(start: Start, keys: None) -> None:
    assert _said(start()) == (
        2,
        "error[DRG651]: no region is known\n"
        "   = help: say `--region`, `targets.batch.region`, or the variable AWS_DEFAULT_REGION",
    )


def test_no_credentials(start: Start, bare: None) -> None:
    assert _said(start("--set", "targets.batch.region=eu-west-1")) == (
        2,
        "error[DRG651]: no credentials for AWS are found\n   = help: say `--profile NAME`, log in with `aws sso login`, "
        "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--profile", "nobody"), "The config profile (nobody) could not be found"),
        (("--endpoint-url", "nowhere"), "Invalid endpoint: nowhere"),
    ],
)
def test_unusable_settings(flags: tuple[str, ...], words: str, start: Start, keys: None) -> None:
    assert _said(start("--region", "eu-west-1", *flags)) == (
        2,
        f"error[DRG651]: AWS cannot be used as it is configured: {words}\n"
        "   = help: look at `--profile`, `--region`, `--endpoint-url`, and at `aws configure list`",
    )


def test_a_login_that_is_over(start: Start, bare: None, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile sso]\nsso_start_url = https://here.example/start\nsso_region = eu-west-1\n"
        "sso_account_id = 123456789012\nsso_role_name = dev\n"
    )
    code, said = _said(start("--region", "eu-west-1", "--profile", "sso"))
    assert code == 2
    assert said.startswith("error[DRG652]: your login to AWS is over: ")
    assert said.endswith(f"   = help: {LOGIN}")


def test_the_client_is_not_installed(start: Start, keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    code, said = _said(start("--region", "eu-west-1"))
    assert code == 2
    assert said.startswith("error[DRG601]: a client for AWS is not installed: ")
    assert said.endswith("   = help: pip install 'dragoman[batch]'")


def test_the_documentation_lists_every_right() -> None:
    root = Path(__file__).parents[2]
    asked = set(re.findall(r'told\("(\w+:\w+)"\)', (root / "translator/dragoman/drive/batch/client.py").read_text()))
    page = (root / "docs" / "run.md").read_text()
    assert len(asked) > 10
    assert [action for action in sorted(asked) if f'"{action}"' not in page] == []
