"""`dragoman render`: manifests to standard output or into a folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dragoman.cli.judge import failed, judged
from dragoman.cli.many import translated
from dragoman.farm.outcome import Made, Rendered
from dragoman.findings import INFO, Finding, Findings, Span
from dragoman.load import files

if TYPE_CHECKING:  # nobody needs it for standard output
    from dragoman.write.folder import Differences

EACH = 20  # renderings that are told one by one


def run(arguments: argparse.Namespace) -> int:
    """Render every flow for every target; nothing is written unless all of them can be."""
    _refuse_stdout(arguments)
    errors: list[Finding] = []
    specs = [spec for path in arguments.paths for spec in _specs(path, errors)]
    outcomes, said = translated([file for file, _ in specs], arguments)
    errors += (finding for outcome in outcomes for finding in outcome.errors)
    if not errors and not sum(outcome.flows for outcome in outcomes):
        raise Findings([Finding("DRG014", "there is no flow here", None, "a flow is a document of `kind: Flow`")], 2)
    renderings = [one for outcome in outcomes for one in outcome.rendered]
    errors += _same_objects(renderings)
    findings = judged([*errors, *said, *(finding for one in renderings for finding in one.findings)], arguments)
    if errors or failed(findings, arguments):
        raise Findings(findings, max((outcome.exit_code for outcome in outcomes), default=1))
    if arguments.output == files.STDIN:
        _print(renderings, arguments)
    else:
        pairs = [(below, one) for (_, below), outcome in zip(specs, outcomes, strict=True) for one in outcome.rendered]
        findings += _deliver(pairs, arguments)
    _summarize(renderings, findings, arguments)
    return 0


def _refuse_stdout(arguments: argparse.Namespace) -> None:
    """Raise where nothing but a folder will do."""
    if arguments.output == files.STDIN and arguments.check:
        message = "`--check` compares with a folder, and none is named"
        raise Findings([Finding("DRG114", message, None, "name it: `-o DIR`")], 2)
    if arguments.output == files.STDIN and len(arguments.environments) > 1:
        message = "flows in several environments cannot be told apart on standard output"
        raise Findings([Finding("DRG114", message, None, "name one: `--env ENV`; or a folder for all: `-o DIR`")], 2)


def _specs(path: str, findings: list[Finding]) -> Iterator[tuple[str, str]]:
    """The spec files of an argument, each with the folder that it is in, as seen from the argument's."""
    inside = os.path.isdir(path)
    known: dict[str, str] = {}
    for file in files.expand(path, files.SUFFIXES, findings):
        folder = os.path.dirname(file)
        if folder not in known:
            below = os.path.relpath(folder or ".", path) if inside else "."
            known[folder] = "" if below == "." else below.replace(os.sep, "/")
        yield file, known[folder]


def _same_objects(renderings: Iterable[Rendered]) -> list[Finding]:
    """Objects that two flows would both make: the last one applied would win in silence."""
    seen: dict[tuple[str, ...], Rendered] = {}
    findings = []
    for one in renderings:
        for made in one.made:
            identity = (*made.identity, one.target, one.environment)
            other = seen.setdefault(identity, one)
            if other is not one:
                message = f"two flows make the {made.identity[0]} `{made.identity[2]}`"
                related = ((other.place, "the other one"),)
                findings.append(Finding("DRG507", message, one.place, "rename one of the flows", related=related))
    return findings


def _print(renderings: Sequence[Rendered], arguments: argparse.Namespace) -> None:
    from dragoman.write.manifests import write_text

    between = b"" if arguments.format == "json" else b"---\n"
    write_text("-", between.join(made.text for one in renderings for made in one.made).decode())


def _deliver(pairs: Sequence[tuple[str, Rendered]], arguments: argparse.Namespace) -> list[Finding]:
    """Write the folder, or with `--check` compare it; gives what is to be said of it, raises when it is stale."""
    from dragoman.write import folder

    texts, notes = _tree(pairs, arguments.output)
    if not arguments.check:
        folder.write(arguments.output, texts)
        return notes
    found = folder.differences(arguments.output, texts)
    if any(found):
        raise Findings([_stale(found, arguments)])
    return notes


