"""Steps and groups of a flow: each from its layers, with its names resolved in the scope where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dragoman import duration
from dragoman.expr.scope import Scope
from dragoman.expr.tree import Binary, Expr, Literal
from dragoman.expr.types import BOOL
from dragoman.load.document import Path
from dragoman.plan import scope as scopes
from dragoman.plan.amounts import resources
from dragoman.plan.containers import Stack, container
from dragoman.plan.context import Context
from dragoman.plan.graph import needs_of, ordered
from dragoman.plan.items import check_items
from dragoman.plan.loops import foreach, inside
from dragoman.plan.model import Address, Resources, Step
from dragoman.plan.origin import Layer, Source
from dragoman.plan.outputs import group_outputs, hidden_names, step_outputs, visible_outputs
from dragoman.plan.retries import retry
from dragoman.plan.templates import Use, unused, use

GROUP_FIELDS = frozenset(
    {
        "steps",
        "needs",
        "when",
        "foreach",
        "parallelism",
        "failFast",
        "outputs",
        "description",
        "compute",
        "queue",
    }
)
CONTAINER_ONLY = frozenset({"parallelism", "failFast"})


class Frame(NamedTuple):
    """Where a graph of steps stands: its address, what its names see, and the settings its steps inherit."""

    address: Address
    source: Source
    path: Path
    scope: Scope
    compute: str | None = None
    queue: str | None = None


def graph(context: Context, data: Mapping[str, Any], frame: Frame, *, sees_steps: bool = True) -> tuple[Step, ...]:
    """The steps of one graph, in the order of the spec, their needs complete."""
    if sees_steps:
        outputs = {
            name: visible_outputs(context, name, block, frame.source, (*frame.path, name), frame.scope)
            for name, block in data.items()
        }
        frame = frame._replace(scope=scopes.with_steps(frame.scope, frame.address, outputs, hidden_names(data)))
    steps = tuple(_step(context, name, block, frame, data) for name, block in data.items())
    return ordered(context, steps, frame.source, frame.path)


def _step(context: Context, name: str, data: Mapping[str, Any], frame: Frame, siblings: Mapping[str, Any]) -> Step:
    path, address = (*frame.path, name), (*frame.address, name)
    scope, loop = frame.scope, None
    if data.get("foreach") is not None:
        loop = foreach(context, data["foreach"], frame.source, (*path, "foreach"), scope)
        scope = inside(scope, address, data["foreach"], loop)
    if data.get("steps") is not None:
        step = _group(context, data, frame._replace(address=address, path=path, scope=scope))
    else:
        step = _leaf(context, data, frame._replace(address=address, path=path, scope=scope))
    if loop is not None:
        step = step._replace(foreach=loop)
        check_items(context, step, frame.source, path)
    return step._replace(needs=needs_of(context, step, data, frame.source, path, siblings))


def _group(context: Context, data: Mapping[str, Any], frame: Frame) -> Step:
    for field in data:
        if field not in GROUP_FIELDS and data[field] is not None:
            context.report(
                "DRG119",
                f"a group has no `{field}`: it runs no container of its own",
                frame.source,
                (*frame.path, field),
                "set it on the group's steps, or in `spec.defaults`",
                key=True,
            )
    inner = frame._replace(
        path=(*frame.path, "steps"),
        compute=data.get("compute") or frame.compute,
        queue=_queue(context, data, frame),
    )
    return Step(
        address=frame.address,
        steps=graph(context, data["steps"], inner),
        when=_condition(context, data, frame.source, frame.path, frame.scope),
        outputs=group_outputs(context, data, frame.address, frame.source, frame.path, frame.scope),
        parallelism=data.get("parallelism"),
        fail_fast=data.get("failFast") is not False,
        layers=(Layer("step", data, frame.source, frame.path),),
    )


def _leaf(context: Context, data: Mapping[str, Any], frame: Frame) -> Step:
    for field in CONTAINER_ONLY & data.keys():
        if data[field] is not None:
            context.report(
                "DRG119",
                f"`{field}` belongs to a group; this step has no `steps`",
                frame.source,
                (*frame.path, field),
                "a loop's width is `foreach.parallelism`"
                if field == "parallelism"
                else "set it on the group or on `spec`",
                key=True,
            )
    used = use(context, data, frame.source, frame.path, frame.scope)
    stack = _stack(context, data, frame, used)
    when = _condition(context, data, frame.source, frame.path, frame.scope)
    if used is not None:
        inner = _condition(context, used.layer.data, used.layer.source, used.layer.path, used.scope)
        when = _both(when, used.settle(inner) if inner is not None else None)
    timeout = stack.first("timeout")
    return Step(
        address=frame.address,
        container=container(stack, frame.address[-1]),
        when=when,
        outputs=step_outputs(context, stack),
        retry=retry(context, stack),
        timeout=None if timeout is None else seconds(context, *timeout),
        compute=_inherited(stack, "compute", frame.compute),
        queue=_inherited(stack, "queue", frame.queue),
        target_resources=_target_resources(context, stack),
        layers=stack.layers,
    )


def _stack(context: Context, data: Mapping[str, Any], frame: Frame, used: Use | None) -> Stack:
    layers = [Layer("step", data, frame.source, frame.path)]
    seen = [scopes.in_container(frame.scope)]
    if used is not None:
        layers.append(used.layer)
        seen.append(used.scope)
    for layer in default_layers(context):
        layers.append(layer)
        seen.append(scopes.in_container(context.roots))
    return Stack(context, tuple(layers), tuple(seen), used.settle if used is not None else lambda value: value)


def _queue(context: Context, data: Mapping[str, Any], frame: Frame) -> str | None:
    written = data.get("queue")
    return frame.queue if written is None else context.constant(written, frame.source, (*frame.path, "queue"))


def seconds(context: Context, written: str, source: Source, path: Path) -> int:
    """A time limit: at least a second."""
    value = duration.parse(written)
    if value == 0:
        context.report(
            "DRG112", "a time limit of 0 s ends everything at once", source, path, "leave it out for no limit"
        )
    return value


def default_layers(context: Context) -> list[Layer]:
    """The flow's defaults, those for the target over those for all."""
    whole = Layer("defaults", context.defaults, context.source, ("spec", "defaults"))
    own = (context.defaults.get("targets") or {}).get(context.target)
    if not own:
        return [whole]
    return [Layer("defaults", own, context.source, ("spec", "defaults", "targets", context.target)), whole]


