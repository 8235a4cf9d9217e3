"""Tasks as Jobs of a cluster: the compute of whoever drives a run there. All that it knows, the Jobs know."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from queue import Empty
from typing import NamedTuple

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.api import Api, Chosen, Object
from dragoman.drive.kubernetes.ending import MOST, deleted, ending
from dragoman.drive.kubernetes.facts import JOB_NAME, RESULT, Job, Pod, job_of, pod_of, seconds
from dragoman.drive.kubernetes.known import Known
from dragoman.drive.kubernetes.patience import LONGEST_PAUSE, PAUSE, patiently
from dragoman.drive.kubernetes.watching import Interest, Missing, News, Note, Watching
from dragoman.drive.walk import Facts
from dragoman.emit.kubernetes.job import RUN, Run, task_job
from dragoman.emit.kubernetes.settings import Settings
from dragoman.lower.task import Attempt, Id, Task
from dragoman.plan.model import Address, Plan, Step

NOT_FOUND = 404
REFUSED = frozenset({400, 403, 413, 422})


class OwnerGone(Exception):
    """The object that the run's Jobs belong to was deleted, and they with it."""


class Owner(NamedTuple):
    """The object that the run's Jobs belong to; `leaving` when it is being deleted."""

    uid: str
    created: float
    leaving: bool


class World(NamedTuple):
    """How time passes, and who hears about the contact with the API."""

    clock: Callable[[], float]
    sleep: Callable[[float], object]
    note: Callable[[str], object]


