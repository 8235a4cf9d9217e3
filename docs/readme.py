"""Make the README's example true: render its spec, and put what comes out where the page shows it."""

from __future__ import annotations

import re
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from dragoman.cli import main

README = Path(__file__).parents[1] / "README.md"
NAME = "resize.dragoman.yaml"
POLICY = "platform.policy.yaml"


def page(text: str) -> str:
    """The page with its example's results as they are now."""
    spec = _block(text, "spec")
    wrong = spec.replace("steps.find.outputs.sizes", "steps.find.outputs.size")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        rendered, said = _render(spec)
        _, complaint = _render(wrong)
        told = _check(spec, _block(text, "policy"))
    for name, shown in (("rendered", rendered), ("said", said), ("wrong", complaint), ("told", told)):
        text = re.sub(
            rf"(<!-- {name} -->\n```\w+\n).*?(```)",
            lambda found, new=shown: found[1] + new + found[2],
            text,
            flags=re.DOTALL,
        )  # type: ignore[misc]
    return text


def _block(text: str, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def _render(spec: str) -> tuple[str, str]:
    Path(NAME).write_text(spec)
    return _run(["render", NAME, "-t", "argo"])


def _check(spec: str, policy: str) -> str:
    Path(NAME).write_text(spec)
    Path(POLICY).write_text(policy)
    return _run(["check", NAME, "--policy", POLICY, "-q"])[0]


def _run(arguments: list[str]) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        main(arguments)
    return out.getvalue(), err.getvalue()
