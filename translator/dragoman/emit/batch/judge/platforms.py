"""Rules of the platforms: what Fargate, EC2 and ECS Managed Instances do not have, and Windows.

From the documentation of `RegisterJobDefinition` in botocore's model, and "Job definitions on Fargate" in the user
guide of AWS Batch. AWS takes some of these fields and then ignores them: the judge does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

PLATFORMS = ("EC2", "FARGATE", "MANAGED_INSTANCES")
_CALLED = {"EC2": "EC2", "FARGATE": "Fargate", "MANAGED_INSTANCES": "ECS Managed Instances"}
_SYSTEMS = (
    "LINUX",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_2022_FULL",
)
_CHIPS = ("X86_64", "ARM64")
# the fields that a platform does not have, in a task (or `containerProperties`) and in a container
_OWNER = {
    "EC2": [
        "networkConfiguration",
        "fargatePlatformConfiguration",
        "platformVersion",
        "ephemeralStorage",
        "runtimePlatform",
        "networkMode",
    ],
    "FARGATE": ["instanceType", "ipcMode", "networkMode"],
    "MANAGED_INSTANCES": ["networkConfiguration", "platformVersion", "ephemeralStorage"],
}
_CONTAINER = {"EC2": [], "FARGATE": ["ulimits"], "MANAGED_INSTANCES": []}
_LINUX = ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")
_WINDOWS = ("linuxParameters", "privileged", "user", "ulimits", "readonlyRootFilesystem")
_VERSION = re.compile(r"LATEST|([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")


def owner(given: Body, at: Pointer, platform: str) -> Iterator[Problem]:
    """What the platform does not have of the fields of a task or of `containerProperties`."""
    for key in _OWNER[platform]:
        if key in given:
            advice = "leave it out" + (
                ", or use the platform `FARGATE`" if platform == "EC2" and key != "networkMode" else ""
            )
            yield problem((*at, key), f"is nothing for {_CALLED[platform]}", advice)
    yield from system(given, at)
    if platform == "FARGATE":
        yield from _fargate(given, at)


def _fargate(given: Body, at: Pointer) -> Iterator[Problem]:
    """Fargate needs an execution role, has no volumes of a host, and EFS since its version 1.4.0."""
    if not given.get("executionRoleArn"):
        says = "is missing, and Fargate pulls images and writes logs with it"
        yield problem((*at, "executionRoleArn"), says, "write the ARN of the execution role")
    size = given.get("ephemeralStorage", {}).get("sizeInGiB", 21)
    if not 21 <= size <= 200:
        place = (*at, "ephemeralStorage", "sizeInGiB")
        yield problem(place, f"is {shown(size)}, and Fargate has 21 to 200 GiB", "write a number from 21 to 200")
    if "fargatePlatformConfiguration" in given:
        place = (*at, "fargatePlatformConfiguration", "platformVersion")
        version = given["fargatePlatformConfiguration"].get("platformVersion", "LATEST")
    else:
        place, version = (*at, "platformVersion"), given.get("platformVersion", "LATEST")
    found = _VERSION.fullmatch(version)
    if not found:
        yield problem(place, f"is {shown(version)}, no version of Fargate", "write `LATEST` or `1.4.0`")
    old = found and found[1] and tuple(map(int, found.groups())) < (1, 4, 0)
    for index, volume in enumerate(given.get("volumes", ())):
        if "host" in volume:
            says = "is nothing for Fargate: there is no host to share with"
            yield problem((*at, "volumes", index, "host"), says, "leave it out, or use EFS")
        elif old and "efsVolumeConfiguration" in volume:
            yield problem(place, f"is {shown(version)}, and EFS needs 1.4.0", "write `1.4.0` or `LATEST`")


def system(given: Body, at: Pointer) -> Iterator[Problem]:
    """The system and the chip are known ones; Windows runs on X86_64."""
    runs = given.get("runtimePlatform", {})
    place = (*at, "runtimePlatform")
    for key, words in (("operatingSystemFamily", _SYSTEMS), ("cpuArchitecture", _CHIPS)):
        if runs.get(key, words[0]) not in words:
            says = f"is {shown(runs[key])}, which AWS Batch does not know"
            yield problem((*place, key), says, f"write {choice(words)}")
    if windows(given):
        if runs.get("cpuArchitecture", "X86_64") != "X86_64":
            yield problem((*place, "cpuArchitecture"), "is nothing for Windows", "write `X86_64`")
        for index, volume in enumerate(given.get("volumes", ())):
            if "efsVolumeConfiguration" in volume:
                place = (*at, "volumes", index, "efsVolumeConfiguration")
                yield problem(place, "is nothing for Windows", "leave it out")


def windows(given: Body) -> bool:
    """Whether the task runs on Windows."""
    return str(given.get("runtimePlatform", {}).get("operatingSystemFamily", "")).startswith("WINDOWS")


def container(given: Body, at: Pointer, platform: str, on_windows: bool, routed: bool) -> Iterator[Problem]:
    """What the platform does not have of the fields of a container; `routed`: a container is a log router."""
    for key in _WINDOWS if on_windows else ():
        if key in given and given[key] is not False:
            yield problem((*at, key), "is nothing for Windows", "leave it out")
    for key in _CONTAINER[platform]:
        if key in given:
            yield problem((*at, key), f"is nothing for {_CALLED[platform]}", "leave it out")
    if platform != "FARGATE":
        return
    if given.get("privileged"):
        yield problem((*at, "privileged"), "is nothing for Fargate", "leave it out, or use the platform `EC2`")
    for key in _LINUX:
        if key in given.get("linuxParameters", ()):
            says = "is nothing for Fargate"
            yield problem((*at, "linuxParameters", key), says, "leave it out, or use the platform `EC2`")
    driver = given.get("logConfiguration", {}).get("logDriver", "awslogs")
    # AWS documents the two; a task with a log router of its own has the third, as every task of ECS on Fargate
    allowed = ("awslogs", "splunk", *(("awsfirelens",) if routed else ()))
    if driver not in allowed:
        says = f"is {shown(driver)}, which Fargate does not have"
        yield problem((*at, "logConfiguration", "logDriver"), says, f"write {choice(allowed)}")
