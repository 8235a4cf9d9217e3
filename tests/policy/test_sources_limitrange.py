"""LimitRange: what it adds, what it refuses, and where that is said."""

from __future__ import annotations

import pytest

from dragoman.findings import Fix
from dragoman.plan.references import steps_of
from dragoman.policy.quota.peaks import peaks
from policy.enforcing import Judged, judged, wrong

MI, GI = 2**20, 2**30


def ranges(*entries: str, namespace: str = "ml", name: str = "limits") -> str:
    lines = "".join(f"  - {entry}\n" for entry in entries)
    return f"apiVersion: v1\nkind: LimitRange\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  limits:\n{lines}"


def step(resources: str, more: str = "") -> str:
    return f"steps:\n  a:\n    image: busybox\n    resources: {resources}\n{more}"


def of(found: Judged) -> tuple[dict[str, object], dict[str, object]]:
    [container] = [one.container for one in steps_of(found.plan) if one.container is not None]
    return dict(container.resources.requests), dict(container.resources.limits)


class TestDefaults:
    @pytest.mark.parametrize(
        ("entry", "resources", "requests", "limits"),
        [
            ("{type: Container, default: {cpu: 2}}", "{cpu: 1, memory: 1Gi}", {"cpu": 1000}, {"cpu": 2000}),
            # a step's own limit is never changed
            ("{type: Container, default: {cpu: 2}}", "{cpu: 1, limits: {cpu: 3}}", {"cpu": 1000}, {"cpu": 3000}),
            # SetDefaults_LimitRangeItem: default from max, defaultRequest from default, then from min
            ("{type: Container, max: {cpu: 4}}", "{cpu: 1}", {"cpu": 1000}, {"cpu": 4000}),
            ("{type: Container, max: {cpu: 4}, default: {cpu: 2}}", "{cpu: 1}", {"cpu": 1000}, {"cpu": 2000}),
            ("{type: Container, default: {ephemeral-storage: 1Gi}}", "{cpu: 1}", {"disk": GI}, {"disk": GI}),
            ("{type: Container, min: {ephemeral-storage: 1Gi}}", "{cpu: 1}", {"disk": GI}, {}),
            (
                "{type: Container, default: {ephemeral-storage: 2Gi}, defaultRequest: {ephemeral-storage: 1Gi}}",
                "{cpu: 1}",
                {"disk": GI},
                {"disk": 2 * GI},
            ),
            # only containers get defaults
            ("{type: Pod, max: {memory: 90Gi}}", "{cpu: 1}", {"cpu": 1000}, {"memory": 4 * GI}),
            ("{type: PersistentVolumeClaim, max: {storage: 1Gi}}", "{cpu: 1}", {"cpu": 1000}, {"memory": 4 * GI}),
        ],
    )
    def test_what_is_added(self, entry: str, resources: str, requests: dict[str, int], limits: dict[str, int]) -> None:
        found = judged(step(resources), ranges(entry))
        assert found.said() == []
        seen = of(found)
        assert requests.items() <= seen[0].items()
        assert limits.items() <= seen[1].items()
        assert ("disk" in seen[1]) == ("disk" in limits)

    def test_a_note_says_what_and_where(self) -> None:
        found = judged(step("{cpu: 1, memory: 1Gi}"), ranges("{type: Container, default: {cpu: 2}}"))
        [note] = [one for one in found.findings if one.code == "DRG434"]
        assert note.message == "the cluster will set `limits.cpu: 2` in step `a`"
        assert note.severity == "info"
        assert [(span.file, span.line, span.column) for span, _ in note.related] == [("file0.yaml", 6, 38)]
        [container] = list(steps_of(found.plan))
        assert container.origins["resources.limits.cpu"].span() == note.related[0][0]

    def test_nothing_is_said_where_nothing_is_added(self) -> None:
        found = judged(step("{cpu: 1, memory: 1Gi}"), ranges("{type: Container, default: {memory: 2Gi}}"))
        assert found.findings == []

    def test_the_first_of_several_is_taken_and_doubted(self) -> None:
        entry = "{{type: Container, default: {{cpu: {}}}}}"
        found = judged(step("{cpu: 1}"), ranges(entry.format(2)), ranges(entry.format(3), name="other"))
        assert of(found)[1]["cpu"] == 2000
        [doubt] = [one for one in found.findings if one.severity == "warning"]
        assert doubt.message == "two LimitRanges set `limits.cpu`, each to something else"
        assert (doubt.span and doubt.span.file, doubt.related[0][0].file) == ("file1.yaml", "file0.yaml")
        assert (
            judged(step("{cpu: 1}"), ranges(entry.format(2)), ranges(entry.format(2), name="o")).said("warning") == []
        )

    def test_steps_in_groups_and_exit_handlers_too(self) -> None:
        spec = (
            "steps:\n  g:\n    foreach: {in: [1, 2], as: i}\n    steps:\n      a: {image: busybox}\n"
            "onExit:\n  bye: {image: busybox}"
        )
        found = judged(spec, ranges("{type: Container, default: {cpu: 2}}"))
        assert [one.container.resources.limits["cpu"] for one in steps_of(found.plan) if one.container] == [2000, 2000]


