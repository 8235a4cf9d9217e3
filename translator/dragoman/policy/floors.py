"""Floors: `--with batch:cpu=8,memory=32Gi` gives each step that says nothing itself at least so much on that target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from dragoman.findings import Finding, Findings, Span, did_you_mean
from dragoman.plan.amounts import NoAmount, number
from dragoman.plan.origin import Origin
from dragoman.quantity import SCALE

FLAG = "--with"
Floor: TypeAlias = Mapping[str, tuple[int, Origin]]  # by resource
Floors: TypeAlias = Mapping[str, Floor]  # by target
NO_FLOORS: Floors = {}


def floors(arguments: Sequence[str], stranger: Callable[[str], str]) -> Floors:
    """What the arguments say, the largest of several; raises `Findings` with everything that is wrong with them.

    stranger  help for a name that no target has; empty for a target's
    """
    found: dict[str, dict[str, tuple[int, Origin]]] = {}
    wrong: list[Finding] = []
    for argument in arguments:
        target, _, rest = argument.partition(":")
        if not target or not rest:
            wrong.append(_bad(argument, f"`{argument}` is not `target:key=amount`", _EXAMPLE))
            continue
        if hint := stranger(target):
            wrong.append(_bad(argument, f"there is no target `{target}`", hint))
        floor = found.setdefault(target, {})
        for said in rest.split(","):
            _add(floor, target, said, wrong)
    if wrong:
        raise Findings(dict.fromkeys(wrong), 2)
    return found


def _add(floor: dict[str, tuple[int, Origin]], target: str, said: str, wrong: list[Finding]) -> None:
    key, equals, text = said.partition("=")
    argument = f"{target}:{said}"
    if not equals or not key:
        wrong.append(_bad(argument, f"`{said}` is not `key=amount`", _EXAMPLE))
    elif key not in SCALE:
        wrong.append(_bad(argument, f"there is no resource `{key}`", did_you_mean(key, SCALE)))
    else:
        try:
            amount = number(key, text.strip())
        except NoAmount as error:
            wrong.append(_bad(argument, error.message, error.help))
            return
        if key not in floor or amount > floor[key][0]:
            floor[key] = (amount, Origin(FLAG, argument=argument))


_EXAMPLE = f"for example `{FLAG} batch:cpu=8,memory=32Gi`"


def _bad(argument: str, message: str, help: str) -> Finding:
    return Finding("DRG114", message, Span(f"{FLAG} {argument}"), help)
