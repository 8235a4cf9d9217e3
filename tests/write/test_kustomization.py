"""The lists of a tree: each folder its own files, and the folders in it that have a list."""

from __future__ import annotations

import posixpath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dragoman.write.kustomization import HEADER, kustomizations

NAMES = st.sampled_from(["a", "b", "team-1", "x.y"])
PATHS = st.lists(st.tuples(st.lists(NAMES, max_size=3), NAMES), max_size=12).map(
    lambda found: sorted({"/".join((*folders, f"{name}.yaml")) for folders, name in found})
)


def read(lists: dict[str, bytes]) -> dict[str, list[str]]:
    return {path: yaml.safe_load(text)["resources"] for path, text in lists.items()}


@pytest.mark.parametrize(
    ("objects", "lists"),
    [
        ([], {}),
        (["b.yaml", "a.yaml"], {"kustomization.yaml": ["a.yaml", "b.yaml"]}),
        (
            ["a/b/x.yaml", "a/y.json", "z.yaml"],
            {
                "kustomization.yaml": ["a", "z.yaml"],
                "a/kustomization.yaml": ["b", "y.json"],
                "a/b/kustomization.yaml": ["x.yaml"],
            },
        ),
    ],
)
def test_what_a_folder_lists(objects: list[str], lists: dict[str, list[str]]) -> None:
    assert read(kustomizations(objects)) == lists


def test_the_text() -> None:
    assert kustomizations(["job-a.yaml"]) == {
        "kustomization.yaml": (
            HEADER + "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- job-a.yaml\n"
        ).encode()
    }


@given(PATHS)
def test_from_the_top_one_comes_to_each_object_once(objects: list[str]) -> None:
    lists = read(kustomizations(objects))
    assert all(names == sorted(names) and names for names in lists.values())
    waiting, reached, passed = ["kustomization.yaml"] if objects else [], [], []
    while waiting:
        at = waiting.pop()
        passed.append(at)
        for name in lists[at]:
            path = posixpath.join(posixpath.dirname(at), name)
            if path in objects:
                reached.append(path)
            else:
                waiting.append(f"{path}/kustomization.yaml")
    assert sorted(reached) == objects
    assert sorted(passed) == sorted(lists)
