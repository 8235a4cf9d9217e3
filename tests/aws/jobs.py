"""AWS Batch, with jobs as processes of this machine.

Documented in the user guide (job_retries, job_timeouts, job_dependencies, array_jobs, job_env_vars) and the API reference
(EvaluateOnExit, TaskContainerProperties, SubmitJob): attempts and their conditions, the first that holds decides, none
means again; a timed-out, cancelled or terminated job is not tried again; an array fails with any child, and its other
children run on; a failed dependency fails what waits for it; `Ref::` in commands only.

Assumed, for AWS says nothing of it:
- a job of several containers has the exit code and the reason of the essential container that ended first;
- a container that could not start has no exit code, so no `onExitCode` holds for it; the job says "Task failed to start";
- a container that ran has no reason, and `*` matches that; its job says "Essential container in task exited" (seen);
- a failed child of a SEQUENTIAL array fails those after it, as every failed dependency does;
- `containerOverrides` do not go with `ecsProperties`, nor the other way round; what Step Functions adds by itself does.

A container that ends with 137 while its variable ACCIDENT says `oom` was out of memory; with `spot` or `gone`, its machine went,
and nobody knows how it ended.
"""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread
from typing import Any, NamedTuple

from moto.batch.exceptions import ClientException

from aws import rules
from aws.container import STOP_SECONDS, Container, Exit, Metadata, Task
from aws.ran import Ran

ACCOUNT = "arn:aws:batch:us-east-1:123456789012"
OVERRIDES = 8192  # characters
MANAGED = "MANAGED_BY_AWS"
EXITED, NOT_STARTED, TIMED_OUT = (
    "Essential container in task exited",
    "Task failed to start",
    "Job attempt duration exceeded timeout",
)
ACCIDENT, KILLED = "ACCIDENT", 137
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
HOST_GONE = "Host EC2 (instance i-0123456789abcdef0) terminated."
DEPENDENCY, CHILD = "Dependent Job failed", "Array Child Job failed"
_REFERENCE = re.compile(r"Ref::([A-Za-z0-9_-]+)")


class Definition(NamedTuple):
    """A revision of a job definition."""

    name: str
    revision: int
    body: Mapping[str, Any]

    @property
    def arn(self) -> str:
        return f"{ACCOUNT}:job-definition/{self.name}:{self.revision}"


class Place(NamedTuple):
    """What jobs find on this machine.

    directories  those of containers that the sandbox stands for, besides their mounts
    base         variables of every process
    second       how long a second of AWS takes
    entrypoints  of images: what is put in front of their commands
    """

    root: Path
    directories: tuple[str, ...]
    base: Mapping[str, str]
    second: float
    entrypoints: Mapping[str, tuple[str, ...]]


