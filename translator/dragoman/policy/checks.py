"""What no amount of a step may be: a request above its limit, a start above where it grows to, more than declared."""

from __future__ import annotations

from dragoman import quantity
from dragoman.findings import Finding
from dragoman.plan.model import Step
from dragoman.plan.origins import origin
from dragoman.policy.merge import Said, where

KINDS = ("requests", "limits")


def check(step: Step, said: Said, findings: list[Finding]) -> None:
    """Findings about what a step asks for, before any policy changes it."""
    for place in said:
        if place[0] == "limits":
            _check_limit(step, said, place[1], findings)
        elif place[0] == "bounds":
            _check_bound(step, said, place[1], findings)
    _check_growth(step, said, findings)


def _check_limit(step: Step, said: Said, key: str, findings: list[Finding]) -> None:
    (request, asked), (limit, capped) = said["requests", key], said["limits", key]
    if not isinstance(limit, int) or not isinstance(request, int):
        return
    if request == limit or (request < limit and key != "gpu"):
        return
    shown = quantity.canonical(key, request), quantity.canonical(key, limit)
    span = capped.span()
    findings.append(
        Finding(
            "DRG122",
            f"step `{step.name}` requests {shown[0]} {key}, its limit is {shown[1]}",
            asked.span() or span,
            _WAYS_OUT.get(key, "raise the limit, or leave it out"),
            address=where(step, "resources", "requests", key),
            related=((span, "the limit is set here"),) if span is not None and span != asked.span() else (),
        )
    )


_WAYS_OUT = {
    "memory": "raise the limit, or leave it out (a missing memory limit is the request)",
    "gpu": "devices cannot be shared: the limit is the request, say one of them",
}


def _check_growth(step: Step, said: Said, findings: list[Finding]) -> None:
    """An amount that grows starts at what the step asks for: the largest may not be less."""
    for growth in step.retry.escalate if step.retry is not None else ():
        bases = [said[(kind, growth.resource)][0] for kind in KINDS if (kind, growth.resource) in said]
        known = [base for base in bases if isinstance(base, int)]
        if known and max(known) > growth.maximum:
            shown = quantity.canonical(growth.resource, growth.maximum), quantity.canonical(growth.resource, max(known))
            path = ("retry", "escalate", growth.resource, "max")
            findings.append(
                Finding(
                    "DRG112",
                    f"`escalate.{growth.resource}.max` is {shown[0]}, the first attempt already has {shown[1]}",
                    origin(step, *path).span(),
                    "raise `max`, or ask for less at first",
                    address=where(step, *path),
                )
            )


def _check_bound(step: Step, said: Said, key: str, findings: list[Finding]) -> None:
    """An amount that is known already is within its own bound."""
    bound, declared = said["bounds", key]
    assert isinstance(bound, int)
    for kind in KINDS:
        value, asked = said.get((kind, key), (0, declared))
        if isinstance(value, int) and value > bound:
            shown = quantity.canonical(key, value), quantity.canonical(key, bound)
            findings.append(
                Finding(
                    "DRG112",
                    f"step `{step.name}` has {shown[0]} {key}, its bound is {shown[1]}",
                    asked.span() or declared.span(),
                    "raise the bound, or ask for less",
                    address=where(step, "resources", "bounds", key),
                )
            )
            break
