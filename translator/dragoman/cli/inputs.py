"""What `render` and `check` read: flows, the libraries they import, and policies, with their targets."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dragoman.emit import registry
from dragoman.findings import WARNING, Finding, Findings, did_you_mean
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.policy.floors import NO_FLOORS, Floors
from dragoman.policy.floors import floors as read_floors
from dragoman.policy.force import NO_POLICIES, Enacted


class Case(NamedTuple):
    """A flow for one target in one environment: what is checked, and compared, on its own. Either may be empty."""

    flow: Document
    target: str
    environment: str


def options(arguments: argparse.Namespace) -> files.Options:
    """How the files of this command line are read."""
    ext = {
        **_named(arguments.ext_str, "str", "--ext-str"),
        **_named(arguments.ext_code, "code", "--ext-code"),
    }
    tla = {
        **_named(arguments.tla_str, "str", "--tla-str"),
        **_named(arguments.tla_code, "code", "--tla-code"),
    }
    return files.Options(arguments.root, ext, tla, arguments.jsonnet_engine)


def flows(documents: Sequence[Document]) -> list[Document]:
    """The flows among the documents; policies and libraries may stand beside them."""
    return [document for document in documents if not _is(document, "Policy", "PolicyTest", "Library")]


def policies(arguments: argparse.Namespace, reading: files.Options) -> Enacted:
    """The policies of `--policy` and what they extend, in force."""
    if not arguments.policy:
        return NO_POLICIES
    from dragoman.load.policies import policies as layers
    from dragoman.policy.enact import enact

    return enact(layers(arguments.policy, reading), registry.stranger)


def floors(arguments: argparse.Namespace) -> Floors:
    """What `--with` says; raises `Findings` with exit code 2 when that cannot be understood."""
    return read_floors(arguments.floors, registry.stranger) if arguments.floors else NO_FLOORS


def libraries(flow: Document, environment: str, reading: files.Options) -> dict[str, Document]:
    """The libraries that a flow (in an environment) imports, if it says so in a way that can be read."""
    body = flow.data.get("spec") if isinstance(flow.data, dict) else None
    if not isinstance(body, dict):
        return {}
    imports: dict[str, str] = {}
    overlay = (body.get("environments") or {}).get(environment) if isinstance(body.get("environments"), dict) else None
    for block in (body, overlay):
        named = block.get("imports") if isinstance(block, dict) else None
        if isinstance(named, dict):
            imports.update(
                {name: path for name, path in named.items() if isinstance(name, str) and isinstance(path, str)}
            )
    return files.imported(flow, imports, reading) if imports else {}


def targets(arguments: argparse.Namespace) -> Iterator[str]:
    """The targets of the command line; the flow's own (empty) when it names none.

    Raises `Findings` with exit code 2 for one that there is not.
    """
    for name in arguments.target or ():
        hint = registry.stranger(name)
        if hint:
            raise Findings([Finding("DRG303", f"there is no target `{name}`", None, hint)], 2)
    yield from dict.fromkeys(arguments.target or [""])


def cases(flows: Sequence[Document], arguments: argparse.Namespace) -> Iterator[Case]:
    """Every flow for every target, in every environment of its own when neither command line nor repository says."""
    for flow in flows:
        own = environments(flow)
        asked = [name for name in arguments.environments if name in own] or [""]
        for target in targets(arguments):
            for environment in [arguments.env] if arguments.env else asked if arguments.environments else ["", *own]:
                yield Case(flow, target, environment)


def strange_environments(flows: Sequence[Document], arguments: argparse.Namespace) -> list[Finding]:
    """A warning for each environment of the repository's settings that none of its flows has: nobody looks at it."""
    known = {name for flow in flows for name in environments(flow)}
    unknown = [name for name in arguments.environments if name not in known] if arguments.whole else []
    return [
        Finding(
            "DRG686",
            f"`.dragoman.toml` names the environment `{name}`, which no flow has",
            None,
            did_you_mean(name, known),
            WARNING,
        )
        for name in unknown
    ]


def environments(flow: Document) -> list[str]:
    """The names of a flow's own environments."""
    body = flow.data.get("spec") if isinstance(flow.data, dict) else None
    found = body.get("environments") if isinstance(body, dict) else None
    return list(found) if isinstance(found, dict) else []


def _is(document: Document, *kinds: str) -> bool:
    return isinstance(document.data, dict) and document.data.get("kind") in kinds


def _named(given: Sequence[str], kind: str, flag: str) -> dict[str, tuple[str, str]]:
    result = {}
    for argument in given:
        name, equals, text = argument.partition("=")
        if not equals or not name:
            raise Findings(
                [
                    Finding(
                        "DRG114",
                        f"`{flag} {argument}` is not `name=value`",
                        None,
                        f"for example `{flag} stage=prod`",
                    )
                ],
                2,
            )
        result[name] = (kind, text)
    return result
