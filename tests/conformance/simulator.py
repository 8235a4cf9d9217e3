"""Runs a WorkflowTemplate as Argo's controller would: every tag by Argo's own code, every pod as a local process.

The controller looks at the whole graph again whenever something has changed (workflow/controller/operator.go). Here,
whenever nothing more can start, one of the running pods runs its program and ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from conformance import pods
from conformance.dag import ABSENT, Dag
from conformance.kubelet import Sandbox
from conformance.nodes import FAILED, Node, Outputs, Pod, Run
from conformance.scope import INSTANT, inputs, parameters
from conformance.tags import Refused, Tags, go_json

_STATUS = {"Skipped": "Succeeded", "Omitted": "Succeeded"}


class Cluster(NamedTuple):
    """Where pods run, and what befalls them.

    directory  for the sandboxes of the pods
    programs   a directory with the programs that every image has
    accidents  pods that end in another way than by their program: (path, attempt) to what happens
    last_first whether the youngest running pod ends first, instead of the oldest
    """

    directory: Path
    programs: Path
    accidents: Mapping[tuple[str, int], Accident] = {}
    last_first: bool = False


class Accident(NamedTuple):
    """What Argo finds of a pod whose program did not run to its end; no exit code where the pod is gone."""

    message: str
    exit_code: str | None = None
    phase: str = "Failed"


def simulate(manifest: Mapping[str, Any], tags: Tags, cluster: Cluster, params: Mapping[str, str] | None = None) -> Run:
    """Run a WorkflowTemplate (or Workflow) to its end. `params`: what the one who starts it gives."""
    return Controller(manifest, tags, cluster, params or {}).run()


class Controller:
    """One run of one workflow."""

    def __init__(self, manifest: Mapping[str, Any], tags: Tags, cluster: Cluster, params: Mapping[str, str]) -> None:
        self.tags, self.cluster = tags, cluster
        self.spec: dict[str, Any] = deepcopy(manifest["spec"])
        self.templates: dict[str, dict[str, Any]] = {one["name"]: one for one in self.spec["templates"]}
        self.name = f"{manifest['metadata']['name']}-x7k2p"
        self.globals = _globals(self.name, manifest, self.spec, params)
        self.nodes: dict[str, Node] = {}
        self.waiting: dict[str, str] = {}  # what Argo would try again for ever, by path
        self._templates: dict[str, dict[str, Any]] = {}  # as processed for each node
        self._dags: dict[str, Dag] = {}
        self._active: list[tuple[Node, dict[str, Any], int]] = []
        self._most_at_once = 0
        self._pods: list[Pod] = []
        self._changes = 0
        self._broken = False  # the entry itself was wrong: Argo gives up at once

    def run(self) -> Run:
        """Look at the graph until nothing changes, let a pod end, and so on."""
        phase = ""
        while not phase:
            before = self._changes
            phase = self._operate()
            if self._changes == before and not phase:
                if not self._active:
                    break
                self._end(*self._active.pop(-1 if self.cluster.last_first else 0))
        attempts = {child.name for node in self.nodes.values() if node.kind == "Retry" for child in node.children}
        nodes = [node for node in self.nodes.values() if node.name not in attempts]
        return Run(
            phase or "Running",
            tuple(self._pods),
            {node.path: node.phase for node in nodes if node.path},
            {node.path: node.message for node in nodes if node.message} | self.waiting,
            self._most_at_once,
        )

    def add(
        self,
        name: str,
        path: str,
        kind: str,
        template: str,
        boundary: Node | None,
        phase: str = "Running",
        message: str = "",
    ) -> Node:
        """A new node."""
        self._changes += 1
        node = self.nodes[name] = Node(name, path, kind, template, boundary, phase, message)
        return node

    def settle(self, node: Node, phase: str, message: str = "") -> None:
        """A node that has ended."""
        self._changes += 1
        node.phase, node.message = phase, message or node.message

    def execute(
        self, name: str, path: str, template: str, arguments: Mapping[str, Any], boundary: Node | None, task: str = ""
    ) -> Node | None:
        """Bring a node as far as it gets now; None when it may not start yet."""
        node = self.nodes.get(name)
        if node is not None and node.fulfilled:
            return node
        try:
            processed = self._processed(name, self.templates[template], arguments, boundary, task)
            if self._too_many(processed, node, boundary):
                return node
            if "retryStrategy" in processed:
                return self._retry(node, name, path, processed, boundary)
            return self._work(name, path, processed, boundary, 0)
        except Refused as error:
            node = self.nodes.get(name) or self.add(name, path, "Skipped", template, boundary)
            self.settle(node, "Error", str(error))
            self._broken = self._broken or boundary is None
            return node

    def _operate(self) -> str:
        """The phase of the workflow, empty until it ended."""
        self.waiting.clear()
        self.globals["workflow.status"] = "Running"
        entry = self.execute(self.name, "", self.spec["entrypoint"], {}, None)
        if self._broken:
            return "Error"
        if entry is None or not entry.fulfilled:
            return ""
        status = self.globals["workflow.status"] = _STATUS.get(entry.phase, entry.phase)
        failed = [
            {"displayName": node.path, "phase": node.phase} for node in self.nodes.values() if node.phase in FAILED
        ]
        self.globals["workflow.failures"] = go_json(go_json(failed))
        if not self.spec.get("onExit"):
            return status
        ended = self.execute(f"{self.name}.onExit", "onExit", self.spec["onExit"], {}, None)
        if ended is None or not ended.fulfilled:
            return ""
        return ended.phase if status == "Succeeded" and ended.phase in FAILED else status

    def _processed(
        self, name: str, template: Mapping[str, Any], arguments: Mapping[str, Any], boundary: Node | None, task: str
    ) -> dict[str, Any]:
        """The template with the arguments as its inputs, after both passes."""
        if name in self._templates:
            return self._templates[name]
        filled = deepcopy(dict(template))
        for one in parameters(filled, "inputs"):
            given = arguments.get(one["name"], ABSENT)
            value = one.get("value", one.get("default")) if given is ABSENT else given
            if value is None:
                raise Refused(f"inputs.parameters.{one['name']} had no value")
            one["value"] = value
        local = {"node.name": name, "steps.name" if boundary is None else "tasks.name": task}
        if "dag" not in template and "retryStrategy" not in template:
            local["pod.name"] = self._pod_name(name, template)
        self._templates[name] = self._substituted(filled, local)
        return self._templates[name]

    def _substituted(self, template: Mapping[str, Any], local: Mapping[str, str]) -> dict[str, Any]:
        """The two passes of SubstituteParams: the second reads the inputs as the first has left them."""
        outer = {**self.globals, **local}
        inner = inputs(template)
        for one in parameters(template, "outputs"):
            if "path" in one["valueFrom"]:
                inner[f"outputs.parameters.{one['name']}.path"] = one["valueFrom"]["path"]
        if not any("{{" in value for value in inner.values()):
            return dict(self.tags.template(template, outer, inner))
        first = self.tags.replaced(template, outer)
        return dict(self.tags.replaced(first, {**outer, **inner, **inputs(first)}))

    def _too_many(self, template: Mapping[str, Any], node: Node | None, boundary: Node | None) -> bool:
        """Whether a limit on what runs at once keeps the node from going on."""
        active = [pod for pod, _, _ in self._active]
        if len(active) >= self.spec.get("parallelism", len(active) + 1):
            return True
        if node is not None and "parallelism" in template:
            return bool(sum(pod.boundary is node for pod in active) >= template["parallelism"])
        if boundary is None or node is not None:
            return False
        limit = self.templates[boundary.template].get("parallelism")
        children = (one for one in self.nodes.values() if one.boundary is boundary and one.kind in ("Pod", "DAG"))
        return limit is not None and sum(not one.fulfilled for one in children) >= int(limit)

    def _retry(self, node: Node | None, name: str, path: str, template: dict[str, Any], boundary: Node | None) -> Node:
        node = node or self.add(name, path, "Retry", template["name"], boundary)
        while True:
            last = node.children[-1] if node.children else None
            number = len(node.children)
            if last is not None:
                node.outputs = last.outputs
                if not last.fulfilled:
                    number -= 1
                elif last.phase not in FAILED:
                    self.settle(node, "Succeeded")
                    return node
                elif (reason := self._no_more(node, template["retryStrategy"])) is not None:
                    self.settle(node, last.phase, reason or last.message)
                    return node
            child = self._attempt(node, template, number, last)
            if not child.fulfilled:
                return node

    def _attempt(self, node: Node, template: dict[str, Any], number: int, last: Node | None) -> Node:
        name = f"{node.name}({number})"
        if name not in self.nodes:
            local = {"pod.name": self._pod_name(name, template), **_last_retry(number, last, first="0")}
            try:
                self._templates[name] = self._substituted(template, local)
                child = self._work(name, node.path, self._templates[name], node.boundary, number)
            except Refused as error:
                child = self.nodes.get(name) or self.add(name, node.path, "Skipped", node.template, node.boundary)
                self.settle(child, "Error", str(error))
            node.children.append(child)
            return child
        return self._work(name, node.path, self._templates[name], node.boundary, number)

    def _no_more(self, node: Node, strategy: Mapping[str, Any]) -> str | None:
        """Why a failed attempt was the last; None when it was not."""
        last = node.children[-1]
        policy = strategy.get("retryPolicy") or ("Always" if strategy.get("expression") else "OnFailure")
        wanted = {"Always": FAILED, "OnFailure": ("Failed",), "OnError": ("Error",)}[policy]
        if last.phase not in wanted:
            return ""
        if "limit" in strategy and len(node.children) > int(strategy["limit"]):
            return "No more retries left"
        if strategy.get("expression"):
            scope = _last_retry(len(node.children) - 1, last, first="-1")
            if self.tags.value("{{=" + strategy["expression"] + "}}", scope) != "true":
                return "retryStrategy.expression evaluated to false"
        return None

    def _work(self, name: str, path: str, template: dict[str, Any], boundary: Node | None, attempt: int) -> Node:
        node = self.nodes.get(name)
        if "suspend" in template:
            node = node or self.add(name, path, "Suspend", template["name"], boundary)
            if "duration" in template["suspend"]:  # time passes
                self.settle(node, "Succeeded")
            return node
        if "dag" in template:
            node = node or self.add(name, path, "DAG", template["name"], boundary)
            if name not in self._dags:
                self._dags[name] = Dag(self, node, template)
            self._dags[name].advance()
            return node
        if node is None:
            pod = self._pod(name, template)
            pods.admitted(pod)
            node = self.add(name, path, "Pod", template["name"], boundary)
            self._active.append((node, pod, attempt))
            self._most_at_once = max(self._most_at_once, len(self._active))
        return node

    def _pod(self, name: str, template: dict[str, Any]) -> dict[str, Any]:
        local = {"pod.name": self._pod_name(name, template)}
        pod = self.tags.replaced(pods.pod_of(template), {**self.globals, **inputs(template), **local})
        for patch in filter(None, (self.spec.get("podSpecPatch"), template.get("podSpecPatch"))):
            pod = pods.patched(pod, self._substituted({**template, "podSpecPatch": patch}, local)["podSpecPatch"])
        return dict(pod)

    def _pod_name(self, name: str, template: Mapping[str, Any]) -> str:
        return f"{self.name}-{template['name']}-{sha256(name.encode()).hexdigest()[:10]}"

    def _end(self, node: Node, pod: dict[str, Any], attempt: int) -> None:
        """Run a pod's program, and remember what became of it."""
        started = pods.started(pod, self._pod_name(node.name, self.templates[node.template]))
        accident = self.cluster.accidents.get((node.path, attempt))
        if accident is None:
            directory = self.cluster.directory / str(len(self._pods))
            sandbox = Sandbox(directory, started.directories, self.cluster.programs)
            ended = pods.ended(started, sandbox, keeps=self._is_read(node))
        else:
            ended = pods.Ended(accident.phase, accident.message, Outputs(exit_code=accident.exit_code), "")
        node.outputs = ended.outputs
        self.settle(node, ended.phase, ended.message)
        self._pods.append(
            Pod(
                node.path,
                node.template,
                attempt,
                started.command,
                started.env,
                started.resources,
                ended.phase,
                ended.message,
                ended.printed,
                ended.outputs.parameters,
                started.spec,
            )
        )

    def _is_read(self, node: Node) -> bool:
        """Argo keeps what a pod prints where the template around it mentions that result."""
        boundary = node.boundary
        text = go_json(self.templates[boundary.template]) if boundary else ""
        task = node.path.rpartition(".")[2].partition("(")[0]
        return any(f"{mention}.outputs.result" in text for mention in (f"tasks.{task}", f"tasks['{task}']"))


