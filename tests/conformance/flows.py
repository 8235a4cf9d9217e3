"""Flows of the tests: rendered for Argo, then run in the simulator."""

from __future__ import annotations

import sys
from ast import literal_eval
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

import yaml

from conformance.nodes import Run
from conformance.simulator import Accident, Cluster, simulate
from conformance.tags import Tags
from dragoman.emitter import Manifest
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.write import manifests
from enacted import enacted

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "manifests" / "platform.policy.yaml"  # what the example flows are rendered with
ENVELOPE = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: flow}\nspec:\n"
PROGRAMS = {
    # prints the arguments and the variables that it got
    "show": "print(ascii((sys.argv[1:], dict(os.environ))))",
    # writes outputs: `give NAME=TEXT`
    "give": """\
for name, _, text in (word.partition("=") for word in sys.argv[1:]):
    with open(os.path.join(os.environ["DRAGOMAN_OUTPUTS"], name), "wb") as file:
        file.write(text.encode())
""",
}
PROGRAMS["docker"] = PROGRAMS["show"]


class Flows:
    """Runs flows: call it with the file of a flow, or with the text of its `spec`."""

    def __init__(self, tags: Tags, programs: Path, directory: Path) -> None:
        self.tags, self.programs, self.directory = tags, programs, directory
        self._count = 0

    def __call__(
        self,
        flow: str | Path,
        *,
        params: Mapping[str, str] | None = None,
        accidents: Mapping[tuple[str, int], Accident] | None = None,
        last_first: bool = False,
    ) -> Run:
        """Render the flow, and run it to its end."""
        return self.run(self.rendered(flow), params=params, accidents=accidents, last_first=last_first)

    def run(
        self,
        manifest: str,
        *,
        params: Mapping[str, str] | None = None,
        accidents: Mapping[tuple[str, int], Accident] | None = None,
        last_first: bool = False,
    ) -> Run:
        """Run a manifest."""
        self._count += 1
        cluster = Cluster(self.directory / f"pods-{self._count}", self.programs, accidents or {}, last_first)
        return simulate(yaml.load(manifest, yaml.CSafeLoader), self.tags, cluster, params)

    def rendered(self, flow: str | Path) -> str:
        """The flow's WorkflowTemplate."""
        path, policies = self.directory / "flow.dragoman.yaml", []
        if isinstance(flow, str):
            path.write_text(ENVELOPE + indent(dedent(flow), "  "))
        else:
            path, policies = flow, files.load([str(POLICY)], files.Options(root=str(POLICY.parent)))
        options = files.Options(root=str(path.parent))
        (document,) = files.load([str(path)], options)
        libraries = files.imported(document, document.data["spec"].get("imports") or {}, options)
        return text_of(render(document, libraries, enacted(policies), "argo").emission.manifests[0])


def text_of(manifest: Manifest) -> str:
    """A manifest as the file that dragoman writes."""
    return manifests.files([("", manifest)], "yaml")[manifest.file]


def install(programs: Path) -> None:
    """Put into a directory what every image has: Python, and the programs above."""
    python = Path(sys.executable).resolve()
    for name in ("python", "python3"):
        (programs / name).symlink_to(python)
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!{python} -SE\nimport os, sys\n{text}\n")
        (programs / name).chmod(0o755)


def arguments(run: Run) -> dict[str, list[str]]:
    """What each `show` was called with, by its path, in the order of the runs."""
    return {path: args for path, (args, _) in _printed(run).items()}


def variables(run: Run, path: str) -> dict[str, str]:
    """The variables that a `show` had, but for those of the machine."""
    _, env = _printed(run)[path]
    return {name: value for name, value in env.items() if name not in ("PATH", "LC_CTYPE")}


def _printed(run: Run) -> dict[str, tuple[list[str], dict[str, str]]]:
    shows = (pod for pod in run.pods if pod.command[0] in ("show", "docker") and pod.printed)
    return {pod.path: literal_eval(pod.printed) for pod in shows}
