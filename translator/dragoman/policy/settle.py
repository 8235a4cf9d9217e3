"""Settle what a plan leaves open: policies' defaults, the larger of explicit amounts, missing limits, kinds of GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman import quantity
from dragoman.findings import Finding, did_you_mean
from dragoman.load.document import Document
from dragoman.plan.amounts import resources
from dragoman.plan.context import Context
from dragoman.plan.model import Accelerator, Amount, Container, Plan, Resources, Step
from dragoman.plan.origin import Layer, Origin, Source
from dragoman.plan.origins import origin

# the lowest layer of all (DESIGN: one core, 4096Mi)
BUILT_IN: Mapping[str, int] = {"cpu": 1000, "memory": 4096 * 2**20}


class Platform(NamedTuple):
    """What the policies that match a flow say together: amounts with who says so, and kinds of GPU."""

    others: Resources
    requests: Mapping[str, tuple[Amount, Origin]]
    limits: Mapping[str, tuple[Amount, Origin]]
    accelerators: Mapping[str, Accelerator]


def settle(plan: Plan, policies: Sequence[Document]) -> tuple[Plan, list[Finding]]:
    """The plan with every amount that an emitter reads, and findings about amounts that cannot be."""
    findings: list[Finding] = []
    matching = [policy for policy in policies if _matches(policy.data["spec"].get("match") or {}, plan)]
    platform = _platform(matching, plan.target, findings)
    steps = tuple(_settled(step, platform, findings) for step in plan.steps)
    on_exit = tuple(_settled(step, platform, findings) for step in plan.on_exit)
    return plan._replace(steps=steps, on_exit=on_exit), findings


def _matches(match: Mapping[str, Any], plan: Plan) -> bool:
    from fnmatch import fnmatchcase

    namespaces, targets, labels = match.get("namespaces"), match.get("targets"), match.get("labels") or {}
    if namespaces is not None and not any(fnmatchcase(plan.namespace or "", pattern) for pattern in namespaces):
        return False
    if targets is not None and plan.target not in targets:
        return False
    return all(plan.labels.get(key) == value for key, value in labels.items())


def _platform(policies: Sequence[Document], target: str, findings: list[Finding]) -> Platform:
    requests: dict[str, tuple[Amount, Origin]] = {key: (value, Origin("built-in")) for key, value in BUILT_IN.items()}
    limits: dict[str, tuple[Amount, Origin]] = {}
    accelerators: dict[str, Accelerator] = {}
    others = Resources()
    for policy in policies:
        body, source = policy.data["spec"], Source(policy)
        context = Context(source, target, findings, {}, {}, {}, {})
        layer = Layer("policy", body.get("defaults") or {}, source, ("spec", "defaults"))
        said = resources(context, [layer], [{}])
        others = said._replace(
            shm=others.shm if said.shm is None else said.shm,
            accelerator=said.accelerator or others.accelerator,
            bounds={**others.bounds, **said.bounds},
        )
        for kind, amounts, known in (("requests", said.requests, requests), ("limits", said.limits, limits)):
            for key, value in amounts.items():
                known[key] = (value, Origin("policy", source, (*layer.path, "resources", kind, key)))
        for name, one in (body.get("accelerators") or {}).items():
            accelerators[name] = Accelerator(
                one.get("resource") or Accelerator().resource,
                one.get("nodeSelector") or {},
                tuple(one.get("tolerations") or ()),
            )
    return Platform(others, requests, limits, accelerators)


def _settled(step: Step, platform: Platform, findings: list[Finding]) -> Step:
    if step.container is None:
        return step._replace(steps=tuple(_settled(child, platform, findings) for child in step.steps))
    origins = dict(step.origins)
    requests = _largest(step, "requests", origins, findings)
    limits = _largest(step, "limits", origins, findings)
    for key, limit in limits.items():
        if key not in requests:  # as the API server does: a limit alone is also the request
            requests[key] = limit
            origins[f"resources.requests.{key}"] = origins.get(f"resources.limits.{key}") or origin(
                step, "resources", "limits", key
            )
    for kind, own_amounts, defaults in (("requests", requests, platform.requests), ("limits", limits, platform.limits)):
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
    own = _other(step, platform, requests, findings)
    settled = own._replace(
        requests={key: requests[key] for key in quantity.SCALE if key in requests},
        limits={key: limits[key] for key in quantity.SCALE if key in limits},
        placement=_placement(step, own, requests, platform, findings),
    )
    container = step.container._replace(resources=settled)
    done = step._replace(container=container, origins=origins)
    _check_limits(done, container, findings)
    _check_growth(done, container, findings)
    _check_bounds(done, container, findings)
    return done


def _other(step: Step, platform: Platform, requests: Mapping[str, Amount], findings: list[Finding]) -> Resources:
    """What is no request or limit: the larger of the step's and its block for the target, else the platform's."""
    assert step.container is not None
    own, there = step.container.resources, step.target_resources
    kinds = {kind for kind in (own.accelerator, there.accelerator) if kind is not None}
    if len(kinds) > 1:
        span = origin(step, "resources", "accelerator").span()
        message = f"step `{step.name}` names the accelerator `{own.accelerator}`, for this target `{there.accelerator}`"
        findings.append(Finding("DRG404", message, span, "name one of them: neither is the larger"))
    sizes = [size for size in (own.shm, there.shm) if size is not None]
    known = platform.others
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
    step: Step, own: Resources, requests: Mapping[str, Amount], platform: Platform, findings: list[Finding]
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
    found = platform.accelerators.get(own.accelerator)
    if found is None:
        findings.append(
            Finding(
                "DRG401",
                f"no policy knows the accelerator `{own.accelerator}`",
                span,
                did_you_mean(own.accelerator, platform.accelerators)
                if platform.accelerators
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
