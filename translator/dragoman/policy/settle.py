"""Settle what a plan leaves open: policies' defaults, the larger of explicit amounts, missing limits, kinds of GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman import quantity
from dragoman.findings import Finding, did_you_mean
from dragoman.load.document import Document
from dragoman.plan.model import Accelerator, Amount, Container, Plan, Resources, Step
from dragoman.plan.origin import Origin, Source
from dragoman.plan.origins import origin

# the lowest layer of all (DESIGN: one core, 4096Mi)
BUILT_IN: Mapping[str, int] = {"cpu": 1000, "memory": 4096 * 2**20}


class Platform(NamedTuple):
    """What the policies that match a flow say together."""

    requests: Mapping[str, tuple[int, Origin]]
    accelerators: Mapping[str, Accelerator]


def settle(plan: Plan, policies: Sequence[Document]) -> tuple[Plan, list[Finding]]:
    """The plan with every amount that an emitter reads, and findings about amounts that cannot be."""
    findings: list[Finding] = []
    platform = _platform([policy for policy in policies if _matches(policy.data["spec"].get("match") or {}, plan)])
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


def _platform(policies: Sequence[Document]) -> Platform:
    requests: dict[str, tuple[int, Origin]] = {key: (value, Origin("built-in")) for key, value in BUILT_IN.items()}
    accelerators: dict[str, Accelerator] = {}
    for policy in policies:
        body, source = policy.data["spec"], Source(policy)
        for key, raw in ((body.get("defaults") or {}).get("resources") or {}).items():
            if key in BUILT_IN and raw is not None:
                path = ("spec", "defaults", "resources", key)
                requests[key] = (quantity.parse(raw, quantity.SCALE[key]), Origin("policy", source, path))
        for name, kind in (body.get("accelerators") or {}).items():
            accelerators[name] = Accelerator(
                kind.get("resource") or Accelerator().resource,
                kind.get("nodeSelector") or {},
                tuple(kind.get("tolerations") or ()),
            )
    return Platform(requests, accelerators)


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
    for key, (default, source) in platform.requests.items():
        if key not in requests:
            requests[key] = default
            origins[f"resources.requests.{key}"] = source
    for key in ("memory", "gpu"):  # a missing memory limit is the request; devices cannot be overcommitted
        if key in requests and key not in limits:
            limits[key] = requests[key]
            origins[f"resources.limits.{key}"] = origins.get(f"resources.requests.{key}") or origin(
                step, "resources", "requests", key
            )
    own = step.container.resources
    settled = own._replace(
        requests={key: requests[key] for key in quantity.SCALE if key in requests},
        limits={key: limits[key] for key in quantity.SCALE if key in limits},
        placement=_placement(step, own, requests, platform, findings),
    )
    container = step.container._replace(resources=settled)
    done = step._replace(container=container, origins=origins)
    _check_limits(done, container, findings)
    return done


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
        if not isinstance(limit, int) or not isinstance(request, int) or request <= limit:
            continue
        asked, capped = origin(step, "resources", "requests", key), origin(step, "resources", "limits", key)
        shown = (quantity.canonical(key, request), quantity.canonical(key, limit))
        span = capped.span()
        findings.append(
            Finding(
                "DRG122",
                f"step `{step.name}` requests {shown[0]} {key}, its limit is {shown[1]}",
                asked.span() or span,
                "raise the limit, or leave it out"
                + (" (a missing memory limit is the request)" if key == "memory" else ""),
                address=".".join((*step.address, "resources", "requests", key)),
                related=((span, "the limit is set here"),) if span is not None and span != asked.span() else (),
            )
        )
