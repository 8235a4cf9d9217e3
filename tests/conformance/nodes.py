"""What a simulated run remembers: Argo's nodes, the pods that ran, and how it all ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

FAILED = ("Failed", "Error")
COMPLETED = ("Succeeded", *FAILED)
FULFILLED = (*COMPLETED, "Skipped", "Omitted")


@dataclass
class Outputs:
    """What a node hands on. A parameter is None where the pod failed to write it."""

    parameters: dict[str, str | None] = field(default_factory=dict)
    result: str | None = None
    exit_code: str | None = None


@dataclass
class Node:
    """One node of Argo's graph. `kind`: Pod, DAG, TaskGroup, Retry, Suspend, or Skipped for what never ran."""

    name: str
    path: str
    kind: str
    template: str
    boundary: Node | None
    phase: str
    message: str = ""
    outputs: Outputs | None = None
    children: list[Node] = field(default_factory=list)  # the attempts of a Retry, the items of a TaskGroup

    @property
    def fulfilled(self) -> bool:
        return self.phase in FULFILLED


class Pod(NamedTuple):
    """A pod that ran, or would have.

    path      the tasks from the outside in, with the number of the item: `train(2).run`
    attempt   counts from 0
    command   all words that the container runs, as it gets them
    env       the variables of the container, as it gets them
    resources requests and limits, with those that Kubernetes adds
    printed   its standard output
    outputs   its output parameters
    spec      the whole pod spec, patched, before the kubelet reads it
    """

    path: str
    template: str
    attempt: int
    command: tuple[str, ...]
    env: Mapping[str, str]
    resources: Mapping[str, Mapping[str, str]]
    phase: str
    message: str
    printed: str
    outputs: Mapping[str, str | None]
    spec: Mapping[str, Any]


class Run(NamedTuple):
    """A run from its start to its end; one that hangs ends as `Running`.

    pods          every attempt, in the order of their ends
    nodes         the phase of each node by its path, in the order they came to be
    messages      what Argo says about a node (the whole run has no path), or waits for
    most_at_once  the largest number of pods that ran at the same time
    """

    phase: str
    pods: tuple[Pod, ...]
    nodes: Mapping[str, str]
    messages: Mapping[str, str]
    most_at_once: int

    def pod(self, path: str) -> Pod:
        """The last pod at a path."""
        return [pod for pod in self.pods if pod.path == path][-1]
