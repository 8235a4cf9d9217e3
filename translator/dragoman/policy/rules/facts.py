"""What rules are told of a plan: plain data with every field of `fields`, made once for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from dragoman import quantity
from dragoman.expr.values import Quantity
from dragoman.plan.amounts import KEYS
from dragoman.plan.loops import width
from dragoman.plan.model import Amount, Container, EnvSource, Foreach, Plan, Resources, Retry, Step, Text, Volume
from dragoman.plan.resolve import ON_EXIT

Facts: TypeAlias = dict[str, Any]
NOTHING = dict.fromkeys(KEYS)


class Subjects(NamedTuple):
    """What there is to judge: the flow, its target, and each container step with its facts."""

    flow: Facts
    target: Facts
    steps: tuple[tuple[Step, Facts], ...]


def subjects(plan: Plan) -> Subjects:
    """The facts of a plan."""
    steps = [(step, _step(step, groups, plan)) for step, groups in _containers(plan.steps, ())]
    on_exit = [(step, _step(step, groups, plan)) for step, groups in _containers(plan.on_exit, ())]
    schedule = plan.schedule
    flow = {
        "name": plan.name,
        "namespace": plan.namespace,
        "labels": plan.labels,
        "annotations": plan.annotations,
        "target": plan.target,
        "schedule": None
        if schedule is None
        else {
            "cron": list(schedule.cron),
            "timezone": schedule.timezone,
            "concurrency": schedule.concurrency,
            "suspend": schedule.suspend,
            "startingDeadline": schedule.starting_deadline,
            "history": schedule.history,
        },
        "parallelism": plan.parallelism,
        "timeout": plan.timeout,
        "failFast": plan.fail_fast,
        "params": {
            param.name: {"type": str(param.type), "runtime": param.runtime, "value": param.value}
            for param in plan.params
        },
        "steps": [facts for _, facts in steps],
        "onExit": [facts for _, facts in on_exit],
    }
    return Subjects(flow, {"name": plan.target, "options": plan.options}, (*steps, *on_exit))


def _containers(steps: Sequence[Step], groups: tuple[Step, ...]) -> Iterator[tuple[Step, tuple[Step, ...]]]:
    """Every step with a container, and the groups around it, the outermost first."""
    for step in steps:
        if step.container is not None:
            yield step, groups
        yield from _containers(step.steps, (*groups, step))


def _step(step: Step, groups: tuple[Step, ...], plan: Plan) -> Facts:
    container = step.container
    assert container is not None
    loops = [one.foreach for one in (*groups, step) if one.foreach is not None]
    return {
        "name": step.name,
        "address": ".".join(step.address),
        "groups": [group.name for group in groups],
        "onExit": step.address[0] == ON_EXIT,
        **_container(container),
        "resources": _resources(container.resources),
        "retry": None if step.retry is None else _retry(step.retry),
        "attempts": 1 if step.retry is None else 1 + step.retry.limit,
        "timeout": step.timeout,
        "foreach": None if step.foreach is None else _loop(step.foreach),
        "loops": [_loop(loop) for loop in loops],
        "runs": _runs(loops),
        "atOnce": _at_once(step, groups, plan),
        "needs": {need.step: need.condition for need in step.needs},
        "when": step.when is not None,
        "outputs": list(step.outputs),
        "compute": step.compute,
        "queue": step.queue,
    }


def _container(container: Container) -> Facts:
    image, command, args = _text(container.image), _texts(container.command), _texts(container.args)
    script = container.script
    return {
        "image": image,
        "imagePullPolicy": container.pull_policy,
        "command": command,
        "args": args,
        "script": script and {"interpreter": list(script.interpreter), "source": script.source},
        "workingDir": container.working_dir,
        "env": {name: _variable(value) for name, value in container.env.items()},
        "volumes": [_volume(volume) for volume in container.volumes],
        "serviceAccount": container.service_account,
        "labels": container.labels,
        "annotations": container.annotations,
        "dynamic": {"image": image is None, "command": None in (command or ()), "args": None in (args or ())},
    }


def _text(text: Text) -> str | None:
    return text if isinstance(text, str) else None


def _texts(texts: tuple[Text, ...] | None) -> list[str | None] | None:
    return None if texts is None else [_text(text) for text in texts]


def _variable(value: Text | EnvSource) -> Facts:
    if isinstance(value, EnvSource):
        place = f"{value.name}/{value.key}"
        secret = value.kind == "secret"
        return {
            "value": None,
            "dynamic": False,
            "secret": place if secret else None,
            "configMap": None if secret else place,
        }
    return {"value": _text(value), "dynamic": not isinstance(value, str), "secret": None, "configMap": None}


def _volume(volume: Volume) -> Facts:
    return {
        "kind": volume.kind,
        "name": volume.name,
        "mount": volume.mount,
        "subPath": volume.sub_path,
        "readOnly": volume.read_only,
        "size": None if volume.size is None else _amount("disk", volume.size),
        "medium": volume.medium,
    }


def _resources(resources: Resources) -> Facts:
    requests, limits = resources.requests, resources.limits
    asked = _amounts(requests)
    return {
        **asked,
        "shm": None if resources.shm is None else _amount("shm", resources.shm),
        "accelerator": resources.accelerator,
        "requests": asked,
        "limits": _amounts(limits),
        "bounds": _amounts(resources.bounds),
        "dynamic": {key: _runs_first(requests.get(key)) or _runs_first(limits.get(key)) for key in KEYS},
    }


def _runs_first(amount: Amount | None) -> bool:
    return amount is not None and not isinstance(amount, int)


def _amounts(amounts: Mapping[str, Amount]) -> Facts:
    return {**NOTHING, **{key: _amount(key, one) for key, one in amounts.items() if isinstance(one, int)}}


@lru_cache(1024)
def _amount(key: str, amount: int) -> Quantity | int:
    return amount if key == "gpu" else Quantity(quantity.canonical(key, amount))


def _retry(retry: Retry) -> Facts:
    backoff = retry.backoff
    return {
        "limit": retry.limit,
        "causes": list(retry.causes),
        "backoff": backoff and {"delay": backoff.delay, "factor": backoff.factor, "max": backoff.maximum},
        "escalate": {
            growth.resource: {"factor": growth.factor, "max": _amount(growth.resource, growth.maximum)}
            for growth in retry.escalate
        },
    }


def _loop(loop: Foreach) -> Facts:
    items = width(loop)
    return {
        "kind": loop.kind,
        "width": items,
        "dynamic": items is None,
        "maxItems": loop.max_items,
        "parallelism": loop.parallelism,
        "tolerate": loop.tolerate,
    }


def _runs(loops: Sequence[Foreach]) -> int | None:
    """How many containers the loops make, all items counted."""
    product = 1
    for loop in loops:
        items = _most(loop)
        if items is None:
            return None
        product *= items
    return product


def _most(loop: Foreach) -> int | None:
    items = width(loop)
    return loop.max_items if items is None else items


def _at_once(step: Step, groups: tuple[Step, ...], plan: Plan) -> int | None:
    """How many containers of a step run at one time: a group's `parallelism` holds in each run of the group."""
    number = _times(1, step.foreach)
    for group in reversed(groups):
        number = _times(_least(number, group.parallelism), group.foreach)
    return _least(number, plan.parallelism)


def _times(number: int | None, loop: Foreach | None) -> int | None:
    items = 1 if loop is None else _least(_most(loop), loop.parallelism)
    return None if number is None or items is None else number * items


def _least(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)
