"""What a step leaves open: defaults, limits that nobody wrote, and `--with`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.cli import main
from dragoman.findings import Findings
from dragoman.policy.floors import floors
from policy.settling import settled


@pytest.mark.parametrize(
    ("step", "policy", "given"),
    [
        ("{}", "{}", {"cpu": "1/-", "memory": "4Gi"}),
        ("{resources: {limits: {cpu: 2, memory: 1Gi}}}", "{}", {"cpu": "2", "memory": "1Gi"}),
        ("{resources: {gpu: 1}}", "{}", {"cpu": "1/-", "memory": "4Gi", "gpu": "1"}),
        ("{}", "limits: {memory: none, cpu: equal}", {"cpu": "1", "memory": "4Gi/-"}),
        ("{resources: {disk: 10Gi}}", "limits: {disk: {ratio: 1.5}}", {"cpu": "1/-", "memory": "4Gi", "disk": "10Gi/15Gi"}),
        ("{resources: {cpu: 333m}}", "limits: {cpu: {ratio: 1.5}}", {"cpu": "333m/500m", "memory": "4Gi"}),
        ("{resources: {memory: 1001k}}", "limits: {memory: {ratio: 1.0001}}", {"cpu": "1/-", "memory": "1001k/1001101"}),
        ("{resources: {cpu: 100m}}", "limits: {cpu: {ratio: 1.1}}", {"cpu": "100m/110m", "memory": "4Gi"}),
        ("{resources: {limits: {cpu: 3}}}", "limits: {cpu: {ratio: 2}}", {"cpu": "3", "memory": "4Gi"}),
        ("{resources: {gpu: 2}}", "limits: {memory: none, cpu: none}", {"cpu": "1/-", "memory": "4Gi/-", "gpu": "2"}),
        # a limit alone is the request, in each layer before the one below it
        ("{}", "defaults: {resources: {limits: {memory: 2Gi}}}", {"cpu": "1/-", "memory": "2Gi"}),
        ("{resources: {memory: 1Gi}}", "defaults: {resources: {limits: {memory: 2Gi}}}", {"cpu": "1/-", "memory": "1Gi/2Gi"}),
        ("{}", "defaults: {resources: {shm: 1Gi, disk: 2Gi}}", {"cpu": "1/-", "memory": "4Gi", "disk": "2Gi/-", "shm": "1Gi"}),
    ],
)  # fmt: skip
def test_what_is_left_open(step: str, policy: str, given: dict[str, str]) -> None:
    done = settled(f"steps: {{a: {step}}}", policy)
    assert (done.said, done.amounts()) == ([], given)


def test_the_platforms_own_limit_is_within_its_maximum() -> None:
    policy = "limits: {cpu: {ratio: 2}}\nmax: [{cpu: 4}]"
    done = settled("steps: {a: {resources: {cpu: 3}}}", policy)
    assert done.said == [
        "info DRG409: step `a`: 2 times its request would be a cpu limit of 6, given 4 @ f:1 a, p0:1 {ratio: 2}, p0:2 4"
    ]
    assert done.amounts()["cpu"] == "3/4"
    done = settled("steps: {a: {resources: {cpu: 6}}}", policy.replace("{cpu: 4}", "{cpu: 4, action: warn}"))
    assert done.amounts()["cpu"] == "6/12"
    exempt = "exemptions: [{rule: max.cpu, flow: f, reason: bursts, owner: me}]"
    done = settled("steps: {a: {resources: {cpu: 3}}}", f"{policy}\n{exempt}")
    assert (done.said, done.amounts()["cpu"]) == ([], "3/6")


@given(st.integers(1, 10**6), st.integers(100, 10_000))
def test_a_ratio_rounds_up(millis: int, hundredths: int) -> None:
    step = f"steps: {{a: {{resources: {{cpu: {millis}m}}}}}}"
    container = settled(step, f"limits: {{cpu: {{ratio: {hundredths / 100}}}}}").step().container
    assert container is not None
    limit = container.resources.limits["cpu"]
    assert isinstance(limit, int)
    assert limit * 100 >= millis * hundredths > (limit - 1) * 100


STEPS = """
defaults: {image: i, resources: {memory: 2Gi, limits: {cpu: 2}}, targets: {argo: {resources: {disk: 3Gi}}}}
templates: {t: {resources: {cpu: 500m}}}
steps:
  step: {resources: {cpu: 500m}}
  limit: {resources: {limits: {cpu: 750m}}}
  template: {use: t}
  block: {targets: {argo: {resources: {cpu: 500m}}, batch: {resources: {memory: 1Gi}}}}
  environment: {}
  set: {}
  nothing: {}
  large: {resources: {shm: 1Gi}}
