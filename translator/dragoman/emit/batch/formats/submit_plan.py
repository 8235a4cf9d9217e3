"""A flow for those who have AWS Batch and no Step Functions: its definitions, and the inputs of SubmitJob in order.

Batch starts a job when those that it depends on have succeeded, and fails it when one of them fails: there is no more.
`dependsOn` names jobs by their `jobName` in the list; who submits them puts the ids in that SubmitJob has answered.
What Batch cannot do is refused, never left out (`obstacles`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dragoman import quantity
from dragoman.emit.batch.formats.casing import camel
from dragoman.emit.batch.formats.machine import submissions
from dragoman.emit.batch.formats.obstacles import MOST_DEPENDENCIES, goes_on, late_starter, obstacle, refused
from dragoman.emit.batch.names import LONGEST, named, state_name
from dragoman.emit.objects import drop_empty
from dragoman.emitter import Emission, Manifest
from dragoman.expr.text import Template, render_text, substitute_text
from dragoman.expr.tree import Expr, Literal, Ref
from dragoman.expr.types import INT
from dragoman.findings import Finding, Findings
from dragoman.plan.features import topological
from dragoman.plan.model import Address, Container, Foreach, Plan, Step, Text
from dragoman.plan.references import container as references
from dragoman.plan.references import target

LARGEST_ARRAY = 10_000
UNITS = (("cpu", "VCPU", 1000), ("memory", "MEMORY", 2**20), ("gpu", "GPU", 1))
OVERRIDES = ("containerOverrides", "ecsPropertiesOverride")
Names = tuple[str, ...]  # of jobs


class Turn(NamedTuple):
    """Which items the loops around are at."""

    values: Mapping[tuple[str, Address], Literal] = {}
    numbers: tuple[int, ...] = ()

    def at(self, step: Step, loop: Foreach, number: int, item: Any) -> Turn:
        """The turn of one item of a loop."""
        own = {("item", step.address): Literal(item, loop.type), ("index", step.address): Literal(number, INT)}
        return Turn({**self.values, **own}, (*self.numbers, number))

    def text(self, text: Text) -> str:
        """A text, now that the items are known."""
        return render_text(substitute_text(text, self._value), {})

    def _value(self, ref: Ref) -> Expr | None:
        wanted = target(ref)
        return self.values.get((wanted.kind, wanted.step))


class List(NamedTuple):
    """The list under construction; `bases` are submissions as the state machine makes them, by their states."""

    plan: Plan
    bases: Mapping[str, Mapping[str, Any]]
    jobs: list[dict[str, Any]]


def form(plan: Plan, emission: Emission) -> Emission:
    """The definitions as they are, and the plan."""
    found = obstacle(plan)
    if found is not None:
        return emission._replace(manifests=(), findings=(found,))
    made = List(plan, {name: camel(one) for name, one in submissions(emission).items()}, [])
    try:
        _graph(made, plan.steps, (), Turn())
        _stops(plan, None, made.jobs, fail_fast=plan.fail_fast)
    except Findings as error:
        return emission._replace(manifests=(), findings=error.findings)
    definitions = [one for one in emission.manifests if one.kind == "JobDefinition"]
    body = {"flow": plan.name, "jobs": made.jobs}
    listed = Manifest(f"submitplan-{plan.name}.yaml", body, "SubmitPlan", plan.name)
    return emission._replace(manifests=(*definitions, listed))


def _stops(plan: Plan, group: Step | None, jobs: Sequence[Mapping[str, Any]], *, fail_fast: bool) -> None:
    if fail_fast and late_starter(jobs):
        raise Findings([goes_on(plan, group)])


def _graph(made: List, steps: tuple[Step, ...], before: Names, turn: Turn) -> Names:
    """The jobs of a graph, each after those that it needs; the last ones' names."""
    ends: dict[str, Names] = {}
    for step in topological(steps):
        after = tuple(dict.fromkeys(name for need in step.needs for name in ends[need.step])) or before
        ends[step.name] = _step(made, step, after, turn)
    needed = {need.step for step in steps for need in step.needs}
    last = [name for step in steps if step.name not in needed for name in ends[step.name]]
    return tuple(dict.fromkeys(last))


