"""The engines' own code for the tests: Argo's, its coprocess, and a runner of flows; Kubernetes', and a cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from conformance.flows import Flows, install
from conformance.judging import Judge
from conformance.node import Node, living
from conformance.plane import Plane, serving
from conformance.tags import Tags

HERE = Path(__file__).parent
_skipped: set[str] = set()


@pytest.fixture(scope="session")
def argo(request: pytest.FixtureRequest) -> Path:
    """The program with Argo's code."""
    return _program(request, "argo", "Argo")


@pytest.fixture(scope="session")
def cluster_program(request: pytest.FixtureRequest) -> Path:
    """The program with Kubernetes' code."""
    return _program(request, "cluster", "Kubernetes")


@pytest.fixture(scope="session")
def argocd_program() -> Path:
    """The program with Argo CD's code; `make e2e-argocd` builds it, which is too much for every check."""
    binary = _built("argocd")
    if not binary.exists():
        why = "Argo CD's own code is not built: `make e2e-argocd` puts the plugin between its servers"
        _skipped.add(why)
        pytest.skip(why)
    return binary


def _program(request: pytest.FixtureRequest, folder: str, whose: str) -> Path:
    """A plain run takes a program where it is built; with `--conformance` it is built, or the tests fail."""
    if request.config.getoption("--conformance"):
        done = subprocess.run([HERE / folder / "build"], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"{whose}'s own code cannot be built: {done.stderr}", pytrace=False)
        return Path(done.stdout.strip())
    binary = _built(folder)
    if not binary.exists():
        why = f"{whose}'s own code is not built" if shutil.which("go") else "Go is not here"
        _skipped.add(f"{why}: `make conformance` judges what we render by {whose}'s own code")
        pytest.skip(f"{why}: `make conformance` judges what we render by {whose}'s own code")
    return binary


def _built(folder: str) -> Path:
    """Where the folder's `build` puts what it builds from these sources."""
    place = HERE / folder
    sources = [place / "go.mod", place / "go.sum", *sorted(place.glob("*.go"))]
    digest = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(os.environ.get("DRAGOMAN_CACHE") or Path(caches) / "dragoman")
    return cache / f"{folder}-conformance-{digest[:12]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason in _skipped:
        terminalreporter.section("not judged by the engines", sep="!", yellow=True)
        terminalreporter.line(reason)


@pytest.fixture(scope="session")
def judge(cluster_program: Path) -> Judge:
    """Kubernetes' judgement of objects."""
    return Judge(cluster_program)


@pytest.fixture(scope="session")
def control_plane(cluster_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """A cluster without nodes."""
    with serving(cluster_program, tmp_path_factory.mktemp("cluster")) as plane:
        yield plane


@pytest.fixture(scope="session")
def node(control_plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The cluster's only node."""
    with living(control_plane, tmp_path_factory.mktemp("node")) as node:
        yield node


@pytest.fixture
def namespace(control_plane: Plane) -> str:
    """A new one."""
    return control_plane.namespace()


@pytest.fixture(scope="session")
def tags(argo: Path) -> Iterator[Tags]:
    """Argo's substitution and conditions."""
    with Tags(argo) as tags:
        yield tags


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs that every image has."""
    directory = tmp_path_factory.mktemp("programs")
    install(directory)
    return directory


@pytest.fixture
def flows(tags: Tags, programs: Path, tmp_path: Path) -> Flows:
    """Runs flows: call it with a flow."""
    return Flows(tags, programs, tmp_path)
