"""What the expressions of rules can name: the fields of `flow`, `step`, `target` and `policy`, and their types.

Every field is always there: one that a flow leaves open is null, or empty. So a rule that names a field is right or
wrong whatever flow it meets, and a slip of the pen is found when the rule is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from dragoman.expr.types import ANY, BOOL, FLOAT, INT, QUANTITY, STRING, Type, list_of
from dragoman.expr.values import type_of_value


class Field(NamedTuple):
    """A field: its type, what it says, and when it is null (never, when empty)."""

    type: Type
    about: str
    null: str = ""


Fields: TypeAlias = Mapping[str, Field]


def record(fields: Fields) -> Type:
    """A map with just these fields."""
    return Type("map", fields={name: field.type for name, field in fields.items()})


def map_of(item: Type) -> Type:
    """A map whose names are the flow's own."""
    return Type("map", item=item)


_OPEN, _NOT_KNOWN = "nobody says", "nobody says, or known only while the flow runs"

AMOUNTS: Fields = {
    "cpu": Field(QUANTITY, "cores", _NOT_KNOWN),
    "memory": Field(QUANTITY, "memory", _NOT_KNOWN),
    "gpu": Field(INT, "whole GPUs", _NOT_KNOWN),
    "disk": Field(QUANTITY, "scratch disk", _NOT_KNOWN),
}
DYNAMIC_AMOUNTS: Fields = {
    key: Field(BOOL, f"whether a request or limit of {key} is known only while the flow runs") for key in AMOUNTS
}
RESOURCES: Fields = {
    **{key: field._replace(about=f"{field.about}, the request") for key, field in AMOUNTS.items()},
    "shm": Field(QUANTITY, "size of /dev/shm", _OPEN),
    "accelerator": Field(STRING, "the kind of GPU", _OPEN),
    "requests": Field(record(AMOUNTS), "what the scheduler reserves"),
    "limits": Field(record(AMOUNTS), "what the container may not exceed"),
    "bounds": Field(record(AMOUNTS), "the most that amounts known only while the flow runs may turn out to be"),
    "dynamic": Field(record(DYNAMIC_AMOUNTS), "what is known only while the flow runs"),
}
ENV: Fields = {
    "value": Field(STRING, "its value", "it is looked up, or known only while the flow runs"),
    "dynamic": Field(BOOL, "whether its value is known only while the flow runs"),
    "secret": Field(STRING, "`name/key` of a secret", "the value is none of a secret"),
    "configMap": Field(STRING, "`name/key` of a ConfigMap", "the value is none of a ConfigMap"),
}
VOLUME: Fields = {
    "kind": Field(STRING, "`pvc`, `secret`, `configMap` or `emptyDir`"),
    "name": Field(STRING, "the claim's, secret's or ConfigMap's name; empty for `emptyDir`"),
    "mount": Field(STRING, "where it appears in the container"),
    "subPath": Field(STRING, "a path inside the volume", _OPEN),
    "readOnly": Field(BOOL, "whether the container may not write to it"),
    "size": Field(QUANTITY, "the most that an `emptyDir` may hold", _OPEN),
    "medium": Field(STRING, "`Disk` or `Memory`", _OPEN),
}
SCRIPT: Fields = {
    "interpreter": Field(list_of(STRING), "the command that runs the program"),
    "source": Field(STRING, "the program"),
}
BACKOFF: Fields = {
    "delay": Field(INT, "seconds before the first retry"),
    "factor": Field(INT, "what multiplies the wait after each attempt"),
    "max": Field(INT, "seconds, the longest wait", _OPEN),
}
GROWTH: Fields = {
    "factor": Field(FLOAT, "what multiplies the amount with each retry"),
    "max": Field(QUANTITY, "the most that it grows to"),
}
RETRY: Fields = {
    "limit": Field(INT, "retries after the first attempt"),
    "causes": Field(list_of(ANY), "what is worth a retry, words and exit codes; everything, when empty"),
    "backoff": Field(record(BACKOFF), "the wait between attempts", _OPEN),
    "escalate": Field(map_of(record(GROWTH)), "resources that grow with each retry, by name"),
}
LOOP: Fields = {
    "kind": Field(STRING, "`list`, `range` or `matrix`"),
    "width": Field(INT, "how many items there are", "known only while the flow runs"),
    "dynamic": Field(BOOL, "whether the items are known only while the flow runs"),
    "maxItems": Field(INT, "the most items that are expected", _OPEN),
    "parallelism": Field(INT, "how many may run at once", _OPEN),
    "tolerate": Field(ANY, "how many items may fail: a number, or `all`", _OPEN),
}
DYNAMIC: Fields = {
    "image": Field(BOOL, "whether the image is known only while the flow runs"),
    "command": Field(BOOL, "the same of some part of the command"),
    "args": Field(BOOL, "the same of some argument"),
}
STEP: Fields = {
    "name": Field(STRING, "its own name"),
    "address": Field(STRING, "its name with those of the groups around it, `shards.train`"),
    "groups": Field(list_of(STRING), "the names of the groups around it, the outermost first"),
    "onExit": Field(BOOL, "whether it is one of `onExit`"),
    "image": Field(STRING, "the container image", "known only while the flow runs"),
    "imagePullPolicy": Field(STRING, "when the image is pulled", _OPEN),
    "command": Field(list_of(STRING), "the entrypoint; parts known only while the flow runs are null", _OPEN),
    "args": Field(list_of(STRING), "its arguments; those known only while the flow runs are null", _OPEN),
    "script": Field(record(SCRIPT), "the program of the step", "it has none"),
    "workingDir": Field(STRING, "the directory it starts in", _OPEN),
    "env": Field(map_of(record(ENV)), "environment variables by name"),
    "volumes": Field(list_of(record(VOLUME)), "what is mounted into the container"),
    "resources": Field(record(RESOURCES), "what it needs, defaults and bounds of policies applied"),
    "retry": Field(record(RETRY), "what happens when an attempt fails", "it is not retried"),
    "attempts": Field(INT, "how often it is tried at most: 1, and its retries"),
    "timeout": Field(INT, "seconds, the longest one attempt may take", _OPEN),
    "foreach": Field(record(LOOP), "its own loop", "it has none"),
    "loops": Field(list_of(record(LOOP)), "the loops it runs in, the outermost first, its own last"),
    "runs": Field(INT, "how many of it a run has at most, retries not counted", "a loop says no `maxItems`"),
    "atOnce": Field(INT, "how many of it run at one time at most", "nothing limits it"),
    "needs": Field(map_of(STRING), "the steps that come first, and what must have become of them"),
    "when": Field(BOOL, "whether it has a condition"),
    "outputs": Field(list_of(STRING), "the names of its outputs"),
    "compute": Field(STRING, "where its container runs, when not on the flow's target", _OPEN),
    "queue": Field(STRING, "the queue it waits in", _OPEN),
    "serviceAccount": Field(STRING, "the service account of its pod", _OPEN),
    "labels": Field(map_of(STRING), "labels of its pod"),
    "annotations": Field(map_of(STRING), "annotations of its pod"),
    "dynamic": Field(record(DYNAMIC), "what is known only while the flow runs"),
}
PARAM: Fields = {
    "type": Field(STRING, "its declared type"),
    "runtime": Field(BOOL, "whether it may be given when a run is started"),
    "value": Field(ANY, "its value, for one of run time the default"),
}
SCHEDULE: Fields = {
    "cron": Field(list_of(STRING), "cron expressions"),
    "timezone": Field(STRING, "the time zone"),
    "concurrency": Field(STRING, "`Allow`, `Forbid` or `Replace`"),
    "suspend": Field(BOOL, "whether it is paused"),
    "startingDeadline": Field(INT, "seconds, how late a missed run may start", _OPEN),
    "history": Field(INT, "how many finished runs are kept", _OPEN),
}
FLOW: Fields = {
    "name": Field(STRING, "its name"),
    "namespace": Field(STRING, "its namespace", _OPEN),
    "labels": Field(map_of(STRING), "its labels"),
    "annotations": Field(map_of(STRING), "its annotations"),
    "target": Field(STRING, "the target it is translated for"),
    "schedule": Field(record(SCHEDULE), "when it runs by itself", "it does not"),
    "parallelism": Field(INT, "how many containers may run at once", _OPEN),
    "timeout": Field(INT, "seconds, the longest a run may take", _OPEN),
    "failFast": Field(BOOL, "whether nothing new starts after a failure"),
    "params": Field(map_of(record(PARAM)), "its parameters by name"),
    "steps": Field(list_of(record(STEP)), "its steps, those in groups too, groups themselves left out"),
    "onExit": Field(list_of(record(STEP)), "the steps that run at its end"),
}
TARGET: Fields = {
    "name": Field(STRING, "the target's name"),
    "options": Field(ANY, "its settings, of the flow and the platform: test one with `has` before it is read"),
}
RECORDS: Mapping[str, Fields] = {
    "flow": FLOW,
    "step": STEP,
    "target": TARGET,
    "resources": RESOURCES,
    "amounts": AMOUNTS,
    "env": ENV,
    "volume": VOLUME,
    "script": SCRIPT,
    "retry": RETRY,
    "backoff": BACKOFF,
    "escalate": GROWTH,
    "loop": LOOP,
    "param": PARAM,
    "schedule": SCHEDULE,
}


def policy(values: Mapping[str, Any]) -> Type:
    """The type of `policy`: its name, and its constants, each of its value's own type."""
    return Type("map", fields={"name": STRING, "values": type_of_value(dict(values))})