environments: {e: {steps: {environment: {resources: {cpu: 500m}}}}}
"""


def test_with_is_for_steps_that_say_nothing_themselves() -> None:
    given = ["argo:cpu=4,memory=1Gi,disk=4Gi,shm=2Gi", "batch:cpu=64", "argo:cpu=3"]
    done = settled(STEPS, given=given, environment="e", sets=["steps.set.resources.cpu=500m"])
    assert done.said == []
    assert {step.name: done.amounts(step.name)["cpu"] for step in done.plan.steps} == {
        **dict.fromkeys(("step", "template", "block", "environment", "set"), "500m/2"),
        "limit": "750m",
        **dict.fromkeys(("nothing", "large"), "4"),
    }
    assert {done.amounts(step.name)["memory"] for step in done.plan.steps} == {"2Gi"}  # the default is the larger
    assert {done.amounts(step.name)["disk"] for step in done.plan.steps} == {"4Gi/-"}
    assert (done.amounts("large")["shm"], done.amounts("nothing")["shm"]) == ("1Gi", "2Gi")
    assert done.place("requests", "cpu", name="nothing") == "--with argo:cpu=4"
    assert done.place("requests", "memory", name="nothing") == "f:1 2Gi"
    origin = done.step("nothing").origins["resources.requests.cpu"]
    assert (origin.at_layer(), origin.fix("1")) == ("--with", None)


def test_with_is_nothing_to_another_target() -> None:
    done, plain = settled(STEPS, given=["batch:cpu=64"]), settled(STEPS)
    for step in plain.plan.steps:
        assert done.amounts(step.name) == plain.amounts(step.name)


def test_a_default_that_is_known_only_while_running_has_a_floor_too() -> None:
    flow = """
        params: {n: {type: int, default: 1, runtime: true}}
        defaults: {image: i, resources: {cpu: "${{ params.n }}"}}
        steps: {a: {}}
    """
    done = settled(flow, given=["argo:cpu=4"])
    container = done.step().container
    assert container is not None
    amount = container.resources.requests["cpu"]
    assert not isinstance(amount, int)
    assert len(amount.parts) == 1


@pytest.mark.parametrize(
    ("argument", "message", "help"),
    [
        ("cpu=8", "`cpu=8` is not `target:key=amount`", "for example `--with batch:cpu=8,memory=32Gi`"),
        (":cpu=8", "`:cpu=8` is not `target:key=amount`", "for example `--with batch:cpu=8,memory=32Gi`"),
        ("argo:", "`argo:` is not `target:key=amount`", "for example `--with batch:cpu=8,memory=32Gi`"),
        ("argo:cpu", "`cpu` is not `key=amount`", "for example `--with batch:cpu=8,memory=32Gi`"),
        ("argo:cpu=1,", "`` is not `key=amount`", "for example `--with batch:cpu=8,memory=32Gi`"),
        ("argo:cpus=8", "there is no resource `cpus`", "did you mean `cpu`?"),
        ("argo:cpu=lots", "`lots` is not a quantity", "for example `500m` or `2` for cpu, `4Gi` for memory"),
        ("argo:cpu=-1", "`-1` is not a quantity", "for example `500m` or `2` for cpu, `4Gi` for memory"),
        ("argo:memory=8", "`memory: 8` has no unit", "write `8Mi` for MiB (2^20 bytes) or `8M` for MB (10^6 bytes)"),
        ("argo:gpu=0.5", "`gpu: 0.5` is not a whole number of devices", "ask for whole GPUs"),
        ("agro:cpu=8", "there is no target `agro`", "did you mean `argo`?"),
    ],
)
def test_with_that_cannot_be_understood(argument: str, message: str, help: str) -> None:
    with pytest.raises(Findings) as caught:
        floors([argument], lambda name: "" if name == "argo" else "did you mean `argo`?")
    [finding] = caught.value.findings
    assert (finding.code, finding.message, finding.help) == ("DRG114", message, help)
    assert finding.span is not None
    assert finding.span.file.startswith("--with ")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("verb", ["render", "check", "run"])
def test_a_bad_argument_is_no_work_done(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = tmp_path / "f.dragoman.yaml"
    flow.write_text(
        "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec: {steps: {a: {image: i}}}\n"
    )
    assert main([verb, str(flow), "--with", "nowhere:cpu=1"]) == 2
    assert "there is no target `nowhere`" in capsys.readouterr().err


def test_a_render_has_what_with_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = tmp_path / "f.dragoman.yaml"
    flow.write_text(
        "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec: {steps: {a: {image: i}}}\n"
    )
    assert main(["render", str(flow), "-t", "argo", "--with", "argo:cpu=7", "--with", "kubernetes:cpu=8"]) == 0
    assert 'cpu: "7"' in capsys.readouterr().out
