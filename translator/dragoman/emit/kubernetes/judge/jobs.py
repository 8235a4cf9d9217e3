"""Rules of a Job: how often its pods run, how many of them, when they end.

From `ValidateJobSpec` of `pkg/apis/batch/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from . import failures, names, pods

MANY = 100_000  # indexes, from which on failures are counted with less room
FEW = 10_000


def judge(spec: Body, at: Pointer, minor: int) -> list[Problem]:
    """What is wrong with a Job's `spec`, and with its pod."""
    found: list[Problem] = []
    for rule in RULES:
        found += rule(spec, at, minor)
    template, place = spec.get("template") or {}, (*at, "template")
    if "metadata" in template:
        found += names.reserved(template["metadata"], (*place, "metadata"))
        found += names.annotation_room(template["metadata"], (*place, "metadata"))
    if "spec" not in template:
        found.append(problem((*place, "spec"), "is missing", "describe the pod of the Job"))
    return found + pods.judge(template.get("spec") or {}, (*place, "spec"), minor)


def restarting(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A Job's pods end: they restart never, or on failure; never where Kubernetes looks at how they failed."""
    pod = (spec.get("template") or {}).get("spec") or {}
    policy, place = pod.get("restartPolicy"), (*at, "template", "spec", "restartPolicy")
    if policy is None:
        yield problem(
            place, "is missing, and the default `Always` is for what never ends", "write `Never` or `OnFailure`"
        )
    elif policy == "Always":
        yield problem(place, "is `Always`, which is for what never ends", "write `Never` or `OnFailure`")
    elif policy != "Never" and "podFailurePolicy" in spec:
        says = f"is {shown(policy)}, but a `podFailurePolicy` looks at pods that have ended"
        yield problem(place, says, "write `Never`")
    elif policy != "Never" and "backoffLimitPerIndex" in spec:
        # the API server lets it pass, though its documentation does not
        says = f"is {shown(policy)}, but `backoffLimitPerIndex` counts pods that have ended"
        yield problem(place, says, "write `Never`")


def indexed(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """An Indexed Job says how many indexes it has, and runs no more than 100000 at once."""
    if spec.get("completionMode") == "Indexed":
        if "completions" not in spec and "parallelism" in spec:  # without both, both are 1
            yield problem((*at, "completions"), "is missing, and an Indexed Job counts with it", "say how many indexes")
        if spec.get("parallelism", 0) > MANY:
            says = f"is {spec['parallelism']}, more than {MANY} pods of an Indexed Job"
            yield problem((*at, "parallelism"), says, "run fewer at once")
        return
    for key in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
        if key in spec:
            says = "is about indexes, and the Job has none"
            yield problem((*at, key), says, "write `completionMode: Indexed` and `completions`, or leave it out")


def failing(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Failures of indexes are counted where each has retries of its own, and there are no more of them than indexes."""
    most, completions = spec.get("maxFailedIndexes"), failures.index_count(spec)
    if most is not None:
        place = (*at, "maxFailedIndexes")
        if "backoffLimitPerIndex" not in spec:
            says = "is missing, and `maxFailedIndexes` counts what it lets fail"
            yield problem((*at, "backoffLimitPerIndex"), says, "say how often an index may be tried again")
        if completions is not None and most > completions:
            says = f"is {most}, more than the Job's {completions} indexes"
            yield problem(place, says, f"write {completions} at most")
        if most > MANY:
            yield problem(place, f"is {most}, more than {MANY}", f"write {MANY} at most")


def huge(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Beyond 100000 indexes with retries of their own, 10000 run at once and as many may fail."""
    if (spec.get("completions") or 0) <= MANY or "backoffLimitPerIndex" not in spec:
        return
    if spec.get("completionMode") != "Indexed":
        return
    because = f"the Job has more than {MANY} indexes with retries of their own"
    if "maxFailedIndexes" not in spec:
        yield problem((*at, "maxFailedIndexes"), f"is missing, but {because}", f"write {FEW} at most")
    for key in ("maxFailedIndexes", "parallelism"):
        if FEW < spec.get(key, 0) <= MANY:
            yield problem((*at, key), f"is {spec[key]}, but {because}", f"write {FEW} at most")


def replacing(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Pods are replaced once they failed, where Kubernetes looks at how they failed."""
    if "podFailurePolicy" in spec and spec.get("podReplacementPolicy", "Failed") != "Failed":
        says = f"is {shown(spec['podReplacementPolicy'])}, but a `podFailurePolicy` looks at pods that have ended"
        yield problem((*at, "podReplacementPolicy"), says, "write `Failed`, or leave it out")


def selecting(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Kubernetes itself makes a Job's selector."""
    for key in ("selector", "manualSelector"):
        if spec.get(key):
            # a Job with a selector of one's own can take another Job's pods
            yield problem((*at, key), "is Kubernetes' own affair", "leave it out")


RULES = (restarting, indexed, failing, huge, replacing, selecting, failures.pod_failures, failures.success)