class Job:
    """A job, an array, or a child of one."""

    def __init__(
        self, definition: Definition, body: Mapping[str, Any], queue: str, parent: Job | None, index: int
    ) -> None:
        self.definition, self.body, self.queue, self.parent = definition, body, queue, parent
        self.index = index if parent else None
        self.id: str = f"{parent.id}:{index}" if parent else str(uuid.uuid4())
        self.children: list[Job] = []
        self.status, self.reason = "SUBMITTED", ""
        self.attempts: list[dict[str, Any]] = []
        self.tasks: list[Task] = []
        self.created, self.started, self.stopped = _now(), 0, 0
        self.stop, self.ended = Event(), Event()
        self.stop_reason = ""
        self.before: list[Job] = []  # what it waits for
        self.given: Any = None  # the input of the state that submitted it

    @property
    def size(self) -> int | None:
        size: int | None = self.body.get("arrayProperties", {}).get("size")
        return None if self.parent else size

    def setting(self, name: str) -> Mapping[str, Any]:
        """What was submitted, or else the definition's."""
        found: Mapping[str, Any] = self.body.get(name) or self.definition.body.get(name) or {}
        return found

    def parameters(self) -> dict[str, str]:
        return {**self.definition.body.get("parameters", {}), **self.body.get("parameters", {})}

    def command(self, container: Mapping[str, Any]) -> tuple[str, ...]:
        words = self._override(container).get("command") or container.get("command") or ()
        known = self.parameters()
        return tuple(_REFERENCE.sub(lambda found: known.get(found[1], found[0]), word) for word in words)

    def variables(self, container: Mapping[str, Any]) -> dict[str, str]:
        """What the definition says (Batch drops what is empty), then the override."""
        own = {each["name"]: each["value"] for each in container.get("environment", ()) if each.get("value")}
        secret = {each["name"]: f"<{each['valueFrom']}>" for each in container.get("secrets", ())}
        entries = [*self._managed(), *self._override(container).get("environment", ())]
        return {**own, **secret, **{each["name"]: each.get("value", "") for each in entries}}

    def _managed(self) -> list[Mapping[str, str]]:
        entries = self.body.get("containerOverrides", {}).get("environment", ())
        return [entry for entry in entries if entry["name"] == MANAGED]

    def _override(self, container: Mapping[str, Any]) -> Mapping[str, Any]:
        if "containerProperties" in self.definition.body:
            found: Mapping[str, Any] = self.body.get("containerOverrides", {})
            return found
        for task in self.body.get("ecsPropertiesOverride", {}).get("taskProperties", ()):
            for one in task.get("containers", ()):
                if one.get("name") == container["name"]:
                    return dict(one)
        return {}

    def batch_variables(self, attempt: int) -> dict[str, str]:
        found = {
            "AWS_BATCH_JOB_ID": self.id,
            "AWS_BATCH_JOB_ATTEMPT": str(attempt),
            "AWS_BATCH_JQ_NAME": self.queue,
            "AWS_BATCH_CE_NAME": "here",
        }
        if self.parent:
            found["AWS_BATCH_JOB_ARRAY_INDEX"] = str(self.index)
            found["AWS_BATCH_JOB_ARRAY_SIZE"] = str(self.parent.size)
        return found

    def overrides(self) -> int:
        """How long what RunTask is given would be."""
        said = [
            {"command": self.command(one), "environment": {**self.variables(one), **self.batch_variables(1)}}
            for one in rules.containers(self.definition.body)
            if self._override(one) or self.parameters()
        ]
        return len(json.dumps(said, separators=(",", ":"))) if said else 0


