"""What a driver does when the API stumbles: lost watches, throttling, failures, objects that somebody deletes."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Mapping
from threading import Thread, Timer
from typing import Any

import pytest

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.facts import RESULT
from dragoman.drive.kubernetes.jobs import OwnerGone
from dragoman.drive.kubernetes.patience import LONGEST_PAUSE, TRIES
from dragoman.emit.kubernetes.outputs import CARRIER
from drive.kubernetes_cluster import Ended, imagined
from drive.kubernetes_memory import Call, Memory
from drive.kubernetes_runs import Killed, Mortal, Runs, plan_of, running
from drive.scenarios import SCENARIOS

FLOW = SCENARIOS["a loop over an output, and its results"]


def each(number: int, error: Callable[[], ApiError], *verbs: str) -> Callable[[Call], ApiError | None]:
    """Refuse each n-th call of some verbs."""
    count = 0

    def refuse(call: Call) -> ApiError | None:
        nonlocal count
        count += call.verb in verbs
        return error() if call.verb in verbs and count % number == 0 else None

    return refuse


@pytest.mark.parametrize(
    "error",
    [
        ApiError(429, "too many requests", 7),
        ApiError(500, "etcdserver: request timed out"),
        ApiError(503, "no endpoints"),
        ApiError(0, "connection refused"),
        ApiError(409, "the object has been modified"),
    ],
    ids=lambda error: str(error.status),
)
def test_calls_that_fail_are_made_again(error: ApiError) -> None:
    with running() as runs:
        runs.memory.refuse = each(2, lambda: error, "apply", "patch", "list", "log")
        assert runs.drive(plan_of(FLOW.spec), runs.begin())
        assert sorted(runs.ran()) == sorted(FLOW.ran)
        assert max(error.after, 1.0) in runs.slept
        assert f"lost contact ({error.message}); trying again in {max(error.after, 1):.0f}s" in runs.texts()


@pytest.mark.parametrize(
    "error", [ApiError(0, "the connection broke"), ApiError(410, "too old"), ApiError(504, "slow")]
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_watches_that_break_at_events(error: ApiError, number: int) -> None:
    broken: set[str] = set()
    met: dict[str, int] = {}

    def refuse(call: Call) -> ApiError | None:
        if call.verb != "event" or call.name in broken or met.setdefault(call.name, len(met)) % number:
            return None
        broken.add(call.name)
        return error

    with running() as runs:
        runs.memory.refuse = refuse
        assert runs.drive(plan_of(FLOW.spec), runs.begin())
        assert sorted(runs.ran()) == sorted(FLOW.ran)
        assert broken


def test_history_that_is_compacted_under_the_watches() -> None:
    with running() as runs:

        def work(pod: Mapping[str, Any]) -> Ended:
            runs.memory.forget()
            return imagined(pod)

        runs.cluster.work = work
        assert runs.drive(plan_of(FLOW.spec), runs.begin())
        assert sorted(runs.ran()) == sorted(FLOW.ran)


def test_an_api_that_stays_away() -> None:
    with running() as runs:
        runs.memory.refuse = lambda call: ApiError(0, "no route to host") if call.verb == "apply" else None
        with pytest.raises(ApiError, match="no route to host"):
            runs.drive(plan_of(FLOW.spec), runs.begin())
        assert [seconds for seconds in runs.slept if seconds != 1][-1] == LONGEST_PAUSE
        assert runs.memory.counted()["apply"] == TRIES + 1
        runs.memory.refuse = lambda call: None  # the coordinator's next pod goes on
        assert not runs.ran()


def test_a_watch_that_may_not_be_opened_ends_the_driver() -> None:
    with running() as runs:
        refused = ApiError(403, 'pods is forbidden: User "x" cannot watch resource "pods"')
        runs.memory.refuse = lambda call: refused if (call.verb, call.kind) == ("watch", "pods") else None
        with pytest.raises(ApiError, match="cannot watch"):
            runs.drive(plan_of("steps: {a: {command: [sleep, '60']}}"), runs.begin())


def test_the_owner_is_deleted() -> None:
    with running() as runs:
        plan, me = (
            plan_of("steps: {a: {retry: {limit: 5}, command: [sleep, '60']}, b: {needs: [a], command: ['true']}}"),
            runs.begin(),
        )
        Timer(0.2, lambda: runs.memory.remove("jobs", me.name)).start()
        with pytest.raises(OwnerGone):
            runs.drive(plan, me)
        assert runs.memory.counted()["apply"] == 1
        with pytest.raises(OwnerGone):
            runs.drive(plan, me)  # no other driver does anything
        runs.begin(me.name)  # another one of that name neither
        with pytest.raises(OwnerGone):
            runs.drive(plan, me)
        assert runs.memory.counted()["apply"] == 1


def test_the_owner_is_being_deleted() -> None:
    with running() as runs:
        plan, me = plan_of("steps: {a: {command: [sleep, '60']}}"), runs.begin()
        leaving = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
        Timer(0.2, lambda: runs.memory.change("jobs", me.name, leaving)).start()
        with pytest.raises(OwnerGone):
            runs.drive(plan, me)


def test_jobs_of_an_older_run_of_that_name_are_not_ours() -> None:
    with running() as runs:
        plan, me = plan_of(SCENARIOS["order"].spec), runs.begin()
        assert runs.drive(plan, me)
        runs.cluster.ran.clear()
        other = runs.begin(me.name)
        assert runs.drive(plan, other)
        names = {reference["uid"] for job in runs.jobs() for reference in job["metadata"]["ownerReferences"]}
        assert names <= {me.uid, other.uid}
        assert len(runs.cluster.ran) == 4


@pytest.mark.parametrize(("retry", "succeeds"), [("retry: {limit: 1, causes: [spot]}, ", True), ("", False)])
@pytest.mark.parametrize("watched", [True, False], ids=["seen", "while no watch stood"])
def test_a_running_job_that_somebody_deletes_has_failed(retry: str, succeeds: bool, watched: bool) -> None:
    with running() as runs:
        plan, me = (
            plan_of(f"steps: {{a: {{{retry}command: [sleep, \"${{{{ attempt == 1 ? '60' : '0' }}}}\"]}}}}"),
            runs.begin(),
        )

        def remove() -> None:
            [job] = runs.jobs()
            runs.memory.remove("jobs", job["metadata"]["name"])
            if not watched:
                runs.memory.forget()

        Timer(0.3, remove).start()
        assert runs.drive(plan, me) is succeeds
        assert "its Job was deleted while it ran" in runs.texts()
        assert runs.memory.counted()["apply"] == 1 + succeeds


def test_a_job_that_ended_may_be_deleted() -> None:
    with running() as runs:
        plan, me = plan_of(SCENARIOS["order"].spec), runs.begin()

        def work(pod: Mapping[str, Any]) -> Ended:
            for job in runs.jobs():
                if (job.get("status") or {}).get("conditions"):
                    runs.memory.remove("jobs", job["metadata"]["name"])
            return imagined(pod)

        runs.cluster.work = work
        assert runs.drive(plan, me)
        assert runs.memory.counted()["apply"] == 4


def test_outputs_that_are_gone_with_their_pod() -> None:
    """Nobody drove while the step ran; when somebody does, its pod is not there any more."""
    with running() as runs:
        plan, me = plan_of("steps: {a: {command: [give, n=1], outputs: {n: {type: int}}}}"), runs.begin()
        first = Runs.drive
        runs.cluster.hold = lambda pod: True
        thread = Thread(target=lambda: _stopped(lambda: first(runs, plan, me)))
        runs.memory.refuse = lambda call: ApiError(403, "no") if call.verb == "patch" else None
        thread.start()
        while not runs.ran():
            time.sleep(0.01)
        runs.cluster.hold = lambda pod: False
        thread.join()
        [pod] = runs.memory.all("pods")
        runs.memory.remove("pods", pod["metadata"]["name"])
        runs.memory.refuse = lambda call: None
        assert not runs.drive(plan, me)
        assert "it succeeded, but its pod was gone before its outputs were read" in runs.texts()
        [job] = runs.jobs()
        assert json.loads(job["metadata"]["annotations"][RESULT])["cause"] == "spot"


def _stopped(drive: Callable[[], object]) -> None:
    with pytest.raises(ApiError, match="no"):
        drive()


def test_what_a_pod_told_outlives_it() -> None:
    flow = """
