"""Runs from the command line to their end, by both ways to reach Argo."""

from __future__ import annotations

from base64 import b64encode
from gzip import compress
from json import dumps

import pytest

from dragoman.cli import main
from drive.fakes import RUN, Refusal, Script, Watch
from drive.scenes import node, status
from drive.words import Outcome, Start, Way, Write

TWO = """
steps:
  prepare: {image: "busybox:1.36", command: ["true"]}
  train: {image: "busybox:1.36", command: ["true"], needs: [prepare], retry: {limit: 1}}
"""
PREPARED = node(".prepare", "prepare", "Succeeded", start=1, end=9)
DONE = status(
    "Succeeded",
    PREPARED,
    node(".train", "train", "Succeeded", "Retry", start=10, end=75, children=[".train(0)"]),
    node(".train(0)", "train", "Succeeded", start=10, end=75),
    end=76,
)


def test_it_succeeds(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(
        Script(
            [
                Watch(
                    {},
                    [
                        status("Running", node(".prepare", "prepare", "Running", start=1)),
                        status("Running", PREPARED, node(".train", "train", "Running", "Retry", start=10)),
                        DONE,
                    ],
                )
            ]
        )
    )
    assert start(*way.flags(fake)) == Outcome(
        0,
        "",
        f"""\
00:01 train-x7k2p: submitted to namespace ml of {way.place} at {fake.url}
00:02 train-x7k2p: running
00:03 prepare: running
00:04 prepare: succeeded in 8s
00:05 train: running
00:06 train: succeeded in 1m 5s
00:07 train-x7k2p: succeeded in 1m 16s
""",
    )
    assert fake.tokens == {"Bearer sesame"}


def test_a_step_fails_after_its_retries(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    first = node(".train(0)", "train", "Failed", start=10, end=20, message="main: Error (exit code 1)")
    second = node(".train(1)", "train", "Failed", start=30, end=40, message="main: OOMKilled (exit code 137)")
    retried = [".train(0)", ".train(1)"]
    fake = way.begin(
        Script(
            [
                Watch(
                    status("Running", PREPARED),
                    [
                        status(
                            "Running",
                            PREPARED,
                            first,
                            node(".train", "train", "Running", "Retry", start=10, children=retried[:1]),
                        ),
                        status(
                            "Failed",
                            PREPARED,
                            first,
                            second,
                            node(
                                ".train",
                                "train",
                                "Failed",
                                "Retry",
                                start=10,
                                end=41,
                                message="No more retries left",
                                children=retried,
                            ),
                            end=42,
                        ),
                    ],
                )
            ],
            logs={"train-x7k2p-train-2725399802": "loading\n\x1b[31mTraceback\x1b[0m\n"},
        )
    )
    assert start(*way.flags(fake)) == Outcome(
        1,
        "",
        f"""\
00:01 train-x7k2p: submitted to namespace ml of {way.place} at {fake.url}
00:02 train-x7k2p: running
00:03 prepare: succeeded in 8s
00:04 train: retrying: attempt 2 of 2, after main: Error (exit code 1)
00:05 train: failed in 31s: main: OOMKilled (exit code 137)
00:06 train-x7k2p: failed in 42s

failed: train
  --> flow.dragoman.yaml:7:5
  train, attempt 2: main: OOMKilled (exit code 137)
    | loading
    | Traceback
""",
    )


LOOP = """
steps:
  shard:
    foreach: {in: [a, b, c], as: part}
    image: busybox:1.36
    command: [echo, "${{ part }}"]
  join: {image: "busybox:1.36", command: ["true"], needs: [shard]}
"""


def test_one_item_of_three_fails(start: Start, flow: Write, way: Way) -> None:
    flow(LOOP)
    a = node(".shard(0:a)", "shard", "Succeeded", start=1, end=9)
    b = node(".shard(1:b)", "shard", "Failed", start=1, end=5, message="main: Error (exit code 2)")
    c = node(".shard(2:c)", "shard", "Pending", start=1, message="Unschedulable: 0/3 nodes are available")
    children = [".shard(0:a)", ".shard(1:b)", ".shard(2:c)"]
    group = node(".shard", "shard", "Running", "TaskGroup", start=1, children=children)
    fake = way.begin(
        Script(
            [
                Watch(
                    status("Running", group, *({**item, "phase": "Running"} for item in (a, b, c))),
                    [
                        status("Running", group, {**a, "phase": "Running"}, b, c),
                        status("Running", group, a, b, {**c, "phase": "Running", "message": ""}),
                        status(
                            "Failed",
                            node(".shard", "shard", "Failed", "TaskGroup", start=1, end=20, children=children),
                            a,
                            b,
                            node(".shard(2:c)", "shard", "Succeeded", start=1, end=20),
                            node(".join", "join", "Omitted", "Skipped", start=20, end=20),
                            end=21,
                        ),
                    ],
                )
            ]
        )
    )
    assert start(*way.flags(fake)) == Outcome(
        1,
        "",
        f"""\
00:01 train-x7k2p: submitted to namespace ml of {way.place} at {fake.url}
00:02 train-x7k2p: running
00:03 shard: running, 0/3
00:04 shard: running, 1/3, 1 failed: Unschedulable: 0/3 nodes are available
00:05 shard: running, 2/3, 1 failed
00:06 shard: failed in 19s, 3/3, 1 failed: main: Error (exit code 2)
00:07 join: omitted
00:08 train-x7k2p: failed in 21s

failed: shard (1 of 3)
  --> flow.dragoman.yaml:6:5
  shard(1:b): main: Error (exit code 2)
"""
        + {
            "the Kubernetes API": '    its log is gone: pods "train-x7k2p-shard-2271189660" not found\n',
            "the Argo Server": "    no log: it wrote nothing, or its pod is gone\n",
        }[way.place],
    )


def test_a_workflow_that_argo_refuses_to_run(start: Start, flow: Write, cluster: Way) -> None:
    flow(TWO)
    cluster.begin(Script([Watch(status("Error", end=1, message="invalid spec: no such template"))]))
    outcome = start()
    assert (outcome.code, outcome.err.splitlines()[1:]) == (
        1,
        [
            "00:02 prepare: omitted",
            "00:03 train: omitted",
            "00:04 train-x7k2p: failed in 1s: invalid spec: no such template",
        ],
    )


def test_watches_that_break_are_opened_again(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    running = status("Running", node(".prepare", "prepare", "Running", start=1))
    fake = way.begin(
        Script(
            [
                Watch({}, [running], end="close"),
                Watch(running, [], end=Refusal(410, "too old resource version")),
                Watch(running, [running], end="cut"),
                Watch(Refusal(500, "etcd has no leader")),
                Watch(Refusal(503, "try again")),
                Watch(running, refused=Refusal(429, "slow down")),
                Watch(DONE),
            ]
        )
    )
    pauses: list[float] = []
    outcome = start(*way.flags(fake), sleep=pauses.append)
    assert pauses == [1, 1, 1, 2, 4, 1]
    assert outcome.code == 0
    assert [line[6:] for line in outcome.err.splitlines() if "lost contact" in line] == [
        "lost contact (too old resource version); trying again in 1s"
        if way.place == "the Argo Server"
        else "lost contact (Expired: too old resource version); trying again in 1s",
        "lost contact (the connection broke); trying again in 1s",
        "lost contact (etcd has no leader); trying again in 2s",
        "lost contact (try again); trying again in 4s",
        "lost contact (slow down); trying again in 1s",
    ]


def test_contact_is_lost_for_good(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(Script([Watch(Refusal(500, "etcd has no leader"))]))
    pauses: list[float] = []
    outcome = start("-q", *way.flags(fake), sleep=pauses.append)
    again = (
        f" --argo-server {fake.url.removeprefix('http://')} --secure=false" if way.place != "the Kubernetes API" else ""
    )
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
    assert outcome == Outcome(
        2,
        "",
        f"""\
error[DRG609]: {way.place} at {fake.url} failed (500): etcd has no leader
   = help: the run goes on without you: `argo watch train-x7k2p -n ml{again}`

1 error
""",
    )


def test_a_run_that_is_deleted(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(Script([Watch({}, [status("Running")], end="deleted")]))
    assert start("-q", *way.flags(fake)) == Outcome(
        2, "", "error[DRG608]: the run `train-x7k2p` is gone from namespace `ml`: it was deleted\n\n1 error\n"
    )


def test_a_run_that_was_deleted_between_two_watches(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(Script([Watch({}), Watch(Refusal(404, 'workflows.argoproj.io "train-x7k2p" not found'))]))
    assert start("-q", *way.flags(fake)) == Outcome(
        2,
        "",
        "error[DRG608]: the run `train-x7k2p` is gone from namespace `ml`: "
        'workflows.argoproj.io "train-x7k2p" not found\n\n1 error\n',
    )


def test_a_large_workflow_has_compressed_nodes(start: Start, flow: Write, cluster: Way) -> None:
    flow(TWO)
    nodes = DONE["nodes"]
    packed = b64encode(compress(dumps(nodes).encode())).decode()
    cluster.begin(Script([Watch({**DONE, "nodes": None, "compressedNodes": packed})]))
    assert start().err.splitlines()[1:] == [
        "00:02 prepare: succeeded in 8s",
        "00:03 train: succeeded in 1m 5s",
        "00:04 train-x7k2p: succeeded in 1m 16s",
    ]


def test_a_very_large_workflow_has_its_nodes_elsewhere(start: Start, flow: Write, cluster: Way) -> None:
    flow(TWO)
    elsewhere = {"nodes": None, "offloadNodeStatusVersion": "fnv:1"}
    cluster.begin(Script([Watch({**status("Running"), **elsewhere}, [{**DONE, **elsewhere}])]))
    assert start().err.splitlines()[1:] == [
        "00:02 Argo keeps this run's steps in its database: only an Argo Server (`--server`) shows them",
        "00:03 train-x7k2p: running",
        "00:04 train-x7k2p: succeeded in 1m 16s",
    ]


def test_detached(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(Script())
    assert start("--detach", *way.flags(fake)) == Outcome(
        0, "train-x7k2p\n", f"00:01 train-x7k2p: submitted to namespace ml of {way.place} at {fake.url}\n"
    )
    assert [asked.split()[0] for asked in fake.asked] == ["POST"]


def test_interrupted(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(Script([Watch({})]))
    again = (
        f" --argo-server {fake.url.removeprefix('http://')} --secure=false" if way.place != "the Kubernetes API" else ""
    )
    outcome = start(*way.flags(fake), sleep=_interrupt)
    assert (outcome.code, outcome.err.partition("\n")[2]) == (
        2,
        f"""\
warning[DRG612]: interrupted: the run `train-x7k2p` goes on in namespace `ml`
   = help: `argo watch train-x7k2p -n ml{again}` follows it, `argo stop train-x7k2p -n ml{again}` stops it

1 warning
""",
    )
    assert fake.stopped == []


def test_interrupted_and_stopped(start: Start, flow: Write, way: Way) -> None:
    flow(TWO)
    fake = way.begin(Script([Watch({})]))
    outcome = start("--stop-on-interrupt", *way.flags(fake), sleep=_interrupt)
    assert outcome.code == 2
    assert outcome.err.splitlines()[1] == (
        "warning[DRG612]: interrupted: the run `train-x7k2p` was told to stop; its `onExit` steps still run"
    )
    assert fake.stopped == [
        ("application/merge-patch+json", {"spec": {"shutdown": "Stop"}})
        if way.place == "the Kubernetes API"
        else ("application/json", {"namespace": "ml", "name": "train-x7k2p"})
    ]


def test_interrupted_and_not_allowed_to_stop(start: Start, flow: Write, cluster: Way) -> None:
    flow(TWO)
    cluster.begin(Script([Watch({})], stop=Refusal(403, "you cannot patch workflows")))
    outcome = start("--stop-on-interrupt", sleep=_interrupt)
    assert (outcome.code, outcome.err.splitlines()[1]) == (
        2,
        f"error[DRG605]: {outcome.err.splitlines()[0].partition(' of ')[2]} does not allow it: you cannot patch workflows",
    )


def test_the_command_itself(start: Start, flow: Write, cluster: Way, capsys: pytest.CaptureFixture[str]) -> None:
    flow(TWO)
    cluster.begin(Script([Watch(DONE)]))
    assert main(["run", "-q", "flow.dragoman.yaml", "-t", "argo"]) == 0
    assert capsys.readouterr() == ("", "")


def _interrupt(seconds: float) -> None:
    raise KeyboardInterrupt


assert RUN == "train-x7k2p"
