"""Rules of a job definition as a whole: what kind it is, on which platform, and how large."""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONEncoder
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

from . import containers, environments, platforms, resources, strategies, tasks, volumes

PAYLOAD = 24 * 1024  # bytes, from "AWS Batch service quotas"
KINDS = ("containerProperties", "ecsProperties", "eksProperties")
_NODE_KINDS = ("container", "ecsProperties", "eksProperties")
encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def judge(body: Body, whole: Any) -> Iterator[Problem]:
    """What is wrong with a definition whose types are right; `whole` is what is sent."""
    yield from strategies.name(body.get("jobDefinitionName"), ("jobDefinitionName",))
    yield from strategies.judge(body, ())
    platform = "EC2"
    for each in _platform(body):
        if isinstance(each, str):
            platform = each
        else:
            yield each
    if body.get("type") == "multinode":
        yield from _several(body)
    else:
        yield from _one(body, platform)
    yield from environments.parameters(body.get("parameters", {}), commands(body), (), all=False)
    size = measured(whole, PAYLOAD)
    if size > PAYLOAD:
        says = f"has {size} bytes, more than the {PAYLOAD} that AWS Batch takes"
        yield problem((), says, "keep what is long in S3, and give the job its address")


def measured(value: Any, room: int, *, characters: bool = False) -> int:
    """The bytes of a value as JSON, or its characters; 0 where there is room for it at a glance.

    No character that Python writes is more than six in JSON.
    """
    try:
        if len(repr(value)) * 6 <= room:
            return 0
        text = encode(value)
    except (TypeError, ValueError):
        return 0  # said already: it is no JSON
    return len(text) if characters or text.isascii() else len(text.encode(errors="surrogatepass"))


def _platform(body: Body) -> Iterator[Problem | str]:
    """One platform, and none on EKS."""
    given = body.get("platformCapabilities")
    if "eksProperties" in body:
        for key in ("platformCapabilities", "propagateTags"):
            if key in body:
                yield problem((key,), "is nothing for a job on EKS", "leave it out")
        return
    if not given:
        return
    if len(given) > 1:
        says = f"names {len(given)} platforms, whose rules contradict each other"
        yield problem(("platformCapabilities",), says, f"write one: {choice(platforms.PLATFORMS)}")
    if given[0] in platforms.PLATFORMS:
        yield given[0]


def _one(body: Body, platform: str) -> Iterator[Problem]:
    """A job of one node has properties of one kind."""
    found = [key for key in KINDS if key in body]
    if "nodeProperties" in body:
        yield problem(("nodeProperties",), "is for jobs of `type: multinode` only", "leave it out")
    if len(found) != 1:
        says = f"has {len(found) or 'none'} of {choice(KINDS)}"
        yield problem((), says, "write exactly one of them")
    if platform == "MANAGED_INSTANCES" and "containerProperties" in body:
        says = "is nothing for ECS Managed Instances"
        yield problem(("containerProperties",), says, "describe the container in `ecsProperties`")
    if "containerProperties" in body:
        yield from _container(body["containerProperties"], ("containerProperties",), platform, single=True)
    if "ecsProperties" in body:
        yield from tasks.judge(body["ecsProperties"], ("ecsProperties",), platform)
    if "eksProperties" in body:
        from . import pods  # few jobs are pods

        yield from pods.judge(body["eksProperties"], ("eksProperties",))


def _container(given: Body, at: Pointer, platform: str, *, single: bool) -> Iterator[Problem]:
    """`containerProperties`: a container and its task in one."""
    yield from containers.judge(given, at, platform, volumes.names(given))
    yield from platforms.owner(given, at, platform)
    yield from platforms.container(given, at, platform, platforms.windows(given), routed=False)
    yield from containers.roles(given, at, ("jobRoleArn", "executionRoleArn"))
    if "volumes" in given:
        yield from volumes.judge(given, at, "jobRoleArn")
    if platform == "FARGATE":
        yield from resources.fargate_size([given], (*at, "resourceRequirements"))
    elif single and "instanceType" in given:
        says = "is for jobs of several nodes only"
        yield problem((*at, "instanceType"), says, "leave it out: the queue says on which instances its jobs run")


def _several(body: Body) -> Iterator[Problem]:
    """A job of several nodes has properties for ranges of them, and runs on EC2 or EKS."""
    from . import nodes, pods

    for key in KINDS:
        if key in body:
            yield problem((key,), "is for jobs of `type: container` only", "write `nodeProperties`")
    for index, platform in enumerate(body.get("platformCapabilities", ())):
        if platform in platforms.PLATFORMS[1:]:
            says = f"is {shown(platform)}, which runs no jobs of several nodes"
            yield problem(("platformCapabilities", index), says, "write `EC2`")
    if "nodeProperties" not in body:
        yield problem(("nodeProperties",), "is missing", "describe the nodes, or write `type: container`")
        return
    yield from nodes.judge(body["nodeProperties"], ("nodeProperties",))
    for index, part in enumerate(body["nodeProperties"].get("nodeRangeProperties", ())):
        place: Pointer = ("nodeProperties", "nodeRangeProperties", index)
        found = [key for key in _NODE_KINDS if key in part]
        if len(found) != 1:
            yield problem(place, f"has {len(found) or 'none'} of {choice(_NODE_KINDS)}", "write exactly one of them")
        if "container" in part:
            yield from _container(part["container"], (*place, "container"), "EC2", single=False)
        if "ecsProperties" in part:
            yield from tasks.judge(part["ecsProperties"], (*place, "ecsProperties"), "EC2")
        if "eksProperties" in part:
            yield from pods.judge(part["eksProperties"], (*place, "eksProperties"))


def commands(body: Body) -> list[tuple[Pointer, Any]]:
    """The commands of a definition with their places; none where the places of `Ref::` are not told (EKS)."""
    if "containerProperties" in body:
        return [(("containerProperties", "command"), body["containerProperties"].get("command"))]
    found: list[tuple[Pointer, Any]] = []
    for index, task in enumerate(body.get("ecsProperties", {}).get("taskProperties", ())):
        at: Pointer = ("ecsProperties", "taskProperties", index, "containers")
        for number, container in enumerate(task.get("containers", ())):
            found.append(((*at, number, "command"), container.get("command")))
    for index, part in enumerate(body.get("nodeProperties", {}).get("nodeRangeProperties", ())):
        at = ("nodeProperties", "nodeRangeProperties", index, "container", "command")
        found.append((at, part.get("container", {}).get("command")))
    return found
