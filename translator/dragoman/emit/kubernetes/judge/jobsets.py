"""Rules of a JobSet: the names that its Jobs and pods get, and which waits for which.

From the CRD and the webhook of JobSet 0.12 (`pkg/webhooks/jobset_webhook.go`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from . import jobs, names
from .formats import LABEL, label_1035

DEPENDENCIES = 5  # `maxItems` of the CRD
_POD_SUFFIX = "-abcde"


def judge(body: Body, minor: int) -> list[Problem]:
    """What is wrong with a JobSet and with the Jobs that it makes."""
    found: list[Problem] = []
    spec, at = body.get("spec") or {}, ("spec",)
    for rule in RULES:
        found += rule(body, (), minor)
    for index, child in enumerate(spec.get("replicatedJobs") or ()):
        template, place = child.get("template") or {}, (*at, "replicatedJobs", index, "template")
        if "metadata" in template:
            found += names.annotation_room(template["metadata"], (*place, "metadata"))
        if "spec" in template:
            found += jobs.judge(_defaulted(template["spec"]), (*place, "spec"), minor)
        else:
            found.append(problem((*place, "spec"), "is missing", "describe the Job"))
    return found


def _defaulted(spec: Body) -> Body:
    """The Job's `spec` as the webhook makes it: Indexed, its pods restarting on failure."""
    filled: dict[str, Any] = {"completionMode": "Indexed", **spec}
    pod = (spec.get("template") or {}).get("spec")
    if pod is not None and "restartPolicy" not in pod:
        filled["template"] = {**spec["template"], "spec": {**pod, "restartPolicy": "OnFailure"}}
    return filled


def children(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Each replicated Job has a name of its own that leaves room for the longest name of a pod."""
    owner, met = (body.get("metadata") or {}).get("name") or "", set[object]()
    for index, child in enumerate(_children(body)):
        place, name = (*at, "spec", "replicatedJobs", index, "name"), child.get("name", "")
        if name in met:
            yield problem(place, f"is {shown(name)} once more", "give each of them its own name")
        met.add(name)
        replicas, job = child.get("replicas", 1), (child.get("template") or {}).get("spec") or {}
        longest = f"{owner}-{name}-{max(replicas - 1, 0)}"
        if job.get("completionMode", "Indexed") == "Indexed":
            count = job.get("completions", 1)
            longest += f"-{max(count - 1, 0)}{_POD_SUFFIX}"
        if not label_1035(longest):
            says = f"makes pods called {shown(longest)}"
            advice = f"use names of lower-case letters, digits and `-`, together {LABEL} characters, a letter first"
            yield problem(place, says, advice)


def order(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A replicated Job waits for at most five, all of them listed before it."""
    before: set[object] = set()
    in_order = ((body.get("spec") or {}).get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder"
    for index, child in enumerate(_children(body)):
        place, waited = (*at, "spec", "replicatedJobs", index, "dependsOn"), child.get("dependsOn")
        if waited is not None and in_order:
            yield problem(place, "goes with no `startupPolicy` in order", "leave one of the two out")
        if waited is not None and index == 0:
            yield problem(place, "is nothing for the first one", "leave it out, or list the Job later")
        if waited is not None and len(waited) > DEPENDENCIES:
            says = f"has {len(waited)} entries, more than {DEPENDENCIES}"
            yield problem(place, says, "wait for fewer, or use another `ordering`")
        seen: set[object] = set()
        for number, one in enumerate(waited or ()):
            if one.get("name") not in before and index:
                says = f"is {shown(one.get('name', ''))}, which is not listed before"
                yield problem((*place, number, "name"), says, "list it before what waits for it")
            if one.get("name") in seen:
                yield problem((*place, number, "name"), f"is {shown(one.get('name'))} once more", "name it once")
            seen.add(one.get("name"))
        before.add(child.get("name"))


def targets(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Policies and the coordinator name replicated Jobs of the JobSet."""
    spec, place = body.get("spec") or {}, (*at, "spec")
    there = {child.get("name") for child in _children(body)}
    key, success = "targetReplicatedJobs", spec.get("successPolicy") or {}
    named: list[tuple[Pointer, Any]] = [(("successPolicy", key), success.get(key))]
    for index, rule in enumerate((spec.get("failurePolicy") or {}).get("rules") or ()):
        named.append((("failurePolicy", "rules", index, key), rule.get(key)))
        if rule.get("action", "").startswith("RestartJob") and not rule["action"].startswith("RestartJobSet"):
            says = f"is {shown(rule['action'])}, which needs a feature gate that is off by default"
            yield problem((*place, "failurePolicy", "rules", index, "action"), says, "write `RestartJobSet`")
    for where, names_ in named:
        for number, name in enumerate(names_ or ()):
            if name not in there:
                says = f"is {shown(name)}, which is no replicated Job"
                yield problem((*place, *where, number), says, "name one of `replicatedJobs`")
    coordinator = spec.get("coordinator")
    if coordinator is not None and coordinator.get("replicatedJob") not in there:
        says = f"is {shown(coordinator.get('replicatedJob', ''))}, which is no replicated Job"
        yield problem((*place, "coordinator", "replicatedJob"), says, "name one of `replicatedJobs`")


def _children(body: Body) -> list[Body]:
    return list((body.get("spec") or {}).get("replicatedJobs") or ())


RULES = (children, order, targets)
