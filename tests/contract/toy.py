"""A third party's emitter, the whole of it: a flow becomes the lines of a shell script, one a run of a step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from dragoman.emitter import Emission, Emitter, Emulated, Manifest, Native, Refused, Support
from dragoman.expr.text import render_text
from dragoman.expr.tree import Literal as Constant
from dragoman.lower.matrix import expand_matrix
from dragoman.plan.features import Feature
from dragoman.plan.model import EnvSource, Plan, Reference, Step
from dragoman.spec.fields import Model

SUPPORT: Mapping[Feature, Support] = {
    **dict.fromkeys(Feature, Refused("a list of commands has no such thing", "use a target that has it")),
    **dict.fromkeys((Feature.ORDER, Feature.GROUP, Feature.FOREACH_STATIC, Feature.FOREACH_INDEX), Native()),
    **dict.fromkeys((Feature.COMMAND, Feature.SCRIPT, Feature.WORKING_DIR, Feature.FAIL_FAST), Native()),
    Feature.TIMEOUT: Emulated("coreutils' timeout"),
    Feature.FOREACH_MATRIX: Emulated("one list of the combinations", by=expand_matrix),
}


class ToyOptions(Model):
    """What a flow may say under `targets.toy`."""

    shell: Literal["sh", "bash"] | None = None


def emit(plan: Plan) -> Emission:
    """One manifest: the script's lines."""
    facts = {Reference("run", (), name): plan.name for name in ("id", "name")}
    lines = [f"#!/bin/{plan.options.get('shell') or 'sh'}", *_graph(plan.steps, facts)]
    return Emission(
        (Manifest(f"{plan.name}.yaml", {"kind": "Script", "metadata": {"name": plan.name}, "lines": lines}),)
    )


def _graph(steps: tuple[Step, ...], values: Mapping[Any, Any]) -> Iterator[str]:
    """The steps' lines, each step after those that it needs."""
    waiting, done = list(steps), set[str]()
    while waiting:
        step = next(step for step in waiting if all(need.step in done for need in step.needs))
        waiting.remove(step)
        done.add(step.name)
        loop = step.foreach
        items = loop.items.value if loop and isinstance(loop.items, Constant) else [None]
        for index, item in enumerate(items):
            known = {Reference("item", step.address, loop.variable): item} if loop else {}
            yield from _step(step, {**values, **known, Reference("index", step.address, "index"): index})


def _step(step: Step, values: Mapping[Any, Any]) -> Iterator[str]:
    if step.container is None:
        yield from _graph(step.steps, values)
        return
    container, script = step.container, step.container.script
    env = [
        f"{key}={render_text(text, values)}" for key, text in container.env.items() if not isinstance(text, EnvSource)
    ]
    words = (
        [*script.interpreter, "-c", script.source] if script else (*(container.command or ()), *(container.args or ()))
    )
    command = shlex.join(["env", *env] * bool(env) + [render_text(word, values) for word in words])
    command = f"timeout {step.timeout} {command}" if step.timeout else command
    yield f"cd {shlex.quote(container.working_dir)} && {command}" if container.working_dir else command


EMITTER = Emitter("toy", "a shell script", SUPPORT, "toy:ToyOptions", emit, verify=lambda plan, emission: ())
