"""What was read is known afterwards, with its state; and the state of the same things later."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dragoman.load import files, reads
from dragoman.load.policies import policies

FLOW = "kind: Flow\n"
POLICY = "kind: Policy\nspec: {extends: [upper/a.policy.yaml], quotaFrom: [quota.yaml]}\n"
JSONNET = "local a = import 'a.libsonnet'; {kind: 'Flow', a: a, text: importstr 'text'}"


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes files into a repository, which is the working folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def write(**texts: str) -> None:
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def read(*paths: str) -> dict[reads.Read, str]:
    with reads.watched() as seen:
        files.load(paths, files.Options())
    return seen


def now(seen: dict[reads.Read, str]) -> dict[reads.Read, str]:
    states = reads.States()
    return {one: states[one] for one in seen}


def test_a_file_and_a_folder(put: Callable[..., None]) -> None:
    put(a_dragoman_yaml=FLOW, flows__b_dragoman_yaml=FLOW)
    seen = read("a.dragoman.yaml", "flows")
    assert set(seen) == {
        ("file", "a.dragoman.yaml"),
        ("folder", "flows", *files.SUFFIXES),
        ("file", "flows/b.dragoman.yaml"),
    }
    assert now(seen) == seen
    put(flows__c_dragoman_yaml=FLOW)
    assert {one for one, state in now(seen).items() if seen[one] != state} == {("folder", "flows", *files.SUFFIXES)}
    put(flows__b_dragoman_yaml=FLOW + "spec: {}\n")
    assert now(seen)["file", "flows/b.dragoman.yaml"] != seen["file", "flows/b.dragoman.yaml"]


def test_policies_with_all_that_they_stand_on(put: Callable[..., None]) -> None:
    put(p__x_policy_yaml=POLICY, p__upper__a_policy_yaml="kind: Policy\n", p__quota_yaml="kind: ResourceQuota\n")
    with reads.watched() as seen:
        policies(["p"], files.Options())
    assert {path for _, path, *_ in seen} == {"p", "p/x.policy.yaml", "p/upper/a.policy.yaml", "p/quota.yaml"}
    assert now(seen) == seen


def test_what_jsonnet_looked_for_and_did_not_find(put: Callable[..., None]) -> None:
    put(flows__f_dragoman_jsonnet=JSONNET, vendor__a_libsonnet="1", flows__text="")
    seen = read("flows/f.dragoman.jsonnet")
    assert set(seen) == {
        ("file", "flows/f.dragoman.jsonnet"),
        ("file", "flows/a.libsonnet"),
        ("file", "vendor/a.libsonnet"),
        ("file", "flows/text"),
    }
    assert seen["file", "flows/a.libsonnet"] == reads.NOTHING
    assert now(seen) == seen
    put(flows__a_libsonnet="1")
    assert {one for one, state in now(seen).items() if seen[one] != state} == {("file", "flows/a.libsonnet")}


def test_jsonnet_from_another_folder(put: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    put(flows__f_dragoman_jsonnet=JSONNET, vendor__a_libsonnet="1", flows__text="")
    monkeypatch.chdir("flows")
    seen = read("f.dragoman.jsonnet")
    assert {path for _, path in seen} == {"f.dragoman.jsonnet", "a.libsonnet", "../vendor/a.libsonnet", "text"}
    assert now(seen) == seen


def test_where_a_link_leads_is_part_of_the_state(put: Callable[..., None]) -> None:
    put(one__f_dragoman_yaml=FLOW, two__f_dragoman_yaml=FLOW)
    for link, target in (("f.dragoman.yaml", "one/f.dragoman.yaml"), ("there", "one")):
        os.symlink(target, link)
    seen = read("f.dragoman.yaml", "there/f.dragoman.yaml")
    assert now(seen) == seen
    for link, target in (("f.dragoman.yaml", "two/f.dragoman.yaml"), ("there", "two")):
        os.remove(link)
        os.symlink(target, link)
    assert not set(now(seen).items()) & set(seen.items())


@pytest.mark.parametrize("what", ["gone", "a folder", "a pipe"])
def test_what_cannot_be_read_is_nothing(put: Callable[..., None], what: str) -> None:
    if what == "a folder":
        Path("x").mkdir()
    elif what == "a pipe":
        os.mkfifo("x")
    assert reads.States()["file", "x"] == reads.NOTHING


def test_a_file_that_changes_while_it_is_read_has_no_state(put: Callable[..., None]) -> None:
    put(a="1")
    with reads.watched() as seen:
        reads.note_file("a", b"1")
        assert reads.ELSEWHERE not in seen
        reads.note_file("a", b"2")
    assert reads.ELSEWHERE in seen


def test_nobody_watches_and_nothing_is_noted(put: Callable[..., None]) -> None:
    put(a_dragoman_yaml=FLOW)
    with reads.watched() as seen:
        pass
    files.load(["a.dragoman.yaml"], files.Options())
    assert not seen
