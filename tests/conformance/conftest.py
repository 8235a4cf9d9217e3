"""Argo's own code for the tests: the program, its coprocess, and a runner of flows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from conformance.flows import Flows, install
from conformance.tags import Tags

ARGO = Path(__file__).parent / "argo"
_skipped: set[str] = set()


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
        _skipped.add(f"{why}: `make conformance` judges what we render by Argo's own code")
        pytest.skip(f"{why}: `make conformance` judges what we render by Argo's own code")
    return binary


def _built() -> Path:
    """Where `argo/build` puts what it builds from these sources."""
    sources = [ARGO / "go.mod", ARGO / "go.sum", *sorted(ARGO.glob("*.go"))]
    digest = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(os.environ.get("DRAGOMAN_CACHE") or Path(caches) / "dragoman")
    return cache / f"argo-conformance-{digest[:12]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason in _skipped:
        terminalreporter.section("not judged by Argo", sep="!", yellow=True)
        terminalreporter.line(reason)


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
