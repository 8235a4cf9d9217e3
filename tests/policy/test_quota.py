"""Findings about quotas: what is said, where, how severe it is, and that the advice is good."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dragoman.emit.registry import find
from dragoman.findings import Finding
from dragoman.load import yaml
from dragoman.pipeline import ruled
from dragoman.plan.footprint import BATCH, KUBERNETES, Footprint
from dragoman.plan.origin import Origin
from dragoman.policy.force import in_force
from dragoman.policy.model import Quota
from dragoman.policy.quota.judge import judge
from dragoman.policy.quota.peaks import Peaks
from dragoman.policy.quota.together import Flow, together
from enacted import enacted
from policy.quota_flows import Allowed, Data, plan_of, specs

MINIMAL = Path(__file__).parents[1] / "features" / "minimal" / "spec.dragoman.yaml"
HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{more}}}\nspec:\n{body}"
DEFAULTS = "  defaults: {image: x, resources: {cpu: 1, memory: 1Gi}}\n"
TRAIN = """\
  steps:
    list: {outputs: {items: {type: list}}}
    train: {foreach: {in: steps.list.outputs.items, maxItems: 8}, resources: {cpu: 8}}
    eval: {foreach: {range: 4}, resources: {cpu: 6}, needs: [list]}
    export: {resources: {cpu: 8}, needs: [list]}
"""


class Judged:
    """A flow for a target under a policy's quotas, and what is said of it."""

    def __init__(
        self, body: str, quota: str = "", target: str = "argo", name: str = "f", namespace: str = "ml"
    ) -> None:
        flow_text = HEAD.format(kind="Flow", name=name, more=f", namespace: {namespace}", body=DEFAULTS + body)
        [flow] = yaml.parse(flow_text, f"{name}.yaml")
        quota_text = HEAD.format(kind="Policy", name="p", more="", body=f"  quota:\n{quota}" if quota else "  {}\n")
        self.policies = enacted(yaml.parse(quota_text, "p.yaml"))
        self.plan, *_ = ruled(flow, {}, self.policies, target)
        self.footprint: Footprint = find(target).footprint(self.plan)
        self.quotas = in_force(self.policies, self.plan)[0].quotas

    def findings(self, *more: Quota) -> list[Finding]:
        return judge(self.plan, (*self.quotas, *more), self.footprint)

    def flow(self) -> Flow:
        return Flow(self.plan, self.quotas, self.footprint)


def _of_cluster(key: str, amount: int, said: str = "ResourceQuota `ml`", **more: Any) -> Quota:
    return Quota(key, amount, "warn", Origin("policy"), said, enforced=True, **{"compute": KUBERNETES, **more})


def _said(found: list[Finding]) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.severity, one.rule, one.message) for one in found]


def test_the_whole_finding() -> None:
    [found] = Judged(TRAIN, "    - {cpu: 64, reason: there is no more.}\n").findings()
    assert found._replace(span=None, related=()) == Finding(
        "DRG420",
        "the flow may hold 96 cpu at one time, the quota is 64: `train` ×8 (64), `eval` ×4 (24), `export` (8)",
        None,
        "say `foreach.parallelism: 4` in `train`: then it is 64 cpu: there is no more",
        "error",
        "spec",
        rule="quota.cpu",
    )
    assert found.span is not None
    assert (found.span.file, found.span.line, found.span.column) == ("f.yaml", 8, 5)
    assert [(span.file, span.line, said) for span, said in found.related] == [
        ("p.yaml", 6, "the quota is set here"),
        ("f.yaml", 9, "4 × 6 cpu"),
        ("f.yaml", 10, "8 cpu"),
    ]


