"""What AWS Batch refuses: bodies of RegisterJobDefinition and SubmitJob, judged by botocore's model and by its texts.

The model knows members, types and what is required. Enums, maxima and what is written in prose are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
PATTERNS = {
    "onExitCode": re.compile(r"[0-9]*\*?"),
    "onReason": re.compile(r"[A-Za-z0-9.:\s]*\*?"),
    "onStatusReason": re.compile(r"[A-Za-z0-9.:\s]*\*?"),
}
KINDS = ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties")
RESERVED = "AWS_BATCH"


@cache
def model(service: str) -> Any:
    """A service's API, as botocore knows it."""
    return botocore.session.get_session().get_service_model(service)


def shape(service: str, operation: str) -> Any:
    """What an operation is given."""
    return model(service).operation_model(operation).input_shape


def check(operation: str, body: Mapping[str, Any]) -> list[str]:
    """Members, types, what is required, enums, maxima."""
    wanted = shape("batch", operation)
    report = ParamValidator().validate(body, wanted)
    return [report.generate_report()] if report.has_errors() else list(_walk(body, wanted, ""))


def _walk(value: Any, wanted: Any, place: str) -> Iterator[str]:
    kind = wanted.type_name
    if kind == "structure":
        for name, inner in value.items():
            yield from _walk(inner, wanted.members[name], f"{place}.{name}")
    elif kind in ("list", "map"):
        most = wanted.metadata.get("max")
        if most is not None and len(value) > most:
            yield f"{place}: {len(value)} > {most}"
        for key, inner in enumerate(value) if kind == "list" else value.items():
            yield from _walk(inner, wanted.member if kind == "list" else wanted.value, f"{place}[{key}]")
    elif kind == "string" and wanted.enum and value not in wanted.enum:
        yield f"{place}: {value!r} not in {wanted.enum}"
    elif kind in ("integer", "long") and isinstance(value, bool):
        yield f"{place}: {value!r} is no number"


def refused_definition(body: Mapping[str, Any]) -> list[str]:
    """Why RegisterJobDefinition would not take it."""
    found = check("RegisterJobDefinition", body)
    return found or [*_definition(body), *_containers(body), *_trying(body)]


def refused_job(body: Mapping[str, Any]) -> list[str]:
    """Why SubmitJob would not take it, whatever the definition."""
    return check("SubmitJob", body) or [*_job(body), *_trying(body)]


def containers(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A definition's containers; the one of `containerProperties` is named `default`, as AWS names it."""
    if "ecsProperties" in body:
        return list(body["ecsProperties"]["taskProperties"][0]["containers"])
    return [{"name": "default", **body.get("containerProperties", {})}]


def task(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What says the volumes."""
    found: Mapping[str, Any] = body.get("containerProperties") or body["ecsProperties"]["taskProperties"][0]
    return found


def _definition(body: Mapping[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(body["jobDefinitionName"]):
        yield f"jobDefinitionName: {body['jobDefinitionName']!r}"
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) != 1:
        yield f"exactly one of {', '.join(KINDS)}: {kinds}"
    if "tags" in body and not body["tags"]:
        yield "tags: empty"


def _containers(body: Mapping[str, Any]) -> Iterator[str]:
    if "containerProperties" not in body and "ecsProperties" not in body:
        return
    if "ecsProperties" in body and len(body["ecsProperties"]["taskProperties"]) != 1:
        yield "taskProperties: exactly one task"
        return
    volumes = {volume["name"] for volume in task(body).get("volumes", ())}
    fargate = "FARGATE" in body.get("platformCapabilities", ())
    if fargate and any("host" in volume for volume in task(body).get("volumes", ())):
        yield "volumes.host: not on Fargate"
    found = containers(body)
    names = [container.get("name") for container in found]
    if len(set(names)) != len(names) or None in names or not 1 <= len(names) <= 10:
        yield f"containers' names: {names}"
    if not any(container.get("essential", True) for container in found):
        yield "all jobs must have at least one essential container"
    waited = {
        wish["containerName"]
        for container in found
        for wish in container.get("dependsOn", ())
        if wish["condition"] != "START"
    }
    for container in found:
        yield from _container(container, volumes)
        if container["name"] in waited and container.get("essential", True):
            yield "a dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
        for wish in container.get("dependsOn", ()):
            if wish["containerName"] not in names:
                yield f"{container['name']}: depends on {wish['containerName']!r}, which is not there"


def _container(container: Mapping[str, Any], volumes: set[str]) -> Iterator[str]:
    name = container["name"]
    if not container.get("image") or len(container["image"]) > 255:
        yield f"{name}: image"
    needs = {need["type"]: need["value"] for need in container.get("resourceRequirements", ())}
    if "VCPU" not in needs or "MEMORY" not in needs:
        yield f"{name}: resourceRequirements say VCPU and MEMORY"
    elif not needs["MEMORY"].isdecimal() or int(needs["MEMORY"]) < 4:
        yield f"{name}: MEMORY {needs['MEMORY']}"
    for mount in container.get("mountPoints", ()):
        if mount.get("sourceVolume") not in volumes:
            yield f"{name}: mounts {mount.get('sourceVolume')!r}, which is no volume"
    yield from _environment(container.get("environment", ()), name)


def _environment(entries: Any, place: str) -> Iterator[str]:
    names = [entry.get("name", "") for entry in entries]
    yield from (f"{place}: variable {name!r}" for name in names if not name or name.startswith(RESERVED))
    yield from (f"{place}: variable {name!r} twice" for name in {name for name in names if names.count(name) > 1})


def _job(body: Mapping[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(body["jobName"]):
        yield f"jobName: {body['jobName']!r}"
    size = body.get("arrayProperties", {}).get("size")
    if size is not None and not 2 <= size <= 10_000:
        yield f"arrayProperties.size: {size}"
    if len(body.get("dependsOn", ())) > 20:
        yield f"dependsOn: {len(body['dependsOn'])} jobs, at most 20"
    overrides = [body.get("containerOverrides", {})]
    for one in body.get("ecsPropertiesOverride", {}).get("taskProperties", ()):
        overrides += one.get("containers", ())
    for one in overrides:
        if "" in one.get("command", ()):
            yield "command: an empty string"
        yield from _environment(one.get("environment", ()), "override")


def _trying(body: Mapping[str, Any]) -> Iterator[str]:
    strategy = body.get("retryStrategy", {})
    if not 1 <= strategy.get("attempts", 1) <= 10:
        yield f"attempts: {strategy['attempts']}"
    entries = strategy.get("evaluateOnExit", ())
    if entries and "attempts" not in strategy:
        yield "evaluateOnExit needs attempts"
    if len(entries) > 5:
        yield f"evaluateOnExit: {len(entries)} entries, at most 5"
    for entry in entries:
        for name, pattern in PATTERNS.items():
            if name in entry and (len(entry[name]) > 512 or not pattern.fullmatch(entry[name])):
                yield f"{name}: {entry[name]!r}"
    seconds = body.get("timeout", {}).get("attemptDurationSeconds", 60)
    if seconds < 60:
        yield f"attemptDurationSeconds: {seconds}, at least 60"