def _step(made: List, step: Step, after: Names, turn: Turn) -> Names:
    """A step, each of its items if it is a loop; of a loop over nothing, what comes before it."""
    if step.foreach is None:
        return _once(made, step, after, turn, 0)
    loop, items = step.foreach, list(_items(step.foreach))
    if len(items) > 1 and len(items) <= LARGEST_ARRAY and step.container and not _looks_at(step, step.container):
        return _once(made, step, after, turn, len(items))
    turns = [turn.at(step, loop, number, item) for number, item in enumerate(items)]
    found = [name for one in turns for name in _once(made, step, after, one, 0)]
    return tuple(dict.fromkeys(found)) or after


def _items(loop: Foreach) -> Iterator[Any]:
    items = loop.size if loop.kind == "range" else loop.items
    assert isinstance(items, Literal), "told before"
    yield from range(items.value) if loop.kind == "range" else items.value


def _looks_at(step: Step, container: Container) -> bool:
    """Whether a job must know which item it is for: those of an array are all the same."""
    return any(
        target(ref).kind in ("item", "index") and target(ref).step == step.address for ref in references(container)
    )


def _once(made: List, step: Step, after: Names, turn: Turn, size: int) -> Names:
    if step.container is None:
        start = len(made.jobs)
        ends = _graph(made, step.steps, after, turn)
        _stops(made.plan, step, made.jobs[start:], fail_fast=step.fail_fast)
        return ends
    base = made.bases[state_name(step)]
    ending = f"--{'-'.join(map(str, turn.numbers))}" if turn.numbers else ""  # no definition has two dashes in a row
    name = named([base["jobDefinition"]], LONGEST - len(ending)) + ending
    if len(after) > MOST_DEPENDENCIES:
        message = f"`{name}` waits for {len(after)} jobs, and in Batch a job waits for at most {MOST_DEPENDENCIES}"
        raise Findings([refused(step, message, "put a step between them that does nothing, or make fewer items")])
    job = {
        **{key: value for key, value in base.items() if key not in OVERRIDES},
        "jobName": name,
        "arrayProperties": {"size": size} if size else None,
        "dependsOn": [{"jobId": one} for one in after],
        "containerOverrides": _overrides(step, step.container, turn),
    }
    made.jobs.append(drop_empty(job))
    return (name,)


def _overrides(step: Step, container: Container, turn: Turn) -> dict[str, Any]:
    """What of a container differs from item to item."""
    words = (*(container.command or ()), *(container.args or ()))
    texts = {name: value for name, value in container.env.items() if isinstance(value, Template)}
    return drop_empty(
        {
            "command": [turn.text(word) for word in words] if any(isinstance(word, Template) for word in words) else [],
            "environment": [{"name": name, "value": turn.text(value)} for name, value in texts.items()],
            "resourceRequirements": list(_amounts(step, container, turn.text)),
        }
    )


def _amounts(step: Step, container: Container, text: Callable[[Text], str]) -> Iterator[dict[str, str]]:
    """Amounts that the items say; Batch has one number for the request and the limit of memory, the larger."""
    for key, kind, unit in UNITS:
        blocks = (container.resources.requests, *([container.resources.limits] if key == "memory" else []))
        amounts = [block[key] for block in blocks if key in block]
        if any(isinstance(amount, Template) for amount in amounts):
            try:
                units = max(
                    amount if isinstance(amount, int) else quantity.parse(text(amount), quantity.SCALE[key])
                    for amount in amounts
                )
            except ValueError as error:
                raise Findings([_wrong(step, f"{key}: {error}")]) from None
            yield {"type": kind, "value": str(-(-units // unit))}


def _wrong(step: Step, message: str) -> Finding:
    return refused(step, message, "look at the items of the loop")
