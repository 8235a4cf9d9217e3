"""An Application as Argo CD reads it: from its file to the environment that the plugin is called with.

In a repository's own CI this renders what the cluster renders. Argo CD merges `.argocd-source.yaml` and
`.argocd-source-<application>.yaml` of the application's folder over its source before it calls any plugin
(reposerver/repository/repository.go, mergeSourceParameters), so a plugin never needs to look at them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.findings import Finding, Findings, Span
from dragoman.load import files
from dragoman.load.document import Document, Path
from dragoman.plan.overlay import merge_patch

GIVEN = ("ARGOCD_APP_REVISION", "KUBE_VERSION", "KUBE_API_VERSIONS")  # of the moment: who calls us may say them
OWN_NAMESPACE = "argocd"  # applications elsewhere are named with their namespace
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|(\w+)|(\$))")


class Application(NamedTuple):
    """One Application: its document, the source of it that we render, and where that is said.

    options  of its sync policy, `ServerSideApply=true` say
    """

    document: Document
    name: str
    source: Mapping[str, Any]
    at: Path
    options: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The folder of its flows, from the root of the repository."""
        return str(self.source.get("path") or ".")


def application(file: str, options: files.Options) -> Application:
    """The Application of a file; raises `Findings` when there is none, or none of ours."""
    found = [one for one in files.read(file, options) if isinstance(one.data, dict)]
    ours = [one for one in found if one.data.get("kind") == "Application"]
    if len(ours) != 1:
        message = f"`{file}` holds {len(ours) or 'no'} Applications"
        raise _refused(message, Span(file), "name a file with one object of `kind: Application`")
    document = ours[0]
    metadata, spec = _map(document, ("metadata",)), _map(document, ("spec",))
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        raise _refused("the Application has no name", document.span(("metadata",)), "give it a `metadata.name`")
    namespace = metadata.get("namespace") or OWN_NAMESPACE
    at = _source(document, spec)
    policy = spec.get("syncPolicy") or {}
    wanted = policy.get("syncOptions") if isinstance(policy, dict) else None
    return Application(
        document,
        name if namespace == OWN_NAMESPACE else f"{namespace}_{name}",
        _map(document, at),
        at,
        tuple(map(str, wanted)) if isinstance(wanted, list) else (),
    )


def environment(one: Application, folder: str, inherited: Mapping[str, str], root: str) -> dict[str, str]:
    """What the plugin is called with for an application whose flows are in `folder`, below `root`."""
    spec = one.document.data["spec"]
    source = _merged(one, folder, root)
    plugin = source.get("plugin") or {}
    destination = spec.get("destination") if isinstance(spec.get("destination"), dict) else {}
    said = {
        "ARGOCD_APP_NAME": one.name,
        "ARGOCD_APP_NAMESPACE": str(destination.get("namespace") or ""),
        "ARGOCD_APP_PROJECT_NAME": str(spec.get("project") or "default"),
        "ARGOCD_APP_SOURCE_REPO_URL": str(source.get("repoURL") or ""),
        "ARGOCD_APP_SOURCE_PATH": one.path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": str(source.get("targetRevision") or ""),
        **{name: inherited[name] for name in GIVEN if name in inherited},
    }
    variables = {
        f"ARGOCD_ENV_{entry.get('name', '')}": expanded(entry.get("value") or "", said)
        for entry in plugin.get("env") or ()
    }
    if not plugin:
        return {**said, **variables}
    import json

    return {**said, **variables, "ARGOCD_APP_PARAMETERS": json.dumps(plugin.get("parameters"))}


def expanded(text: str, values: Mapping[str, str]) -> str:
    """A text with `$NAME` and `${NAME}` replaced, `$$` for a dollar, and nothing for names without a value."""
    return _VARIABLE.sub(lambda found: "$" if found[3] else values.get(found[1] or found[2] or "", ""), text)


def _source(document: Document, spec: Mapping[str, Any]) -> Path:
    """Where the source stands that a plugin renders: the only one, or of several the one with a plugin."""
    if isinstance(spec.get("sourceHydrator"), dict):
        return ("spec", "sourceHydrator", "drySource")
    several = spec.get("sources")
    if not isinstance(several, list) or not several:
        return ("spec", "source")
    ours = [number for number, one in enumerate(several) if isinstance(one, dict) and "plugin" in one]
    if len(ours) != 1:
        message = f"{len(ours) or 'none'} of the Application's sources {'have' if len(ours) > 1 else 'has'} a plugin"
        raise _refused(message, document.span(("spec", "sources"), key=True), "one of them must name the plugin")
    return ("spec", "sources", ours[0])


def _merged(one: Application, folder: str, root: str) -> Mapping[str, Any]:
    """The source with the files of the folder merged over it; only what is the plugin's may change."""
    source: Any = one.source
    _check(source.get("plugin"), one.document, (*one.at, "plugin"))
    for name in (".argocd-source.yaml", f".argocd-source-{one.name}.yaml"):
        file = os.path.join(folder, name)
        if not os.path.isfile(file):
            continue
        found = files.read(file, files.Options(root=root))
        if len(found) > 1 or not all(isinstance(document.data, dict) for document in found):
            raise _refused(
                f"`{file}` is no source of an Application", Span(file), "write `plugin:` with what it changes"
            )
        for document in found:
            _check(document.data.get("plugin"), document, ("plugin",))
            source = read_over(source, merge_patch(source, document.data))
    return {
        **source,
        "path": one.source.get("path"),
        "repoURL": one.source.get("repoURL"),
        "targetRevision": one.source.get("targetRevision"),
    }


def read_over(before: Any, after: Any) -> Any:
    """JSON as Go reads it into a value that is there: what is missing stays, in maps and in the items of lists.

    So what a file sets to null is not deleted, and a parameter keeps what one at its place had of another shape.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        return before | {key: read_over(before.get(key), value) for key, value in after.items()}
    if isinstance(before, list) and isinstance(after, list):
        return [*map(read_over, before, after), *after[len(before) :]]
    return after


def _check(plugin: Any, document: Document, at: Path) -> None:
    """Raise for a plugin block that Argo CD could not read: all its values are text."""
    if plugin is None:
        return
    findings = [] if isinstance(plugin, dict) else [(at, "`plugin` is a map")]
    for key, fields in (("env", {"value": str}), ("parameters", {"string": str, "array": list, "map": dict})):
        entries = (plugin.get(key) or []) if isinstance(plugin, dict) else []
        if not isinstance(entries, list):
            findings.append(((*at, key), f"`{key}` is a list"))
            continue
        for number, entry in enumerate(entries):
            place = (*at, key, number)
            if not isinstance(entry, dict) or not isinstance(entry.get("name", ""), str):
                findings.append((place, f"each of `{key}` is a map with a `name`"))
                continue
            for field, kind in fields.items():
                value = entry.get(field)
                inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
                if value is not None and (not isinstance(value, kind) or not all(isinstance(i, str) for i in inner)):
                    findings.append(((*place, field), "Argo CD takes text here, and nothing else: put it in quotes"))
    if findings:
        raise Findings(
            [Finding("DRG674", "Argo CD cannot read this", document.span(path), why) for path, why in findings]
        )


def _map(document: Document, path: Path) -> dict[str, Any]:
    value: Any = document.data
    for key in path:
        value = value[key] if isinstance(key, int) else value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        name = ".".join(map(str, path))
        raise _refused(f"the Application has no `{name}`", document.span(path), "see docs/argocd.md for one that has")
    return value


def _refused(message: str, span: Span, help: str) -> Findings:
    return Findings([Finding("DRG674", message, span, help)], 2)
