"""`dragoman render`: manifests to standard output or into a folder."""

from __future__ import annotations

import argparse
import sys

from dragoman.cli import inputs
from dragoman.cli.flags import FORMS
from dragoman.cli.judge import failed, judged
from dragoman.cli.platform import platform
from dragoman.emitter import Emulated, Manifest, Native, Weaker
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.pipeline import Rendering, render
from dragoman.write import manifests as writer


def run(arguments: argparse.Namespace) -> int:
    """Render every flow for every target; nothing is written unless all of them can be."""
    reading = inputs.options(arguments)
    flows = inputs.flows(files.load(arguments.paths, reading))
    if not flows:
        raise Findings([Finding("DRG014", "there is no flow here", None, "a flow is a document of `kind: Flow`")], 2)
    policies, floors = inputs.policies(arguments, reading), inputs.floors(arguments)
    form = arguments.format if arguments.format in FORMS else ""
    renderings: list[tuple[str, Rendering]] = []
    errors: list[Finding] = []
    exit_code = 1
    for flow in flows:
        for target in inputs.targets(arguments):
            try:
                libraries = inputs.libraries(flow, arguments.env, reading)
                done = render(flow, libraries, policies, target, arguments.env, arguments.set, platform(), form, floors)
                renderings.append((flow.file, done))
            except Findings as error:
                errors += error.findings
                exit_code = max(exit_code, error.exit_code)
    errors += _same_objects(renderings)
    findings = judged([*errors, *(finding for _, one in renderings for finding in one.findings)], arguments)
    if errors or failed(findings, arguments):
        raise Findings(findings, exit_code)
    _write(renderings, arguments)
    _summarize(renderings, findings, arguments)
    return 0


def _same_objects(renderings: list[tuple[str, Rendering]]) -> list[Finding]:
    """Objects that two flows would both make: the last one applied would win in silence."""
    seen: dict[tuple[str, str, str, str], Rendering] = {}
    findings = []
    for _, one in renderings:
        for manifest in one.emission.manifests:
            identity = (one.plan.target, *manifest.identity)
            other = seen.setdefault(identity, one)
            if other is not one:
                place = one.plan.source.span(("metadata", "name"))
                message = f"two flows make the {identity[1]} `{identity[3]}`"
                related = ((other.plan.source.span(("metadata", "name")), "the other one"),)
                findings.append(Finding("DRG507", message, place, "rename one of the flows", related=related))
    return findings


def _write(renderings: list[tuple[str, Rendering]], arguments: argparse.Namespace) -> None:
    if arguments.output == "-":
        found = [manifest for _, one in renderings for manifest in one.emission.manifests]
        writer.write_text("-", writer.stream(found, _written(arguments)))
        return
    several = len({one.plan.target for _, one in renderings}) > 1
    folders: dict[str, list[tuple[str, Manifest]]] = {}
    for source, one in renderings:
        folder = f"{arguments.output}/{one.plan.target}" if several else arguments.output
        folders.setdefault(folder, []).extend((source, manifest) for manifest in one.emission.manifests)
    texts = {folder: writer.files(found, _written(arguments)) for folder, found in folders.items()}
    for folder, named in texts.items():
        writer.write_folder(folder, named)


def _written(arguments: argparse.Namespace) -> str:
    return "json" if arguments.format == "json" else "yaml"


def _summarize(renderings: list[tuple[str, Rendering]], findings: list[Finding], arguments: argparse.Namespace) -> None:
    if arguments.quiet:
        return
    if any(finding.severity != "info" for finding in findings) or (arguments.verbose and findings):
        from dragoman.cli.messages import show

        show(findings, arguments)
    for _, one in renderings:
        counts = [
            (one.fidelity.count(kind), word)
            for kind, word in ((Native, "native"), (Emulated, "emulated"), (Weaker, "weaker"))
        ]
        shown = ", ".join(f"{count} {word}" for count, word in counts if count) or "all native"
        print(f"{one.plan.name} → {one.plan.target}: {shown}", file=sys.stderr)
        if arguments.verbose:
            for feature, answer in one.fidelity.answers.items():
                print(f"  {feature.value}: {type(answer).__name__.lower()}{_why(answer)}", file=sys.stderr)


def _why(answer: object) -> str:
    said = getattr(answer, "how", "") or getattr(answer, "difference", "")
    return f" ({said})" if said else ""
