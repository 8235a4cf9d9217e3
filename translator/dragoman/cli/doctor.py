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
GIT = 1_000_000  # bytes of `.git` that are worth a word


class Stage(NamedTuple):
    """One line of the report: what was done, what came of it, how many seconds it took."""

    name: str
    said: str
    seconds: float | None = None


def run(arguments: argparse.Namespace) -> int:
    """Rehearse, print what happened, and fail when a sync would."""
    call = called(arguments)
    said = _as_application(call)
    with chdir(call.root):
        sent = tree.sent(".", arguments.exclude)
        findings = [*tree.leading_out(sent)]
        objects: list[Mapping[str, Any]] = []
        stages = [*_stages(call, said, sent, findings, objects)]
        paths = _paths(call)
        span = Span(call.folder)
        findings += hazards(objects, span, call.application.options if call.application else ())
        findings += _annotated(call, paths)
        findings = [*dict.fromkeys(findings)]
        value = closure.annotation(paths, call.folder)
        lines = [*_report(call, said, stages, objects, value, arguments.steady)]
        shown = [one for one in findings if not arguments.quiet or one.severity != WARNING]
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


def _stages(
    call: Call,
    said: Mapping[str, str],
    sent: Sequence[tree.Entry],
    findings: list[Finding],
    objects: list[Mapping[str, Any]],
) -> Iterator[Stage]:
    """Pack, unpack and call, as Argo CD does; what is wrong goes to `findings`, what is rendered to `objects`."""
    user = another_user()
    with tempfile.TemporaryDirectory() as scratch:
        start = monotonic()
        packed = tree.pack(".", sent, f"{scratch}/tree.tgz")
        size = sum(one.size for one in sent)
        git = sum(one.size for one in sent if one.path.startswith(".git/"))
        files = sum(one.kind == "file" for one in sent)
        said_of_git = f", {git:,} of them in .git" if git else ""
        tally = f"{_count(files, 'file')}, {size:,} bytes{said_of_git}"
        yield Stage("pack", tally, monotonic() - start)
        if git > GIT:
            advice = "set `reposerver.plugin.tar.exclusions` to `.git` in argocd-cmd-params-cm"
            findings.append(Finding("DRG679", f"every call sends {git:,} bytes of `.git`", None, advice, WARNING))
        root = f"{scratch}/{WORK}/tree"
        unpacking = monotonic()
        tree.unpack(f"{scratch}/tree.tgz", root)
        if user is not None:
            os.chown(scratch, user, user)
        try:
            yield Stage("unpack", f"{packed:,} bytes sent" if packed else "", monotonic() - unpacking)
            matching = [one for one in sent if one.path.endswith(SUFFIXES) and _within(one.path, call.folder)]
            yield Stage(
                "match", f"{_count(len(matching), 'spec')}" if matching else "no specs: discovery finds nothing"
            )
            at = os.path.normpath(os.path.join(root, call.folder))
            calls = {**said, "ARGOCD_CMP_WORKDIR": scratch}
            first = rehearse("generate", at, calls, scratch, user)
            again = rehearse("generate", at, calls, scratch, user)
            announced = rehearse("parameters", at, calls, scratch, user)
            yield Stage("parameters", _count(_announced(announced, findings), "parameter"), announced.seconds)
            objects += _objects(first, again, findings)
            known = {one.path for one in sent}
            written = [one for one in tree.entries(root) if one.path not in known]
            if written:
                names = ", ".join(f"`{one.path}`" for one in written)
                findings.append(
                    Finding("DRG679", f"the call left files behind: {names}", None, "nothing may be written")
                )
            made = f"{_count(len(objects), 'object')}, {len(first.output):,} bytes" if first.status == 0 else "failed"
            yield Stage("generate", made, first.seconds)
            yield Stage("in all", f"of {DEADLINE} seconds", monotonic() - start - again.seconds - announced.seconds)
            yield Stage("user", str(os.geteuid() if user is None else user), 0.0)
        finally:
            tree.remove(root)
        if monotonic() - start > SLOW:
            message = f"a call takes more than {SLOW:g} of the {DEADLINE} seconds that it has"
            findings.append(Finding("DRG679", message, None, "make the tree smaller, or the application", WARNING))


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


def _report(
    call: Call,
    said: Mapping[str, str],
    stages: Sequence[Stage],
    objects: Sequence[Mapping[str, Any]],
    value: str,
    steady: bool,
) -> Iterator[str]:
    namespace = said.get("ARGOCD_APP_NAMESPACE") or "none"
    project = said.get("ARGOCD_APP_PROJECT_NAME")
    yield f"application {said['ARGOCD_APP_NAME']}: folder {call.folder}, namespace {namespace}, project {project}"
    yield ""
    for one in stages:
        if steady and one.name in ("user", "in all", "unpack"):
            continue
        timed = "" if steady or not one.seconds else f"{one.seconds:8.2f} s"
        yield f"  {one.name:12}{one.said:48}{timed}".rstrip()
    if objects:
        yield ""
    for body in objects:
        metadata = body["metadata"]
        name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name") or metadata.get("generateName"))))
        yield f"  {body['kind']} {name}: {byte_count(body):,} bytes"
    yield ""
    yield f"  {closure.ANNOTATION}: {value}"


def _within(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
