"""What a flow may run at one time: its plan, with what its target adds, as a tree of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, NamedTuple

from dragoman import quantity
from dragoman.expr import text
from dragoman.expr.evaluate import evaluate
from dragoman.expr.text import Template, render_text
from dragoman.expr.tree import ExprError, Ref
from dragoman.plan.features import topological
from dragoman.plan.footprint import Amounts, Footprint, Pods
from dragoman.plan.model import Amount, Foreach, Plan, Reference, Step
from dragoman.plan.references import loop as loop_refs
from dragoman.plan.references import target
from dragoman.plan.retries import grown
from dragoman.policy.quota.work import Graph, Leaf, Loop, Part, Size

MOST_ITEMS = 20_000  # of a flow, all loops together: a second or two
Values = Mapping[Any, Any]  # what is known before the run, by `Reference`: items and indexes of known lists


class Usage(NamedTuple):
    """What may run in a flow, and pods that are there all the time."""

    graph: Graph
    always: tuple[Leaf, ...] = ()


class Tries:
    """How many more items are looked at one by one; what is beyond counts as known only at run time."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, number: int) -> bool:
        """Whether so many may be; they are counted then."""
        if number > self.left:
            return False
        self.left -= number
        return True


class Around(NamedTuple):
    """What surrounds a graph: known values, how many pods there is room for, whether it runs in every run."""

    footprint: Footprint
    tries: Tries
    values: Values
    room: int | None = None
    sure: bool = True


def usage(plan: Plan, footprint: Footprint) -> Usage:
    """Everything that a run of the plan may hold. `onExit` comes after all the rest."""
    always = tuple(map(_fixed, footprint.always))
    if footprint.jobs is not None:
        pairs = tuple((before, after) for after, pods in enumerate(footprint.jobs) for before in pods.after)
        return Usage(Graph(tuple(map(_fixed, footprint.jobs)), pairs), always)
    around = Around(footprint, Tries(MOST_ITEMS), {}, plan.parallelism)
    parts = (_graph(plan.steps, around), _graph(plan.on_exit, around))
    return Usage(Graph(parts, ((0, 1),), plan.parallelism), always)


def _fixed(pods: Pods) -> Leaf:
    return Leaf(pods.name, pods.steps, (Size(pods.holds, pods.number),), pods.width)


def _graph(steps: tuple[Step, ...], around: Around, group: Step | None = None) -> Graph:
    """A graph of steps; `group` is whose graph it is."""
    footprint = around.footprint
    cap = None if group is None else group.parallelism
    if footprint.counts == "pods":
        around = around._replace(room=_smallest(around.room, cap))
    places = {step.name: place for place, step in enumerate(steps)}
    pairs = [(places[need.step], places[step.name]) for step in steps for need in step.needs]
    pairs += [(places[name], places[step.name]) for step in steps for name in footprint.waits.get(step.address, ())]
    doubtful = _after_failures(steps)
    parts = tuple(_part(step, around._replace(sure=around.sure and step.name not in doubtful), cap) for step in steps)
    return Graph(parts, tuple(pairs), cap, footprint.counts)


def _after_failures(steps: tuple[Step, ...]) -> set[str]:
    """Steps that run only when another one has failed, or after such a step."""
    found: set[str] = set()
    for step in topological(steps):
        if any(
            need.condition == "failed" or (need.condition == "succeeded" and need.step in found) for need in step.needs
        ):
            found.add(step.name)
    return found


def _part(step: Step, around: Around, cap: int | None) -> Part:
    """A step of a graph that has this cap."""
    loop, footprint = step.foreach, around.footprint
    if loop is None:
        once = list(_runs(step, [(around.values, 1)], around))
        if step.steps:
            return _graph(step.steps, once[0][0], step) if once else Graph(())
        return _leaf(step, once, 1, single=False)
    single = step.address in footprint.single
    children = cap if footprint.counts == "children" and not single else None
    width = _smallest(loop.parallelism, footprint.widths.get(step.address), around.room, children)
    runs = list(_runs(step, _items(step, loop, around), around))
    if step.steps:
        return Loop(step, tuple((_graph(step.steps, one, step), count) for one, count in runs), width, single)
    return _leaf(step, runs, width, single=single)


def _items(step: Step, loop: Foreach, around: Around) -> Iterator[tuple[Values, int | None]]:
    """What is known of each item, with how many of them there are; alike, where quotas cannot see what an item is."""
    axes = _evaluated(_axes, loop, around.values)
    if axes is _UNKNOWN:
        yield around.values, loop.max_items
        return
    number = prod(map(len, axes))
    seen = any(target(ref).kind in ("item", "index") and target(ref).step == step.address for ref in _seen(step))
    if not seen or not around.tries.take(number):
        yield around.values, number
        return
    item, index = Reference("item", step.address, loop.variable), Reference("index", step.address, "index")
    names = [name for name, _ in loop.axes]
    for count, parts in enumerate(product(*axes)):
        one = dict(zip(names, parts, strict=True)) if loop.kind == "matrix" else parts[0]
        yield {**around.values, item: one, index: count}, 1


