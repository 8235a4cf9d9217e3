"""What holds of every flow: the same bytes each time, and nothing changes them that has no meaning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import yaml
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dragoman.emit.argo.names import SETTLED
from dragoman.load.document import Path as Place
from dragoman.load.yaml import parse
from dragoman.pipeline import Rendering
from dragoman.spec.gate import accepts
from dragoman.spec.outline import keys, part
from dragoman.write.manifests import stream
from dragoman.write.yaml import dump
from strategies import Case, case, cases, rendered

TESTS = Path(__file__).parents[1]
# to shrink a whole flow takes minutes: leave `phases` out to wait for a small one
QUICK = settings(deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
RANDOMS = st.randoms(use_true_random=False)
# maps keyed by the author's names whose order says nothing; `env` and `matrix` have an order, `needs` is written in its
UNORDERED = (
    "labels",
    "annotations",
    "params",
    "templates",
    "inputs",
    "outputs",
    "with",
    "steps",
    "onExit",
    "environments",
)
UNRELATED = "unrelated-step"


@settings(QUICK, max_examples=40)
@given(cases)
def test_a_file_is_its_data_and_renders_the_same_twice(case: Case) -> None:
    [document] = parse(dump(case.flow), "flow.dragoman.yaml")
    assert document.data == case.flow
    assert _bytes(rendered(case)) == _bytes(rendered(case)) == _bytes(rendered(case._replace(flow=document.data)))


def test_hashes_of_the_process_change_nothing(tmp_path: Path) -> None:
    trees = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "conformance.corpus", str(tmp_path / seed), "20", "7"]
        subprocess.run(command, cwd=TESTS, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        files = sorted((tmp_path / seed).rglob("*.yaml"))
        trees.append({str(file.relative_to(tmp_path / seed)): file.read_bytes() for file in files})
    assert trees[0] == trees[1]
    assert len(trees[0]) >= 20


@settings(QUICK, max_examples=30)
@given(cases, RANDOMS)
def test_the_order_of_a_models_fields_changes_nothing(case: Case, random: Random) -> None:
    flow = _shuffled(case.flow, case.flow, (), random)
    assert _bytes(rendered(case._replace(flow=flow))) == _bytes(rendered(case))


@settings(QUICK, max_examples=30)
@given(cases, RANDOMS)
def test_the_order_of_names_changes_the_order_of_what_is_emitted_and_nothing_else(case: Case, random: Random) -> None:
    flow = _renamed(case.flow, random)
    assert _sorted(rendered(case._replace(flow=flow))) == _sorted(rendered(case))


@settings(QUICK, max_examples=40)
@given(cases, RANDOMS)
def test_an_unrelated_step_changes_no_other_template_and_no_other_task(case: Case, random: Random) -> None:
    flow: dict[str, Any] = json.loads(json.dumps(case.flow))
    graph = random.choice(list(_graphs(flow["spec"]["steps"])))
    entries = list(graph.items())
    entries.insert(random.randint(0, len(entries)), (UNRELATED, {"image": "busybox"}))
    graph.clear()
    graph.update(entries)
    before, after = rendered(case), rendered(case._replace(flow=flow))
    assert [_without(UNRELATED, body) for body in _bodies(after)] == [_without("", body) for body in _bodies(before)]


@settings(QUICK, max_examples=40)
@given(cases)
def test_readers_of_yaml_1_1_and_of_json_find_what_was_emitted(case: Case) -> None:
    done = rendered(case)
    read = list(yaml.load_all(_bytes(done), yaml.CSafeLoader))
    lines = [json.loads(line) for line in stream(done.emission.manifests, "json").split("\n") if line]
    assert repr(read) == repr(lines) == repr(_bodies(done))


def test_readers_of_yaml_1_2_find_what_was_emitted() -> None:
    reader = YAML(typ="safe", pure=True)
    for seed in range(12):  # it is too slow for more
        done = rendered(case(Random(seed)))
        assert repr(list(reader.load_all(_bytes(done)))) == repr(_bodies(done))


@settings(QUICK, max_examples=30)
@given(cases)
def test_an_environment_is_its_values_in_the_file(case: Case) -> None:
    overlay = case.flow["spec"].get("environments", {}).get("prod")
    assume(overlay is not None)
    spec = {**_merged(case.flow["spec"], overlay), "environments": {"prod": {}}}
    written = case._replace(flow={**case.flow, "spec": spec})
    assert _bytes(rendered(case, "prod")) == _bytes(rendered(written, "prod"))


@settings(QUICK, max_examples=40)
@given(cases, RANDOMS)
def test_a_set_value_is_the_value_in_the_file(case: Case, random: Random) -> None:
    places = [place for place in _fields(case.flow, case.flow, ()) if place[0] == "spec" and len(place) > 1]
    place = random.choice(places)
    base: dict[str, Any] = json.loads(json.dumps(case.flow))
    *parents, last = place
    node: Any = base
    for step in parents:
        node = node[step]
    value = node.pop(last)
    assume(accepts(base))
    argument = ".".join(map(str, place[1:])) + "=" + dump(value)
    assert _bytes(rendered(case._replace(flow=base), sets=[argument])) == _bytes(rendered(case))


def _bytes(done: Rendering) -> str:
    return stream(done.emission.manifests, "yaml")


def _bodies(done: Rendering) -> list[Any]:
    return [_plain(manifest.body) for manifest in done.emission.manifests]


def _plain(value: Any) -> Any:
    """Plain lists and dicts, as a reader makes them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _fields(document: dict[str, Any], value: Any, place: Place) -> Iterator[Place]:
    """The places of all fields of models that are in no list."""
    if isinstance(value, dict):
        known = keys(part(document, place))
        for key, inner in value.items():
            if key in known:
                yield (*place, key)
            yield from _fields(document, inner, (*place, key))


