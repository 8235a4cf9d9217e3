"""Kueue: queues, the ClusterQueues behind them, and pods that no flavor has room for."""

from __future__ import annotations

import pytest

from dragoman.plan.footprint import KUBERNETES
from policy.enforcing import judged, wrong

GI = 2**30


def local(name: str = "ml", to: str = "pool", namespace: str = "ml", more: str = "") -> str:
    head = f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: LocalQueue\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
    return f"{head}spec: {{clusterQueue: {to}{more}}}\n---\n"


def pool(*groups: str, name: str = "pool", more: str = "  namespaceSelector: {}\n") -> str:
    lines = "".join(f"  - {group}\n" for group in groups)
    head = f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: ClusterQueue\nmetadata: {{name: {name}}}\nspec:\n{more}"
    return f"{head}  resourceGroups:\n{lines}---\n"


def group(**flavors: str) -> str:
    shown = ", ".join(f"{{name: {name}, resources: [{rooms}]}}" for name, rooms in flavors.items())
    return f"{{coveredResources: [cpu, memory], flavors: [{shown}]}}"


def rooms(cpu: str, memory: str = "100Gi", borrowing: str = "") -> str:
    limit = f", borrowingLimit: {borrowing}" if borrowing else ""
    return f"{{name: cpu, nominalQuota: {cpu}{limit}}}, {{name: memory, nominalQuota: {memory}{limit and ', borrowingLimit: 0'}}}"


def flavor(name: str, spec: str) -> str:
    return f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: ResourceFlavor\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"


ONE = "queue: ml\nsteps:\n  a: {image: b, resources: {cpu: 4, memory: 1Gi}}"
COHORT = "  namespaceSelector: {}\n  cohortName: all\n"


class TestQuotas:
    def test_nominal_quotas_of_all_flavors_together(self) -> None:
        found = judged(ONE, local() + pool(group(spot=rooms("8"), firm=rooms("6", "20Gi"))))
        assert found.amounts() == {"requests.cpu": 14_000, "requests.memory": 120 * GI}
        assert found.findings == []
        for one in found.quotas:
            assert (one.action, one.enforced, one.compute) == ("warn", True, KUBERNETES)
            assert one.covers == frozenset({("a",)})
            assert one.reason == "ClusterQueue `pool`"
        place = found.quotas[0].origin.span()
        assert place is not None
        assert (place.file, place.line) == ("file0.yaml", 12)

    def test_other_resources(self) -> None:
        more = "{coveredResources: [pods, nvidia.com/gpu], flavors: [{name: gpus, resources: [{name: pods, nominalQuota: 9}, {name: nvidia.com/gpu, nominalQuota: 2}]}]}"
        found = judged(ONE, local() + pool(group(spot=rooms("8")), more))
        assert found.amounts() == {
            "requests.cpu": 8000,
            "requests.memory": 100 * GI,
            "pods": 9,
            "requests.nvidia.com/gpu": 2,
        }

    def test_what_may_be_borrowed_in_a_cohort(self) -> None:
        found = judged(ONE, local() + pool(group(spot=rooms("8", borrowing="4")), more=COHORT))
        assert found.amounts() == {"requests.cpu": 12_000, "requests.memory": 100 * GI}
        older = pool(group(spot=rooms("8", borrowing="4")), more=COHORT.replace("cohortName", "cohort"))
        assert judged(ONE, local() + older).amounts() == found.amounts()

    def test_a_cohort_without_a_limit_has_no_most(self) -> None:
        found = judged(ONE, local() + pool(group(spot=rooms("2")), more=COHORT))
        assert (found.quotas, found.said()) == ([], [])
        assert found.said("info") == [
            f"ClusterQueue `pool` may borrow any amount of `{name}` in its cohort, so it is not counted"
            for name in ("cpu", "memory")
        ]

    def test_queues_of_one_clusterqueue_share_it(self) -> None:
        spec = "queue: ml\nsteps:\n  a: {image: b}\n  c: {image: b, queue: gpus}\n  d: {image: b, queue: other}"
        text = (
            local()
            + local("gpus")
            + local("other", "small")
            + pool(group(x=rooms("8")))
            + pool(group(x=rooms("3")), name="small")
        )
        found = judged(spec, text)
        assert [(one.amount, one.covers) for one in found.quotas if one.key == "requests.cpu"] == [
            (8000, frozenset({("a",), ("c",)})),
            (3000, frozenset({("d",)})),
        ]

    def test_steps_without_a_queue_are_not_its_own(self) -> None:
        spec = "steps:\n  a: {image: b}\n  c: {image: b, queue: ml}"
        assert judged(spec, local() + pool(group(x=rooms("8")))).covered()["requests.cpu"] == ["c"]
        assert judged("steps:\n  a: {image: b}", local() + pool(group(x=rooms("8")))).quotas == []

    def test_the_default_queue(self) -> None:
        spec = "steps:\n  a: {image: b}\n  c: {image: b, queue: ml}"
        text = local() + local("default", "rest") + pool(group(x=rooms("8"))) + pool(group(x=rooms("3")), name="rest")
        found = judged(spec, text)
        assert [(one.amount, one.covers) for one in found.quotas if one.key == "requests.cpu"] == [
            (3000, frozenset({("a",)})),
            (8000, frozenset({("c",)})),
        ]

    def test_jobs_of_aws_are_not_its_own(self) -> None:
        assert judged(ONE, local() + pool(group(x=rooms("8"))), target="batch").findings == []


