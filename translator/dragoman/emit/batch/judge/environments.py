"""Rules of a container's variables and secrets, and of `Ref::` in its command.

From the documentation of `ContainerProperties` in botocore's model; `Ref::` from "Job definition parameters" in the
user guide of AWS Batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_PARAMETER = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r"Ref::([A-Za-z0-9_-]*)")
_FORM = "use letters, digits, `_`, `.` and `-`, and begin with a letter or `_`"


def judge(container: Body, at: Pointer, key: str = "environment") -> Iterator[Problem]:
    """Every variable and secret has a name of its own, which is not one of AWS Batch's."""
    met: set[str] = set()
    for field in (key, "secrets"):
        for index, entry in enumerate(container.get(field) or ()):
            if entry is not None:
                yield from _entry(entry, (*at, field, index), met)


def _entry(entry: Body, at: Pointer, met: set[str]) -> Iterator[Problem]:
    name = entry.get("name", "")
    if name is None:
        return
    if "name" not in entry:
        yield problem((*at, "name"), "is missing", "name the variable")
    elif not _VARIABLE.fullmatch(name):
        says = f"is {shown(name)}, which no variable can be called" if name else "is empty"
        yield problem((*at, "name"), says, _FORM)
    elif name.startswith("AWS_BATCH"):
        says = f"is {shown(name)}: names that begin with `AWS_BATCH` are for AWS Batch alone"
        yield problem((*at, "name"), says, "take another name")
    elif name in met:
        yield problem((*at, "name"), f"is {shown(name)} once more", "give each variable its own name")
    met.add(name)
    value = "valueFrom" if "valueFrom" in entry else "value"
    if value not in entry:
        yield problem((*at, value), "is missing", "write its value, or `''`")
    elif value == "valueFrom" and entry[value] == "":
        yield problem((*at, value), "is empty", "write the ARN of a secret or of a parameter")


def parameters(given: Body, commands: list[tuple[Pointer, Any]], at: Pointer, *, all: bool) -> Iterator[Problem]:
    """Parameters have a name that can stand in a command, and they stand in one; `all`: each place has a value.

    Only a whole element of a command is documented to be replaced.
    """
    used: set[str] = set()
    for place, command in commands:
        for index, element in enumerate(command or ()):
            if element and "Ref::" in element:
                yield from _element(element, given, (*place, index), used, all)
    names = sorted(given)
    for first, second in pairwise(names):
        themselves = given[first] == f"Ref::{first}" and given[second] == f"Ref::{second}"
        if second.startswith(first) and not themselves:
            says = f"is the beginning of {shown(second)}, so that `Ref::{second}` is not clear"
            yield problem((*at, "parameters", first), says, "give one of them another name")
    for name in names:
        if not _PARAMETER.fullmatch(name):
            says = "has a name that cannot stand in a command"
            yield problem((*at, "parameters", name), says, "use letters, digits, `-` and `_`")
        elif name not in used and commands:
            says = f"is for nobody: no element of the command is `Ref::{name}`"
            yield problem((*at, "parameters", name), says, "leave it out, or use it in the command")


def _element(element: str, given: Body, at: Pointer, used: set[str], all: bool) -> Iterator[Problem]:
    whole = _PLACE.fullmatch(element)
    if whole:
        used.add(whole[1])
        if all and whole[1] not in given:
            says = f"is {shown(element)}, but nothing says what `{whole[1]}` is"
            yield problem(at, says, "add it to `parameters`, or write the value itself")
        return
    for found in _PLACE.finditer(element):
        hit = next((name for name in given if found[1].startswith(name)), None)
        if hit is not None:
            used.add(hit)
            if given[hit] == f"Ref::{hit}":  # stands for itself: replaced or not, the text is the same
                continue
            says = f"has `Ref::{hit}` within a longer text, which AWS does not promise to replace"
            yield problem(at, says, f"make `Ref::{hit}` an element of its own")
