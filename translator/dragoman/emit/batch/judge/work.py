"""Rules of Task states: what they call, how long, and the jobs that they submit.

From "Task workflow state" and "Integrating services" in the developer guide of Step Functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, said, shown

from .explain import explain
from .expressions import is_expression
from .shapes import file
from .submits import judge as submission
from .submits import spelled

_CALL = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):states:::(?P<service>aws-sdk:[a-z0-9]+|[a-z0-9-]+):(?P<action>[A-Za-z0-9]+)"
    r"(?P<how>\.sync|\.sync:2|\.waitForTaskToken)?"
)
_ARN = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):(lambda:[a-z0-9-]+:\d{12}:function|states:[a-z0-9-]+:\d{12}:activity):.+"
)


def judge(state: Body, at: Pointer, definitions: Mapping[str, Body] | None, express: bool) -> Iterator[Problem]:
    """What is wrong with a Task."""
    limit, beat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(limit, int) and isinstance(beat, int) and beat >= limit:
        says = f"is {shown(beat)}, not less than `TimeoutSeconds`, which is {shown(limit)}"
        yield problem((*at, "HeartbeatSeconds"), says, "lower it")
    resource = state.get("Resource")
    if not isinstance(resource, str):
        return
    found, place = _CALL.fullmatch(resource), (*at, "Resource")
    if not found:
        if not _ARN.fullmatch(resource):
            advice = "write it as `arn:aws:states:::batch:submitJob.sync`"
            yield problem(place, f"is {shown(resource)}, nothing that a state can call", advice)
        return
    how = found["how"] or ""
    if how.startswith(".sync") and (express or found["service"].startswith("aws-sdk:")):
        says = "waits for the job, which an Express execution cannot" if express else "waits, which calls by SDK cannot"
        advice = "let the Map's executions be `STANDARD`" if express else f"leave `{how}` out"
        yield problem(place, says, advice)
    if found["service"] == "batch":
        if found["action"] != "submitJob" or how not in {"", ".sync"}:
            says = f"is {shown(resource)}, and Step Functions has `batch:submitJob` only, with or without `.sync`"
            yield problem(place, says, "write `arn:aws:states:::batch:submitJob.sync`")
        elif "Arguments" not in state:
            yield problem((*at, "Arguments"), "is missing", "say which job is submitted")
        else:
            for each in submitted(state["Arguments"], definitions, waiting=bool(how)):
                yield problem((*at, "Arguments", *each.pointer), said(each), each.help)


def submitted(arguments: Any, definitions: Mapping[str, Body] | None, *, waiting: bool) -> list[Problem]:
    """What is wrong with the arguments of a state that submits a job; nothing is known of one expression for all."""
    if is_expression(arguments):
        return []
    wrong, body = explain(arguments, file().operations["SubmitJob"], state=True)
    pointers = [each.pointer for each in wrong]
    rules = [spelled(each) for each in submission(body, definitions, waiting=waiting)]
    return wrong + [each for each in rules if not any(near(each.pointer, one) for one in pointers)]


def near(one: Pointer, other: Pointer) -> bool:
    """Whether one place is within the other: what is wrong there was said already."""
    length = min(len(one), len(other))
    return bool(length) and one[:length] == other[:length]
