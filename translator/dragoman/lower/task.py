"""One run of one step's container: what is known of it, and what a compute needs to start it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman import quantity
from dragoman.expr import text
from dragoman.expr.text import Template
from dragoman.plan.model import Amount, Container, EnvSource, Reference, Resources, Retry, Step
from dragoman.plan.retries import grown

Id: TypeAlias = tuple[str | int, ...]  # the step's address, behind each looping step's name the item's index
Values: TypeAlias = Mapping[Any, Any]  # what each `Reference` stands for
Cause: TypeAlias = Literal["error", "oom", "spot", "timeout"]


class Attempt(NamedTuple):
    """One try of a task, as its compute saw it; times in seconds since 1970.

    outputs  the text of each output that was there; what a `stdout` output printed
    cause    why it failed: its exit code (`error`), memory, its node, its time
    """

    number: int
    phase: Literal["running", "succeeded", "failed"]
    outputs: Mapping[str, str] = {}
    exit_code: int | None = None
    cause: Cause | None = None
    message: str = ""
    started: float | None = None
    ended: float | None = None


class Task(NamedTuple):
    """A container that can start now: every text and amount of it is known.

    requests  amounts in the units of `quantity.SCALE`; `limits` likewise
    """

    id: Id
    step: Step
    attempt: int
    image: str
    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    env: Mapping[str, str | EnvSource]
    requests: Mapping[str, int]
    limits: Mapping[str, int]

    @property
    def name(self) -> str:
        """The task as people read it: `shards[2].train`."""
        return name_of(self.id)


def name_of(task: Id) -> str:
    """A task's id as people read it: `shards[2].train`."""
    shown = ""
    for part in task:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown


def ready(task: Id, step: Step, attempt: int, values: Values) -> Task:
    """The task of a step's next attempt; ValueError or ExprError when a text or an amount cannot be computed."""
    container = step.container
    assert container is not None
    own: Any = ({Reference("attempt"): attempt}, values)  # chained: a run has more values than a step reads
    known = ChainMap(*own)
    return Task(
        id=task,
        step=step,
        attempt=attempt,
        image=_text(container.image, known),
        command=_texts(container.command, known),
        args=_texts(container.args, known),
        env=_env(container, known),
        requests=_amounts(container.resources, "requests", step.retry, attempt, known),
        limits=_amounts(container.resources, "limits", step.retry, attempt, known),
    )


def _text(value: str | Template, values: Values) -> str:
    return value if isinstance(value, str) else text.render_text(value, values)


def _texts(words: tuple[str | Template, ...] | None, values: Values) -> tuple[str, ...] | None:
    return None if words is None else tuple(_text(word, values) for word in words)


def _env(container: Container, values: Values) -> dict[str, str | EnvSource]:
    return {
        name: value if isinstance(value, EnvSource) else _text(value, values) for name, value in container.env.items()
    }


def _amounts(resources: Resources, kind: str, retry: Retry | None, attempt: int, values: Values) -> dict[str, int]:
    amounts: Mapping[str, Amount] = getattr(resources, kind)
    result = {}
    for key, value in amounts.items():
        amount = value if isinstance(value, int) else quantity.parse(_text(value, values), quantity.SCALE[key])
        bound = resources.bounds.get(key)
        if bound is not None and amount > bound:
            shown = quantity.canonical(key, amount), quantity.canonical(key, bound)
            raise ValueError(f"{key} is {shown[0]}, more than its bound {shown[1]}")
        result[key] = _grown(key, amount, retry, attempt)
    return result


def _grown(key: str, amount: int, retry: Retry | None, attempt: int) -> int:
    for growth in retry.escalate if retry is not None else ():
        if growth.resource == key:
            return grown(amount, growth, attempt - 1)
    return amount
