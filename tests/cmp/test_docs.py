"""The pages about Argo CD are true, as far as a page can be tried."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.simulator import HERE
from dragoman import spec
from dragoman.cmp.settings import PARAMETERS, PREFIX
from dragoman.load.yaml import parse

PAGES = [HERE / "docs" / name for name in ("argocd.md", "argocd-teams.md")]
BLOCK = re.compile(r"^<!-- (\w+) ?(\w*) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
COMPONENTS = "https://github.com/dragoman/dragoman//"
BLOCKS = [(page.name, *found.groups()) for page in PAGES for found in BLOCK.finditer(page.read_text())]
CHECKED = [block for block in BLOCKS if block[1] != "shown"]


@pytest.mark.parametrize(
    ("page", "kind", "name", "text"), CHECKED, ids=[f"{page} {kind}" for page, kind, _, _ in CHECKED]
)
def test_an_example(page: str, kind: str, name: str, text: str) -> None:
    if kind == "doctor":
        golden = (Path(__file__).parent / f"doctor/{name}.txt").read_text()
        assert f"{text}exit code 0\n" == golden
        return
    if kind == "policy":
        spec.read(parse(text, page)[0])
        return
    body: dict[str, Any] = yaml.safe_load(text)
    if kind == "application":
        assert body["spec"]["source"]["plugin"] == {"name": "dragoman"}
        return
    assert kind == "kustomization"
    for component in body["components"]:
        folder = component.removeprefix(COMPONENTS).partition("?")[0]
        made = yaml.safe_load((HERE / folder / "kustomization.yaml").read_text())
        assert made["kind"] == "Component"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for file, anchor in LINK.findall(page.read_text()):
        if file.startswith("http"):
            continue
        target = page.parent / file if file else page
        assert target.is_file(), file
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        known = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in known, f"{file}#{anchor}"


def test_every_parameter_is_told_of() -> None:
    text = PAGES[0].read_text()
    for parameter in PARAMETERS:
        assert f"`{parameter.name}`" in text
        assert f"`{parameter.variable}`" in text
    assert PREFIX in PAGES[1].read_text()