REFUSED = [
    # entry, resources, message, rule
    (
        "{type: Container, max: {cpu: 4}}",
        "{cpu: 1, limits: {cpu: 8}}",
        "step `a` may use 8 `cpu`, and a container may have at most 4 here",
        "limitrange.max.cpu",
    ),
    (
        "{type: Container, max: {memory: 2Gi}}",
        "{memory: 3Gi}",
        "step `a` may use 3Gi `memory`, and a container may have at most 2Gi here",
        "limitrange.max.memory",
    ),
    (
        "{type: Container, max: {cpu: 4}, default: {cpu: 4}}",
        "{cpu: 6, memory: 1Gi}",
        "step `a` asks for 6 `cpu`, more than the limit that it gets here, `limits.cpu: 4`",
        "limitrange.default.cpu",
    ),
    (
        "{type: Container, default: {cpu: 500m}}",
        "{cpu: 1}",
        "step `a` asks for 1 `cpu`, more than the limit that it gets here, `limits.cpu: 500m`",
        "limitrange.default.cpu",
    ),
    (
        "{type: Container, min: {cpu: 200m}}",
        "{cpu: 100m}",
        "step `a` asks for 100m `cpu`, and a container must ask for at least 200m here",
        "limitrange.min.cpu",
    ),
    (
        "{type: Container, min: {nvidia.com/gpu: 1}}",
        "{gpu: 0}",
        "step `a` asks for 0 `nvidia.com/gpu`, and a container must ask for at least 1 here",
        "limitrange.min.nvidia.com/gpu",
    ),
    (
        "{type: Container, maxLimitRequestRatio: {cpu: 2.5}}",
        "{cpu: 1, limits: {cpu: 2501m}}",
        "step `a` asks for 1 `cpu` and may use 2501m, and the limit of a container may be at most 2.5 times its "
        "request here",
        "limitrange.ratio.cpu",
    ),
    (
        "{type: Container, maxLimitRequestRatio: {cpu: 2}}",
        "{cpu: 1}",
        "step `a` has no limit of `cpu`, and the limit of a container may be at most 2 times its request here",
        "limitrange.ratio.cpu",
    ),
    (
        "{type: Pod, max: {cpu: 4}}",
        "{cpu: 1}",
        "the pod of step `a` has no limit of `cpu`, and a pod may have at most 4 here",
        "limitrange.max.cpu",
    ),
    (
        "{type: Pod, max: {memory: 4Gi}}",
        "{memory: 5Gi}",
        "the pod of step `a` may use 5Gi `memory`, and a pod may have at most 4Gi here",
        "limitrange.max.memory",
    ),
    (
        "{type: Pod, min: {ephemeral-storage: 1Gi}}",
        "{cpu: 1}",
        "the pod of step `a` asks for no `ephemeral-storage`, and a pod must ask for at least 1Gi here",
        "limitrange.min.ephemeral-storage",
    ),
]


