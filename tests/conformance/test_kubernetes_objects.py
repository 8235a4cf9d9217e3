"""Every object of the kubernetes target, as Kubernetes' own code decodes, defaults and validates it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from conformance.flows import POLICY, ROOT
from conformance.judging import Judge, Verdict
from conformance.plane import Plane, until
from dragoman.emit.kubernetes import rules
from dragoman.emit.kubernetes.job import Run, task_job
from dragoman.emit.kubernetes.settings import settings as options_of
from dragoman.findings import Findings
from dragoman.load import files
from dragoman.load.document import Document
from dragoman.pipeline import Rendering, render
from dragoman.plan.references import steps_of
from dragoman.write.kustomization import NAME
from emit.mutants import MUTANTS
from enacted import enacted
from properties.test_jobs import MODES, flow_of, jobs_of, known_flows
from strategies import Case, case

EXAMPLES = sorted((ROOT / "manifests/examples").iterdir())
FOLDERS = sorted(
    folder
    for pattern in (
        "tests/features/*/kubernetes",
        "tests/golden/orderings/*/*",
        "manifests/examples/*/rendered/kubernetes",
    )
    for folder in ROOT.glob(pattern)
)
FLOWS = 150


def objects_in(text: str) -> list[dict[str, Any]]:
    return [body for body in yaml.load_all(text, yaml.CSafeLoader) if body is not None]


def accepted(judge: Judge, bodies: Mapping[str, Any]) -> dict[str, Verdict]:
    """What there is to say about objects, by their names: nothing, when all is well."""
    verdicts = zip(bodies, judge(list(bodies.values())), strict=True)
    return {name: verdict for name, verdict in verdicts if any(verdict)}


def _golden() -> dict[str, Any]:
    found = {}
    for folder in FOLDERS:
        for path in sorted({*folder.glob("*.yaml")} - {folder / NAME}):
            for number, body in enumerate(objects_in(path.read_text())):
                found[f"{path.relative_to(ROOT)}#{number}"] = body
    return found


INSECURE = "tests/features/kubernetes-options/"  # says `podSecurity: none`


def test_golden_manifests(judge: Judge) -> None:
    golden = _golden()
    found = accepted(judge, golden)
    insecure = {name: verdict for name, verdict in found.items() if name.startswith(INSECURE)}
    assert len(golden) > 100
    assert {name: verdict for name, verdict in found.items() if name not in insecure} == {}
    assert [(verdict.errors, verdict.warnings, bool(verdict.restricted)) for verdict in insecure.values()] == [
        ([], [], True)
    ] * 2


@pytest.mark.parametrize("flow", EXAMPLES, ids=lambda flow: flow.name)
def test_jobs_that_the_coordinator_of_an_example_makes(judge: Judge, flow: Path) -> None:
    jobs = dict(driven(example(flow, "coordinator")))
    assert jobs
    assert accepted(judge, jobs) == {}


def test_mutants(judge: Judge) -> None:
    """Where our judge is not stricter on purpose, both say the same."""
    taken = [not verdict.errors for verdict in judge([mutant.body for mutant in MUTANTS])]
    said = dict(zip([mutant.name for mutant in MUTANTS], taken, strict=True))
    assert said == {mutant.name: mutant.fragment is None or not mutant.cluster for mutant in MUTANTS}


def test_random_flows(judge: Judge) -> None:
    """Everything that the spec can say."""
    random = Random(1)
    jobs: dict[str, Any] = {}
    for number in range(FLOWS):
        made, mode = case(random), random.choice(MODES)
        try:
            rendering = _rendered(made, mode)
        except Findings:
            continue
        jobs |= _all(f"{number}-{mode}", rendering)
    assert len(jobs) > 2 * FLOWS
    assert accepted(judge, jobs) == {}


@pytest.mark.parametrize("mode", MODES)
def test_flows_that_are_known_at_render(judge: Judge, mode: str) -> None:
    jobs: dict[str, Any] = {}
    for number, drawn in enumerate(_drawn(known_flows(), FLOWS)):
        steps = _in_a_line(drawn) if mode == "chain" else drawn
        try:
            rendering = jobs_of(flow_of(steps), mode, indexedFrom=2, itemFile=number % 2 == 0)
        except Findings:
            continue
        jobs |= _all(str(number), rendering)
    assert len(jobs) > FLOWS / 3
    assert accepted(judge, jobs) == {}


RENDERED = [
    (flow, mode)
    for flow in EXAMPLES
    for mode in ("none", "waves", "coordinator", "jobset", "chain")
    if any((ROOT / "tests/golden/orderings" / flow.name / mode).glob("*.yaml"))
]


@pytest.mark.parametrize(("flow", "mode"), RENDERED, ids=[f"{flow.name}-{mode}" for flow, mode in RENDERED])
def test_what_is_applied_is_what_is_there(control_plane: Plane, cluster_program: Path, flow: Path, mode: str) -> None:
    """Argo CD sees no difference, and applying it again changes nothing."""
    if mode == "jobset":
        control_plane.define(Path(f"{cluster_program}.crds"))
    bodies = [manifest.body for manifest in example(flow, mode).emission.manifests]
    applied, created = control_plane.namespace(), control_plane.namespace()
    for body in bodies:
        kind, name = body["kind"], body["metadata"]["name"]
        control_plane.create(moved(body, created), created)
        wanted = moved(body, applied)
        control_plane.apply(wanted, applied)
        assert differences(wanted, control_plane.get(kind, applied, name)) == []
        until(partial(unchanged, control_plane, wanted, kind, name))


def moved(body: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """An object of another namespace."""
    found = {**deepcopy(dict(body)), "metadata": {**body["metadata"], "namespace": namespace}}
    for subject in found.get("subjects") or ():
        subject["namespace"] = namespace
    return found


def differences(wanted: Any, there: Any, path: str = "") -> list[str]:
    """Where an object is not as it was written."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return [one for key in wanted for one in differences(wanted[key], there.get(key), f"{path}.{key}")]
    if isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        pairs = enumerate(zip(wanted, there, strict=True))
        return [one for number, (a, b) in pairs for one in differences(a, b, f"{path}.{number}")]
    return [] if wanted == there else [f"{path}: {wanted!r} is {there!r}"]


