"""How an attempt ended, from the facts of its Job and its pod, and what it hands on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.facts import KILLED, Job, Pod
from dragoman.emit.kubernetes.outputs import CARRIER, MESSAGE_BYTES
from dragoman.emit.kubernetes.pod import MAIN
from dragoman.lower.task import Attempt
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Step

MOST = 4 * 2**20  # bytes of a log that are read: an expression's texts end before
GONE = frozenset({400, 404})  # the answers for the log of a pod, or of a container, that is not there any more
_EXIT_CODE = re.compile(r"failed with exit code (\d+)")  # in the Job's condition, where a podFailurePolicy decided

Log = Callable[[str, str], str]  # what a pod's container wrote


class Ending(NamedTuple):
    """An attempt that has ended.

    note  what a later driver could not find out again when the pod is gone: worth an annotation of the Job
    """

    attempt: Attempt
    note: Mapping[str, Any] | None = None


def ending(job: Job, pod: Pod | None, step: Step, log: Log) -> Ending | None:
    """How a Job that has ended did; None while its pod is still to tell. `log` is asked for what only logs hold."""
    if job.result is not None:
        return Ending(_noted(job, job.result))
    if job.phase == "failed":
        return _failed(job, pod)
    if not step.outputs:
        return Ending(_attempt(job, pod))
    if pod is None or (pod.phase == "running" and not pod.gone):
        return None
    if pod.phase != "succeeded":
        return _lost(job, pod)
    try:
        outputs, wrong, logged = _outputs(job, pod, step, log)
    except ApiError as error:
        if error.status in GONE:
            return _lost(job, pod)
        raise
    if wrong:
        attempt = _attempt(job, pod)._replace(phase="failed", cause="error", message=wrong)
        return Ending(attempt, {"cause": "error", "code": 0, "message": wrong})
    return Ending(_attempt(job, pod)._replace(outputs=outputs), None if logged else {"outputs": outputs})


def deleted(job: Job) -> Attempt:
    """The attempt of a Job that somebody deleted while it ran: as if its node had gone."""
    return Attempt(job.attempt, "failed", cause="spot", message="its Job was deleted while it ran", started=job.created)


def _attempt(job: Job, pod: Pod | None) -> Attempt:
    succeeded = job.phase == "succeeded"
    return Attempt(
        number=job.attempt,
        phase="succeeded" if succeeded else "failed",
        exit_code=0 if succeeded else None,
        started=pod.started if pod is not None and pod.started is not None else job.created,
        ended=pod.ended if pod is not None and pod.ended is not None else job.ended,
    )


def _noted(job: Job, result: Mapping[str, Any]) -> Attempt:
    """What the driver that saw the end wrote down."""
    base = _attempt(job, None)._replace(ended=result.get("ended", job.ended))
    if "cause" not in result:
        return base._replace(outputs=result.get("outputs") or {})
    return base._replace(
        phase="failed", exit_code=result.get("code"), cause=result["cause"], message=result.get("message") or ""
    )


def _failed(job: Job, pod: Pod | None) -> Ending | None:
    if job.reason == "DeadlineExceeded":  # the Job says so itself, and deletes the pod
        attempt = _attempt(job, pod)._replace(cause="timeout", message="it was stopped: its time was over")
        return Ending(attempt)
    if pod is None or (pod.phase == "running" and not pod.gone):
        return None
    attempt = _attempt(job, pod)
    if pod.phase == "failed":
        attempt = attempt._replace(exit_code=pod.exit_code, cause=pod.cause, message=pod.message)
    else:
        attempt = _vanished(job, attempt)
    note = {"cause": attempt.cause, "message": attempt.message, "ended": attempt.ended}
    return Ending(attempt, note if attempt.exit_code is None else {**note, "code": attempt.exit_code})


def _vanished(job: Job, attempt: Attempt) -> Attempt:
    """Of a pod that nobody saw end, the Job may still know the exit code."""
    found = _EXIT_CODE.search(job.message)
    if found is None or "DisruptionTarget" in job.message:
        return attempt._replace(cause="spot", message="its pod is gone: its node was lost, or somebody deleted it")
    code = int(found[1])
    return attempt._replace(exit_code=code, cause="oom" if code == KILLED else "error", message=f"exit code {code}")


def _lost(job: Job, pod: Pod) -> Ending:
    message = "it succeeded, but its pod was gone before its outputs were read"
    attempt = _attempt(job, pod)._replace(phase="failed", exit_code=None, cause="spot", message=message)
    return Ending(attempt, {"cause": "spot", "message": message})


def _outputs(job: Job, pod: Pod, step: Step, log: Log) -> tuple[dict[str, str], str, bool]:
    """The text of each output that is there, what is wrong, and whether a log had to be read."""
    texts: dict[str, str] = {}
    logged = False
    if job.channel == "message":
        texts, wrong = _message(pod.left[0], step)
    elif job.channel == "carrier":
        texts, wrong, logged = _carried(pod, log)
    else:
        wrong = ""
    if wrong:
        return {}, wrong, logged
    for name, output in step.outputs.items():
        if output.stdout:
            printed, logged = log(pod.name, MAIN), True
            if len(printed.encode()) >= MOST:
                return {}, f"output `{name}`: the step printed more than {MOST} bytes; write a file instead", True
            texts[name] = printed
    return texts, "", logged


def _message(text: str, step: Step) -> tuple[dict[str, str], str]:
    """The one output that is the container's termination message; none is there when it is empty."""
    name = next(output.name for output in step.outputs.values() if output.path is not None)
    if len(text.encode()) < MESSAGE_BYTES:
        return ({name: text} if text else {}), ""
    way_out = f"leave `path` out and write `$DRAGOMAN_OUTPUTS/{name}`, with Kubernetes 1.29 or newer"
    if (step.outputs[name].path or "").startswith(f"{DIRECTORY}/"):
        way_out = "write a shorter one, or where the data is"
    return {}, f"output `{name}` has {MESSAGE_BYTES} bytes or more, and Kubernetes keeps no more of it: {way_out}"


def _carried(pod: Pod, log: Log) -> tuple[dict[str, str], str, bool]:
    said = _parsed(pod.left[1])
    logged = said.get("log") is True
    if logged:
        lines = log(pod.name, CARRIER).rstrip("\n").rpartition("\n")
        said = _parsed(lines[2])
    outputs = said.get("outputs")
    if isinstance(outputs, dict):
        return {str(name): str(text) for name, text in outputs.items()}, "", logged
    why = said.get("error") or f"the container `{CARRIER}` did not hand them on"
    return {}, f"its outputs could not be read: {why}", logged


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