class TestRefusals:
    @pytest.mark.parametrize(("entry", "resources", "message", "rule"), REFUSED)
    def test_a_pod_that_would_be_refused(self, entry: str, resources: str, message: str, rule: str) -> None:
        found = judged(step(resources), ranges(entry))
        errors = [one for one in found.findings if one.severity == "error" and one.rule == rule]
        assert [one.message for one in errors][:1] == [message]
        assert all(one.code == "DRG433" for one in errors)
        assert "it would never start" in errors[0].help
        [(place, words)] = errors[0].related
        assert (place.file, place.line, words) == ("file0.yaml", 6, "a LimitRange says so")

    @pytest.mark.parametrize(
        ("entry", "resources"),
        [
            ("{type: Container, max: {cpu: 4}, min: {cpu: 1}}", "{cpu: 1, limits: {cpu: 4}}"),
            ("{type: Container, max: {cpu: 4, memory: 4Gi}}", "{cpu: 4, memory: 4Gi}"),
            ("{type: Container, maxLimitRequestRatio: {cpu: 2.5}}", "{cpu: 1, limits: {cpu: 2500m}}"),
            ("{type: Container, maxLimitRequestRatio: {memory: 1}}", "{memory: 5Gi}"),
            ("{type: Pod, max: {memory: 4Gi}, min: {cpu: 1}}", "{cpu: 1, memory: 4Gi}"),
            ("{type: PersistentVolumeClaim, max: {storage: 1Gi}}", "{cpu: 100, memory: 100Gi}"),
        ],
    )
    def test_what_is_just_within(self, entry: str, resources: str) -> None:
        assert judged(step(resources), ranges(entry)).said() == []

    def test_the_place_is_the_author_s_value(self) -> None:
        found = judged(step("{cpu: 1, limits: {cpu: 8}}"), ranges("{type: Container, max: {cpu: 4}}"))
        [error] = found.findings
        assert error.span is not None
        assert (error.span.file, error.span.line, error.span.column) == ("flow.dragoman.yaml", 8, 41)
        assert error.address == "spec.steps.a.resources.limits.cpu"
        assert error.fix is None

    def test_a_value_of_nobody_is_at_the_step(self) -> None:
        found = judged("steps:\n  a: {image: busybox}", ranges("{type: Container, max: {memory: 2Gi}}"))
        [error] = found.findings
        assert error.span is not None
        assert (error.span.line, error.span.column, error.span.end_column) == (6, 5, 6)

    @pytest.mark.parametrize(
        ("entry", "resources", "path", "value"),
        [
            ("{type: Container, min: {cpu: 200m}}", "{cpu: 100m}", ("cpu",), "200m"),
            ("{type: Container, min: {memory: 1Gi}}", "{requests: {memory: 1Mi}}", ("requests", "memory"), "1Gi"),
            ("{type: Container, default: {cpu: 2}}", "{cpu: 3}", ("limits", "cpu"), "3"),
            (
                "{type: Container, maxLimitRequestRatio: {cpu: 2}}",
                "{cpu: 1, limits: {cpu: 3}}",
                ("cpu",),
                "1500m",
            ),
        ],
    )
    def test_what_would_mend_it(self, entry: str, resources: str, path: tuple[str, ...], value: str) -> None:
        found = judged(step(resources), ranges(entry))
        fixes = {one.fix for one in found.findings if one.fix is not None}
        assert fixes == {Fix("flow.dragoman.yaml", 1, ("spec", "steps", "a", "resources", *path), value)}

    def test_the_words_of_the_flow(self) -> None:
        found = judged(step("{disk: 2Gi}"), ranges("{type: Container, default: {ephemeral-storage: 1Gi}}"))
        [error] = [one for one in found.findings if one.severity == "error"]
        assert error.help.startswith("say `resources.limits.disk`; ")

    def test_a_pod_s_ratio_counts_every_container(self) -> None:
        more = TestContainersBesideTheStep.OUTPUTS + TestContainersBesideTheStep.DRIVEN
        spec = step("{memory: 64Mi, limits: {memory: 64Mi}}", more)  # with the sidecar 96Mi, and a limit of 128Mi
        for ratio, refused in (("1.3", True), ("1.34", False)):
            found = judged(spec, ranges(f"{{type: Pod, maxLimitRequestRatio: {{memory: {ratio}}}}}"))
            assert ["step `a`" in one for one in found.said()].count(True) == refused

    def test_what_mends_several_at_once(self) -> None:
        entry = "{type: Container, min: {cpu: 50m}, maxLimitRequestRatio: {cpu: 8}}"
        found = judged(step("{cpu: 10m, limits: {cpu: 800m}}"), ranges(entry))
        assert sorted(found.codes()) == ["DRG433", "DRG433"]
        assert {one.fix and one.fix.value for one in found.findings} == {"100m"}

    def test_what_a_policy_says_is_mended_in_the_step(self) -> None:
        found = judged("steps:\n  a: {image: busybox}", ranges("{type: Container, min: {cpu: 2}}"))
        [error] = [one for one in found.findings if one.severity == "error"]
        assert error.fix == Fix("flow.dragoman.yaml", 1, ("spec", "steps", "a", "resources", "requests", "cpu"), "2")

    def test_every_step_and_every_reason(self) -> None:
        spec = "steps:\n  a: {image: b, resources: {cpu: 9, memory: 9Gi}}\n  b: {image: b, resources: {memory: 9Gi}}"
        found = judged(spec, ranges("{type: Container, max: {cpu: 4, memory: 4Gi}}"))
        assert sorted((one.rule, one.message.split("`")[1]) for one in found.findings if one.code == "DRG433") == [
            ("limitrange.default.cpu", "a"),
            ("limitrange.max.cpu", "a"),
            ("limitrange.max.memory", "a"),
            ("limitrange.max.memory", "b"),
        ]


