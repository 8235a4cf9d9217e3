"""`dragoman cmp`: the calls of Argo CD's config-management plugin, and a rehearsal of them.

`generate` and `parameters` are called by argocd-cmp-server in the application's folder of a tree that it has unpacked.
Its parameters become the flags of `dragoman render`; messages go to standard error, which Argo CD shows.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple

from dragoman.cli import defaults, inputs
from dragoman.cli.defaults import NAME
from dragoman.cli.judge import failed, judged
from dragoman.cli.platform import platform
from dragoman.cmp.adopt import adopted
from dragoman.cmp.budget import Budget, check_size
from dragoman.cmp.cluster import unserved
from dragoman.cmp.documents import documents
from dragoman.cmp.hazards import foreign
from dragoman.cmp.request import Request, request, tree_of
from dragoman.cmp.settings import OWN, Settings
from dragoman.findings import Finding, Findings, did_you_mean, has_errors
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.load.packs import PREFIX
from dragoman.pipeline import Rendering, render
from dragoman.policy.force import Enacted
from dragoman.write.manifests import write_text

if TYPE_CHECKING:
    from dragoman.cmp.application import Application

POLICIES = "DRAGOMAN_CMP_POLICIES"  # of the sidecar: the platform's own, above all that an application names


class Call(NamedTuple):
    """One call: what is asked, the environment that asks it, the tree, and the application's folder in it."""

    asked: Request
    environment: Mapping[str, str]
    root: str
    folder: str
    application: Application | None = None


def run(arguments: argparse.Namespace) -> int:
    """Do one of the plugin's calls."""
    if arguments.call == "doctor":
        from dragoman.cli import doctor

        return doctor.run(arguments)
    return _generate(arguments) if arguments.call == "generate" else _parameters(arguments)


