"""What a failed call means to the person who started the run: one finding, with the way out."""

from __future__ import annotations

import re

from dragoman.drive.batch.api import NO_EXECUTION, NO_LOGIN, NO_SETTINGS, TAKEN, UNKNOWN, Aws, AwsError
from dragoman.findings import Finding, Findings

RIGHTS = "docs/run.md lists what a person who runs flows on AWS must be allowed to do"
LOGIN = "log in again: `aws sso login`, or new keys; `aws sts get-caller-identity` tells who you are"
SETTINGS = "look at `--profile`, `--region`, `--endpoint-url`, and at `aws configure list`"
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?")
_ROLE = re.compile(r"authorized to assume the provided role")


def refused(error: AwsError, aws: Aws, role: str = "") -> Findings:
    """The finding for a call that failed; `role` is the state machine's."""
    code, message, action = error.code, error.message, error.action
    what = f"`{action}`"
    if code == NO_LOGIN:
        return one("DRG652", f"your login to AWS is over: {message}", LOGIN)
    if code == NO_SETTINGS:
        return one("DRG651", f"AWS cannot be used as it is configured: {message}", SETTINGS)
    if code in UNKNOWN:
        return one("DRG652", f"{aws.place} does not know who you are: {what} says: {message}", LOGIN)
    if _ROLE.search(message):
        return _role(message, role)
    if error.denied:
        return _denied(error, aws, role)
    if code == "StateMachineDeleting":
        way_out = "wait until it is gone (a few minutes, or as long as its executions run), then run the flow again"
        return one("DRG656", f"the state machine is being deleted: {message}", way_out)
    if code == TAKEN:
        way_out = "say another `--run-id`, or leave it out: AWS keeps a name for 90 days"
        return one("DRG658", f"a run of this name was there, and is over or has other parameters: {message}", way_out)
    if code == NO_EXECUTION:
        return one("DRG659", f"the run is gone: {message}", "")
    if error.status == 0:
        way_out = "check the network, the region, and `--endpoint-url` or AWS_ENDPOINT_URL if you use one"
        return one("DRG654", f"{aws.place} cannot be reached: {what}: {message}", way_out)
    if error.passing:
        return one("DRG657", f"{aws.place} fails or is overloaded: {what} says {code}: {message}", "try again later")
    if "role" in message.lower() and code in ("ValidationException", "InvalidArn"):
        return _role(message, role)
    return one("DRG655", f"{aws.place} refuses {what}: {code}: {message}", "change what it names in the flow")


def _denied(error: AwsError, aws: Aws, role: str) -> Findings:
    found = _ACTION.search(error.message)
    action = found[1] if found else error.action
    on = f" on `{found[2]}`" if found and found[2] else ""
    message = f"{aws.place} does not allow `{action}`{on}: {error.message}"
    if action == "iam:PassRole":
        return one("DRG653", message, f"you must be allowed to hand the role `{role}` to Step Functions; {RIGHTS}")
    return one("DRG653", message, f"let your role do `{action}`; {RIGHTS}")


def _role(message: str, role: str) -> Findings:
    way_out = "it must be there and trust `states.amazonaws.com`; `targets.batch.stateMachineRole` names it"
    return one("DRG655", f"Step Functions cannot use the role `{role}`: {message}", way_out)


def one(code: str, message: str, way_out: str) -> Findings:
    """The one finding of a run that cannot go on."""
    return Findings([Finding(code, " ".join(message.split()), None, way_out)], 2)
