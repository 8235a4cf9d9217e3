"""Outputs of a run: from a task's texts to typed values, from a group's steps to the group's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.expr.evaluate import evaluate
from dragoman.expr.values import convert_text
from dragoman.plan.model import Output, Step


def task_values(step: Step, texts: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """The values of a task that succeeded, and what is wrong with them (empty: nothing)."""
    values = {}
    for name, output in step.outputs.items():
        text = texts.get(name, output.default)
        if text is None:
            return {}, f"output `{name}` is not there: the step wrote no `{output.path}`"
        try:
            values[name] = convert_text(text.removesuffix("\n") if name in texts else text, output.type)
        except ValueError as error:
            return {}, f"output `{name}`: {error}"
    return values, ""


def group_values(step: Step, values: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of a group whose steps have ended; ExprError when one cannot be computed."""
    return {name: evaluate(output.value, values) for name, output in step.outputs.items() if output.value is not None}


def absent(step: Step) -> dict[str, Any]:
    """What a step's outputs are when it did not run, or failed: those of no item where it loops."""
    return {name: [] for name in step.outputs} if step.foreach is not None else lacking(step)


def lacking(step: Step) -> dict[str, Any]:
    """What the outputs of one item (of a step that does not loop) are without it: their defaults, or null."""
    return {name: _default(output) for name, output in step.outputs.items()}


def _default(output: Output) -> Any:
    return None if output.default is None else convert_text(output.default, output.type)
