"""Run a flow on AWS: register it, start its state machine, follow the execution, say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from json import dumps, loads
from typing import Any, NamedTuple, TypeVar

from dragoman.drive.batch.api import NO_EXECUTION, Aws, AwsError, Body
from dragoman.drive.batch.ending import told
from dragoman.drive.batch.follow import follow, patiently
from dragoman.drive.batch.names import distributed, states
from dragoman.drive.batch.record import Record
from dragoman.drive.batch.refusals import one, refused
from dragoman.drive.batch.status import Seen, run_state, step_states
from dragoman.emit.batch.names import LONGEST_STATE, named
from dragoman.emitter import Emission
from dragoman.findings import WARNING, Finding, Findings
from dragoman.plan.model import Plan
from dragoman.report.progress import Progress

LONGEST_ID = 20
SECOND = 1.0  # a terminal's clock goes on while nothing is asked
Result = TypeVar("Result")


class Wish(NamedTuple):
    """What the command line asks for; `id` names the run, else it gets a new one."""

    id: str = ""
    detach: bool = False
    stop_on_interrupt: bool = False


class Voice(NamedTuple):
    """Where a run is told about, and how time passes.

    progress  hears what happens while it happens
    say       takes a text for people, `result` one for programs
    """

    progress: Progress
    say: Callable[[str], object]
    result: Callable[[str], object]
    sleep: Callable[[float], object]


def run(plan: Plan, emission: Emission, values: Mapping[str, Any], aws: Aws, wish: Wish, voice: Voice) -> bool:
    """Start one run and follow it to its end: whether it succeeded. Raises `Findings` when that cannot be done.

    values  the run's own parameters, already checked
    """
    definitions = [one.body for one in emission.manifests if one.kind == "JobDefinition"]
    machine = next(one.body for one in emission.manifests if one.kind == "StateMachine")
    id_ = named([wish.id], LONGEST_ID) if wish.id else _new_id()
    name = f"{named([plan.name], LONGEST_STATE - len(id_) - 1)}-{id_}"
    try:
        execution = _started(definitions, machine, name, values, aws, voice)
    except AwsError as error:
        raise refused(error, aws, machine.get("roleArn", "")) from None
    voice.progress.note(f"{name}: runs in {aws.place}, as {execution}")
    if wish.detach:
        voice.result(f"{execution}\n")
        return True
    try:
        return _followed(plan, loads(machine["definition"]), name, execution, aws, voice)
    except AwsError as error:
        raise _lost(error, aws, execution, id_) from None
    except KeyboardInterrupt:
        raise _interrupted(aws, name, execution, id_, stop=wish.stop_on_interrupt) from None
    finally:
        voice.progress.close()


def _new_id() -> str:
    from secrets import choice

    return choice("bcdfghjklmnpqrstvwxz") + "".join(choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(4))


def _started(
    definitions: list[Body], machine: Body, name: str, values: Mapping[str, Any], aws: Aws, voice: Voice
) -> str:
    """Register and deploy what is new, and start an execution; its ARN."""

    def patient(call: Callable[[], Result]) -> Result:
        return patiently(call, voice.progress.note, voice.sleep)

    patient(lambda: _queues(loads(machine["definition"]), aws))
    new = sum(patient(partial(aws.register, body)) for body in definitions)
    if new:
        voice.progress.note(f"{name}: {new} of {len(definitions)} job definitions registered")
    arn = patient(lambda: aws.deploy(machine))
    return patient(lambda: aws.start(arn, name, dumps({"params": values}, sort_keys=True)))


def _queues(machine: Body, aws: Aws) -> None:
    """Refuse queues that are not there, before anything is changed; who may not look, goes on."""
    asked = {state["Arguments"]["JobQueue"] for state in states(machine).values() if _submits(state)}
    names = sorted(name for name in asked if not name.startswith("{%"))
    try:
        found = aws.queues(names) if names else {}
    except AwsError as error:
        if error.denied:
            return
        raise
    missing = ", ".join(f"`{name}`" for name in names if name not in found)
    if missing:
        way_out = f"create it, name another (`queue`, `targets.batch.queue`), or another region than {aws.region}"
        raise one("DRG655", f"{aws.place} has no job queue {missing}", way_out)
    disabled = ", ".join(f"`{name}`" for name, state in found.items() if state == "DISABLED")
    if disabled:
        raise one("DRG655", f"a job queue is disabled, and takes no jobs: {disabled}", "enable it, or name another")


def _submits(state: Body) -> bool:
    arguments = state.get("Arguments")
    return isinstance(arguments, dict) and isinstance(arguments.get("JobQueue"), str)


def _followed(plan: Plan, machine: Body, name: str, execution: str, aws: Aws, voice: Voice) -> bool:
    progress = voice.progress
    every = states(machine)

    def shown(seen: Seen) -> None:
        progress.show(run_state(name, seen.record), step_states(plan, seen))

    def sleep(seconds: float) -> None:
        while seconds > 0:
            voice.sleep(min(seconds, SECOND))
            seconds -= SECOND
            progress.tick()

    last = follow(aws, execution, Record(plan, every), distributed(machine), shown, progress.note, sleep)
    progress.close()
    if last.record.phase == "succeeded":
        return True
    voice.say(told(aws, plan, every, last))
    return False


def _lost(error: AwsError, aws: Aws, execution: str, id_: str) -> Findings:
    found = refused(error, aws)
    if error.code == NO_EXECUTION:
        return found
    [finding] = found.findings
    again = f"the run goes on without you: {_ways(execution, id_)}"
    return Findings([finding._replace(help="; ".join(filter(None, (finding.help, again))))], 2)


def _ways(execution: str, id_: str) -> str:
    return (
        f"`--run-id {id_}` with the same parameters follows it again, "
        f"`aws stepfunctions stop-execution --execution-arn {execution}` stops it"
    )


def _interrupted(aws: Aws, name: str, execution: str, id_: str, *, stop: bool) -> Findings:
    message = f"interrupted: the run `{name}` goes on in {aws.place}"
    way_out = _ways(execution, id_)
    if stop:
        try:
            aws.stop(execution)
        except AwsError as error:
            return _lost(error, aws, execution, id_)
        message = f"interrupted: the run `{name}` was stopped, with the jobs that it waited for; `onExit` does not run"
        way_out = ""
    return Findings([Finding("DRG612", message, None, way_out, WARNING)], 2)