class Jobs:
    """Definitions and jobs. `ran`: what ran; `broken`: what went wrong here, not in a job."""

    def __init__(self, place: Place, slots: int = 32) -> None:
        self.place = place
        self.definitions: dict[str, list[Definition]] = {}
        self.jobs: dict[str, Job] = {}
        self.ran: list[Ran] = []
        self.broken: list[BaseException] = []
        self.metadata = Metadata()
        self._slots = Semaphore(slots)
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._count = itertools.count(1)

    def tick(self) -> int:
        return next(self._count)

    def close(self) -> None:
        """End all that runs."""
        for job in list(self.jobs.values()):
            self.terminate(job.id, "closed")
        self.wait(30)
        for thread in self._threads:
            thread.join(30)
        self.metadata.close()

    def wait(self, seconds: float) -> None:
        """Until all jobs have ended."""
        end = time.monotonic() + seconds
        for job in list(self.jobs.values()):
            if not job.ended.wait(max(0.0, end - time.monotonic())):
                raise TimeoutError(f"the job {job.body['jobName']} goes on")
        if self.broken:
            raise self.broken[0]

    # What the API is asked for.

    def register(self, body: Mapping[str, Any]) -> dict[str, Any]:
        _refuse(rules.refused_definition(body))
        with self._lock:
            known = self.definitions.setdefault(body["jobDefinitionName"], [])
            made = Definition(body["jobDefinitionName"], len(known) + 1, body)
            known.append(made)
        return {"jobDefinitionName": made.name, "jobDefinitionArn": made.arn, "revision": made.revision}

    def describe_definitions(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        every = [one for known in self.definitions.values() for one in known]
        names = asked.get("jobDefinitions") or ([asked["jobDefinitionName"]] if "jobDefinitionName" in asked else [])
        chosen = [one for one in every if not names or {one.name, f"{one.name}:{one.revision}", one.arn} & set(names)]
        facts = [{"jobDefinitionArn": one.arn, "revision": one.revision, "status": "ACTIVE"} for one in chosen]
        return {"jobDefinitions": [{**one.body, **fact} for one, fact in zip(chosen, facts, strict=True)]}

    def submit(self, body: Mapping[str, Any], queue: str) -> dict[str, Any]:
        _refuse(rules.refused_job(body))
        definition = self._definition(body["jobDefinition"])
        self._fits(definition, body)
        job = Job(definition, body, queue, None, 0)
        job.children = [Job(definition, body, queue, job, index) for index in range(job.size or 0)]
        self._order(job)
        leaves = job.children or [job]
        with self._lock:
            self.jobs.update({one.id: one for one in (job, *job.children)})
            threads = [Thread(target=self._guarded, args=(self._live, one), daemon=True) for one in leaves]
            if job.children:
                threads.append(Thread(target=self._guarded, args=(self._gather, job), daemon=True))
            self._threads += threads
        for thread in threads:
            thread.start()
        return {"jobId": job.id, "jobName": body["jobName"], "jobArn": f"{ACCOUNT}:job/{job.id}"}

    def describe(self, ids: list[str]) -> dict[str, Any]:
        return {"jobs": [_described(self.jobs[one]) for one in ids if one in self.jobs]}

    def listed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        parent = asked.get("arrayJobId")
        chosen = self.jobs[parent].children if parent else [job for job in self.jobs.values() if not job.parent]
        status = asked.get("jobStatus")
        keys = ("jobArn", "jobId", "jobName", "createdAt", "status", "statusReason", "startedAt", "stoppedAt")
        return {
            "jobSummaryList": [
                {key: value for key, value in _described(job).items() if key in keys}
                for job in chosen
                if status in (None, job.status)
            ]
        }

    def terminate(self, name: str, reason: str) -> None:
        job = self.jobs.get(name)
        for one in (job, *job.children) if job else ():
            one.stop_reason = one.stop_reason or reason
            one.stop.set()

    # How a job lives.

    def _definition(self, wanted: str) -> Definition:
        name, _, revision = wanted.rpartition("/")[2].partition(":")
        known = self.definitions.get(name, [])
        found = [one for one in known if not revision or str(one.revision) == revision]
        if not found:
            raise ClientException(f"JobDefinition: {wanted} does not exist or is not active.")
        return found[-1]

    def _fits(self, definition: Definition, body: Mapping[str, Any]) -> None:
        own = body.get("containerOverrides", {})
        extra = [each for each in own.get("environment", ()) if each["name"] != MANAGED]
        if "ecsProperties" in definition.body and (extra or set(own) - {"environment"}):
            raise ClientException("containerOverrides are not for a job definition with ecsProperties")
        if "containerProperties" in definition.body and "ecsPropertiesOverride" in body:
            raise ClientException("ecsPropertiesOverride is not for a job definition with containerProperties")
        names = {one["name"] for one in rules.containers(definition.body)}
        for task in body.get("ecsPropertiesOverride", {}).get("taskProperties", ()):
            for one in task.get("containers", ()):
                if one.get("name") not in names:
                    raise ClientException(f"ecsPropertiesOverride: no container {one.get('name')!r}")

    def _order(self, job: Job) -> None:
        """What the job, or each of its children, waits for."""
        for wish in job.body.get("dependsOn", ()):
            kind, name = wish.get("type"), wish.get("jobId")
            if kind == "SEQUENTIAL":
                if name or not job.children:
                    raise ClientException("SEQUENTIAL is for arrays, and without a jobId")
                for before, child in itertools.pairwise(job.children):
                    child.before.append(before)
                continue
            other = self.jobs.get(name or "")
            if other is None:
                raise ClientException(f"dependsOn: no job {name!r}")
            if kind == "N_TO_N":
                if not job.children or len(other.children) != len(job.children):
                    raise ClientException("N_TO_N is for two arrays of the same size")
                for before, child in zip(other.children, job.children, strict=True):
                    child.before.append(before)
            else:
                for child in job.children or [job]:
                    child.before.append(other)

    def _guarded(self, live: Callable[[Job], None], job: Job) -> None:
        try:
            live(job)
        except BaseException as error:
            self.broken.append(error)
            _end(job, "FAILED", f"the tests' own mistake: {error!r}")

    def _live(self, job: Job) -> None:
        job.status = "PENDING"
        for other in job.before:
            while not other.ended.wait(0.01):
                if job.stop.is_set():
                    return _end(job, "FAILED", job.stop_reason)
            if other.status == "FAILED":
                return _end(job, "FAILED", DEPENDENCY)
        if job.overrides() > OVERRIDES:
            return _end(job, "FAILED", f"Container Overrides length must be at most {OVERRIDES}")
        job.status = "RUNNABLE"
        while not self._slots.acquire(timeout=0.01):
            if job.stop.is_set():
                return _end(job, "FAILED", job.stop_reason)
        try:
            self._try(job)
        finally:
            self._slots.release()

    def _try(self, job: Job) -> None:
        strategy = job.setting("retryStrategy")
        most = strategy.get("attempts", 1)
        for attempt in itertools.count(1):
            if job.stop.is_set():
                return _end(job, "FAILED", job.stop_reason)
            ended, said = self._attempt(job, attempt)
            if ended.code == 0 and said == EXITED:
                return _end(job, "SUCCEEDED", said)
            again = attempt < most and said != TIMED_OUT and not job.stop.is_set()
            if not again or not tries_again(strategy, ended.code, ended.reason, said):
                return _end(job, "FAILED", said)
            job.status = "RUNNABLE"
        return None

    def _attempt(self, job: Job, attempt: int) -> tuple[Exit, str]:
        """One attempt: how its container ended, and what the job says of it."""
        key = f"{self.tick():06d}"
        stop = job.stop
        found = [self._container(job, attempt, each, key) for each in rules.containers(job.definition.body)]
        task = Task(found, self.place.base, self.tick, self.place.second, stop)
        self.metadata.tasks[key] = task
        job.tasks.append(task)
        job.status, began = "RUNNING", _now()
        job.started = job.started or began
        task.run(job.setting("timeout").get("attemptDurationSeconds"))
        gone = _suffered(job, task)
        ended = task.exits.get(task.decided) or Exit(None)
        if task.timed_out:
            said = TIMED_OUT
        elif stop.is_set():
            said = job.stop_reason
        else:
            said = EXITED if ended.code is not None else NOT_STARTED
            said = HOST_GONE if gone else said
        if task.timed_out or stop.is_set():
            last = [one for name, one in task.exits.items() if task.containers[name].essential and one.code is not None]
            ended = last[-1] if last else Exit(None)
        job.attempts.append(_attempted(job, task, ended, said, began))
        self._record(job, attempt, task)
        return ended, said

    def _record(self, job: Job, attempt: int, task: Task) -> None:
        for each in rules.containers(job.definition.body):
            ended = task.exits.get(each["name"])
            if ended is None or not ended.started:
                continue
            one = Ran(
                job=job.body["jobName"],
                definition=job.definition.name,
                index=job.index,
                attempt=attempt,
                command=job.command(each),
                env={**job.variables(each), **job.batch_variables(attempt)},
                started=ended.started,
                ended=ended.ended,
                exit_code=ended.code,
                printed=ended.printed,
                said=ended.said,
                container=each["name"],
                reason=ended.reason,
                job_id=job.id,
            )
            with self._lock:
                self.ran.append(one)

    def _container(self, job: Job, attempt: int, each: Mapping[str, Any], key: str) -> Container:
        root = self.place.root / key / each["name"]
        volumes = {one["name"]: one for one in rules.task(job.definition.body).get("volumes", ())}
        memory = [one["containerPath"] for one in each.get("linuxParameters", {}).get("tmpfs", ())]
        folders = {path: root / path.lstrip("/") for path in (*self.place.directories, *memory)}
        mounts = each.get("mountPoints", ())
        for mount in mounts:
            folders[mount["containerPath"]] = self._volume(volumes[mount["sourceVolume"]], key)
        metadata = {"ECS_CONTAINER_METADATA_URI_V4": self.metadata.address(key, each["name"])}
        command = job.command(each)
        return Container(
            name=each["name"],
            command=(*self.place.entrypoints.get(each["image"], ()), *command),
            env={**metadata, **job.variables(each), **job.batch_variables(attempt)},
            root=root,
            folders=folders,
            mounts=(*memory, *(mount["containerPath"] for mount in mounts)),
            essential=each.get("essential", True),
            depends=tuple((one["containerName"], one["condition"]) for one in each.get("dependsOn", ())),
            stop_seconds=each.get("stopTimeout", STOP_SECONDS),
        )

    def _volume(self, volume: Mapping[str, Any], key: str) -> Path:
        """A volume's folder: the task's own, unless it is a file system's or the machine's."""
        if "efsVolumeConfiguration" in volume:
            system = volume["efsVolumeConfiguration"]
            return self.place.root.joinpath("efs", system["fileSystemId"], system.get("rootDirectory", "").lstrip("/"))
        source = (volume.get("host") or {}).get("sourcePath")
        if source:
            return self.place.root / "host" / str(source).lstrip("/")
        return self.place.root / key / "volumes" / str(volume["name"])

    def _gather(self, job: Job) -> None:
        """An array ends with the last of its children."""
        job.status = "PENDING"
        for child in job.children:
            child.ended.wait()
        failed = any(child.status == "FAILED" for child in job.children)
        _end(job, "FAILED" if failed else "SUCCEEDED", (job.stop_reason or CHILD) if failed else "")


def _suffered(job: Job, task: Task) -> bool:
    """Note the accidents of a task; whether its machine went."""
    gone = False
    for each in rules.containers(job.definition.body):
        ended, accident = task.exits.get(each["name"]), job.variables(each).get(ACCIDENT)
        if ended is not None and ended.code == KILLED and accident == "oom":
            task.exits[each["name"]] = ended._replace(reason=OUT_OF_MEMORY)
        gone |= ended is not None and ended.code == KILLED and accident in ("spot", "gone")
    if gone:
        task.exits = {name: ended._replace(code=None) for name, ended in task.exits.items()}
    return gone


def tries_again(strategy: Mapping[str, Any], code: int | None, reason: str, said: str) -> bool:
    """Whether the job is tried again: the first entry that matches says it, and none says yes.

    >>> tries_again({"evaluateOnExit": [{"onExitCode": "4*", "action": "RETRY"}, {"onReason": "*", "action": "exit"}]}, 42, "", "")
    True
    """
    for entry in strategy.get("evaluateOnExit", ()):
        values = {"onExitCode": None if code is None else str(code), "onReason": reason, "onStatusReason": said}
        if all(_matches(entry[name], value) for name, value in values.items() if name in entry):
            return bool(entry["action"].upper() == "RETRY")
    return True


def _matches(pattern: str, value: str | None) -> bool:
    if value is None:
        return False
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ClientException("; ".join(problems))


def _now() -> int:
    return int(time.time() * 1000)


def _end(job: Job, status: str, reason: str) -> None:
    job.reason, job.stopped, job.status = reason, _now(), status
    job.ended.set()


def _seen(job: Job, each: Mapping[str, Any], ended: Exit | None) -> dict[str, Any]:
    """A container, as DescribeJobs shows it."""
    found = {key: value for key, value in each.items() if key not in ("command", "environment")}
    found["command"] = list(job.command(each))
    found["environment"] = [{"name": name, "value": value} for name, value in job.variables(each).items()]
    return {**found, **_exited(ended)}


def _exited(ended: Exit | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if ended and ended.code is not None:
        found["exitCode"] = ended.code
    if ended and ended.reason:
        found["reason"] = ended.reason[:255]
    return found


def _attempted(job: Job, task: Task, ended: Exit, said: str, began: int) -> dict[str, Any]:
    found = {"startedAt": began, "stoppedAt": _now(), "statusReason": said}
    if "containerProperties" in job.definition.body:
        return {"container": {**_exited(ended), "networkInterfaces": []}, **found}
    several = [{"name": name, **_exited(task.exits.get(name))} for name in task.containers]
    return {"taskProperties": [{"containers": several}], "container": {}, **found}


def _described(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = {
        "jobArn": f"{ACCOUNT}:job/{job.id}",
        "jobId": job.id,
        "jobName": job.body["jobName"],
        "jobQueue": f"{ACCOUNT}:job-queue/{job.queue}",
        "jobDefinition": job.definition.arn,
        "status": job.status,
        "createdAt": job.created,
        "dependsOn": job.body.get("dependsOn", []),
        "parameters": job.parameters(),
        "attempts": job.attempts,
        "retryStrategy": {"attempts": 1, "evaluateOnExit": [], **job.setting("retryStrategy")},
        "tags": job.body.get("tags", {}),
    }
    times = {"startedAt": job.started, "stoppedAt": job.stopped, "statusReason": job.reason}
    found.update({key: value for key, value in times.items() if value})
    if job.setting("timeout"):
        found["timeout"] = job.setting("timeout")
    if job.children:
        states = ["STARTING", "FAILED", "RUNNING", "SUCCEEDED", "RUNNABLE", "SUBMITTED", "PENDING"]
        counts = {state: sum(child.status == state for child in job.children) for state in states}
        found["arrayProperties"] = {"size": len(job.children), "statusSummary": counts}
    elif job.parent:
        found["arrayProperties"] = {"index": job.index, "statusSummary": {}}
    exits = job.tasks[-1].exits if job.tasks else {}
    seen = [_seen(job, each, exits.get(each["name"])) for each in rules.containers(job.definition.body)]
    if "ecsProperties" in job.definition.body:
        found["ecsProperties"] = {"taskProperties": [{**rules.task(job.definition.body), "containers": seen}]}
        found["container"] = {}
    else:
        del seen[0]["name"]
        found["container"] = seen[0]
    return found