def _axes(loop: Foreach, values: Values) -> list[Any]:
    """The lists whose combinations are a loop's items; nothing is in one that is null; the first changes slowest."""
    if loop.kind == "range":
        assert loop.size is not None
        return [range(max(evaluate(loop.size, values) or 0, 0))]
    if loop.kind == "list":
        assert loop.items is not None
        return [evaluate(loop.items, values) or ()]
    return [evaluate(axis, values) or () for _, axis in loop.axes]


def _seen(step: Step) -> Iterator[Ref]:
    """The references that decide what a step and everything inside it may hold."""
    yield from loop_refs(step.foreach)
    if step.when is not None:
        yield from text.refs(step.when)
    if step.container is not None:
        own = step.container.resources
        for amount in (*own.requests.values(), *own.limits.values()):
            if isinstance(amount, Template):
                yield from text.refs(amount)
    for child in step.steps:
        yield from _seen(child)


def _runs(
    step: Step, found: Iterable[tuple[Values, int | None]], around: Around
) -> Iterator[tuple[Around, int | None]]:
    """The runs of a step that its condition may let happen."""
    when = step.when
    for values, count in found:
        decided = True if when is None else _evaluated(evaluate, when, values)
        if decided is not False:
            yield around._replace(values=values, sure=around.sure and decided is True), count


def _leaf(step: Step, runs: Iterable[tuple[Around, int | None]], width: int | None, *, single: bool) -> Leaf:
    sizes: dict[tuple[Any, ...], Size] = {}
    sure = True
    for around, count in runs:
        sure = sure and around.sure
        holds = around.footprint.pod(step, _holds(step, around.values))
        key = (*holds.requests.items(), None, *holds.limits.items())
        other = sizes[key].number if key in sizes else 0
        sizes[key] = Size(holds, None if count is None or other is None else count + other)
    tries = 1 if step.retry is None else 1 + step.retry.limit
    return Leaf(".".join(step.address), (step,), tuple(sizes.values()), width, tries, sure, single)


def _holds(step: Step, values: Values) -> Amounts:
    """What the container of a step asks for in its largest attempt."""
    assert step.container is not None
    own = step.container.resources
    return Amounts(
        {key: _largest(step, key, value, values) for key, value in own.requests.items()},
        {key: _largest(step, key, value, values) for key, value in own.limits.items()},
    )


def _largest(step: Step, key: str, amount: Amount, values: Values) -> int | None:
    """An amount of a step's largest attempt; its bound, or None, when only a run knows it."""
    retries = 0 if step.retry is None else step.retry.limit
    if isinstance(amount, int):
        return _grown(step, key, amount)
    assert step.container is not None
    bound = step.container.resources.bounds.get(key)
    counts = any(target(ref).kind == "attempt" for ref in text.refs(amount))
    found = []
    for attempt in range(1, 2 + retries) if counts else (1,):
        known = {**values, Reference("attempt"): attempt}
        shown = _evaluated(_parsed, key, amount, known)
        if shown is _UNKNOWN:
            return None if bound is None else _grown(step, key, bound)
        found.append(_grown(step, key, shown))
    return max(found)


def _parsed(key: str, amount: Template, values: Values) -> int:
    return quantity.parse(render_text(amount, values), quantity.SCALE[key])


def _grown(step: Step, key: str, amount: int) -> int:
    """The amount after all retries."""
    for growth in step.retry.escalate if step.retry is not None else ():
        if growth.resource == key and step.retry is not None:
            return grown(amount, growth, step.retry.limit)
    return amount


_UNKNOWN: Any = object()


def _evaluated(compute: Callable[..., Any], *arguments: Any) -> Any:
    """What can be computed before the run, or `_UNKNOWN`."""
    try:
        return compute(*arguments)
    except (ExprError, ValueError):
        return _UNKNOWN
    except KeyError as error:
        if not isinstance(error.args[0], Reference):
            raise
        return _UNKNOWN


def _smallest(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def containers(part: Part) -> int | None:
    """How many containers a run has at the most, each counted once; None where only a run knows."""
    return _total(part, lambda leaf: 1)


def attempts(part: Part) -> int | None:
    """How many attempts they have together, when all but the last of each fail."""
    return _total(part, lambda leaf: leaf.tries)


def _total(part: Part, each: Callable[[Leaf], int]) -> int | None:
    found: Iterable[tuple[int | None, int | None]]
    if isinstance(part, Leaf):
        found = [(each(part), size.number) for size in part.sizes]
    elif isinstance(part, Loop):
        found = [(_total(graph, each), number) for graph, number in part.runs]
    else:
        found = [(_total(inner, each), 1) for inner in part.parts]
    total = 0
    for one, number in found:
        if one != 0 and number != 0:
            if one is None or number is None:
                return None
            total += one * number
    return total
