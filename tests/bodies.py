"""What a random step, template or flow says beside its graph: containers, schedules, options."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import texts as t
from chance import Chance
from expressions import BOOL, CPUS, INT, SIZE, STRING, Kind, Known, expression

_CAUSES = ("error", "oom", "spot", 137, 1, 255)
_CRONS = ("0 2 * * *", ["@daily", "*/5 0-3 * jan,dec mon"], ["59 23 31 12 6"])
_POD_GC = ("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")


def work(chance: Chance, scope: Sequence[Known]) -> dict[str, Any]:
    """What a template or a step says about its container."""
    return {
        **_entrypoint(chance, scope),
        **chance.some(
            image=lambda: chance.pick(t.IMAGES),
            imagePullPolicy=lambda: chance.pick(("Always", "IfNotPresent", "Never")),
            workingDir=lambda: chance.pick(t.MOUNTS),
            env=lambda: _env(chance, scope),
            volumes=lambda: _volumes(chance),
            resources=lambda: _resources(chance, scope),
            retry=lambda: _retry(chance),
            timeout=chance.duration,
            compute="kubernetes",
            queue=chance.label,
            serviceAccount=lambda: chance.pick(t.OBJECTS),
            labels=chance.labels,
            annotations=chance.annotations,
            targets=lambda: {"argo": {"resources": {"memory": "2Gi"} if chance.grows else {"gpu": 2}}},
        ),
    }


def words(chance: Chance, scope: Sequence[Known], *, braces: bool = True) -> str:
    """A text with expressions in it; before one stands no `$`, which would escape it."""
    texts = [chance.text() for _ in range(chance.random.randrange(3))]
    parts = [t.written(text if braces else text.replace("{{", "{")).rstrip("$") for text in texts]
    for _ in range(chance.random.randrange(3)):
        kind = chance.pick((STRING, INT, BOOL))
        inside = chance.pick(scope).path if scope and chance.either() else expression(chance.random, kind, scope)
        parts.insert(chance.random.randint(0, len(parts)), "${{ " + inside + " }}")
    return "".join(parts)


def _entrypoint(chance: Chance, scope: Sequence[Known]) -> dict[str, Any]:
    if chance.often(4):
        return {"script": {"interpreter": chance.pick(t.INTERPRETERS), "source": t.written(chance.text())}}
    texts = [words(chance, scope) for _ in range(4)]
    return chance.some(command=lambda: chance.sample(texts, 1, 3), args=lambda: chance.sample(texts, 1, 3))


def _env(chance: Chance, scope: Sequence[Known]) -> dict[str, Any]:
    key = chance.pick(t.KEY_REFERENCES)
    plain = ({"secret": key}, {"configMap": key}, t.number(chance.random))
    names = chance.sample(t.VARIABLES, 1, 4)
    return {name: chance.pick(plain) if chance.often(3) else words(chance, scope) for name in names}


def _resources(chance: Chance, scope: Sequence[Known]) -> dict[str, Any]:
    """Amounts, straight or as requests and limits; from data where nothing grows."""
    requests = chance.some(
        cpu=lambda: _amount(chance, t.CPU, CPUS, "m", scope),
        memory=lambda: _amount(chance, t.BYTES, SIZE, "Mi", scope),
        disk=lambda: _amount(chance, t.BYTES, SIZE, "Gi", scope),
    )
    limits = chance.some(cpu=lambda: chance.pick(t.MORE_CPU), memory=lambda: chance.pick(t.MORE_BYTES), disk="2Ti")
    block = requests if chance.either() else {"requests": requests}
    if chance.often(4):
        block["gpu"] = chance.pick((1, 2, 8))
        block |= {"accelerator": "l4"} if chance.accelerators and chance.either() else {}
    return {**block, **chance.some(limits=limits, shm="64Mi", bounds={"cpu": 100, "memory": "20Ti"})}


def _amount(chance: Chance, fixed: Sequence[Any], kind: Kind, unit: str, scope: Sequence[Known]) -> Any:
    if chance.grows or chance.either():
        return chance.pick(fixed)
    amounts = ["${{ " + known.path + " }}" for known in scope if known.kind == kind and not known.alone]
    counts = [known.path for known in scope if known.kind == INT and known.path.startswith(("steps.", "index"))]
    return chance.pick([*amounts, *("${{ " + path + " }}" + unit for path in counts), chance.pick(fixed)])


def _retry(chance: Chance) -> dict[str, Any]:
    growth = chance.some(memory={"factor": 1.5, "max": "16Ti"}, cpu={"max": 64}) if chance.grows else {}
    backoff = {"delay": "30s", **chance.some(factor=2, max="10m")}
    more = chance.some(backoff=backoff, causes=lambda: chance.sample(_CAUSES, 0, 3))
    return {"limit": chance.pick((1, 3, 1000)), **more, **({"escalate": growth} if growth else {})}


def _volumes(chance: Chance) -> list[dict[str, Any]]:
    return [{"mount": mount, **_volume(chance)} for mount in chance.sample(t.MOUNTS, 1, 3)]


def _volume(chance: Chance) -> dict[str, Any]:
    empty = chance.some(size=lambda: chance.pick(t.BYTES), medium=lambda: chance.pick(("Disk", "Memory")))
    kind = chance.pick(("pvc", "secret", "configMap", "emptyDir"))
    named = empty if kind == "emptyDir" else chance.pick(t.OBJECTS)
    return {kind: named, **chance.some(readOnly=chance.either, subPath="a b")}


def defaults(chance: Chance, known: Sequence[Known]) -> dict[str, Any]:
    """The lowest layer; what would take part in a step's entrypoint or amounts from data stays out."""
    scope = [one for one in known if not one.path.startswith("run.")]
    body = work(chance, scope)
    fixed = {key: made for key, made in body.items() if key not in ("script", "resources", "targets")}
    return {"image": "busybox", **fixed, **chance.some(resources={"cpu": "500m", "memory": "256Mi"})}


