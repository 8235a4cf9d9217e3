"""Flows of the tests on AWS: rendered and executed, and what ran read back as the tasks of their plans.

Every image has these programs, beside Python: `give NAME=TEXT…` writes outputs, `say TEXT…` and `show WORD…` print,
`fail N`, `sleep SECONDS`, `true`. The variable ACCIDENT ends any of them: `oom`, `spot`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, NamedTuple

import dragoman
from aws.ran import Done, Ran
from aws.server import Aws
from dragoman.emit.batch.names import named
from dragoman.load import files, yaml
from dragoman.load.document import Document
from dragoman.lower.task import Id, name_of
from dragoman.pipeline import Rendering, render
from dragoman.plan.model import Plan, Step
from enacted import enacted

API, DEFAULTS = "dragoman.dev/v1alpha1", {"defaults": {"image": "i"}}
BUCKET = "flows"
PLATFORM = {"queue": "main", "outputs": f"s3://{BUCKET}/outputs", "stateMachineRole": "flows", "account": "1" * 12}
ACCIDENT = '[ -z "$ACCIDENT" ] || exit 137\n'
PROGRAMS = {
    "give": 'for word; do printf %s "${word#*=}" > "$DRAGOMAN_OUTPUTS/${word%%=*}"; done',
    "say": 'echo "$*"',
    "fail": 'exit "$1"',
    "sleep": 'exec /bin/sleep "$1"',
    "true": "exit 0",
}
SHOW = "import sys; print(ascii(sys.argv[1:]))"
# `dragoman store` without a client of AWS, whose import takes longer than all the rest
STORE = f"""\
import argparse, os, socket, sys
sys.path.insert(0, {str(Path(dragoman.__file__).parents[1])!r})
from dragoman.cli import store
from dragoman.findings import Findings

def put(bucket, key, body):
    host, _, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").partition(":")
    head = f"PUT /{{bucket}}/{{key}} HTTP/1.1\\r\\nHost: {{host}}\\r\\nContent-Length: {{len(body)}}\\r\\n\\r\\n"
    with socket.create_connection((host, int(port))) as server:
        server.sendall(head.encode() + body)
        assert b" 200 " in server.recv(100)

parser = argparse.ArgumentParser()
parser.add_argument("verb", choices=["store"])
parser.add_argument("--after", default="")
parser.add_argument("files", nargs="*")
parser.add_argument("--optional", action="append", default=[])
store._put = put
try:
    sys.exit(store.run(parser.parse_intermixed_args()))
except Findings as error:
    print(*(finding.message for finding in error.findings), sep="; ", file=sys.stderr)
    sys.exit(error.exit_code)
