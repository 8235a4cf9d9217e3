"""The Kubernetes objects of a plan, in the way of ordering that it has chosen or that fits it."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.kubernetes import chain, coordinator, jobset, plain
from dragoman.emit.kubernetes.drafts import drafts
from dragoman.emit.kubernetes.order import mode
from dragoman.emit.kubernetes.outputs import problem
from dragoman.emit.kubernetes.settings import Settings, settings
from dragoman.emit.kubernetes.support import wave_of
from dragoman.emit.pods import LABEL_VALUE
from dragoman.emitter import Emission
from dragoman.findings import Finding, has_errors
from dragoman.lower.unroll import MOST_ITEMS, Dynamic, Impossible, unroll
from dragoman.plan.loops import width
from dragoman.plan.model import Plan, Step
from dragoman.plan.references import steps_of


def emit(plan: Plan) -> Emission:
    """The plan's Jobs, or what is in their way."""
    options = settings(plan.options)
    order = mode(plan, options)
    findings = [*_ttl(plan, order, options), *_queues(plan)]
    findings += [_too_wide(step, items) for step in steps_of(plan) if (items := _items(step)) > MOST_ITEMS]
    if has_errors(findings):
        return Emission((), {}, tuple(findings))
    if order == "coordinator":
        findings += [found for step in steps_of(plan) if (found := problem(step, options)) is not None]
        made = coordinator.emit(plan, options)
    else:
        try:
            made = _undriven(plan, order, options)
        except Impossible as error:
            made = Emission((), {}, (_impossible(error),))
        except Dynamic as error:
            made = Emission((), {}, (_dynamic(error),))
    return made._replace(findings=(*findings, *made.findings))


def _undriven(plan: Plan, order: str, options: Settings) -> Emission:
    nodes = unroll(plan)
    if not nodes:
        return Emission((), {}, (_nothing(plan),))
    if order == "chain":
        return chain.emit(plan, nodes, options)
    found = drafts(plan.name, nodes, options)
    if order == "jobset":
        return jobset.emit(plan, found, options)
    return plain.emit(plan, found, options, wave_of(nodes) if order == "waves" else None)


def _items(step: Step) -> int:
    return 0 if step.foreach is None else width(step.foreach) or 0


def _too_wide(step: Step, items: int) -> Finding:
    message = f"the loop has {items:,} items, maximum {MOST_ITEMS:,}"
    return _at(step, message, "give each item more of the work")


def _ttl(plan: Plan, order: str, options: Settings) -> Iterator[Finding]:
    """A Job that is gone is missing: Argo CD makes it again, for ever where it heals (argo-cd#8586)."""
    tracked = order == "waves" or (options.delivery == "argocd" and plan.schedule is None)
    if tracked and options.ttl is not None:
        yield Finding(
            "DRG118",
            "`ttl` deletes Jobs that have ended, and Argo CD makes those again that are missing",
            plan.source.span(("spec", "targets", plan.target, "ttl"), key=True),
            "leave `ttl` out: Argo CD deletes the Jobs of an older revision when it prunes",
            address=f"spec.targets.{plan.target}.ttl",
        )


def _queues(plan: Plan) -> Iterator[Finding]:
    for step in steps_of(plan):
        if step.queue is not None and not LABEL_VALUE.fullmatch(step.queue):
            message = f"`queue: {step.queue}` cannot be the value of a label, which is how Kueue is told"
            yield _at(step, message, "name a LocalQueue: letters, digits, `-`, `_` and `.`, at most 63")


def _impossible(error: Impossible) -> Finding:
    return _at(error.step, error.message, "the value is computed at render: correct it there")


def _dynamic(error: Dynamic) -> Finding:
    wanted = f"{error.reference.kind}.{error.reference.name}"
    message = f"step `{error.step.name}` reads `{wanted}`, known only while the flow runs"
    return _at(error.step, message, "say `targets.kubernetes.ordering: coordinator`")


def _nothing(plan: Plan) -> Finding:
    message = "no step of this flow runs: its loops are empty, or its conditions false"
    span = plan.source.span(("spec", "steps"), key=True)
    return Finding("DRG304", message, span, "an empty result would delete what was there", address="spec.steps")


def _at(step: Step, message: str, way_out: str) -> Finding:
    layer = step.layers[0]
    return Finding(
        "DRG304", message, layer.source.span(layer.path, key=True), way_out, address=".".join(map(str, layer.path))
    )
