"""`dragoman cmp doctor`: what Argo CD does with an application's folder, done here, and what would go wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from time import monotonic
from typing import Any, NamedTuple

from dragoman.cli import inputs
from dragoman.cli.cmp import Call, called, flags, loaded
from dragoman.cli.defaults import NAME
from dragoman.cli.messages import colored
from dragoman.cmp import closure, tree
from dragoman.cmp.hazards import hazards
from dragoman.cmp.rehearsal import DEADLINE, Spoken, another_user, rehearse
from dragoman.cmp.request import WORK
from dragoman.emit.sizes import byte_count
from dragoman.findings import WARNING, Finding, Findings, Span, has_errors
from dragoman.load.files import SUFFIXES
from dragoman.report import text

SLOW = DEADLINE / 2  # a repository server that is busy takes twice as long
UNSTEADY = ("unpack", "user", "in all")  # what `--steady` leaves out: gzip is not the same everywhere
GIT = 1_000_000  # bytes of `.git` that are worth a word


class Stage(NamedTuple):
    """One line of the report: what was done, what came of it, how many seconds it took."""

    name: str
    said: str
    seconds: float | None = None


class Rehearsal(NamedTuple):
    """What was done, what was rendered, and what was wrong."""

    stages: list[Stage]
    objects: list[Mapping[str, Any]]
    findings: list[Finding]


def run(arguments: argparse.Namespace) -> int:
    """Rehearse, print what happened, and fail when a sync would."""
    call = called(arguments)
    said = _as_application(call)
    with chdir(call.root):
        done = _rehearsed(call, said, tree.sent(".", arguments.exclude))
        paths = _paths(call)
        options = call.application.options if call.application else ()
        findings = [*done.findings, *hazards(done.objects, Span(call.folder), options), *_annotated(call, paths)]
        shown = [one for one in dict.fromkeys(findings) if not arguments.quiet or one.severity != WARNING]
        lines = _report(call, said, done, closure.annotation(paths, call.folder), arguments.steady)
        sys.stdout.write("\n".join(lines) + "\n")
        if shown:
            sys.stdout.write("\n" + text.text(shown, color=colored(arguments, sys.stdout)))
    return 1 if has_errors(findings) else 0


def _as_application(call: Call) -> dict[str, str]:
    """The environment of the calls; where nobody names an application, one that is called as the folder is."""
    folder = "" if call.folder == "." else call.folder
    name = os.path.basename(folder or call.root)
    made_up = {"ARGOCD_APP_NAME": name, "ARGOCD_APP_PROJECT_NAME": "default", "ARGOCD_APP_SOURCE_PATH": call.folder}
    return {**made_up, **call.environment}


def _rehearsed(call: Call, said: Mapping[str, str], sent: Sequence[tree.Entry]) -> Rehearsal:
    """Pack, unpack and call, as Argo CD does."""
    done = Rehearsal([], [], [*tree.leading_out(sent)])
    with tempfile.TemporaryDirectory() as scratch:
        start = monotonic()
        packed = tree.pack(".", sent, f"{scratch}/tree.tgz")
        done.stages.append(Stage("pack", _tally(sent, done.findings), monotonic() - start))
        root, start = f"{scratch}/{WORK}/tree", monotonic()
        tree.unpack(f"{scratch}/tree.tgz", root)
        done.stages.append(Stage("unpack", f"{packed:,} bytes sent", monotonic() - start))
        try:
            _call(call, said, sent, scratch, root, done)
        finally:
            tree.remove(root)
    seconds = sum(one.seconds or 0 for one in done.stages if one.name in ("pack", "unpack", "generate"))
    done.stages.append(Stage("in all", f"of {DEADLINE} seconds", seconds))
    if seconds > SLOW:
        message = f"a render takes {seconds:.0f} of the {DEADLINE} seconds that it has"
        advice = "make the tree smaller, or the application"
        done.findings.append(Finding("DRG679", message, None, advice, WARNING))
    return done


def _tally(sent: Sequence[tree.Entry], findings: list[Finding]) -> str:
    """What is sent; with a finding when much of it is of no use."""
    size = sum(one.size for one in sent)
    git = sum(one.size for one in sent if one.path.startswith(".git/"))
    if git > GIT:
        advice = "set `reposerver.plugin.tar.exclusions` to `.git` in argocd-cmd-params-cm"
        findings.append(Finding("DRG679", f"every call sends {git:,} bytes of `.git`", None, advice, WARNING))
    of_git = f", {git:,} of them in .git" if git else ""
    return f"{_count(sum(one.kind == 'file' for one in sent), 'file')}, {size:,} bytes{of_git}"


def _call(
    call: Call, said: Mapping[str, str], sent: Sequence[tree.Entry], scratch: str, root: str, done: Rehearsal
) -> None:
    """Ask the plugin, in the unpacked tree; nothing in that may be another afterwards."""
    user = another_user()
    if user is not None:
        os.chown(scratch, user, user)
    specs = sum(one.path.endswith(SUFFIXES) and _within(one.path, call.folder) for one in sent)
    done.stages.append(Stage("match", _count(specs, "spec") if specs else "no specs: discovery finds nothing"))
    at = os.path.normpath(os.path.join(root, call.folder))
    first, again, announced = (
        rehearse(name, at, {**said, "ARGOCD_CMP_WORKDIR": scratch}, scratch, user)
        for name in ("generate", "generate", "parameters")
    )
    parameters = _count(_announced(announced, done.findings), "parameter")
    done.stages.append(Stage("parameters", parameters, announced.seconds))
    done.objects.extend(_objects(first, again, done.findings))
    made = f"{_count(len(done.objects), 'object')}, {len(first.output):,} bytes" if first.status == 0 else "failed"
    done.stages.append(Stage("generate", made, first.seconds))
    done.stages.append(Stage("user", str(os.geteuid() if user is None else user)))
    known = {one.path for one in sent}
    written = ", ".join(f"`{one.path}`" for one in tree.entries(root) if one.path not in known)
    if written:
        message = f"the call left files behind: {written}"
        done.findings.append(Finding("DRG679", message, None, "nothing may be written: please report it"))


def _announced(spoken: Spoken, findings: list[Finding]) -> int:
    try:
        return len(json.loads(spoken.output))
    except ValueError:
        findings.append(Finding("DRG679", "the parameters cannot be announced", None, " ".join(spoken.errors.split())))
        return 0


def _objects(first: Spoken, again: Spoken, findings: list[Finding]) -> list[Mapping[str, Any]]:
    if first.status != 0:
        shown = " ".join(first.errors.split())
        findings.append(Finding("DRG679", f"Argo CD would say: {shown}", None, "correct it, then rehearse again"))
        return []
    if first.output != again.output:
        findings.append(Finding("DRG679", "two calls gave different manifests", None, "please report it"))
    return [json.loads(line) for line in first.output.splitlines()]


def _paths(call: Call) -> set[str]:
    """The files that the folder's manifests depend on; of what cannot be read, those that can."""
    from dragoman.load.policies import policies

    arguments = flags(call, call.asked.settings)
    try:
        flows, reading = loaded(call.folder, arguments, True)
        documents = [*flows]
        for flow in flows:
            documents += inputs.libraries(flow, call.asked.settings.environment, reading).values()
        for layer in policies(arguments.policy, reading) if arguments.policy else ():
            documents += [layer.document, *layer.enforced]
        return closure.closure(documents, reading) | {name for name in (NAME,) if os.path.isfile(name)}
    except Findings:
        return set()


