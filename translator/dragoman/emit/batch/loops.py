"""What a loop is on AWS: an array job or a Map, over what, how many at most, and what comes of its items."""

from __future__ import annotations

from typing import Any

from dragoman.emit.batch.build import FAILED, Build
from dragoman.emit.batch.jsonata import gathered
from dragoman.emit.batch.names import state_name
from dragoman.emit.batch.scope import INPUT, Scope, expression, field, recorded
from dragoman.emit.batch.trying import by_machine, by_state
from dragoman.expr.text import refs
from dragoman.expr.tree import Literal
from dragoman.plan.loops import width
from dragoman.plan.model import Foreach, Step
from dragoman.plan.references import own, target

MOST_INLINE = 40  # iterations of an inline Map that run at once
EVENTS = 20_000  # of the 25,000 that one execution may have
EVENTS_OF_STATE = 6
SMALLEST_ARRAY, LARGEST_ARRAY = 2, 10_000


def is_array(step: Step, loop: Foreach) -> bool:
    """Whether a loop is one array job: all of its children are alike, and tell themselves apart by Batch's variable."""
    items = width(loop)
    if items is None or not SMALLEST_ARRAY <= items <= LARGEST_ARRAY or step.steps or step.outputs:
        return False
    limited = loop.parallelism is not None and loop.parallelism < items
    own_item = any(target(ref).kind in ("item", "index") and target(ref).step == step.address for ref in own(step))
    return not (limited or loop.tolerate is not None or own_item or by_machine(step) or by_state(step))


def distributed(step: Step, loop: Foreach) -> bool:
    """Whether the items need histories of their own: too many events for one execution, or too many at once."""
    items = width(loop)
    most = items if items is not None else loop.max_items
    if (loop.parallelism or 0) > MOST_INLINE or most is None:
        return True
    return most * EVENTS_OF_STATE * (2 + _tasks(step)) > EVENTS


def _tasks(step: Step) -> int:
    return 1 if not step.steps else sum(_tasks(child) for child in step.steps)


def per_item(step: Step) -> bool:
    """Whether the condition of a loop looks at the item."""
    return step.when is not None and any(
        target(ref).kind in ("item", "index") and target(ref).step == step.address for ref in refs(step.when)
    )


def items(build: Build, scope: Scope, step: Step, loop: Foreach) -> Any:
    """What a Map runs over: a list, or an expression that gives one; null, of a step that did not run, is none."""
    if loop.kind == "range":
        assert loop.size is not None
        if isinstance(loop.size, Literal):
            return list(range(loop.size.value)) if loop.size.value <= 100 else expression(f"[0..{loop.size.value - 1}]")
        size = build.source(loop.size, scope, step, "foreach")
        return expression(f"( $size := {size}; $size = null ? [] : $size > 0 ? [0..$size - 1] : [] )")
    assert loop.items is not None
    items = build.source(loop.items, scope, step, "foreach")
    return expression(items if isinstance(loop.items, Literal) else f"( $list := {items}; $list = null ? [] : $list )")


def bounded(build: Build, scope: Scope, step: Step, loop: Foreach, then: str, lost: str | None) -> str:
    """The state before a loop whose list may turn out too long; `lost` comes next when it did."""
    if loop.max_items is None or width(loop) is not None:
        return then
    expr = loop.size if loop.kind == "range" else loop.items
    assert expr is not None
    source = build.source(expr, scope, step, "foreach")
    count = f"( $found := {source}; $found = null ? 0 : {'$found' if loop.kind == 'range' else '$count($found)'} )"
    failed, name = state_name(step, "too-long"), state_name(step, "bounded")
    if lost is None:
        scope.states[failed] = {
            "Type": "Fail",
            "Error": FAILED,
            "Cause": expression(f"'the loop has ' & $string({count}) & ' items, more than maxItems, {loop.max_items}'"),
        }
    scope.states[name] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(f"{count} > {loop.max_items}"), "Next": lost or failed}],
        "Default": then,
    }
    return name


def output(build: Build, step: Step, *, count: bool = False) -> str:
    """What a Map hands on: what came of its items, and with `count` how many of them failed."""
    source = INPUT
    if build.keeps(step):
        wanted = step.outputs if step.address in build.wanted else {}
        out = {name: gathered("$states.result", f"out.{field(name)}", one.type) for name, one in wanted.items()}
        source = recorded(step, "succeeded", out)
    return f"$merge([{source}, {{'lost': $count($states.result[ok = false])}}])" if count else source


def counted(scope: Scope, step: Step, tolerated: int, after: str | None, lost: str | None) -> str:
    """The state behind a loop of which some items may fail; `lost` comes next when more did."""
    failed, name = state_name(step, "too-many"), state_name(step, "counted")
    if lost is None:
        scope.states[failed] = {
            "Type": "Fail",
            "Error": FAILED,
            "Cause": expression(f"$string({INPUT}.lost) & ' items failed, {tolerated} may'"),
        }
    then = after
    if then is None:
        then = state_name(step, "done")
        scope.states[then] = {"Type": "Pass", "Output": expression(INPUT), "End": True}
    scope.states[name] = {
        "Type": "Choice",
        "Choices": [{"Condition": expression(f"{INPUT}.lost > {tolerated}"), "Next": lost or failed}],
        "Default": then,
    }
    return name
