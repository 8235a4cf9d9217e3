"""What Argo CD says is read, whatever it is: as settings, as a tree, or as findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.cmp.adopt import LONGEST, label
from dragoman.cmp.announce import announced
from dragoman.cmp.request import request, tree_of
from dragoman.cmp.settings import PARAMETERS, Settings, settings
from dragoman.cmp.words import MOST, told
from dragoman.findings import Finding, Findings, Span
from dragoman.load.document import Document

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(["name", "string", "array", "map", "type", "default", "enum", "minimum", "items", "x"])
DATA = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
NAMES = st.sampled_from([*(one.name for one in PARAMETERS), "params.rows", "params.", "", "x"])
ENTRIES = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"string": DATA, "array": DATA, "map": DATA}), max_size=4
)


@given(DATA | ENTRIES)
def test_any_parameters_are_settings_or_findings(data: Any) -> None:
    found: Settings | None = None
    codes: set[str] = set()
    try:
        found = settings({"ARGOCD_APP_PARAMETERS": json.dumps(data)})
    except Findings as error:
        codes = {one.code for one in error.findings}
    if found is None:
        assert codes == {"DRG672"}
        return
    assert [type(value) for value in found] == [str, str, dict, tuple, bool, bool, dict, dict, dict]
    maps = (found.set, found.extVars, found.tlas, found.params)
    texts = [*found.policies, *(text for one in maps for pair in one.items() for text in pair)]
    assert all(isinstance(text, str) for text in texts)


@pytest.mark.parametrize("text", ["", " ", "null", "[]"])
def test_no_parameters_are_defaults(text: str) -> None:
    assert settings({"ARGOCD_APP_PARAMETERS": text}) == Settings()
    assert settings({}) == Settings()


@given(DATA, st.text(max_size=3))
def test_anything_is_announced_as_text(spec: Any, environment: str) -> None:
    flows = [
        Document("a", 1, data, {})
        for data in (
            spec,
            {"spec": spec},
            {"spec": {"params": spec, "environments": spec}},
            {"spec": {"params": {"a": spec}}},
        )
    ]
    found = announced(flows, environment)
    for one in json.loads(json.dumps(found)):
        assert all(
            isinstance(one[key], str) for key in ("name", "title", "tooltip", "itemType", "collectionType", "string")
        )
        assert isinstance(one["required"], bool)


@given(st.from_regex(r"[a-z0-9]([-a-z0-9._]{0,251}[a-z0-9])?", fullmatch=True))
def test_a_label_is_a_label(name: str) -> None:
    import re

    made = label(name)
    assert len(made) <= LONGEST
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9._]*[a-z0-9])?", made)
    assert made == name or len(name) > LONGEST


TREES = [
    ("_cmp_server/id/flows/train", "flows/train", "_cmp_server/id"),
    ("_cmp_server/id", ".", "_cmp_server/id"),
    ("_cmp_server/id/train", "teams/ml/flows/train", "_cmp_server/id"),  # a part of the repository
    ("_cmp_server/id/_cmp_server/x/train", "_cmp_server/x/train", "_cmp_server/id"),
    ("elsewhere/flows/train", "flows/train", "elsewhere"),
    ("elsewhere/flows/train", "./flows/train/", "elsewhere"),
    ("elsewhere/train", "flows/train", "elsewhere"),
    ("elsewhere/flows", ".", "elsewhere/flows"),
    ("elsewhere/flows", "../..", "elsewhere/flows"),
]


@pytest.mark.parametrize(("folder", "path", "root"), TREES)
def test_the_root_of_what_was_sent(tmp_path: Path, folder: str, path: str, root: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    said = {"ARGOCD_CMP_WORKDIR": str(tmp_path), "ARGOCD_APP_SOURCE_PATH": path}
    assert tree_of(str(tmp_path / folder), path, said) == str(tmp_path / root)


def test_nobody_sent_anything(tmp_path: Path) -> None:
    assert tree_of(str(tmp_path), "", {}) == ""
    assert request({}) == request({"KUBE_API_VERSIONS": "", "ARGOCD_APP_NAME": ""})


def test_messages_are_few_and_short() -> None:
    found = [Finding("DRG102", f"message {n} " + "long " * 500, Span("a.yaml", n + 1)) for n in range(50)]
    lines = told("app", found).splitlines()
    assert lines[0] == "application `app`: 50 errors"
    assert len(lines) == MOST + 2
    assert lines[-1] == "- and 30 more"
    assert max(map(len, lines)) < 700
    assert told("app", [Finding("DRG302", "as it should be", severity="info")]) == ""
    assert told("", []) == ""


def test_errors_come_first() -> None:
    found = [Finding("DRG502", "large", Span("a", 1), severity="warning"), Finding("DRG102", "wrong", Span("b", 9))]
    assert [line.split()[1:3] for line in told("", found).splitlines()[1:]] == [
        ["b:9:1:", "error"],
        ["a:1:1:", "warning"],
    ]
