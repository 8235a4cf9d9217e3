"""Graphs, groups and the items of loops as states."""

from __future__ import annotations

from typing import Any

from dragoman.emit.batch import loops
from dragoman.emit.batch.build import FAILED, Build, absent, careful
from dragoman.emit.batch.jsonata import literal
from dragoman.emit.batch.jsonata_facts import may_fail
from dragoman.emit.batch.layers import Chain, Fork, Shape, layers
from dragoman.emit.batch.names import LONGEST_STATE, named, state_name
from dragoman.emit.batch.scope import INPUT, Scope, add, expression, field, recorded
from dragoman.emit.batch.states import task
from dragoman.findings import WARNING, Finding
from dragoman.plan.loops import width
from dragoman.plan.model import Address, Foreach, Step


def graph(
    build: Build, scope: Scope, place: Address, steps: tuple[Step, ...], after: str | None, *, fail_fast: bool
) -> str:
    """The states of a graph; the name of the first."""
    found = layers(steps)
    for wait in found.added:
        _told(build, steps, wait.step, wait.other)
    if not careful(steps, fail_fast=fail_fast):
        return _shape(build, scope, found.shape, after, None)
    return _shape(build, scope, found.shape, _judged(scope, place, steps, after), (steps, fail_fast))


def _told(build: Build, steps: tuple[Step, ...], name: str, other: str) -> None:
    step = next(one for one in steps if one.name == name)
    layer = step.layers[0]
    build.findings.append(
        Finding(
            "DRG311",
            f"`{name}` waits for `{other}` as well: a state machine has no other form for this graph",
            layer.source.span(layer.path, key=True),
            "the result is the same, it may only come later; order the steps otherwise if that matters",
            WARNING,
            ".".join(map(str, layer.path)),
        )
    )


Asked = tuple[tuple[Step, ...], bool]


def _shape(build: Build, scope: Scope, shape: Shape, after: str | None, asked: Asked | None) -> str:
    if isinstance(shape, Step):
        return _step(build, scope, shape, after, asked)
    if isinstance(shape, Chain):
        first = after
        for part in reversed(shape.parts):
            first = _shape(build, scope, part, first, asked)
        assert first is not None
        return first
    return _fork(build, scope, shape, after, asked)


def _fork(build: Build, scope: Scope, shape: Fork, after: str | None, asked: Asked | None) -> str:
    branches = []
    for branch in shape.branches:
        inner = Scope({}, scope.loops)
        start = _shape(build, inner, branch, None, asked)
        branches.append({"StartAt": start, "States": _ordered(inner.states)})
    merged = f"$merge([{INPUT}, {{'steps': $merge($append([{INPUT}.steps], $states.result.steps))}}])"
    state = {"Type": "Parallel", "Branches": branches, "Output": expression(merged)}
    return add(scope, build.fresh(state_name(_first(shape), "beside")), state, after)


def _first(shape: Shape) -> Step:
    while not isinstance(shape, Step):
        shape = shape.parts[0] if isinstance(shape, Chain) else shape.branches[0]
    return shape


def _ordered(states: dict[str, Any]) -> dict[str, Any]:
    """States were made from the last to the first: people read them from the first."""
    return dict(reversed(states.items()))


def _step(build: Build, scope: Scope, step: Step, after: str | None, asked: Asked | None) -> str:
    if asked is None:
        return _whole(build, scope, step, after, caught=False)
    if not _undecided(step):
        first = _whole(build, scope, step, after, caught=True)
    else:
        inner = Scope({}, scope.loops)
        start = _whole(build, inner, step, None, caught=True)
        out = absent(build, step, loop=step.foreach is not None)
        wrong = {"Type": "Pass", "Output": expression(recorded(step, "failed", out))}
        lost = add(scope, state_name(step, "wrong"), wrong, after)
        first = add(scope, state_name(step, "decided"), _branch(inner, start, lost), after)
    conditions = " and ".join(_conditions(scope, step, asked))
    return first if not conditions else _choice(build, scope, step, ("needs", "omitted"), conditions, first, after)


def _whole(build: Build, scope: Scope, step: Step, after: str | None, *, caught: bool) -> str:
    """A step with its loop and its condition."""
    if step.foreach is not None:
        first = _loop(build, scope, step, step.foreach, after, caught=caught)
    else:
        first = once(build, scope, step, after, caught=caught)
    if step.when is None or loops.per_item(step):
        return first
    condition = build.condition(step.when, scope, step)
    return _choice(build, scope, step, ("when", "skipped"), condition, first, after)


