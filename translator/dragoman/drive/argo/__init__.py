"""Run a flow on Argo Workflows: submit it, follow it, say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from dragoman.drive.answers import ApiError
from dragoman.drive.argo.ending import told
from dragoman.drive.argo.follow import follow
from dragoman.drive.argo.nodes import hidden, nodes
from dragoman.drive.argo.parts import parts
from dragoman.drive.argo.reach import Reach, Workflow
from dragoman.drive.argo.refusals import refused
from dragoman.drive.argo.status import run_state, step_states
from dragoman.drive.argo.submit import workflow
from dragoman.drive.ticking import ticking
from dragoman.emitter import Emission
from dragoman.expr.values import to_text
from dragoman.findings import WARNING, Finding, Findings
from dragoman.plan.model import Plan
from dragoman.report.progress import Progress


class Wish(NamedTuple):
    """What the command line asks for; `server` is an Argo Server's address, else the Kubernetes API is used."""

    namespace: str = ""
    context: str = ""
    server: str = ""
    token: str = ""
    from_template: bool = False
    detach: bool = False
    stop_on_interrupt: bool = False


class Voice(NamedTuple):
    """Where a run is told about, and how time passes.

    progress  hears what happens while it happens; `live`: it also wants to know that nothing does
    say       takes a text for people, `result` one for programs
    """

    progress: Progress
    say: Callable[[str], object]
    result: Callable[[str], object]
    sleep: Callable[[float], object]
    live: bool = False


def run(plan: Plan, emission: Emission, values: Mapping[str, Any], wish: Wish, voice: Voice) -> bool:
    """Submit one run and follow it to its end: whether it succeeded. Raises `Findings` when that cannot be done.

    values  the run's own parameters, already checked
    """
    texts = {name: to_text(value) for name, value in values.items()}
    body = workflow(plan, emission, texts, from_template=wish.from_template)
    reach = _reach(plan, wish)
    try:
        name = reach.argo.create(body)
    except ApiError as error:
        raise refused(error, reach) from None
    voice.progress.note(f"{name}: submitted to namespace {reach.namespace} of {reach.place}")
    if wish.detach:
        voice.result(f"{name}\n")
        return True
    try:
        last = _followed(plan, emission, name, reach, voice)
    except ApiError as error:
        raise _lost(error, reach, name) from None
    except KeyboardInterrupt:
        raise _interrupted(reach, name, stop=wish.stop_on_interrupt) from None
    finally:
        voice.progress.close()
    found = nodes(last)
    own = parts(plan, emission, found)
    voice.say(told(reach.argo, last, own, step_states(own, found, over=True)))
    return run_state(last).phase == "succeeded"


def _reach(plan: Plan, wish: Wish) -> Reach:
    namespace = wish.namespace or plan.namespace or ""
    try:
        if wish.server:
            from dragoman.drive.argo import server

            return server.reach(wish.server, wish.token, namespace)
        from dragoman.drive.argo import cluster

        return cluster.reach(wish.context, namespace)
    except ImportError as error:
        message = f"a client for Argo is not installed: {error}"
        raise Findings([Finding("DRG601", message, None, "pip install 'dragoman[argo]'")], 2) from None


def _followed(plan: Plan, emission: Emission, name: str, reach: Reach, voice: Voice) -> Workflow:
    progress = voice.progress
    warned = False

    def seen(state: Workflow) -> None:
        nonlocal warned
        run = run_state(state)
        if not hidden(state):
            found = nodes(state)
            progress.show(run, step_states(parts(plan, emission, found), found, over=run.finished is not None))
            return
        if not warned:
            warned = True
            progress.note("Argo keeps this run's steps in its database: only an Argo Server (`--server`) shows them")
        progress.show(run, [])

    def waiting(states: Iterator[Workflow]) -> Iterator[Workflow]:
        return ticking(states, progress.tick) if voice.live else states

    return follow(reach.argo, name, seen, progress.note, voice.sleep, waiting)


def _lost(error: ApiError, reach: Reach, name: str) -> Findings:
    findings = refused(error, reach, name)
    if error.status == 404:
        return findings
    [finding] = findings.findings
    again = f"the run goes on without you: `{_watch(reach, name)}`"
    return Findings([finding._replace(help="; ".join(filter(None, (finding.help, again))))], 2)


def _interrupted(reach: Reach, name: str, *, stop: bool) -> Findings:
    message = f"interrupted: the run `{name}` goes on in namespace `{reach.namespace}`"
    way_out = f"`{_watch(reach, name)}` follows it, `argo stop {name} -n {reach.namespace}{reach.again}` stops it"
    if stop:
        try:
            reach.argo.stop(name)
        except ApiError as error:
            return refused(error, reach, name)
        message = f"interrupted: the run `{name}` was told to stop; its `onExit` steps still run"
        way_out = f"`{_watch(reach, name)}` follows it"
    return Findings([Finding("DRG612", message, None, way_out, WARNING)], 2)


def _watch(reach: Reach, name: str) -> str:
    return f"argo watch {name} -n {reach.namespace}{reach.again}"