def unchanged(plane: Plane, body: Mapping[str, Any], kind: str, name: str) -> bool:
    """Whether applying it again changes nothing; a controller may have at the same moment."""
    namespace = body["metadata"]["namespace"]
    before = plane.get(kind, namespace, name)["metadata"]["resourceVersion"]
    return bool(plane.apply(body, namespace)["metadata"]["resourceVersion"] == before)


def example(folder: Path, mode: str, *sets: str) -> Rendering:
    """An example flow in a way to keep order; raises `Findings`."""
    options = files.Options(root=str(ROOT / "manifests"))
    [document] = files.load([str(folder / f"{folder.name}.dragoman.yaml")], options)
    policies = files.load([str(POLICY)], options)
    return render(document, {}, enacted(policies), "kubernetes", "", [f"targets.kubernetes.ordering={mode}", *sets])


def driven(done: Rendering) -> Iterator[tuple[str, dict[str, Any]]]:
    """The Jobs that the coordinator of a flow makes, as far as they are known."""
    plan = done.plan
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": plan.name, "uid": plan.name}
    run = Run(plan.name, plan.name, plan.name, plan.namespace or "default", owner, plan.name, plan.labels)
    for step in steps_of(plan):
        if step.container is not None:
            yield ".".join(step.address), task_job(rules._sample(step), options_of(plan.options), run)


def _all(name: str, done: Rendering) -> dict[str, Any]:
    bodies = [manifest.body for manifest in done.emission.manifests]
    found = {f"{name}/{body['kind']}/{body['metadata']['name']}": body for body in bodies}
    if any("plan.json" in (body.get("data") or ()) for body in bodies):
        found |= {f"{name}/{step}": body for step, body in driven(done)}
    return found


def _rendered(made: Case, mode: str) -> Rendering:
    flow = {**made.flow, "metadata": {"namespace": "ns", **made.flow["metadata"]}}
    targets = {**(flow["spec"].get("targets") or {}), "kubernetes": {"ordering": mode}}
    data = {**flow, "spec": {**flow["spec"], "targets": targets}}
    libraries = {name: Document(f"{name}.yaml", 1, one, {}) for name, one in made.libraries.items()}
    policies = [Document("policy.yaml", 1, one, {}) for one in made.policies]
    return render(Document("f.yaml", 1, data, {}), libraries, enacted(policies), "kubernetes")


def _in_a_line(steps: dict[str, Any]) -> dict[str, Any]:
    """The steps of a flow one after the other, each of them once."""
    names = [name for name, step in steps.items() if "steps" not in step]
    lone = [{key: value for key, value in steps[name].items() if key in ("image", "when")} for name in names]
    needs = [[], *([name] for name in names)]
    return {name: {**step, "needs": need} for name, step, need in zip(names, lone, needs, strict=False)}


def _drawn(strategy: st.SearchStrategy[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The same values each time."""
    found: list[dict[str, Any]] = []

    @settings(max_examples=count, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
    @given(strategy)
    def collect(value: dict[str, Any]) -> None:
        found.append(value)

    collect()
    return found
