"""Resolve: a flow's document becomes its plan for one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman import duration, spec
from dragoman.findings import Finding, Findings, Span
from dragoman.load.document import Document, Path
from dragoman.plan import scope as scopes
from dragoman.plan.context import Context
from dragoman.plan.model import Plan, Schedule
from dragoman.plan.origin import Source
from dragoman.plan.overlay import overlay
from dragoman.plan.params import params
from dragoman.plan.steps import Frame, check_unused, graph, seconds
from dragoman.plan.templates import Library


class Overlaid(NamedTuple):
    """A document with its overlays in, as validation sees it: merged data, and the place of each value."""

    data: Any
    source: Source

    def span(self, path: Path, *, key: bool = False) -> Span:
        """The place of a merged value."""
        return self.source.span(path, key=key)


ON_EXIT = "on-exit"  # how the addresses of steps under `onExit` begin


def resolve(
    flow: Document, libraries: Mapping[str, Document], environment: str = "", sets: Sequence[str] = (), target: str = ""
) -> Plan:
    """The plan of a valid flow; raises `Findings` with everything that is wrong with it.

    libraries    documents of `spec.imports`, by the name they are imported under
    environment  a key of `spec.environments`, or ""
    sets         `path=value`, laid over the spec
    target       the engine; the flow's own, then `argo`, when empty
    """
    data, source = overlay(flow, environment, sets)
    if environment or sets:
        data = spec.read(Overlaid(data, source))  # an overlay can break what was valid
    body = data["spec"]
    findings: list[Finding] = []
    values = params(body.get("params") or {}, source, findings)
    target = target or body.get("target") or "argo"
    roots = scopes.roots(values, environment)
    context = Context(
        source,
        target,
        findings,
        roots,
        body.get("templates") or {},
        body.get("defaults") or {},
        {name: Library(document.data["spec"]["templates"], Source(document)) for name, document in libraries.items()},
    )
    queue = body.get("queue")
    queue = None if queue is None else context.constant(queue, source, ("spec", "queue"))
    frame = Frame((), source, ("spec", "steps"), roots, queue=queue)
    steps = graph(context, body["steps"], frame)
    exit_frame = Frame((ON_EXIT,), source, ("spec", "onExit"), scopes.on_exit(roots), queue=queue)
    on_exit = graph(context, body.get("onExit") or {}, exit_frame, sees_steps=False)
    if body.get("onExit") and "steps" in (body["steps"].get(ON_EXIT) or {}):
        message = f"the steps of the group `{ON_EXIT}` would have the names of those under `onExit`"
        context.report("DRG118", message, source, ("spec", "steps", ON_EXIT), "choose another name", key=True)
    check_unused(context, body["steps"], body.get("onExit") or {})
    timeout = body.get("timeout")
    limit = None if timeout is None else seconds(context, timeout, source, ("spec", "timeout"))
    if findings:
        raise Findings(dict.fromkeys(findings))  # a template's mistake is found wherever it is used
    metadata = data["metadata"]
    return Plan(
        name=metadata["name"],
        target=target,
        steps=steps,
        source=source,
        namespace=metadata.get("namespace"),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        params=values,
        on_exit=on_exit,
        schedule=_schedule(body.get("schedule")),
        parallelism=body.get("parallelism"),
        timeout=limit,
        fail_fast=body.get("failFast") is not False,
        options=(body.get("targets") or {}).get(target) or {},
    )


def _schedule(block: Mapping[str, Any] | None) -> Schedule | None:
    if block is None:
        return None
    cron, deadline = block["cron"], block.get("startingDeadline")
    return Schedule(
        cron=(cron,) if isinstance(cron, str) else tuple(cron),
        timezone=block.get("timezone") or "Etc/UTC",
        concurrency=block.get("concurrency") or "Forbid",
        suspend=bool(block.get("suspend")),
        starting_deadline=None if deadline is None else duration.parse(deadline),
        history=block.get("history"),
    )