def _tree(pairs: Sequence[tuple[str, Rendered]], output: str) -> tuple[dict[str, bytes], list[Finding]]:
    """The files of the whole tree, and notes about lists that are somebody else's.

    Several targets, or environments, have a folder each, and no list in common: nobody applies a flow twice.
    """
    from dragoman.write import folder
    from dragoman.write.kustomization import kustomizations

    groups: dict[tuple[str, str], list[tuple[str, Rendered]]] = {}
    for below, one in pairs:
        groups.setdefault((one.environment, one.target), []).append((below, one))
    several = [len(set(names)) > 1 for names in zip(*groups, strict=True)]
    texts: dict[str, bytes] = {}
    for group, those in groups.items():
        top = "".join(f"{name}/" for name, needed in zip(group, several, strict=True) if name and needed)
        made = _files(those)
        lists = kustomizations(path for path, one in made.items() if one.object)
        texts |= {top + path: text for path, text in lists.items()}
        texts |= {top + path: one.text for path, one in made.items()}
    others = folder.others(output, texts)
    for path in others:
        del texts[path]
    return folder.whole(texts), [_not_ours(f"{output}/{path}") for path in others]


def _files(pairs: Sequence[tuple[str, Rendered]]) -> dict[str, Made]:
    """Manifests by their paths; raises `Findings` when two have the same."""
    found: dict[str, tuple[Rendered, Made]] = {}
    for below, one in pairs:
        for made in one.made:
            path = f"{below}/{made.file}" if below else made.file
            other, _ = found.setdefault(path, (one, made))
            if other is not one:
                raise Findings([_same_file(path, one, other)])
    return {path: made for path, (_, made) in found.items()}


def _same_file(path: str, one: Rendered, other: Rendered) -> Finding:
    message = f"two manifests would be written to `{path}`"
    advice = "flows that are rendered into one folder need different names"
    return Finding("DRG507", message, one.place, advice, related=((other.place, "the other one"),))


def _not_ours(path: str) -> Finding:
    message = f"`{path}` is not of dragoman's making: it stays as it is"
    return Finding(
        "DRG683", message, None, "list the manifests in it; or remove it, and dragoman writes one", severity=INFO
    )


def _stale(found: Differences, arguments: argparse.Namespace) -> Finding:
    output = arguments.output
    words = ("is missing", "is not what is rendered", "is no longer rendered")
    named = tuple(
        (Span(f"{output}/{path}", approximate=True), word)
        for word, paths in zip(words, found, strict=True)
        for path in paths
    )
    files = "a file" if len(named) == 1 else f"{len(named):,} files"
    advice = f"`{_command(arguments.given)}` brings the folder up to date"
    return Finding("DRG681", f"`{output}` is stale: {files}", None, advice, related=named)


def _command(given: Sequence[str]) -> str:
    """The same command line, to write instead of to compare."""
    from shlex import join

    end = given.index("--") if "--" in given else len(given)
    return join(["dragoman", *(word for number, word in enumerate(given) if word != "--check" or number > end)])


def _summarize(renderings: Sequence[Rendered], findings: list[Finding], arguments: argparse.Namespace) -> None:
    if arguments.quiet:
        return
    if any(finding.severity != INFO for finding in findings) or (arguments.verbose and findings):
        from dragoman.cli.messages import show

        show(findings, arguments)
    if len(renderings) > EACH and not arguments.verbose:
        for target in dict.fromkeys(one.target for one in renderings):
            those = [one for one in renderings if one.target == target]
            print(f"{len(those):,} flows → {target}: {_counted(those)}", file=sys.stderr)
        return
    for one in renderings:
        environment = f" ({one.environment})" if one.environment and arguments.environments[1:] else ""
        print(f"{one.flow}{environment} → {one.target}: {_counted([one])}", file=sys.stderr)
        if arguments.verbose:
            for feature, answer, why in one.fidelity:
                print(f"  {feature}: {answer}{f' ({why})' if why else ''}", file=sys.stderr)


def _counted(renderings: Sequence[Rendered]) -> str:
    answers = [answer for one in renderings for _, answer, _ in one.fidelity]
    counts = [(answers.count(word), word) for word in ("native", "emulated", "weaker")]
    return ", ".join(f"{count:,} {word}" for count, word in counts if count) or "all native"