steps:
  a: {command: [give, n=1, t=x], outputs: {n: {type: int}, t: {}}}
  b: {command: [fail, "3"]}
  c: {needs: {a: succeeded, b: failed}, when: steps.a.outputs.n == 1, command: ["true"]}
"""
    with running() as runs:
        plan, me = plan_of(flow), runs.begin()
        assert runs.drive(plan, me)
        for pod in runs.memory.all("pods"):
            runs.memory.remove("pods", pod["metadata"]["name"])
        applied = runs.memory.counted()["apply"]
        assert runs.drive(plan, me)
        assert runs.memory.counted()["apply"] == applied


def test_a_quota_of_jobs_is_waited_for() -> None:
    full = ApiError(403, 'jobs.batch "f" is forbidden: exceeded quota: q, requested: count/jobs.batch=1')
    with running() as runs:
        refusals = iter([full, full])
        runs.memory.refuse = lambda call: next(refusals, None) if call.verb == "apply" else None
        assert runs.drive(plan_of("steps: {a: {command: ['true']}}"), runs.begin())
        assert runs.memory.counted()["apply"] == 3
        assert "a waits: jobs.batch" in runs.texts()


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_job_that_the_cluster_refuses_has_failed(status: int) -> None:
    refused = ApiError(status, 'admission webhook "policy" denied the request: no latest tags')
    with running() as runs:
        runs.memory.refuse = lambda call: refused if call.verb == "apply" else None
        assert not runs.drive(plan_of("steps: {a: {command: ['true']}}"), runs.begin())
        assert "a: failed" in runs.texts()
        assert "Kubernetes refuses its Job: admission webhook" in runs.texts()


def test_rights_that_are_missing_end_the_driver() -> None:
    refused = ApiError(403, 'jobs.batch "f" is forbidden: User "x" cannot patch resource "jobs" in API group "batch"')
    with running() as runs:
        runs.memory.refuse = lambda call: refused if call.verb == "apply" else None
        with pytest.raises(ApiError, match="cannot patch"):
            runs.drive(plan_of("steps: {a: {command: ['true']}}"), runs.begin())


def test_why_a_pod_waits_is_told() -> None:
    with running() as runs:
        assert runs.drive(plan_of("steps: {a: {env: {ACCIDENT: image}, command: ['true']}}"), runs.begin())
        assert 'a: running: its image cannot be pulled: Back-off pulling image "i"' in runs.texts()


@pytest.mark.parametrize("size", [4095, 4096, 9000])
def test_a_termination_message_that_was_cut(size: int) -> None:
    flow = f"steps: {{a: {{command: [give, n={'1' * size}], outputs: {{n: {{type: string, path: /srv/n}}}}}}}}"
    with running(lambda pod: Ended(0, {"/srv/n": "1" * size})) as runs:
        assert runs.drive(plan_of(flow), runs.begin()) is (size < 4096)
        told = "output `n` has 4096 bytes or more, and Kubernetes keeps no more of it: leave `path` out"
        assert (told in runs.texts()) is (size >= 4096)


def test_a_carrier_that_hands_nothing_on() -> None:
    with running() as runs:

        def lose(call: Call) -> None:
            for pod in runs.memory.all("pods"):
                for one in (pod.get("status") or {}).get("initContainerStatuses") or ():
                    one["state"] = {"terminated": {"exitCode": 137, "message": ""}}

        runs.memory.refuse = lose
        assert not runs.drive(plan_of("steps: {a: {command: [give, n=1], outputs: {n: {}}}}"), runs.begin())
        assert f"its outputs could not be read: the container `{CARRIER}` did not hand them on" in runs.texts()


def test_a_thousand_items_cost_two_calls_each_and_little_memory() -> None:
    flow = """
