"""The steps of a plan, and the run-time values each uses: what it waits for, what its container must be handed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dragoman.expr import text
from dragoman.expr.tree import Ref
from dragoman.plan.model import Container, Foreach, Plan, Reference, Step


def target(ref: Ref) -> Reference:
    """What a reference of a plan's expression points to."""
    reference: Any = ref.target  # the expression language knows it as an opaque value
    assert isinstance(reference, Reference)
    return reference


def container(value: Container) -> Iterator[Ref]:
    """References in the texts and amounts of a container."""
    yield from _texts((value.image, *(value.command or ()), *(value.args or ()), *value.env.values()))
    yield from _texts((*value.resources.requests.values(), *value.resources.limits.values()))


def loop(value: Foreach | None) -> Iterator[Ref]:
    """References in a loop's list, size or axes."""
    if value is not None:
        for part in (value.items, value.size, *(axis for _, axis in value.axes)):
            if part is not None:
                yield from text.refs(part)


def own(step: Step) -> Iterator[Ref]:
    """References that a step makes itself: its loop, its condition, its container, its group's outputs."""
    yield from loop(step.foreach)
    if step.when is not None:
        yield from text.refs(step.when)
    if step.container is not None:
        yield from container(step.container)
    for output in step.outputs.values():
        if output.value is not None:
            yield from text.refs(output.value)


def free(step: Step) -> Iterator[Ref]:
    """References of a step and of everything inside it, to things outside it (its own loop counts as inside)."""
    size = len(step.address)
    for ref in everything(step):
        wanted = target(ref)
        inside = wanted.step[:size] == step.address and (wanted.kind != "output" or len(wanted.step) > size)
        if not inside:
            yield ref


def everything(step: Step) -> Iterator[Ref]:
    """References of a step and of everything inside it."""
    yield from own(step)
    for child in step.steps:
        yield from everything(child)


def _texts(values: Iterable[object]) -> Iterator[Ref]:
    for value in values:
        if isinstance(value, text.Template):
            yield from text.refs(value)


def steps_of(plan: Plan) -> Iterator[Step]:
    """Every step of a plan, groups before what is in them."""
    waiting = [*plan.steps, *plan.on_exit]
    while waiting:
        step = waiting.pop(0)
        yield step
        waiting = [*step.steps, *waiting]
