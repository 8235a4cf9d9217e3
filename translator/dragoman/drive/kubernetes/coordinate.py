"""The coordinator: goes on with the run that its own Job stands for, from wherever its Jobs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.drive.kubernetes.api import Api, Chosen
from dragoman.drive.kubernetes.jobs import Jobs, World
from dragoman.drive.kubernetes.values import given, known
from dragoman.drive.loop import drive
from dragoman.emit.kubernetes.job import Run, label
from dragoman.emit.kubernetes.settings import settings
from dragoman.findings import Finding, Findings
from dragoman.plan import wire
from dragoman.plan.model import Plan
from dragoman.report.progress import Progress

VARIABLES = ("DRAGOMAN_RUN", "DRAGOMAN_RUN_UID", "DRAGOMAN_NAMESPACE", "DRAGOMAN_PLAN")


class Self(NamedTuple):
    """The coordinator's own Job, and the ConfigMap of the plan: what the downward API and the manifest say."""

    name: str
    uid: str
    namespace: str
    plan: str


def myself(environment: Mapping[str, str]) -> Self:
    """Who this is; raises `Findings` outside of a coordinator's pod."""
    missing = [name for name in VARIABLES if not environment.get(name)]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        message = f"`dragoman drive` is what a coordinator runs in its cluster, and {names} is not set"
        raise Findings([Finding("DRG624", message, None, "`dragoman run` runs a flow from here")], 2)
    return Self(*(environment[name] for name in VARIABLES))


def read(path: str) -> Plan:
    """The plan in a file; raises `Findings`."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            return wire.decode(json.load(file))
    except OSError as error:
        message = f"the plan cannot be read: {path}: {(error.strerror or str(error)).lower()}"
        way_out = "the coordinator's manifest mounts it: render the flow again"
        raise Findings([Finding("DRG623", message, None, way_out)], 2) from None
    except (ValueError, AttributeError) as error:
        way_out = "let the coordinator's image and the dragoman that renders be of one version"
        raise Findings([Finding("DRG623", f"{path}: {error}", None, way_out)], 2) from None


def coordinate(plan: Plan, me: Self, parameters: Sequence[str], api: Api, world: World, progress: Progress) -> bool:
    """Drive the run to its end; whether it succeeded. Raises `ApiError` or `OwnerGone` when that cannot be done."""
    values = given(plan, parameters)
    mine = owner("batch/v1", "Job", me.name, me.uid)
    run = Run(plan.name, label(me.name), me.uid, me.namespace, mine, me.plan, plan.labels)
    jobs = Jobs(api, plan, settings(plan.options), run, Chosen("jobs", name=me.name), world)
    jobs.begin()
    outcome = drive(plan, me.name, jobs, known(plan, values, me.uid, me.name), progress, world.clock)
    return outcome.phase == "succeeded"


def owner(version: str, kind: str, name: str, uid: str) -> dict[str, Any]:
    """What makes an object part of another: it is deleted with it, and keeps nobody from deleting it."""
    return {
        "apiVersion": version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": False,
        "blockOwnerDeletion": False,
    }
