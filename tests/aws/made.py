"""Random plans of everything that the spec can say, made so that AWS can run them here and time decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from aws import table
from aws.flows import PLATFORM
from dragoman import lower
from dragoman.emit import registry
from dragoman.expr.text import Template
from dragoman.expr.types import Type
from dragoman.expr.values import to_text
from dragoman.fidelity import judge
from dragoman.findings import Findings, has_errors
from dragoman.load.document import Document
from dragoman.pipeline import Rendering, ruled
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Container, Foreach, Output, Resources, Step
from enacted import enacted
from strategies import Case, case

MOST = 40  # tasks of a flow: larger ones teach nothing new
WORDS = ("x", "a b", "it's {% %}", "%}")


def accepted(random: Random) -> Iterator[Rendering]:
    """Plans that batch does not refuse, of few tasks."""
    while True:
        try:
            rendering = rendered(case(random), random)
        except Findings:
            continue
        if 0 < len(table.tabled(rendering.plan, {}, "run-1")[1].tasks) <= MOST:
            yield rendering


def rendered(one: Case, random: Random) -> Rendering:
    """What batch makes of a case's plan, whose containers have become small programs; `Findings` where it refuses."""
    libraries = {name: Document(f"{name}.yaml", 1, data, {}) for name, data in one.libraries.items()}
    policies = [Document("policy.yaml", 1, data, {}) for data in one.policies]
    targets = {key: block for key, block in one.flow["spec"].get("targets", {}).items() if key == "batch"}
    flow = {**one.flow, "spec": {**one.flow["spec"], "targets": targets}}
    plan, *_ = ruled(Document("f.dragoman.yaml", 1, flow, {}), libraries, enacted(policies), "batch")
    plan = plan._replace(
        name="f1",
        steps=tuple(_willing(step, random, safe=False) for step in plan.steps),
        on_exit=tuple(_willing(step, random, safe=True) for step in plan.on_exit),
        options=PLATFORM,
        schedule=None,
        parallelism=None,
        timeout=None,
        fail_fast=False,
    )
    emitter = registry.find("batch")
    fidelity, findings = judge(plan, "batch", {**emitter.support, **emitter.narrow(plan)})
    if has_errors(findings):
        raise Findings(findings)
    emission = emitter.emit(lower.lowered(plan, fidelity.answers))
    found = [*emission.findings, *(emitter.verify(plan, emission) if not has_errors(emission.findings) else ())]
    if has_errors(found):
        raise Findings(found)
    return Rendering(plan, emission, fidelity, ())


def _willing(step: Step, random: Random, *, safe: bool) -> Step:
    """The step with a program that does the same for every item, and nothing of what takes a machine to have."""
    tells = step.retry is not None and bool(step.retry.causes)
    outputs = {name: _file(output) for name, output in step.outputs.items()}
    return step._replace(
        container=None if step.container is None else _program(step.container, outputs, random, safe=safe, tells=tells),
        steps=tuple(_willing(child, random, safe=safe) for child in step.steps),
        foreach=None if step.foreach is None else _tolerant(step.foreach),
        outputs=outputs,
        timeout=None,
        compute=None,
        queue=None,
        parallelism=None,
        fail_fast=False,
    )


def _file(output: Output) -> Output:
    if output.value is not None:
        return output
    return output._replace(stdout=False, path=f"{DIRECTORY}/{output.name}")


def _tolerant(loop: Foreach) -> Foreach:
    return loop._replace(tolerate="all")


def _program(
    container: Container, outputs: Mapping[str, Output], random: Random, *, safe: bool, tells: bool
) -> Container:
    """It gives outputs or fails; what the texts of the container say are variables of it.

    safe   it does not fail
    tells  it is tried again only for an exit code, which a job without an output has on AWS alone
    """
    texts = [*(container.command or ()), *(container.args or ())]
    env = {
        name: value
        for name, value in container.env.items()
        if isinstance(value, str | Template) and not name.startswith(("PATH", "ACCIDENT", "LD_", "PYTHON"))
    }
    if random.random() < 0.15 and not safe:
        command: tuple[str, ...] = ("fail", str(random.choice((1, 3, 137))))
    else:
        kept = [one for one in outputs.values() if random.random() < 0.9 or safe or tells]
        command = ("give", *(f"{one.name}={to_text(value_of(one.type, random))}" for one in kept))
    amounts = container.resources
    return Container(
        image="i",
        command=command,
        env={**env, **{f"TEXT_{number}": text for number, text in enumerate(texts)}},
        resources=Resources(requests=_small(amounts.requests), limits=_small(amounts.limits)),
    )


def _small(amounts: Mapping[str, Any]) -> dict[str, Any]:
    """Cpu and memory, which every machine has."""
    return {key: amount for key, amount in amounts.items() if key in ("cpu", "memory")}


def value_of(kind: Type, random: Random) -> Any:
    """A value of a type."""
    if kind.kind == "list":
        return [value_of(kind.item or Type("int"), random) for _ in range(random.randrange(3))]
    if kind.kind == "map":
        return {name: value_of(field, random) for name, field in (kind.fields or {}).items()}
    values: dict[str, Any] = {"int": random.randrange(4), "float": 0.5, "bool": True, "quantity": "1Gi"}
    return values.get(kind.kind, random.choice(WORDS))
