"""`dragoman store`: runs in a job after a step's container has succeeded, and puts the files it has written into S3.

One object holds all of them, `{"outputs": {name: text}}`; its URL is the variable DRAGOMAN_RESULT, `s3://bucket/key`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from dragoman.findings import Finding, Findings

VARIABLE = "DRAGOMAN_RESULT"
PATIENCE = 10  # seconds
NEVER_STARTED = 127  # what a shell says of a program that is not there
LONGEST = 200 * 1024  # bytes: Step Functions takes 256 KiB in one state, everything together


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when all that is needed was there and is stored; 2 when not, which fails the job.

    When the step failed, its exit code: the job's is that of the container which ends last.
    """
    code = exit_code(arguments.after) if arguments.after else 0
    if code:
        return code
    text = gathered(arguments.files, arguments.optional)
    url = os.environ.get(VARIABLE, "")
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not key:
        message = f"the variable {VARIABLE} is no URL of an S3 object: `{url}`"
        raise Findings([Finding("DRG641", message, None, "the state machine sets it: render the flow again")], 2)
    _put(bucket, key, text.encode())
    return 0


def exit_code(container: str) -> int:
    """How another container of this task ended: ECS's task metadata says it (version 4 of the endpoint)."""
    from json import loads
    from urllib.request import urlopen

    endpoint = os.environ.get("ECS_CONTAINER_METADATA_URI_V4", "")
    if not endpoint:
        return 0
    try:
        with urlopen(f"{endpoint}/task", timeout=PATIENCE) as answer:  # a link-local address that ECS gives
            found = loads(answer.read())["Containers"]
    except (OSError, ValueError, KeyError) as error:
        message = f"how the step ended is not known: the task's metadata cannot be read: {error}"
        way_out = "the job is tried again if the step's `retry` says so"
        raise Findings([Finding("DRG641", message, None, way_out)], 2) from None
    # without an exit code, it could not even start
    return next((int(one.get("ExitCode", NEVER_STARTED)) for one in found if one.get("Name") == container), 0)


def gathered(needed: Sequence[str], optional: Sequence[str]) -> str:
    """The object's text, from entries `NAME=PATH`; raises `Findings` when a needed file is not there."""
    from json import dumps

    found: dict[str, str] = {}
    missing: list[str] = []
    for number, entry in enumerate((*needed, *optional)):
        name, _, path = entry.partition("=")
        try:
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                found[name] = file.read(LONGEST + 1).removesuffix("\n")
        except FileNotFoundError:
            if number < len(needed):
                missing.append(f"output `{name}` is not there: the step wrote no `{path}`")
        except OSError as error:
            missing.append(f"output `{name}`: {path}: {(error.strerror or str(error)).lower()}")
    text = dumps({"outputs": found}, separators=(",", ":"), ensure_ascii=False)
    if not missing and len(text.encode()) > LONGEST:
        missing = [f"the outputs have {len(text.encode()):,} bytes, and {LONGEST:,} can be handed on"]
    if missing:
        raise Findings([Finding("DRG642", one, None, "") for one in missing], 2)
    return text


def _put(bucket: str, key: str, body: bytes) -> None:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        message = f"a client for AWS is not installed: {error}"
        raise Findings([Finding("DRG601", message, None, "pip install 'dragoman[batch]'")], 2) from None
    try:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    except (BotoCoreError, ClientError) as error:
        message = f"the outputs cannot be written to `s3://{bucket}/{key}`: {error}"
        way_out = "the job's role needs `s3:PutObject` there: `dragoman render -t batch --format iam` writes the policy"
        raise Findings([Finding("DRG643", message, None, way_out)], 2) from None