steps:
  each: {foreach: {range: 1000, parallelism: 200}, command: [give, "n=${{ item }}"], outputs: {n: {type: int}}}
  sum: {when: 'size(steps.each.outputs.n) == 1000 && steps.each.outputs.n[999] == 999', command: ["true"]}
"""
    with running() as runs:
        assert runs.drive(plan_of(flow), runs.begin())
        assert runs.memory.counted() == {"apply": 1001, "patch": 1000}
        lists = [call for call in runs.memory.calls if call.verb == "list"]
        assert len(lists) == 3
        assert len(runs.ran()) == 1001


def test_facts_stay_small() -> None:
    """What a driver keeps of a Job does not grow with the Job's and the pod's own size."""
    from dragoman.drive.kubernetes.facts import job_of, pod_of
    from dragoman.drive.kubernetes.known import Known

    with running() as runs:
        plan, me = plan_of("steps: {a: {command: [give, n=1], outputs: {n: {type: int}}}}"), runs.begin()
        assert runs.drive(plan, me)
        [job], [pod] = runs.jobs(), runs.memory.all("pods")
    uid = me.uid
    sizes = []
    for weight in (1, 200):
        known = Known()
        big = {"spec": {"filler": ["x" * 100] * weight}}
        texts = [json.dumps({**item, **big}) for item in (job, pod)]
        tracemalloc.start()
        for number in range(100):
            seen = [json.loads(text.replace(job["metadata"]["name"], f"job-{number}")) for text in texts]
            fact, about = job_of(seen[0], uid), pod_of(seen[1])
            assert fact is not None
            assert about is not None
            known.job(fact._replace(task=("a", number)))
            known.pod(about)
        del seen
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert sizes[1] < sizes[0] * 1.2


def test_a_memory_is_a_cluster_whose_objects_are_what_was_applied() -> None:
    memory = Memory()
    body = {"metadata": {"name": "a"}, "spec": {"template": {"x": 1}}}
    memory.apply("jobs", body)
    version = memory.version
    memory.apply("jobs", body)
    assert memory.version == version  # nothing has changed
    with pytest.raises(ApiError, match="field is immutable"):
        memory.apply("jobs", {"metadata": {"name": "a"}, "spec": {"template": {"x": 2}}})


def test_a_pod_that_goes_between_the_list_of_jobs_and_that_of_pods() -> None:
    with running() as runs:
        plan, me = plan_of("steps: {a: {command: [sleep, '60']}}"), runs.begin()
        with pytest.raises(Killed):
            runs.drive(plan, me, Mortal(runs.memory, 4, answered=True))
        while not (pods := runs.memory.all("pods")):
            runs.memory.wait(runs.memory.version, 0.1)

        def refuse(call: Call) -> None:
            if (call.verb, call.kind) == ("list", "pods"):
                runs.memory.remove("pods", pods[0]["metadata"]["name"])

        runs.memory.refuse = refuse
        assert not runs.drive(plan, me)
        assert "a: failed: its pod is gone" in runs.texts().replace(" in 0s", "")


def test_a_pod_that_goes_while_no_watch_lasts() -> None:
    with running() as runs:
        plan, me = plan_of("steps: {a: {command: [sleep, '60']}}"), runs.begin()

        told = 0

        def refuse(call: Call) -> ApiError | None:
            nonlocal told
            told += (call.verb, call.kind) == ("event", "pods")
            if (call.verb, call.kind) != ("event", "pods") or told != 2:  # it is there, it runs
                return None
            runs.memory.remove("pods", call.name)
            return ApiError(410, "too old")

        runs.memory.refuse = refuse
        assert not runs.drive(plan, me)
        assert "a: failed: its pod is gone" in runs.texts().replace(" in 0s", "")
