"""What the API server gets of a step: the containers of its pod, as far as they are known before the flow runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import ceil
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman import quantity
from dragoman.expr.text import Template, refs, render_text
from dragoman.expr.tree import ExprError
from dragoman.expr.tree import Literal as Constant
from dragoman.findings import Fix, Span
from dragoman.plan.footprint import KUBERNETES, Amounts, Beside, Footprint
from dragoman.plan.model import Accelerator, Address, Foreach, Plan, Resources, Step
from dragoman.plan.origins import origin
from dragoman.plan.references import target
from dragoman.plan.resolve import ON_EXIT
from dragoman.policy.merge import where
from dragoman.policy.sources.objects import Amount, shown

Kind: TypeAlias = Literal["requests", "limits"]
KEYS = {"cpu": "cpu", "memory": "memory", "disk": "ephemeral-storage"}
WORDS = {name: key for key, name in KEYS.items()}
MOST_ITEMS = 10_000  # of a loop, each tried in its amounts
Loops: TypeAlias = Mapping[Address, Foreach]


class Known(NamedTuple):
    """What is known of an amount: the least and the most it can be, over items and attempts; None is unknown.

    exact  it is one number, which only escalation changes
    """

    least: int | None
    most: int | None
    exact: bool = False


class Asked(NamedTuple):
    """What a container asks for, by Kubernetes' names of resources; cores in thousandths.

    same  resources whose limit is the request, whatever that is
    """

    requests: Mapping[str, Known]
    limits: Mapping[str, Known]
    same: frozenset[str] = frozenset()

    def of(self, kind: Kind) -> Mapping[str, Known]:
        """The requests, or the limits."""
        return self.requests if kind == "requests" else self.limits


class Added(NamedTuple):
    """An amount that the cluster adds to a container."""

    kind: Kind
    resource: str
    amount: Amount

    @property
    def shown(self) -> str:
        """It as people write it."""
        return f"`{self.kind}.{self.resource}: {shown(self.resource, self.amount.value)}`"


class Container(NamedTuple):
    """A container of a pod.

    name       empty for the step's own
    init       whether it has ended before the others start
    elsewhere  where somebody else may say what it asks for, whom no flow knows
    added      what it asks for because the cluster says so
    """

    name: str
    asked: Asked
    init: bool = False
    elsewhere: str = ""
    added: tuple[Added, ...] = ()


class Pod(NamedTuple):
    """A pod of a step, whose own container is the first, or one of the target's own.

    subject  what people call it
    place    where it comes from, and `address` is the same in the spec
    """

    step: Step | None
    containers: tuple[Container, ...]
    subject: str
    place: Span | None
    address: str

    @property
    def own(self) -> Container:
        """The container that the pod is for."""
        return self.containers[0]

    @property
    def runs(self) -> Step:
        """The step, of a pod that `pods` gave."""
        assert self.step is not None
        return self.step

    def key(self, resource: str) -> str | None:
        """The flow's word for a resource."""
        found = names(self.step) if self.step is not None else {}
        return next((key for key, name in found.items() if name == resource), None)

    def span(self, kind: Kind, resource: str) -> Span | None:
        """Where an amount of it is said; its own place, where nobody says it."""
        key = self.key(resource)
        if key is None or self.step is None:
            return self.place
        return origin(self.step, "resources", kind, key).span() or self.place

    def address_of(self, kind: Kind, resource: str) -> str:
        """The address of an amount in the spec."""
        key = self.key(resource)
        return self.address if key is None else f"{self.address}.resources.{kind}.{key}"

    def fix(self, kind: Kind, resource: str, amount: int) -> Fix | None:
        """What would set an amount: where the flow says it, else in the step itself."""
        key = self.key(resource)
        if key is None or self.step is None or not self.step.layers:
            return None
        said, layer = origin(self.step, "resources", kind, key), self.step.layers[0]
        value = quantity.canonical(key, amount)
        if said.at_layer() in ("built-in", "policy"):
            return layer.source.fix((*layer.path, "resources", kind, key), value)
        return said.fix(value)


def pods(plan: Plan, footprint: Footprint, of: str = KUBERNETES) -> Iterator[Pod]:
    """The pods of the steps that run on a compute, one for each step."""
    for step, loops in _containers((*plan.steps, *plan.on_exit), {}):
        if (step.compute or footprint.compute) == of:
            others = (_beside(one) for one in (footprint.others(step) if of == footprint.compute else ()))
            place = step.layers[0].source.span(step.layers[0].path, key=True) if step.layers else None
            own = Container("", _asked(step, loops))
            yield Pod(step, (own, *others), f"step `{step.name}`", place, where(step))


def queue_span(pod: Pod, plan: Plan) -> Span | None:
    """Where the queue of a step is said: by itself, or for the whole flow."""
    own = origin(pod.runs, "queue").span()
    if own is None and plan.source.document.data["spec"].get("queue") == pod.runs.queue is not None:
        return plan.source.span(("spec", "queue"))
    return own or pod.place


