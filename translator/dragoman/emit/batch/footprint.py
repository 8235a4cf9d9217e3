"""What a flow of AWS Batch holds: jobs, as large as Batch makes them, with the container that hands outputs on.

A state machine has chains and forks only, so that some steps wait for others that they do not need; an inline Map runs
40 items at once (Step Functions, "Map state processing modes").
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.batch.build import graphs
from dragoman.emit.batch.definition import CARRIER_CPU, CARRIER_MEMORY, MIB
from dragoman.emit.batch.judge.fargate import fargate, millis
from dragoman.emit.batch.layers import layers
from dragoman.emit.batch.loops import MOST_INLINE, distributed, is_array
from dragoman.emit.batch.settings import settings
from dragoman.plan.footprint import BATCH, Amounts, Footprint
from dragoman.plan.model import Address, Plan, Step
from dragoman.plan.references import steps_of

LEAST_MEMORY = 4 * MIB  # of a job (AWS Batch, ResourceRequirement)
LEAST_DISK = 21 * 2**30  # of a task of Fargate that asks for a size


def footprint(plan: Plan) -> Footprint:
    """What AWS makes of the plan."""
    on_fargate = settings(plan.options).platform == "FARGATE"
    return Footprint(
        compute=BATCH,
        pod=_fargate if on_fargate else _ec2,
        waits=dict(_waits(plan)),
        widths={
            step.address: MOST_INLINE
            for step in steps_of(plan)
            if step.foreach is not None and not is_array(step, step.foreach) and not distributed(step, step.foreach)
        },
        limited=False,
    )


def _waits(plan: Plan) -> Iterator[tuple[Address, tuple[str, ...]]]:
    for steps, _ in graphs(plan):
        found: dict[str, list[str]] = {}
        for wait in layers(steps).added:
            found.setdefault(wait.step, []).append(wait.other)
        for step in steps:
            if step.name in found:
                yield step.address, tuple(found[step.name])


def _ec2(step: Step, amounts: Amounts) -> Amounts:
    """Whole cores and MiB; the second container has a core of its own."""
    cpu, memory = amounts.requests.get("cpu", 0), _memory(amounts)
    beside = (1000, CARRIER_MEMORY * MIB) if step.outputs else (0, 0)
    return _job(
        amounts,
        None if cpu is None else max(-(-cpu // 1000), 1) * 1000 + beside[0],
        None if memory is None else max(-(-memory // MIB) * MIB, LEAST_MEMORY) + beside[1],
    )


def _fargate(step: Step, amounts: Amounts) -> Amounts:
    """The smallest size of Fargate that is enough for both containers."""
    cpu, memory = amounts.requests.get("cpu", 0), _memory(amounts)
    beside = (CARRIER_CPU, CARRIER_MEMORY * MIB) if step.outputs else (0, 0)
    if cpu is None or memory is None:
        return _job(amounts, None, None)
    size = fargate(cpu + beside[0], memory + beside[1])
    whole = (cpu, memory) if size is None else (millis(size[0]), size[1] * MIB)  # too large: told elsewhere
    disk = amounts.requests.get("disk")
    if disk:
        amounts = amounts._replace(requests={**amounts.requests, "disk": max(-(-disk // 2**30) * 2**30, LEAST_DISK)})
    return _job(amounts, *whole)


def _memory(amounts: Amounts) -> int | None:
    """Batch has one number for what is reserved and what is the most: the larger."""
    found = [amounts.requests.get("memory", 0), amounts.limits.get("memory", 0)]
    known = [amount for amount in found if amount is not None]
    return max(known) if len(known) == len(found) else None


def _job(amounts: Amounts, cpu: int | None, memory: int | None) -> Amounts:
    limit = amounts.limits.get("cpu")
    limits = {**amounts.limits, "memory": memory}
    if "cpu" in amounts.limits:
        limits["cpu"] = None if limit is None or cpu is None else max(limit, cpu)
    return Amounts({**amounts.requests, "cpu": cpu, "memory": memory}, limits)