def _generate(arguments: argparse.Namespace) -> int:
    """The manifests of the folder's flows: one JSON object a line, all of them or none."""
    name = os.environ.get("ARGOCD_APP_NAME", "")
    with redirect_stdout(sys.stderr):  # the other is for manifests, whatever anybody prints
        try:
            with Budget(os.environ):
                call = called(arguments)
                name = call.asked.application
                with chdir(call.root):  # messages name files from there
                    renderings, findings = rendered(call)
                text = documents(manifest for one in renderings for manifest in one.emission.manifests)
                check_size(text)
        except Findings as error:
            _tell(name, error.findings)
            return error.exit_code
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # a mistake of ours: Argo CD's users have no use for where it stands
            if arguments.verbose:
                raise
            print(f"error: dragoman itself failed: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
    if not arguments.quiet:
        _tell(name, findings)
    write_text("-", text)
    return 0


def _parameters(arguments: argparse.Namespace) -> int:
    """The parameters of the folder's flows; never an error, which would hide the application's page."""
    from json import dumps

    from dragoman.cmp.announce import announced

    with redirect_stdout(sys.stderr):  # the other is for manifests, whatever anybody prints
        try:
            with Budget(os.environ):
                call = called(arguments)
                with chdir(call.root):  # messages name files from there
                    flows, _ = loaded(call.folder, flags(call, call.asked.settings), True)
                    found = announced(flows, call.asked.settings.environment)
        except Findings as error:
            _tell(os.environ.get("ARGOCD_APP_NAME", ""), error.findings)
            found = announced((), "")
        except Exception as error:  # of ours, or no memory: the page matters more
            print(f"error: dragoman itself failed: {type(error).__name__}: {error}", file=sys.stderr)
            found = announced((), "")
    write_text("-", dumps(found, ensure_ascii=False) + "\n")
    return 0


def called(arguments: argparse.Namespace) -> Call:
    """What this command line, or who calls us, asks for; raises `Findings` when it makes no sense."""
    said, one, folder = dict(os.environ), None, arguments.path or "."
    if arguments.app:
        from dragoman.cmp.application import application, environment

        one = application(arguments.app, files.Options())
        root = files.root_of("here")
        folder = arguments.path or os.path.join(root, one.path)
        if not os.path.isdir(folder):
            place = one.document.span((*one.at, "path"))
            message = f"there is no folder `{one.path}` here"
            raise Findings(
                [Finding("DRG674", message, place, "run it in the flows' repository, or name the folder")], 2
            )
        said = {name: value for name, value in said.items() if not name.startswith(("ARGOCD_APP_", "ARGOCD_ENV_"))}
        said |= environment(one, folder, os.environ, files.root_of(os.path.join(folder, "here")))
    if not os.path.isdir(folder):
        raise Findings([Finding("DRG013", f"`{folder}` is not a folder", None, "name the application's folder")], 2)
    asked = request(said)
    here = os.path.realpath(folder)
    root = tree_of(here, asked.path, said) if not arguments.app else ""
    root = os.path.realpath(root or files.root_of(os.path.join(here, "here")))
    return Call(asked, said, root, os.path.relpath(here, root), one)


def rendered(call: Call) -> tuple[list[Rendering], list[Finding]]:
    """Every flow of the folder; raises `Findings` when one of them cannot be rendered, or there is none."""
    wanted = call.asked.settings
    arguments = flags(call, wanted)
    flows, reading = loaded(call.folder, arguments, wanted.allowEmpty)
    policies = _policies(arguments, call, reading) if flows else Enacted()
    renderings: list[Rendering] = []
    errors = list(_unclaimed(wanted, flows))
    exit_code = 1
    for flow in flows:
        sets = [
            *arguments.set,
            *(f"{OWN}{name}={text}" for name, text in wanted.params.items() if name in _params(flow)),
        ]
        try:
            ours = adopted(flow, call.asked)
            libraries = inputs.libraries(ours, wanted.environment, reading)
            options = platform(call.environment)
            done = render(ours, libraries, policies, arguments.target, wanted.environment, sets, options)
            errors += unserved(done, call.asked)
            renderings.append(done)
        except Findings as error:
            errors += error.findings
            exit_code = max(exit_code, error.exit_code)
    errors += foreign(renderings)
    findings = judged([*errors, *(finding for one in renderings for finding in one.findings)], arguments)
    if not has_errors(findings) and not wanted.allowEmpty and not any(one.emission.manifests for one in renderings):
        findings.append(_nothing("the flows have no objects"))
    if has_errors(findings) or failed(findings, arguments):
        raise Findings(findings, exit_code)
    return renderings, findings


def flags(call: Call, wanted: Settings) -> argparse.Namespace:
    """The settings as flags of `dragoman render`, its paths counted from the root, where we are.

    What an application leaves open, the repository's `.dragoman.toml` says, as it does in CI.
    """
    if os.path.islink(NAME):
        files.check_inside(NAME, call.root)
    given = {"target": [wanted.target] if wanted.target else [], "env": wanted.environment}
    named = [_from_root(path, call.folder) for path in wanted.policies]
    filled = defaults.filled(argparse.Namespace(policy=named, **given))
    if len(filled.target or ()) > 1:
        message = f"`{NAME}` names {len(filled.target)} targets, and an application has one"
        raise Findings([Finding("DRG672", message, None, "set the parameter `target`")])
    return argparse.Namespace(
        target="".join(filled.target or ()),
        root=call.root,
        set=[f"{path}={value}" for path, value in wanted.set.items()],
        policy=filled.policy,
        strict=wanted.strict,
        fail_on="error",
        ext_str=[f"{name}={value}" for name, value in wanted.extVars.items()],
        tla_str=[f"{name}={value}" for name, value in wanted.tlas.items()],
        ext_code=[],
        tla_code=[],
        jsonnet_engine="rjsonnet",
    )


def loaded(folder: str, arguments: argparse.Namespace, may_be_empty: bool) -> tuple[list[Document], files.Options]:
    """The flows of a folder, and how they were read; none where `may_be_empty` allows it."""
    reading = inputs.options(arguments)
    try:
        found = inputs.flows(files.load([folder], reading))
    except Findings as error:
        if not all(finding.code == "DRG014" for finding in error.findings):
            raise
        found = []
    if not found and not may_be_empty:
        raise Findings([_nothing(f"there are no flows under `{folder}`")])
    return found, reading


def _policies(arguments: argparse.Namespace, call: Call, reading: files.Options) -> Enacted:
    """The platform's policies, and below them those that the application names."""
    above = argparse.Namespace(policy=call.environment.get(POLICIES, "").split())
    upper, lower = inputs.policies(above, files.Options()), inputs.policies(arguments, reading)
    return Enacted(upper.policies + lower.policies, upper.said + lower.said, upper.findings + lower.findings)


def _from_root(path: str, folder: str) -> str:
    """A path as an application says it: from its own folder, or with a leading `/` from the root."""
    if path.startswith(PREFIX):
        return path
    return os.path.normpath(path.lstrip("/") if path.startswith("/") else os.path.join(folder, path))


def _params(flow: Document) -> Mapping[str, object]:
    spec = flow.data.get("spec") if isinstance(flow.data, dict) else None
    params = spec.get("params") if isinstance(spec, dict) else None
    return params if isinstance(params, dict) else {}


def _unclaimed(wanted: Settings, flows: Sequence[Document]) -> Iterator[Finding]:
    """Parameters that none of the flows has."""
    known = {name for flow in flows for name in _params(flow)}
    for name in wanted.params:
        if name not in known:
            message = f"no flow here has the parameter `{name}`, which `{OWN}{name}` sets"
            yield Finding("DRG672", message, None, did_you_mean(name, known))


def _nothing(why: str) -> Finding:
    message = f"nothing was rendered: {why}"
    advice = "an empty result deletes what the application has; if that is meant, set the parameter `allowEmpty`"
    return Finding("DRG673", message, None, advice)


def _tell(application: str, findings: Sequence[Finding]) -> None:
    from dragoman.cmp.words import told

    sys.stderr.write(told(application, findings))
