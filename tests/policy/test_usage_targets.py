"""The peak of a flow against what a target emits: manifests are read as their engine reads them, and run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dragoman import quantity
from dragoman.emit.registry import find
from dragoman.load.document import Document
from dragoman.pipeline import render
from dragoman.plan.footprint import Footprint
from dragoman.policy.force import NO_POLICIES
from dragoman.policy.quota.peaks import Peak, peaks
from policy.quota_flows import Allowed, Data, flow_of, specs
from policy.simulated import Item, Many, Run, most

AWS = {"account": "123456789012", "queue": "main", "stateMachineRole": "flows", "outputs": "s3://flows/outputs"}
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def emitted(spec: Data, target: str) -> tuple[Peak, list[Mapping[str, Any]]]:
    """The peak of a flow's cores, and its manifests."""
    done = render(Document("f.yaml", 1, flow_of(spec), {}), {}, NO_POLICIES, target, platform={"batch": AWS})
    found: Footprint = find(target).footprint(done.plan)
    return peaks(done.plan, found)["requests.cpu"], [manifest.body for manifest in done.emission.manifests]


def _cpu(amounts: Mapping[str, Any]) -> int:
    return quantity.parse(amounts.get("cpu", 0), 1000)


# Argo: every order in which its DAGs may run


def _workflow(spec: Mapping[str, Any]) -> Run:
    templates = {template["name"]: template for template in spec["templates"]}
    graphs = [_template(templates, spec[name]) for name in ("entrypoint", "onExit") if name in spec]
    return Run(tuple(graphs), ((0, 1),) if len(graphs) > 1 else (), spec.get("parallelism"))


def _template(templates: Mapping[str, Any], name: str) -> Item:
    template = templates[name]
    if "dag" not in template:
        return _cpu(template["container"]["resources"]["requests"])
    tasks = template["dag"]["tasks"]
    places = {task["name"]: place for place, task in enumerate(tasks)}
    pairs = [
        (places[word], place)
        for place, task in enumerate(tasks)
        for word in re.findall(r"[\w-]+", task.get("depends", ""))
    ]
    parts = tuple(_task(templates, task) for task in tasks)
    return Run(parts, tuple(pairs), template.get("parallelism"), "children")


def _task(templates: Mapping[str, Any], task: Mapping[str, Any]) -> Item | Many:
    one = _template(templates, task["template"])
    if "withItems" in task:
        return Many((one,) * len(task["withItems"]))
    return Many((one,) * int(task["withSequence"]["count"])) if "withSequence" in task else one


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(specs(most=6, allowed=Allowed(items=False)))
def test_argo(spec: Data) -> None:
    peak, manifests = emitted(spec, "argo")
    truth = most(_workflow(manifests[0]["spec"]))
    assert peak.amount is not None
    assert peak.least <= truth <= peak.amount
    if peak.exact:
        assert peak.amount == truth


def test_argo_counts_a_loop_with_a_limit_as_one_child() -> None:
    """Two children may run: the loop with both of its items, and a pod beside it."""
    loop = {"foreach": {"in": [1, 2, 3], "parallelism": 2}, "resources": {"cpu": 4}}
    peak, manifests = emitted({"steps": {"g": {"parallelism": 2, "steps": {"a": loop, "b": {}, "c": {}}}}}, "argo")
    assert (peak.amount, peak.exact) == (9000, True)
    assert most(_workflow(manifests[0]["spec"])) == 9000


# Batch: one state of a scope at a time, the branches of a Parallel and the items of a Map together


def _machine(manifests: list[Mapping[str, Any]]) -> int:
    definitions = {body["jobDefinitionName"]: body for body in manifests if "jobDefinitionName" in body}
    [machine] = [body for body in manifests if "definition" in body or "States" in body]
    body = machine.get("definition", machine)
    return _scope(json.loads(body) if isinstance(body, str) else body, definitions)


def _scope(machine: Mapping[str, Any], definitions: Mapping[str, Any]) -> int:
    return max(_state(state, definitions) for state in machine["States"].values())


def _state(state: Mapping[str, Any], definitions: Mapping[str, Any]) -> int:
    if state["Type"] == "Parallel":
        return sum(_scope(branch, definitions) for branch in state["Branches"])
    if state["Type"] == "Map":
        items = state["Items"] if isinstance(state["Items"], list) else json.loads(state["Items"].strip("{% }"))
        inline = state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "INLINE"
        width = state.get("MaxConcurrency") or (40 if inline else 10_000)
        return min(len(items), width) * _scope(state["ItemProcessor"], definitions)
    if state["Type"] != "Task" or "submitJob" not in state["Resource"]:
        return 0
    size = state["Arguments"].get("ArrayProperties", {}).get("Size", 1)
    return int(size) * sum(_vcpus(definitions[state["Arguments"]["JobDefinition"]]))


def _vcpus(definition: Mapping[str, Any]) -> Iterator[int]:
    containers = [definition["containerProperties"]] if "containerProperties" in definition else []
    for task in definition.get("ecsProperties", {}).get("taskProperties", ()):
        containers += task["containers"]
    for container in containers:
        [cpu] = [one["value"] for one in container["resourceRequirements"] if one["type"] == "VCPU"]
        yield quantity.parse(cpu, 1000)


IN_BATCH = Allowed(groups=False, flow=False, items=False, cpus=(1, "500m", "1500m", 3, "3500m"))


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(specs(most=12, allowed=IN_BATCH))
def test_batch(spec: Data) -> None:
    peak, manifests = emitted(spec, "batch")
    assert (peak.amount, peak.exact) == (_machine(manifests), True)


BIG = {"resources": {"cpu": 4}}