def _undecided(step: Step) -> bool:
    """Whether a Choice may fail for a step: its condition, or the length of its loop."""
    loop = step.foreach
    asked = [] if step.when is None or loops.per_item(step) else [step.when]
    if loop is not None and loop.max_items is not None:
        asked += [expr for expr in (loop.items, loop.size) if expr is not None]
    return any(map(may_fail, asked))


def _choice(
    build: Build, scope: Scope, step: Step, words: tuple[str, str], condition: str, then: str, after: str | None
) -> str:
    """A step's condition. `words`: what is asked, and what the step is without it; who needs it asks for that."""
    asks, without = words
    out = absent(build, step, loop=step.foreach is not None)
    output = recorded(step, without, out) if build.keeps(step) else INPUT
    otherwise = add(scope, state_name(step, without), {"Type": "Pass", "Output": expression(output)}, after)
    name = state_name(step, asks)
    scope.states[name] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(condition), "Next": then}],
        "Default": otherwise,
    }
    return name


def _conditions(scope: Scope, step: Step, asked: Asked | None) -> list[str]:
    """What must have become of the steps that this one needs, where a failure does not end the graph by itself."""
    if asked is None:
        return []
    steps, fail_fast = asked
    status = {one.name: f"{scope.record(one.address)}.status" for one in steps}
    found = []
    for need in step.needs:
        if need.condition == "succeeded":
            found.append(f"{status[need.step]} in ['succeeded', 'skipped']")
        elif need.condition == "failed":
            found.append(f"{status[need.step]} = 'failed'")
    if fail_fast:
        others = [one for one in steps if one is not step and not _accepted(one, steps)]
        found += [f"$not({status[one.name]} = 'failed')" for one in others]
    return found


def _accepted(step: Step, steps: tuple[Step, ...]) -> bool:
    return any(need.step == step.name and need.condition != "succeeded" for one in steps for need in one.needs)


def _judged(scope: Scope, place: Address, steps: tuple[Step, ...], after: str | None) -> str:
    """The states behind a graph that was asked: it fails if a step failed that nobody accepts."""
    failures = [f"{scope.record(step.address)}.status" for step in steps if not _accepted(step, steps)]
    start = named(place, LONGEST_STATE - len("--failure")) if place else "dragoman"
    failed, done, name = f"{start}--failure", f"{start}--end", f"{start}--judged"
    scope.states[failed] = {"Type": "Fail", "Error": FAILED, "Cause": "a step failed that no other one accepts"}
    then = after
    if then is None:
        scope.states[done] = {"Type": "Pass", "Output": expression(INPUT), "End": True}
        then = done
    condition = f"'failed' in [{', '.join(failures)}]" if failures else "false"
    scope.states[name] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(condition), "Next": failed}],
        "Default": then,
    }
    return name


def once(build: Build, scope: Scope, step: Step, after: str | None, *, caught: bool) -> str:
    """One run of a step, or of a group."""
    if not step.steps:
        return task(build, scope, step, after, caught=caught)
    if not caught and not careful(step.steps, fail_fast=step.fail_fast):
        behind = _group_end(build, scope, step, after)
        return graph(build, scope, step.address, step.steps, behind, fail_fast=step.fail_fast)
    inner = Scope({}, scope.loops)
    start = graph(
        build,
        inner,
        step.address,
        step.steps,
        _group_end(build, inner, step, None),
        fail_fast=step.fail_fast,
    )
    merged = f"$merge([{INPUT}, {{'steps': $merge($append([{INPUT}.steps], $states.result.steps))}}])"
    state: dict[str, Any] = {
        "Type": "Parallel",
        "Branches": [{"StartAt": start, "States": _ordered(inner.states)}],
        "Output": expression(merged),
    }
    if caught:
        out = absent(build, step, loop=False)
        lost = add(
            scope,
            state_name(step, "failed"),
            {"Type": "Pass", "Output": expression(recorded(step, "failed", out))},
            after,
        )
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Output": expression(INPUT), "Next": lost}]
    return add(scope, state_name(step, "group"), state, after)


