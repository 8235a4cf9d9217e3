"""Rules of a Job's policies: which failures of a pod count, and when enough indexes have succeeded.

From `validatePodFailurePolicy` and `validateSuccessPolicy` of `pkg/apis/batch/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

RULES_AT_MOST = 20
CODES_AT_MOST = 255
CONDITIONS_AT_MOST = 20
INDEXES_AT_MOST = 64 * 1024  # bytes of `succeededIndexes`


def index_count(spec: Body) -> int | None:
    """How many pods must succeed: one, where the Job says neither that nor how many run at once."""
    found: int | None = spec.get("completions", None if "parallelism" in spec else 1)
    return found


def pod_failures(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Rules of failures: 20 at most, each with exit codes or conditions of a pod."""
    policy = spec.get("podFailurePolicy")
    if policy is None:
        return
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {one.get("name") for side in ("containers", "initContainers") for one in pod.get(side) or ()}
    rules, place = policy.get("rules") or (), (*at, "podFailurePolicy", "rules")
    if len(rules) > RULES_AT_MOST:
        yield problem(place, f"has {len(rules)} rules, more than {RULES_AT_MOST}", "bring some of them together")
    for index, rule in enumerate(rules):
        if rule.get("action") == "FailIndex":
            yield from _fail_index(spec, (*place, index, "action"), minor)
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or ()
        if (codes is None) == (not conditions):
            says = "has not exactly one of `onExitCodes` and `onPodConditions`"
            yield problem((*place, index), says, "make a rule for each of them")
        if codes is not None:
            yield from _codes(codes, (*place, index, "onExitCodes"), names)
        yield from _conditions(conditions, (*place, index, "onPodConditions"))


def _fail_index(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    if "backoffLimitPerIndex" not in spec:
        yield problem(at, "is `FailIndex`, but the Job sets no `backoffLimitPerIndex`", "set it, or write `FailJob`")


def _codes(codes: Body, at: Pointer, names: set[object]) -> Iterator[Problem]:
    name, values = codes.get("containerName"), codes.get("values") or ()
    if name is not None and name not in names:
        says = f"is {shown(name)}, which is no container of the pod"
        yield problem((*at, "containerName"), says, "name a container, or leave it out")
    if not values:
        yield problem((*at, "values"), "is empty", "name at least one exit code")
    elif len(values) > CODES_AT_MOST:
        yield problem((*at, "values"), f"has {len(values)} exit codes, more than {CODES_AT_MOST}", "use `NotIn`")
    if codes.get("operator") == "In" and 0 in values:
        says = "is 0, which is no failure"
        yield problem((*at, "values", list(values).index(0)), says, "leave it out")
    if list(values) != sorted(set(values)):
        yield problem((*at, "values"), "are not in order, each once", "write the smallest first, and each once")


def _conditions(conditions: object, at: Pointer) -> Iterator[Problem]:
    found = list(conditions) if isinstance(conditions, (list, tuple)) else []
    if len(found) > CONDITIONS_AT_MOST:
        yield problem(at, f"has {len(found)} conditions, more than {CONDITIONS_AT_MOST}", "name fewer")
    for index, condition in enumerate(found):
        if "status" not in condition:
            # the API server of 1.37 fills it in; older ones do not
            yield problem((*at, index, "status"), "is missing", "write `True`, as a string in quotes")


def success(spec: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Rules of success: 1 to 20, each a number of indexes, or certain indexes."""
    policy, completions = spec.get("successPolicy"), index_count(spec)
    if policy is None or spec.get("completionMode") != "Indexed":
        return
    rules, place = policy.get("rules") or (), (*at, "successPolicy", "rules")
    if not rules:
        yield problem(place, "is empty", "name a rule, or leave the policy out")
    if len(rules) > RULES_AT_MOST:
        yield problem(place, f"has {len(rules)} rules, more than {RULES_AT_MOST}", "bring some of them together")
    for index, rule in enumerate(rules):
        count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
        if count is None and indexes is None:
            says = "has neither `succeededCount` nor `succeededIndexes`"
            yield problem((*place, index), says, "say how many indexes, or which, are enough")
        elif completions is not None:
            yield from _enough(count, indexes, completions, (*place, index))


def _enough(count: int | None, indexes: str | None, completions: int, at: Pointer) -> Iterator[Problem]:
    most = completions
    if indexes is not None:
        place = (*at, "succeededIndexes")
        if len(indexes) > INDEXES_AT_MOST:
            yield problem(place, f"has {len(indexes)} characters, more than {INDEXES_AT_MOST}", "name ranges")
            return
        listed = _listed(indexes, completions)
        if isinstance(listed, str):
            yield problem(place, f"is {shown(indexes)}, and {listed}", "write it as `0,3-5`, the smallest first")
        else:
            most = listed
    if count is not None and count > most:
        says = f"is {count}, more than the {most} indexes that there are"
        yield problem((*at, "succeededCount"), says, f"write {most} at most")


def _listed(text: str, completions: int) -> int | str:
    """How many indexes are listed, or what is wrong with the list.

    >>> _listed("0,3-5", 10), _listed("3-3", 10), _listed("9,10", 10)
    (4, 'its parts do not grow', '`10` is no index of 10')
    """
    total, last = 0, -1
    for part in text.split(",") if text else ():
        first, dash, end = part.partition("-")
        for number in (first, end) if dash else (first,):
            if not (number.isascii() and number.isdigit()) or len(number) > 10 or int(number) >= completions:
                return f"{shown(number)} is no index of {completions}"
        if int(first) <= last or (dash and int(end) <= int(first)):
            return "its parts do not grow"
        last = int(end or first)
        total += last - int(first) + 1
    return total