def _inherited(stack: Stack, field: str, of_group: str | None) -> Any:
    """A setting of the step or its template, else of the groups around it, else of the defaults."""
    for layer in stack.layers:
        if layer.data.get(field) is not None and (layer.name != "defaults" or of_group is None):
            return stack.context.constant(layer.data[field], layer.source, (*layer.path, field))
    return of_group


def _target_resources(context: Context, stack: Stack) -> Resources:
    """The explicit amounts of the blocks for this target; the defaults' block is no explicit value."""
    layers, seen = [], []
    for layer, scope in zip(stack.layers, stack.scopes, strict=True):
        block = (layer.data.get("targets") or {}).get(context.target)
        if block and layer.name != "defaults":
            layers.append(Layer(layer.name, block, layer.source, (*layer.path, "targets", context.target)))
            seen.append(scope)
    return resources(context, layers, seen, stack.settle) if layers else Resources()


def _condition(context: Context, data: Mapping[str, Any], source: Source, path: Path, scope: Scope) -> Expr | None:
    written = data.get("when")
    if written is None:
        return None
    tree = context.expression(written, source, (*path, "when"), scope, "bool")
    return None if isinstance(tree, Literal) and tree.value is True else tree


def _both(left: Expr | None, right: Expr | None) -> Expr | None:
    if left is None or right is None:
        return left or right
    return Binary("&&", left, right, BOOL)


def check_unused(context: Context, *graphs: Mapping[str, Any]) -> None:
    """Find what is wrong with templates that no step uses; a step's use has found it for the others."""
    used = {name for graph_ in graphs for name in _uses(graph_)}
    for name in context.templates.keys() - used:
        template = unused(context, name)
        stack = Stack(
            context,
            (template.layer, Layer("defaults", context.defaults, context.source, ("spec", "defaults"))),
            (template.scope, scopes.in_container(context.roots)),
            template.settle,
        )
        if stack.value("image") is not None:
            container(stack, name)
        step_outputs(context, stack)
        retry(context, stack)


def _uses(steps: Mapping[str, Any]) -> Iterator[str]:
    for block in steps.values():
        if block.get("use"):
            yield block["use"]
        yield from _uses(block.get("steps") or {})
