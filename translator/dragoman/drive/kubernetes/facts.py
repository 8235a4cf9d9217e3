"""What a driver keeps of a Job and of its pod: small facts, so that a thousand of them are nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman.drive.kubernetes.api import Object
from dragoman.emit.kubernetes.job import ATTEMPT, OUTPUTS, TASK
from dragoman.emit.kubernetes.outputs import CARRIER
from dragoman.emit.kubernetes.pod import MAIN
from dragoman.lower.task import Cause, Id

RESULT = "dragoman.dev/result"  # an annotation: what a pod said that may be gone tomorrow
JOB_NAME = ("batch.kubernetes.io/job-name", "job-name")  # labels of a Job's pods; the second one before 1.27
KILLED = 137
IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})
CONTAINER = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff"})
# a kubelet turned the pod away before it ran anything (kubelet/lifecycle/predicate.go)
TURNED_AWAY = ("OutOf", "UnexpectedAdmissionError", "NodeAffinity", "Preempting", "NodeLost", "Terminated")
Phase: TypeAlias = Literal["running", "succeeded", "failed"]
PHASES: Mapping[str, Phase] = {"Succeeded": "succeeded", "Failed": "failed"}


class Job(NamedTuple):
    """A Job: which attempt of which task it is, how far it is, why it failed; times in seconds since 1970.

    channel  how its outputs leave its pod
    result   what a driver has noted of its end
    """

    name: str
    task: Id
    attempt: int
    phase: Phase
    channel: str = ""
    reason: str = ""
    message: str = ""
    created: float | None = None
    ended: float | None = None
    suspended: bool = False
    result: Mapping[str, Any] | None = None


class Pod(NamedTuple):
    """A Job's pod: how far it is, how its container ended, what it left.

    message  why it waits or failed
    left     the termination messages of the container and of the outputs' carrier
    gone     whether it was deleted
    """

    name: str
    job: str
    created: str
    phase: Phase
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    cause: Cause | None = None
    message: str = ""
    left: tuple[str, str] = ("", "")
    gone: bool = False


def job_of(seen: Object, owner: str) -> Job | None:
    """The facts of a Job; None for one that no driver of this owner (its uid) made."""
    about = seen["metadata"]
    notes = about.get("annotations") or {}
    if not any(reference.get("uid") == owner for reference in about.get("ownerReferences") or ()):
        return None
    try:
        task = tuple(json.loads(notes[TASK]))
        attempt = int(notes[ATTEMPT])
        result = json.loads(notes[RESULT]) if RESULT in notes else None
    except (KeyError, ValueError, TypeError):
        return None
    status = seen.get("status") or {}
    true = {one["type"]: one for one in status.get("conditions") or () if one.get("status") == "True"}
    end: Mapping[str, Any] = true.get("Complete") or true.get("Failed") or {}
    return Job(
        name=about["name"],
        task=task,
        attempt=attempt,
        phase="succeeded" if "Complete" in true else "failed" if "Failed" in true else "running",
        channel=notes.get(OUTPUTS, ""),
        reason=end.get("reason") or "",
        message=end.get("message") or "",
        created=seconds(status.get("startTime") or about.get("creationTimestamp")),
        ended=seconds(end.get("lastTransitionTime")),
        suspended="Suspended" in true,
        result=result if isinstance(result, dict) else None,
    )


def pod_of(seen: Object) -> Pod | None:
    """The facts of a Job's pod; None for any other pod."""
    about, status = seen["metadata"], seen.get("status") or {}
    labels = about.get("labels") or {}
    job = next((labels[key] for key in JOB_NAME if key in labels), None)
    if job is None:
        return None
    states = _states(status.get("containerStatuses"))
    helpers = _states(status.get("initContainerStatuses"))
    ended = states.get(MAIN, {}).get("terminated") or {}
    running = states.get(MAIN, {}).get("running") or {}
    phase = PHASES.get(str(status.get("phase")), "running")
    code = ended.get("exitCode")
    cause = _cause(status, ended) if phase == "failed" else None
    return Pod(
        name=about["name"],
        job=job,
        created=about.get("creationTimestamp") or "",
        phase=phase,
        started=seconds(ended.get("startedAt") or running.get("startedAt") or status.get("startTime")),
        ended=seconds(ended.get("finishedAt")),
        exit_code=code if phase != "running" else None,
        cause=cause,
        message=_why(status, code, cause) if cause is not None else _waits(status, {**helpers, **states}),
        left=(ended.get("message") or "", (helpers.get(CARRIER, {}).get("terminated") or {}).get("message") or "")
        if phase == "succeeded"
        else ("", ""),
    )


def seconds(time: str | None) -> float | None:
    """A time of the API in seconds since 1970."""
    return None if not time else datetime.fromisoformat(time).timestamp()


def _states(statuses: Sequence[Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
    return {one["name"]: one.get("state") or {} for one in statuses or ()}


def _cause(status: Mapping[str, Any], ended: Mapping[str, Any]) -> Cause:
    """Why a pod failed: its time before its node, its node before its memory, which may have been taken with it."""
    reason = status.get("reason") or ""
    if reason == "DeadlineExceeded":
        return "timeout"
    if _disrupted(status) or reason.startswith(TURNED_AWAY):
        return "spot"
    if ended.get("reason") == "OOMKilled" or ended.get("exitCode") == KILLED:
        return "oom"
    return "error"


def _disrupted(status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = (one for one in status.get("conditions") or () if one.get("type") == "DisruptionTarget")
    return next((one for one in found if one.get("status") == "True"), None)


def _why(status: Mapping[str, Any], code: int | None, cause: Cause) -> str:
    told = status.get("message") or ""
    if cause == "timeout":
        return "took longer than its timeout"
    if cause == "spot":
        words = (_disrupted(status) or {}).get("message") or told or status.get("reason") or ""
        return f"its pod was taken away: {words}" if words else "its pod was taken away"
    if cause == "oom":
        return f"exit code {KILLED if code is None else code}: it used more memory than its limit"
    if told and status.get("reason"):
        return f"{status['reason']}: {told}"
    return "its pod failed" if code is None else f"exit code {code}"


def _waits(status: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> str:
    """Why a pod does not run yet, when that may last."""
    for state in states.values():
        waiting = state.get("waiting") or {}
        reason, told = waiting.get("reason") or "", waiting.get("message") or ""
        if reason in IMAGE:
            return f"its image cannot be pulled: {told or reason}"
        if reason in CONTAINER:
            return f"its container cannot start: {told or reason}"
    for one in status.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("reason") == "Unschedulable":
            return f"no node takes it yet: {one.get('message') or 'Unschedulable'}"
    return ""
