"""Objects around a spec: their metadata, and the file each is written to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.emit.kubernetes.job import labels, untracked
from dragoman.emit.kubernetes.names import CRON_LONGEST, digest, named
from dragoman.emit.objects import drop_empty
from dragoman.emitter import Manifest
from dragoman.findings import WARNING, Finding
from dragoman.plan.model import Plan, Step


def metadata(
    plan: Plan, name: str, step: Step | None = None, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """An object's metadata: the flow's labels and annotations are copied to each."""
    return drop_empty(
        {
            "name": name,
            "namespace": plan.namespace,
            "labels": labels(plan.name, step, plan.labels),
            "annotations": {**plan.annotations, **(annotations or {})},
        }
    )


def config_map(plan: Plan, file: str, name: str, data: Mapping[str, str], **more: Any) -> Manifest:
    """A ConfigMap; `more` are other fields of it."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(plan, name), **more, "data": dict(data)}
    return Manifest(f"configmap-{file}.yaml", body)


def cron_job(plan: Plan, job: Mapping[str, Any]) -> tuple[list[Manifest], list[Finding]]:
    """The CronJobs that start a Job as the flow's schedule says: one for each of its times."""
    schedule = plan.schedule
    assert schedule is not None
    names, findings = _cron_names(plan, len(schedule.cron))
    made = []
    for name, cron in zip(names, schedule.cron, strict=True):
        body = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata(plan, name),
            "spec": drop_empty(
                {
                    "schedule": cron,
                    "timeZone": schedule.timezone,
                    "concurrencyPolicy": schedule.concurrency,
                    "startingDeadlineSeconds": schedule.starting_deadline,
                    "suspend": schedule.suspend,
                    "successfulJobsHistoryLimit": schedule.history,
                    "failedJobsHistoryLimit": schedule.history,
                    "jobTemplate": {"metadata": _unnamed(job["metadata"]), "spec": job["spec"]},
                }
            ),
        }
        made.append(Manifest(f"cronjob-{name}.yaml", body))
    return made, findings


def _unnamed(found: Mapping[str, Any]) -> dict[str, Any]:
    return drop_empty({"labels": untracked(found.get("labels") or {}), "annotations": found.get("annotations")})


def _cron_names(plan: Plan, count: int) -> tuple[list[str], list[Finding]]:
    endings = [""] if count == 1 else [str(number) for number in range(count)]
    if len(plan.name) + len(f"-{endings[-1]}" if endings[-1] else "") <= CRON_LONGEST:
        return [named([plan.name], ending, CRON_LONGEST) for ending in endings], []
    names = [named([plan.name], digest(plan.name) + ending, CRON_LONGEST) for ending in endings]
    message = f"the CronJob of `{plan.name}` is named `{names[0]}`: its name may have {CRON_LONGEST} letters"
    span = plan.source.span(("metadata", "name"))
    return names, [Finding("DRG137", message, span, severity=WARNING, address="metadata.name")]
