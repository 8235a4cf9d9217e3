"""Rules of a submission: the `Arguments` of one state that calls `batch:submitJob`.

From the documentation of `SubmitJob` in botocore's model, "AWS Batch service quotas", and the limit that ECS has for
the overrides of a task. None stands where a text in `{% %}` is only known when the machine runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, said, shown

from . import environments, resources, strategies
from .definitions import commands, measured
from .fargate import grid, millis, nearest
from .shapes import file, pascal

PAYLOAD = 30 * 1024  # bytes
OVERRIDES = 8192  # characters of what is overridden, as ECS counts it
DEPENDENCIES = 20
ARRAY = (2, 10_000)
# what Step Functions adds where it waits for the job
WAITING = {"name": "MANAGED_BY_AWS", "value": "STARTED_BY_STEP_FUNCTIONS"}
_WORD = re.compile(r"`([a-z]\w+)`")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}\*?")
_DEFINITION = re.compile(r"([A-Za-z0-9_-]{1,128})(:[0-9]+)?")
_ARN = re.compile(r"arn:aws[a-z-]*:batch:[a-z0-9-]+:[0-9]{12}:job-definition/[A-Za-z0-9_-]{1,128}(:[0-9]+)?")
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,128}|arn:aws[a-z-]*:batch:[a-z0-9-]+:[0-9]{12}:job-queue/.+")


def judge(body: Body, definitions: Mapping[str, Body] | None, *, waiting: bool) -> Iterator[Problem]:
    """What is wrong with a submission whose types are right.

    `definitions` are the known ones by name; `waiting`: Step Functions waits for the job.
    """
    yield from strategies.name(body.get("jobName"), ("jobName",))
    yield from strategies.judge(body, ())
    queue, share = body.get("jobQueue"), body.get("shareIdentifier")
    if queue is not None and not _QUEUE.fullmatch(queue):
        yield problem(("jobQueue",), f"is {shown(queue)}, which no queue is called", "write its name or its ARN")
    if share is not None and not _SHARE.fullmatch(share):
        says = f"is {shown(share)}, which no share can be called"
        yield problem(("shareIdentifier",), says, "use letters and digits, 255 at most")
    yield from _array(body)
    definition: Body = {}
    for each in _definition(body.get("jobDefinition"), definitions):
        if isinstance(each, Problem):
            yield each
        else:
            definition = each
    if body.get("containerOverrides"):
        yield from _overrides(body["containerOverrides"], ("containerOverrides",), definition)
    if definition:
        yield from _fitting(body, definition)
    yield from _room(body, definition, waiting)


def _array(body: Body) -> Iterator[Problem]:
    """An array has 2 to 10000 jobs; dependencies are 20 at most, and those by index need an array."""
    array = body.get("arrayProperties")
    if array is not None and "size" not in array:
        yield problem(("arrayProperties", "size"), "is missing", "write it, or leave `arrayProperties` out")
    yield from strategies.between(array or {}, "size", ("arrayProperties",), *ARRAY, ", and AWS takes no such array")
    found = body.get("dependsOn") or ()
    if len(found) > DEPENDENCIES:
        says = f"has {len(found)} dependencies, more than {DEPENDENCIES}"
        yield problem(("dependsOn",), says, "let a job in between wait for some of them")
    for index, entry in enumerate(found):
        place: Pointer = ("dependsOn", index)
        kind = (entry or {}).get("type", "")
        if entry is None or kind is None:
            continue
        if kind and "arrayProperties" not in body:
            says = f"is `{kind}`, but the job is no array"
            yield problem((*place, "type"), says, "write `arrayProperties`, or leave it out")
        if kind == "SEQUENTIAL" and "jobId" in entry:
            yield problem((*place, "jobId"), "goes with no `SEQUENTIAL`: the array waits for itself", "leave it out")
        elif kind != "SEQUENTIAL" and ("jobId" not in entry or entry["jobId"] == ""):
            yield problem((*place, "jobId"), "is missing", "say for which job this one waits")


def _overrides(given: Body, at: Pointer, definition: Body) -> Iterator[Problem]:
    """What is overridden of a container: no empty string in its command, no type of instance."""
    for index, element in enumerate(given.get("command") or ()):
        if element == "":
            says = "is empty, which a command that overrides another cannot hold"
            yield problem((*at, "command", index), says, "put the command into the definition")
    if "instanceType" in given:
        yield problem((*at, "instanceType"), "is for jobs of several nodes only", "leave it out")
    yield from environments.judge(given, at)
    platform = (definition.get("platformCapabilities") or ("EC2",))[0] if definition else ""
    yield from resources.judge(given, at, platform, full=False)


def _definition(name: Any, definitions: Mapping[str, Body] | None) -> Iterator[Problem | Body]:
    """The definition that is named; a problem where it cannot be, or is not among those that are known."""
    if name is None:
        return
    found = _DEFINITION.fullmatch(name)
    if not found:
        if not _ARN.fullmatch(name):
            advice = "write `name`, `name:revision` or an ARN"
            yield problem(("jobDefinition",), f"is {shown(name)}, which no definition is called", advice)
    elif definitions is not None and found[1] not in definitions:
        yield problem(("jobDefinition",), f"is {shown(name)}, which nothing here defines", "name one that is defined")
    elif definitions is not None:
        yield definitions[found[1]]


def _fitting(body: Body, definition: Body) -> Iterator[Problem]:
    """What is submitted fits the definition: its parameters, its kind, the sizes of Fargate."""
    given = body.get("parameters", {})
    if given is not None:
        yield from _parameters(given, body, definition)
    for key, kind in (
        ("containerOverrides", "containerProperties"),
        ("ecsPropertiesOverride", "ecsProperties"),
        ("eksPropertiesOverride", "eksProperties"),
        ("nodeOverrides", "nodeProperties"),
    ):
        if key in body and kind not in definition:
            yield problem((key,), f"overrides `{kind}`, which the definition does not have", "leave it out")
    if "FARGATE" in (definition.get("platformCapabilities") or ()) and body.get("containerOverrides"):
        yield from _size(body["containerOverrides"], definition)


def _parameters(given: Body, body: Body, definition: Body) -> Iterator[Problem]:
    """Every parameter is for a place in the command, and every place has one."""
    override = (body.get("containerOverrides") or {}).get("command", ())
    if override is None:
        return
    if "eksProperties" in definition or "ecsPropertiesOverride" in body:
        return
    defaults = definition.get("parameters") or {}
    places: list[tuple[Pointer, Any]] = [(("containerOverrides", "command"), override)]
    if not override:
        places = [(("jobDefinition",), command) for _, command in commands(definition)]
    for each in environments.parameters({**defaults, **given}, places, (), all=True):
        if each.pointer[0] == "parameters" and each.pointer[1] not in given:
            continue  # of the definition, and said there
        if each.pointer[0] == "jobDefinition":
            if "but nothing says" in each.message:
                says = f"is not complete: in the command of the definition, an element {said(each)}"
                yield problem(("parameters",), says, "add the parameter")
            continue
        yield each


def _size(overrides: Body, definition: Body) -> Iterator[Problem]:
    """With what is overridden, the job still has a size of Fargate."""
    own = (definition.get("containerProperties") or {}).get("resourceRequirements") or ()
    asked = overrides.get("resourceRequirements") or ()
    if not asked or any(entry is None or entry.get("value") is None for entry in asked):
        return
    both = {entry["type"]: entry for entry in (*own, *asked) if isinstance(entry.get("type"), str)}
    found = resources.asked_for({"resourceRequirements": list(both.values())})
    if found and found[1] not in grid().get(found[0], ()):
        says = f"makes it {found[0]} vCPU with {found[1]} MiB, a size that Fargate does not have"
        place = ("containerOverrides", "resourceRequirements")
        yield problem(place, says, nearest(*found) if millis(found[0]) else "")


def _room(body: Body, definition: Body, waiting: bool) -> Iterator[Problem]:
    """A submission has 30 KiB, and what it overrides 8192 characters; unknown texts count as null here."""
    size = measured(body, PAYLOAD)
    if size > PAYLOAD:
        says = f"has {size} bytes, more than the {PAYLOAD} that AWS Batch takes"
        yield problem((), says, "keep what is long in S3, and give the job its address")
    else:
        yield from _overridden(body, definition, waiting)


def _overridden(body: Body, definition: Body, waiting: bool) -> Iterator[Problem]:
    """What is overridden, with all that is filled into the definition's command."""
    if not body.get("containerOverrides") and not body.get("parameters") and not definition.get("parameters"):
        return
    given = dict(body.get("containerOverrides") or {})
    values = {**(definition.get("parameters") or {}), **(body.get("parameters") or {})}
    if "command" not in given:
        for _, command in commands(definition)[:1]:
            if any(element and element.startswith("Ref::") for element in command or ()):
                given["command"] = [values.get(str(element).removeprefix("Ref::"), element) for element in command]
    if waiting:
        given["environment"] = [*(given.get("environment") or ()), WAITING]
    length = measured(given, OVERRIDES, characters=True)
    if length > OVERRIDES:
        says = f"has {length} characters with all that is filled in, and AWS runs no job with more than {OVERRIDES}"
        advice = "put what is fixed into the definition, and what is long into S3"
        yield problem(("containerOverrides",), says, advice)


def spelled(each: Problem) -> Problem:
    """The problem in the spelling of a state's arguments: its fields begin with a capital letter."""
    at: list[str | int] = []
    free = False  # below a map, keys are the user's own
    for part in each.pointer:
        at.append(pascal(part) if isinstance(part, str) and not free else part)
        free = free or part in {"parameters", "tags"}
    fields = {key for known in file().types.values() for key in known}

    def cased(text: str) -> str:
        return _WORD.sub(lambda found: f"`{pascal(found[1])}`" if found[1] in fields else found[0], text)

    return problem(tuple(at), cased(said(each)), cased(each.help))
