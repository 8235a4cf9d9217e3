"""ResourceQuota: what it counts, whose pods, and what it wants every container to say."""

from __future__ import annotations

import pytest

from dragoman.findings import Fix
from dragoman.plan.footprint import KUBERNETES
from policy.enforcing import judged, wrong

GI = 2**30
ONE = "steps:\n  a: {image: busybox, resources: {cpu: 1, memory: 1Gi, limits: {cpu: 1}}}"


def quota(hard: str, more: str = "", namespace: str = "ml") -> str:
    head = f"apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q, namespace: {namespace}}}\n"
    return f"{head}spec:\n  hard: {hard}\n{more}"


COUNTED = [
    ("{cpu: 4}", {"requests.cpu": 4000}),
    ("{requests.cpu: 500m}", {"requests.cpu": 500}),
    ("{memory: 2Gi, limits.memory: 3Gi}", {"requests.memory": 2 * GI, "limits.memory": 3 * GI}),
    ("{limits.cpu: '6'}", {"limits.cpu": 6000}),
    ("{ephemeral-storage: 1Gi}", {"requests.ephemeral-storage": GI}),
    ("{limits.ephemeral-storage: 1Gi}", {"limits.ephemeral-storage": GI}),
    ("{requests.nvidia.com/gpu: 8}", {"requests.nvidia.com/gpu": 8}),
    ("{pods: 10, count/pods: '20'}", {"pods": 10, "count/pods": 20}),
    (
        "{count/jobs.batch: 500, count/workflows.argoproj.io: 3}",
        {"count/jobs.batch": 500, "count/workflows.argoproj.io": 3},
    ),
    ("{cpu: 4, requests.cpu: 3}", {"requests.cpu": 3000}),  # both are counted: the smaller holds
    ("{requests.cpu: 3, cpu: 4}", {"requests.cpu": 3000}),
    ("{cpu: 1e3}", {"requests.cpu": 1_000_000}),
    ("{memory: 1.5Gi}", {"requests.memory": 3 * GI // 2}),
    ("{cpu: 0}", {"requests.cpu": 0}),
    ("{cpu: .5}", {"requests.cpu": 500}),
]


@pytest.mark.parametrize(("hard", "amounts"), COUNTED)
def test_what_is_counted(hard: str, amounts: dict[str, int]) -> None:
    found = judged(ONE, quota(hard))
    assert found.amounts() == amounts
    assert found.findings == []
    for one in found.quotas:
        assert (one.action, one.enforced, one.compute, one.covers) == ("warn", True, KUBERNETES, None)
        place = one.origin.span()
        assert place is not None
        assert (place.file, place.line) == ("file0.yaml", 5)


NOT_COUNTED = [
    ("{hugepages-2Mi: 1Gi, services: 3}", "`hugepages-2Mi`, `services` of ResourceQuota `q` is not counted for a flow"),
    ("{requests.storage: 1Gi}", "`requests.storage` of ResourceQuota `q` is not counted for a flow"),
    ("{gold.storageclass.storage.k8s.io/requests.storage: 1}", "is not counted for a flow"),
]


@pytest.mark.parametrize(("hard", "said"), NOT_COUNTED)
def test_what_is_not_counted_is_said(hard: str, said: str) -> None:
    found = judged(ONE, quota(hard))
    assert found.quotas == []
    assert said in found.said("info")[0]


@pytest.mark.parametrize("name", ["nvidia.com/gpu", "limits.nvidia.com/gpu"])
def test_names_that_kubernetes_takes_and_never_counts(name: str) -> None:
    found = judged(ONE, quota(f"{{{name}: 8}}"))
    assert found.quotas == []
    [finding] = [one for one in found.findings if one.severity == "warning"]
    assert finding.message == f"ResourceQuota `q`: Kubernetes counts nothing as `{name}`"
    assert finding.help == "it counts `requests.nvidia.com/gpu`"


def test_what_is_in_use_is_not_read() -> None:
    found = judged(ONE, quota("{pods: 4}", "status: {hard: {pods: 4}, used: {pods: 3}}\n"))
    assert found.amounts() == {"pods": 4}
    assert found.said("info") == [
        "`status.used` of ResourceQuota `q` is not read: a file in Git does not know what is in use now"
    ]


class TestScopes:
    SPEC = "steps:\n  quick: {image: b, timeout: 1h}\n  slow: {image: b}\nonExit:\n  bye: {image: b}\n"

    def covered(self, scopes: str, head: str = "", target: str = "kubernetes") -> list[str] | None:
        found = judged(head + self.SPEC, quota("{pods: 4}", scopes), target=target)
        assert found.said() == []
        return found.covered().get("pods")

    def scope(self, *names: str) -> str:
        return f"  scopes: [{', '.join(names)}]\n"

    def selected(self, operator: str, values: str = "", name: str = "PriorityClass") -> str:
        values = f", values: {values}" if values else ""
        return f"  scopeSelector:\n    matchExpressions:\n    - {{scopeName: {name}, operator: {operator}{values}}}\n"

    def test_time_limits(self) -> None:
        assert self.covered(self.scope("Terminating")) == ["quick"]
        assert self.covered(self.scope("NotTerminating")) == ["slow", "on-exit.bye"]
        assert self.covered(self.selected("Exists", name="Terminating")) == ["quick"]

    def test_a_time_limit_of_the_flow_is_one_of_argo_s_pods(self) -> None:
        head = "timeout: 9h\n"
        assert self.covered(self.scope("Terminating"), head, "argo") == ["quick", "slow"]
        assert self.covered(self.scope("NotTerminating"), head, "argo") == ["on-exit.bye"]
        assert self.covered(self.scope("Terminating"), "", "argo") == ["quick"]
        assert self.covered(self.scope("Terminating"), head) == ["quick"]

    def test_quality_of_service(self) -> None:
        assert self.covered(self.scope("BestEffort")) == []
        assert self.covered(self.scope("NotBestEffort")) == ["quick", "slow", "on-exit.bye"]

    def test_affinity_of_other_namespaces_is_nobody_s(self) -> None:
        assert self.covered(self.scope("CrossNamespacePodAffinity")) == []

    @pytest.mark.parametrize(
        ("operator", "values", "with_class", "without"),
        [
            ("In", "[high, low]", True, False),
            ("In", "[low]", False, False),
            ("NotIn", "[low]", True, True),
            ("NotIn", "[high]", False, True),
            ("Exists", "", True, False),
            ("DoesNotExist", "", False, True),
        ],
    )
    def test_priority_classes(self, operator: str, values: str, with_class: bool, without: bool) -> None:
        high = "targets: {kubernetes: {priorityClass: high}}\n"
        everything = ["quick", "slow", "on-exit.bye"]
        assert self.covered(self.selected(operator, values), high) == (everything if with_class else [])
        assert self.covered(self.selected(operator, values)) == (everything if without else [])

    def test_several_must_all_hold(self) -> None:
        assert self.covered(self.scope("NotTerminating", "NotBestEffort")) == ["slow", "on-exit.bye"]
        assert self.covered(self.scope("NotTerminating", "BestEffort")) == []
        both = self.scope("Terminating") + self.selected("Exists")
        assert self.covered(both) == []
        assert self.covered(both, "targets: {kubernetes: {priorityClass: high}}\n") == ["quick"]

    def test_the_coordinator_is_a_pod_too(self) -> None:
        spec = self.SPEC.replace("slow: {", "slow: {needs: [quick], ")
        for name, there in (("NotTerminating", True), ("Terminating", False), ("BestEffort", False)):
            [one] = judged(spec, quota("{pods: 4}", self.scope(name))).quotas
            assert one.covers is not None
            assert (() in one.covers) == there

    def test_objects_have_no_scopes(self) -> None:
        hard = "{count/jobs.batch: 4, count/pods: 5, requests.nvidia.com/gpu: 1}"
        found = judged(self.SPEC, quota(hard, self.scope("NotTerminating")))
        assert set(found.amounts()) == {"count/pods", "requests.nvidia.com/gpu"}


class TestWhereItIsInForce:
    def test_namespaces(self) -> None:
        assert judged(ONE, quota("{pods: 1}", namespace="other")).quotas == []
        assert judged(ONE, quota("{pods: 1}").replace(", namespace: ml", "")).amounts() == {"pods": 1}
        found = judged(ONE, quota("{pods: 1}"), quota("{pods: 2}", namespace="zz"), namespace="")
        assert [one.amount for one in found.quotas] == [1, 2]
        assert found.said("info") == [
            "the flow has no namespace, so what is enforced in `ml`, `zz` is taken to be for it"
        ]

    def test_jobs_of_aws_are_no_pods(self) -> None:
        found = judged(ONE, quota("{pods: 1}"), target="batch")
        assert (found.quotas, found.findings) == ([], [])

    def test_only_the_steps_that_run_there(self) -> None:
        spec = "steps:\n  a: {image: b, compute: batch, queue: q}\n  b: {image: b}"
        found = judged(spec, quota("{pods: 1, limits.cpu: 9}"))
        assert "step `a`" not in "".join(found.said())
        assert "spec.steps.b.resources.limits.cpu" in [one.address for one in found.findings]

    def test_several_policies_that_name_one_file(self) -> None:
        text = quota("{pods: 1}")
        assert len(judged(ONE, text, text).quotas) == 2  # two files


class TestWhatEveryContainerMustSay:
    @pytest.mark.parametrize(
        ("hard", "resources", "said"),
        [
            ("{limits.cpu: 4}", "{cpu: 1}", "step `a` has no limit of `cpu`"),
            ("{limits.cpu: 4}", "{cpu: 1, limits: {cpu: 1}}", ""),
            ("{limits.memory: 9Gi, memory: 9Gi, cpu: 4}", "{cpu: 1}", ""),
            ("{limits.ephemeral-storage: 9Gi, requests.nvidia.com/gpu: 1, pods: 1}", "{cpu: 1}", ""),
        ],
    )
    def test_it(self, hard: str, resources: str, said: str) -> None:
        found = judged(f"steps:\n  a: {{image: b, resources: {resources}}}", quota(hard))
        assert found.said() == ([f"{said}, which ResourceQuota `q` wants of every container"] if said else [])

    def test_the_finding(self) -> None:
        [error] = judged("steps:\n  a: {image: b, resources: {cpu: 1500m}}", quota("{limits.cpu: 4}")).findings
        assert (error.code, error.rule, error.address) == (
            "DRG435",
            "resourcequota.limits.cpu",
            "spec.steps.a.resources.limits.cpu",
        )
        assert error.help == (
            "say `resources.limits.cpu`; Kubernetes would refuse the pod, not what makes it, and it would never start"
        )
        assert [(span.line, words) for span, words in error.related] == [(5, "it counts `limits.cpu`")]
        assert error.fix == Fix("flow.dragoman.yaml", 1, ("spec", "steps", "a", "resources", "limits", "cpu"), "1500m")

    def test_a_limitrange_that_says_it_is_enough(self) -> None:
        ranges = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, default: {cpu: 2}}]}\n"
        spec = "steps:\n  a: {image: b, outputs: {x: {type: string}, y: {type: string}}}\n  b: {image: b, needs: [a]}"
        for target in ("kubernetes", "argo"):
            found = judged(spec, quota("{limits.cpu: 9}"), ranges, target=target)
            assert [one for one in found.findings if one.code == "DRG435"] == []
        alone = judged(spec, quota("{limits.cpu: 9}"))
        assert alone.said() == [
            f"{subject} has no limit of `cpu`, which ResourceQuota `q` wants of every container"
            for subject in ("step `a`", "beside step `a`, `dragoman-outputs`", "step `b`", "the coordinator")
        ]

    def test_argo_s_own_containers_say_nothing(self) -> None:
        found = judged(ONE, quota("{limits.memory: 9Gi}"), target="argo")
        assert found.said() == []
        assert found.said("warning") == [
            "beside step `a`, `init`, `wait` have no limit of `memory`, which ResourceQuota `q` wants of every container"
        ]
        assert "say it in `executor.resources` in the configuration of Argo's controller" in found.findings[0].help

    def test_only_pods_that_it_counts(self) -> None:
        spec = "steps:\n  a: {image: b, timeout: 1h}\n  b: {image: b}"
        found = judged(spec, quota("{limits.cpu: 9}", "  scopes: [Terminating]\n"))
        assert [one.address for one in found.findings] == ["spec.steps.a.resources.limits.cpu"]