class TestAmountsOfTheRun:
    LOOP = "    foreach: {{in: {}, as: i}}\n"

    def test_items_that_are_known_are_judged(self) -> None:
        more = self.LOOP.format("[1, 2, 9]")
        found = judged(step('{cpu: "${{ i }}", memory: 1Gi}', more), ranges("{type: Container, max: {cpu: 8}}"))
        assert "step `a` asks for up to 9 `cpu`, and a container may have at most 8 here" in found.said()
        least = judged(step('{cpu: "${{ i }}"}', more), ranges("{type: Container, min: {cpu: 2}}"))
        assert least.said() == ["step `a` asks for 1 `cpu`, and a container must ask for at least 2 here"]
        assert judged(step('{cpu: "${{ i }}"}', more), ranges("{type: Pod, min: {cpu: 1}}")).said() == []

    def test_ranges_and_matrices_too(self) -> None:
        entry = ranges("{type: Container, max: {memory: 8Gi}}")
        spec = "steps:\n  a:\n    image: b\n    foreach: {}\n    resources: {{memory: '{}'}}"
        over = judged(spec.format("{range: 10, as: n}", "${{ n }}Gi"), entry)
        assert over.said() == ["step `a` may use up to 9Gi `memory`, and a container may have at most 8Gi here"]
        matrix = "{matrix: {x: [1, 2], y: [3, 9]}, as: c}"
        assert judged(spec.format(matrix, "${{ c.x }}Gi"), entry).said() == []
        assert judged(spec.format(matrix, "${{ c.y }}Gi"), entry).codes() == ["DRG433"]

    RUN = (
        "steps:\n"
        "  plan: {{image: b, outputs: {{n: {{type: quantity}}}}}}\n"
        "  a:\n"
        "    image: b\n"
        '    resources: {{memory: "${{{{ steps.plan.outputs.n }}}}"{}}}'
    )

    def test_a_bound_is_judged_for_what_only_the_run_knows(self) -> None:
        entry = ranges("{type: Container, max: {memory: 8Gi}}")
        assert judged(self.RUN.format(", bounds: {memory: 8Gi}"), entry).said() == []
        over = judged(self.RUN.format(", bounds: {memory: 9Gi}"), entry)
        assert over.said() == ["step `a` may use up to 9Gi `memory`, and a container may have at most 8Gi here"]

    def test_a_bound_below_a_minimum_never_is_enough(self) -> None:
        found = judged(self.RUN.format(", bounds: {memory: 1Gi}"), ranges("{type: Container, min: {memory: 2Gi}}"))
        assert "step `a` asks for 1Gi `memory`, and a container must ask for at least 2Gi here" in found.said()

    def test_without_a_bound_it_is_said_once(self) -> None:
        found = judged(self.RUN.format(""), ranges("{type: Container, max: {memory: 8Gi}, min: {memory: 1Mi}}"))
        assert found.said() == []
        [note] = found.findings
        assert (note.code, note.severity, note.address) == ("DRG439", "info", "spec.steps.a.resources.limits.memory")
        assert note.help == "say `resources.bounds.memory`: the most that it can be"

    def test_the_last_attempt_is_judged(self) -> None:
        more = "    retry: {limit: 3, escalate: {memory: {factor: 2, max: 20Gi}}}\n"
        entry = ranges("{type: Container, max: {memory: 15Gi}}")
        found = judged(step("{memory: 2Gi}", more), entry)
        assert found.said() == [
            "step `a` may use up to 16Gi `memory` at its last attempt, and a container may have at most 15Gi here"
        ]
        assert judged(step("{memory: 2Gi}", more.replace("20Gi", "15Gi")), entry).said() == []
        assert judged(step("{memory: 2Gi}", more.replace("limit: 3", "limit: 2")), entry).said() == []


