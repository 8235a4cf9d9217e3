"""What a state machine does, read from its definition."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.emitter import Emission

State = Mapping[str, Any]


def states(emission: Emission) -> Iterator[tuple[str, State]]:
    """Every state of the emitted machine with its name, in whatever it is."""
    for manifest in emission.manifests:
        if manifest.kind == "StateMachine":
            yield from _inside(json.loads(manifest.body["definition"]))


def _inside(machine: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            yield from _inside(inner)


def submissions(emission: Emission) -> dict[str, Mapping[str, Any]]:
    """The arguments of every state that submits a job, by the state's name."""
    return {
        name: state["Arguments"] for name, state in states(emission) if "batch:submitJob" in state.get("Resource", "")
    }


def reads_objects(emission: Emission) -> bool:
    """Whether the machine reads outputs from S3."""
    return any("aws-sdk:s3:getObject" in state.get("Resource", "") for _, state in states(emission))


def distributed(emission: Emission) -> bool:
    """Whether a loop's items are executions of their own."""
    processors = [state.get("ItemProcessor", {}) for _, state in states(emission)]
    return any(one.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED" for one in processors)
