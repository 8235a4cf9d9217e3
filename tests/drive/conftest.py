"""`dragoman run` as a user starts it, against a fake Argo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest

from dragoman import __version__
from dragoman.cli import run as verb
from dragoman.cli.defaults import filled
from dragoman.cli.flags import parser
from dragoman.cli.messages import show
from dragoman.findings import Findings
from drive.fakes import NAMESPACE, ArgoServer, Fake, KubernetesApi, Script, serving
from drive.words import Outcome, Start, Way, Write


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """The command, in a folder of its own; each look at its clock is a second later than the one before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARGO_TOKEN", raising=False)

    def run(*arguments: str, sleep: Callable[[float], object] = lambda seconds: None) -> Outcome:
        ticks = count(1_767_225_600)
        given = ["run", *arguments]
        flags = filled(parser(__version__, given).parse_args(given))
        try:
            code = verb.run(flags, verb.World(lambda: next(ticks), sleep))
        except Findings as error:
            show(error.findings, flags)
            code = error.exit_code
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def flow(tmp_path: Path) -> Write:
    """Writes the steps of the flow `train`."""

    def write(spec: str) -> None:
        head = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: train}\nspec:\n"
        body = "".join(f"  {line}\n" for line in dedent(spec).strip().splitlines())
        (tmp_path / "flow.dragoman.yaml").write_text(head + body)

    return write


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """A cluster, and a kubeconfig that leads to it."""
    with ExitStack() as stack:

        def begin(script: Script) -> Fake:
            fake = stack.enter_context(serving(KubernetesApi, script))
            (tmp_path / "kubeconfig").write_text(KUBECONFIG.format(url=fake.url, namespace=NAMESPACE))
            monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
            return fake

        yield Way(begin, "the Kubernetes API", lambda fake: [])


@pytest.fixture
def argo_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """An Argo Server."""
    with ExitStack() as stack:

        def begin(script: Script) -> Fake:
            monkeypatch.setenv("ARGO_TOKEN", "Bearer sesame")
            return stack.enter_context(serving(ArgoServer, script))

        yield Way(begin, "the Argo Server", lambda fake: ["--server", fake.url, "--namespace", NAMESPACE])


@pytest.fixture(params=["cluster", "argo_server"])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way in turn."""
    found: Way = request.getfixturevalue(request.param)
    return found


KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
clusters: [{{name: c, cluster: {{server: "{url}"}}}}]
users: [{{name: u, user: {{token: sesame}}}}]
contexts:
- {{name: here, context: {{cluster: c, user: u, namespace: {namespace}}}}}
- {{name: bare, context: {{cluster: c, user: u}}}}
"""
