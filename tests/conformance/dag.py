"""A DAG template while it runs: which tasks start, and how the DAG ends (workflow/controller/dag.go)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from conformance.items import LOOPS, expanded
from conformance.nodes import COMPLETED, FAILED, Node
from conformance.scope import handed_on, inputs, results
from conformance.tags import Refused, Waiting

if TYPE_CHECKING:
    from conformance.simulator import Controller

ABSENT = object()  # an argument that is the bare tag of a result that a skipped task does not have
_TASK = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?)\.[A-Z][a-zA-Z]+|[a-zA-Z0-9][-a-zA-Z0-9]*")
_BARE = "({0}.Succeeded || {0}.Skipped || {0}.Daemoned)"
_RESULTS = {
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Errored": "Error",
    "Skipped": "Skipped",
    "Omitted": "Omitted",
}


class Dag:
    """The tasks of one node. `template` has its inputs filled in already."""

    def __init__(self, controller: Controller, node: Node, template: Mapping[str, Any]) -> None:
        self.controller, self.node, self.template = controller, node, template
        self.tasks: dict[str, dict[str, Any]] = {task["name"]: task for task in template["dag"]["tasks"]}
        self.needs = {name: needs(task) for name, task in self.tasks.items()}
        depended = {need for needs in self.needs.values() for need in needs}
        self.targets = sorted(self.tasks.keys() - depended)
        self.started: dict[str, list[dict[str, Any]]] = {}  # the tasks that each task became

    def advance(self) -> None:
        """Start what can start, then see whether the DAG has ended; raises `Refused` for outputs that are not there."""
        visited: set[str] = set()
        for name in self.targets:
            self._task(name, visited)
        phase = self._phase()
        if phase == "Succeeded":
            self.node.outputs = handed_on(self.template, self._scope(self.tasks), self.controller.tags)
        if phase != "Running":
            self.controller.settle(self.node, phase)

    def find(self, name: str) -> Node | None:
        """The node of a task, if it came to be."""
        return self.controller.nodes.get(f"{self.node.name}.{name}")

    def _task(self, name: str, visited: set[str]) -> None:
        if name in visited:
            return
        visited.add(name)
        node = self.find(name)
        if node is not None and node.fulfilled:
            return
        for need in self.needs[name]:
            self._task(need, visited)
        try:
            if self._may_start(name):
                self._run(name)
        except Waiting as waiting:
            self.controller.waiting[self.inside(name)] = str(waiting)
        except Refused as error:
            self._never_ran(name, "Error", str(error))

    def _may_start(self, name: str) -> bool:
        if name in self.started or not self.needs[name]:
            return True
        nodes = {need: self.find(need) for need in self.needs[name]}
        if not all(node is not None and node.fulfilled for node in nodes.values()):
            return False
        logic = _TASK.sub(lambda found: found[0] if found[1] else _BARE.format(found[0]), self.tasks[name]["depends"])
        phases = {need.replace("-", "_"): node.phase for need, node in nodes.items() if node is not None}
        scope = {f"{need}.{result}": phase == of for need, phase in phases.items() for result, of in _RESULTS.items()}
        scope |= {f"{need}.Daemoned": False for need in phases}
        if self.controller.tags.value("{{=" + logic.replace("-", "_") + "}}", scope) == "true":
            return True
        self._never_ran(name, "Omitted", "omitted: depends condition not met")
        return False

    def _run(self, name: str) -> None:
        task = self.tasks[name]
        loops = any(key in task for key in LOOPS)
        if name not in self.started:
            found = self._resolved(task, loops=loops)
            scope = self.controller.globals | self._scope(self._ancestors(name))
            self.started[name] = expanded(found, scope, self.controller.tags) if loops else [found]
            if loops and not self.started[name]:
                self._never_ran(name, "Skipped", "Skipped, empty params")
        tasks = self.started[name]
        group = self._group(name) if loops and tasks else None
        for one in tasks:
            if not self._start(name, one, group):
                return
        if group is not None and all(item.fulfilled for item in group.children):
            failed = [item.phase for item in group.children if item.phase in FAILED]
            self.controller.settle(group, failed[-1] if failed else "Succeeded")

    def _start(self, name: str, task: Mapping[str, Any], group: Node | None) -> bool:
        """Start one task, or one item of it; false when too many run already."""
        node = self.find(task["name"])
        path = self.inside(f"{name}({task['item']})" if "item" in task else name)
        if node is None:
            try:
                skipped = bool(task.get("when")) and not self.controller.tags.holds(task["when"], {})
            except Refused as error:
                node = self._never_ran(task["name"], "Error", str(error), path)
            else:
                if skipped:
                    node = self._never_ran(task["name"], "Skipped", f"when '{task['when']}' evaluated false", path)
        if node is None or not node.fulfilled:
            node = self.controller.execute(
                f"{self.node.name}.{task['name']}", path, task["template"], _arguments(task), self.node, task["name"]
            )
        if node is not None and group is not None and node not in group.children:
            group.children.append(node)
        return node is not None

    def inside(self, name: str) -> str:
        """The path of a task."""
        return f"{self.node.path}.{name}" if self.node.path else name

    def _group(self, name: str) -> Node:
        return self.find(name) or self.controller.add(
            f"{self.node.name}.{name}", self.inside(name), "TaskGroup", self.tasks[name]["template"], self.node
        )

    def _never_ran(self, name: str, phase: str, message: str, path: str = "") -> Node:
        return self.controller.add(
            f"{self.node.name}.{name}", path or self.inside(name), "Skipped", "", self.node, phase, message
        )

    def _resolved(self, task: Mapping[str, Any], *, loops: bool) -> dict[str, Any]:
        """The task with the results that it reads; the rest of it stays as it is when it will not run."""
        tags = self.controller.tags
        scope = self.controller.globals | self._scope(self._ancestors(task["name"]))
        when = task.get("when")
        if when:
            resolved = tags.task({"when": when}, scope)["when"]
            try:
                if not tags.holds(resolved, {}):
                    return {**task, "when": resolved}
            except Refused:
                if not loops:
                    raise
        given = (task.get("arguments") or {}).get("parameters") or []
        absent = {one["name"] for one in given if _is_absent(one.get("value", ""), scope)}
        kept = [one for one in given if one["name"] not in absent]
        found: dict[str, Any] = tags.task({**task, "arguments": {"parameters": kept}}, scope)
        return {**found, "absent": sorted(absent)}

    def _ancestors(self, name: str) -> set[str]:
        return {found for need in self.needs[name] for found in (need, *self._ancestors(need))}

    def _scope(self, names: Iterable[str]) -> dict[str, Any]:
        scope: dict[str, Any] = dict(inputs(self.template))
        for name in names:
            node = self.find(name)
            if node is not None:
                scope |= results(name, node, self.controller.templates[self.tasks[name]["template"]])
        return scope

    def _phase(self) -> str:
        """Judged by the last tasks, once nothing runs; one that did not run has the phase of those before it."""
        if any(not node.fulfilled for node in self._nodes()):
            return "Running"
        fails_fast = self.template["dag"].get("failFast", True)
        phase = "Succeeded"
        for name in self.targets:
            node = self.find(name)
            if node is None:
                phase = "Running"
                if not fails_fast:
                    break
            elif (inherited := self._inherited(name)) in FAILED:
                phase = inherited
                if fails_fast:
                    break
        return phase

    def _nodes(self) -> Iterator[Node]:
        yield from (node for name in self.tasks if (node := self.find(name)) is not None)

    def _inherited(self, name: str) -> str:
        node = self.find(name)
        if node is not None and node.phase in COMPLETED:
            return node.phase
        before = [self._inherited(need) for need in self.needs[name]]
        return next((phase for phase in before if phase in FAILED), "Succeeded")


def needs(task: Mapping[str, Any]) -> list[str]:
    """The tasks that a task's `depends` mentions."""
    return list(dict.fromkeys(found[1] or found[0] for found in _TASK.finditer(task.get("depends") or "")))


def _arguments(task: Mapping[str, Any]) -> dict[str, Any]:
    given = (task.get("arguments") or {}).get("parameters") or []
    return {one["name"]: one["value"] for one in given} | dict.fromkeys(task.get("absent") or (), ABSENT)


def _is_absent(value: str, scope: Mapping[str, Any]) -> bool:
    name = value.removeprefix("{{").removesuffix("}}").strip()
    return value.startswith("{{") and value.endswith("}}") and name in scope and scope[name] is None
