"""Settle what a plan leaves open and what its platform holds it to: amounts of each step, and its kind of GPU.

Explicit amounts are merged (`merge`), what is missing is filled (`missing`), what cannot be is found (`checks`), what a
policy bounds is held within its bounds (`bounds`), and then limits that nobody wrote follow the requests.
"""

from __future__ import annotations

from dragoman.findings import Finding
from dragoman.plan.model import Accelerator, Amount, Plan, Resources, Step
from dragoman.policy.accelerators import accelerator, placement
from dragoman.policy.bounds import Amounts, Bounds, bounds_of, hold
from dragoman.policy.checks import check
from dragoman.policy.floors import NO_FLOORS, Floor, Floors
from dragoman.policy.merge import SHM, merged
from dragoman.policy.missing import filled, limited
from dragoman.policy.model import Policies

KEYS = ("cpu", "memory", "gpu", "disk")


def settle(plan: Plan, policies: Policies, floors: Floors = NO_FLOORS) -> tuple[Plan, list[Finding]]:
    """The plan with every amount that an emitter reads, and findings about amounts that cannot be, or were changed.

    floors  what `--with` gives to steps that say nothing themselves, by target
    """
    findings: list[Finding] = []
    bounds, floor = bounds_of(plan, policies), floors.get(plan.target, {})
    steps = tuple(_settled(step, bounds, floor, findings) for step in plan.steps)
    on_exit = tuple(_settled(step, bounds, floor, findings) for step in plan.on_exit)
    return plan._replace(steps=steps, on_exit=on_exit), findings


def _settled(step: Step, bounds: Bounds, floor: Floor, findings: list[Finding]) -> Step:
    if step.container is None:
        return step._replace(steps=tuple(_settled(child, bounds, floor, findings) for child in step.steps))
    target, policies = bounds.plan.target, bounds.policies
    explicit, defaults = merged(step, target, findings)
    amounts = filled(explicit, defaults, policies, floor)
    check(step, amounts, findings)
    asks_for_gpu = _has_gpu(amounts)
    kind = accelerator(step, target, policies, findings, has_gpu=asks_for_gpu)
    place = placement(step, kind, policies, findings, has_gpu=asks_for_gpu)
    if any(not isinstance(amount, int) for amount, _ in amounts.values()):
        limited(step, amounts, bounds, findings, running=True)
    step = hold(step, amounts, bounds, findings)
    limited(step, amounts, bounds, findings, running=False)
    if not _has_gpu(amounts):  # a policy took them away
        kind = place = None
    origins = {f"resources.{'.'.join(where)}": said for where, (_, said) in amounts.items()}
    if kind is not None:
        origins["resources.accelerator"] = kind[1]
    assert step.container is not None
    container = step.container._replace(resources=_resources(amounts, None if kind is None else kind[0], place))
    return step._replace(container=container, origins={**step.origins, **origins})


def _has_gpu(amounts: Amounts) -> bool:
    return bool(amounts.get(("requests", "gpu"), (0,))[0])


def _resources(amounts: Amounts, kind: str | None, place: Accelerator | None) -> Resources:
    """The amounts as a plan has them."""

    def block(kind: str) -> dict[str, Amount]:
        return {key: amounts[kind, key][0] for key in KEYS if (kind, key) in amounts}

    bounds = {key: amount for key, amount in block("bounds").items() if isinstance(amount, int)}
    shm = amounts[SHM][0] if SHM in amounts else None
    assert shm is None or isinstance(shm, int)
    return Resources(block("requests"), block("limits"), bounds, shm, kind, place)