class TestWhereItIsInForce:
    ENTRY = "{type: Container, max: {memory: 1Gi}}"

    def test_another_namespace(self) -> None:
        assert judged(step("{memory: 2Gi}"), ranges(self.ENTRY, namespace="other")).findings == []

    def test_a_file_without_a_namespace(self) -> None:
        text = ranges(self.ENTRY).replace(", namespace: ml", "")
        assert judged(step("{memory: 2Gi}"), text).codes() == ["DRG433"]

    def test_a_flow_without_a_namespace(self) -> None:
        found = judged(step("{memory: 2Gi}"), ranges(self.ENTRY), namespace="")
        assert found.codes() == ["DRG433"]
        assert found.said("info") == [
            "the flow has no namespace, so what is enforced in `ml` is taken to be for it",
        ]

    def test_jobs_of_aws_are_no_pods(self) -> None:
        assert judged(step("{memory: 2Gi}"), ranges(self.ENTRY), target="batch").findings == []

    def test_lists_of_objects(self) -> None:
        inner = "\n".join(f"  {line}" for line in ranges(self.ENTRY).splitlines())[2:]
        for kind in ("List", "LimitRangeList"):
            found = judged(step("{memory: 2Gi}"), f"kind: {kind}\napiVersion: v1\nitems:\n- {inner}\n")
            assert found.codes() == ["DRG433"]
            assert found.findings[0].related[0][0].line == 9


