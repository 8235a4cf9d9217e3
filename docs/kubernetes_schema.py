"""Rewrite what the judge of Kubernetes objects knows of their fields, from Kubernetes' own JSON schemas.

    python docs/kubernetes_schema.py FOLDER

FOLDER holds one folder per minor (`v1.25.0-local-strict`, …, `v1.37.0-local-strict`), each with a
`_definitions.json`: the layout of the package `kubernetes-validate`. What the schemas cannot say is in the
tables below: when a field is on by default, and which values it takes.

A property is one string: `!` where it is required, then its shape, then `@FIRST:DEFAULT` where it is younger
than the oldest minor (`@FIRST:` where no minor has it on by default). A shape is

    s b i l q t y p o     string, boolean, int32, int64, quantity, time, base64, int or string, anything
    s~FORMAT  s=A|B       a string of that format (`judge/formats.py`), one of these strings
    i0..  l1..9  q0       an integer in that range, a quantity that is not negative
    []SHAPE               a list
    {}SHAPE {FORMAT}SHAPE a map, its keys of any form or of that format
    Name                  the type of that name
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "translator/dragoman/emit/kubernetes/judge/schema.json"
OLDEST, NEWEST = 25, 37
KINDS = {
    "batch/v1 Job": "io.k8s.api.batch.v1.Job",
    "batch/v1 CronJob": "io.k8s.api.batch.v1.CronJob",
    "v1 ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "v1 ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "rbac.authorization.k8s.io/v1 Role": "io.k8s.api.rbac.v1.Role",
    "rbac.authorization.k8s.io/v1 RoleBinding": "io.k8s.api.rbac.v1.RoleBinding",
}
# what nobody writes, or what is only looked at by its name
OPAQUE = {"status": "o", "managedFields": "[]o", "ephemeralContainers": "[]o"}
SCALARS = {"string": "s", "boolean": "b", "number": "q", "object": "o"}
NAMED = {"Quantity": "q", "Time": "t", "MicroTime": "t", "IntOrString": "p", "FieldsV1": "o"}

# Fields that came with a feature gate: the minor that has it on by default, 0 while none has.
# From `pkg/features/kube_features.go` of Kubernetes 1.36 and 1.37; one without a line had no gate, or an open one.
BY_DEFAULT = {
    "ClusterTrustBundleProjection.user": 0,
    "ConfigMapVolumeSource.defaultUser": 0,
    "Container.resizePolicy": 33,
    "Container.restartPolicy": 29,
    "Container.restartPolicyRules": 35,
    "DownwardAPIVolumeFile.user": 0,
    "DownwardAPIVolumeSource.defaultUser": 0,
    "EmptyDirVolumeSource.mode": 0,
    "EnvVarSource.fileKeyRef": 35,
    "GRPCAction.mode": 0,
    "HTTPGetAction.protocol": 0,
    "JobSpec.backoffLimitPerIndex": 29,
    "JobSpec.managedBy": 32,
    "JobSpec.maxFailedIndexes": 29,
    "JobSpec.podFailurePolicy": 26,
    "JobSpec.podReplacementPolicy": 29,
    "JobSpec.scheduling": 0,
    "JobSpec.successPolicy": 31,
    "KeyToPath.user": 0,
    "Lifecycle.stopSignal": 0,
    "LifecycleHandler.sleep": 30,
    "PersistentVolumeClaimSpec.volumeAttributesClassName": 34,
    "PodAffinityTerm.matchLabelKeys": 31,
    "PodAffinityTerm.mismatchLabelKeys": 31,
    "PodCertificateProjection.user": 0,
    "PodCertificateProjection.userAnnotations": 37,
    "PodSecurityContext.seLinuxChangePolicy": 33,
    "PodSecurityContext.supplementalGroupsPolicy": 33,
    "PodSpec.evictionResponders": 0,
    "PodSpec.hostUsers": 33,
    "PodSpec.hostnameOverride": 35,
    "PodSpec.resourceClaims": 34,
    "PodSpec.resources": 34,
    "PodSpec.schedulingGates": 27,
    "PodSpec.schedulingGroup": 0,
    "ProjectedVolumeSource.defaultUser": 0,
    "ResourceRequirements.claims": 34,
    "SecretVolumeSource.defaultUser": 0,
    "SecurityContext.procMount": 33,
    "ServiceAccountTokenProjection.user": 0,
    "TopologySpreadConstraint.matchLabelKeys": 27,
    "TopologySpreadConstraint.minDomains": 27,
    "TopologySpreadConstraint.nodeAffinityPolicy": 26,
    "TopologySpreadConstraint.nodeTaintsPolicy": 26,
    "TypedObjectReference.namespace": 0,
    "Volume.image": 35,
    "VolumeMount.bindMountOptions": 0,
    "VolumeMount.recursiveReadOnly": 31,
    "VolumeProjection.clusterTrustBundle": 37,
    "VolumeProjection.podCertificate": 37,
}

_ID = "l0..2147483647"  # user and group ids
_MODE = "i0..511"  # octal 0777
_NAMED = "s~nonempty"
_PULL = "s=Always|IfNotPresent|Never"
_INCLUDED = "s=Honor|Ignore"

# Values that the schemas leave open; from `pkg/apis/{core,batch,rbac}/validation` of Kubernetes 1.37.
VALUES = {
    "AppArmorProfile.type": "s=Localhost|RuntimeDefault|Unconfined",
    "ClusterTrustBundleProjection.path": "s~local-path",
    "ConfigMapEnvSource.name": "s~subdomain",
    "ConfigMapKeySelector.key": "s~config-key",
    "ConfigMapKeySelector.name": "s~subdomain",
    "ConfigMap.binaryData": "{config-key}y",
    "ConfigMap.data": "{config-key}s",
    "ConfigMapProjection.name": _NAMED,
    "ConfigMapVolumeSource.defaultMode": _MODE,
    "ConfigMapVolumeSource.name": _NAMED,
    "Container.image": _NAMED,
    "Container.imagePullPolicy": _PULL,
    "Container.name": "s~label",
    "Container.restartPolicy": "s=Always|Never|OnFailure",
    "Container.terminationMessagePolicy": "s=File|FallbackToLogsOnError",
    "ContainerPort.containerPort": "i1..65535",
    "ContainerPort.hostPort": "i0..65535",
    "ContainerPort.name": "s~port-name",
    "ContainerPort.protocol": "s=TCP|UDP|SCTP",
    "ContainerResizePolicy.resourceName": "s=cpu|memory",
    "ContainerResizePolicy.restartPolicy": "s=NotRequired|RestartContainer",
    "ContainerRestartRuleOnExitCodes.operator": "s=In|NotIn",
    "CronJobSpec.concurrencyPolicy": "s=Allow|Forbid|Replace",
    "CronJobSpec.failedJobsHistoryLimit": "i0..",
    "CronJobSpec.schedule": _NAMED,
    "CronJobSpec.startingDeadlineSeconds": "l0..",
    "CronJobSpec.successfulJobsHistoryLimit": "i0..",
    "CSIVolumeSource.driver": _NAMED,
    "DownwardAPIVolumeFile.mode": _MODE,
    "DownwardAPIVolumeFile.path": "s~local-path",
    "DownwardAPIVolumeSource.defaultMode": _MODE,
    "EmptyDirVolumeSource.sizeLimit": "q0",
    "EnvVar.name": _NAMED,
    "FileKeySelector.key": "s~printable",
    "FileKeySelector.path": "s~path-inside",
    "FileKeySelector.volumeName": "s~label",
    "GRPCAction.port": "i1..65535",
    "HTTPGetAction.scheme": "s=HTTP|HTTPS",
    "HTTPHeader.name": "s~header-name",
    "HostAlias.hostnames": "[]s~subdomain",
    "HostAlias.ip": "s~ip",
    "HostPathVolumeSource.path": "s~path-inside",
    "HostPathVolumeSource.type": "s=|DirectoryOrCreate|Directory|FileOrCreate|File|Socket|CharDevice|BlockDevice",
    "ImageVolumeSource.pullPolicy": _PULL,
    "ImageVolumeSource.reference": _NAMED,
    "JobSpec.activeDeadlineSeconds": "l0..",
    "JobSpec.backoffLimit": "i0..",
    "JobSpec.backoffLimitPerIndex": "i0..",
    "JobSpec.completionMode": "s=NonIndexed|Indexed",
    "JobSpec.completions": "i0..",
    "JobSpec.managedBy": "s~domain-path",
    "JobSpec.maxFailedIndexes": "i0..",
    "JobSpec.parallelism": "i0..",
    "JobSpec.podReplacementPolicy": "s=TerminatingOrFailed|Failed",
    "JobSpec.ttlSecondsAfterFinished": "i0..",
    "KeyToPath.key": _NAMED,
    "KeyToPath.mode": _MODE,
    "KeyToPath.path": "s~local-path",
    "LabelSelector.matchLabels": "{label-key}s~label-value",
    "LabelSelectorRequirement.key": "s~label-key",
    "LabelSelectorRequirement.operator": "s=In|NotIn|Exists|DoesNotExist",
    "LabelSelectorRequirement.values": "[]s~label-value",
    "NFSVolumeSource.path": "s~absolute",
    "NFSVolumeSource.server": _NAMED,
    "NodeSelectorRequirement.key": "s~label-key",
    "NodeSelectorRequirement.operator": "s=In|NotIn|Exists|DoesNotExist|Gt|Lt",
    "ObjectFieldSelector.fieldPath": _NAMED,
    "ObjectMeta.annotations": "{annotation-key}s",
    "ObjectMeta.finalizers": "[]s~finalizer",
    "ObjectMeta.generation": "l0..",
    "ObjectMeta.labels": "{label-key}s~label-value",
    "ObjectMeta.namespace": "s~label",
    "OwnerReference.apiVersion": _NAMED,
    "OwnerReference.kind": _NAMED,
    "OwnerReference.name": _NAMED,
    "OwnerReference.uid": _NAMED,
    "PersistentVolumeClaimSpec.accessModes": "[]s=ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod",
    "PersistentVolumeClaimSpec.volumeMode": "s=Block|Filesystem",
    "PersistentVolumeClaimVolumeSource.claimName": _NAMED,
    "PodAffinityTerm.namespaces": "[]s~label",
    "PodAffinityTerm.topologyKey": "s~label-key",
    "PodFailurePolicyOnExitCodesRequirement.operator": "s=In|NotIn",
    "PodFailurePolicyOnPodConditionsPattern.status": "s=True|False|Unknown",
    "PodFailurePolicyOnPodConditionsPattern.type": "s~label-key",
    "PodFailurePolicyRule.action": "s=FailJob|FailIndex|Ignore|Count",
    "PodDNSConfig.nameservers": "[]s~ip",
    "PodDNSConfig.searches": "[]s~domain",
    "PodDNSConfigOption.name": _NAMED,
    "PodOS.name": "s=linux|windows",
    "PodReadinessGate.conditionType": "s~label-key",
    "PodResourceClaim.name": "s~label",
    "PodResourceClaim.resourceClaimName": "s~subdomain",
    "PodResourceClaim.resourceClaimTemplateName": "s~subdomain",
    "PodSchedulingGate.name": "s~label-key",
    "PodSecurityContext.fsGroup": _ID,
    "PodSecurityContext.fsGroupChangePolicy": "s=Always|OnRootMismatch",
    "PodSecurityContext.runAsGroup": _ID,
    "PodSecurityContext.runAsUser": _ID,
    "PodSecurityContext.seLinuxChangePolicy": "s=Recursive|MountOption",
    "PodSecurityContext.supplementalGroups": "[]" + _ID,
    "PodSecurityContext.supplementalGroupsPolicy": "s=Merge|Strict",
    "PodSpec.activeDeadlineSeconds": "l1..2147483647",
    "PodSpec.dnsPolicy": "s=ClusterFirst|ClusterFirstWithHostNet|Default|None",
    "PodSpec.hostname": "s~label",
    "PodSpec.hostnameOverride": "s~subdomain",
    "PodSpec.nodeName": "s~subdomain",
    "PodSpec.nodeSelector": "{label-key}s~label-value",
    "PodSpec.preemptionPolicy": "s=PreemptLowerPriority|Never",
    "PodSpec.priorityClassName": "s~subdomain",
    "PodSpec.restartPolicy": "s=Always|OnFailure|Never",
    "PodSpec.runtimeClassName": "s~subdomain",
    "PodSpec.serviceAccountName": "s~subdomain",
    "PodSpec.subdomain": "s~label",
    "PodSpec.terminationGracePeriodSeconds": "l0..",
    "PolicyRule.verbs": "[]s",
    "PreferredSchedulingTerm.weight": "i1..100",
    "Probe.failureThreshold": "i0..",
    "Probe.initialDelaySeconds": "i0..",
    "Probe.periodSeconds": "i0..",
    "Probe.successThreshold": "i0..",
    "Probe.terminationGracePeriodSeconds": "l1..",
    "Probe.timeoutSeconds": "i0..",
    "ProjectedVolumeSource.defaultMode": _MODE,
    "ResourceClaim.name": _NAMED,
    "ResourceFieldSelector.resource": _NAMED,
    "RoleRef.apiGroup": "s=rbac.authorization.k8s.io",
    "RoleRef.kind": "s=Role|ClusterRole",
    "RoleRef.name": "s~path-segment",
    "SeccompProfile.type": "s=Localhost|RuntimeDefault|Unconfined",
    "SecretEnvSource.name": "s~subdomain",
    "SecretKeySelector.key": "s~config-key",
    "SecretKeySelector.name": "s~subdomain",
    "SecretProjection.name": _NAMED,
    "SecretVolumeSource.defaultMode": _MODE,
    "SecretVolumeSource.secretName": _NAMED,
    "SecurityContext.procMount": "s=Default|Unmasked",
    "SecurityContext.runAsGroup": _ID,
    "SecurityContext.runAsUser": _ID,
    "ServiceAccountTokenProjection.expirationSeconds": "l600..4294967296",
    "ServiceAccountTokenProjection.path": "s~local-path",
    "Subject.kind": "s=ServiceAccount|User|Group",
    "Subject.name": _NAMED,
    "SuccessPolicyRule.succeededCount": "i0..",
    "Toleration.effect": "s=|NoSchedule|PreferNoSchedule|NoExecute",
    "Toleration.key": "s~label-key-or-none",
    "Toleration.operator": "s=|Exists|Equal",
    "Sysctl.name": _NAMED,
    "TopologySpreadConstraint.maxSkew": "i1..",
    "TopologySpreadConstraint.minDomains": "i1..",
    "TopologySpreadConstraint.nodeAffinityPolicy": _INCLUDED,
    "TopologySpreadConstraint.nodeTaintsPolicy": _INCLUDED,
    "TopologySpreadConstraint.topologyKey": _NAMED,
    "TopologySpreadConstraint.whenUnsatisfiable": "s=DoNotSchedule|ScheduleAnyway",
    "Volume.name": "s~label",
    "VolumeMount.mountPath": _NAMED,
    "VolumeMount.mountPropagation": "s=None|HostToContainer|Bidirectional",
    "VolumeMount.name": _NAMED,
    "VolumeMount.recursiveReadOnly": "s=Disabled|IfPossible|Enabled",
    "VolumeMount.subPath": "s~path-below",
    "VolumeMount.subPathExpr": "s~path-below",
    "WeightedPodAffinityTerm.weight": "i1..100",
}

# The types of JobSet 0.12 (`api/jobset/v1alpha2/jobset_types.go` and its CRD).
JOBSET = {
    "JobSet": {"apiVersion": "s", "kind": "s", "metadata": "ObjectMeta", "spec": "JobSetSpec", "status": "o"},
    "JobSetSpec": {
        "coordinator": "JobSetCoordinator",
        "failurePolicy": "JobSetFailurePolicy",
        "managedBy": "s~domain-path",
        "network": "JobSetNetwork",
        "replicatedJobs": "[]ReplicatedJob",
        "startupPolicy": "JobSetStartupPolicy",
        "successPolicy": "JobSetSuccessPolicy",
        "suspend": "b",
        "ttlSecondsAfterFinished": "i0..",
        "volumeClaimPolicies": "[]JobSetVolumeClaimPolicy",
    },
    "ReplicatedJob": {
        "dependsOn": "[]JobSetDependency",
        "groupName": "s~label-1035",
        "name": "!s~nonempty",
        "replicas": "i0..",
        "template": "!JobTemplateSpec",
    },
    "JobSetDependency": {"name": "!s~nonempty", "status": "!s=Ready|Complete"},
    "JobSetNetwork": {"enableDNSHostnames": "b", "publishNotReadyAddresses": "b", "subdomain": "s~label-1035"},
    "JobSetSuccessPolicy": {"operator": "!s=All|Any", "targetReplicatedJobs": "[]s"},
    "JobSetStartupPolicy": {"startupPolicyOrder": "!s=AnyOrder|InOrder"},
    "JobSetCoordinator": {"jobIndex": "l0..", "podIndex": "l0..", "replicatedJob": "!s~nonempty"},
    "JobSetFailurePolicy": {
        "maxRestarts": "i",
        "restartStrategy": "s=Recreate|BlockingRecreate|InPlaceRestart",
        "rules": "[]JobSetFailureRule",
    },
    "JobSetFailureRule": {
        "action": "!s=FailJobSet|RestartJobSet|RestartJobSetAndIgnoreMaxRestarts|RestartJob"
        "|RestartJobAndIgnoreMaxRestarts",
        "name": "!s~nonempty",
        "onJobFailureMessagePatterns": "[]s",
        "onJobFailureReasons": "[]s=BackoffLimitExceeded|DeadlineExceeded|FailedIndexes|MaxFailedIndexesExceeded"
        "|PodFailurePolicy",
        "targetReplicatedJobs": "[]s",
    },
    "JobSetVolumeClaimPolicy": {"retentionPolicy": "JobSetRetention", "templates": "[]PersistentVolumeClaimTemplate"},
    "JobSetRetention": {"whenDeleted": "s=Delete|Retain"},
}

Definitions = dict[str, dict[str, Any]]


def schema(folder: Path) -> dict[str, Any]:
    """The kinds, and the types that they are made of, as the judge reads them."""
    minors = {minor: _definitions(folder, minor) for minor in range(OLDEST, NEWEST + 1)}
    newest = minors[NEWEST]
    types: dict[str, dict[str, str]] = {}
    waiting = list(KINDS.values())
    while waiting:
        full = waiting.pop()
        name = full.rpartition(".")[2]
        if name not in types:
            types[name] = {}
            required = set(newest[full].get("required", ()))
            for key, part in sorted(newest[full].get("properties", {}).items()):
                shape, met = (OPAQUE[key], None) if key in OPAQUE else _shape(part)
                waiting += [met] if met else []
                shape = VALUES.get(f"{name}.{key}", shape)
                first = next(minor for minor in minors if key in minors[minor].get(full, {}).get("properties", {}))
                types[name][key] = "!" * (key in required) + shape + _since(f"{name}.{key}", first, name, minors)
    kinds = {said: full.rpartition(".")[2] for said, full in KINDS.items()} | {
        "jobset.x-k8s.io/v1alpha2 JobSet": "JobSet"
    }
    return {"kinds": kinds, "types": dict(sorted((types | JOBSET).items()))}


def _definitions(folder: Path, minor: int) -> Definitions:
    text = (folder / f"v1.{minor}.0-local-strict" / "_definitions.json").read_text(encoding="utf-8")
    found: Definitions = json.loads(text)["$defs"]
    return found


def _shape(part: dict[str, Any]) -> tuple[str, str | None]:
    """The shape of one property, and the type that it names."""
    if "$ref" in part:
        full = part["$ref"].rpartition("/")[2]
        name = full.rpartition(".")[2]
        return (NAMED[name], None) if name in NAMED else (name, full)
    kind = part.get("type")
    kind = next(each for each in kind if each != "null") if isinstance(kind, list) else kind
    if kind == "array":
        shape, met = _shape(part["items"])
        return "[]" + shape, met
    if kind == "object" and "additionalProperties" in part:
        shape, met = _shape(part["additionalProperties"])
        return "{}" + shape, met
    if kind == "integer":
        return ("l" if part.get("format") == "int64" else "i"), None
    if kind == "string" and part.get("format") == "byte":
        return "y", None
    return SCALARS[str(kind)], None


def _since(name: str, first: int, owner: str, minors: dict[int, Definitions]) -> str:
    """When the field came and when it is on by default; nothing where it was always there."""
    born = next(minor for minor in minors if any(full.endswith(f".{owner}") for full in minors[minor]))
    default = BY_DEFAULT.get(name, first)
    # the fields of a new type are as old as the field that names the type
    if default == OLDEST or (first == born and name not in BY_DEFAULT):
        return ""
    return f"@{first}:{default or ''}"


def main() -> None:
    """Write the file, one type a line."""
    found = schema(Path(sys.argv[1]))
    unknown = {name for name in (VALUES.keys() | BY_DEFAULT.keys()) if not _known(name, found["types"])}
    if unknown:
        raise SystemExit(f"the tables name what no type has: {sorted(unknown)}")
    types = ",\n".join(f"{json.dumps(name)}:{_compact(body)}" for name, body in found["types"].items())
    OUT.write_text(f'{{"kinds":{_compact(found["kinds"])},\n"types":{{\n{types}}}}}\n', encoding="utf-8")


def _known(name: str, types: dict[str, dict[str, str]]) -> bool:
    owner, _, key = name.partition(".")
    return key in types.get(owner, {})


def _compact(body: dict[str, str]) -> str:
    return json.dumps(body, separators=(",", ":"))


if __name__ == "__main__":
    main()