def _group_end(build: Build, scope: Scope, step: Step, after: str | None) -> str | None:
    """The state that computes a group's outputs; none when nobody wants to know."""
    if not build.keeps(step):
        return after
    out = {
        name: f"({build.source(output.value, scope, step, 'outputs', name)})"
        for name, output in step.outputs.items()
        if output.value is not None
    }
    state = {"Type": "Pass", "Output": expression(recorded(step, "succeeded", out))}
    return add(scope, state_name(step, "end"), state, after)


def _loop(build: Build, scope: Scope, step: Step, loop: Foreach, after: str | None, *, caught: bool) -> str:
    if loops.is_array(step, loop):
        return task(build, scope, step, after, caught=caught, size=width(loop))
    items = loops.items(build, scope, step, loop)
    inner = Scope({}, (*scope.loops, step.address))
    start = _iteration(build, inner, step, loop)
    selector = {
        "item": expression("$states.context.Map.Item.Value"),
        "index": expression("$states.context.Map.Item.Index"),
        "up": expression(INPUT),
        "steps": {},
    }
    apart = loops.distributed(step, loop)
    state: dict[str, Any] = {
        "Type": "Map",
        "Items": items,
        "ItemSelector": selector,
        **({"MaxConcurrency": loop.parallelism} if loop.parallelism is not None else {}),
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if apart else {"Mode": "INLINE"},
            "StartAt": start,
            "States": _ordered(inner.states),
        },
        "Output": expression(loops.output(build, step)),
    }
    lost = None
    if caught:
        record = recorded(step, "failed", absent(build, step, loop=True))
        lost = add(scope, state_name(step, "failed"), {"Type": "Pass", "Output": expression(record)}, after)
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Output": expression(INPUT), "Next": lost}]
    name = state_name(step, "loop")
    tolerated = 0 if loop.tolerate is None else loop.tolerate
    then = after
    if isinstance(tolerated, int) and tolerated > 0:
        then = loops.counted(scope, step, tolerated, after, lost)
        state["Output"] = expression(loops.output(build, step, count=True))
    add(scope, name, state, then)
    return loops.bounded(build, scope, step, loop, name, lost)


def _iteration(build: Build, scope: Scope, step: Step, loop: Foreach) -> str:
    """The states of one item; what ends last says how it ended, and what it hands on."""
    if loop.tolerate is None:
        return _item(build, scope, step)
    inner = Scope({}, scope.loops)
    start = _item(build, inner, step)
    nulls = ", ".join(f"{literal(name)}: null" for name in step.outputs)
    lost = state_name(step, "lost-item")
    scope.states[lost] = {"Type": "Pass", "Output": expression(f"{{'ok': false, 'out': {{{nulls}}}}}"), "End": True}
    return add(scope, state_name(step, "tolerated"), _branch(inner, start, lost), None)


def _branch(inner: Scope, start: str, lost: str) -> dict[str, Any]:
    """States whose failure, whatever it is, leads elsewhere: most states cannot say that of their own."""
    return {
        "Type": "Parallel",
        "Branches": [{"StartAt": start, "States": _ordered(inner.states)}],
        "Output": expression("$states.result[0]"),
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": expression(INPUT), "Next": lost}],
    }


def _item(build: Build, scope: Scope, step: Step) -> str:
    """A step and its condition on the item."""
    end = state_name(step, "item")
    record = f"{INPUT}.steps.{field('.'.join(step.address))}"
    fields = {name: f"{record}.out.{field(name)}" for name in step.outputs} if step.address in build.wanted else {}
    pairs = ", ".join(f"{literal(name)}: {source}" for name, source in fields.items())
    scope.states[end] = {
        "Type": "Pass",
        "Output": expression(f"{{'ok': true, 'out': {{{pairs}}}}}"),
        "End": True,
    }
    first = once(build, scope, step, end, caught=False)
    if not loops.per_item(step):
        return first
    assert step.when is not None
    nothing = state_name(step, "nothing")
    skipped = ", ".join(f"{literal(name)}: {source}" for name, source in absent(build, step, loop=False).items())
    scope.states[nothing] = {
        "Type": "Pass",
        "Output": expression(f"{{'ok': true, 'out': {{{skipped}}}}}"),
        "End": True,
    }
    name = state_name(step, "when")
    scope.states[name] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(build.condition(step.when, scope, step)), "Next": first}],
        "Default": nothing,
    }
    return name