@pytest.mark.parametrize("platform", ["EC2", "FARGATE"])
@pytest.mark.parametrize(
    "steps",
    [
        {"a": {"outputs": {"n": {"type": "int"}}}, "b": {"env": {"N": "${{ steps.a.outputs.n }}"}}},
        {"a": {"foreach": {"range": 100}, "resources": {"cpu": "300m"}}},
        {"a": {"foreach": {"in": list(range(60))}, "env": {"I": "${{ item }}"}}},
        # no chains and forks: `d` comes after `a` as well, so that `a` and `d` do not run together
        {"a": BIG, "b": {}, "c": {"needs": ["a", "b"]}, "d": {"needs": ["b"], **BIG}},
    ],
)
def test_batch_adds_its_own(steps: Data, platform: str) -> None:
    options = {**AWS, "platform": platform, **({"executionRole": "jobs"} if platform == "FARGATE" else {})}
    peak, manifests = emitted({"steps": steps, "targets": {"batch": options}}, "batch")
    assert (peak.amount, peak.exact) == (_machine(manifests), True)


# Jobs, each way of keeping them in order


def _pod(spec: Mapping[str, Any]) -> int:
    running = sum(_cpu(one["resources"]["requests"]) for one in spec["containers"])
    return max([running, *(_cpu(one["resources"]["requests"]) for one in spec.get("initContainers", ()))])


def _job(spec: Mapping[str, Any]) -> int:
    width: int = spec.get("parallelism", 1)
    return width * _pod(spec["template"]["spec"])


def _jobs(manifests: list[Mapping[str, Any]], mode: str) -> int:
    if mode == "jobset":
        [body] = [one for one in manifests if one["kind"] == "JobSet"]
        jobs = body["spec"]["replicatedJobs"]
        places = {job["name"]: place for place, job in enumerate(jobs)}
        pairs = [(places[one["name"]], places[job["name"]]) for job in jobs for one in job.get("dependsOn", ())]
        return most(Run(tuple(_job(job["template"]["spec"]) for job in jobs), tuple(pairs)))
    waves: dict[str, int] = {}
    for body in manifests:
        if body["kind"] == "Job":
            wave = body["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0")
            waves[wave] = waves.get(wave, 0) + _job(body["spec"])
    return max(waves.values())


ALONE = Allowed(loops=False, groups=False, flow=False, retries=False)


@pytest.mark.parametrize("mode", ["waves", "jobset"])
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
@given(specs(most=6, allowed=ALONE))  # a Job of a JobSet takes five others to wait for
def test_jobs(mode: str, spec: Data) -> None:
    spec.pop("onExit", None)
    options = {"ordering": mode, "delivery": "argocd", "indexedFrom": 3}
    peak, manifests = emitted({**spec, "targets": {"kubernetes": options}}, "kubernetes")
    assert (peak.amount, peak.exact) == (_jobs(manifests, mode), True)


A_LINE: Data = {"a": {"resources": {"cpu": 3}}, "b": {"needs": ["a"]}, "c": {"needs": ["b"], "resources": {"cpu": 2}}}
LOOPS: Data = {
    "a": {"foreach": {"in": [1, 2, 3, 4], "parallelism": 2}, "resources": {"cpu": 3}},
    "b": {"foreach": {"in": [1, 2, 3]}, "resources": {"cpu": "${{ item }}"}},
}


@pytest.mark.parametrize(
    ("mode", "steps", "amount"),
    [
        ("chain", A_LINE, 3000),
        ("waves", A_LINE, 3000),
        ("jobset", A_LINE, 3000),
        ("none", LOOPS, 12000),
        ("waves", LOOPS, 12000),
        ("coordinator", LOOPS, 12100),
        ("coordinator", A_LINE, 3100),
    ],
)
def test_each_way_of_ordering(mode: str, steps: Data, amount: int) -> None:
    peak, manifests = emitted({"steps": steps, "targets": {"kubernetes": {"ordering": mode}}}, "kubernetes")
    assert (peak.amount, peak.exact) == (amount, True)
    if mode not in ("coordinator", "chain"):
        assert _jobs(manifests, mode) == amount


def test_kueue_takes_a_whole_jobset_in() -> None:
    steps: Data = {name: {**step, "queue": "main"} for name, step in A_LINE.items()}
    peak, _ = emitted({"steps": steps, "targets": {"kubernetes": {"ordering": "jobset"}}}, "kubernetes")
    assert (peak.amount, peak.least) == (6000, 3000)


def test_the_sidecar_that_hands_outputs_on_counts() -> None:
    outputs: Data = {"a": {}, "b": {}}
    steps: Data = {"make": {"outputs": outputs}, "use": {"env": {"A": "${{ steps.make.outputs.a }}"}}}
    peak, _ = emitted({"steps": steps, "targets": {"kubernetes": {"ordering": "coordinator"}}}, "kubernetes")
    assert [(share.name, share.amount) for share in peak.shares] == [("make", 1010), ("the coordinator", 100)]


def test_argo_rounds_up_what_grows() -> None:
    """In the units in which it counts: 64Gi, and a tenth more, is 71Gi."""
    retry = {"limit": 1, "escalate": {"memory": {"factor": 1.1, "max": "128Gi"}}}
    spec: Data = {"steps": {"a": {"resources": {"memory": "64Gi"}, "retry": retry}}}
    done = render(Document("f.yaml", 1, flow_of(spec), {}), {}, NO_POLICIES, "argo")
    [patch] = [
        one["podSpecPatch"] for one in done.emission.manifests[0].body["spec"]["templates"] if "container" in one
    ]
    assert "int(ceil(min(64 * 1.1 ** int(retries), 128)))}}Gi" in patch
    assert peaks(done.plan, find("argo").footprint(done.plan))["requests.memory"].amount == 71 * 2**30