CASES: dict[str, tuple[str, str, list[tuple[str, str, str, str]]]] = {
    "enough": (TRAIN, "    - {cpu: 96, memory: 13Gi, pods: 13}\n", []),
    "one too few, each thing by itself": (
        TRAIN,
        "    - {cpu: 95999m, memory: 13311Mi, pods: 12, action: warn}\n",
        [
            (
                "DRG420",
                "warning",
                "quota.pods",
                "the flow may hold 13 pods at one time, the quota is 12: `train` ×8, `eval` ×4, `export`",
            ),
            (
                "DRG420",
                "warning",
                "quota.cpu",
                "the flow may hold 96 cpu at one time, the quota is 95.999: `train` ×8 (64), `eval` ×4 (24), `export` (8)",
            ),
            (
                "DRG420",
                "warning",
                "quota.memory",
                "the flow may hold 13Gi memory at one time, the quota is 13311Mi: `train` ×8 (8Gi), `eval` ×4 (4Gi), `export` (1Gi)",
            ),
        ],
    ),
    "of several, the gravest": (
        "  steps: {a: {resources: {cpu: 8}}}\n",
        "    - {cpu: 6}\n    - {cpu: 2, action: warn}\n    - {cpu: 7}\n",
        [("DRG420", "error", "quota.cpu", "the flow may hold 8 cpu at one time, the quota is 6: `a`")],
    ),
    "of several, one that is exceeded": (
        "  steps: {a: {resources: {cpu: 4}}}\n",
        "    - {cpu: 6}\n    - {cpu: 2, action: warn}\n",
        [("DRG420", "warning", "quota.cpu", "the flow may hold 4 cpu at one time, the quota is 2: `a`")],
    ),
    "no device at all": (
        "  steps: {a: {resources: {gpu: 1}}}\n",
        "    - {gpu: 0}\n",
        [("DRG420", "error", "quota.gpu", "the flow may hold 1 gpu at one time, the quota is 0: `a`")],
    ),
    "not exact": (
        "  parallelism: 3\n  steps:\n    a: {foreach: {range: 2}, resources: {cpu: 4}}\n"
        + "".join(f"    b{number}: {{resources: {{cpu: 3}}, needs: [a]}}\n" for number in range(4)),
        "    - {cpu: 8}\n",
        [
            (
                "DRG420",
                "error",
                "quota.cpu",
                "the flow may hold at most 10 cpu at one time, at least 9, the quota is 8: `b0` (3), `b1` (3), `b2` (3)",
            )
        ],
    ),
    "only if a condition holds": (
        "  steps:\n    a: {outputs: {n: {type: int}}}\n    b: {when: steps.a.outputs.n > 1, resources: {cpu: 9}}\n",
        "    - {cpu: 8}\n",
        [("DRG420", "error", "quota.cpu", "the flow may hold at most 9 cpu at one time, the quota is 8: `b`")],
    ),
    "many steps": (
        "  steps:\n" + "".join(f"    s{number}: {{}}\n" for number in range(8)),
        "    - {pods: 7}\n",
        [
            (
                "DRG420",
                "error",
                "quota.pods",
                "the flow may hold 8 pods at one time, the quota is 7: `s0`, `s1`, `s2`, `s3`, `s4` and 3 more",
            )
        ],
    ),
    "limits": (
        "  steps:\n    a: {resources: {limits: {cpu: 3}}}\n    b: {}\n    c: {}\n",
        "    - {limits: {cpu: 2, memory: 3Gi}}\n",
        [
            (
                "DRG420",
                "error",
                "quota.limits.cpu",
                "the flow may hold limits of 3 cpu at one time, the quota is 2: `a`",
            ),
            ("DRG423", "error", "quota.limits.cpu", "step `b` has no `resources.limits.cpu`, which the quota counts"),
        ],
    ),
    "nobody knows how many": (
        "  steps:\n    a: {outputs: {l: {type: list}}}\n    b: {foreach: {in: steps.a.outputs.l}}\n",
        "    - {cpu: 8, pods: 9, action: warn}\n    - {gpu: 9, memory: 9Gi}\n",
        [
            (
                "DRG421",
                "error",
                "quota.unbounded",
                "how many items `b` runs over is known only at run time: no quota can be judged",
            )
        ],
    ),
    "nobody knows how much": (
        "  steps:\n    a: {outputs: {n: {type: quantity}}}\n    b: {resources: {memory: '${{ steps.a.outputs.n }}'}}\n",
        "    - {memory: 8Gi, limits: {memory: 8Gi}, cpu: 8}\n",
        [
            (
                "DRG421",
                "error",
                "quota.unbounded",
                "the memory of `b` is known only at run time, the quota is 8Gi",
            )
        ],
    ),
}


@pytest.mark.parametrize(("body", "quota", "said"), CASES.values(), ids=CASES)
def test_what_is_said(body: str, quota: str, said: list[tuple[str, str, str, str]]) -> None:
    assert _said(Judged(body, quota).findings()) == said


def test_what_is_not_known_is_told_where_it_is_said() -> None:
    body = "  steps:\n    a: {outputs: {l: {type: list}}}\n    b:\n      foreach: {in: steps.a.outputs.l}\n"
    [found] = Judged(body, "    - {pods: 9}\n").findings()
    assert found.span is not None
    assert (found.span.line, found.span.column, found.address) == (9, 7, "spec.steps.b.foreach")
    assert (
        found.help == "declare the most with `foreach.maxItems`, or limit what runs at once with `foreach.parallelism`"
    )


