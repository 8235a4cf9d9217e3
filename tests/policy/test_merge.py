"""Max-of: the larger explicit amount, key by key, whoever says it first; a default takes no part."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman import quantity
from dragoman.plan.model import Amount
from dragoman.plan.origin import Origin
from dragoman.policy.merge import Place, max_of
from policy.settling import settled

PLACES: list[Place] = [
    (kind, key) for kind in ("requests", "limits", "bounds") for key in ("cpu", "memory", "gpu", "disk")
]
SAID = st.dictionaries(
    st.sampled_from([*PLACES, ("shm",)]),
    st.tuples(st.integers(0, 2**40), st.sampled_from(["step", "template", "environment"]).map(Origin)),
)


def amounts(said: dict[Place, tuple[Amount, Origin]]) -> dict[Place, Any]:
    return {where: amount for where, (amount, _) in said.items()}


@given(SAID, SAID, SAID)
def test_the_order_of_what_is_merged_means_nothing(one: Any, two: Any, three: Any) -> None:
    assert amounts(max_of(one, two)[0]) == amounts(max_of(two, one)[0])
    left = max_of(max_of(one, two)[0], three)[0]
    right = max_of(one, max_of(two, three)[0])[0]
    assert amounts(left) == amounts(right)
    assert max_of(left, left) == (left, [])
    every = [item for side in (one, two, three) for item in amounts(side).items()]
    assert amounts(left) == {where: max(amount for at, amount in every if at == where) for where, _ in every}


@given(SAID, SAID)
def test_whoever_said_the_larger_is_who_set_it(one: Any, two: Any) -> None:
    for where, (amount, said) in max_of(one, two)[0].items():
        assert (amount, said) in [side[where] for side in (one, two) if where in side]


AMOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "cpu": st.integers(1, 64_000).map(quantity.milli_text),
        "memory": st.integers(1, 2**20).map(lambda mib: f"{mib}Mi"),
        "shm": st.integers(1, 2**20).map(lambda mib: f"{mib}Mi"),
    },
)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_no_default_has_a_part_in_it(own: Any, block: Any, defaults: Any, platform: Any) -> None:
    done = settled(
        f"""
        defaults: {{image: i, resources: {written(defaults)}}}
        steps: {{a: {{resources: {written(own)}, targets: {{argo: {{resources: {written(block)}}}}}}}}}
        """,
        f"defaults: {{resources: {written(platform)}}}",
    )
    wanted = {}
    for key in ("cpu", "memory", "shm"):
        explicit = [side[key] for side in (own, block) if key in side]
        lower = [layer[key] for layer in (defaults, platform, {"cpu": "1", "memory": "4Gi"}) if key in layer]
        if explicit or lower:
            wanted[key] = max(amount_of(key, text) for text in explicit or lower[:1])
    assert {key: amount_of(key, shown.removesuffix("/-")) for key, shown in done.amounts().items()} == wanted


def written(block: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {text}" for key, text in block.items()) + "}"


def amount_of(key: str, text: str) -> int:
    return quantity.parse(text, quantity.SCALE[key])


STEP = """
templates:
  t: {resources: {requests: {memory: 3Gi}, bounds: {cpu: 4}}}
steps:
  a:
    use: t
    resources: {cpu: 2, limits: {memory: 4Gi}, shm: 1Gi}
    targets:
      batch: {resources: {cpu: 64, memory: 64Gi, shm: 64Gi}}
      argo: {resources: {requests: {cpu: 1}, memory: 3500Mi, shm: 2Gi, disk: 5Gi, bounds: {cpu: 8}}}
environments:
  prod: {steps: {a: {targets: {argo: {resources: {disk: 6Gi}}}}}}
