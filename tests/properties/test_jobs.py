"""What holds for Jobs of every flow: names follow from content alone, order is kept, Kubernetes takes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.drive.walk import walk
from dragoman.findings import ERROR, Finding, Findings
from dragoman.load.document import Document
from dragoman.load.yaml import parse
from dragoman.lower.task import Attempt, Id
from dragoman.lower.unroll import Node, unroll
from dragoman.pipeline import Rendering, render, ruled
from dragoman.plan.model import Reference
from dragoman.policy.force import NO_POLICIES
from enacted import enacted
from strategies import Case, cases

MODES = ("auto", "coordinator", "waves", "jobset", "chain", "none")
NAMES = st.sampled_from(["a", "b", "c-d", "E_f", "g"])
LOOPS = st.one_of(
    st.none(),
    st.builds(lambda size: {"range": size}, st.integers(0, 4)),
    st.builds(lambda items: {"in": items}, st.lists(st.sampled_from(["p", "q", "it's", "$(r)"]), max_size=3)),
)


@st.composite
def known_flows(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """The steps of a flow that is known at render: loops, groups, conditions, order."""
    steps: dict[str, Any] = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        step: dict[str, Any] = {"image": "busybox"}
        if depth < 2 and draw(st.integers(0, 3)) == 0:
            step = {"steps": draw(known_flows(depth=depth + 1))}
        loop = draw(LOOPS)
        if loop is not None:
            step["foreach"] = loop
            if "steps" not in step:
                step["env"] = {"ITEM": "${{ item }}", "INDEX": "${{ index }}"}
        if draw(st.integers(0, 4)) == 0:
            step["when"] = "1 > 2"
        if needs := draw(st.lists(st.sampled_from(sorted(steps)), unique=True, max_size=2)) if steps else []:
            step["needs"] = needs
        steps[name] = step
    return steps


def flow_of(steps: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Flow",
        "metadata": {"name": "f", "namespace": "ns"},
        "spec": {"steps": steps, **spec},
    }


def jobs_of(flow: dict[str, Any], mode: str = "waves", sets: tuple[str, ...] = (), **options: Any) -> Rendering:
    targets = {"kubernetes": {"ordering": mode, "version": "1.35", **options}}
    data = {**flow, "spec": {**flow["spec"], "targets": targets}}
    return render(Document("f.yaml", 1, data, {}), {}, NO_POLICIES, "kubernetes", "", sets)


def errors(made: Callable[[], object]) -> list[Finding]:
    try:
        made()
    except Findings as error:
        return [finding for finding in error.findings if finding.severity == ERROR]
    return []


def nodes_of(steps: dict[str, Any]) -> tuple[Node, ...]:
    plan, *_ = ruled(Document("f.yaml", 1, flow_of(steps), {}), {}, NO_POLICIES, "kubernetes")
    return unroll(plan)


@given(known_flows())
def test_what_is_unrolled_is_what_the_scheduler_runs(steps: dict[str, Any]) -> None:
    plan, *_ = ruled(Document("f.yaml", 1, flow_of(steps), {}), {}, NO_POLICIES, "kubernetes")
    facts: dict[Id, list[Attempt]] = {}
    known = {Reference("run", (), "id"): "1", Reference("run", (), "name"): "f-1"}
    nodes = {node.task.id: node for node in unroll(plan)}
    while True:
        outcome = walk(plan, facts, 0.0, known, 0.0)
        if outcome.phase != "running":
            break
        for task in outcome.starts:
            assert task == nodes[task.id].task
            assert set(nodes[task.id].needs) <= facts.keys(), "it starts only after what it needs"
        for task in outcome.starts:
            facts[task.id] = [Attempt(1, "succeeded", started=0.0, ended=0.0)]
    assert facts.keys() == nodes.keys()


@given(known_flows())
def test_waves_keep_the_order(steps: dict[str, Any]) -> None:
    nodes = nodes_of(steps)
    if not nodes:
        return
    waves: dict[str, set[int]] = {}
    for manifest in jobs_of(flow_of(steps), indexedFrom=2).emission.manifests:
        if manifest.body["kind"] == "Job":
            wave = int(manifest.body["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
            waves.setdefault(manifest.body["metadata"]["labels"]["dragoman.dev/step"], set()).add(wave)
    address = {node.task.id: ".".join(node.task.step.address) for node in nodes}
    for node in nodes:
        for need in node.needs:
            assert min(waves[address[need]]) < max(waves[address[node.task.id]])


@given(known_flows(), st.sampled_from(MODES), st.sampled_from(["1.25", "1.28", "1.30", "1.35", "1.37"]))
def test_kubernetes_takes_every_known_flow(steps: dict[str, Any], mode: str, version: str) -> None:
    wrong = errors(lambda: jobs_of(flow_of(steps), mode, version=version, indexedFrom=2, itemFile=True))
    assert {finding.code for finding in wrong} <= {"DRG301", "DRG304"}, wrong


@given(cases, st.sampled_from(MODES))
@settings(max_examples=60)
def test_kubernetes_takes_every_flow(case: Case, mode: str) -> None:
    flow = {**case.flow, "metadata": {"namespace": "ns", **case.flow["metadata"]}}
    targets = {**(flow["spec"].get("targets") or {}), "kubernetes": {"ordering": mode}}
    data = {**flow, "spec": {**flow["spec"], "targets": targets}}
    libraries = {name: Document(f"{name}.yaml", 1, one, {}) for name, one in case.libraries.items()}
    policies = [Document("policy.yaml", 1, one, {}) for one in case.policies]
    wrong = errors(lambda: render(Document("f.yaml", 1, data, {}), libraries, enacted(policies), "kubernetes"))
    assert {finding.code for finding in wrong} <= {"DRG301", "DRG304", "DRG401"}, wrong


def objects(rendering: Rendering) -> dict[str, str]:
    return {
        f"{one.body['kind']}/{one.body['metadata']['name']}": json.dumps(one.body.get("spec") or one.body.get("data"))
        for one in rendering.emission.manifests
    }


@given(known_flows(), st.sampled_from(["waves", "coordinator"]), st.randoms(use_true_random=False))
def test_names_follow_from_content_alone(steps: dict[str, Any], mode: str, random: Random) -> None:
    if not nodes_of(steps):
        return
    flow = flow_of(steps)
    usual = objects(jobs_of(flow, mode))
    labelled = {**flow, "metadata": {**flow["metadata"], "labels": {"team": "x"}, "annotations": {"commit": "y"}}}
    assert objects(jobs_of(labelled, mode)).keys() == usual.keys()
    turned = json.loads(json.dumps(flow), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    turned["spec"]["steps"] = {name: _same_order(steps[name], one) for name, one in turned["spec"]["steps"].items()}
    if mode == "waves":  # the order of steps in the file is the plan's own
        assert objects(jobs_of(turned, mode)) == usual
        more = {**flow, "spec": {**flow["spec"], "steps": {**steps, "unrelated": {"image": "other"}}}}
        assert usual.items() <= objects(jobs_of(more, mode)).items()
    again = objects(jobs_of(flow, mode, runId=str(random.randrange(1000))))
    kept = {name for name in usual if name.partition("/")[0] in ("ServiceAccount", "Role", "RoleBinding")}
    scripts = {name for name in usual if name.startswith("ConfigMap/") and "plan" not in name}
    assert usual.keys() & again.keys() == kept | scripts


def _same_order(step: dict[str, Any], turned: dict[str, Any]) -> dict[str, Any]:
    """A step whose keys are turned around, but not its lists of steps, env and needs, whose order means something."""
    return {key: step[key] for key in turned}


def test_a_comment_changes_nothing() -> None:
    text = json.dumps(flow_of({"a": {"image": "busybox"}, "b": {"needs": ["a"], "image": "busybox"}}), indent=1)
    made = []
    for written in (text, f"# first\n\n{text}\n# last\n"):
        [document] = parse(written, "f.yaml")
        made.append([one.body for one in render(document, {}, NO_POLICIES, "kubernetes").emission.manifests])
    assert made[0] == made[1]


@pytest.mark.parametrize("mode", ["none", "waves", "jobset", "chain"])
def test_a_run_id_runs_everything_again(mode: str) -> None:
    flow = flow_of({"a": {"image": "busybox"}})
    assert not objects(jobs_of(flow, mode)).keys() & objects(jobs_of(flow, mode, runId="again")).keys()