class Jobs:
    """See `Compute`. `begin` comes before everything else; every method may raise `ApiError`."""

    def __init__(self, api: Api, plan: Plan, settings: Settings, run: Run, owner: Chosen, world: World) -> None:
        self.api, self.settings, self.run, self.world = api, settings, run, world
        self.steps = dict(_by_address((*plan.steps, *plan.on_exit)))
        self.now = Known()
        self.stopping: set[str] = set()
        self.unseen: set[str] = set()  # Jobs older than a list of the pods, and theirs was not in it
        self.created = 0.0
        self.full_until, self.full_for = 0.0, PAUSE
        self.watching = Watching(api, world.sleep)
        self.owner = Interest(owner, _owner, lambda found: found.uid, lambda: frozenset({run.uid}))
        label, open_ = f"{RUN}={run.name}", self.now.open
        self.jobs: Interest[Job] = Interest(
            Chosen("jobs", label), lambda seen: job_of(seen, run.uid), _name, lambda: frozenset(open_.copy())
        )
        self.pods: Interest[Pod] = Interest(Chosen("pods", label), pod_of, _job, self.now.awaited)

    def begin(self) -> None:
        """Learn all that has happened so far, and watch what happens from now on."""
        note = self.world.note
        owners, of_owner = self.watching.listed(self.owner, note)
        self.created = self._own(owners).created
        jobs, of_jobs = self.watching.listed(self.jobs, note)
        pods, of_pods = self.watching.listed(self.pods, note)  # after the Jobs: a pod that is not here now is gone
        for job in jobs:
            self.now.job(job)
        for pod in pods:
            self.now.pod(pod)
        for name in self.now.ended() - self.now.pods.keys():
            self.now.no_pod(name)
        for name in list(self.now.open):
            self._settle(name)
        self.unseen = self.now.open.keys() - self.now.pods.keys()
        self.watching.begin(self.owner, of_owner)
        self.watching.begin(self.jobs, of_jobs)
        self.watching.begin(self.pods, of_pods)

    def began(self) -> float:
        """See `Compute`: when the owner was created."""
        return self.created

    def known(self) -> Facts:
        """See `Compute`."""
        return self.now.attempts

    def fits(self, task: Task) -> bool:
        """Always, but for a while after the namespace's quota was used up."""
        return self.world.clock() >= self.full_until

    def start(self, task: Task) -> None:
        """See `Compute`. A Job that the cluster refuses for what it holds has failed."""
        body = task_job(task, self.settings, self.run)
        name = body["metadata"]["name"]
        try:
            patiently(lambda: self.api.apply("jobs", body), self.world.sleep, self.world.note)
            self.full_for = PAUSE
        except ApiError as error:
            if not self._there(error):
                self._refused(task, error)
                return
        self.now.job(Job(name, task.id, task.attempt, "running", created=self.world.clock()))

    def end(self, task: Id) -> None:
        """See `Compute`: the Job controller stops the pod, the Job stays."""
        name = self.now.names.get(task)
        if name is not None and name not in self.stopping:
            self.stopping.add(name)
            self._patch(name, {"spec": {"activeDeadlineSeconds": 1}})

    def wait(self, seconds: float) -> None:
        """See `Compute`; raises `OwnerGone` when the run's Jobs are being deleted."""
        try:
            self._hear(self.watching.news.get(timeout=seconds))
            while True:
                self._hear(self.watching.news.get_nowait())
        except Empty:
            return

    def stop(self) -> None:
        """Watch no longer. The Jobs go on: whoever drives the run next finds them."""
        self.watching.over.set()

    def log(self, task: Id, lines: int) -> str:
        """The end of what the last failed attempt of a task wrote."""
        from dragoman.emit.kubernetes.pod import MAIN

        return self.api.log(self.now.failed.get(task, ""), MAIN, last=lines)

    def _hear(self, news: News) -> None:
        if isinstance(news, Exception):
            raise news
        if isinstance(news, Note):
            self.world.note(news.text)
        elif isinstance(news, Missing):
            self._miss(news)
        elif isinstance(news.fact, Owner):
            self._own([] if news.deleted else [news.fact])
        elif isinstance(news.fact, Job):
            self._see(news.fact, deleted=news.deleted)
        elif isinstance(news.fact, Pod) and self.now.pod(news.fact, deleted=news.deleted):
            self._settle(news.fact.job)

    def _see(self, job: Job, *, deleted: bool) -> None:
        if not self.now.job(job):
            return
        if deleted and job.phase == "running":
            self._deleted(job.name)
        else:
            self._settle(job.name)

    def _miss(self, missing: Missing) -> None:
        if missing.chosen == self.owner.chosen and missing.names:
            self._own([])
        names = missing.names & self.now.open.keys()
        if missing.chosen == self.pods.chosen:
            self.unseen |= self.now.open.keys() - self.now.pods.keys()
            for name in names:
                self.now.no_pod(name)
            for name in sorted(names | (self.unseen & self.now.ended())):
                self._settle(name)
            return
        for name in sorted(names):
            if self.now.open[name].phase == "running":
                self._deleted(name)

    def _settle(self, name: str) -> None:
        """Let the attempt of a Job end, if it has and all is there that tells how."""
        job = self.now.open[name]
        step = self.steps.get(_address(job.task))
        if job.phase == "running" or step is None:
            return
        found = ending(job, self.now.pods.get(name), step, self._log)
        if found is None and name in self.unseen and name not in self.now.pods:
            self._look(name)
            found = ending(job, self.now.pods.get(name), step, self._log)
        if found is None:
            return
        if found.note is not None:
            self._patch(name, {"metadata": {"annotations": {RESULT: json.dumps(found.note, separators=(",", ":"))}}})
        self.now.close(name, found.attempt)

    def _look(self, name: str) -> None:
        """Find the pod of a Job that has ended: no watch tells of one that went before the watch began."""
        found, _ = self.watching.listed(
            self.pods._replace(chosen=Chosen("pods", f"{JOB_NAME[1]}={name}")), self.world.note
        )
        for pod in found:
            self.now.pod(pod)
        if not found:
            self.now.no_pod(name)

    def _deleted(self, name: str) -> None:
        """A Job was deleted before it ended: all of them are, when their owner is."""
        owners, _ = self.watching.listed(self.owner, self.world.note)
        self._own(owners)
        self.now.close(name, deleted(self.now.open[name])._replace(ended=self.world.clock()))

    def _own(self, found: Sequence[Owner]) -> Owner:
        for owner in found:
            if owner.uid == self.run.uid and not owner.leaving:
                return owner
        raise OwnerGone

    def _refused(self, task: Task, error: ApiError) -> None:
        if error.status == 403 and "exceeded quota" in error.message:  # of Jobs: it may have room later
            self.full_until = self.world.clock() + self.full_for
            self.full_for = min(2 * self.full_for, LONGEST_PAUSE)
            self.world.note(f"{task.name} waits: {error.message}")
            return
        forbidden = any(f"cannot {verb} resource" in error.message for verb in ("patch", "create"))
        if error.status not in REFUSED or forbidden:
            raise error
        now = self.world.clock()
        message = f"Kubernetes refuses its Job: {error.message}"
        self.now.put(task.id, Attempt(task.attempt, "failed", {}, None, "error", message, now, now))

    def _there(self, error: ApiError) -> bool:
        """Whether a Job was refused because another driver, of another version, has made it."""
        return error.status == 422 and "field is immutable" in error.message

    def _patch(self, name: str, body: Object) -> None:
        try:
            patiently(lambda: self.api.patch("jobs", name, body), self.world.sleep, self.world.note)
        except ApiError as error:
            if error.status != NOT_FOUND:  # who deleted it, does not want to know
                raise

    def _log(self, pod: str, container: str) -> str:
        return patiently(lambda: self.api.log(pod, container, most=MOST), self.world.sleep, self.world.note)


def _owner(seen: Object) -> Owner:
    about = seen["metadata"]
    return Owner(about["uid"], seconds(about["creationTimestamp"]) or 0.0, "deletionTimestamp" in about)


def _name(job: Job) -> str:
    return job.name


def _job(pod: Pod) -> str:
    return pod.job


def _address(task: Id) -> Address:
    return tuple(part for part in task if isinstance(part, str))


def _by_address(steps: Sequence[Step]) -> list[tuple[Address, Step]]:
    found: list[tuple[Address, Step]] = []
    for step in steps:
        found += [(step.address, step), *_by_address(step.steps)]
    return found