"""


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("requests.cpu", "f:6 2"),
        ("requests.memory", "f:9 3500Mi"),
        ("limits.memory", "f:6 4Gi"),
        ("shm", "f:9 2Gi"),
        ("requests.disk", "f:9 5Gi"),
        ("bounds.cpu", "f:9 8"),
    ],
)
def test_the_place_of_the_larger_one(path: str, where: str) -> None:
    done = settled(STEP)
    assert done.said == []
    assert done.place(*path.split(".")) == where
    assert done.amounts() == {"cpu": "2/-", "memory": "3500Mi/4Gi", "disk": "5Gi/-", "shm": "2Gi"}


def test_an_environment_sets_the_block() -> None:
    done = settled(STEP, environment="prod")
    assert (done.amounts()["disk"], done.place("requests", "disk")) == ("6Gi/-", "f:11 6Gi")


def test_the_command_line_sets_the_block() -> None:
    done = settled(STEP, sets=["steps.a.targets.argo.resources.disk=7Gi"])
    where = "--set steps.a.targets.argo.resources.disk=7Gi"
    assert (done.amounts()["disk"], done.place("requests", "disk")) == ("7Gi/-", where)


def test_another_targets_block_is_nothing_to_this_one() -> None:
    assert settled(STEP, target="kubernetes").amounts() == {"cpu": "2/-", "memory": "3Gi/4Gi", "shm": "1Gi"}


RUNNING = "params: {n: {type: int, default: 1, runtime: true}, m: {type: int, default: 1, runtime: true}}\nsteps:\n"
NEITHER = "of step `a` is known only at run time, here or there: neither is the larger"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            'resources: {cpu: "${{ params.n }}"}, targets: {argo: {resources: {cpu: 2}}}',
            [f'error DRG403: the `cpu` {NEITHER} @ f:3 "${{{{ params.n }}}}", f:3 2'],
        ),
        (
            'resources: {cpu: "${{ params.n }}"}, targets: {argo: {resources: {cpu: "${{ params.m }}"}}}',
            [f'error DRG403: the `cpu` {NEITHER} @ f:3 "${{{{ params.n }}}}", f:3 "${{{{ params.m }}}}"'],
        ),
        (
            'resources: {limits: {cpu: "${{ params.n }}"}}, targets: {argo: {resources: {limits: {cpu: 2}}}}',
            [f'error DRG403: the limit of `cpu` {NEITHER} @ f:3 "${{{{ params.n }}}}", f:3 2'],
        ),
        ('resources: {cpu: "${{ params.n }}"}, targets: {argo: {resources: {cpu: "${{params.n}}"}}}', []),
        (
            "resources: {gpu: 1, accelerator: l4}, targets: {argo: {resources: {accelerator: h100}}}",
            [
                "error DRG404: step `a` names the accelerator `l4`, for this target `h100` @ f:3 l4, f:3 h100",
                "error DRG401: no policy knows the accelerator `l4` @ f:3 l4",
            ],
        ),
        (
            "resources: {gpu: 1}, targets: {argo: {resources: {accelerator: h100}}, batch: {resources: {accelerator: l4}}}",
            ["error DRG401: no policy knows the accelerator `h100` @ f:3 h100"],
        ),
        (
            "resources: {cpu: 4}, targets: {argo: {resources: {limits: {cpu: 2}}}}",
            ["error DRG122: step `a` requests 4 cpu, its limit is 2 @ f:3 4, f:3 2"],
        ),
    ],
)
def test_what_has_no_larger_one_names_both_places(step: str, said: list[str]) -> None:
    assert settled(f"{RUNNING}  a: {{{step}}}").said == said


def test_a_default_kind_of_gpu_is_for_steps_that_ask_for_gpus() -> None:
    """A default is nothing that a step names, also against its block for the target."""
    policy = "accelerators: {l4: {}, h100: {}}"
    flow = """
        defaults: {image: i, resources: {accelerator: l4}}
        steps:
          a: {resources: {gpu: 1}}
          b: {}
          c: {resources: {gpu: 1}, targets: {argo: {resources: {accelerator: h100}}}}
    """
    done = settled(flow, policy)
    assert done.said == []
    kinds = [step.container.resources.accelerator for step in done.plan.steps if step.container is not None]
    assert kinds == ["l4", None, "h100"]
