"""`dragoman run`: one run of a flow, now, with its progress."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from dragoman.cli import inputs
from dragoman.cli.judge import failed, judged
from dragoman.cli.messages import colored, show
from dragoman.drive.argo import Voice, Wish
from dragoman.drive.argo import run as run_on_argo
from dragoman.drive.parameters import run_parameters
from dragoman.emit.options import check_options
from dragoman.emitter import Weaker
from dragoman.fidelity import judge
from dragoman.findings import ERROR, WARNING, Finding, Findings, has_errors
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import render, ruled
from dragoman.plan.model import Plan
from dragoman.policy.force import Enacted
from dragoman.report.progress import Progress, Screen

TARGETS = ("argo", "kubernetes", "batch", "local")
Sources: TypeAlias = tuple[Document, Mapping[str, Document], Enacted]


class World(NamedTuple):
    """The time, and a way to let it pass."""

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep


def run(arguments: argparse.Namespace, world: World = World()) -> int:  # noqa: B008 (it holds nothing that changes)
    """Exit code 0 when the run succeeded, 1 when it failed; whatever keeps it from being seen to its end is 2."""
    gc.enable()  # a run may last for days
    try:
        reading = inputs.options(arguments)
        flow, target = _one(inputs.flows(files.load(arguments.paths, reading)), list(inputs.targets(arguments)))
        sources = (flow, inputs.libraries(flow, arguments.env, reading), inputs.policies(arguments, reading))
        plan, _, findings = ruled(*sources, target, arguments.env, arguments.set, floors=inputs.floors(arguments))
        _only_here(plan, arguments)
        runner = {"local": _here, "kubernetes": _on_kubernetes}.get(plan.target)
        rendered = {"batch": _on_aws}.get(plan.target, _on_argo)
        if runner is not None:
            succeeded = runner(plan, findings, arguments, world)
        else:
            succeeded = rendered(sources, target, arguments, world)
    except Findings as error:
        raise Findings(error.findings, 2) from None
    return 0 if succeeded else 1


def _here(plan: Plan, findings: list[Finding], arguments: argparse.Namespace, world: World) -> bool:
    from dragoman.drive import local
    from dragoman.drive.local.container import engine, in_containers
    from dragoman.drive.local.process import as_process
    from dragoman.drive.local.room import room
    from dragoman.drive.local.support import CONTAINERS, PROCESSES

    contained = arguments.container or bool(arguments.engine)
    fidelity, answers = judge(plan, plan.target, CONTAINERS if contained else PROCESSES)
    severe = [finding for finding in answers if finding.severity == ERROR or arguments.strict]
    nameless = ("DRG401",)  # no policy need say what a kind of GPU is called: here it is asked for by its number
    asked = [finding for finding in findings if finding.code not in nameless]
    _shown([*asked, *severe], arguments)
    values = run_parameters(plan, arguments.param)
    here = room()
    way = in_containers(engine(arguments.engine), plan.name, here.cpu) if contained else as_process
    shown = _voice(arguments, world)
    weaker = [answer.difference for answer in fidelity.answers.values() if isinstance(answer, Weaker)]
    if weaker:
        shown.progress.note("here " + ", ".join(dict.fromkeys(weaker)))
    voice = local.Voice(shown.progress, shown.say, lambda found: _shown(found, arguments), arguments.verbose)
    place = local.Place(local.FOLDER, here, world.clock, way)
    try:
        return local.run(plan, values, place, voice, arguments.from_step)
    except KeyboardInterrupt:
        message = "interrupted: everything that the run had started was stopped"
        raise Findings([Finding("DRG612", message, None, "", WARNING)]) from None


def _only_here(plan: Plan, arguments: argparse.Namespace) -> None:
    """Refuse what only runs on this machine can do."""
    flags = {"--from": arguments.from_step, "--container": arguments.container, "--engine": arguments.engine}
    given = [flag for flag, value in flags.items() if value and plan.target != "local"]
    message = "`{}` is for runs on this machine, and this one is on `{}`"
    found = [Finding("DRG636", message.format(flag, plan.target), None, "say `--target local`") for flag in given]
    if found:
        raise Findings(found)


def _on_kubernetes(plan: Plan, findings: list[Finding], arguments: argparse.Namespace, world: World) -> bool:
    from dragoman.drive.cluster import connect
    from dragoman.drive.kubernetes import launch
    from dragoman.drive.kubernetes.client import Client
    from dragoman.emit.kubernetes import EMITTER

    _driven_from_here(arguments)
    check_options(plan, EMITTER)
    _, answers = judge(plan, plan.target, EMITTER.support)
    _shown([*findings, *answers, *launch.unready(plan)], arguments)
    values = run_parameters(plan, arguments.param)
    try:
        place = connect(arguments.context, arguments.namespace or plan.namespace or "")
    except ImportError as error:
        message = f"a client for Kubernetes is not installed: {error}"
        raise Findings([Finding("DRG601", message, None, "pip install 'dragoman[kubernetes]'")], 2) from None
    shown = _voice(arguments, world)
    voice = launch.Voice(shown.progress, shown.say, world.clock, world.sleep)
    return launch.run(plan, values, place, Client(place), voice)


def _driven_from_here(arguments: argparse.Namespace) -> None:
    """Refuse what only Argo can do."""
    apply = "`dragoman render | kubectl apply -f -` starts a coordinator in the cluster, which needs nobody"
    ways = {
        "--detach": (arguments.detach, apply),
        "--from-template": (arguments.from_template, "a cluster keeps no templates of Jobs: leave it out"),
        "--server": (arguments.server, "it is Argo's: say `--context NAME` for a cluster"),
    }
    findings = [
        Finding("DRG625", f"`{flag}` is nothing for `kubernetes`: the run is driven from here", None, way_out)
        for flag, (given, way_out) in ways.items()
        if given
    ]
    if findings:
        raise Findings(findings)


def _on_argo(sources: Sources, target: str, arguments: argparse.Namespace, world: World) -> bool:
    rendering = render(*sources, target, arguments.env, arguments.set, floors=inputs.floors(arguments))
    if rendering.plan.target not in TARGETS:
        known = ", ".join(f"`{name}`" for name in TARGETS)
        message = f"`dragoman run` cannot run a flow on `{rendering.plan.target}`"
        raise Findings([Finding("DRG303", message, None, f"it knows {known}: `--target {TARGETS[0]}`")])
    _shown(rendering.findings, arguments)
    values = run_parameters(rendering.plan, arguments.param)
    return run_on_argo(rendering.plan, rendering.emission, values, _wish(arguments), _voice(arguments, world))


def _on_aws(sources: Sources, target: str, arguments: argparse.Namespace, world: World) -> bool:
    from dragoman.drive import batch
    from dragoman.drive.batch import client

    _not_on_aws(arguments)
    floors = inputs.floors(arguments)
    rendering = render(*sources, target, arguments.env, arguments.set, form="api", floors=floors)
    plan = rendering.plan
    _shown(rendering.findings, arguments)
    values = run_parameters(plan, arguments.param)
    region = arguments.region or plan.options.get("region") or ""
    account = client.connect(client.Wish(region, arguments.profile, arguments.endpoint_url))
    shown = _voice(arguments, world)
    voice = batch.Voice(shown.progress, shown.say, shown.result, world.sleep)
    wish = batch.Wish(arguments.run_id, arguments.detach, arguments.stop_on_interrupt)
    return batch.run(plan, rendering.emission, values, account, wish, voice)


def _not_on_aws(arguments: argparse.Namespace) -> None:
    """Refuse what only clusters can do."""
    clusters = {name: getattr(arguments, name) for name in ("namespace", "context", "server", "from_template")}
    findings = [
        Finding("DRG625", f"`--{name.replace('_', '-')}` is nothing for AWS", None, "say `--region`, `--profile`")
        for name, given in clusters.items()
        if given
    ]
    if findings:
        raise Findings(findings)


def _shown(found: Iterable[Finding], arguments: argparse.Namespace) -> None:
    """Show the findings; raise them when they are too severe to run with."""
    findings = judged(found, arguments)
    if failed(findings, arguments) or has_errors(findings):
        raise Findings(findings)
    show(findings, arguments)


def _one(flows: list[Document], targets: list[str]) -> tuple[Document, str]:
    if not flows:
        raise Findings([Finding("DRG014", "there is no flow here", None, "a flow is a document of `kind: Flow`")])
    if len(flows) > 1:
        places = ", ".join(f"`{flow.file}`" for flow in flows[:6]) + (" …" if len(flows) > 6 else "")
        message = f"`dragoman run` runs one flow, here are {len(flows)}: {places}"
        raise Findings([Finding("DRG613", message, None, "name the file of one of them")])
    if len(targets) > 1:
        named = ", ".join(f"`{target}`" for target in targets)
        message = f"`dragoman run` runs a flow on one target, here are {len(targets)}: {named}"
        raise Findings([Finding("DRG613", message, None, "say `--target` once")])
    return flows[0], targets[0]


def _wish(arguments: argparse.Namespace) -> Wish:
    return Wish(
        arguments.namespace,
        arguments.context,
        arguments.server,
        os.environ.get("ARGO_TOKEN", ""),
        arguments.from_template,
        arguments.detach,
        arguments.stop_on_interrupt,
    )


def _voice(arguments: argparse.Namespace, world: World) -> Voice:
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not arguments.quiet
    progress = Progress(
        _written,
        world.clock,
        _screen if live else None,
        color=colored(arguments, sys.stderr),
        quiet=arguments.quiet,
    )
    return Voice(progress, _written, sys.stdout.write, world.sleep, live)


def _written(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _screen() -> Screen:
    size = os.get_terminal_size(sys.stderr.fileno())
    return Screen(size.columns or 80, size.lines or 24)  # a terminal may not know
