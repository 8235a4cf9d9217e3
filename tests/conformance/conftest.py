"""Argo's own code for the tests: the program, its coprocess, and runs of flows in the simulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from textwrap import dedent, indent

import pytest
import yaml

from conformance.nodes import Run
from conformance.simulator import Accident, Cluster, simulate
from conformance.tags import Tags
from dragoman.emitter import Manifest
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.write import manifests

ARGO = Path(__file__).parent / "argo"
POLICY = Path(__file__).parents[2] / "manifests" / "platform.policy.yaml"  # what the example flows are rendered with
ENVELOPE = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: flow}\nspec:\n"
PROGRAMS = {
    # prints how it was called
    "show": "print(json.dumps({'args': sys.argv[1:], 'env': dict(os.environ)}))",
    # writes outputs: `give NAME=TEXT`
    "give": """\
for name, _, text in (word.partition("=") for word in sys.argv[1:]):
    with open(os.path.join(os.environ["DRAGOMAN_OUTPUTS"], name), "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))
""",
}
_skipped: list[str] = []


@pytest.fixture(scope="session")
def argo(request: pytest.FixtureRequest) -> Path:
    """The program. A plain run takes it where it is built; with `--conformance` it is built, or the tests fail."""
    if request.config.getoption("--conformance"):
        done = subprocess.run([ARGO / "build"], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"Argo's own code cannot be built: {done.stderr}", pytrace=False)
        return Path(done.stdout.strip())
    binary = _built()
    if not binary.exists():
        why = "Argo's own code is not built" if shutil.which("go") else "Go is not here"
        _skipped.append(f"{why}: `make conformance` lets Argo's own code judge the manifests, and needs Go")
        pytest.skip(_skipped[-1])
    return binary


def _built() -> Path:
    """Where `argo/build` puts what it builds from these sources."""
    sources = [ARGO / "go.mod", ARGO / "go.sum", *sorted(ARGO.glob("*.go"))]
    digest = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(os.environ.get("DRAGOMAN_CACHE") or Path(caches) / "dragoman")
    return cache / f"argo-conformance-{digest[:12]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason in sorted(set(_skipped)):
        terminalreporter.section("not judged by Argo", sep="!", yellow=True)
        terminalreporter.line(reason)


@pytest.fixture(scope="session")
def tags(argo: Path) -> Iterator[Tags]:
    with Tags(argo) as tags:
        yield tags


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every image has: Python, and the programs of these tests."""
    directory = tmp_path_factory.mktemp("programs")
    for name in ("python", "python3"):
        (directory / name).symlink_to(Path(sys.executable).resolve())
    for name, text in PROGRAMS.items():
        (directory / name).write_text(f"#!{Path(sys.executable).resolve()} -SE\nimport json, os, sys\n{text}\n")
        (directory / name).chmod(0o755)
    return directory


class Simulator:
    """Renders flows and runs them."""

    def __init__(self, tags: Tags, programs: Path, directory: Path) -> None:
        self.tags, self.programs, self.directory = tags, programs, directory
        self.count = 0

    def __call__(
        self,
        flow: str | Path,
        *,
        params: Mapping[str, str] | None = None,
        accidents: Mapping[tuple[str, int], Accident] | None = None,
        last_first: bool = False,
    ) -> Run:
        """Run a flow: its file, or the text of its `spec`."""
        manifest = next(one for one in self.rendered(flow) if one.body["kind"] != "CronWorkflow")
        return self.run(manifests.files([("", manifest)], "yaml")[manifest.file], params, accidents, last_first)

    def run(
        self,
        manifest: str,
        params: Mapping[str, str] | None = None,
        accidents: Mapping[tuple[str, int], Accident] | None = None,
        last_first: bool = False,
    ) -> Run:
        """Run a manifest."""
        self.count += 1
        cluster = Cluster(self.directory / f"pods-{self.count}", self.programs, accidents or {}, last_first)
        return simulate(yaml.load(manifest, yaml.CSafeLoader), self.tags, cluster, params)

    def rendered(self, flow: str | Path) -> tuple[Manifest, ...]:
        """The manifests of a flow."""
        if isinstance(flow, str):
            path = self.directory / "flow.dragoman.yaml"
            path.write_text(ENVELOPE + indent(dedent(flow), "  "))
        else:
            path = flow
        options = files.Options(root=str(path.parent))
        policies = [] if isinstance(flow, str) else files.load([str(POLICY)], files.Options(root=str(POLICY.parent)))
        (document,) = files.load([str(path)], options)
        libraries = files.imported(document, document.data["spec"].get("imports") or {}, options)
        return render(document, libraries, policies, "argo").emission.manifests


@pytest.fixture
def simulated(tags: Tags, programs: Path, tmp_path: Path) -> Simulator:
    """A simulator: call it with a flow."""
    return Simulator(tags, programs, tmp_path)