"""


class Tried(NamedTuple):
    """An attempt of a task. `amounts`: what Batch is asked for, by its own words."""

    id: Id
    attempt: int
    command: tuple[str, ...]
    env: Mapping[str, str]
    amounts: Mapping[str, str]
    ran: Ran

    @property
    def name(self) -> str:
        """As scenarios write it: `shards[2].train`, its second attempt `shards[2].train#2`."""
        return name_of(self.id) + (f"#{self.attempt}" if self.attempt > 1 else "")


class Run(NamedTuple):
    """An execution that has ended; what it tried, in the order of the starts."""

    rendering: Rendering
    done: Done
    tried: tuple[Tried, ...]

    @property
    def plan(self) -> Plan:
        return self.rendering.plan

    @property
    def status(self) -> str:
        return self.done.status

    def names(self) -> list[str]:
        """Every attempt, sorted."""
        return sorted(one.name for one in self.tried)

    def shown(self) -> dict[str, list[str]]:
        """What each `show` was called with; its process says the same."""
        for one in self.tried:
            assert one.command[0] != "show" or one.ran.printed == ascii(list(one.command[1:])) + "\n"
        return {one.name: list(one.command[1:]) for one in self.tried if one.command[0] == "show"}

    def one(self, name: str) -> Tried:
        return next(one for one in self.tried if one.name == name)

    def before(self, first: str, then: str) -> bool:
        """Whether one attempt had ended when another one started."""
        return self.one(first).ran.ended < self.one(then).ran.started


class Flows:
    """Runs flows: call it with a file, or with the text of a `spec`."""

    def __init__(self, aws: Aws, *, fast: bool = True) -> None:
        self.aws, self._count = aws, 0
        aws.s3.create_bucket(Bucket=BUCKET)
        programs = {name: f"#!/bin/sh\n{ACCIDENT}{text}\n" for name, text in PROGRAMS.items()}
        programs["show"] = f"#!{sys.executable} -SE\n{SHOW}\n"
        if fast:
            programs["dragoman"] = f"#!{sys.executable} -SE\n{STORE}"
        for name, text in programs.items():
            (aws.programs / name).write_text(text)
            (aws.programs / name).chmod(0o755)

    def __call__(
        self,
        flow: str | Path | Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        sets: Sequence[str] = (),
        policies: Sequence[Document] = (),
        **options: Any,
    ) -> Run:
        """Render the flow and execute it."""
        self._count += 1
        document, libraries = self.document(flow)
        rendering = render(
            document, libraries, enacted(policies), "batch", "", sets, platform={"batch": {**PLATFORM, **options}}
        )
        return self.execute(rendering, params, name=name)

    def execute(self, rendering: Rendering, params: Mapping[str, Any] | None = None, *, name: str | None = None) -> Run:
        """Execute what was rendered."""
        bodies = bodies_of(rendering)
        [machine] = bodies["StateMachine"]
        given = {} if params is None else {"params": params}
        done = self.aws.run(bodies.get("JobDefinition", []), machine, given, name=name)
        return Run(rendering, done, tuple(self._tried(rendering.plan, done)))

    def document(self, flow: str | Path | Mapping[str, Any]) -> tuple[Document, Mapping[str, Document]]:
        """A flow from its file, its spec's text, or its spec as data."""
        name = f"f{self._count}"
        if isinstance(flow, Path):
            read = files.Options(root=str(flow.parent))
            [document] = files.load([str(flow)], read)
            return document, files.imported(document, document.data["spec"].get("imports") or {}, read)
        if not isinstance(flow, str):
            data = {"apiVersion": API, "kind": "Flow", "metadata": {"name": name}, "spec": {**DEFAULTS, **flow}}
            return Document("f.dragoman.yaml", 1, data, {}), {}
        head = f"apiVersion: {API}\nkind: Flow\nmetadata: {{name: {name}}}\nspec:\n  defaults: {{image: i}}\n"
        [document] = yaml.parse(head + indent(dedent(flow), "  "), "f.dragoman.yaml")
        return document, {}

    def _tried(self, plan: Plan, done: Done) -> Iterator[Tried]:
        known = {named([plan.name, *step.address]): step for step in everything(plan)}
        loops = {step.address for step in known.values() if step.foreach is not None}
        counts: Counter[Id] = Counter()
        for ran in done.ran:
            if ran.container not in ("default", "main"):
                continue
            job = self.aws.jobs.jobs[ran.job_id.partition(":")[0]]
            indexes = [*around(job.given), *(() if ran.index is None else (ran.index,))]
            task = id_of(known[ran.definition], indexes, loops)
            counts[task] += 1
            env = {
                key: value for key, value in ran.env.items() if not key.startswith(("AWS_BATCH", "MANAGED", "DRAGOMAN"))
            }
            yield Tried(task, counts[task], ran.command, env, amounts(job.definition.body, job.body), ran)


def bodies_of(rendering: Rendering) -> dict[str, list[Mapping[str, Any]]]:
    """What is given to AWS, by its kind."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for manifest in rendering.emission.manifests:
        found.setdefault(manifest.kind, []).append(manifest.body)
    return found


def everything(plan: Plan) -> list[Step]:
    """The steps of a plan, groups and what is in them."""

    def inside(steps: Sequence[Step]) -> list[Step]:
        return [one for step in steps for one in (step, *inside(step.steps))]

    return inside((*plan.steps, *plan.on_exit))


def around(given: Any) -> list[int]:
    """The indexes of the iterations that a state's input belongs to, outermost first."""
    found: list[int] = []
    while "up" in given:
        found.insert(0, given["index"])
        given = given["up"]
    return found


def id_of(step: Step, indexes: Sequence[int], loops: set[tuple[str, ...]]) -> Id:
    """The task of a step in iterations of the loops around it."""
    left: list[int] = list(indexes)
    task: list[str | int] = []
    for size, name in enumerate(step.address, 1):
        task.append(name)
        if step.address[:size] in loops:
            task.append(left.pop(0))
    assert not left, (step.address, indexes)
    return tuple(task)


def amounts(definition: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, str]:
    """The requirements of a job's own container: the definition's, and what the submission says instead."""
    if "containerProperties" in definition:
        own, more = definition["containerProperties"], job.get("containerOverrides", {})
    else:
        own = definition["ecsProperties"]["taskProperties"][0]["containers"][0]
        tasks = job.get("ecsPropertiesOverride", {}).get("taskProperties", [{}])
        more = next((one for one in tasks[0].get("containers", ()) if one["name"] == own["name"]), {})
    entries = [*own["resourceRequirements"], *more.get("resourceRequirements", ())]
    return {entry["type"]: entry["value"] for entry in entries}
