"""Small job definitions and state machines, written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SUBMIT = "arn:aws:states:::batch:submitJob.sync"
ROLE = "arn:aws:iam::123456789012:role/flow"
NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "4"}]


def job(name: str, *command: str, env: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A job of one container."""
    found: dict[str, Any] = {"image": "i", "resourceRequirements": NEEDS, "environment": pairs(env or {})}
    if command:
        found["command"] = list(command)
    return {"jobDefinitionName": name, "type": "container", "containerProperties": found, **more}


def shell(name: str, script: str, **more: Any) -> dict[str, Any]:
    return job(name, "sh", "-c", script, **more)


def container(name: str, script: str, **more: Any) -> dict[str, Any]:
    command = {} if script == "" else {"command": ["sh", "-c", script]}
    return {"name": name, "image": "i", **command, "resourceRequirements": NEEDS, **more}


def several(name: str, *containers: Mapping[str, Any], volumes: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A job of several containers."""
    task = {"containers": list(containers), "volumes": [{"name": volume, "host": {}} for volume in volumes]}
    return {"jobDefinitionName": name, "type": "container", "ecsProperties": {"taskProperties": [task]}, **more}


def after(name: str, condition: str = "COMPLETE") -> list[dict[str, str]]:
    return [{"containerName": name, "condition": condition}]


def mount(volume: str, path: str) -> list[dict[str, str]]:
    return [{"sourceVolume": volume, "containerPath": path}]


def pairs(env: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in env.items()]


def submit(name: str, *, env: Mapping[str, str] | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    """A state that runs a job, and ends its flow if it has no Next."""
    said = {"JobName": name, "JobQueue": "q", "JobDefinition": name, **(arguments or {})}
    if env:
        said["ContainerOverrides"] = {"Environment": [{"Name": key, "Value": value} for key, value in env.items()]}
    return ended({"Type": "Task", "Resource": SUBMIT, "Arguments": said, **more})


def ended(state: dict[str, Any]) -> dict[str, Any]:
    if "Next" in state or state["Type"] in ("Choice", "Succeed", "Fail"):
        return state
    return {**state, "End": True}


def flow(start: str, **states: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": {name: ended(state) for name, state in states.items()}}


def machine(start: str, **states: Any) -> dict[str, Any]:
    """What `create_state_machine` is given."""
    body = {"QueryLanguage": "JSONata", **flow(start, **states)}
    return {"name": "m", "type": "STANDARD", "roleArn": ROLE, "definition": json.dumps(body)}


def each(items: str, processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Map."""
    return ended({"Type": "Map", "Items": items, "ItemProcessor": processor, **more})
