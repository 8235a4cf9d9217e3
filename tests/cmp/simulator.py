"""Argo CD around a plugin, in Python: what its two servers do, as far as a plugin can tell.

The repository server merges `.argocd-source` files, makes the environment and packs the tree
(reposerver/repository/repository.go, util/cmp/stream.go); argocd-cmp-server unpacks it, runs the commands of
plugin.yaml, and reads what they print as documents (cmpserver/plugin/plugin.go, gitops-engine SplitYAMLToString).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import uuid4

import yaml

HERE = Path(__file__).parents[2]
PLUGIN = HERE / "plugins/argocd/plugin.yaml"
DISCOVER = HERE / "plugins/argocd/discover/plugin.yaml"
REVISION = "0123456789abcdef0123456789abcdef01234567"
GRACE = 5  # seconds between SIGTERM and SIGKILL


class Failed(Exception):
    """What Argo CD's pages would show."""


class Application(NamedTuple):
    """What the repository server knows of an application."""

    path: str
    plugin: Mapping[str, Any] | None = None
    name: str = "app"
    namespace: str = "jobs"
    project: str = "default"
    kube_version: str = "1.33.2"
    api_versions: Sequence[str] = ()


class Sidecar(NamedTuple):
    """A running argocd-cmp-server: its plugin, its work folder, its own environment."""

    config: Mapping[str, Any]
    work: Path
    environment: Mapping[str, str]
    timeout: float = 60

    def check(self) -> bool:
        """CheckPluginConfiguration: whether discovery is configured."""
        discover = self.config["spec"].get("discover") or {}
        find = discover.get("find") or {}
        return bool(discover.get("fileName") or find.get("glob") or find.get("command"))

    def match(self, root: Path, application: Application) -> bool:
        """MatchRepository, with the glob of plugin.yaml."""
        pattern = self.config["spec"]["discover"]["find"]["glob"]
        with self._received(root) as tree:
            return any((tree / application.path).glob(pattern))

    def parameters(self, root: Path, application: Application) -> list[dict[str, Any]]:
        """GetParametersAnnouncement: the dynamic ones first, then those of plugin.yaml."""
        said = {name: value for name, value in request(application).items() if name not in LATER}
        parameters = self.config["spec"]["parameters"]
        with self._received(root) as tree:
            text = self._run(parameters["dynamic"], tree / application.path, said)
        try:
            dynamic = json.loads(text)
        except ValueError as error:
            raise Failed(f"error unmarshaling dynamic parameter output: {error}") from None
        return [*dynamic, *parameters["static"]]

    def generate(self, root: Path, application: Application) -> list[dict[str, Any]]:
        """The repository server's whole way to an application's objects."""
        plugin = merged(root / application.path, application)
        with self._received(root) as tree:
            before = _listing(tree)
            text = self._run(
                self.config["spec"]["generate"], tree / application.path, request(application._replace(plugin=plugin))
            )
            assert _listing(tree) == before, "the command has written into the tree"
        return [made for document in documents(text) for made in _flattened(document)]

    def _run(self, command: Mapping[str, Any], folder: Path, said: Mapping[str, str]) -> str:
        child = subprocess.Popen(
            [*command["command"], *(command.get("args") or ())],
            cwd=folder,
            env={**self.environment, **said},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, errors = child.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            child.kill()  # the command itself at once, what it has started in a while
            os.killpg(child.pid, signal.SIGTERM)
            try:
                out, errors = child.communicate(timeout=GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                out, errors = child.communicate()
        if child.returncode:
            status = "signal: killed" if child.returncode < 0 else f"exit status {child.returncode}"
            raise Failed(f"`{' '.join(command['command'])}` failed {status}: {errors.decode().strip()}")
        return out.decode().removesuffix("\n")

    @contextmanager
    def _received(self, root: Path) -> Iterator[Path]:
        """The tree as it was packed and unpacked: no times, no rights to run, and no links that lead out."""
        tree = self.work / "_cmp_server" / str(uuid4())
        tree.mkdir(parents=True)
        try:
            for place in sorted(root.rglob("*")):
                target = tree / place.relative_to(root)
                if place.is_symlink():
                    inside = os.path.normpath(target.parent / os.readlink(place))
                    if not inside.startswith(f"{tree}/"):
                        raise Failed(f"illegal filepath in symlink: {inside}")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(os.readlink(place))
                elif place.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    target.chmod(0o755)
                elif place.is_file():
                    target.write_bytes(place.read_bytes())
                    target.chmod(0o644)
            yield tree
        finally:
            shutil.rmtree(tree)


# what the call for parameters does not say
LATER = {"ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_REVISION", "ARGOCD_APP_REVISION_SHORT",
         "ARGOCD_APP_REVISION_SHORT_8", "KUBE_VERSION", "KUBE_API_VERSIONS"}  # fmt: skip


@contextmanager
def sidecar(plugin: Path = PLUGIN, environment: Mapping[str, str] = {}, timeout: float = 60) -> Iterator[Sidecar]:
    """A sidecar with a plugin.yaml, its image's environment and what a platform adds to that."""
    config = yaml.safe_load(plugin.read_text())
    with TemporaryDirectory(prefix="cmp") as work:
        image = {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "HOME": work,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONSAFEPATH": "1",
            "ARGOCD_CMP_WORKDIR": work,
        }
        yield Sidecar(config, Path(work), {**image, **environment}, timeout)


def request(application: Application) -> dict[str, str]:
    """The environment that the repository server adds (newEnv, getPluginEnvs, ApplicationSourcePluginParameters)."""
    said = {
        "ARGOCD_APP_NAME": application.name,
        "ARGOCD_APP_NAMESPACE": application.namespace,
        "ARGOCD_APP_PROJECT_NAME": application.project,
        "ARGOCD_APP_REVISION": REVISION,
        "ARGOCD_APP_REVISION_SHORT": REVISION[:7],
        "ARGOCD_APP_REVISION_SHORT_8": REVISION[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": "https://git.example.com/flows.git",
        "ARGOCD_APP_SOURCE_PATH": application.path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
        "KUBE_VERSION": application.kube_version,
        "KUBE_API_VERSIONS": ",".join(application.api_versions),
    }
    if application.plugin is None:
        return said
    given = dict(said)
    for entry in application.plugin.get("env") or ():
        text = re.sub(r"\$(\$|\w+|\{\w+\})", lambda found: _value(found[1], said), entry["value"])
        given[f"ARGOCD_ENV_{entry['name']}"] = text
    parameters = application.plugin.get("parameters")
    given["ARGOCD_APP_PARAMETERS"] = json.dumps(parameters)
    for parameter in parameters or ():
        base = f"PARAM_{_escaped(parameter['name'])}"
        if "string" in parameter:
            given[base] = parameter["string"]
        for key, value in (parameter.get("map") or {}).items():
            given[f"{base}_{_escaped(key)}"] = value
        for number, value in enumerate(parameter.get("array") or ()):
            given[f"{base}_{number}"] = value
    return given


def merged(folder: Path, application: Application) -> Mapping[str, Any] | None:
    """The plugin block with the files of the folder merged over it (mergeSourceParameters)."""
    source: dict[str, Any] = {} if application.plugin is None else {"plugin": application.plugin}
    for name in (".argocd-source.yaml", f".argocd-source-{application.name}.yaml"):
        if (folder / name).is_file():
            patched = _patched(source, yaml.safe_load((folder / name).read_text()))
            source = _unmarshalled(source, patched)
    return source.get("plugin")


def documents(text: str) -> list[dict[str, Any]]:
    """A stream of JSON objects, or of YAML documents, as Argo CD splits it; null ones are no objects."""
    if not text.lstrip().startswith("{"):
        return [made for made in yaml.safe_load_all(text) if made is not None]
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        start = at
        made, at = decoder.raw_decode(text, at)
        again = yaml.load(text[start:at], yaml.CSafeLoader)  # what is JSON to one server is YAML to the other
        assert again == made
        found.append(again)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def _flattened(made: dict[str, Any]) -> list[dict[str, Any]]:
    return made["items"] if made.get("kind") == "List" else [made]


def _patched(base: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        result[key] = _patched(result.get(key), value)
    return {key: value for key, value in result.items() if patch.get(key, "") is not None}


def _unmarshalled(into: Any, said: Any) -> Any:
    """Go's json.Unmarshal, into a value that is there."""
    if isinstance(into, dict) and isinstance(said, dict):
        return {**into, **{key: _unmarshalled(into.get(key), value) for key, value in said.items()}}
    if isinstance(into, list) and isinstance(said, list):
        return [_unmarshalled(into[n], one) if n < len(into) else one for n, one in enumerate(said)]
    return said


def _value(name: str, said: Mapping[str, str]) -> str:
    return "$" if name == "$" else said.get(name.strip("{}"), "")


def _escaped(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _listing(tree: Path) -> dict[str, bytes]:
    return {str(place): place.read_bytes() if place.is_file() else b"" for place in sorted(tree.rglob("*"))}
