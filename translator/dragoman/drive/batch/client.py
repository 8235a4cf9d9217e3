"""An AWS account, with the official client (the extra `dragoman[batch]`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from dragoman.drive.answers import CONNECT, READ, reason_of
from dragoman.drive.batch.api import NO_LOGIN, NO_SETTINGS, AwsError, Body, Counts, Event
from dragoman.drive.batch.refusals import SETTINGS, one
from dragoman.findings import Finding, Findings

LOG_LINES = 20
PAGE, LATEST = 1000, 100  # events of a page, and of one when most are known
AT_ONCE = 100  # jobs or queues in one question
CONTENT = "dragoman.dev/content"  # the tag of a definition: AWS adds defaults to what it is given
MOST_TAGS = 50
LOST = 10  # executions of items that failed


class Wish(NamedTuple):
    """Which account and where; what is empty is as the client finds it (variables, the files of ~/.aws)."""

    region: str = ""
    profile: str = ""
    endpoint: str = ""


def connect(wish: Wish) -> Account:
    """The account; raises `Findings` when the client, its credentials or a region are missing."""
    try:
        import boto3
    except ImportError as error:
        message = f"a client for AWS is not installed: {error}"
        raise Findings([Finding("DRG601", message, None, "pip install 'dragoman[batch]'")], 2) from None
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.session.Session(profile_name=wish.profile or None, region_name=wish.region or None)
        if not session.region_name:
            way_out = "say `--region`, `targets.batch.region`, or the variable AWS_DEFAULT_REGION"
            raise one("DRG651", "no region is known", way_out)
        if session.get_credentials() is None:
            way_out = (
                "say `--profile NAME`, log in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
            raise one("DRG651", "no credentials for AWS are found", way_out)
        return Account(session, wish)
    except (BotoCoreError, ValueError) as error:  # a profile that is not there, an address that is none
        raise one("DRG651", f"AWS cannot be used as it is configured: {error}", SETTINGS) from None


class Account:
    """See `Aws`."""

    def __init__(self, session: Any, wish: Wish) -> None:
        from botocore.config import Config

        config = Config(connect_timeout=CONNECT, read_timeout=READ, retries={"total_max_attempts": 1})

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=wish.endpoint or None, config=config)

        self.region = str(session.region_name)
        self._batch, self._states, self._logs = client("batch"), client("stepfunctions"), client("logs")
        local = wish.endpoint or os.environ.get("AWS_ENDPOINT_URL") or ""
        self.place = f"AWS at {local}" if local else f"AWS in {self.region}"

    def queues(self, names: Sequence[str]) -> dict[str, str]:
        """See `Aws`."""
        with told("batch:DescribeJobQueues"):
            pages = self._batch.get_paginator("describe_job_queues").paginate(jobQueues=list(names))
            found = [queue for page in pages for queue in page["jobQueues"]]
        states = {key: str(one["state"]) for one in found for key in (one["jobQueueName"], one["jobQueueArn"])}
        return {name: states[name] for name in names if name in states}

    def register(self, definition: Body) -> bool:
        """See `Aws`."""
        content = _content(definition)
        name = definition["jobDefinitionName"]
        with told("batch:DescribeJobDefinitions"):
            pages = self._batch.get_paginator("describe_job_definitions").paginate(
                jobDefinitionName=name, status="ACTIVE"
            )
            found = [one for page in pages for one in page["jobDefinitions"]]
        newest: Body = max(found, key=lambda one: int(one["revision"]), default={})
        if newest.get("tags", {}).get(CONTENT) == content:
            return False
        tags = definition.get("tags", {})
        more = {"tags": {**tags, CONTENT: content}} if len(tags) < MOST_TAGS else {}
        with told("batch:RegisterJobDefinition"):
            self._batch.register_job_definition(**{**definition, **more})
        return True

    def deploy(self, machine: Body) -> str:
        """See `Aws`."""
        arn = _machine_arn(machine, self.region)
        with told("states:DescribeStateMachine") as passed:
            passed.add("StateMachineDoesNotExist")
            known = self._states.describe_state_machine(stateMachineArn=arn)
            if known.get("status") == "DELETING":
                raise AwsError("states:DescribeStateMachine", "StateMachineDeleting", arn, 400)
            if known["definition"] == machine["definition"] and known["roleArn"] == machine["roleArn"]:
                return arn
            with told("states:UpdateStateMachine"):
                # what starts within seconds of an update may still run what was there before, but for a version
                updated = self._states.update_state_machine(
                    stateMachineArn=arn, definition=machine["definition"], roleArn=machine["roleArn"], publish=True
                )
            return str(updated.get("stateMachineVersionArn") or arn)
        with told("states:CreateStateMachine"):
            return str(self._states.create_state_machine(**machine)["stateMachineArn"])

    def start(self, machine: str, name: str, input: str) -> str:
        """See `Aws`."""
        with told("states:StartExecution"):
            started = self._states.start_execution(stateMachineArn=machine, name=name, input=input)
        return str(started["executionArn"])

    def history(self, execution: str, after: int) -> list[Event]:
        """See `Aws`: the newest events come first, until one is known."""
        found: list[Event] = []
        with told("states:GetExecutionHistory"):
            pages = self._states.get_paginator("get_execution_history").paginate(
                executionArn=execution, reverseOrder=True, maxResults=LATEST if after else PAGE
            )
            for page in pages:
                found += [_event(one) for one in page["events"]]
                if any(one.id <= after + 1 for one in found):
                    break
        return sorted((one for one in found if one.id > after), key=lambda one: one.id)

    def items(self, map_run: str) -> Counts:
        """See `Aws`."""
        with told("states:DescribeMapRun"):
            found = self._states.describe_map_run(mapRunArn=map_run)["itemCounts"]
        failed = found["failed"] + found["timedOut"] + found["aborted"]
        return Counts(found["total"], found["succeeded"] + failed, failed)

    def lost(self, map_run: str) -> list[str]:
        """See `Aws`."""
        with told("states:ListExecutions"):
            found = self._states.list_executions(mapRunArn=map_run, statusFilter="FAILED", maxResults=LOST)
        return [str(one["executionArn"]) for one in found["executions"]]

    def jobs(self, ids: Sequence[str]) -> dict[str, Body]:
        """See `Aws`."""
        found: dict[str, Body] = {}
        for start in range(0, len(ids), AT_ONCE):
            with told("batch:DescribeJobs"):
                answer = self._batch.describe_jobs(jobs=list(ids[start : start + AT_ONCE]))
            found.update({one["jobId"]: one for one in answer["jobs"]})
        return found

    def children(self, job: str) -> list[str]:
        """See `Aws`."""
        with told("batch:ListJobs"):
            found = self._batch.list_jobs(arrayJobId=job, jobStatus="FAILED", maxResults=LOST)
        return [str(one["jobId"]) for one in found["jobSummaryList"]]

    def log(self, group: str, stream: str) -> str:
        """See `Aws`."""
        with told("logs:GetLogEvents") as passed:
            passed.add("ResourceNotFoundException")
            found = self._logs.get_log_events(
                logGroupName=group, logStreamName=stream, limit=LOG_LINES, startFromHead=False
            )
            return "\n".join(str(one["message"]) for one in found["events"])
        return ""

    def stop(self, execution: str) -> None:
        """See `Aws`."""
        with told("states:StopExecution"):
            self._states.stop_execution(executionArn=execution, error="Interrupted", cause="stopped by dragoman")


@contextmanager
def told(action: str) -> Iterator[set[str]]:
    """The client's exceptions as ours; errors whose names are put into the set it gives are none."""
    from botocore import exceptions as known

    passed: set[str] = set()
    try:
        yield passed
    except known.ClientError as error:
        said = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code = str(said.get("Code") or status)
        message = str(said.get("Message") or code)
        if code not in passed:
            raise AwsError(
                action, code, f"HTTP {status}" if message.startswith("<") else message, int(status)
            ) from None
    except (known.HTTPClientError, known.ConnectionError) as error:
        raise AwsError(action, type(error).__name__, reason_of(error)) from None
    except known.BotoCoreError as error:
        logins = (known.TokenRetrievalError, known.SSOError, known.UnauthorizedSSOTokenError)
        code = NO_LOGIN if isinstance(error, logins) else NO_SETTINGS
        if isinstance(error, known.ParamValidationError):
            code = "ValidationException"
        raise AwsError(action, code, str(error), 400) from None


def _content(definition: Body) -> str:
    """A hash of a definition."""
    from hashlib import sha256
    from json import dumps

    return sha256(dumps(definition, sort_keys=True).encode()).hexdigest()[:32]


def _machine_arn(machine: Body, region: str) -> str:
    """The ARN that a state machine has: its role is of the same account."""
    _, partition, _, _, account, *_ = str(machine["roleArn"]).split(":")
    return f"arn:{partition}:states:{region}:{account}:stateMachine:{machine['name']}"


def _event(raw: Mapping[str, Any]) -> Event:
    details: Body = next((value for key, value in raw.items() if key.endswith("EventDetails")), {})
    time = raw["timestamp"].timestamp()
    return Event(int(raw["id"]), int(raw.get("previousEventId", 0)), str(raw["type"]), float(time), details)
