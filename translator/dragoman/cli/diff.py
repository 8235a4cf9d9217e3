"""`dragoman diff`: what a change to specs does to what is rendered."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import chdir
from copy import copy

from dragoman.cli import inputs
from dragoman.cli.messages import colored
from dragoman.cli.platform import platform
from dragoman.diff.flows import Compared, Side, compare
from dragoman.findings import Finding, Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.load.packs import PREFIX
from dragoman.load.revision import Revision, checked_out
from dragoman.pipeline import render
from dragoman.report.model import of
from dragoman.write.manifests import write_text


def run(arguments: argparse.Namespace) -> int:
    """Render the base and what is here, and show what differs; 1 when anything does, unless `--exit-zero`."""
    wrong: list[Finding] = []
    after = _sides(arguments, files.load(arguments.paths, inputs.options(arguments)), wrong)
    if wrong:
        raise Findings(dict.fromkeys(wrong), 2)
    with checked_out(arguments.base) as revision:
        before = _base(arguments, revision)
        base = f"{revision.name} ({revision.commit[:8]})"
    found = compare(before, after)
    write_text(arguments.output, _shown(found, base, arguments))
    return 1 if found and not arguments.exit_zero else 0


def _base(arguments: argparse.Namespace, revision: Revision) -> list[Side]:
    """The other side: the same command line in the folder of the base. What is wrong there is said, and no more."""
    there = copy(arguments)
    there.root = revision.folder if not arguments.root else revision.path(arguments.root)
    paths = [revision.path(path) for path in arguments.paths]
    there.policy = [_elsewhere(policy, revision) for policy in arguments.policy]
    here = revision.path(".")
    os.makedirs(here, exist_ok=True)
    with chdir(here):  # paths in findings, and imports, are the same on both sides
        paths = [os.path.relpath(path) for path in paths if os.path.exists(path)]
        documents = []
        for path in paths:
            try:
                documents += files.load([path], inputs.options(there))
            except Findings as error:
                if any(finding.code != "DRG014" for finding in error.findings):
                    raise Findings([_of_base(finding, revision) for finding in error.findings], 2) from None
        return _sides(there, documents, [])


def _elsewhere(policy: str, revision: Revision) -> str:
    return policy if policy.startswith(PREFIX) else revision.path(policy)


def _of_base(finding: Finding, revision: Revision) -> Finding:
    return finding._replace(message=f"in {revision.name}: {finding.message}")


def _sides(arguments: argparse.Namespace, documents: Sequence[Document], wrong: list[Finding]) -> list[Side]:
    """Every case rendered; what is wrong with one is its obstacle, and in `wrong`."""
    reading = inputs.options(arguments)
    policies, floors = inputs.policies(arguments, reading), inputs.floors(arguments)
    sides = []
    for case in inputs.cases(inputs.flows(documents), arguments):
        name, target = of(case.flow).name, case.target
        rendering, obstacle = None, ""
        try:
            libraries = inputs.libraries(case.flow, case.environment, reading)
            rendering = render(
                case.flow, libraries, policies, target, case.environment, arguments.set, platform(), floors=floors
            )
            name, target = rendering.plan.name, rendering.plan.target
        except Findings as error:
            wrong += error.findings
            obstacle = f"cannot be rendered: {error.findings[0].message}"
        sides.append(Side(case.flow.file, name, target, case.environment, rendering, obstacle))
    return sides


def _shown(found: Sequence[Compared], base: str, arguments: argparse.Namespace) -> str:
    raw = not arguments.summary
    if arguments.format == "json":
        from dragoman.diff import json

        return json.text(found, base)
    if arguments.format == "markdown":
        from dragoman.diff.markdown import markdown

        return markdown(found, base, raw=raw)
    from dragoman.diff.text import text

    return text(found, raw=raw, color=arguments.output == "-" and colored(arguments, sys.stdout))
