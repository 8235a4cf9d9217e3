"""Run a flow on a cluster from here: a ConfigMap stands for the run and owns its Jobs, this process drives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dragoman.drive.answers import ApiError
from dragoman.drive.cluster import Connection
from dragoman.drive.kubernetes.api import Api, Chosen, Object
from dragoman.drive.kubernetes.coordinate import owner
from dragoman.drive.kubernetes.jobs import Jobs, OwnerGone, World
from dragoman.drive.kubernetes.patience import patiently
from dragoman.drive.kubernetes.refusals import gone, lost, refused
from dragoman.drive.kubernetes.values import known
from dragoman.drive.loop import drive
from dragoman.drive.walk import Outcome
from dragoman.emit.kubernetes.coordinator import plan_data
from dragoman.emit.kubernetes.job import FLOW, MANAGED, RUN, Run, label
from dragoman.emit.kubernetes.names import named
from dragoman.emit.kubernetes.outputs import problem
from dragoman.emit.kubernetes.settings import settings
from dragoman.findings import WARNING, Finding, Findings
from dragoman.lower.task import Id, name_of
from dragoman.plan.model import Plan
from dragoman.plan.references import steps_of
from dragoman.report.letters import clean
from dragoman.report.progress import Progress

LINES = 10  # of a failed task's log
SHOWN = 20  # failed tasks
LONGEST_ID = 20
LONGEST = 52  # of a run's name: its Jobs' names begin with the flow's
MOST = 2**20 - 1024  # bytes that a ConfigMap holds (core/validation MaxSecretSize), less what its keys take


class Voice(NamedTuple):
    """Where a run is told about, and how time passes; `say` takes a text for people."""

    progress: Progress
    say: Callable[[str], object]
    clock: Callable[[], float]
    sleep: Callable[[float], object]


def run(plan: Plan, values: Mapping[str, Any], place: Connection, api: Api, voice: Voice) -> bool:
    """Drive one run to its end: whether it succeeded. Raises `Findings` when that cannot be done.

    The option `runId` is the run's id: that of an earlier run goes on with it. Without it, the id is a new one.
    """
    given = settings(plan.options).runId
    id_ = named([given], "", LONGEST_ID) if given else _new_id()
    name = named([plan.name], id_, LONGEST)
    progress = voice.progress
    world = World(voice.clock, voice.sleep, progress.note)
    try:
        uid = _record(plan, name, place, api, world)
    except ApiError as error:
        raise refused(error, place) from None
    of = owner("v1", "ConfigMap", name, uid)
    run = Run(plan.name, label(name), uid, place.namespace, of, name, plan.labels)
    progress.note(f"{name}: runs in namespace {place.namespace} of {place.place}")
    jobs = Jobs(api, plan, settings(plan.options), run, Chosen("configmaps", name=name), world)
    try:
        jobs.begin()
        outcome = drive(plan, name, jobs, known(plan, values, id_, name), progress, voice.clock)
    except ApiError as error:
        raise lost(error, place, name, id_) from None
    except OwnerGone:
        raise gone(place, name) from None
    except KeyboardInterrupt:
        raise _interrupted(api, place, name) from None
    finally:
        progress.close()
    voice.say(_told(outcome, jobs))
    remove = f"kubectl delete configmap {name} -n {place.namespace}{place.again}"
    voice.say(f"\n{name}: `{remove}` removes the run with its Jobs and their logs\n")
    return outcome.phase == "succeeded"


def _new_id() -> str:
    from secrets import choice

    return choice("bcdfghjklmnpqrstvwxz") + "".join(choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(4))


def unready(plan: Plan) -> list[Finding]:
    """What keeps the Jobs of a plan from handing on what they should."""
    return [found for step in steps_of(plan) if (found := problem(step, settings(plan.options))) is not None]


def _record(plan: Plan, name: str, place: Connection, api: Api, world: World) -> str:
    """Put down the plan and its scripts; the uid of the ConfigMap."""
    data = plan_data(plan)
    size = sum(len(text.encode()) for text in data.values())
    if size > MOST:
        message = f"the plan and its scripts have {size} bytes, and a ConfigMap holds {MOST}"
        way_out = "put long scripts into the image, or split the flow"
        raise Findings([Finding("DRG627", message, None, way_out)], 2)
    if settings(plan.options).runId:
        found = patiently(lambda: api.page(Chosen("configmaps", name=name)), world.sleep, world.note).items
        if found and found[0].get("data") != data:
            message = f"the run `{name}` is there, and it is of another plan: a run cannot change its flow on its way"
            raise Findings([Finding("DRG626", message, None, "say another `--run-id`, or leave it out")], 2)
    body: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": place.namespace,
            "labels": {**plan.labels, **MANAGED, FLOW: label(plan.name), RUN: label(name)},
        },
        "data": data,
    }
    made = patiently(lambda: api.apply("configmaps", body), world.sleep, world.note)
    return str(made["metadata"]["uid"])


def _interrupted(api: Api, place: Connection, name: str) -> Findings:
    message = f"interrupted: the run `{name}` was deleted from namespace `{place.namespace}`, with all that it started"
    try:
        api.delete("configmaps", name)
    except ApiError as error:
        found = lost(error, place, name, "").findings[0]
        way_out = f"`kubectl delete configmap {name} -n {place.namespace}{place.again}` stops it"
        return Findings([found._replace(help=way_out)], 2)
    return Findings([Finding("DRG612", message, None, "", WARNING)], 2)


def _told(outcome: Outcome, jobs: Jobs) -> str:
    facts = jobs.known()
    failed = [task for task, state in outcome.states.items() if state.phase == "failed" and facts.get(task)]
    more = f"\n… and {len(failed) - SHOWN} more failed\n" if len(failed) > SHOWN else ""
    return "".join(_failure(task, jobs) for task in failed[:SHOWN]) + more


def _failure(task: Id, jobs: Jobs) -> str:
    attempt = jobs.known()[task][-1]
    try:
        log = jobs.log(task, LINES)
    except ApiError as error:
        return f"\n{name_of(task)}: {clean(attempt.message)}; its log is gone: {clean(error.message)}\n"
    end = "".join(f"  {clean(line)}\n" for line in log.splitlines()[-LINES:])
    return f"\n{name_of(task)}: {clean(attempt.message)}\n" + (end or "  it wrote nothing\n")