WRONG = [
    ("spec: {hard: {cpu: lots}}", "`cpu`: `lots` is not a quantity"),
    ("spec: {hard: {cpu: [1]}}", "`cpu` is a list, no quantity"),
    ("spec: {hard: {pods: yes}}", "`pods`: `yes` is not a quantity"),
    ("spec: {hard: {cpu: '1:30'}}", "`cpu`: `1:30` is not a quantity"),
    ("spec: {hard: {cpu: 0777}}", "`cpu`: `0777` has a leading zero"),
    ("spec: {hard: {memory: 99999999999999999999}}", "`memory`: `99999999999999999999` is larger than 2^63-1"),
    ("spec: {hard: [cpu]}", "`hard` is a list, not a map"),
    ("spec: {hard: 4}", "`hard` is a number, not a map"),
    ("spec: {hard: {request.cpu: 4}}", "Kubernetes knows no `request.cpu`"),
    ("spec: {hard: {requests.gpu: 4}}", "Kubernetes knows no `requests.gpu`"),
    ("spec: {hard: {pods: 1}, scopes: [Terminatin]}", "`Terminatin` is no scope of a quota"),
    ("spec: {hard: {pods: 1}, scopes: [{a: b}]}", "is no scope of a quota"),
    ("spec: {hard: {pods: 1}, scopes: Terminating}", "`scopes` is a text, not a list"),
    ("spec: {scopeSelector: [x]}", "`scopeSelector` is a list, not a map"),
    ("spec: {scopeSelector: {matchExpressions: [{scopeName: X, operator: In}]}}", "`X` is no scope of a quota"),
    ("spec: {scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: Is}]}}", "`Is` is no operator of a quota"),
    ("spec: {scopeSelector: {matchExpressions: [{operator: In}]}}", "an entry has no `scopeName`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_file_that_is_wrong(text: str, said: str) -> None:
    found = [
        one
        for one in wrong(f"apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\n{text}\n")
        if one.severity == "error"
    ]
    assert [one.code for one in found] == ["DRG431"]
    assert said in found[0].message
    assert found[0].message.startswith("ResourceQuota `q`: ")
    assert found[0].span is not None
    assert (found[0].span.file, found[0].span.line) == ("file0.yaml", 4)


def test_words_that_are_nearly_right() -> None:
    [finding, _] = wrong("kind: ResourceQuota\nspec: {hard: {request.cpu: 4}}\n")
    assert finding.help == "did you mean `requests.cpu`?"


OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"


class TestFiles:
    def test_other_kinds_are_passed_over(self) -> None:
        text = (
            OTHER + "---\n" + quota("{pods: 3}") + "---\nkind: List\nitems: [{kind: Secret}, 7]\n---\n- 1\n--- text\n"
        )
        assert judged(ONE, text).amounts() == {"pods": 3}

    @pytest.mark.parametrize(
        "text", [OTHER, "[1, 2]", "text", "kind: 3", "kind: List\nitems: {}", "items: [{kind: X}]"]
    )
    def test_a_file_without_any_known_kind(self, text: str) -> None:
        [finding] = wrong(text, quota("{pods: 3}"))
        assert (finding.code, finding.message) == ("DRG430", "`file0.yaml` holds nothing that is enforced")

    def test_json_and_lists_of_it(self) -> None:
        text = '{"kind": "List", "items": [{"kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "3"}}}]}'
        [one] = judged(ONE, text).quotas
        place = one.origin.span()
        assert (one.amount, place and text[place.column - 1 : place.end_column - 1]) == (3, '"3"')

    def test_everything_wrong_is_said(self) -> None:
        found = wrong(quota("{cpu: x, memory: y}"), OTHER)
        assert sorted(one.code for one in found) == ["DRG430", "DRG431", "DRG431"]
