"""Settle what a plan leaves open: policies' defaults, the larger of explicit amounts, missing limits, kinds of GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman import quantity
from dragoman.findings import Finding, did_you_mean
from dragoman.plan.model import Accelerator, Amount, Container, Plan, Resources, Step
from dragoman.plan.origin import Origin
from dragoman.plan.origins import origin
from dragoman.policy.model import Policies


def settle(plan: Plan, policies: Policies) -> tuple[Plan, list[Finding]]:
    """The plan with every amount that an emitter reads, and findings about amounts that cannot be."""
    findings: list[Finding] = []
    steps = tuple(_settled(step, policies, findings) for step in plan.steps)
    on_exit = tuple(_settled(step, policies, findings) for step in plan.on_exit)
    return plan._replace(steps=steps, on_exit=on_exit), findings


def _settled(step: Step, policies: Policies, findings: list[Finding]) -> Step:
    if step.container is None:
        return step._replace(steps=tuple(_settled(child, policies, findings) for child in step.steps))
    origins = dict(step.origins)
    requests = _largest(step, "requests", origins, findings)
    limits = _largest(step, "limits", origins, findings)
    for key, limit in limits.items():
        if key not in requests:  # as the API server does: a limit alone is also the request
            requests[key] = limit
            origins[f"resources.requests.{key}"] = origins.get(f"resources.limits.{key}") or origin(
                step, "resources", "limits", key
            )
    for kind, own_amounts, defaults in (("requests", requests, policies.requests), ("limits", limits, policies.limits)):
        for key, (default, source) in defaults.items():
            if key not in own_amounts:
                own_amounts[key] = default
                origins[f"resources.{kind}.{key}"] = source
    for key in ("memory", "gpu"):  # a missing memory limit is the request; devices cannot be overcommitted
        if key in requests and key not in limits:
            limits[key] = requests[key]
            origins[f"resources.limits.{key}"] = origins.get(f"resources.requests.{key}") or origin(
                step, "resources", "requests", key
            )
    own = _other(step, policies, requests, findings)
    settled = own._replace(
        requests={key: requests[key] for key in quantity.SCALE if key in requests},
        limits={key: limits[key] for key in quantity.SCALE if key in limits},
        placement=_placement(step, own, requests, policies, findings),
    )
    container = step.container._replace(resources=settled)
    done = step._replace(container=container, origins=origins)
    _check_limits(done, container, findings)
    _check_growth(done, container, findings)
    _check_bounds(done, container, findings)
    return done


def _other(step: Step, policies: Policies, requests: Mapping[str, Amount], findings: list[Finding]) -> Resources:
    """What is no request or limit: the larger of the step's and its block for the target, else the platform's."""
    assert step.container is not None
    own, there = step.container.resources, step.target_resources
    kinds = {kind for kind in (own.accelerator, there.accelerator) if kind is not None}
    if len(kinds) > 1:
        span = origin(step, "resources", "accelerator").span()
        message = f"step `{step.name}` names the accelerator `{own.accelerator}`, for this target `{there.accelerator}`"
        findings.append(Finding("DRG404", message, span, "name one of them: neither is the larger"))
    sizes = [size for size in (own.shm, there.shm) if size is not None]
    known = policies.others
    bounds = {**known.bounds, **own.bounds}
    for key, bound in there.bounds.items():
        bounds[key] = max(bound, own.bounds.get(key, bound))
    return own._replace(
        shm=max(sizes, default=known.shm),
        accelerator=next(iter(kinds), known.accelerator if requests.get("gpu") else None),
        bounds=bounds,
    )


def _largest(step: Step, kind: str, origins: dict[str, Origin], findings: list[Finding]) -> dict[str, Amount]:
    """Max-of, key by key, over explicit values: the step's own and those of its block for the target."""
    assert step.container is not None
    result: dict[str, Amount] = dict(getattr(step.container.resources, kind))
    for key, value in getattr(step.target_resources, kind).items():
        place = ("resources", kind, key)
        written = origin(step, *place)
        mine = result.get(key)
        if mine is None or written.layer == "defaults":
            larger = True
        elif isinstance(mine, int) and isinstance(value, int):
            larger = value > mine
        else:
            findings.append(
                Finding(
                    "DRG403",
                    f"`{key}` is known only at run time, here or in the block for the target: neither is the larger",
                    written.span(),
                    "keep one of the two",
                    address=".".join((*step.address, *place)),
                )
            )
            continue
        if larger:
            result[key] = value
            origins[".".join(place)] = _target_origin(step, kind, key)
    return result


