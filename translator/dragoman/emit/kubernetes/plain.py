"""Jobs on their own: all at once (`none`), or wave by wave as Argo CD syncs them (`waves`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman import duration
from dragoman.emit.kubernetes.drafts import Draft
from dragoman.emit.kubernetes.indexed import Config
from dragoman.emit.kubernetes.job import API_VERSION, INDEX
from dragoman.emit.kubernetes.names import LONGEST, digest, named
from dragoman.emit.kubernetes.objects import config_map, cron_job, metadata
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emitter import Emission, Manifest
from dragoman.load.document import Path
from dragoman.lower.task import Id
from dragoman.plan.model import Plan

WAVE = "argocd.argoproj.io/sync-wave"


def emit(plan: Plan, found: Sequence[Draft], options: Settings, waves: Mapping[Id, int] | None) -> Emission:
    """A Job for each draft; with `waves`, annotated with the wave that each of its containers is in."""
    configs: dict[str, Manifest] = {}
    jobs: list[Manifest] = []
    files: set[str] = set()
    places: dict[str, Path] = {}
    for draft in found:
        annotations = {WAVE: str(waves[draft.ids[0]])} if waves else {}
        for config in draft.config.values():
            configs[config.name] = _config_map(plan, draft, config, first=bool(waves))
            places[config.name] = draft.step.layers[0].path
        body = job(plan, draft, options, annotations)
        name = body["metadata"]["name"]
        places[name] = draft.step.layers[0].path
        file = f"job-{named(draft.words, '', LONGEST)}.yaml"
        jobs.append(Manifest(file if file not in files else f"job-{name}.yaml", body))
        files.add(file)
    if plan.schedule is not None:
        crons, findings = cron_job(plan, jobs[0].body)
        places.update({cron.body["metadata"]["name"]: ("spec", "schedule") for cron in crons})
        return Emission((*configs.values(), *crons), places, tuple(findings))
    return Emission((*configs.values(), *jobs), places)


def job(plan: Plan, draft: Draft, options: Settings, annotations: Mapping[str, str]) -> dict[str, Any]:
    """The Job of a draft. Its name ends with a hash of its spec, and so of all that the spec names."""
    spec = {**draft.spec}
    if plan.timeout is not None:
        spec["activeDeadlineSeconds"] = plan.timeout
    ending = digest(spec, draft.words, options.runId)
    if options.ttl is not None:
        spec["ttlSecondsAfterFinished"] = duration.parse(options.ttl)
    numbered = {INDEX: str(draft.number)} if draft.number is not None else {}
    about = metadata(plan, named(draft.words, ending, _room(spec)), draft.step, {**numbered, **annotations})
    return {"apiVersion": API_VERSION, "kind": "Job", "metadata": about, "spec": spec}


def _room(spec: Mapping[str, Any]) -> int:
    """The letters that a Job's name may have: an Indexed Job's pods have their number behind it."""
    completions = spec.get("completions")
    return LONGEST if completions is None else LONGEST - 1 - len(str(completions - 1))


def _config_map(plan: Plan, draft: Draft, config: Config, *, first: bool) -> Manifest:
    made = config_map(plan, config.name.rpartition("-")[0], config.name, config.data, immutable=True)
    if first:
        about = made.body["metadata"]
        about["annotations"] = {**about.get("annotations", {}), WAVE: "-1"}
    return made
