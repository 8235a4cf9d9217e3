"""Objects with one thing changed, and what is wrong with them: for the judge, and for Kubernetes' own code.

`MUTANTS` are judged for Kubernetes 1.37. A mutant without a fragment is right. `cluster` is False where an API
server takes the object though something fails later: there the judge is stricter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from emit.objects import ACCOUNT, BINDING, CONFIG, CRON, DROP, INDEXED, JOB, MAIN, PER_INDEX, POD, ROLE, changed

RESTARTS = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
FAILURES = ("spec", "podFailurePolicy", "rules")
CODES = (*FAILURES, 0, "onExitCodes")


class Mutant(NamedTuple):
    """A changed object, a part of what is said of it, and where."""

    name: str
    body: dict[str, Any]
    fragment: str | None = None
    pointer: tuple[str | int, ...] = ()
    cluster: bool = True


def job(name: str, path: tuple[str | int, ...], value: Any, fragment: str | None = None, **more: Any) -> Mutant:
    """The Job with one value changed; what is wrong is at that place, unless another is named."""
    return Mutant(name, changed(JOB, (path, value)), fragment, more.pop("pointer", path), **more)


def of(
    base: dict[str, Any],
    name: str,
    path: tuple[str | int, ...],
    value: Any,
    fragment: str | None = None,
    **more: Any,
) -> Mutant:
    """Another object with one value changed."""
    return Mutant(name, changed(base, (path, value)), fragment, more.pop("pointer", path), **more)


# the 33 classic mistakes that schemas let pass, or nearly so
CLASSIC = [
    job("unknown field", (*POD, "restartpolicy"), "Never", "is no field of Kubernetes"),
    job("field in the wrong place", ("spec", "restartPolicy"), "Never", "is no field of Kubernetes here"),
    job("wrong scalar", ("spec", "backoffLimit"), "3", "is the string `3`, not an integer"),
    job("container without a name", (*MAIN, "name"), DROP, "is missing"),
    job("integer as a value", (*MAIN, "env", 0, "value"), 1, "is the number `1`, not a string"),
    job("boolean annotation", ("metadata", "annotations", "a"), True, "is the boolean `true`, not a string"),
    job("restartPolicy omitted", (*POD, "restartPolicy"), DROP, "the default `Always`"),
    job("restartPolicy Always", (*POD, "restartPolicy"), "Always", "is `Always`"),
    job("podFailurePolicy and OnFailure", (*POD, "restartPolicy"), "OnFailure", "looks at pods that have ended"),
    job("unknown completionMode", ("spec", "completionMode"), "indexed", "which Kubernetes does not know"),
    job("unknown imagePullPolicy", (*MAIN, "imagePullPolicy"), "Sometimes", "which Kubernetes does not know"),
    job("unknown seccomp type", (*POD, "securityContext", "seccompProfile", "type"), "Default", "does not know"),
    of(INDEXED, "Indexed without completions", ("spec", "completions"), DROP, "is missing, and an Indexed Job"),
    job("retries of indexes without any", ("spec", "backoffLimitPerIndex"), 1, "is about indexes"),
    job("success without indexes", ("spec", "successPolicy"), {"rules": [{"succeededCount": 1}]}, "is about indexes"),
    job(
        "exit code 0",
        ("spec", "podFailurePolicy", "rules", 0, "onExitCodes", "values"),
        [0, 3],
        "is 0, which is no failure",
        pointer=("spec", "podFailurePolicy", "rules", 0, "onExitCodes", "values", 0),
    ),
    job("replacement and failure policy", ("spec", "podReplacementPolicy"), "TerminatingOrFailed", "have ended"),
    job("negative ttl", ("spec", "ttlSecondsAfterFinished"), -1, "is `-1`, less than 0"),
    job("beyond int32", ("spec", "backoffLimit"), 2**31, "more than 2147483647"),
    job("value of a label", ("metadata", "labels", "a"), "no blanks", "which is not a value of a label"),
    job("long value of a label", ("metadata", "labels", "a"), "x" * 64, "which is not a value of a label"),
    job("invalid name", ("metadata", "name"), "Resize_US", "which a Job cannot be called"),
    job("too long name", ("metadata", "name"), "x" * 64, "has 64 characters"),
    job("no name", ("metadata", "name"), DROP, "is missing"),
    job("no quantity", (*MAIN, "resources", "requests", "cpu"), "banana", "which is not a quantity"),
    job("quantity with a blank", (*MAIN, "resources", "limits", "memory"), "1 Gi", "which is not a quantity"),
    job("request above limit", (*MAIN, "resources", "requests", "memory"), "2Gi", "more than its limit of `1Gi`"),
    job("half a gpu", (*MAIN, "resources", "limits", "nvidia.com/gpu"), "500m", "devices are whole"),
    job("gpu request is not its limit", (*MAIN, "resources", "requests", "nvidia.com/gpu"), "0", "must be the same"),
    job("gpu in requests only", (*MAIN, "resources", "requests", "amd.com/gpu"), "1", "has no limit"),
    job("two containers of a name", (*POD, "containers", 1), {"name": "main", "image": "a"}, "`main` once more",
        pointer=(*POD, "containers", 1, "name")),
    job("mount of a missing volume", (*MAIN, "volumeMounts", 0, "name"), "temp", "which is no volume of the pod"),
    job("no containers", (*POD, "containers"), [], "is empty"),
]  # fmt: skip

RIGHT = [
    Mutant("a Job", JOB),
    Mutant("an Indexed Job", INDEXED),
    job("an Indexed Job of one", ("spec", "completionMode"), "Indexed"),
    Mutant("retries of indexes", PER_INDEX),
    Mutant("a CronJob", CRON),
    Mutant("a ConfigMap", CONFIG),
    Mutant("a ServiceAccount", ACCOUNT),
    Mutant("a Role", ROLE),
    Mutant("a RoleBinding", BINDING),
    job("no status of a condition", ("spec", "parallelism"), 0),
    job("null is nothing", ("spec", "parallelism"), None),
    job("cpu as a number", (*MAIN, "resources", "requests", "cpu"), 2),
    job("cpu as a fraction", (*MAIN, "resources", "requests", "cpu"), 0.25),
    job("quantity with an exponent", (*MAIN, "resources", "requests", "memory"), "1e3"),
    job("quantity that begins with a dot", (*MAIN, "resources", "requests", "cpu"), ".5"),
    job("labels may be empty", ("metadata", "labels", "a"), ""),
    Mutant("OnFailure", changed(JOB, (("spec", "podFailurePolicy"), DROP), ((*POD, "restartPolicy"), "OnFailure"))),
    of(INDEXED, "name with room for the index", ("metadata", "name"), "x" * 61),
    of(INDEXED, "enough successes", ("spec", "successPolicy"), {"rules": [{"succeededIndexes": "0,2-5", "succeededCount": 3}]}),
    of(PER_INDEX, "FailIndex", ("spec", "podFailurePolicy", "rules", 0, "action"), "FailIndex"),
    job("sidecar", (*POD, "initContainers", 0, "restartPolicy"), "Always"),
    job("a variable of an annotation", (*MAIN, "env", 2, "valueFrom", "fieldRef", "fieldPath"),
        "metadata.annotations['batch.kubernetes.io/job-completion-index']"),
    job("a variable of a limit", (*MAIN, "env", 2, "valueFrom"), {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}),
    job("relaxed name of a variable", (*MAIN, "env", 0, "name"), "a b"),
    job("projected volume", (*POD, "volumes", 0), {"name": "tmp", "projected": {"sources": [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}},
        {"configMap": {"name": "a", "items": [{"key": "a", "path": "b/c"}]}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]}}),
    job("empty toleration", (*POD, "tolerations"), [{"operator": "Exists"}]),
    job("huge pages", (*MAIN, "resources", "limits", "hugepages-2Mi"), "4Mi"),
    job("pod resources", (*POD, "resources"), {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}),
    job("owner", ("metadata", "ownerReferences"), [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b", "controller": True}]),
    job("affinity", (*POD, "affinity"), {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}}),
    job("spreading", (*POD, "topologySpreadConstraints"), [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"a": "b"}}}]),
    Mutant("rules of restarts", changed(JOB, ((*MAIN, "restartPolicy"), "Never"), ((*MAIN, "restartPolicyRules"), RESTARTS))),
    job("variable of a file", (*MAIN, "env", 0), {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "tmp", "path": "a.env", "key": "A"}}}),
    job("probes", (*MAIN, "readinessProbe"), {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5}),
    of(CRON, "every hour", ("spec", "schedule"), "@hourly"),
    of(CRON, "every so often", ("spec", "schedule"), "@every 1h30m"),
    of(CRON, "names of days", ("spec", "schedule"), "*/10 8-18/2 1,15 jan-MAR sun"),
    of(CRON, "longest name", ("metadata", "name"), "x" * 52),
    of(CRON, "UTC", ("spec", "timeZone"), "Etc/UTC"),
    of(CONFIG, "bytes", ("binaryData", "a"), "AAEC"),
    of(CONFIG, "1 MiB", ("data",), {"a": "x" * 1024 * 1024}),
]  # fmt: skip

REFUSED = [
    # names and metadata
    job("dots at the end of a name", ("metadata", "name"), "a.", "which a Job cannot be called"),
    of(INDEXED, "name without room for the index", ("metadata", "name"), "x" * 62, "leaves no host name"),
    of(INDEXED, "dotted name of an Indexed Job", ("metadata", "name"), "a.b", "leaves no host name"),
    job("key of a label", ("metadata", "labels", "a/b/c"), "d", "has a key that is not a qualified name"),
    job("key of an annotation", ("metadata", "annotations", "-a"), "d", "has a key that is not a qualified name"),
    job("long annotations", ("metadata", "annotations", "a"), "x" * 262144, "more than 262144", pointer=("metadata", "annotations")),
    job("namespace", ("metadata", "namespace"), "a.b", "which is not a DNS label"),
    job("label of the pod", ("spec", "template", "metadata", "labels", "a"), "b c", "not a value of a label"),
    job("reserved label", ("spec", "template", "metadata", "labels", "job-name"), "a", "is set by Kubernetes"),
    job("owner without a uid", ("metadata", "ownerReferences"), [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": ""}],
        "is empty", pointer=("metadata", "ownerReferences", 0, "uid")),
    # Jobs
    job("Job without a spec", ("spec",), DROP, "is missing"),
    job("negative parallelism", ("spec", "parallelism"), -1, "is `-1`, less than 0"),
    job("negative deadline", ("spec", "activeDeadlineSeconds"), -1, "is `-1`, less than 0"),
    of(INDEXED, "too many at once", ("spec", "parallelism"), 100_001, "more than 100000"),
    of(PER_INDEX, "more failures than indexes", ("spec", "maxFailedIndexes"), 11, "more than the Job's 10"),
    of(INDEXED, "failures without retries", ("spec", "maxFailedIndexes"), 1, "counts what it lets fail",
       pointer=("spec", "backoffLimitPerIndex")),
    Mutant("too many indexes", changed(PER_INDEX, (("spec", "completions"), 200_000), (("spec", "maxFailedIndexes"), DROP)),
           "is missing, but", ("spec", "maxFailedIndexes")),
    Mutant("too many at once of too many", changed(PER_INDEX, (("spec", "completions"), 200_000), (("spec", "parallelism"), 10_001)),
           "with retries of their own", ("spec", "parallelism")),
    job("managed by nobody", ("spec", "managedBy"), "kueue", "which is not a domain and a path"),
    job("manual selector", ("spec", "selector"), {"matchLabels": {"a": "b"}}, "Kubernetes' own affair"),
    job("failure policy without an action", (*FAILURES, 0, "action"), DROP, "is missing"),
    job("unknown action", (*FAILURES, 0, "action"), "Retry", "does not know"),
    job("FailIndex of a plain Job", (*FAILURES, 0, "action"), "FailIndex", "sets no `backoffLimitPerIndex`"),
    job("codes and conditions", (*FAILURES, 0, "onPodConditions"), [{"type": "A", "status": "True"}], "not exactly one",
        pointer=(*FAILURES, 0)),
    job("neither codes nor conditions", (*FAILURES, 0, "onExitCodes"), DROP, "not exactly one", pointer=(*FAILURES, 0)),
    job("codes of nobody", (*CODES, "containerName"), "other", "which is no container of the pod"),
    job("no codes", (*CODES, "values"), [], "is empty"),
    job("codes out of order", (*CODES, "values"), [42, 3], "not in order"),
    job("a code twice", (*CODES, "values"), [3, 3], "not in order"),
    job("too many codes", (*CODES, "values"), list(range(1, 257)), "more than 255"),
    job("unknown operator", (*CODES, "operator"), "Is", "does not know"),
    job("too many rules", FAILURES, JOB["spec"]["podFailurePolicy"]["rules"] * 11, "more than 20"),
    job("status of a condition", (*FAILURES, 1, "onPodConditions", 0, "status"), True, "is the boolean `true`"),
    job("type of a condition", (*FAILURES, 1, "onPodConditions", 0, "type"), "a b", "not a qualified name"),
    of(INDEXED, "no rule of success", ("spec", "successPolicy"), {"rules": []}, "is empty", pointer=("spec", "successPolicy", "rules")),
    of(INDEXED, "empty rule of success", ("spec", "successPolicy"), {"rules": [{}]}, "neither", pointer=("spec", "successPolicy", "rules", 0)),
    of(INDEXED, "too many successes", ("spec", "successPolicy"), {"rules": [{"succeededCount": 11}]}, "is 11, more than the 10",
       pointer=("spec", "successPolicy", "rules", 0, "succeededCount")),
    of(INDEXED, "index beyond the last", ("spec", "successPolicy"), {"rules": [{"succeededIndexes": "3,10"}]}, "is no index of 10",
       pointer=("spec", "successPolicy", "rules", 0, "succeededIndexes")),
    of(INDEXED, "indexes out of order", ("spec", "successPolicy"), {"rules": [{"succeededIndexes": "3,1"}]}, "do not grow",
       pointer=("spec", "successPolicy", "rules", 0, "succeededIndexes")),
    # pods
    job("deadline of a pod", (*POD, "activeDeadlineSeconds"), 0, "is `0`, less than 1"),
    job("user beyond the last", (*POD, "securityContext", "runAsUser"), 2**31, "more than 2147483647"),
    job("service account", (*POD, "serviceAccountName"), "A", "which is not a name of an object"),
    job("selector of nodes", (*POD, "nodeSelector", "pool"), "a b", "not a value of a label"),
    job("init container of the same name", (*POD, "initContainers", 0, "name"), "main", "`main` once more"),
    job("name of a container", (*MAIN, "name"), "a.b", "which is not a DNS label"),
    job("no image", (*MAIN, "image"), DROP, "is missing"),
    job("empty image", (*MAIN, "image"), "", "is empty"),
    job("container that does not end", (*POD, "initContainers", 0, "livenessProbe"), {"exec": {"command": ["a"]}}, "ends before the others"),
    job("ephemeral containers", (*POD, "ephemeralContainers"), [{"name": "a", "image": "a"}], "stands in a template"),
    job("time limit of a toleration", (*POD, "tolerations", 0, "tolerationSeconds"), 1, "goes with `effect: NoExecute`"),
    job("value of a toleration", (*POD, "tolerations", 0, "value"), "a", "goes with `operator: Equal`"),
    job("toleration of nothing", (*POD, "tolerations", 0), {"value": "a"}, "there is no `key`", pointer=(*POD, "tolerations", 0, "operator")),
    job("effect of a toleration", (*POD, "tolerations", 0, "effect"), "Never", "does not know"),
    job("node users and processes", (*POD, "hostUsers"), False, "but `hostUsers` is false")._replace(
        body=changed(JOB, ((*POD, "hostUsers"), False), ((*POD, "hostPID"), True)), pointer=(*POD, "hostPID")),
    job("local profile without a name", (*POD, "securityContext", "seccompProfile"), {"type": "Localhost"}, "is missing",
        pointer=(*POD, "securityContext", "seccompProfile", "localhostProfile")),
    job("profile with a name", (*POD, "securityContext", "seccompProfile", "localhostProfile"), "a", "goes with `type: Localhost`"),
    job("privileged without escalation", (*MAIN, "securityContext", "privileged"), True, "but the container is privileged",
        pointer=(*MAIN, "securityContext", "allowPrivilegeEscalation")),
    job("spreading twice", (*POD, "topologySpreadConstraints"), [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"}] * 2,
        "is there twice", pointer=(*POD, "topologySpreadConstraints", 1)),
    job("affinity without a term", (*POD, "affinity"), {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
        "is empty", pointer=(*POD, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")),
    # containers
    job("name of a variable", (*MAIN, "env", 0, "name"), "A=B", "which no variable can be called"),
    job("two sources of a variable", (*MAIN, "env", 1, "value"), "a", "stands beside `value`", pointer=(*MAIN, "env", 1, "valueFrom")),
    job("variable of nothing", (*MAIN, "env", 1, "valueFrom"), {}, "has 0 sources"),
    job("key of a Secret", (*MAIN, "env", 1, "valueFrom", "secretKeyRef", "key"), "a b", "not a key of a ConfigMap"),
    job("Secret without a name", (*MAIN, "env", 1, "valueFrom", "secretKeyRef", "name"), DROP, "is missing"),
    job("unknown field of the pod", (*MAIN, "env", 2, "valueFrom", "fieldRef", "fieldPath"), "status.phase", "a variable cannot show"),
    job("unknown resource of the pod", (*MAIN, "env", 2, "valueFrom"), {"resourceFieldRef": {"resource": "limits.gpu"}}, "cannot be shown",
        pointer=(*MAIN, "env", 2, "valueFrom", "resourceFieldRef", "resource")),
    job("divisor of cpu", (*MAIN, "env", 2, "valueFrom"), {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "10m"}}, "is `10m`",
        pointer=(*MAIN, "env", 2, "valueFrom", "resourceFieldRef", "divisor")),
    job("variables of nothing", (*MAIN, "envFrom"), [{"prefix": "A"}], "not exactly one", pointer=(*MAIN, "envFrom", 0)),
    job("file of no volume", (*MAIN, "env", 0), {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "data", "path": "a", "key": "A"}}},
        "no empty directory", pointer=(*MAIN, "env", 0, "valueFrom", "fileKeyRef", "volumeName")),
    job("port", (*MAIN, "ports"), [{"containerPort": 70000}], "more than 65535", pointer=(*MAIN, "ports", 0, "containerPort")),
    job("name of a port", (*MAIN, "ports"), [{"containerPort": 1, "name": "a--b"}], "not a name of a port", pointer=(*MAIN, "ports", 0, "name")),
    job("two ports of a name", (*MAIN, "ports"), [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}], "`a` once more",
        pointer=(*MAIN, "ports", 1, "name")),
    job("two ports of the node", (*MAIN, "ports"), [{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}], "taken already",
        pointer=(*MAIN, "ports", 1, "hostPort")),
    job("probe of two kinds", (*MAIN, "livenessProbe"), {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}, "has 2 of"),
    job("long sleep", (*MAIN, "lifecycle"), {"preStop": {"sleep": {"seconds": 31}}}, "has 30 seconds to end",
        pointer=(*MAIN, "lifecycle", "preStop", "sleep", "seconds")),
    of(INDEXED, "one index by default", ("spec", "successPolicy"), {"rules": [{"succeededCount": 2}]}, "more than the 1",
       pointer=("spec", "successPolicy", "rules", 0, "succeededCount"))._replace(body=changed(
           JOB, (("spec", "completionMode"), "Indexed"), (("spec", "successPolicy"), {"rules": [{"succeededCount": 2}]}))),
    job("probe of nothing", (*MAIN, "livenessProbe"), {"periodSeconds": 1}, "has 0 of"),
    job("successes of a probe", (*MAIN, "livenessProbe"), {"exec": {"command": ["a"]}, "successThreshold": 2}, "is 2",
        pointer=(*MAIN, "livenessProbe", "successThreshold")),
    job("rules without a policy", (*MAIN, "restartPolicyRules"), RESTARTS, "is missing, and its rules need it", pointer=(*MAIN, "restartPolicy")),
    # volumes
    job("two volumes of a name", (*POD, "volumes", 1, "name"), "tmp", "`tmp` once more"),
    job("name of a volume", (*POD, "volumes", 0, "name"), "a.b", "which is not a DNS label"),
    job("two sources of a volume", (*POD, "volumes", 0, "hostPath"), {"path": "/a"}, "more than one source", pointer=(*POD, "volumes", 0)),
    job("ConfigMap without a name", (*POD, "volumes", 1, "configMap", "name"), DROP, "is missing"),
    job("mode of files", (*POD, "volumes", 1, "configMap", "defaultMode"), 777, "more than 511"),
    job("path of a key", (*POD, "volumes", 1, "configMap", "items"), [{"key": "a", "path": "../a"}], "not a relative path",
        pointer=(*POD, "volumes", 1, "configMap", "items", 0, "path")),
    job("negative size", (*POD, "volumes", 0, "emptyDir", "sizeLimit"), "-1", "less than nothing"),
    job("two mounts of a path", (*MAIN, "volumeMounts", 1, "mountPath"), "/tmp", "mounted already"),
    job("mount of an init container", (*POD, "initContainers", 0, "volumeMounts", 0, "name"), "a", "no volume of the pod"),
    job("no path", (*MAIN, "volumeMounts", 0, "mountPath"), "", "is empty"),
    job("subPath that steps up", (*MAIN, "volumeMounts", 0, "subPath"), "a/../b", "a relative path without"),
    job("two subpaths", (*MAIN, "volumeMounts", 2, "subPathExpr"), "$(A)", "stands beside `subPath`"),
    job("propagation", (*MAIN, "volumeMounts", 0, "mountPropagation"), "Bidirectional", "only privileged"),
    job("recursive, but not read-only", (*MAIN, "volumeMounts", 0, "recursiveReadOnly"), "Enabled", "can be written"),
    # resources
    job("a resource of nobody", (*MAIN, "resources", "limits", "gpu"), "1", "nothing that a container can ask for"),
    job("storage of a claim", (*MAIN, "resources", "limits", "storage"), "1", "nothing that a container can ask for"),
    job("negative cpu", (*MAIN, "resources", "requests", "cpu"), "-1", "less than nothing"),
    job("capital K", (*MAIN, "resources", "requests", "memory"), "1K", "which is not a quantity"),
    job("huge pages that differ", (*MAIN, "resources", "requests", "hugepages-2Mi"), "2Mi", "has no limit"),
    job("half a page", (*MAIN, "resources", "limits", "hugepages-2Mi"), "3Mi", "no number of whole pages"),
    job("huge pages alone", (*POD, "initContainers", 0, "resources"), {"limits": {"hugepages-2Mi": "2Mi"}}, "without cpu or memory"),
    job("claim of nothing", (*MAIN, "resources", "claims"), [{"name": "a"}], "no claim of the pod", pointer=(*MAIN, "resources", "claims", 0, "name")),
    job("claim without a source", (*POD, "resourceClaims"), [{"name": "a"}], "not exactly one", pointer=(*POD, "resourceClaims", 0)),
    job("pod smaller than its containers", (*POD, "resources"), {"requests": {"cpu": "100m"}}, "less than its containers",
        pointer=(*POD, "resources", "requests", "cpu")),
    job("gpu of a pod", (*POD, "resources"), {"limits": {"nvidia.com/gpu": "1"}}, "pod as a whole",
        pointer=(*POD, "resources", "limits", "nvidia.com/gpu")),
    # CronJobs
    of(CRON, "too long name of a CronJob", ("metadata", "name"), "x" * 53, "has 53 characters"),
    of(CRON, "zone in the schedule", ("spec", "schedule"), "TZ=UTC 0 3 * * *", "with a time zone in it"),
    of(CRON, "four fields", ("spec", "schedule"), "0 3 * *", "it has 4 fields"),
    of(CRON, "minute 60", ("spec", "schedule"), "60 3 * * *", "`60` is no minute"),
    of(CRON, "Sunday as 7", ("spec", "schedule"), "0 3 * * 7", "`7` is no day of the week"),
    of(CRON, "step of nothing", ("spec", "schedule"), "*/0 3 * * *", "`*/0` is no minute"),
    of(CRON, "empty schedule", ("spec", "schedule"), "", "is empty"),
    of(CRON, "local time", ("spec", "timeZone"), "Local", "no name of a time zone"),
    of(CRON, "form of a zone", ("spec", "timeZone"), "Europe//Berlin", "no name of a time zone"),
    of(CRON, "unknown concurrency", ("spec", "concurrencyPolicy"), "Never", "does not know"),
    of(CRON, "negative history", ("spec", "failedJobsHistoryLimit"), -1, "less than 0"),
    of(CRON, "Job of a CronJob", ("spec", "jobTemplate", *POD, "restartPolicy"), "Always", "is `Always`"),
    # ConfigMaps and RBAC
    of(CONFIG, "key of a ConfigMap", ("data", "a/b"), "c", "has a key that is not a key of a ConfigMap"),
    of(CONFIG, "more than 1 MiB", ("data",), {"a": "é" * 524288, "b": "c"}, "1048577 bytes"),
    of(CONFIG, "a key twice", ("binaryData",), {"run.py": "AAEC"}, "is in `binaryData`", pointer=("data", "run.py")),
    of(CONFIG, "integer in a ConfigMap", ("data", "a"), 1, "not a string"),
    of(CONFIG, "name of a ConfigMap", ("metadata", "name"), "A", "which a ConfigMap cannot be called"),
    of(ROLE, "name of a Role", ("metadata", "name"), "a/b", "which a Role cannot be called"),
    of(ROLE, "no verbs", ("rules", 0, "verbs"), [], "is empty"),
    of(ROLE, "no groups", ("rules", 0, "apiGroups"), [], "is empty"),
    of(ROLE, "no resources", ("rules", 0, "resources"), DROP, "is empty"),
    of(ROLE, "URLs", ("rules", 0), {"nonResourceURLs": ["/healthz"], "verbs": ["get"]}, "whole cluster",
       pointer=("rules", 0, "nonResourceURLs")),
    of(BINDING, "kind of a role", ("roleRef", "kind"), "Job", "does not know"),
    of(BINDING, "group of an account", ("subjects", 0, "apiGroup"), "rbac.authorization.k8s.io", "belong to the core"),
    of(BINDING, "kind of a subject", ("subjects", 0, "kind"), "Robot", "does not know"),
    of(ACCOUNT, "name of an account", ("metadata", "name"), "a_b", "which a ServiceAccount cannot be called"),
]  # fmt: skip

STRICTER = [
    job("a variable twice", (*MAIN, "env", 3), {"name": "REGION", "value": "eu"}, "`REGION` once more", pointer=(*MAIN, "env", 3, "name")),
    job("blanks of an image", (*MAIN, "image"), " a", "blanks at an end"),
    job("parts of a byte", (*MAIN, "resources", "requests", "memory"), "100m", "parts of a byte"),
    job("a colon in a path", (*MAIN, "volumeMounts", 0, "mountPath"), "/a:b", "no path may hold `:`"),
    job("volume of nothing", (*POD, "volumes", 0), {"name": "tmp"}, "where its files come from"),
    job("claim that cannot be", (*POD, "volumes", 2, "persistentVolumeClaim", "claimName"), "A", "no object can be called"),
    job("pull secret that cannot be", (*POD, "imagePullSecrets"), [{"name": "A"}], "no Secret", pointer=(*POD, "imagePullSecrets", 0, "name")),
    job("no status", (*FAILURES, 1, "onPodConditions", 0, "status"), DROP, "is missing"),
    Mutant("retries of indexes that restart", changed(PER_INDEX, (("spec", "podFailurePolicy"), DROP), ((*POD, "restartPolicy"), "OnFailure")),
           "counts pods that have ended", (*POD, "restartPolicy")),
    Mutant("name without room for time and index", changed(
        CRON, (("metadata", "name"), "x" * 51), (("spec", "jobTemplate", "spec", "completionMode"), "Indexed"),
        (("spec", "jobTemplate", "spec", "completions"), 10)), "leaves no host name", ("metadata", "name")),
    of(BINDING, "account of no namespace", ("subjects", 0, "namespace"), DROP, "is missing"),
]  # fmt: skip

MUTANTS = [*RIGHT, *CLASSIC, *REFUSED, *(mutant._replace(cluster=False) for mutant in STRICTER)]