def _annotated(call: Call, paths: set[str]) -> Iterator[Finding]:
    """What the Application's own annotation does not cover."""
    if call.application is None:
        return
    document = call.application.document
    given = (document.data["metadata"].get("annotations") or {}).get(closure.ANNOTATION)
    for path in closure.uncovered(paths, given, call.folder) if isinstance(given, str) and given.strip() else ():
        span = document.span(("metadata", "annotations", closure.ANNOTATION))
        advice = f"add `/{path}`"
        yield Finding(
            "DRG679", f"a change of `{path}` would not be rendered: the annotation leaves it out", span, advice
        )


def _report(call: Call, said: Mapping[str, str], done: Rehearsal, value: str, steady: bool) -> Iterator[str]:
    namespace = said.get("ARGOCD_APP_NAMESPACE") or "none"
    project = said.get("ARGOCD_APP_PROJECT_NAME")
    yield f"application {said['ARGOCD_APP_NAME']}: folder {call.folder}, namespace {namespace}, project {project}"
    yield ""
    for one in done.stages:
        if steady and one.name in UNSTEADY:
            continue
        timed = "" if steady or one.seconds is None else f"{one.seconds:8.2f} s"
        yield f"  {one.name:12}{one.said:48}{timed}".rstrip()
    if done.objects:
        yield ""
    for body in done.objects:
        metadata = body["metadata"]
        name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name") or metadata.get("generateName"))))
        yield f"  {body['kind']} {name}: {byte_count(body):,} bytes"
    yield ""
    yield f"  {closure.ANNOTATION}: {value}"


def _within(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