def _shuffled(document: dict[str, Any], value: Any, place: Place, random: Random) -> Any:
    """The document with the fields of every model in another order."""
    if isinstance(value, list):
        return [_shuffled(document, inner, (*place, number), random) for number, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    changed = {key: _shuffled(document, inner, (*place, key), random) for key, inner in value.items()}
    return _mixed(changed, random) if keys(part(document, place)) else changed


def _renamed(value: Any, random: Random, key: object = None) -> Any:
    """The document with the entries of maps without an order in another one."""
    if isinstance(value, list):
        return [_renamed(inner, random) for inner in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _renamed(inner, random, name) for name, inner in value.items()}
    return _mixed(changed, random) if key in UNORDERED else changed


def _mixed(value: dict[str, Any], random: Random) -> dict[str, Any]:
    return dict(random.sample(list(value.items()), len(value)))


def _sorted(done: Rendering) -> list[Any]:
    """What was emitted, the lists of named things by name, a run without the hash in its name."""

    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: sorted(inner.split(" && ")) if key == "depends" else sort(inner) for key, inner in value.items()
            }
        if not isinstance(value, list):
            return value
        named = all(isinstance(inner, dict) and "name" in inner for inner in value)
        return (
            sorted(map(sort, value), key=lambda inner: str(inner["name"]))
            if named
            else [sort(inner) for inner in value]
        )

    return [_without("", sort(body)) for body in _bodies(done)]


def _without(step: str, body: Any) -> Any:
    """An object without a step's template and task, without the hash of its content and what a whole graph decides."""
    if body["kind"] == "Workflow":
        body = {**body, "metadata": {**body["metadata"], "name": ""}}
    if "templates" not in body["spec"]:
        return body
    templates = [
        {
            **_undecided(one),
            "dag": {**one["dag"], "tasks": [_judging(task) for task in one["dag"]["tasks"] if task["name"] != step]},
        }
        if "dag" in one
        else one
        for one in body["spec"]["templates"]
        if not step or not one["name"].endswith(step)
    ]
    return {**body, "spec": {**body["spec"], "templates": templates}}


def _judging(task: Any) -> Any:
    """A task without what it waits for, where it waits for the whole graph."""
    return {**task, "depends": ""} if task["name"] == SETTLED else task


def _undecided(template: Any) -> Any:
    """A graph's template without `failFast`: whether a failure stops it depends on all its steps."""
    return {key: value for key, value in template.items() if key != "failFast"}


def _graphs(steps: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A graph of steps and those inside it."""
    yield steps
    for step in steps.values():
        if "steps" in step:
            yield from _graphs(step["steps"])


def _merged(base: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        merged[key] = _merged(merged.get(key), value)
    return {key: value for key, value in merged.items() if value is not None}