CLUSTER: dict[str, tuple[Quota, list[tuple[str, str, str, str]]]] = {
    "some pods wait": (
        _of_cluster("requests.cpu", 50_000),
        [
            (
                "DRG420",
                "warning",
                "quota.cpu",
                "the flow may hold 96 cpu at one time, ResourceQuota `ml` allows 50, so that 6 pods wait: "
                "`train` ×8 (64), `eval` ×4 (24), `export` (8)",
            )
        ],
    ),
    "a pod that never fits": (
        _of_cluster("requests.cpu", 7000),
        [("DRG422", "error", "quota.cpu", "a pod of `train` holds 8 cpu, ResourceQuota `ml` allows 7")],
    ),
    "pods": (
        _of_cluster("pods", 12),
        [
            (
                "DRG420",
                "warning",
                "quota.pods",
                "the flow may hold 13 pods at one time, ResourceQuota `ml` allows 12, so that 1 pod waits: "
                "`train` ×8, `eval` ×4, `export`",
            )
        ],
    ),
    "some steps": (_of_cluster("requests.cpu", 63_000, covers=frozenset({("eval",)})), []),
    "of another compute": (_of_cluster("requests.cpu", 1, compute=BATCH), []),
    "what nobody counts": (_of_cluster("count/configmaps", 0), []),
    "pods in all": (
        _of_cluster("count/pods", 13),
        [
            (
                "DRG425",
                "error",
                "quota.count/pods",
                "a run makes 14 pods, ResourceQuota `ml` allows 13: they count until they are deleted",
            )
        ],
    ),
}


@pytest.mark.parametrize(("quota", "said"), CLUSTER.values(), ids=CLUSTER)
def test_a_quota_of_the_cluster(quota: Quota, said: list[tuple[str, str, str, str]]) -> None:
    assert _said(Judged(TRAIN).findings(quota)) == said


def test_what_the_coordinator_holds_is_not_free() -> None:
    """8 cores are enough for a pod of 8, were the coordinator not there."""
    judged = Judged(
        "  steps: {a: {resources: {cpu: 8}}}\n  targets: {kubernetes: {ordering: coordinator}}\n", "", "kubernetes"
    )
    assert _said(judged.findings(_of_cluster("requests.cpu", 8000))) == [
        (
            "DRG422",
            "error",
            "quota.cpu",
            "a pod of `a` holds 8 cpu, ResourceQuota `ml` allows 8, and 0.1 of that is taken",
        )
    ]
    assert judged.findings(_of_cluster("requests.cpu", 8000, covers=frozenset({("a",)}))) == []
    assert judged.findings(_of_cluster("requests.cpu", 8100)) == []


def test_what_a_cluster_wants_of_a_container_is_told_where_its_file_is_read() -> None:
    assert Judged("  steps: {a: {}}\n").findings(_of_cluster("limits.cpu", 8000)) == []


RETRIED = """\
  steps: {a: {foreach: {range: 10}, retry: {limit: 2}}}
  targets: {kubernetes: {ordering: coordinator}, argo: {podGC: OnPodCompletion}}
"""


@pytest.mark.parametrize(
    ("target", "key", "amount", "said"),
    [
        ("kubernetes", "count/jobs.batch", 31, []),
        (
            "kubernetes",
            "count/jobs.batch",
            30,
            [("warning", "a run makes 11 jobs.batch (when all retries are needed 31), ResourceQuota `ml` allows 30")],
        ),
        (
            "kubernetes",
            "count/jobs.batch",
            10,
            [("error", "a run makes 11 jobs.batch (when all retries are needed 31), ResourceQuota `ml` allows 10")],
        ),
        (
            "kubernetes",
            "count/pods",
            36,
            [("warning", "a run makes 11 pods (when all retries are needed 37), ResourceQuota `ml` allows 36")],
        ),
        ("argo", "count/pods", 10, []),  # they are deleted
        (
            "argo",
            "count/workflows.argoproj.io",
            0,
            [("error", "a run makes 1 workflows.argoproj.io, ResourceQuota `ml` allows 0")],
        ),
        ("batch", "count/jobs.batch", 0, []),
    ],
)
def test_objects_that_a_run_makes(target: str, key: str, amount: int, said: list[tuple[str, str]]) -> None:
    found = Judged(RETRIED, "", target).findings(_of_cluster(key, amount))
    assert [(one.severity, one.message) for one in found] == [
        (severity, f"{message}: they count until they are deleted") for severity, message in said
    ]


ADVICE: dict[str, tuple[str, str, str]] = {
    "a loop": (TRAIN, "    - {cpu: 90}\n", "say `foreach.parallelism: 7` in `train`: then it is 88 cpu"),
    "the next loop": (
        "  steps:\n    a: {foreach: {range: 2}, resources: {cpu: 9}}\n    b: {foreach: {range: 8}, resources: {cpu: 2}}\n",
        "    - {cpu: 24}\n",
        "say `foreach.parallelism: 3` in `b`: then it is 24 cpu",
    ),
    "the loop around": (
        "  steps:\n    g: {foreach: {range: 6}, steps: {a: {resources: {cpu: 4}}}}\n",
        "    - {cpu: 9}\n",
        "say `foreach.parallelism: 2` in `g`: then it is 8 cpu",
    ),
    "the flow": (
        "  steps: {a: {resources: {cpu: 4}}, b: {resources: {cpu: 4}}, c: {resources: {cpu: 4}}}\n",
        "    - {cpu: 9}\n",
        "say `spec.parallelism: 2`: then it is 8 cpu",
    ),
    "less": ("  steps: {a: {resources: {cpu: 9}}}\n", "    - {cpu: 4}\n", "`a` alone holds 9 cpu: ask for less"),
}


