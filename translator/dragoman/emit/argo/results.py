"""How the tasks beside a step see its outputs: where Argo keeps them, when they are absent, how it gathers a loop's."""

from __future__ import annotations

from dragoman.emit.argo.expressions import key, string
from dragoman.emit.argo.names import task_name
from dragoman.emit.argo.scope import Result
from dragoman.expr.text import refs
from dragoman.expr.tree import Expr
from dragoman.plan.loops import width
from dragoman.plan.model import Output, Step
from dragoman.plan.references import target


def result(step: Step, output: Output, siblings: tuple[Step, ...]) -> Result:
    """Where a sibling reads the output, and what it reads when the step was skipped, failed, or looped over nothing."""
    loop, task = step.foreach, task_name(step.name)
    captured = output.stdout and not (wraps_loop(step) or wraps_item(step))
    fallback = None
    if loop is not None:
        left_out = step.when is not None or any(need.condition != "succeeded" for need in step.needs)
        fallback = "[]" if left_out or not width(loop) or _may_fail(step, siblings) else None
    elif _may_be_absent(step, output) or _may_fail(step, siblings):
        fallback = "null" if output.default is None else output.default
    gathered = completeness(step, output) if loop is not None and not wraps_loop(step) else ""
    place = "result" if captured else f"parameters.{output.name}"
    spelled = output_of(task, None if captured else output.name, fallback)
    path = "" if fallback is not None else f"tasks.{task}.outputs.{place}"
    return Result(path, spelled, gathered, nullable=fallback == "null")


def output_of(task: str, name: str | None, fallback: str | None, *, absent: bool = False) -> str:
    """An output parameter of a task (None: what it printed) as an expression, with what to read when it is absent.

    Argo gives a skipped or failed task no `outputs`, so that each step of the path may be missing; without a
    fallback, `absent` makes it nil then.
    """
    if fallback is None and not absent:
        return f"tasks{key(task)}.outputs" + (".result" if name is None else f".parameters{key(name)}")
    member = ".result" if name is None else f".parameters?.{name if name.isidentifier() else f'[{string(name)}]'}"
    # Argo keeps what a task printed only where it finds this very path (workflow/controller, a regular expression)
    note = f" /* tasks{key(task)}.outputs.result */" if name is None else ""
    end = "" if fallback is None else f" ?? {string(fallback)}"
    # the task itself is not guarded: before it has run, the expression must fail, so that Argo keeps it for later
    return f"(tasks{key(task)}.outputs?{member}{end}{note})"


def completeness(step: Step, output: Output) -> str:
    """What a loop's results look like, see `expressions.Spelling.gathered`."""
    if output.type.kind in ("string", "any"):  # Argo rewrites texts when every one of them happens to be JSON
        return "json"
    return "nulls" if may_lack_items(step) or _may_be_null(step, output) else "all"


def may_lack_items(step: Step) -> bool:
    """Whether an item of the step's loop can end without outputs, and the loop go on."""
    return step.foreach is not None and (step.foreach.tolerate == "all" or mentions_item(step, step.when))


def wraps_loop(step: Step) -> bool:
    """Whether the loop needs a DAG around it: for its limit, or because it may be skipped as a whole.

    Argo skips the items of a list that it knows one by one, and then has no list of results at all.
    """
    loop = step.foreach
    if loop is None:
        return False
    skipped = step.when is not None and not mentions_item(step, step.when) and bool(step.outputs)
    return loop.parallelism is not None or (skipped and width(loop) is not None)


def wraps_item(step: Step) -> bool:
    """Whether an item can end without its outputs, or its outputs are no list that Argo can gather itself."""
    loop = step.foreach
    if loop is None:
        return False
    if loop.tolerate == "all":
        return True
    lacking = may_lack_items(step)
    return any(
        lacking or output.stdout or output.default is not None or completeness(step, output) == "json"
        for output in step.outputs.values()
    )


def mentions_item(step: Step, expr: Expr | None) -> bool:
    """Whether an expression depends on the step's own loop."""
    return expr is not None and any(
        target(ref).kind in ("item", "index") and target(ref).step == step.address for ref in refs(expr)
    )


def _may_fail(step: Step, siblings: tuple[Step, ...]) -> bool:
    """Whether a step goes on after the failure of this one."""
    return any(need.step == step.name and need.condition != "succeeded" for other in siblings for need in other.needs)


def _may_be_absent(step: Step, output: Output) -> bool:
    return (
        step.when is not None or output.default is not None or any(need.condition != "succeeded" for need in step.needs)
    )


def _may_be_null(step: Step, output: Output) -> bool:
    """Whether a group computes the output from a step that may be skipped."""
    if output.value is None:
        return False
    read = [target(ref) for ref in refs(output.value)]
    return any(
        _may_be_absent(child, child.outputs[one.name]) or _may_be_null(child, child.outputs[one.name])
        for one in read
        for child in step.steps
        if one.kind == "output" and one.step == child.address and child.foreach is None
    )
