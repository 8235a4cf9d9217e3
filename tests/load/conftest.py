"""What the Jsonnet tests stand on: a repository to write files into, both engines, and the one finding."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings
from dragoman.load.jsonnet import LIMITS, Limits, evaluate

Write = Callable[[dict[str, str]], None]
Find = Callable[..., Finding]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Puts files into an empty repository, which is the working directory."""
    root = tmp_path / "repo"
    root.mkdir()
    monkeypatch.chdir(root)

    def put(files: dict[str, str]) -> None:
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, newline="")

    return put


@pytest.fixture(params=["rjsonnet", "jsonnet"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "jsonnet" and find_spec("_jsonnet") is None:
        pytest.skip("dragoman[jsonnet] is not installed")
    return str(request.param)


@pytest.fixture
def finding() -> Find:
    """Evaluates a file of the repository and gives the only finding."""

    def find(path: str, engine: str = "rjsonnet", limits: Limits = LIMITS, root: str = ".") -> Finding:
        with pytest.raises(Findings) as raised:
            evaluate(path, root=root, engine=engine, library="dragoman.libsonnet", limits=limits)
        [only] = raised.value.findings
        return only

    return find
