"""The Argo objects of a plan: a WorkflowTemplate to start runs from, the CronWorkflow that starts them, or one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman import duration
from dragoman.emit.argo.build import Build
from dragoman.emit.argo.dag import graph
from dragoman.emit.argo.expressions import Unprintable
from dragoman.emit.argo.names import slug
from dragoman.emit.argo.pod import literal
from dragoman.emit.argo.settings import Settings, settings
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import restricted
from dragoman.emitter import Emission, Manifest
from dragoman.expr.values import to_text
from dragoman.findings import WARNING, Finding
from dragoman.plan.model import Param, Plan, Step

API_VERSION = "argoproj.io/v1alpha1"
CRON_NAME = 52  # Argo adds `-` and a Unix time (workflow/validate)
# labels that make Argo CD take an object for its own: not copied to runs, which it did not create
TRACKING = ("app.kubernetes.io/instance", "argocd.argoproj.io/")


def emit(plan: Plan) -> Emission:
    """The plan's Argo objects."""
    options = settings(plan.options)
    build = Build(plan, options)
    spec = _spec(plan, options, build)
    manifests = [_template(plan, options, spec)]
    if plan.schedule is not None and options.kind == "Workflow":
        span = plan.source.span(("spec", "schedule"), key=True)
        message = "`kind: Workflow` is one run, and a schedule starts many: it needs a template"
        way_out = "leave `targets.argo.kind` out, or the schedule"
        build.findings.append(Finding("DRG118", message, span, way_out, address="spec.schedule"))
    elif plan.schedule is not None:
        name, findings = _cron_name(plan)
        build.findings += findings
        manifests.append(_cron_workflow(plan, name))
    return Emission(tuple(manifests), build.places, tuple(build.names.findings + build.findings))


def _template(plan: Plan, options: Settings, spec: Mapping[str, Any]) -> Manifest:
    name = plan.name
    if options.kind == "Workflow":
        from hashlib import sha256

        content = repr((plan.name, plan.namespace, spec)).encode()
        name = f"{slug(plan.name, 54)}-{sha256(content).hexdigest()[:8]}"
    body = {
        "apiVersion": API_VERSION,
        "kind": options.kind,
        "metadata": _metadata(plan, name, namespaced=options.kind != "ClusterWorkflowTemplate"),
        "spec": spec,
    }
    return Manifest(f"{options.kind.lower()}-{plan.name}.yaml", body)


def _cron_workflow(plan: Plan, name: str) -> Manifest:
    schedule = plan.schedule
    assert schedule is not None
    reference = drop_empty(
        {
            "name": plan.name,
            "clusterScope": True if settings(plan.options).kind == "ClusterWorkflowTemplate" else None,
        }
    )
    return Manifest(
        f"cronworkflow-{plan.name}.yaml",
        {
            "apiVersion": API_VERSION,
            "kind": "CronWorkflow",
            "metadata": _metadata(plan, name, namespaced=True),
            "spec": drop_empty(
                {
                    "schedules": list(schedule.cron),
                    "timezone": schedule.timezone,
                    "concurrencyPolicy": schedule.concurrency,
                    "startingDeadlineSeconds": schedule.starting_deadline,
                    "suspend": schedule.suspend,
                    "successfulJobsHistoryLimit": schedule.history,
                    "failedJobsHistoryLimit": schedule.history,
                    "workflowSpec": {"workflowTemplateRef": reference},
                }
            ),
        },
    )


def _cron_name(plan: Plan) -> tuple[str, list[Finding]]:
    name = slug(plan.name, CRON_NAME)
    if name == plan.name:
        return name, []
    return name, [
        Finding(
            "DRG137",
            f"the CronWorkflow of `{plan.name}` is named `{name}`: its name may have {CRON_NAME} letters",
            plan.source.span(("metadata", "name")),
            severity=WARNING,
            address="metadata.name",
        )
    ]


def _metadata(plan: Plan, name: str, *, namespaced: bool) -> dict[str, Any]:
    return drop_empty(
        {
            "name": name,
            "namespace": plan.namespace if namespaced else None,
            "labels": dict(plan.labels),
            "annotations": dict(plan.annotations),
        }
    )


def _spec(plan: Plan, options: Settings, build: Build) -> dict[str, Any]:
    entrypoint = _graph_name("main", plan.steps)
    graph(build, entrypoint, (), plan.steps, fail_fast=plan.fail_fast)
    on_exit = None
    if plan.on_exit:
        on_exit = _graph_name("on-exit", plan.steps)
        graph(build, on_exit, ("onExit",), plan.on_exit)
    run_labels = {key: value for key, value in plan.labels.items() if not key.startswith(TRACKING)}
    executor = {"serviceAccountName": options.executorServiceAccount} if options.executorServiceAccount else None
    return drop_empty(
        {
            "entrypoint": entrypoint,
            "arguments": drop_empty({"parameters": _arguments(plan, build)}),
            "onExit": on_exit,
            "parallelism": plan.parallelism,
            "activeDeadlineSeconds": plan.timeout,
            "ttlStrategy": _ttl(options.ttl),
            "podGC": {"strategy": options.podGC} if options.podGC else None,
            "archiveLogs": options.archiveLogs,
            "serviceAccountName": options.serviceAccount,
            "automountServiceAccountToken": False if executor else None,
            "executor": executor,
            "imagePullSecrets": [{"name": name} for name in options.imagePullSecrets],
            "securityContext": _security(options),
            "workflowMetadata": drop_empty({"labels": run_labels}),
            "templates": build.templates,
        }
    )


def _graph_name(name: str, steps: tuple[Step, ...]) -> str:
    """The name of a graph that is no step's own; no step's template has two dashes in a row."""
    heads = tuple(f"{slug(step.name)}-" for step in steps)
    return f"{name}--graph" if f"{name}-".startswith(heads) else name


def _arguments(plan: Plan, build: Build) -> list[dict[str, Any]]:
    arguments = []
    for param in plan.params:
        try:
            arguments += [_argument(param)] if param.runtime else []
        except Unprintable as error:
            span = plan.source.span(("spec", "params", param.name))
            build.findings.append(Finding("DRG304", error.message, span, error.help))
    return arguments


def _argument(param: Param) -> dict[str, Any]:
    """A run-time parameter; Argo reads its text again, wherever it is used."""
    for text in (param.value, *param.enum, param.description or ""):
        literal(to_text(text), f"params.{param.name}")
    return drop_empty(
        {
            "name": param.name,
            "value": to_text(param.value),
            "enum": [to_text(value) for value in param.enum],
            "description": param.description,
        }
    )


def _ttl(ttl: str | Mapping[str, str] | None) -> dict[str, int] | None:
    if ttl is None:
        return None
    if isinstance(ttl, str):
        return {"secondsAfterCompletion": duration.parse(ttl)}
    names = {
        "completion": "secondsAfterCompletion",
        "success": "secondsAfterSuccess",
        "failure": "secondsAfterFailure",
    }
    return {name: duration.parse(value) for when, name in names.items() if (value := ttl.get(when)) is not None}


def _security(options: Settings) -> dict[str, Any] | None:
    """The pod's half of the restricted Pod Security Standard; each container has the other."""
    return restricted(options.runAsUser) if options.podSecurity == "restricted" else None