def _last_retry(number: int, last: Node | None, *, first: str) -> dict[str, str]:
    """The variables about the attempt before; `first` is the exit code where there is none."""
    code = last.outputs.exit_code if last is not None and last.outputs is not None else None
    return {
        "retries": str(number),
        "lastRetry.exitCode": first if code is None else code,
        "lastRetry.status": "" if last is None else last.phase,
        "lastRetry.duration": "0" if last is None else "1",  # nothing that is compared depends on a clock
        "lastRetry.message": "" if last is None else last.message,
    }


def _globals(
    name: str, manifest: Mapping[str, Any], spec: Mapping[str, Any], params: Mapping[str, str]
) -> dict[str, str]:
    """The variables of the workflow; raises KeyError for a parameter that it does not have."""
    declared = {one["name"]: one for one in (spec.get("arguments") or {}).get("parameters") or ()}
    values = {key: str(one["value"]) for key, one in declared.items() if "value" in one}
    values |= {key: value for key, value in params.items() if declared[key]}
    labels = ((spec.get("workflowMetadata") or {}).get("labels") or {}).items()
    return {
        "workflow.name": name,
        "workflow.namespace": manifest["metadata"].get("namespace", "default"),
        "workflow.uid": "3f0a6d3e-5f1c-4c57-9d0e-0b6f5a1f2c11",
        "workflow.mainEntrypoint": spec["entrypoint"],
        "workflow.serviceAccountName": spec.get("serviceAccountName", ""),
        "workflow.creationTimestamp": INSTANT,
        "workflow.duration": "0.000000",
        "workflow.parameters.json": go_json([{"name": key, "value": value} for key, value in values.items()]),
        **{f"workflow.parameters.{key}": value for key, value in values.items()},
        **{f"workflow.labels.{key}": value for key, value in labels},
    }
