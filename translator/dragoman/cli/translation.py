"""One spec file, translated: what became of its flows, as plain data."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import product

from dragoman.cli import inputs
from dragoman.cli.flags import FORMS
from dragoman.cli.platform import platform
from dragoman.emitter import Manifest, Support
from dragoman.farm.outcome import Made, Outcome, Rendered
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import Rendering, render
from dragoman.write import manifests as writer


def translator(arguments: argparse.Namespace) -> Callable[[str], Outcome]:
    """What translates a spec file as the command line says. Raises `Findings` about the policies."""
    reading = inputs.options(arguments)
    policies, floors = inputs.policies(arguments, reading), inputs.floors(arguments)
    form = arguments.format if arguments.format in FORMS else ""
    environments = list(dict.fromkeys(arguments.environments)) or [arguments.env]

    def one(flow: Document, target: str, environment: str) -> Rendered:
        known = environment if environment == arguments.env or environment in inputs.environments(flow) else ""
        libraries = inputs.libraries(flow, known, reading)
        done = render(flow, libraries, policies, target, known, arguments.set, platform(), form, floors)
        return _rendered(flow, done, environment, arguments)

    def translate(file: str) -> Outcome:
        try:
            flows = inputs.flows(files.read(file, reading))
        except Findings as error:
            return Outcome(errors=error.findings, exit_code=error.exit_code)
        rendered: list[Rendered] = []
        errors: list[Finding] = []
        exit_code = 1
        for flow in flows:
            for target, environment in product(inputs.targets(arguments), environments):
                try:
                    rendered.append(one(flow, target, environment))
                except Findings as error:
                    errors += error.findings
                    exit_code = max(exit_code, error.exit_code)
        return Outcome(len(flows), tuple(rendered), tuple(errors), exit_code)

    return translate


def _rendered(flow: Document, done: Rendering, environment: str, arguments: argparse.Namespace) -> Rendered:
    answers = done.fidelity.answers.items()
    return Rendered(
        done.plan.name,
        done.plan.target,
        environment,
        done.plan.source.span(("metadata", "name")),
        tuple((feature.value, type(answer).__name__.lower(), _why(answer)) for feature, answer in answers),
        done.findings,
        tuple(_made(flow, done.emission.manifests, arguments)),
    )


def _made(flow: Document, manifests: tuple[Manifest, ...], arguments: argparse.Namespace) -> Iterator[Made]:
    written = "json" if arguments.format == "json" else "yaml"
    texts = (
        [(one.file, writer.stream([one], written)) for one in manifests]
        if arguments.output == "-"
        else writer.files([(flow.file, one) for one in manifests], written).items()
    )
    for manifest, (file, text) in zip(manifests, texts, strict=True):
        yield Made(file, manifest.identity, _is_object(manifest), text.encode())


def _is_object(manifest: Manifest) -> bool:
    return not manifest.kind and "apiVersion" in manifest.body and "kind" in manifest.body


def _why(answer: Support) -> str:
    return getattr(answer, "how", "") or getattr(answer, "difference", "")
