"""A run on a terminal, and what a command that runs nothing does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dragoman.drive.argo import Voice, Wish, run
from dragoman.load import files
from dragoman.pipeline import render
from dragoman.policy.force import NO_POLICIES
from dragoman.report.progress import Progress, Screen
from drive.fakes import Script, Watch
from drive.scenes import START, node, status
from drive.words import Way, Write

ONE = 'steps: {train: {image: "busybox:1.36", command: ["true"]}}'


def test_on_a_terminal(flow: Write, cluster: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flow(ONE)
    done = node(".train", "train", "Succeeded", end=8)
    fake = cluster.begin(
        Script([Watch(status("Running", node(".train", "train", "Running")), [status("Succeeded", done, end=9)])])
    )
    [document] = files.load(["flow.dragoman.yaml"], files.Options())
    rendering = render(document, {}, NO_POLICIES)
    text: list[str] = []
    progress = Progress(text.append, lambda: START + 3.0, lambda: Screen(120, 24))
    voice = Voice(progress, text.append, text.append, lambda seconds: None, live=True)
    assert run(rendering.plan, rendering.emission, {}, Wish(), voice)
    assert "".join(text) == (
        f"\x1b[0Jtrain-x7k2p: submitted to namespace ml of the Kubernetes API at {fake.url}\n"
        "\x1b[0J● train               3s\n● train-x7k2p         3s\n"
        "\x1b[2F\x1b[0J✓ train               8s\n✓ train-x7k2p         9s\n"
        "\x1b[2F\x1b[0J✓ train               8s\n✓ train-x7k2p         9s\n"
    )


@pytest.mark.parametrize("verb", [["render", "-q", "-t", "argo"], ["check", "-q"], ["run", "--help"]])
def test_no_client_is_loaded_by(verb: list[str], flow: Write, tmp_path: Path) -> None:
    flow(ONE)
    code = (
        "import sys; from dragoman.cli import main; code = main(sys.argv[1:]); "
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'kubernetes', 'argo_workflows', 'urllib3'}), "
        "'dragoman.drive' in sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *verb], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr == "[] False\n"
