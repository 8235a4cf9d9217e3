"""What Argo CD's pages offer for an application's folder; never an error, which would hide the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cmp.repository import FLOW, repository
from cmp.simulator import PLUGIN, Application, sidecar

APP = Application("flows/train")


def announced(tmp_path: Path, text: str, plugin: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    root = repository(tmp_path, {"flows/train/a.dragoman.yaml": text})
    with sidecar(PLUGIN) as server:
        return {one["name"]: one for one in server.parameters(root, APP._replace(plugin=plugin))}


def test_the_flows_own(tmp_path: Path) -> None:
    found = announced(tmp_path, FLOW)
    assert found["environment"]["tooltip"] == "An environment of the flows: prod"
    assert found["params.rows"] == {
        "name": "params.rows",
        "title": "rows",
        "tooltip": "Rows to read; int; minimum 1",
        "required": False,
        "itemType": "number",
        "collectionType": "string",
        "string": "100",
    }
    assert found["params.mode"]["tooltip"] == "string; one of full, delta"


def test_of_the_environment_that_is_set(tmp_path: Path) -> None:
    plugin = {"parameters": [{"name": "environment", "string": "prod"}]}
    assert announced(tmp_path, FLOW, plugin)["params.rows"]["string"] == "5000"


def test_one_that_must_be_set(tmp_path: Path) -> None:
    found = announced(tmp_path, FLOW.replace("default: 100, ", ""))
    assert found["params.rows"]["required"] is True
    assert found["params.rows"]["string"] == ""


def test_a_list(tmp_path: Path) -> None:
    found = announced(
        tmp_path, FLOW.replace("mode: {default: full, enum: [full, delta]}", 'of: {type: list, default: [US, "NO"]}')
    )
    assert found["params.of"]["string"] == '["US", "NO"]'


NO_FLOW = [
    "",
    "kind: [",
    "kind: Flow\nspec: 5",
    "kind: Flow\nspec: {params: [a], environments: 5}",
    "kind: Flow\nspec: {params: {a: 5}}",
]


@pytest.mark.parametrize("text", NO_FLOW)
def test_what_cannot_be_read_announces_what_is_always_there(tmp_path: Path, text: str) -> None:
    found = announced(tmp_path, text)
    assert {name for name in found if name.startswith("params.")} == set()
    assert found["environment"]["tooltip"] == "An environment of the flows: they have none"


def test_settings_that_make_no_sense(tmp_path: Path) -> None:
    plugin = {"parameters": [{"name": "nonsense", "string": "x"}]}
    assert "environment" in announced(tmp_path, FLOW, plugin)