def _target_origin(step: Step, kind: str, key: str) -> Origin:
    for layer in step.layers:
        for name, block in (layer.data.get("targets") or {}).items():
            amounts = (block or {}).get("resources") or {}
            for path in ((kind, key), (key,)):
                found: Any = amounts
                for part in path:
                    found = found.get(part) if isinstance(found, Mapping) else None
                if found is not None:
                    return Origin(layer.name, layer.source, (*layer.path, "targets", name, "resources", *path))
    return Origin("built-in")


def _placement(
    step: Step, own: Resources, requests: Mapping[str, Amount], policies: Policies, findings: list[Finding]
) -> Accelerator | None:
    if own.accelerator is None:
        return Accelerator() if requests.get("gpu") else None
    span = origin(step, "resources", "accelerator").span()
    address = ".".join((*step.address, "resources", "accelerator"))
    if not requests.get("gpu"):
        findings.append(
            Finding(
                "DRG402",
                f"step `{step.name}` names the accelerator `{own.accelerator}` and asks for no gpu",
                span,
                "set `gpu`, or take `accelerator` out",
                address=address,
            )
        )
        return None
    found = policies.accelerators.get(own.accelerator)
    if found is None:
        findings.append(
            Finding(
                "DRG401",
                f"no policy knows the accelerator `{own.accelerator}`",
                span,
                did_you_mean(own.accelerator, policies.accelerators)
                if policies.accelerators
                else "name a policy with `--policy` whose `spec.accelerators` says how it is asked for",
                address=address,
            )
        )
    return found


def _check_limits(step: Step, container: Container, findings: list[Finding]) -> None:
    amounts = container.resources
    for key, limit in amounts.limits.items():
        request = amounts.requests.get(key)
        if not isinstance(limit, int) or not isinstance(request, int):
            continue
        if request == limit or (request < limit and key != "gpu"):
            continue
        asked, capped = origin(step, "resources", "requests", key), origin(step, "resources", "limits", key)
        shown = (quantity.canonical(key, request), quantity.canonical(key, limit))
        span = capped.span()
        findings.append(
            Finding(
                "DRG122",
                f"step `{step.name}` requests {shown[0]} {key}, its limit is {shown[1]}",
                asked.span() or span,
                _WAYS_OUT.get(key, "raise the limit, or leave it out"),
                address=".".join((*step.address, "resources", "requests", key)),
                related=((span, "the limit is set here"),) if span is not None and span != asked.span() else (),
            )
        )


_WAYS_OUT = {
    "memory": "raise the limit, or leave it out (a missing memory limit is the request)",
    "gpu": "devices cannot be shared: the limit is the request, say one of them",
}


def _check_growth(step: Step, container: Container, findings: list[Finding]) -> None:
    """An amount that grows starts at what the step asks for: the largest may not be less."""
    for growth in step.retry.escalate if step.retry is not None else ():
        for kind in ("requests", "limits"):
            base = getattr(container.resources, kind).get(growth.resource)
            if isinstance(base, int) and base > growth.maximum:
                shown = quantity.canonical(growth.resource, growth.maximum), quantity.canonical(growth.resource, base)
                path = ("retry", "escalate", growth.resource, "max")
                findings.append(
                    Finding(
                        "DRG112",
                        f"`escalate.{growth.resource}.max` is {shown[0]}, the first attempt already has {shown[1]}",
                        origin(step, *path).span(),
                        "raise `max`, or ask for less at first",
                        address=".".join((*step.address, *path)),
                    )
                )
                break


def _check_bounds(step: Step, container: Container, findings: list[Finding]) -> None:
    """An amount that is known already is within its own bound."""
    amounts = container.resources
    for kind in ("requests", "limits"):
        for key, bound in amounts.bounds.items():
            value = getattr(amounts, kind).get(key)
            if isinstance(value, int) and value > bound:
                shown = quantity.canonical(key, value), quantity.canonical(key, bound)
                findings.append(
                    Finding(
                        "DRG112",
                        f"step `{step.name}` has {shown[0]} {key}, its bound is {shown[1]}",
                        origin(step, "resources", kind, key).span() or origin(step, "resources", "bounds", key).span(),
                        "raise the bound, or ask for less",
                        address=".".join((*step.address, "resources", "bounds", key)),
                    )
                )
                break
