"""Kinds of GPU: which one a step names, and how the platform asks for it."""

from __future__ import annotations

from dragoman.findings import Finding, did_you_mean
from dragoman.plan.model import Accelerator, Step
from dragoman.plan.origin import Origin
from dragoman.plan.origins import origin
from dragoman.policy.merge import origin_in_block, where
from dragoman.policy.model import Policies

KIND = ("accelerator",)


def accelerator(
    step: Step, target: str, policies: Policies, findings: list[Finding], *, has_gpu: bool
) -> tuple[str, Origin] | None:
    """The kind of GPU that a step names for a target, and who says so; a default is for steps that ask for one."""
    assert step.container is not None
    own, there = step.container.resources.accelerator, step.target_resources.accelerator
    said = None if own is None else (own, origin(step, "resources", *KIND))
    default = said is not None and said[1].layer == "defaults"
    if there is not None and (said is None or default):
        return there, origin_in_block(step, target, KIND)
    if there is not None and own != there:
        findings.append(_two(step, target))
    if said is not None and (has_gpu or not default):
        return said
    return policies.accelerator if has_gpu else None


def placement(
    step: Step, kind: tuple[str, Origin] | None, policies: Policies, findings: list[Finding], *, has_gpu: bool
) -> Accelerator | None:
    """How a step's GPUs are asked for; None when it asks for none."""
    if kind is None:
        return Accelerator() if has_gpu else None
    name, said = kind
    span, address = said.span(), where(step, "resources", *KIND)
    if not has_gpu:
        message = f"step `{step.name}` names the accelerator `{name}` and asks for no gpu"
        findings.append(Finding("DRG402", message, span, "set `gpu`, or take `accelerator` out", address=address))
        return None
    found = policies.accelerators.get(name)
    if found is None:
        way_out = (
            did_you_mean(name, policies.accelerators)
            if policies.accelerators
            else "name a policy with `--policy` whose `spec.accelerators` says how it is asked for"
        )
        findings.append(Finding("DRG401", f"no policy knows the accelerator `{name}`", span, way_out, address=address))
    return found


def _two(step: Step, target: str) -> Finding:
    assert step.container is not None
    own, there = step.container.resources.accelerator, step.target_resources.accelerator
    span = origin_in_block(step, target, KIND).span()
    return Finding(
        "DRG404",
        f"step `{step.name}` names the accelerator `{own}`, for this target `{there}`",
        origin(step, "resources", *KIND).span() or span,
        "name one of them: neither is the larger",
        address=where(step, "resources", *KIND),
        related=((span, "for this target it is set here"),) if span is not None else (),
    )