class TestFlavors:
    def test_a_pod_that_no_flavor_has_room_for(self) -> None:
        found = judged(ONE, local() + pool(group(spot=rooms("3"), firm=rooms("2500m"))))
        [error] = [one for one in found.findings if one.severity == "error"]
        assert error.message == "step `a` asks for 4 `cpu`, and no flavor of ClusterQueue `pool` has room for that"
        assert (error.code, error.rule, error.address) == ("DRG436", "kueue.cpu", "spec.steps.a.resources.requests.cpu")
        assert (error.span and error.span.line, error.span and error.span.column) == (7, 36)
        assert [words for _, words in error.related] == [
            "flavor `spot` has at most 3 `cpu`",
            "flavor `firm` has at most 2500m `cpu`",
        ]

    def test_what_is_more_than_all_flavors_together_the_quota_says(self) -> None:
        found = judged(ONE, local() + pool(group(spot=rooms("3"))))
        assert (found.said(), found.amounts()["requests.cpu"]) == ([], 3000)

    def test_all_of_a_group_comes_from_one_flavor(self) -> None:
        spec = "queue: ml\nsteps:\n  a: {image: b, resources: {cpu: 4, memory: 8Gi}}"
        apart = group(cores=rooms("9", "1Gi"), bytes=rooms("1", "90Gi"))
        assert judged(spec, local() + pool(apart)).codes() == ["DRG436"]
        together = group(cores=rooms("9", "1Gi"), both=rooms("4", "8Gi"))
        assert judged(spec, local() + pool(together)).codes() == []

    def test_groups_are_apart(self) -> None:
        cores = "{coveredResources: [cpu], flavors: [{name: c, resources: [{name: cpu, nominalQuota: 9}]}]}"
        rest = "{coveredResources: [memory], flavors: [{name: m, resources: [{name: memory, nominalQuota: 9Gi}]}]}"
        assert judged(ONE, local() + pool(cores, rest)).findings == []

    def test_what_may_be_borrowed_counts(self) -> None:
        for borrowing, codes in (("1", []), ("500m", ["DRG436"])):
            small = group(spot=rooms("3", borrowing=borrowing), firm=rooms("1", borrowing="0"))
            assert judged(ONE, local() + pool(small, more=COHORT)).codes() == codes

    def test_amounts_that_only_the_run_knows_are_judged_by_their_bound(self) -> None:
        spec = (
            "queue: ml\nsteps:\n  p: {image: b, resources: {cpu: 1}, outputs: {n: {type: int}}}\n"
            '  a: {image: b, resources: {cpu: "${{ steps.p.outputs.n }}", bounds: {cpu: 8}}}'
        )
        text = local() + pool(group(x=rooms("4"), y=rooms("4")))
        assert judged(spec, text).codes() == ["DRG436"]
        assert judged(spec.replace(", bounds: {cpu: 8}", ""), text).said() == []

    def test_a_resource_that_it_does_not_have(self) -> None:
        spec = "queue: ml\nsteps:\n  a: {image: b, resources: {gpu: 1}}"
        found = judged(spec, local() + pool(group(x=rooms("4"))))
        assert found.said() == []
        assert found.said("warning") == ["ClusterQueue `pool` has no `nvidia.com/gpu`, which step `a` asks for"]


