"""The coordinator: one small Job that starts the others, with the plan it walks and the rights it needs.

Its name is a hash of the plan: a changed flow is a new run, and what Argo CD prunes takes its Jobs along (they belong
to it). It keeps nothing itself; a pod that is lost is replaced and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman import duration
from dragoman.emit.kubernetes.job import API_VERSION, scripts
from dragoman.emit.kubernetes.names import LONGEST, digest, named
from dragoman.emit.kubernetes.objects import config_map, cron_job, metadata
from dragoman.emit.kubernetes.pod import MAIN
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.kubernetes.support import POD_FAILURE_POLICY
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import RESTRICTED_CONTAINER, restricted
from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding
from dragoman.plan import wire
from dragoman.plan.model import Plan, Step

PLAN_DIRECTORY, PLAN_FILE = "/dragoman/plan", "plan.json"
FAILED = 1  # the exit code of a driver whose flow failed: no other pod would do better
RETRIES = 6  # pods after the first, where the coordinator itself fails
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
QUALIFIED_LABELS = 27  # the minor from which a Job's own labels have the prefix batch.kubernetes.io/
# every right the coordinator has, and what for
RULES = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "watch", "create", "patch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},  # how they ended
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},  # outputs that are printed
)


def emit(plan: Plan, options: Settings) -> Emission:
    """The coordinator's Job, or the CronJobs that start it, with its plan and its rights."""
    data = plan_data(plan)
    name = named([plan.name, "plan"], _content(plan, options))
    account = options.coordinatorServiceAccount or named([plan.name], "coordinator")
    body = _job(plan, options, name, account)
    findings: list[Finding] = []
    manifests = [config_map(plan, f"{plan.name}-plan", name, data)]
    if options.coordinatorServiceAccount is None:
        findings += _namespace(plan)
        manifests += _rights(plan, account)
    if plan.schedule is not None:
        crons, said = cron_job(plan, body)
        return Emission((*manifests, *crons), {}, (*findings, *said))
    return Emission((*manifests, Manifest(f"job-{plan.name}.yaml", body)), {}, tuple(findings))


def plan_data(plan: Plan) -> dict[str, str]:
    """The data of the ConfigMap: the plan without its scripts' texts, and each script as a file of its own."""
    return {PLAN_FILE: _text(_encoded(plan)), **scripts(plan)}


def _content(plan: Plan, options: Settings) -> str:
    """The hash of what runs: labels and annotations are not part of it."""
    return digest(_encoded(plan._replace(labels={}, annotations={})), scripts(plan), options.runId)


def _encoded(plan: Plan) -> dict[str, Any]:
    """The plan as data, without what is said of these manifests only."""
    steps, on_exit = tuple(map(_unscripted, plan.steps)), tuple(map(_unscripted, plan.on_exit))
    options = {name: value for name, value in plan.options.items() if name not in ("accept", "patch")}
    return wire.encode(plan._replace(steps=steps, on_exit=on_exit, options=options))


def _unscripted(step: Step) -> Step:
    container = step.container
    if container is not None and container.script is not None:
        container = container._replace(script=container.script._replace(source=""))
    return step._replace(container=container, steps=tuple(map(_unscripted, step.steps)))


def _text(data: Mapping[str, Any]) -> str:
    """The plan as JSON, a step a line: what changes from one commit to the next can be read."""
    from json import dumps

    def line(value: Any) -> str:
        return dumps(value, separators=(",", ":"), ensure_ascii=False)

    def lines(value: Any) -> str:
        return "[\n  " + ",\n  ".join(map(line, value)) + "\n ]"

    fields = (f' "{key}":{lines(value) if key in ("steps", "on_exit") else line(value)}' for key, value in data.items())
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _job(plan: Plan, options: Settings, config: str, account: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"backoffLimit": RETRIES, "template": {"spec": _pod(plan, options, config, account)}}
    if options.minor >= POD_FAILURE_POLICY:
        ended = {"containerName": MAIN, "operator": "In", "values": [FAILED]}
        moved = [{"type": "DisruptionTarget", "status": "True"}]
        spec["podFailurePolicy"] = {
            "rules": [{"action": "FailJob", "onExitCodes": ended}, {"action": "Ignore", "onPodConditions": moved}]
        }
    ending = digest(spec)
    if options.ttl is not None:
        spec["ttlSecondsAfterFinished"] = duration.parse(options.ttl)
    about = metadata(plan, named([plan.name], ending, LONGEST))
    return {"apiVersion": API_VERSION, "kind": "Job", "metadata": about, "spec": spec}


def _pod(plan: Plan, options: Settings, config: str, account: str) -> dict[str, Any]:
    safe = options.podSecurity == "restricted"
    return drop_empty(
        {
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "serviceAccountName": account,
            "automountServiceAccountToken": True,
            "imagePullSecrets": [{"name": name} for name in options.imagePullSecrets],
            "priorityClassName": options.priorityClass,
            "securityContext": restricted(options.runAsUser) if safe else None,
            "containers": [
                drop_empty(
                    {
                        "name": MAIN,
                        "image": options.image,
                        "command": ["dragoman", "drive", "--plan", f"{PLAN_DIRECTORY}/{PLAN_FILE}"],
                        "env": _identity(options, config),
                        "resources": RESOURCES,
                        "securityContext": {**RESTRICTED_CONTAINER, "readOnlyRootFilesystem": True} if safe else None,
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "volumeMounts": [{"name": "plan", "mountPath": PLAN_DIRECTORY, "readOnly": True}],
                    }
                )
            ],
            "volumes": [{"name": "plan", "configMap": {"name": config}}],
        }
    )


def _identity(options: Settings, config: str) -> list[dict[str, Any]]:
    """What the coordinator must know of itself: its own Job owns those that it makes."""
    prefix = "batch.kubernetes.io/" if options.minor >= QUALIFIED_LABELS else ""

    def field(name: str, path: str) -> dict[str, Any]:
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}

    return [
        field("DRAGOMAN_RUN", f"metadata.labels['{prefix}job-name']"),
        field("DRAGOMAN_RUN_UID", f"metadata.labels['{prefix}controller-uid']"),
        field("DRAGOMAN_NAMESPACE", "metadata.namespace"),
        {"name": "DRAGOMAN_PLAN", "value": config},
    ]


def _rights(plan: Plan, account: str) -> list[Manifest]:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata(plan, account)}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    subject = drop_empty({"kind": "ServiceAccount", "name": account, "namespace": plan.namespace})
    bodies: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(plan, account)},
        {**role, "rules": [dict(rule) for rule in RULES]},
        {**role, "kind": "RoleBinding", "roleRef": reference, "subjects": [subject]},
    ]
    return [Manifest(f"{body['kind'].lower()}-{account}.yaml", body) for body in bodies]


def _namespace(plan: Plan) -> list[Finding]:
    if plan.namespace is not None:
        return []
    return [
        Finding(
            "DRG304",
            "the coordinator needs a namespace, and the flow has none: a RoleBinding names that of its ServiceAccount",
            plan.source.span(("metadata",), key=True),
            "say `metadata.namespace`, or name an account that may already: "
            "`targets.kubernetes.coordinatorServiceAccount`",
            address="metadata.namespace",
        )
    ]