def pods_of_target(plan: Plan, footprint: Footprint) -> Iterator[Pod]:
    """The pods that the target adds for itself."""
    for one in footprint.always if footprint.compute == KUBERNETES else ():
        place = plan.source.span(("metadata", "name"))
        yield Pod(None, (Container("", _held(one.holds)),), one.name, place, "metadata.name")


def _beside(one: Beside) -> Container:
    return Container(one.name, _held(one.holds), one.init, one.elsewhere)


def _held(amounts: Amounts) -> Asked:
    """What a container of the target's own asks for; none of them has devices."""
    requests, limits = (
        {KEYS[key]: Known(value, value, exact=True) for key, value in block.items() if key in KEYS}
        for block in (amounts.requests, amounts.limits)
    )
    return Asked({**limits, **requests}, limits)


def has_deadline(step: Step, footprint: Footprint) -> bool:
    """Whether the step's pod says `activeDeadlineSeconds`: its own time limit, or the flow's."""
    return step.timeout is not None or (footprint.clock and step.address[0] != ON_EXIT)


def names(step: Step) -> dict[str, str]:
    """Kubernetes' names of what a step may ask for."""
    resources = step.container.resources if step.container is not None else Resources()
    return {**KEYS, "gpu": (resources.placement or Accelerator()).resource}


def total(pod: Pod, kind: Kind) -> dict[str, Known]:
    """What a pod asks for at least: its containers together, or the largest of those that run before them.

    What somebody else may say of a container is left out: it only adds to this.
    """
    several = [one for one in pod.containers if not one.elsewhere]
    running = [one.asked.of(kind) for one in several if not one.init]
    before = [one.asked.of(kind) for one in several if one.init]
    found = {}
    for resource in dict.fromkeys(name for amounts in (*running, *before) for name in amounts):
        together = _joined([amounts[resource] for amounts in running if resource in amounts], sum)
        largest = [amounts[resource] for amounts in before if resource in amounts]
        found[resource] = _joined([together, *largest], max)
    return found


def _joined(amounts: Sequence[Known], join: Callable[[list[int]], int]) -> Known:
    least, most = ([getattr(one, field) for one in amounts] for field in ("least", "most"))
    return Known(
        None if None in least else join(least),
        None if None in most else join(most),
        all(one.exact for one in amounts),
    )


def _asked(step: Step, loops: Loops) -> Asked:
    """What a step's container asks for, as the API server completes it: a limit alone is the request too."""
    assert step.container is not None
    resources = step.container.resources
    called = names(step)
    requests = {called[key]: _known(step, key, value, loops) for key, value in resources.requests.items()}
    limits = {called[key]: _known(step, key, value, loops) for key, value in resources.limits.items()}
    same = {called[key] for key, value in resources.limits.items() if resources.requests.get(key, value) == value}
    return Asked({**limits, **requests}, limits, frozenset(same))


def _containers(steps: Sequence[Step], loops: Loops) -> Iterator[tuple[Step, Loops]]:
    for step in steps:
        inner = {**loops, step.address: step.foreach} if step.foreach is not None else loops
        if step.container is not None:
            yield step, inner
        yield from _containers(step.steps, inner)


def _known(step: Step, key: str, value: int | Template, loops: Loops) -> Known:
    assert step.container is not None
    if isinstance(value, int):
        return Known(value, _grown(step, key, value), exact=True)
    found = _over_items(key, value, loops)
    if found is not None:
        return Known(found[0], _grown(step, key, found[1]))
    bound = step.container.resources.bounds.get(key)
    return Known(None, None if bound is None else _grown(step, key, bound))


def _grown(step: Step, key: str, amount: int) -> int:
    """The amount of the last attempt."""
    retry = step.retry
    for growth in retry.escalate if retry is not None else ():
        if growth.resource == key and retry is not None:
            return max(amount, min(ceil(amount * growth.factor**retry.limit), growth.maximum))
    return amount


def _over_items(key: str, value: Template, loops: Loops) -> tuple[int, int] | None:
    """The least and the most of an amount that depends on one loop, whose items are known."""
    wanted = {target(ref) for ref in refs(value)}
    addresses = {reference.step for reference in wanted}
    if len(addresses) != 1 or not {reference.kind for reference in wanted} <= {"item", "index"}:
        return None
    items = _items(loops.get(addresses.pop()))
    if not items or len(items) > MOST_ITEMS:
        return None
    found = []
    for index, item in enumerate(items):
        known = {one: item if one.kind == "item" else index for one in wanted}
        try:
            found.append(quantity.parse(render_text(value, known), quantity.SCALE[key]))
        except (ExprError, ValueError):
            return None
    return min(found), max(found)


def _items(loop: Foreach | None) -> Sequence[Any] | None:
    """The items of a loop, where they are known."""
    if loop is None:
        return None
    if loop.kind == "range":
        return range(loop.size.value) if isinstance(loop.size, Constant) else None
    if loop.kind == "list":
        return loop.items.value if isinstance(loop.items, Constant) else None
    axes = [(name, axis.value) for name, axis in loop.axes if isinstance(axis, Constant)]
    if len(axes) < len(loop.axes):
        return None
    variables = [name for name, _ in axes]
    return [dict(zip(variables, values, strict=True)) for values in product(*(values for _, values in axes))]
