"""A JobSet: one object whose Jobs start when those that they depend on are complete (sigs.k8s.io/jobset, v1alpha2).

Several dependencies of one Job need JobSet 0.9. Left alone (no failure policy), the first Job that fails fails the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman import duration
from dragoman.emit.kubernetes.drafts import Draft
from dragoman.emit.kubernetes.names import LONGEST, digest, named
from dragoman.emit.kubernetes.objects import config_map, metadata
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.pods import QUEUE_LABEL
from dragoman.emitter import Emission, Manifest
from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.lower.task import Id, name_of
from dragoman.plan.model import Plan, Step

API_VERSION = "jobset.x-k8s.io/v1alpha2"
MOST_DEPENDENCIES = 5  # maxItems of dependsOn in its CRD
MOST_QUEUED = 18  # the pod sets that Kueue takes in one workload (kueue 0.19)
# a pod is `<set>-<job>-0-<index>-<5 letters>`, and its name a label
SET_LONGEST = 28


def emit(plan: Plan, found: Sequence[Draft], options: Settings) -> Emission:
    """The JobSet, and the ConfigMaps that its pods mount."""
    configs = {config.name: config for draft in found for config in draft.config.values()}
    names, places = _names(found)
    findings = _findings(found, names)
    manifests = [
        config_map(plan, name.rpartition("-")[0], name, config.data, immutable=True) for name, config in configs.items()
    ]
    jobs = [_job(draft, names) for draft in found]
    spec: dict[str, Any] = {"replicatedJobs": jobs}
    ending = digest(spec, options.runId)
    if options.ttl is not None:
        spec["ttlSecondsAfterFinished"] = duration.parse(options.ttl)
    about = metadata(plan, named([plan.name], ending, SET_LONGEST))
    queues = {draft.step.queue for draft in found}
    if queues - {None} and len(queues) == 1:
        about["labels"][QUEUE_LABEL] = queues.pop()
    body = {"apiVersion": API_VERSION, "kind": "JobSet", "metadata": about, "spec": spec}
    return Emission((*manifests, Manifest(f"jobset-{plan.name}.yaml", body)), places, tuple(findings))


def _names(found: Sequence[Draft]) -> tuple[dict[Id, str], dict[str, Path]]:
    """The name of each container's Job within the set, and the place of each such name."""
    names: dict[Id, str] = {}
    places: dict[str, Path] = {}
    for draft in found:
        completions = draft.spec.get("completions", 1)
        room = LONGEST - SET_LONGEST - len(f"--0-{completions - 1}-abcde")
        words = draft.words[1:]
        name = named(words, "", LONGEST)
        if len(name) > room or name in places:
            name = named(words, digest(draft.ids[0])[:5], room)
        names.update(dict.fromkeys(draft.ids, name))
        places[name] = draft.step.layers[0].path
    return names, places


def _job(draft: Draft, names: dict[Id, str]) -> dict[str, Any]:
    """Jobs of a set are Indexed unless they say otherwise, which a Job of one pod does not mind."""
    job: dict[str, Any] = {"name": names[draft.ids[0]], "replicas": 1}
    needs = list(dict.fromkeys(names[need] for need in draft.needs))
    if needs:
        job["dependsOn"] = [{"name": name, "status": "Complete"} for name in needs]
    return {**job, "template": {"spec": draft.spec}}


def _findings(found: Sequence[Draft], names: Mapping[Id, str]) -> list[Finding]:
    findings = []
    for draft in found:
        count = len({names[need] for need in draft.needs})
        if count > MOST_DEPENDENCIES:
            message = f"`{name_of(draft.ids[0])}` needs {count} Jobs, one of a JobSet takes {MOST_DEPENDENCIES}"
            findings.append(_at(draft.step, message))
    queued = [draft for draft in found if draft.step.queue]
    if queued and {draft.step.queue for draft in found} != {queued[0].step.queue}:
        message = "the steps of a JobSet wait in one queue together, and these name several, or not all name one"
        findings.append(_at(queued[0].step, message))
    elif queued and len(found) > MOST_QUEUED:
        message = f"the JobSet has {len(found)} Jobs, and Kueue takes {MOST_QUEUED} in one workload"
        findings.append(_at(queued[0].step, message))
    return findings


def _at(step: Step, message: str) -> Finding:
    layer = step.layers[0]
    return Finding(
        "DRG304",
        message,
        layer.source.span(layer.path, key=True),
        "say `targets.kubernetes.ordering: coordinator`",
        address=".".join(map(str, layer.path)),
    )
