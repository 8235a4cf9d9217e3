"""Runs of flows on the tests' cluster: what is emitted is applied, and drivers are started as the emitted account."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from conformance.node import Node
from conformance.plane import Plane, until
from dragoman.drive.kubernetes.api import Api, Chosen
from dragoman.drive.kubernetes.coordinate import Self, coordinate, owner
from dragoman.drive.kubernetes.jobs import Jobs, World
from dragoman.drive.walk import Facts
from dragoman.emit.kubernetes.coordinator import PLAN_FILE, RULES
from dragoman.emit.kubernetes.job import ATTEMPT, RUN, TASK, Run, label
from dragoman.emit.kubernetes.settings import settings
from dragoman.load import yaml
from dragoman.lower.task import name_of
from dragoman.pipeline import render
from dragoman.plan import wire
from dragoman.policy.force import NO_POLICIES
from dragoman.report.progress import Progress

LONGEST = 20.0  # seconds that a run of the tests takes when nothing is wrong
HEAD = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {{name: f, namespace: {namespace}}}
spec:
  defaults: {{image: i}}
"""


class Runs:
    """One run of a flow in a namespace of its own. Its coordinator's Job waits: the drivers are this process."""

    def __init__(self, plane: Plane, node: Node, spec: str, rules: Sequence[Any] = RULES) -> None:
        self.plane, self.node, self.rules = plane, node, rules
        self.namespace = plane.namespace()
        self.said: list[str] = []
        text = HEAD.format(namespace=self.namespace) + "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
        [document] = yaml.parse(text, "f")
        done = render(document, {}, NO_POLICIES, "kubernetes", "", ["targets.kubernetes.ordering=coordinator"])
        bodies = {manifest.body["kind"]: manifest.body for manifest in done.emission.manifests}
        bodies["Job"] = {**bodies["Job"], "spec": {**bodies["Job"]["spec"], "suspend": True}}
        bodies["Role"] = {**bodies["Role"], "rules": list(rules)}
        made = {kind: plane.apply(body, self.namespace) for kind, body in bodies.items()}
        self.plan = wire.decode(json.loads(bodies["ConfigMap"]["data"][PLAN_FILE]))
        about = made["Job"]["metadata"]
        self.me = Self(about["name"], about["uid"], self.namespace, bodies["ConfigMap"]["metadata"]["name"])
        self.account = made["ServiceAccount"]["metadata"]["name"]
        until(self._may)
        self.api = plane.client(self.namespace, plane.token_of(self.namespace, self.account))

    def drive(self, api: Api | None = None, parameters: Sequence[str] = ()) -> bool:
        """One coordinator, until it ends."""
        progress = Progress(self.said.append, time.time)
        return coordinate(self.plan, self.me, parameters, api or self.api, self._world(progress), progress)

    def facts(self) -> Facts:
        """What a driver that comes later knows of each task."""
        progress = Progress(self.said.append, time.time, quiet=True)
        of = owner("batch/v1", "Job", self.me.name, self.me.uid)
        run = Run(self.plan.name, label(self.me.name), self.me.uid, self.namespace, of, self.me.plan)
        chosen = Chosen("jobs", name=self.me.name)
        jobs = Jobs(self.api, self.plan, settings(self.plan.options), run, chosen, self._world(progress))
        jobs.begin()
        jobs.stop()
        return jobs.known()

    def jobs(self) -> list[Any]:
        """The Jobs of tasks."""
        found: list[Any] = self.plane.get("Job", self.namespace, labelSelector=f"{RUN}={self.me.name}")
        return found

    def ran(self) -> list[str]:
        """The attempts whose containers began, in their order: `shards[2].train`, its second `shards[2].train#2`."""
        names = self.names()
        return [names[job] for job in self.node.ran(self.namespace)]

    def names(self) -> dict[str, str]:
        """The attempts by the names of their Jobs."""
        return {job["metadata"]["name"]: named(job) for job in self.jobs()}

    def texts(self) -> str:
        """All that the drivers said."""
        return "".join(self.said)

    def _may(self) -> bool:
        """Whether the API server knows the account's rights by now."""
        user = f"system:serviceaccount:{self.namespace}:{self.account}"
        rule = next(rule for rule in self.rules if rule["verbs"])
        resource, _, part = rule["resources"][0].partition("/")
        asked = {"namespace": self.namespace, "verb": rule["verbs"][0], "resource": resource, "subresource": part}
        asked["group"] = rule["apiGroups"][0]
        body = {"spec": {"user": user, "resourceAttributes": asked}}
        found = self.plane.call("POST", "apis/authorization.k8s.io/v1/subjectaccessreviews", body)
        return bool(found.body["status"]["allowed"])

    def _world(self, progress: Progress) -> World:
        latest = time.monotonic() + LONGEST

        def clock() -> float:
            assert time.monotonic() < latest, f"it hangs: {self.texts()}{self.node.failures}{self._pods()}"
            return time.time()

        return World(clock, lambda seconds: time.sleep(min(seconds, 0.2)), progress.note)

    def _pods(self) -> list[Any]:
        return [(pod["metadata"], pod["status"]) for pod in self.plane.get("Pod", self.namespace)]


def named(job: Any) -> str:
    """The attempt that a Job is."""
    notes = job["metadata"]["annotations"]
    attempt, name = int(notes[ATTEMPT]), name_of(tuple(json.loads(notes[TASK])))
    return name if attempt == 1 else f"{name}#{attempt}"
