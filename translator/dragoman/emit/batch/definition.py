"""A step as a job definition: everything of it that is known at render.

The input of RegisterJobDefinition. A step whose outputs are read has a second container, which hands them on when the
first has ended; only `ecsProperties` have several.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dragoman.emit.batch.judge.fargate import fargate, millis
from dragoman.emit.batch.names import LONGEST, named
from dragoman.emit.batch.settings import Settings
from dragoman.emit.objects import drop_empty
from dragoman.emit.scripts import flag
from dragoman.expr.text import Template
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Amount, Container, EnvSource, Plan, Resources, Step, Volume

MAIN, CARRIER = "main", "dragoman-outputs"
OUTPUTS = "dragoman-outputs"
MIB = 2**20
CARRIER_CPU, CARRIER_MEMORY = 250, 128  # thousandths of a core, MiB
LEAST: Mapping[str, int] = {"cpu": 1000, "memory": 4096 * MIB}
MOST_ATTEMPTS = 10
KILLED = 137  # how a container ends that has used more memory than its limit
_REFERENCE = re.compile(r"Ref::([A-Za-z0-9_-]+)")


def job_definition(
    plan: Plan, step: Step, name: str, options: Settings, *, hands_on: bool, retries: bool
) -> dict[str, Any]:
    """The definition of a step.

    hands_on  whether its outputs are read
    retries   whether Batch itself retries, rather than the state machine
    """
    container = step.container
    assert container is not None
    command = _command(container)
    body = {
        "jobDefinitionName": name,
        "type": "container",
        "parameters": _parameters(command),
        "platformCapabilities": [options.platform],
        "retryStrategy": _retry(step) if retries and step.retry is not None and step.retry.limit else None,
        "timeout": {"attemptDurationSeconds": step.timeout} if step.timeout is not None else None,
        "schedulingPriority": options.schedulingPriority,
        "tags": _tags(plan),
        "propagateTags": True if plan.labels else None,
    }
    main = _container(step, container, command, options, beside=hands_on)
    if hands_on:
        body["ecsProperties"] = {"taskProperties": [_task(step, container, main, options)]}
    else:
        body["containerProperties"] = drop_empty({**main, **_machine(step, container, options)})
    body = drop_empty(body)
    if options.revisioning == "hashed":
        body["jobDefinitionName"] = hashed(name, body)
    return body


def hashed(name: str, body: Mapping[str, Any]) -> str:
    """A name that is another one for another content: what runs keeps the definition that it began with."""
    from hashlib import sha256
    from json import dumps

    ending = sha256(dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:8]
    return f"{named([name], LONGEST - 9)}-{ending}"


def _container(
    step: Step, container: Container, command: list[str], options: Settings, *, beside: bool
) -> dict[str, Any]:
    """What `containerProperties` and a container of `ecsProperties` have in common."""
    return drop_empty(
        {
            "image": known(container.image),
            "command": command,
            "environment": _environment(step, container),
            "secrets": _secrets(container, options),
            "resourceRequirements": requirements(container, options, beside=beside),
            "mountPoints": _mount_points(step, container),
            "linuxParameters": _linux(container),
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": options.logGroup}}
            if options.logGroup
            else None,
        }
    )


def _machine(step: Step, container: Container, options: Settings) -> dict[str, Any]:
    """What belongs to the task as a whole, in the words of `containerProperties`."""
    disk = container.resources.requests.get("disk")
    return {
        "jobRoleArn": role(options.jobRole, options),
        "executionRoleArn": role(options.executionRole, options),
        "volumes": _volumes(step, container, options),
        "ephemeralStorage": {"sizeInGiB": max(21, -(-disk // 2**30))}
        if isinstance(disk, int) and options.platform == "FARGATE"
        else None,
    }


def _task(step: Step, container: Container, main: dict[str, Any], options: Settings) -> dict[str, Any]:
    """Two containers: what others wait for may not be essential (ECS, ContainerDependency).

    The second one ends as the first did. It waits for COMPLETE: after a failure, one that waits for SUCCESS may hang
    (aws/containers-roadmap#817).
    """
    machine = _machine(step, container, options)
    carrier = {
        "name": CARRIER,
        "image": options.image,
        "command": ["dragoman", "store", "--after", MAIN, *_files(step)],
        "essential": True,
        "dependsOn": [{"containerName": MAIN, "condition": "COMPLETE"}],
        "resourceRequirements": [
            {"type": "VCPU", "value": f"{CARRIER_CPU / 1000:g}" if options.platform == "FARGATE" else "1"},
            {"type": "MEMORY", "value": str(CARRIER_MEMORY)},
        ],
        "mountPoints": [{"sourceVolume": OUTPUTS, "containerPath": DIRECTORY}],
    }
    return drop_empty(
        {
            "containers": [{"name": MAIN, "essential": False, **main}, carrier],
            "taskRoleArn": machine["jobRoleArn"],
            "executionRoleArn": machine["executionRoleArn"],
            "volumes": machine["volumes"],
            "ephemeralStorage": machine["ephemeralStorage"],
        }
    )


def _files(step: Step) -> list[str]:
    """Outputs without a default must be there."""
    words: list[str] = []
    for output in step.outputs.values():
        entry = f"{output.name}={output.path}"
        words += [entry] if output.default is None else ["--optional", entry]
    return words


def _command(container: Container) -> list[str]:
    """Words that are known; those that are not stand for themselves until the job is submitted."""
    if container.script is not None:
        inline = flag(container.script.interpreter[0])
        assert inline is not None, "told before"
        return [*container.script.interpreter, inline, container.script.source]
    return [known(word) for word in (*(container.command or ()), *(container.args or ()))]


def _parameters(command: list[str]) -> dict[str, str]:
    """Batch puts parameters in for `Ref::name`: those that a command happens to hold stand for themselves."""
    return {name: f"Ref::{name}" for word in command for name in _REFERENCE.findall(word)}


def _environment(step: Step, container: Container) -> list[dict[str, str]]:
    own = [{"name": "DRAGOMAN_OUTPUTS", "value": DIRECTORY}] if step.outputs else []
    texts = {name: value for name, value in container.env.items() if isinstance(value, str)}
    return [*own, *({"name": name, "value": value} for name, value in texts.items())]


def _secrets(container: Container, options: Settings) -> list[dict[str, str]]:
    return [
        {"name": name, "valueFrom": options.secrets.get(f"{value.name}/{value.key}", "")}
        for name, value in container.env.items()
        if isinstance(value, EnvSource)
    ]


def requirements(container: Container, options: Settings, *, beside: bool) -> list[dict[str, str]]:
    """What is reserved, which Batch also makes the limit; amounts from data are in the submission.

    beside  whether the carrier runs beside: on Fargate they share one size
    """
    amounts = container.resources
    cpu, memory = reserved(amounts)
    if options.platform == "FARGATE":
        given = share(cpu, memory, beside=beside)
        assert given is not None, "told before"
        shown = f"{given[0] / 1000:g}", str(given[1])
    else:
        shown = str(max(1, -(-cpu // 1000))), str(max(4, -(-memory // MIB)))
    found = [{"type": "VCPU", "value": shown[0]}, {"type": "MEMORY", "value": shown[1]}]
    gpu = amounts.requests.get("gpu")
    if isinstance(gpu, int) and gpu:
        found.append({"type": "GPU", "value": str(gpu)})
    return found


def reserved(amounts: Resources) -> tuple[int, int]:
    """Thousandths of a core and bytes that a container reserves."""
    return _settled(amounts, "cpu", amounts.requests), _settled(amounts, "memory", amounts.requests, amounts.limits)


def share(cpu: int, memory: int, *, beside: bool) -> tuple[int, int] | None:
    """What a container of so many thousandths of a core and bytes has of the smallest size of Fargate for it.

    Thousandths of a core and MiB, less what the carrier takes where it runs beside; None where no size is enough.
    """
    taken = (CARRIER_CPU, CARRIER_MEMORY) if beside else (0, 0)
    size = fargate(cpu + taken[0], memory + taken[1] * MIB)
    return None if size is None else (millis(size[0]) - taken[0], size[1] - taken[1])


def _settled(amounts: Resources, key: str, *blocks: Mapping[str, Amount]) -> int:
    """The larger of a request and a limit; of amounts from data their bound: a submission says them."""
    found = [block[key] for block in blocks if key in block]
    known_ones = [amount for amount in found if isinstance(amount, int)]
    if known_ones and len(known_ones) == len(found):
        return max(known_ones)
    return amounts.bounds.get(key, LEAST[key])


def _linux(container: Container) -> dict[str, Any] | None:
    shm = container.resources.shm
    tmpfs = [
        {"containerPath": volume.mount, "size": max(1, -(-(volume.size or 64 * MIB) // MIB))}
        for volume in container.volumes
        if volume.kind == "emptyDir" and volume.medium == "Memory"
    ]
    return drop_empty({"sharedMemorySize": None if shm is None else -(-shm // MIB), "tmpfs": tmpfs}) or None


def _on_disk(container: Container) -> list[tuple[int, Volume]]:
    return [
        (number, volume)
        for number, volume in enumerate(container.volumes)
        if volume.kind == "pvc" or (volume.kind == "emptyDir" and volume.medium != "Memory")
    ]


def _mount_points(step: Step, container: Container) -> list[dict[str, Any]]:
    own = [{"sourceVolume": OUTPUTS, "containerPath": DIRECTORY}] if step.outputs else []
    return [
        *own,
        *(
            drop_empty(
                {
                    "sourceVolume": f"volume-{number}",
                    "containerPath": volume.mount,
                    "readOnly": volume.read_only or None,
                }
            )
            for number, volume in _on_disk(container)
        ),
    ]


def _volumes(step: Step, container: Container, options: Settings) -> list[dict[str, Any]]:
    shared: dict[str, Any] = {} if options.platform == "FARGATE" else {"host": {}}
    own: list[dict[str, Any]] = [{"name": OUTPUTS, **shared}] if step.outputs else []
    for number, volume in _on_disk(container):
        if volume.kind == "emptyDir":
            own.append({"name": f"volume-{number}", **shared})
        else:
            own.append({"name": f"volume-{number}", **_file_system(options.volumes.get(volume.name) or {}, volume)})
    return own


def _file_system(place: Mapping[str, Any], volume: Volume) -> dict[str, Any]:
    """What stands for a claim: an EFS file system, or a folder of the instances."""
    if "path" in place:
        return {"host": {"sourcePath": place["path"]}}
    return {
        "efsVolumeConfiguration": drop_empty(
            {
                "fileSystemId": place.get("efs"),
                "rootDirectory": None if volume.sub_path is None else f"/{volume.sub_path}",
                "transitEncryption": "ENABLED",
            }
        )
    }


def _retry(step: Step) -> dict[str, Any]:
    """Batch counts attempts; the first entry that matches decides, and where none does, it retries."""
    retry = step.retry
    assert retry is not None
    strategy: dict[str, Any] = {"attempts": min(retry.limit + 1, MOST_ATTEMPTS)}
    if retry.causes:
        strategy["evaluateOnExit"] = [*_entries(retry.causes), {"onReason": "*", "action": "EXIT"}]
    return strategy


def _entries(causes: tuple[str | int, ...]) -> list[dict[str, str]]:
    found = []
    for cause in causes:
        if cause == "spot":
            found.append({"onStatusReason": "Host EC2*", "action": "RETRY"})
        elif cause == "oom":
            found.append({"onReason": "OutOfMemoryError*", "action": "RETRY"})
            found.append({"onExitCode": str(KILLED), "action": "RETRY"})
        elif cause == "error":
            found.append({"onExitCode": "*", "action": "RETRY"})
        elif isinstance(cause, int):
            found.append({"onExitCode": str(cause), "action": "RETRY"})
    return found


def _tags(plan: Plan) -> dict[str, str]:
    return {**plan.labels, "dragoman.dev/flow": plan.name}


def role(name: str | None, options: Settings) -> str | None:
    """A role by its name or its ARN."""
    if name is None or name.startswith("arn:"):
        return name
    return f"arn:{options.partition}:iam::{options.account}:role/{name}"


def known(value: str | Template) -> str:
    """A text that is known at render; of others, what is known of them."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else "" for part in value.parts)
