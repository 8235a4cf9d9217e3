"""Random flows, judged by Argo's own linter, by its CRDs, and by what their containers get."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conformance.corpus import write_corpus
from conformance.kubelet import expand
from conformance.tags import Refused, Tags
from dragoman.emit.argo.names import slug
from dragoman.expr.text import Template, refs, render_text
from dragoman.expr.values import to_text
from dragoman.pipeline import Rendering
from dragoman.plan.model import Reference, Step
from dragoman.plan.references import target
from strategies import case, rendered

FACTS = {"name": "workflow.name", "id": "workflow.uid", "status": "workflow.status"}
_ORDERED = re.compile(r'\{"|\\u00')  # Argo's toJson sorts the keys of maps, and escapes `<`, `>` and `&`


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, 150, 1)
    return folder


@pytest.mark.parametrize("question", [["lint", "-each"], ["crd"]], ids=["lint", "crd"])
def test_argo_finds_nothing_wrong(question: list[str], argo: Path, corpus: Path) -> None:
    done = subprocess.run([argo, *question, corpus], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_a_text_is_what_the_expression_language_says(tags: Tags) -> None:
    """Texts of containers that read nothing but parameters and facts of the run: letter by letter."""
    checked = 0
    for seed in range(150):
        done = rendered(case(Random(seed)))
        for step in _with_container((*done.plan.steps, *done.plan.on_exit)):
            wanted, got = _wanted(done, step), _got(done, step, tags)
            same = [name for name, text in wanted.items() if not _ORDERED.search(text + got[name])]
            assert {name: got[name] for name in same} == {name: wanted[name] for name in same}, (seed, step.address)
            checked += len(same)
    assert checked > 1000


def _with_container(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if step.container is not None:
            yield step
        yield from _with_container(step.steps)


def _wanted(done: Rendering, step: Step) -> dict[str, str]:
    """The texts that the plan says, by their places."""
    container = step.container
    assert container is not None
    values: dict[Any, Any] = {Reference("run", (), fact): f"<{tag}>" for fact, tag in FACTS.items()}
    values |= {Reference("param", (), param.name): param.value for param in done.plan.params}
    values[Reference("attempt")] = 3 if step.retry else 1
    texts: dict[str, object] = {f"env.{name}": text for name, text in container.env.items()}
    if container.script is not None:
        texts["script"] = container.script.source
    else:
        texts |= {f"command.{number}": text for number, text in enumerate(container.command or ())}
        texts |= {f"args.{number}": text for number, text in enumerate(container.args or ())}
    return {
        name: render_text(text, values)
        for name, text in texts.items()
        if isinstance(text, str | Template) and all(target(ref) in values for ref in refs(text))
    }


def _got(done: Rendering, step: Step, tags: Tags) -> dict[str, str]:
    """The texts that the container gets from Argo and the kubelet."""
    [spec] = [one.body["spec"] for one in done.emission.manifests if one.body["kind"] != "CronWorkflow"]
    [template] = [one for one in spec["templates"] if one["name"] == slug("-".join(step.address))]
    known = {tag: f"<{tag}>" for tag in FACTS.values()} | ({"retries": "2"} if step.retry else {})
    known |= {f"workflow.parameters.{param.name}": to_text(param.value) for param in done.plan.params if param.runtime}
    body: Mapping[str, Any] = template.get("container") or template["script"]
    entries = {entry["name"]: entry["value"] for entry in body.get("env", ()) if "value" in entry}
    variables: dict[str, str] = {}
    for name, text in entries.items():
        variables[name] = expand(_replaced(text, known, tags), variables)
    texts = {
        f"{field}.{number}": text for field in ("command", "args") for number, text in enumerate(body.get(field, ()))
    }
    texts["script"] = (
        body["source"] if "source" in body else [*body.get("args", ()), ""][-2 if body.get("args") else -1]
    )
    return {f"env.{name}": text for name, text in variables.items()} | {
        place: expand(_replaced(text, known, tags), variables) for place, text in texts.items()
    }


def _replaced(text: str, known: Mapping[str, str], tags: Tags) -> str:
    """A text after Argo's passes over it."""
    try:
        found: str = tags.template({"text": text}, known, {})["text"]
    except Refused:  # it reads something else: nobody asks for this text
        return text
    return found
