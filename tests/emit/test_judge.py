"""What a cluster would refuse is said without one: each mistake once, where it is, for each minor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.emit.kubernetes import judge
from dragoman.emit.kubernetes.judge import NEWEST, OLDEST, Problem, problems
from dragoman.emit.kubernetes.judge.formats import FORMATS
from dragoman.emit.kubernetes.judge.shapes import kinds, properties, shape, types
from emit import mutants
from emit.mutants import CLASSIC, MUTANTS, Mutant
from emit.objects import CRON, DROP, INDEXED, JOB, MAIN, PER_INDEX, POD, changed

JOBSET: dict[str, Any] = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": {"name": "flow"},
    "spec": {
        "replicatedJobs": [
            {"name": "a", "template": {"spec": INDEXED["spec"]}},
            {"name": "b", "template": {"spec": INDEXED["spec"]}, "dependsOn": [{"name": "a", "status": "Complete"}]},
        ]
    },
}
SECOND = ("spec", "replicatedJobs", 1)


def said(body: Any, minor: int = NEWEST) -> list[str]:
    return [each.message for each in problems(body, minor)]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant(mutant: Mutant) -> None:
    found = problems(mutant.body, NEWEST)
    if mutant.fragment is None:
        assert not found
    else:
        assert any(mutant.fragment in each.message and each.pointer == mutant.pointer for each in found), found


def test_the_classic_mistakes_are_there() -> None:
    assert len(CLASSIC) == 33
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_problem_says_where_what_and_what_to_do() -> None:
    body = changed(JOB, ((*MAIN, "resources", "requests", "memory"), "2Gi"))
    assert problems(body, 33) == [
        Problem(
            (*MAIN, "resources", "requests", "memory"),
            "`spec.template.spec.containers[0].resources.requests.memory` is `2Gi`, more than its limit of `1Gi`",
            "raise the limit or lower the request",
        )
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    body = changed(
        JOB,
        (("spec", "backoffLimit"), "3"),
        ((*POD, "restartPolicy"), "Always"),
        ((*MAIN, "volumeMounts", 0, "name"), "temp"),
        ((*MAIN, "env", 0, "value"), True),
    )
    assert {each.pointer for each in problems(body, 33)} == {
        ("spec", "backoffLimit"),
        (*POD, "restartPolicy"),
        (*MAIN, "volumeMounts", 0, "name"),
        (*MAIN, "env", 0, "value"),
    }


@pytest.mark.parametrize(
    ("body", "path", "first", "default"),
    [
        (PER_INDEX, ("spec", "backoffLimitPerIndex"), 28, 29),
        (PER_INDEX, ("spec", "maxFailedIndexes"), 28, 29),
        (changed(JOB, (("spec", "podReplacementPolicy"), "Failed")), ("spec", "podReplacementPolicy"), 28, 29),
        (
            changed(INDEXED, (("spec", "successPolicy"), {"rules": [{"succeededCount": 1}]})),
            ("spec", "successPolicy"),
            30,
            31,
        ),
        (changed(JOB, (("spec", "managedBy"), "kueue.x-k8s.io/multikueue")), ("spec", "managedBy"), 30, 32),
        (JOB, ("spec", "podFailurePolicy"), 25, 26),
        (changed(JOB, ((*POD, "schedulingGates"), [{"name": "a/b"}])), (*POD, "schedulingGates"), 26, 27),
        (changed(JOB, ((*POD, "resources"), {"limits": {"cpu": "9"}})), (*POD, "resources"), 32, 34),
        (changed(JOB, ((*POD, "hostUsers"), True)), (*POD, "hostUsers"), 25, 33),
        (
            changed(JOB, ((*POD, "initContainers", 0, "restartPolicy"), "Always")),
            (*POD, "initContainers", 0, "restartPolicy"),
            28,
            29,
        ),
        (
            changed(JOB, ((*POD, "volumes", 0), {"name": "tmp", "image": {"reference": "a"}})),
            (*POD, "volumes", 0, "image"),
            31,
            35,
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)
def test_fields_and_minors(body: Any, path: tuple[Any, ...], first: int, default: int) -> None:
    for minor in range(OLDEST, NEWEST + 1):
        found = [each for each in problems(body, minor) if each.pointer == path]
        assert bool(found) == (minor < default), minor
        for each in found:
            assert f"the flow says 1.{minor}" in each.message
            assert f"needs Kubernetes 1.{first} (by default from 1.{default})" in each.message


def test_a_field_that_is_younger_than_the_minor_reads_well() -> None:
    message, advice = problems(PER_INDEX, 27)[0][1:]
    assert message.endswith("` needs Kubernetes 1.28 (by default from 1.29), the flow says 1.27")
    assert advice == "leave it out, or set `targets.kubernetes.version` to 1.29"


@pytest.mark.parametrize(
    ("path", "value", "since"),
    [
        ((*MAIN, "env", 0, "name"), "a b", 32),
        ((*MAIN, "restartPolicy"), "Never", 35),
        ((*POD, "initContainers", 0, "restartPolicy"), "OnFailure", 35),
    ],
)
def test_values_and_minors(path: tuple[Any, ...], value: str, since: int) -> None:
    body = changed(JOB, (path, value), (("spec", "podFailurePolicy"), DROP))
    assert {minor for minor in range(OLDEST, NEWEST + 1) if not said(body, minor)} == {*range(since, NEWEST + 1)}


def test_a_rule_of_restarts_that_restarts_everything() -> None:
    rules = [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]
    body = changed(JOB, ((*MAIN, "restartPolicy"), "Never"), ((*MAIN, "restartPolicyRules"), rules))
    assert said(body, 35)
    assert not said(body, 36)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ([], None),
        ([((*SECOND, "template", *POD, "restartPolicy"), DROP), ((*SECOND, "template", "spec", "podFailurePolicy"), DROP)], None),
        ([((*SECOND, "dependsOn", 0, "name"), "c")], "which is not listed before"),
        ([((*SECOND, "dependsOn", 0, "name"), "b")], "which is not listed before"),
        ([((*SECOND, "dependsOn"), [{"name": "a", "status": "Ready"}] * 6)], "more than 5"),
        ([((*SECOND, "dependsOn", 0, "status"), "Done")], "does not know"),
        ([(("spec", "replicatedJobs", 0, "dependsOn"), [{"name": "b", "status": "Ready"}])], "nothing for the first"),
        ([(("spec", "startupPolicy"), {"startupPolicyOrder": "InOrder"})], "goes with no `startupPolicy`"),
        ([((*SECOND, "name"), "a")], "`a` once more"),
        ([((*SECOND, "name"), "B")], "makes pods called"),
        ([(("metadata", "name"), "x" * 60)], "makes pods called"),
        ([((*SECOND, "template", *MAIN, "image"), DROP)], "is missing"),
        ([(("spec", "successPolicy"), {"operator": "All", "targetReplicatedJobs": ["c"]})], "no replicated Job"),
        ([(("spec", "failurePolicy"), {"rules": [{"name": "a", "action": "RestartJob"}]})], "feature gate"),
        ([(("spec", "network"), {"subdomain": "1a"})], "begins with a letter"),
    ],
)  # fmt: skip
def test_jobset(changes: Any, fragment: str | None) -> None:
    found = said(changed(JOBSET, *changes), 33)
    assert any(fragment in each for each in found) if fragment else not found, found


def test_numbers_that_python_does_not_write() -> None:
    assert said(changed(JOB, (("spec", "backoffLimit"), 10**5000)))[0].startswith("`spec.backoffLimit` is `a number")


def test_a_name_of_the_wrong_form_is_wrong_once() -> None:
    assert (
        len(said(changed(JOB, ((*POD, "volumes", 0, "name"), "a.b"), ((*MAIN, "volumeMounts", 0, "name"), "a.b")))) == 2
    )
    assert len(said(changed(JOB, ((*MAIN, "name"), "a.b")))) == 2  # and the failure policy still says `main`


def test_an_unknown_kind_is_said() -> None:
    assert said({"apiVersion": "v1", "kind": "Pod"}) == ["`kind` is `Pod` of `v1`, which this judge does not know"]
    assert said({})


def test_other_mappings_and_sequences_are_fine() -> None:
    assert not problems(MappingProxyType(JOB), 33)
    assert not problems(changed(JOB, ((*MAIN, "command"), ("a", "b"))), 33)


def test_nothing_is_changed() -> None:
    for body in (JOB, CRON, PER_INDEX):
        before = json.dumps(body)
        problems(body, 25)
        assert json.dumps(body) == before


WORDS = sorted({key for name in types() for key in properties(name)})
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@st.composite
def bent(draw: st.DrawFn) -> Any:
    """An object of the tables with anything at any of its places."""
    body = draw(st.sampled_from([*(mutant.body for mutant in MUTANTS), JOBSET]))
    path: list[Any] = []
    place: Any = body
    while isinstance(place, (dict, list)) and place and (not path or draw(st.integers(0, 5))):
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        path.append(key)
        place = place[key]
    return changed(body, (tuple(path), draw(JSON)))


@settings(max_examples=300, deadline=None)
@given(bent(), st.integers(20, 40))
def test_the_judge_never_raises(body: Any, minor: int) -> None:
    for each in problems(body, minor):
        assert each.message.startswith("`")


@given(
    st.sampled_from([kind.split() for kind in kinds()]),
    st.dictionaries(st.sampled_from(["spec", "metadata", "data", "rules", "subjects"]), JSON),
)
def test_the_judge_never_raises_on_nonsense(kind: list[str], body: dict[str, Any]) -> None:
    assert problems({**body, "apiVersion": kind[0], "kind": kind[1]}, 33)


def test_every_type_and_format_is_there() -> None:
    def check(text: str) -> None:
        read = shape(text)
        if read.kind == "@":
            assert read.word in types()
        elif read.kind in {"[]", "{}"}:
            assert not read.word or read.word in FORMATS
            check(read.items)
        elif read.kind == "s":
            assert not read.word or read.word in FORMATS
        else:
            assert read.kind in set("bilqtypo")

    for name in types():
        for field in properties(name).values():
            check(field.shape)
            assert field.since is None or OLDEST <= field.since.first <= NEWEST
    assert set(kinds().values()) <= set(types())


# what an emitter of Jobs may write, by the type that has it
FIELDS = {
    "ObjectMeta": "name namespace labels annotations ownerReferences generateName finalizers",
    "JobSpec": "parallelism completions completionMode backoffLimit backoffLimitPerIndex maxFailedIndexes suspend "
    "activeDeadlineSeconds ttlSecondsAfterFinished podFailurePolicy podReplacementPolicy successPolicy managedBy template",
    "CronJobSpec": "schedule timeZone concurrencyPolicy startingDeadlineSeconds suspend jobTemplate "
    "successfulJobsHistoryLimit failedJobsHistoryLimit",
    "PodSpec": "restartPolicy containers initContainers volumes nodeSelector tolerations affinity serviceAccountName "
    "imagePullSecrets securityContext priorityClassName runtimeClassName terminationGracePeriodSeconds hostUsers "
    "activeDeadlineSeconds automountServiceAccountToken enableServiceLinks resources resourceClaims schedulingGates "
    "topologySpreadConstraints",
    "Container": "name image imagePullPolicy command args workingDir env envFrom resources volumeMounts ports lifecycle "
    "securityContext terminationMessagePath terminationMessagePolicy restartPolicy restartPolicyRules startupProbe",
    "EnvVarSource": "fieldRef configMapKeyRef secretKeyRef resourceFieldRef fileKeyRef",
    "Volume": "name emptyDir configMap secret persistentVolumeClaim projected hostPath image csi ephemeral downwardAPI nfs",
    "VolumeMount": "name mountPath subPath subPathExpr readOnly",
    "ConfigMap": "metadata data binaryData immutable",
    "ServiceAccount": "metadata imagePullSecrets automountServiceAccountToken",
    "Role": "metadata rules",
    "RoleBinding": "metadata roleRef subjects",
    "ReplicatedJob": "name replicas dependsOn template",
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_an_emitter_finds_its_fields(name: str) -> None:
    assert not set(FIELDS[name].split()) - properties(name).keys()


def test_the_data_is_small_and_nothing_heavy_is_loaded() -> None:
    assert (Path(judge.__file__).parent / "schema.json").stat().st_size < 100_000
    code = (
        "import sys, json; sys.path[:0] = [sys.argv[1]]; from emit.objects import JOB; before = set(sys.modules);"
        "from dragoman.emit.kubernetes.judge import problems; assert not problems(JOB, 33);"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(mutants.__file__).parents[1])], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"pydantic", "jsonschema", "difflib", "inspect", "dataclasses", "yaml"}
    assert "dragoman.emit.kubernetes.judge.explain" not in loaded
