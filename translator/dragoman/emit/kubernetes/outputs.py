"""How a step's outputs leave its pod.

message   the kubelet reads one file of the container when it has ended, at most 4096 bytes of it (the termination
          message): enough for a number
carrier   a sidecar of dragoman's own reads all of them when the container has ended; needs native sidecars,
          Kubernetes 1.29
log       what the container printed
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.kubernetes.text import escape
from dragoman.emit.pods import OUTPUTS, RESTRICTED_CONTAINER, mounts
from dragoman.findings import Finding
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Output, Step

Channel: TypeAlias = Literal["", "message", "carrier", "log"]
CARRIER = "dragoman-outputs"
READY = "/tmp/dragoman-carrier"  # a file that is there once the sidecar listens
MESSAGE_BYTES = 4096  # MaxContainerTerminationMessageLength (kubelet/container/runtime.go)
SIDECARS = 29  # the minor in which native sidecars are on by default
TEMPORARY, TEMPORARY_VOLUME = "/tmp", "dragoman-tmp"
SCALARS = ("int", "float", "bool", "quantity")


def files(step: Step) -> list[Output]:
    """The outputs that are files."""
    return [output for output in step.outputs.values() if output.path is not None]


def channel(step: Step, settings: Settings) -> Channel:
    """How the files of a step leave its pod; `log` when it has none, and what it prints is an output."""
    found = files(step)
    if not found:
        return "log" if step.outputs else ""
    only = found[0]
    short = len(found) == 1 and (only.type.kind in SCALARS or _shared(step, only) is None)
    return "message" if short or settings.minor < SIDECARS else "carrier"


def problem(step: Step, settings: Settings) -> Finding | None:
    """Why a step's outputs cannot leave its pod."""
    found = files(step)
    lonely = [output for output in found if _shared(step, output) is None]
    if len(found) < 2 or (not lonely and settings.minor >= SIDECARS):
        return None
    layer = step.layers[0]
    where = (*layer.path, "outputs", (lonely or found)[0].name)
    if settings.minor < SIDECARS:
        message = f"Kubernetes {settings.version} can hand on one output of a step, here are {len(found)}"
        way_out = "write one output that holds them all, `type: map`, or say a newer `targets.kubernetes.version`"
    else:
        message = f"the sidecar that hands on several outputs cannot see `{lonely[0].path}`"
        way_out = (
            f"leave `path` out, and write the file `$DRAGOMAN_OUTPUTS/{lonely[0].name}`, or write to `{TEMPORARY}`"
        )
    return Finding("DRG304", message, layer.source.span(where), way_out, address=".".join(map(str, where)))


def carrier(step: Step, settings: Settings) -> dict[str, Any]:
    """The sidecar: it starts first, and is told to end when the container has ended."""
    return {
        "name": CARRIER,
        "image": settings.image,
        "command": ["dragoman", "carry", *(escape(f"{output.name}={output.path}") for output in files(step))],
        "restartPolicy": "Always",
        # the step starts when this one listens: a container's first process gets no signal that it does not expect
        "startupProbe": {"exec": {"command": ["cat", READY]}, "periodSeconds": 1, "failureThreshold": 120},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
        **({"securityContext": RESTRICTED_CONTAINER} if settings.podSecurity == "restricted" else {}),
        "volumeMounts": _mounts(step),
    }


def temporary(step: Step) -> list[dict[str, Any]]:
    """The volume at /tmp that the container and its sidecar share, where outputs are written there."""
    shared = [_shared(step, output) for output in files(step)]
    return (
        [{"name": TEMPORARY_VOLUME, "emptyDir": {}}] if any(m and m["name"] == TEMPORARY_VOLUME for m in shared) else []
    )


def temporary_mount(step: Step) -> list[dict[str, Any]]:
    """Where it is mounted."""
    return [{"name": TEMPORARY_VOLUME, "mountPath": TEMPORARY}] if temporary(step) else []


def _mounts(step: Step) -> list[dict[str, Any]]:
    found = [_shared(step, output) for output in files(step)]
    return list({mount["name"]: mount for mount in found if mount is not None}.values())


def _shared(step: Step, output: Output) -> dict[str, Any] | None:
    """The mount in which two containers see an output's file; None where there is none."""
    path = output.path or ""
    container = step.container
    assert container is not None
    if path.startswith(f"{DIRECTORY}/"):
        return {"name": OUTPUTS, "mountPath": DIRECTORY}
    own = [mount for mount in mounts(step, container) if path.startswith(f"{mount['mountPath'].rstrip('/')}/")]
    if own:
        return max(own, key=lambda mount: len(mount["mountPath"]))
    return {"name": TEMPORARY_VOLUME, "mountPath": TEMPORARY} if path.startswith(f"{TEMPORARY}/") else None
