"""AWS Batch: job queues, the compute environments behind them, and jobs that are larger than any of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.plan.footprint import BATCH
from policy.enforcing import Judged, judged, wrong

ARN = "arn:aws:batch:eu-west-1:123456789012"


def environment(name: str, most: int | None, **more: Any) -> dict[str, Any]:
    resources = {} if most is None else {"computeResources": {"type": "EC2", "maxvCpus": most, "desiredvCpus": 2}}
    return {"computeEnvironmentName": name, "computeEnvironmentArn": f"{ARN}:compute-environment/{name}",
            "type": "MANAGED", "state": "ENABLED", **resources, **more}  # fmt: skip


def queue(name: str, *behind: str, **more: Any) -> dict[str, Any]:
    order = [{"order": n, "computeEnvironment": f"{ARN}:compute-environment/{one}"} for n, one in enumerate(behind)]
    return {"jobQueueName": name, "jobQueueArn": f"{ARN}:job-queue/{name}", "state": "ENABLED",
            "computeEnvironmentOrder": order, **more}  # fmt: skip


def environments(*found: dict[str, Any]) -> str:
    return json.dumps({"computeEnvironments": found}, indent=4)


def queues(*found: dict[str, Any]) -> str:
    return json.dumps({"jobQueues": found}, indent=4)


def of(spec: str, *files: str) -> Judged:
    return judged(spec, *files, target="batch")


def limits(found: Judged) -> list[tuple[int, set[str]]]:
    assert all(
        (one.key, one.action, one.enforced, one.compute) == ("requests.cpu", "warn", True, BATCH)
        for one in found.quotas
    )
    return [(one.amount, {".".join(address) for address in one.covers or ()}) for one in found.quotas]


ONE = "queue: main\nsteps:\n  a: {image: b, resources: {cpu: 4}}"
MAIN = queues(queue("main", "spot", "firm"))


class TestQuotas:
    def test_what_the_environments_of_a_queue_may_have_together(self) -> None:
        found = of(ONE, environments(environment("spot", 256), environment("firm", 16), environment("x", 9)), MAIN)
        assert limits(found) == [(272_000, {"a"})]
        assert found.findings == []
        assert found.quotas[0].reason == "the job queue `main`"
        place = found.quotas[0].origin.span()
        assert place is not None
        assert (place.file, place.line) == ("file0.yaml", 10)

    @pytest.mark.parametrize("name", ["main", f"{ARN}:job-queue/main"])
    def test_names_and_arns(self, name: str) -> None:
        spec = f'queue: "{name}"\nsteps:\n  a: {{image: b}}'
        text = json.dumps({"jobQueueName": "main", "computeEnvironmentOrder": [{"computeEnvironment": "spot"}]})
        assert limits(of(spec, json.dumps(environment("spot", 8)), text)) == [(8000, {"a"})]

    @pytest.mark.parametrize("form", [environments(environment("s", 8)), json.dumps([environment("s", 8)]), json.dumps(environment("s", 8)),
        "computeEnvironmentName: s\ncomputeResources: {maxvCpus: 8}\n"])  # fmt: skip
    def test_forms_of_a_file(self, form: str) -> None:
        assert limits(of(ONE, form, queues(queue("main", "s")))) == [(8000, {"a"})]

    def test_the_queue_of_a_step(self) -> None:
        spec = (
            "queue: main\ntargets: {batch: {queue: rest, accelerators: {l4: gpus}}}\n"
            "steps:\n  a: {image: b}\n  c: {image: b, queue: other}"
        )
        text = queues(*(queue(name, name) for name in ("main", "other", "rest", "gpus")))
        sizes = environments(*(environment(name, n) for n, name in enumerate(("main", "other", "rest", "gpus"), 1)))
        assert limits(of(spec, text, sizes)) == [(1000, {"a"}), (2000, {"c"})]
        assert limits(of(spec.replace("queue: main\n", ""), text, sizes)) == [(3000, {"a"}), (2000, {"c"})]

    def test_queues_that_share_an_environment(self) -> None:
        spec = "steps:\n" + "".join(f"  {name}: {{image: b, queue: q{name}}}\n" for name in "abcd")
        text = queues(queue("qa", "x"), queue("qb", "x", "y"), queue("qc", "y"), queue("qd", "z"))
        found = of(spec, text, environments(environment("x", 1), environment("y", 2), environment("z", 4)))
        assert limits(found) == [
            (1000, {"a"}),
            (3000, {"b"}),
            (2000, {"c"}),
            (4000, {"d"}),
            (3000, {"a", "b", "c"}),
        ]
        assert found.quotas[-1].reason == "the job queues `qa`, `qb`, `qc` together"

    def test_without_a_limit_there_is_no_quota(self) -> None:
        unmanaged = environment("firm", None, type="UNMANAGED")
        assert of(ONE, environments(environment("spot", 8), unmanaged), MAIN).quotas == []
        assert of(ONE, environments(environment("spot", 8)), MAIN).quotas == []  # no file has the other one

    def test_a_disabled_environment_has_nothing(self) -> None:
        found = of(ONE, environments(environment("spot", 8), environment("firm", 9, state="DISABLED")), MAIN)
        assert limits(found) == [(8000, {"a"})]

    def test_pods_are_not_its_own(self) -> None:
        found = judged(ONE, environments(environment("spot", 8), environment("firm", 9)), MAIN)
        assert (found.quotas, found.findings) == ([], [])


class TestJobs:
    def test_a_job_larger_than_any_environment(self) -> None:
        found = of(ONE, environments(environment("spot", 2), environment("firm", 3)), MAIN)
        [error] = [one for one in found.findings if one.severity == "error"]
        assert error.message == (
            "step `a` asks for 4 vCPUs, and no compute environment of the job queue `main` may have more than 3"
        )
        assert (error.code, error.rule, error.address) == (
            "DRG438",
            "batch.vcpus",
            "spec.steps.a.resources.requests.cpu",
        )
        assert [(span.file, span.line, words) for span, words in error.related] == [
            ("file0.yaml", 21, "the largest of them")
        ]
        assert of(ONE, environments(environment("spot", 2), environment("firm", 4)), MAIN).findings == []
        less = of(ONE, environments(environment("spot", 2), environment("firm", 1)), MAIN)
        assert (less.said(), less.quotas[0].amount) == ([], 3000)  # the quota says so

    def test_what_is_not_known_is_not_judged(self) -> None:
        assert of(ONE, environments(environment("spot", 2)), MAIN).said() == []


class TestWays:
    def test_a_queue_that_files_have_not(self) -> None:
        found = of(ONE.replace("queue: main", "queue: man"), environments(environment("spot", 8)), MAIN)
        [finding] = found.findings
        assert (finding.code, finding.severity, finding.help) == ("DRG437", "warning", "did you mean `main`?")
        assert finding.message == "the files of `quotaFrom` have no job queue `man`"
        assert (finding.span and finding.span.line, finding.address) == (5, "spec.steps.a.queue")

    def test_no_queues_at_all(self) -> None:
        found = of(ONE, environments(environment("spot", 8)))
        assert found.said("info") == ["no file of `quotaFrom` says which compute environments the job queue `main` has"]

    def test_a_disabled_queue(self) -> None:
        text = queues(queue("main", "spot", state="DISABLED"))
        found = of(ONE, environments(environment("spot", 8)), text)
        assert found.said("warning") == ["the job queue `main` is disabled: it takes no jobs"]

    def test_a_step_without_a_queue(self) -> None:
        assert of("steps:\n  a: {image: b}", environments(environment("spot", 8)), MAIN).findings == []


WRONG = [
    (environment("e", None), "it says no `computeResources.maxvCpus`"),
    ({"computeEnvironmentName": "e", "computeResources": [1]}, "`computeResources` is a list, not a map"),
    ({"computeEnvironmentName": "e", "computeResources": {"maxvCpus": "many"}}, "`maxvCpus`: `many` is not a quantity"),
    ({"computeEnvironmentName": "e", "computeResources": {"maxvCpus": None}}, "`maxvCpus` is nothing, no quantity"),
]


@pytest.mark.parametrize(("body", "said"), WRONG)
def test_a_file_that_is_wrong(body: dict[str, Any], said: str) -> None:
    found = wrong(json.dumps(body))
    assert (found[0].code, found[0].message) == ("DRG431", f"compute environment `e`: {said}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"jobQueueName": "q", "computeEnvironmentOrder": {}}, "`computeEnvironmentOrder` is a map, not a list"),
        (
            {"jobQueueName": "q", "computeEnvironmentOrder": [{"computeEnvironment": 3}]},
            "`computeEnvironment` is a number, not a text",
        ),
    ],
)
def test_a_queue_that_is_wrong(body: dict[str, Any], said: str) -> None:
    [finding] = wrong(json.dumps({"jobQueues": [body]}))
    assert (finding.code, finding.message) == ("DRG431", f"job queue `q`: {said}")


@pytest.mark.parametrize("text", ['{"jobQueues": []}', '{"computeEnvironments": {}}', '{"jobQueues": [1, {"a": 2}]}'])
def test_an_answer_with_nothing_in_it(text: str) -> None:
    assert [one.code for one in wrong(text)] == ["DRG430"]