GPU = "queue: ml\nsteps:\n  a: {image: b, resources: {cpu: 1, memory: 1Gi, gpu: 1, accelerator: l4}}"
PLACED = (
    "accelerators: {l4: {nodeSelector: {gpu: l4, zone: a}, "
    "tolerations: [{key: gpu, operator: Exists, effect: NoSchedule}, {key: team, value: ml}]}}"
)


class TestNodes:
    """Which flavors a pod with a node selector and tolerations may have."""

    GROUP = "{{coveredResources: [cpu, memory, nvidia.com/gpu], flavors: [{}]}}"

    def said(self, *specs: str) -> list[str]:
        from dragoman.emit.registry import find
        from dragoman.load.policies import Policy
        from dragoman.pipeline import ruled
        from dragoman.policy.enact import enact
        from dragoman.policy.force import in_force
        from dragoman.policy.sources import admitted
        from policy.enforcing import HEAD, documents, flow

        room = (
            "{name: cpu, nominalQuota: 9}, {name: memory, nominalQuota: 9Gi}, {name: nvidia.com/gpu, nominalQuota: 9}"
        )
        flavors = ", ".join(f"{{name: f{number}, resources: [{room}]}}" for number in range(len(specs)))
        text = (
            local() + pool(self.GROUP.format(flavors)) + "".join(flavor(f"f{n}", spec) for n, spec in enumerate(specs))
        )
        [own] = documents(f"{HEAD}kind: Policy\nmetadata: {{name: p}}\nspec:\n  {PLACED}\n", "p.policy.yaml")
        policies = enact([Policy(own, tuple(documents(text)))])
        plan, *_ = ruled(flow(GPU), {}, policies, "kubernetes")
        said, _ = in_force(policies, plan)
        return [
            one.message
            for one in admitted(said, plan, find("kubernetes").footprint).findings
            if one.severity == "error"
        ]

    NONE = ["no flavor of ClusterQueue `pool` has nodes that step `a` may run on"]  # noqa: RUF012

    @pytest.mark.parametrize(
        ("spec", "fits"),
        [
            ("{}", True),
            ("{nodeLabels: {gpu: l4}}", True),
            ("{nodeLabels: {gpu: a100}}", False),
            ("{nodeLabels: {kind: spot}}", True),  # of labels that a flavor does not name, nothing is known
            ("{nodeLabels: {gpu: l4, zone: b}}", False),
            ("{nodeTaints: [{key: gpu, value: x, effect: NoSchedule}]}", True),
            ("{nodeTaints: [{key: gpu, value: x, effect: NoExecute}]}", False),
            ("{nodeTaints: [{key: gpu, value: x, effect: PreferNoSchedule}]}", True),
            ("{nodeTaints: [{key: team, value: ml, effect: NoExecute}]}", True),
            ("{nodeTaints: [{key: team, value: hr, effect: NoSchedule}]}", False),
            ("{nodeTaints: [{key: spot, effect: NoSchedule}]}", False),
            ("{nodeTaints: [{key: spot, effect: NoSchedule}], tolerations: [{operator: Exists}]}", True),
            ("{nodeTaints: [{key: spot, effect: NoSchedule}], tolerations: [{key: spot}]}", True),
        ],
    )
    def test_one_flavor(self, spec: str, fits: bool) -> None:
        assert self.said(spec) == ([] if fits else self.NONE)

    def test_one_of_several_is_enough(self) -> None:
        assert self.said("{nodeLabels: {gpu: a100}}", "{nodeLabels: {gpu: l4}}") == []


