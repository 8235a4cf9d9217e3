"""Rules of what a definition and a submission have in common: retries, timeouts, priorities, tags, consumables.

From the documentation of `RetryStrategy`, `EvaluateOnExit`, `JobTimeout` and `TagResource` in botocore's model of
AWS Batch, and from "AWS Batch service quotas" in its user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from .rule import Rule

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
ATTEMPTS, EXITS, PATTERN, SHORTEST, PRIORITY = 10, 5, 512, 60, 9999
_CAUSES = ("onStatusReason", "onReason", "onExitCode")
_WORDS = re.compile(r"[A-Za-z0-9.:\s]*\*?")
_CODES = re.compile(r"[0-9]*\*?")
_TAG = re.compile(r"[\w\s.:/=+\-@]*")


def judge(body: Body, at: Pointer) -> Iterator[Problem]:
    """What is wrong with the fields that both have."""
    for field, rule in RULES:
        if body.get(field) is not None:
            yield from rule(body, at)


def between(body: Body, key: str, at: Pointer, least: int, most: int, what: str = "") -> Iterator[Problem]:
    """A number within its bounds."""
    value = body.get(key)
    if value is not None and not least <= value <= most:
        bound = f"less than {least}" if value < least else f"more than {most}"
        yield problem((*at, key), f"is {shown(value)}, {bound}{what}", f"write a number from {least} to {most}")


def name(value: Any, at: Pointer) -> Iterator[Problem]:
    """A job or definition is named by letters, digits, `-` and `_`, 128 at most.

    A definition may begin with `-` or `_`, a job may not; both are held to the rule of jobs, which often have the
    name of their definition.
    """
    if isinstance(value, str) and not NAME.fullmatch(value):
        if len(value) > 128:
            yield problem(at, f"has {len(value)} characters, more than 128", "write a shorter name")
            return
        says = f"is {shown(value)}, which no job can be called" if value else "is empty"
        yield problem(at, says, "use letters, digits, `-` and `_`, and begin with a letter or digit")


def retries(body: Body, at: Pointer) -> Iterator[Problem]:
    """A job is tried 1 to 10 times; what ends it early needs that number, too."""
    strategy, place = body["retryStrategy"], (*at, "retryStrategy")
    yield from between(strategy, "attempts", place, 1, ATTEMPTS)
    if "evaluateOnExit" not in strategy:
        return
    if "attempts" not in strategy:
        says = "is missing, and `evaluateOnExit` needs it"
        yield problem((*place, "attempts"), says, f"say how often the job is tried, 1 to {ATTEMPTS} times")
    entries, place = strategy["evaluateOnExit"] or (), (*place, "evaluateOnExit")
    if len(entries) > EXITS:
        yield problem(place, f"has {len(entries)} entries, more than {EXITS}", "bring causes together with `*`")
    for index, entry in enumerate(entries):
        yield from _exit(entry or {}, (*place, index))
    yield from _last(entries, place)


def _exit(entry: Body, at: Pointer) -> Iterator[Problem]:
    """An entry has a cause, and its patterns have a form."""
    if entry and not any(key in entry for key in _CAUSES):
        yield problem(at, "has no cause", "write `onReason: '*'` where it is for every cause")
    for key in _CAUSES:
        pattern = entry.get(key)
        if pattern is None:
            continue
        form = _CODES if key == "onExitCode" else _WORDS
        if not pattern:
            yield problem((*at, key), "is empty", "leave it out, or write `*`")
        elif len(pattern) > PATTERN:
            says = f"has {len(pattern)} characters, more than {PATTERN}"
            yield problem((*at, key), says, "cut it and end it with `*`")
        elif not form.fullmatch(pattern):
            what = "digits" if key == "onExitCode" else "letters, digits, `.`, `:` and blanks"
            says = f"is {shown(pattern)}, which AWS Batch does not read"
            yield problem((*at, key), says, f"use {what}, with `*` at the end only")


def _last(entries: Any, at: Pointer) -> Iterator[Problem]:
    """Where retries have causes, the last entry ends all else: what no entry matches is retried.

    AWS takes the list without it, but the job is then retried whatever the cause.
    """
    known = [entry for entry in entries if entry and entry.get("action")]
    if len(known) < len(entries) or not any(entry["action"] == "RETRY" for entry in known):
        return
    final = known[-1]
    everything = any(final.get(key) == "*" for key in _CAUSES) and all(final.get(key, "*") == "*" for key in _CAUSES)
    if final["action"] == "RETRY" and everything:
        return  # all else is retried, as it says
    # an exit code there is only when a container ran
    if final["action"] != "EXIT" or not everything or "onExitCode" in final:
        says = "says which causes are retried, but AWS Batch retries every cause that no entry matches"
        yield problem(at, says, "end the list with `{onReason: '*', action: EXIT}`")


def timeout(body: Body, at: Pointer) -> Iterator[Problem]:
    """An attempt has 60 seconds at least."""
    limit = (body["timeout"] or {}).get("attemptDurationSeconds")
    place = (*at, "timeout", "attemptDurationSeconds")
    if limit is not None and limit < SHORTEST:
        yield problem(place, f"is {shown(limit)}, less than {SHORTEST}", f"give an attempt {SHORTEST} seconds or more")
    elif "attemptDurationSeconds" not in body["timeout"]:
        yield problem(place, "is missing", "write the seconds of an attempt, or leave `timeout` out")


def tags(body: Body, at: Pointer) -> Iterator[Problem]:
    """The keys of tags are not AWS's own, and tags have no odd characters."""
    for key, value in body["tags"].items():
        if key.lower().startswith("aws:"):
            yield problem((*at, "tags", key), "begins with `aws:`, which is for AWS alone", "take another key")
        elif not _TAG.fullmatch(key):
            yield problem((*at, "tags", key), "has a key that is no tag", _LETTERS)
        if value is not None and not _TAG.fullmatch(value):
            yield problem((*at, "tags", key), f"is {shown(value)}, which no tag can be", _LETTERS)


_LETTERS = "use letters, digits, blanks and `_ . : / = + - @`"


def consumables(key: str) -> Rule:
    """What a job uses up has a name and a number above nothing."""

    def rule(body: Body, at: Pointer) -> Iterator[Problem]:
        place = (*at, key, "consumableResourceList")
        for index, entry in enumerate(body[key].get("consumableResourceList") or ()):
            for field in ("consumableResource", "quantity"):
                if entry is not None and field not in entry:
                    says = "the resource" if field == "consumableResource" else "how much of it the job needs"
                    yield problem((*place, index, field), "is missing", f"say {says}")
                elif entry and entry[field] is not None and entry[field] in {"", 0}:
                    yield problem((*place, index, field), f"is {shown(entry[field])}", "say what the job needs")
            if entry and (entry.get("quantity") or 0) < 0:
                yield problem((*place, index, "quantity"), f"is {shown(entry['quantity'])}", "write 1 or more")

    return rule


def priority(key: str) -> Rule:
    """A priority is 0 to 9999."""
    return lambda body, at: between(body, key, at, 0, PRIORITY)


# the field that a rule looks at, and the rule: where there is no such field, there is nothing to look at
RULES: tuple[tuple[str, Rule], ...] = (
    ("retryStrategy", retries),
    ("timeout", timeout),
    ("tags", tags),
    ("schedulingPriority", priority("schedulingPriority")),
    ("schedulingPriorityOverride", priority("schedulingPriorityOverride")),
    ("consumableResourceProperties", consumables("consumableResourceProperties")),
    ("consumableResourcePropertiesOverride", consumables("consumableResourcePropertiesOverride")),
)
