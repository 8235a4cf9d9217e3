"""What a driver knows of its Jobs and their pods: an attempt of each, and little more while they run."""

from __future__ import annotations

from dragoman.drive.kubernetes.facts import Job, Pod
from dragoman.lower.task import Attempt, Id


class Known:
    """The facts of one run.

    attempts  of each task, in their order
    open      Jobs whose attempt has not ended yet, by their names
    pods      their pods, by the Jobs' names: of several the newest
    names     the open Job of each task
    failed    the pod of each task's last failure, for those who want its log
    """

    def __init__(self) -> None:
        self.attempts: dict[Id, list[Attempt]] = {}
        self.open: dict[str, Job] = {}
        self.pods: dict[str, Pod] = {}
        self.names: dict[Id, str] = {}
        self.failed: dict[Id, str] = {}
        self._closed: set[str] = set()

    def ended(self) -> frozenset[str]:
        """Jobs that have ended and whose attempts have not: their pods are still to tell how."""
        return frozenset(name for name, job in self.open.copy().items() if job.phase != "running")

    def awaited(self) -> frozenset[str]:
        """Jobs whose pods a new list must have: it has ended, or its pod was there when one looked last."""
        return self.ended() | {name for name, pod in self.pods.copy().items() if not pod.gone}

    def job(self, job: Job) -> bool:
        """Learn of a Job; whether its attempt is still open."""
        if job.name in self._closed:
            return False
        older = self.open.get(job.name)
        if older is None or older.phase == "running":
            self.open[job.name] = job
            self.names[job.task] = job.name
        self._running(job.name)
        return True

    def pod(self, pod: Pod, *, deleted: bool = False) -> bool:
        """Learn of a pod; whether its Job's attempt is still open, as far as one knows."""
        if pod.job in self._closed:
            return False
        newest = self.pods.get(pod.job)
        if newest is not None and newest.name != pod.name and newest.created > pod.created:
            return False
        self.pods[pod.job] = pod._replace(gone=deleted)
        if pod.job not in self.open:
            return False
        self._running(pod.job)
        return True

    def no_pod(self, name: str) -> None:
        """The pod of a Job is not there any more; nobody saw it end."""
        pod = self.pods.get(name) or Pod("", name, "", "running")
        self.pods[name] = pod._replace(gone=True)

    def close(self, name: str, attempt: Attempt) -> None:
        """An attempt has ended: its Job and its pod are not looked at again."""
        job, pod = self.open.pop(name), self.pods.pop(name, None)
        self._closed.add(name)
        if self.names.get(job.task) == name:
            del self.names[job.task]
        if attempt.phase == "failed" and pod is not None:
            self.failed[job.task] = pod.name
        self.put(job.task, attempt)

    def put(self, task: Id, attempt: Attempt) -> None:
        """Keep an attempt among the others of its task."""
        tries = self.attempts.setdefault(task, [])
        others = [one for one in tries if one.number != attempt.number]
        tries[:] = sorted([*others, attempt], key=lambda one: one.number)

    def _running(self, name: str) -> None:
        job, pod = self.open[name], self.pods.get(name)
        waits = "it waits in its queue" if job.suspended else ""
        here = pod is not None and not pod.gone
        message = waits or (pod.message if pod is not None and here and pod.phase == "running" else "")
        began = pod.started if pod is not None and here and pod.started is not None else job.created
        self.put(job.task, Attempt(job.attempt, "running", message=message, started=began))