class TestWays:
    """Ways from a step's queue that lead nowhere."""

    def test_a_queue_that_the_namespace_has_not(self) -> None:
        found = judged(ONE.replace("queue: ml", "queue: mll"), local() + pool(group(x=rooms("8"))))
        [finding] = found.findings
        assert finding.message == "the files of `quotaFrom` have no LocalQueue `mll` in the flow's namespace"
        assert (finding.code, finding.severity, finding.help) == ("DRG437", "warning", "did you mean `ml`?")
        assert (finding.span and finding.span.line, finding.address) == (5, "spec.steps.a.queue")
        elsewhere = judged(ONE, local("x") + local(namespace="other") + pool(group(x=rooms("8"))))
        assert elsewhere.codes("warning") == ["DRG437"]

    def test_no_localqueue_at_all(self) -> None:
        found = judged(ONE, pool(group(x=rooms("8"))))
        assert found.said("info") == ["no file of `quotaFrom` says which ClusterQueue the queue `ml` leads to"]
        assert found.quotas == []

    def test_a_clusterqueue_that_is_not_there(self) -> None:
        found = judged(ONE, local(to="pol") + pool(group(x=rooms("8"))))
        [finding] = found.findings
        assert finding.message == "no file of `quotaFrom` has the ClusterQueue `pol`, which the queue `ml` leads to"
        assert (finding.severity, finding.help) == ("warning", "did you mean `pool`?")
        assert [(span.line, words) for span, words in finding.related] == [(4, "it leads there")]

    @pytest.mark.parametrize("policy", ["Hold", "HoldAndDrain"])
    def test_queues_that_are_stopped(self, policy: str) -> None:
        stopped = f", stopPolicy: {policy}"
        assert judged(ONE, local(more=stopped) + pool(group(x=rooms("8")))).said("warning") == [
            "LocalQueue `ml` is stopped"
        ]
        text = pool(group(x=rooms("8")), more=f"  namespaceSelector: {{}}\n  stopPolicy: {policy}\n")
        assert judged(ONE, local() + text).said("warning") == ["ClusterQueue `pool` is stopped"]
        assert judged(ONE, local(more=", stopPolicy: None") + pool(group(x=rooms("8")))).findings == []

    def test_a_clusterqueue_that_no_namespace_may_use(self) -> None:
        found = judged(ONE, local() + pool(group(x=rooms("8")), more=""))
        assert found.said("warning") == [
            "ClusterQueue `pool` has no `namespaceSelector`, so it admits nothing from any namespace"
        ]


WRONG = [
    ("spec: {resourceGroups: {a: b}}", "`resourceGroups` is a map, not a list"),
    ("spec: {resourceGroups: [{flavors: x}]}", "`flavors` is a text, not a list"),
    (
        "spec: {resourceGroups: [{flavors: [{name: a, resources: [{name: cpu}]}]}]}",
        "`nominalQuota` is nothing, no quantity",
    ),
    (
        "spec: {resourceGroups: [{flavors: [{name: a, resources: [{name: cpu, nominalQuota: many}]}]}]}",
        "`nominalQuota`: `many` is not a quantity",
    ),
    (
        "spec: {resourceGroups: [{flavors: [{name: a, resources: [{name: cpu, nominalQuota: 1, borrowingLimit: x}]}]}]}",
        "`borrowingLimit`: `x` is not a quantity",
    ),
    ("spec: {cohortName: [a]}", "`cohortName` is a list, not a text"),
    ("spec: {resourceGroups: [{flavors: [{name: [a], resources: []}]}]}", "`name` is a list, not a text"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_file_that_is_wrong(text: str, said: str) -> None:
    [finding] = wrong(f"kind: ClusterQueue\nmetadata: {{name: c}}\n{text}\n")
    assert (finding.code, finding.message) == ("DRG431", f"ClusterQueue `c`: {said}")
    assert finding.span is not None
    assert finding.span.line == 3


@pytest.mark.parametrize("kind", ["ClusterQueue", "LocalQueue", "ResourceFlavor", "Cohort"])
@pytest.mark.parametrize(
    "text", ["spec: {}", "", "spec: ", "spec: {resourceGroups: [], nodeLabels: {}, nodeTaints: []}"]
)
def test_a_file_that_says_nothing(kind: str, text: str) -> None:
    assert wrong(f"kind: {kind}\nmetadata: {{name: c}}\n{text}\n") == []
    assert judged(ONE, f"kind: {kind}\nmetadata: {{name: c}}\n{text}\n").said() == []
