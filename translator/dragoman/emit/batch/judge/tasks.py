"""Rules of `ecsProperties`: one task of up to ten containers that wait for one another.

From the documentation of `EcsProperties`, `TaskContainerProperties` and `TaskContainerDependency` in botocore's model.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, choice, problem, shown

from . import containers, platforms, resources, volumes
from .volumes import NAME

MOST = 10
_CONDITIONS = ("START", "COMPLETE", "SUCCESS")
_MODES = (("ipcMode", ("host", "task", "none")), ("pidMode", ("host", "task")), ("networkMode", ("host",)))
_WAIT = 120  # seconds, on Fargate


def judge(given: Body, at: Pointer, platform: str) -> Iterator[Problem]:
    """What is wrong with the tasks of a job: there is one."""
    tasks = given.get("taskProperties", ())
    if "taskProperties" in given and len(tasks) != 1:
        yield problem((*at, "taskProperties"), f"has {len(tasks)} tasks, not one", "put all containers into one task")
    for index, task in enumerate(tasks):
        yield from _task(task, (*at, "taskProperties", index), platform)


def _task(task: Body, at: Pointer, platform: str) -> Iterator[Problem]:
    found = task.get("containers", ())
    yield from platforms.owner(task, at, platform)
    yield from containers.roles(task, at, ("taskRoleArn", "executionRoleArn"))
    if "volumes" in task:
        yield from volumes.judge(task, at, "taskRoleArn")
    for key, words in _MODES:
        if task.get(key, words[0]) not in words:
            yield problem((*at, key), f"is {shown(task[key])}, which AWS Batch does not know", f"write {choice(words)}")
    known = volumes.names(task)
    on_windows = platforms.windows(task)
    routed = any("firelensConfiguration" in container for container in found)
    for index, container in enumerate(found):
        place = (*at, "containers", index)
        yield from containers.judge(container, place, platform, known)
        yield from platforms.container(container, place, platform, on_windows, routed)
        yield from _waits(container, place, platform)
    if platform == "FARGATE":
        yield from resources.fargate_size(list(found), (*at, "containers"))
    if "containers" in task:
        yield from _together(found, (*at, "containers"))


def _waits(container: Body, at: Pointer, platform: str) -> Iterator[Problem]:
    """A container waits two seconds or more, on Fargate two minutes at most."""
    for key in ("startTimeout", "stopTimeout"):
        seconds = container.get(key, 2)
        if seconds < 2 or (platform == "FARGATE" and seconds > _WAIT):
            most = f" to {_WAIT}" if platform == "FARGATE" else " or more"
            yield problem((*at, key), f"is {shown(seconds)}, not 2{most} seconds", f"write 2{most}")


def _together(found: list[Body], at: Pointer) -> Iterator[Problem]:
    """Up to ten containers, each with a name of its own, one of them essential, none waiting for itself."""
    if not 1 <= len(found) <= MOST:
        says = f"has {len(found)} containers" + (f", more than {MOST}" if found else "")
        yield problem(at, says, f"write 1 to {MOST}")
    names: dict[str, Body] = {}
    for index, container in enumerate(found):
        name = container.get("name", "")
        if not name:
            if len(found) > 1:
                yield problem((*at, index, "name"), "is missing", "name each of the containers")
        elif not NAME.fullmatch(name):
            says = f"is {shown(name)}, which no container can be called"
            yield problem((*at, index, "name"), says, "use letters, digits, `-` and `_`, 255 at most")
        elif name in names:
            yield problem((*at, index, "name"), f"is {shown(name)} once more", "give each container its own name")
        names.setdefault(name, container)
    if found and not any(container.get("essential", True) for container in found):
        yield problem(at, "has no essential container", "let the container that does the work be `essential: true`")
    for index, container in enumerate(found):
        yield from _dependencies(container, names, (*at, index))
    yield from _circle(names, at)


def _dependencies(container: Body, names: dict[str, Body], at: Pointer) -> Iterator[Problem]:
    """A container waits for others of the task; an essential one ends the task, so nobody can wait for its end."""
    for index, entry in enumerate(container.get("dependsOn", ())):
        place = (*at, "dependsOn", index)
        name, condition = entry.get("containerName", ""), entry.get("condition", "")
        if not name or name not in names:
            says = f"is {shown(name)}, which is no container of the task" if name else "is missing"
            yield problem((*place, "containerName"), says, f"write {choice(tuple(names)) if any(names) else 'a name'}")
        elif name == container.get("name"):
            yield problem((*place, "containerName"), "is the container itself", "leave it out")
        if condition not in _CONDITIONS:
            says = f"is {shown(condition)}, which AWS Batch does not know" if condition else "is missing"
            yield problem((*place, "condition"), says, f"write {choice(_CONDITIONS)}")
        elif condition != "START" and name in names and names[name].get("essential", True):
            says = f"is `{condition}`, but `{name}` is essential: when it ends, so does the task"
            yield problem((*place, "condition"), says, f"let `{name}` be `essential: false`, or write `START`")


def _circle(names: dict[str, Body], at: Pointer) -> Iterator[Problem]:
    """No containers wait for one another."""
    waits = {
        name: {str(entry.get("containerName", "")) for entry in container.get("dependsOn", ())} & names.keys() - {name}
        for name, container in names.items()
    }
    while free := [name for name, others in waits.items() if not others]:
        for name in free:
            del waits[name]
        for others in waits.values():
            others.difference_update(free)
    if waits:
        says = f"has containers that wait for one another, among them {choice(tuple(sorted(waits)))}"
        yield problem(at, says.replace(" or ", " and "), "let one of them begin without the others")