WRONG = [
    ("spec: {limits: [{type: Container, max: {cpu: four}}]}", "`cpu`: `four` is not a quantity", 4),
    ("spec: {limits: [{type: Container, max: {cpu: -1}}]}", "`cpu`: `-1` is not a quantity", 4),
    ("spec: {limits: [{type: Container, max: {cpu: 010}}]}", "`cpu`: `010` has a leading zero", 4),
    ("spec: {limits: [{type: Container, max: {cpu: true}}]}", "`cpu` is true or false, no quantity", 4),
    ("spec: {limits: [{type: Container, max: {cpu: }}]}", "`cpu` is nothing, no quantity", 4),
    ("spec: {limits: [{type: Container, max: [cpu]}]}", "`max` is a list, not a map", 4),
    ("spec: {limits: {type: Container}}", "`limits` is a map, not a list", 4),
    ("spec:\n  limits:\n  - {type: Continer}", "`Continer` is no type of a limit", 6),
    ("spec:\n  limits:\n  - {max: {cpu: 1}}", "a limit has no `type`", 6),
    ("spec:\n  limits:\n  - {type: 3}", "`type` is a number, not a text", 6),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said", "line"), WRONG)
def test_a_file_that_is_wrong(text: str, said: str, line: int) -> None:
    found = wrong(f"apiVersion: v1\nkind: LimitRange\nmetadata: {{name: l}}\n{text}\n")
    assert found[0].code == "DRG431"
    assert found[0].message.startswith(f"LimitRange `l`: {said}")
    assert found[0].span is not None
    assert (found[0].span.file, found[0].span.line) == ("file0.yaml", line)


@pytest.mark.parametrize("text", ["spec: {}", "spec: {limits: []}", "spec:", "metadata: {name: x}", "spec: {limits: }"])
def test_a_file_that_says_nothing(text: str) -> None:
    assert wrong(f"apiVersion: v1\nkind: LimitRange\n{text}\n") == []


class TestContainersBesideTheStep:
    OUTPUTS = "    outputs: {x: {type: string}, y: {type: string}}\n"  # handed on by a sidecar: 10m, 32Mi, limit 64Mi
    DRIVEN = "  b: {image: b, needs: [a]}\n"  # by the coordinator: 100m, 128Mi, limit 256Mi

    def test_a_sidecar_that_is_too_small(self) -> None:
        spec = step("{cpu: 1}", self.OUTPUTS) + self.DRIVEN
        found = judged(spec, ranges("{type: Container, min: {cpu: 50m}}"))
        [error] = [one for one in found.findings if one.severity == "error"]
        assert error.message == (
            "`dragoman-outputs`, beside step `a`, asks for 10m `cpu`, and a container must ask for at least 50m here"
        )
        assert error.help.startswith("let the LimitRange allow what dragoman's own containers ask for")
        assert (error.span and error.span.line, error.fix) == (6, None)

    def test_a_sidecar_of_many_steps_is_said_once(self) -> None:
        spec = (
            "steps:\n"
            + "".join(f"  s{n}:\n    image: b\n{self.OUTPUTS}" for n in range(3))
            + self.DRIVEN.replace("[a]", "[s0]")
        )
        found = judged(spec, ranges("{type: Container, min: {cpu: 50m}}"))
        assert found.codes() == ["DRG433"]

    def test_the_coordinator(self) -> None:
        found = judged(
            step("{cpu: 1}") + self.DRIVEN, ranges("{type: Pod, max: {memory: 4Gi, cpu: 9}, min: {cpu: 150m}}")
        )
        assert (
            "the pod of the coordinator asks for 100m `cpu`, and a pod must ask for at least 150m here" in found.said()
        )
        assert "the pod of the coordinator has no limit of `cpu`, and a pod may have at most 9 here" in found.said()

    def test_pods_are_judged_with_everything_in_them(self) -> None:
        spec = step("{cpu: 1, memory: 1Gi}", self.OUTPUTS) + self.DRIVEN
        over = judged(spec, ranges("{type: Pod, max: {memory: 1087Mi}}"))
        assert "the pod of step `a` may use 1088Mi `memory`, and a pod may have at most 1087Mi here" in over.said()
        assert not [one for one in judged(spec, ranges("{type: Pod, max: {memory: 1088Mi}}")).said() if "`a`" in one]

    def test_what_argo_s_own_containers_say_is_not_known(self) -> None:
        entry = ranges("{type: Container, maxLimitRequestRatio: {cpu: 2}}")
        found = judged(step("{cpu: 1, limits: {cpu: 2}}"), entry, target="argo")
        assert found.said() == []
        assert [one.split("`")[1] for one in found.said("warning")] == ["init", "wait"]
        assert "`executor.resources`" in found.findings[0].help
        assert judged(step("{cpu: 1, limits: {cpu: 2}}"), entry).findings == []

    def test_what_the_cluster_adds_to_them_is_told_and_not_counted(self) -> None:
        """They have what the controller's configuration says, where it says anything."""
        entries = ("{type: Container, default: {memory: 1Gi}}", "{type: Pod, max: {memory: 2Gi}, min: {memory: 9Gi}}")
        found = judged(step("{memory: 2Gi}"), ranges(*entries), target="argo")
        assert found.said() == []
        [warning] = [one for one in found.findings if one.severity == "warning"]
        assert warning.message == (
            "the cluster will set `limits.memory: 1Gi`, `requests.memory: 1Gi` in `init`, `wait` of every pod, "
            "beside what its step asks for"
        )
        assert (warning.code, warning.rule) == ("DRG434", "limitrange.others")
        assert peaks(found.plan, found.footprint)["requests.memory"].amount == 2 * GI
        over = judged(step("{memory: 2049Mi}"), ranges(*entries), target="argo")
        assert over.said() == ["the pod of step `a` may use 2049Mi `memory`, and a pod may have at most 2Gi here"]

    def test_what_it_adds_to_dragoman_s_own_counts(self) -> None:
        entry = ranges("{type: Container, default: {cpu: 4}, defaultRequest: {cpu: 2}}")
        spec = step("{cpu: 1}", self.OUTPUTS) + self.DRIVEN  # the coordinator 100m, and its sidecar 10m
        driven = judged(spec, entry)
        found = peaks(driven.plan, driven.footprint)
        assert (found["requests.cpu"].amount, found["limits.cpu"].amount) == (1110, 12_000)
