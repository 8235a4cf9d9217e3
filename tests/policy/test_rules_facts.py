"""What rules are told of a flow: every field that they may name is there, and is of its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dragoman.expr.types import Type
from dragoman.expr.values import Quantity, kind_of
from dragoman.findings import Findings
from dragoman.load import files, yaml
from dragoman.pipeline import ruled
from dragoman.policy.rules import fields
from dragoman.policy.rules.facts import subjects
from policy.ruling import FLOW

TESTS = Path(__file__).parents[1]
SPECS = [*sorted(TESTS.glob("features/*/spec.dragoman.yaml")), TESTS / "properties" / "everything.dragoman.yaml"]


def told(flow: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The facts of a flow, and those of its steps by address; the flow is what stands under `spec`."""
    text = FLOW + "".join(f"  {line}\n" for line in flow.strip().splitlines())
    plan, *_ = ruled(yaml.parse(text, "flow.yaml")[0], {})
    found = subjects(plan)
    return found.flow, {facts["address"]: facts for _, facts in found.steps}


def wrong(value: Any, known: Type, null: str, path: str) -> list[str]:
    """Where a value is not of its type: a field too many, one that is missing, null where none is promised."""
    if value is None:
        return [] if null else [f"{path} is null"]
    if known.kind not in ("any", kind_of(value)):
        return [f"{path} is {value!r}, no {known.kind}"]
    if known.fields is not None:
        of = next((one for one in fields.RECORDS.values() if fields.record(one) == known), {})
        if value.keys() != known.fields.keys():
            return [f"{path} has {sorted(value.keys() ^ known.fields.keys())} too much or too little"]
        return [
            found
            for name, inner in known.fields.items()
            for found in wrong(value[name], inner, of[name].null if of else "", f"{path}.{name}")
        ]
    if known.item is not None:
        parts = "unknown parts are null" if path.endswith((".command", ".args")) else ""
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [found for name, item in items for found in wrong(item, known.item, parts, f"{path}.{name}")]
    return []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.parent.name)
@pytest.mark.parametrize("target", ["argo", "kubernetes", "batch"])
def test_every_field_is_there_and_of_its_type(spec: Path, target: str) -> None:
    options = files.Options(root=str(TESTS))
    document = files.load([str(spec)], options)[0]
    try:
        libraries = files.imported(document, document.data["spec"].get("imports") or {}, options)
        plan, *_ = ruled(document, libraries, target=target)
    except Findings:
        pytest.skip("the spec is wrong on purpose")
    found = subjects(plan)
    assert wrong(found.flow, fields.record(fields.FLOW), "", "flow") == []
    assert wrong(found.target, fields.record(fields.TARGET), "", "target") == []
    for _, facts in found.steps:
        assert wrong(facts, fields.record(fields.STEP), "", "step") == []


def test_every_record_is_documented() -> None:
    for name, record in fields.RECORDS.items():
        assert all(field.about for field in record.values()), name


EVERYTHING = """
parallelism: 6
timeout: 2h
params: {tag: {runtime: true, default: "1"}, mem: {type: quantity, default: 2Gi}}
schedule: {cron: "0 2 * * *", timezone: Europe/Berlin, suspend: true}
defaults: {image: "a:1", resources: {memory: 1Gi}}
steps:
  plan:
    script: {interpreter: [python], source: print(1)}
    outputs: {n: {type: int}, items: {type: list, items: {mem: quantity}}}
  work:
    needs: {plan: completed}
    when: params.tag == '2'
    foreach: {in: steps.plan.outputs.items, maxItems: 10, parallelism: 4, tolerate: all}
    image: "b:${{ params.tag }}"
    command: [run, "${{ item.mem }}"]
    env: {A: b, B: "${{ item.mem }}", C: {secret: d/e}, F: {configMap: g/h}}
    volumes: [{mount: /x, emptyDir: {size: 1Gi, medium: Memory}}, {mount: /y, pvc: data, readOnly: true}]
    resources:
      requests: {cpu: 500m, memory: "${{ item.mem }}"}
      limits: {gpu: 2}
      bounds: {memory: 4Gi}
      shm: 1Gi
    retry: {limit: 2, causes: [oom, 137], backoff: {delay: 30s, factor: 2}, escalate: {memory: {max: 8Gi}}}
    timeout: 90s
    queue: big
  outer:
    foreach: {in: [1, 2, 3]}
    parallelism: 2
    steps:
      inner: {foreach: {range: 5}, compute: batch}
      endless: {foreach: {range: steps.plan.outputs.n}}
onExit:
  bye: {labels: {a: b}, serviceAccount: c}
"""