def schedule(chance: Chance) -> dict[str, Any]:
    """When a flow runs by itself."""
    more = chance.some(
        timezone=lambda: chance.pick(("Etc/UTC", "Europe/Berlin")),
        concurrency=lambda: chance.pick(("Allow", "Forbid", "Replace")),
        startingDeadline=chance.duration,
        suspend=chance.either,
        history=lambda: chance.pick((0, 3)),
    )
    return {"cron": chance.pick(_CRONS), **more}


def options(chance: Chance, spec: Container[str]) -> dict[str, Any]:
    """`targets.argo` of a flow that says so much."""
    kinds = ["WorkflowTemplate", "ClusterWorkflowTemplate", *([] if "schedule" in spec else ["Workflow"])]
    kind = chance.pick(kinds)
    patch = {"target": {"kind": kind}, "ops": [{"op": "add", "path": "/spec/hostNetwork", "value": False}]}
    return {
        **({} if kind == "WorkflowTemplate" else {"kind": kind}),
        **chance.some(
            version=lambda: chance.pick(("3.6", "3.7", "4.0", "4.1")),
            crds=lambda: chance.pick(("full", "minimal")),
            serviceAccount=lambda: chance.pick(t.OBJECTS),
            executorServiceAccount=lambda: chance.pick(t.OBJECTS),
            imagePullSecrets=lambda: chance.sample(t.OBJECTS, 0, 2),
            podSecurity=lambda: chance.pick(("restricted", "none")),
            runAsUser=65534,
            ttl=lambda: chance.pick(("7d", {"success": "1h"}, {"failure": "2w"})),
            podGC=lambda: chance.pick(_POD_GC),
            priorityClass="low",
            archiveLogs=chance.either,
            accept=["foreach.tolerate: all", "text from data", "needs.failed"],
            patch=[patch],
        ),
    }


def environment(chance: Chance, params: dict[str, Any]) -> dict[str, Any]:
    """Changes that leave a flow valid: every parameter again, some settings others or gone."""
    same = {name: {"default": block["default"]} for name, block in params.items()}
    return {**({"params": same} if same else {}), **chance.some(parallelism=2, timeout="1d", schedule=None)}
