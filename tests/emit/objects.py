"""Right Kubernetes objects, one of each kind, and how to change them."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

DROP: Any = object()
POD = ("spec", "template", "spec")
MAIN = (*POD, "containers", 0)

JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": "resize-us",
        "namespace": "default",
        "labels": {"app.kubernetes.io/managed-by": "dragoman", "dragoman.dev/flow": "resize"},
        "annotations": {"dragoman.dev/task": '["resize"]'},
    },
    "spec": {
        "backoffLimit": 3,
        "activeDeadlineSeconds": 3600,
        "podFailurePolicy": {
            "rules": [
                {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [3, 42]}},
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]
        },
        "template": {
            "metadata": {"labels": {"dragoman.dev/flow": "resize"}},
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": "runner",
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 30,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 1000,
                    "fsGroup": 1000,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "nodeSelector": {"pool": "gpu"},
                "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
                "volumes": [
                    {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
                    {"name": "scripts", "configMap": {"name": "resize-scripts", "defaultMode": 365}},
                    {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
                ],
                "initContainers": [
                    {
                        "name": "prepare",
                        "image": "busybox:1.36",
                        "command": ["true"],
                        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                    }
                ],
                "containers": [
                    {
                        "name": "main",
                        "image": "registry.example.com/resize:1",
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["python", "-m", "resize"],
                        "env": [
                            {"name": "REGION", "value": "us"},
                            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "value"}}},
                            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                        ],
                        "resources": {
                            "requests": {"cpu": "500m", "memory": "1Gi"},
                            "limits": {"memory": "1Gi", "nvidia.com/gpu": "1"},
                        },
                        "volumeMounts": [
                            {"name": "tmp", "mountPath": "/tmp"},
                            {"name": "scripts", "mountPath": "/scripts", "readOnly": True},
                            {"name": "data", "mountPath": "/data", "subPath": "us"},
                        ],
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                    }
                ],
            },
        },
    },
}


def changed(base: dict[str, Any], *changes: tuple[tuple[str | int, ...], Any]) -> dict[str, Any]:
    """A copy with other values at some places; parts that are not there are made."""
    body = deepcopy(base)
    for path, value in changes:
        place: Any = body
        for key, following in pairwise(path):
            if isinstance(place, dict) and key not in place:
                place[key] = [] if isinstance(following, int) else {}
            place = place[key]
        last = path[-1]
        if value is DROP:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return body


INDEXED = changed(
    JOB,
    (("spec", "completionMode"), "Indexed"),
    (("spec", "completions"), 10),
    (("spec", "parallelism"), 4),
)
PER_INDEX = changed(INDEXED, (("spec", "backoffLimitPerIndex"), 1), (("spec", "maxFailedIndexes"), 3))
CRON: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "nightly", "namespace": "default"},
    "spec": {
        "schedule": "0 3 * * 1-5",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": JOB["spec"]},
    },
}
CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "items", "namespace": "default"},
    "immutable": True,
    "data": {"0.json": "{}", "run.py": "print(1)\n"},
}
ACCOUNT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "runner", "namespace": "default"},
    "imagePullSecrets": [{"name": "registry"}],
}
ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "dragoman:run", "namespace": "default"},
    "rules": [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "create"]},
        {"apiGroups": [""], "resources": ["pods/log"], "resourceNames": ["a"], "verbs": ["get"]},
    ],
}
BINDING: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "dragoman:run", "namespace": "default"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "dragoman:run"},
    "subjects": [{"kind": "ServiceAccount", "name": "runner", "namespace": "default"}],
}