def test_facts() -> None:
    flow, steps = told(EVERYTHING)
    assert [step["name"] for step in flow["steps"]] == ["plan", "work", "inner", "endless"]
    assert [step["name"] for step in flow["onExit"]] == ["bye"]
    assert (flow["name"], flow["namespace"], flow["labels"], flow["target"]) == ("train", "ml", {"team": "ml"}, "argo")
    assert (flow["parallelism"], flow["timeout"], flow["failFast"]) == (6, 7200, True)
    assert flow["params"] == {
        "tag": {"type": "string", "runtime": True, "value": "1"},
        "mem": {"type": "quantity", "runtime": False, "value": Quantity("2Gi")},
    }
    assert flow["schedule"] == {
        "cron": ["0 2 * * *"],
        "timezone": "Europe/Berlin",
        "concurrency": "Forbid",
        "suspend": True,
        "startingDeadline": None,
        "history": None,
    }
    work = steps["work"]
    assert (work["image"], work["command"], work["args"]) == (None, ["run", None], None)
    assert work["dynamic"] == {"image": True, "command": True, "args": False}
    assert work["env"] == {
        "A": {"value": "b", "dynamic": False, "secret": None, "configMap": None},
        "B": {"value": None, "dynamic": True, "secret": None, "configMap": None},
        "C": {"value": None, "dynamic": False, "secret": "d/e", "configMap": None},
        "F": {"value": None, "dynamic": False, "secret": None, "configMap": "g/h"},
    }
    assert [(volume["kind"], volume["name"], volume["size"], volume["readOnly"]) for volume in work["volumes"]] == [
        ("emptyDir", "", Quantity("1Gi"), False),
        ("pvc", "data", None, True),
    ]
    assert work["resources"] == {
        "cpu": Quantity("0.5"),
        "memory": None,
        "gpu": 2,
        "disk": None,
        "shm": Quantity("1Gi"),
        "accelerator": None,
        "requests": {"cpu": Quantity("500m"), "memory": None, "gpu": 2, "disk": None},
        "limits": {"cpu": None, "memory": None, "gpu": 2, "disk": None},
        "bounds": {"cpu": None, "memory": Quantity("4Gi"), "gpu": None, "disk": None},
        "dynamic": {"cpu": False, "memory": True, "gpu": False, "disk": False},
    }
    assert work["retry"] == {
        "limit": 2,
        "causes": ["oom", 137],
        "backoff": {"delay": 30, "factor": 2, "max": None},
        "escalate": {"memory": {"factor": 2.0, "max": Quantity("8Gi")}},
    }
    assert (work["attempts"], work["timeout"], work["queue"], work["when"]) == (3, 90, "big", True)
    assert work["needs"] == {"plan": "completed"}
    assert work["foreach"] == work["loops"][0] == {
        "kind": "list",
        "width": None,
        "dynamic": True,
        "maxItems": 10,
        "parallelism": 4,
        "tolerate": "all",
    }  # fmt: skip
    assert steps["plan"]["script"] == {"interpreter": ["python"], "source": "print(1)"}
    assert steps["plan"]["outputs"] == ["n", "items"]
    inner = steps["outer.inner"]
    assert (inner["groups"], inner["compute"], [loop["width"] for loop in inner["loops"]]) == (
        ["outer"],
        "batch",
        [3, 5],
    )
    assert (steps["on-exit.bye"]["onExit"], steps["plan"]["onExit"]) == (True, False)
    assert (steps["on-exit.bye"]["labels"], steps["on-exit.bye"]["serviceAccount"]) == ({"a": "b"}, "c")


@pytest.mark.parametrize(
    ("parallelism", "step", "runs", "at_once"),
    [
        ("", "plan", 1, 1),
        ("", "work", 10, 4),
        ("", "outer.inner", 15, 6),  # of each of three, two at once
        ("", "outer.endless", None, 6),
        ("parallelism: 5", "outer.inner", 15, 5),
        ("parallelism: 5", "work", 10, 4),
    ],
)
def test_how_many(parallelism: str, step: str, runs: int | None, at_once: int | None) -> None:
    flow = EVERYTHING.replace("parallelism: 6", parallelism or "failFast: true", 1)
    _, steps = told(flow)
    assert (steps[step]["runs"], steps[step]["atOnce"]) == (runs, at_once)


def test_nothing_limits_a_loop_whose_length_nobody_knows() -> None:
    flow = EVERYTHING.replace("parallelism: 6\n", "", 1).replace("    parallelism: 2\n", "", 1)
    _, steps = told(flow)
    assert (steps["outer.endless"]["runs"], steps["outer.endless"]["atOnce"]) == (None, None)
