"""The example flows run on AWS: what ran, with what, in which order, and what it printed, as on this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aws import table
from aws.flows import BUCKET, Flows, Run
from aws.ran import at_once
from aws.server import Aws
from dragoman.cli import main
from dragoman.drive.local.records import attempts
from dragoman.load import files
from dragoman.lower.task import Id

POLICY = Path(__file__).parents[2] / "manifests/platform.policy.yaml"
EXAMPLES = Path(__file__).parents[2] / "manifests/examples"


@pytest.fixture
def really(aws: Aws) -> Flows:
    """Flows whose outputs the real `dragoman store` hands on."""
    return Flows(aws, fast=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs on this machine are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return tmp_path / ".dragoman/runs"


def example(name: str) -> Path:
    return EXAMPLES / name / f"{name}.dragoman.yaml"


def ran(flows: Flows, path: Path, params: Mapping[str, Any] | None = None) -> Run:
    """A run under the policies that the examples are rendered with."""
    return flows(path, params, policies=files.load([str(POLICY)], files.Options(root=str(POLICY.parent))))


def printed(run: Run) -> dict[str, str]:
    return {one.name: one.ran.printed for one in run.tried}


def stored(aws: Aws, run: Run) -> dict[Id, Any]:
    """What the tasks of a run handed on, as it is in S3."""
    urls = {ran.job_id: ran.env["DRAGOMAN_RESULT"] for ran in run.done.ran if "DRAGOMAN_RESULT" in ran.env}
    found = {}
    for one in run.tried:
        if one.ran.job_id in urls:
            key = urls[one.ran.job_id].removeprefix(f"s3://{BUCKET}/")
            found[one.id] = json.loads(aws.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())["outputs"]
    return found


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir()))
def test_it_is_as_on_this_machine(really: Flows, folder: Path, name: str) -> None:
    run = ran(really, example(name))
    assert run.status == "SUCCEEDED", run.done.cause
    assert main(["run", "-q", "-t", "local", str(example(name))]) == 0
    [home] = (folder / name).iterdir()
    found = attempts(home)
    here = {
        (task, one.number): home.joinpath(*map(str, task), f"attempt-{one.number}", "log").read_text()
        for task, tries in found.items()
        for one in tries
    }
    assert {(one.id, one.attempt): one.ran.printed for one in run.tried} == here
    handed = {task: dict(tries[-1].outputs) for task, tries in found.items() if tries[-1].outputs}
    assert stored(really.aws, run) == {
        task: {name: text.removesuffix("\n") for name, text in texts.items()} for task, texts in handed.items()
    }
    table.in_order(run)


def test_big_sum(flows: Flows) -> None:
    run = ran(flows, example("big-sum"))
    assert (run.one("big-sum").amounts, printed(run)) == (
        {"VCPU": "1", "MEMORY": "60000"},
        {"big-sum": "499999500000\n"},
    )


def test_dynamic_resources(flows: Flows) -> None:
    run = ran(flows, example("dynamic-resources"))
    assert {one.name: (one.amounts["VCPU"], one.amounts["MEMORY"]) for one in run.tried} == {
        "compute-resources": ("1", "64"),
        "consume[0]": ("1", "100"),
        "consume[1]": ("2", "200"),
        "consume[2]": ("3", "300"),
        "consume-default-memory[0]": ("1", "100"),
        "consume-default-memory[1]": ("2", "100"),
        "consume-default-memory[2]": ("3", "100"),
    }
    assert printed(run)["consume-default-memory[2]"] == "cpu 3 memory 100Mi\n"


def test_hybrid_cloud(flows: Flows) -> None:
    run = ran(flows, example("hybrid-cloud"))
    assert (run.status, at_once(run.done.ran) <= 2) == ("SUCCEEDED", True)
    assert printed(run) == {
        **{f"countries[{at}].prepare": f"prepared 2000 rows of {name}\n" for at, name in enumerate(("US", "BR", "NO"))},
        **{
            f"countries[{at}].train": f"trained {name} to a score of 0.6\n"
            for at, name in enumerate(("US", "BR", "NO"))
        },
        "join": "mean score 0.6\n",
        "end": "every country is done\n",
    }
    train = run.one("countries[1].train")
    assert train.env == {"COUNTRY": "BR", "ROWS": "2000", "EPOCHS": "3"}
    assert train.amounts == {"VCPU": "4", "MEMORY": "16384", "GPU": "1"}
    assert run.one("join").env == {"SCORES": "[0.6,0.6,0.6]"}
    assert run.before("countries[2].train", "join")
    assert run.before("join", "end")


def test_hybrid_cloud_tells_of_a_failure(flows: Flows, tmp_path: Path) -> None:
    path = tmp_path / "broken.dragoman.yaml"
    path.write_text(example("hybrid-cloud").read_text().replace("file.write(str(score))", "raise SystemExit(1)"))
    run = ran(flows, path)
    assert run.status == "FAILED"
    assert "join" not in run.names()
    assert run.one("on-exit.notify").ran.printed == "the training failed\n"


def test_scale_a_step(flows: Flows) -> None:
    run = ran(flows, example("scale-a-step"), {"val_per_sleep": 25})
    assert printed(run) == {
        "generate": "",
        **{f"pull[{at}]": f"rows {at * 100} to {at * 100 + 99} in steps of 25\n" for at in range(4)},
    }


def test_task_resources(flows: Flows) -> None:
    run = ran(flows, example("task-resources"))
    assert {one.name: (one.amounts, one.ran.printed) for one in run.tried} == {
        "large": ({"VCPU": "1", "MEMORY": "6144"}, "working on clicks in eu\n"),
        "small": ({"VCPU": "1", "MEMORY": "1024"}, "working on events in eu\n"),
        "report": ({"VCPU": "1", "MEMORY": "1024"}, "working on report in eu\n"),
    }
    assert run.before("large", "report")
    assert run.before("small", "report")