@pytest.mark.parametrize(("body", "quota", "help"), ADVICE.values(), ids=ADVICE)
def test_advice(body: str, quota: str, help: str) -> None:
    [found] = Judged(body, quota).findings()
    assert found.help == help


def test_batch_cannot_limit_a_flow() -> None:
    body = "  steps: {a: {resources: {cpu: 4}}, b: {resources: {cpu: 4}}}\n"
    [found] = Judged(body, "    - {cpu: 7}\n", "batch").findings()
    assert found.help == "ask for less, or let steps wait for each other with `needs`"


@pytest.mark.parametrize("target", ["argo", "kubernetes", "batch"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs(most=20, allowed=Allowed(flow=False)))
def test_advice_is_good(target: str, spec: Data) -> None:
    """Whoever follows it is within the quota; one more at once is too much."""
    plan = plan_of(spec, target)
    quota = Quota("requests.cpu", _peak(spec, target) // 2, "deny", Origin("policy"))
    [found] = judge(plan, [quota], find(target).footprint(plan))
    loop = re.match(r"say `foreach.parallelism: (\d+)` in `([\w.-]+)`: then it is", found.help)
    whole_flow = re.match(r"say `spec.parallelism: (\d+)`: then it is", found.help)
    if loop is not None:
        most, address = int(loop[1]), loop[2].split(".")
        peaks = [_peak(_with_loop(spec, address, number), target) for number in (most, most + 1)]
    elif whole_flow is not None:
        most = int(whole_flow[1])
        peaks = [_peak({**spec, "parallelism": number}, target) for number in (most, most + 1)]
    else:
        return
    assert peaks[0] <= quota.amount < peaks[1]


def _peak(spec: Data, target: str) -> int:
    plan = plan_of(spec, target)
    amount = Peaks(plan, find(target).footprint(plan)).of("requests.cpu").amount
    assert amount is not None
    return amount


def _with_loop(spec: Data, address: list[str], most: int) -> Data:
    if address[0] == "on-exit":
        return {**spec, "onExit": _with_step(spec["onExit"], address[1:], most)}
    return {**spec, "steps": _with_step(spec["steps"], address, most)}


def _with_step(steps: Data, address: list[str], most: int) -> Data:
    step = steps[address[0]]
    if len(address) > 1:
        return {**steps, address[0]: {**step, "steps": _with_step(step["steps"], address[1:], most)}}
    return {**steps, address[0]: {**step, "foreach": {**step["foreach"], "parallelism": most}}}


LOOP = "  steps: {a: {foreach: {range: %d}, resources: {cpu: 2}}}\n"


def _flows(*sizes: int, quota: str = "    - {cpu: 20}\n", **more: Any) -> list[Flow]:
    return [Judged(LOOP % size, quota, name=f"f{number}", **more).flow() for number, size in enumerate(sizes)]


def test_together() -> None:
    [found] = together(_flows(6, 2, 4))
    assert found.span is not None
    assert (found.code, found.severity, found.rule, found.span.file) == ("DRG424", "error", "quota.cpu", "f0.yaml")
    assert found.message == (
        "3 flows together may hold 24 cpu at one time in the namespace `ml`, the quota is 20: `f0` 12, `f2` 8, `f1` 4"
    )
    assert [(span.file, said) for span, said in found.related] == [
        ("p.yaml", "the quota is set here"),
        ("f2.yaml", "another of them"),
        ("f1.yaml", "another of them"),
    ]


def test_together_only_what_belongs_together() -> None:
    assert together(_flows(5, 5)) == []
    assert together([]) == []
    assert together([*_flows(8), *_flows(8, namespace="other")]) == []
    assert together([*_flows(8), *_flows(8, target="batch")]) == []
    assert together(_flows(11, 5)) == []  # the first is told by itself
    assert together(_flows(8, 8, quota="")) == []


def test_no_work_without_quotas() -> None:
    assert judge(plan_of({"steps": {"a": {}}}), [], Footprint()) == []
    code = (
        "import sys; from dragoman.cli import main; main(sys.argv[1:]); "
        "print([name for name in sys.modules if 'policy.quota' in name or name.endswith('.footprint') and 'emit' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "render", str(MINIMAL), "-t", "argo"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
