"""`dragoman run`: one run of a flow, now, with its progress."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from dragoman.cli import inputs
from dragoman.cli.judge import failed, judged
from dragoman.cli.messages import colored, show
from dragoman.drive.argo import Voice, Wish
from dragoman.drive.argo import run as run_on_argo
from dragoman.drive.parameters import run_parameters
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import Rendering, render
from dragoman.report.progress import Progress, Screen

TARGETS = ("argo",)


class World(NamedTuple):
    """The time, and a way to let it pass."""

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep


def run(arguments: argparse.Namespace, world: World = World()) -> int:  # noqa: B008 (it holds nothing that changes)
    """Exit code 0 when the run succeeded, 1 when it failed; whatever keeps it from being seen to its end is 2."""
    gc.enable()  # a run may last for days
    try:
        rendering = _rendered(arguments)
        values = run_parameters(rendering.plan, arguments.param)
        succeeded = run_on_argo(rendering.plan, rendering.emission, values, _wish(arguments), _voice(arguments, world))
    except Findings as error:
        raise Findings(error.findings, 2) from None
    return 0 if succeeded else 1


def _rendered(arguments: argparse.Namespace) -> Rendering:
    reading = inputs.options(arguments)
    flow, target = _one(inputs.flows(files.load(arguments.paths, reading)), list(inputs.targets(arguments)))
    policies = inputs.policies(arguments, reading)
    libraries = inputs.libraries(flow, arguments.env, reading)
    rendering = render(flow, libraries, policies, target, arguments.env, arguments.set)
    findings = judged(rendering.findings, arguments)
    if failed(findings, arguments):
        raise Findings(findings)
    if rendering.plan.target not in TARGETS:
        known = ", ".join(f"`{name}`" for name in TARGETS)
        message = f"`dragoman run` cannot run a flow on `{rendering.plan.target}`"
        raise Findings([Finding("DRG303", message, None, f"it knows {known}: `--target {TARGETS[0]}`")])
    show(findings, arguments)
    return rendering


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
