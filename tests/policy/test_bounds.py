"""Maxima and minima: what is beyond them is refused, cut or raised, or only told; and always told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dragoman import quantity
from dragoman.findings import Fix, has_errors
from policy.settling import settled

# what a step says, what the policy says, what the step is given, what is said of it
CASES: list[tuple[str, str, dict[str, str], list[str]]] = [
    (
        "resources: {cpu: 6}",
        "max: [{cpu: 4, action: clamp}]",
        {"cpu": "4/-"},
        ["warning DRG405: step `a`: asked 6 cpu, given 4 @ f:1 6, p0:1 4"],
    ),
    ("resources: {cpu: 4}", "max: [{cpu: 4, action: clamp}]", {"cpu": "4/-"}, []),
    (
        "resources: {limits: {cpu: 6, memory: 500Mi}}",
        "max: [{cpu: 4, memory: 1Gi, action: clamp}]",
        {"cpu": "4", "memory": "500Mi"},
        ["warning DRG405: step `a`: asked 6 cpu, given 4 @ f:1 6, p0:1 4"],
    ),
    (
        "resources: {requests: {cpu: 1}, limits: {cpu: 6}}",
        "max: [{cpu: 4, action: clamp}]",
        {"cpu": "1/4"},
        ["warning DRG405: step `a`: asked a cpu limit of 6, given 4 @ f:1 6, p0:1 4"],
    ),
    (
        "resources: {requests: {cpu: 6}, limits: {cpu: 8}}",
        "max: [{cpu: 4, action: clamp}]",
        {"cpu": "4"},
        ["warning DRG405: step `a`: asked 6 cpu with a limit of 8, given 4 @ f:1 6, p0:1 4, f:1 8"],
    ),
    (
        "resources: {requests: {cpu: 6}, limits: {cpu: 6}}",
        "max: [{cpu: 4, action: clamp}]",
        {"cpu": "4"},
        ["warning DRG405: step `a`: asked 6 cpu, given 4 @ f:1 6, p0:1 4, f:1 6"],
    ),
    (
        "resources: {memory: 8Gi}",
        "max: [{memory: 6Gi, action: clamp}]",
        {"memory": "6Gi"},
        ["warning DRG405: step `a`: asked 8Gi memory, given 6Gi @ f:1 8Gi, p0:1 6Gi"],
    ),
    (
        "resources: {shm: 2Gi}",
        "max: [{shm: 1Gi, action: clamp}]",
        {"shm": "1Gi"},
        ["warning DRG405: step `a`: asked 2Gi shm, given 1Gi @ f:1 2Gi, p0:1 1Gi"],
    ),
    (
        "resources: {cpu: 6}",
        "max: [{cpu: 4}]",
        {"cpu": "6/-"},
        ["error DRG406: step `a` asks for 6 cpu, the maximum is 4 @ f:1 6, p0:1 4"],
    ),
    (
        "resources: {cpu: 6}",
        "max: [{cpu: 4, action: warn}]",
        {"cpu": "6/-"},
        ["warning DRG406: step `a` asks for 6 cpu, the maximum is 4 @ f:1 6, p0:1 4"],
    ),
    (
        "resources: {gpu: 2}",
        "max: [{gpu: 0}]",
        {"gpu": "2"},
        ["error DRG406: step `a` asks for 2 gpu, the maximum is 0 @ f:1 2, p0:1 0"],
    ),
    (
        "resources: {gpu: 2, accelerator: l4}",
        "{max: [{gpu: 0, action: clamp}], accelerators: {l4: {}}}",
        {"gpu": "0"},
        ["warning DRG405: step `a`: asked 2 gpu, given 0 @ f:1 2, p0:1 0"],
    ),
    # of several bounds the tightest of each action; what is denied is denied as it was asked for
    (
        "resources: {cpu: 6}",
        "max: [{cpu: 5, action: clamp}, {cpu: 4, action: clamp}, {cpu: 7, action: clamp}]",
        {"cpu": "4/-"},
        ["warning DRG405: step `a`: asked 6 cpu, given 4 @ f:1 6, p0:1 4"],
    ),
    (
        "resources: {cpu: 9}",
        "max: [{cpu: 4, action: clamp}, {cpu: 8, action: deny}]",
        {"cpu": "9/-"},
        ["error DRG406: step `a` asks for 9 cpu, the maximum is 8 @ f:1 9, p0:1 8"],
    ),
    (
        "resources: {cpu: 8}",
        "max: [{cpu: 4, action: clamp}, {cpu: 8, action: deny}, {cpu: 6, action: warn}]",
        {"cpu": "4/-"},
        ["warning DRG405: step `a`: asked 8 cpu, given 4 @ f:1 8, p0:1 4"],
    ),
    (
        "resources: {cpu: 8}",
        "max: [{cpu: 4, action: clamp}, {cpu: 2, action: warn}]",
        {"cpu": "4/-"},
        [
            "warning DRG405: step `a`: asked 8 cpu, given 4 @ f:1 8, p0:1 4",
            "warning DRG406: step `a` has 4 cpu, the maximum is 2 @ f:1 8, p0:1 2",
        ],
    ),
    # minima
    (
        "resources: {requests: {cpu: 100m}, limits: {cpu: 200m}}",
        "min: [{cpu: 250m, action: clamp}, {cpu: 150m, action: clamp}]",
        {"cpu": "250m"},
        ["warning DRG405: step `a`: asked 100m cpu with a limit of 200m, given 250m @ f:1 100m, p0:1 250m, f:1 200m"],
    ),
    (
        "resources: {requests: {cpu: 100m}, limits: {cpu: 2}}",
        "min: [{cpu: 250m, action: clamp}]",
        {"cpu": "250m/2"},
        ["warning DRG405: step `a`: asked 100m cpu, given 250m @ f:1 100m, p0:1 250m"],
    ),
    (
        "resources: {memory: 64Mi}",
        "min: [{memory: 128Mi}]",
        {"memory": "64Mi"},
        ["error DRG406: step `a` asks for 64Mi memory, the minimum is 128Mi @ f:1 64Mi, p0:1 128Mi"],
    ),
    # values that nobody asked for
    (
        "image: x",
        "max: [{memory: 2Gi}]",
        {"memory": "4Gi"},
        ["error DRG406: step `a` has 4Gi memory by default, the maximum is 2Gi @ f:1 a, p0:1 2Gi"],
    ),
    (
        "image: x",
        "{max: [{memory: 2Gi, action: clamp}], defaults: {resources: {memory: 3Gi}}}",
        {"memory": "2Gi"},
        ["warning DRG405: step `a`: 3Gi memory by default, given 2Gi @ f:1 a, p0:1 2Gi, p0:1 3Gi"],
    ),
    (
        "resources: {cpu: 2}",
        "{max: [{cpu: 4, action: clamp}], defaults: {resources: {limits: {cpu: 8}}}}",
        {"cpu": "2/4"},
        ["warning DRG405: step `a`: a cpu limit of 8 by default, given 4 @ f:1 a, p0:1 4, p0:1 8"],
    ),
    # what a step may grow to
    (
        "resources: {memory: 1Gi}, retry: {limit: 2, escalate: {memory: {max: 8Gi}}}",
        "max: [{memory: 4Gi, action: clamp}]",
        {"memory": "1Gi"},
        ["warning DRG405: step `a`: asked up to 8Gi memory after failures, given 4Gi @ f:1 8Gi, p0:1 4Gi"],
    ),
    (
        "resources: {memory: 1Gi}, retry: {limit: 2, escalate: {memory: {max: 8Gi}}}",
        "max: [{memory: 4Gi}]",
        {"memory": "1Gi"},
        ["error DRG406: step `a` asks for up to 8Gi memory after failures, the maximum is 4Gi @ f:1 8Gi, p0:1 4Gi"],
    ),
    (
        "resources: {memory: 6Gi}, retry: {limit: 2, escalate: {memory: {max: 8Gi}}}",
        "max: [{memory: 4Gi, action: clamp}]",
        {"memory": "4Gi"},
        [
            "warning DRG405: step `a`: asked 6Gi memory, given 4Gi @ f:1 6Gi, p0:1 4Gi",
            "warning DRG405: step `a`: asked up to 8Gi memory after failures, given 4Gi @ f:1 8Gi, p0:1 4Gi",
        ],
    ),
    # an author's own mistake stays one
    (
        "resources: {requests: {cpu: 8}, limits: {cpu: 6}}",
        "max: [{cpu: 4, action: clamp}]",
        {"cpu": "4"},
        [
            "error DRG122: step `a` requests 8 cpu, its limit is 6 @ f:1 8, f:1 6",
            "warning DRG405: step `a`: asked 8 cpu with a limit of 6, given 4 @ f:1 8, p0:1 4, f:1 6",
        ],
    ),
]


@pytest.mark.parametrize(("step", "policy", "given", "said"), CASES, ids=[f"{one} {two}" for one, two, _, _ in CASES])
def test_what_is_asked_and_given(step: str, policy: str, given: dict[str, str], said: list[str]) -> None:
    done = settled(f"steps: {{a: {{{step}}}}}", policy)
    assert done.said == said
    assert {key: done.amounts()[key] for key in given} == given


def test_what_it_may_grow_to_is_cut() -> None:
    step = "{resources: {memory: 1Gi}, retry: {limit: 2, escalate: {memory: {max: 8Gi}, cpu: {max: 2}}}}"
    retry = settled(f"steps: {{a: {step}}}", "max: [{memory: 4Gi, action: clamp}]").step().retry
    assert retry is not None
    assert {one.resource: one.maximum for one in retry.escalate} == {"memory": 4 * 2**30, "cpu": 2000}


def test_a_gpu_that_is_taken_away_has_no_kind() -> None:
    done = settled(
        "steps: {a: {resources: {gpu: 2, accelerator: l4}}}",
        "{max: [{gpu: 0, action: clamp}], accelerators: {l4: {}}}",
    )
    container = done.step().container
    assert container is not None
    assert (container.resources.accelerator, container.resources.placement) == (None, None)


@pytest.mark.parametrize("who", ["step", "block", "template", "defaults", "environment", "--set", "--with"])
def test_whoever_asks(who: str) -> None:
    """The place is that of the amount, the rule and the address are the step's."""
    said, flow = "resources: {limits: {cpu: 6}}", "steps: {a: {}}"
    options: dict[str, Any] = {}
    if who == "step":
        flow = f"steps: {{a: {{{said}}}}}"
    elif who == "block":
        flow = f"steps: {{a: {{targets: {{batch: {{resources: {{cpu: 9}}}}, argo: {{{said}}}}}}}}}"
    elif who == "template":
        flow = f"templates: {{t: {{{said}}}}}\nsteps: {{a: {{use: t}}}}"
    elif who == "defaults":
        flow = f"steps: {{a: {{}}}}\ndefaults: {{image: i, {said}}}"
    elif who == "environment":
        flow, options = f"steps: {{a: {{}}}}\nenvironments: {{e: {{steps: {{a: {{{said}}}}}}}}}", {"environment": "e"}
    elif who == "--set":
        options = {"sets": ["steps.a.resources.limits.cpu=6"]}
    else:
        options = {"given": ["argo:memory=1Gi,cpu=6"]}
    done = settled(flow, "max: [{cpu: 4, action: clamp, reason: small nodes.}]", **options)
    [finding] = done.findings
    assert finding.message == "step `a`: asked 6 cpu, given 4"
    assert finding.help == "ask for 4, and nothing is cut: small nodes"
    assert finding.rule == "max.cpu"
    assert finding.address.startswith("spec.steps.a.")
    assert finding.span is not None
    shown = {"--set": "--set steps.a.resources.limits.cpu=6", "--with": "--with argo:cpu=6"}.get(who, "f")
    assert finding.span.file == shown
    if shown == "f":
        assert finding.fix is not None
        assert finding.fix.value == "4"


def test_the_fix_is_where_the_amount_is_written() -> None:
    done = settled(
        "environments: {e: {steps: {a: {resources: {memory: 9Gi}}}}}\nsteps: {a: {resources: {cpu: '${{ params.n }}'}}}\n"
        "params: {n: {type: int, default: 6}}",
        "max: [{cpu: 4, memory: 4Gi, action: clamp}]",
        environment="e",
    )
    assert [finding.fix for finding in done.findings] == [
        None,  # an expression is no amount
        Fix("f", 1, ("spec", "environments", "e", "steps", "a", "resources", "memory"), "4Gi"),
    ]


GROUP = """
steps:
  g: {steps: {a: {resources: {cpu: 6}}}}
onExit:
  b: {resources: {cpu: 7}}
"""


def test_every_step_is_held() -> None:
    done = settled(GROUP, "max: [{cpu: 4}]")
    assert [(finding.message, finding.address) for finding in done.findings] == [
        ("step `a` asks for 6 cpu, the maximum is 4", "spec.steps.g.steps.a.resources.cpu"),
        ("step `b` asks for 7 cpu, the maximum is 4", "spec.onExit.b.resources.cpu"),
    ]


@pytest.mark.parametrize("action", ["deny", "clamp", "warn"])
def test_an_exemption_leaves_the_amount_as_it_is(action: str) -> None:
    policy = f"""
        max: [{{cpu: 4, action: {action}}}, {{memory: 1Gi, action: {action}}}]
        exemptions: [{{rule: max.cpu, flow: f, step: a, reason: it needs them, owner: me}}]
    """
    done = settled("steps: {a: {resources: {cpu: 6, memory: 1Gi}}, b: {resources: {cpu: 6, memory: 1Gi}}}", policy)
    mine, other = done.findings
    assert (mine.message, mine.severity) == (
        "step `a` asks for 6 cpu, the maximum is 4",
        "error" if action == "deny" else "info",
    )
    assert mine.pardon is not None
    assert not has_errors([mine])
    assert other.pardon is None
    assert done.amounts("a")["cpu"] == "6/-"


# Properties: amounts as whole numbers, so that small ones are equal often.

AMOUNT = st.integers(0, 6)
PAIR = st.tuples(AMOUNT, AMOUNT).map(sorted)
BOUND = st.tuples(AMOUNT, st.sampled_from(["deny", "clamp", "warn"]))


def policy_of(maxima: Any, minima: Any = ()) -> str:
    rows = [
        f"{side}: [{', '.join(f'{{cpu: {amount}, action: {action}}}' for amount, action in bounds)}]"
        for side, bounds in (("max", maxima), ("min", minima))
    ]
    return "\n".join(rows)


def cpu(pair: Any, policy: str) -> tuple[tuple[int, int], Any]:
    done = settled(f"steps: {{a: {{resources: {{requests: {{cpu: {pair[0]}}}, limits: {{cpu: {pair[1]}}}}}}}}}", policy)
    container = done.step().container
    assert container is not None
    request, limit = container.resources.requests["cpu"], container.resources.limits["cpu"]
    assert isinstance(request, int)
    assert isinstance(limit, int)
    return (request // 1000, limit // 1000), done


@given(PAIR, st.lists(BOUND, max_size=4), st.lists(BOUND, max_size=4))
def test_a_request_is_never_above_its_limit(pair: Any, maxima: Any, minima: Any) -> None:
    (request, limit), done = cpu(pair, policy_of(maxima, minima))
    assert request <= limit or has_errors(done.findings)


@given(PAIR, st.lists(BOUND, max_size=4), st.lists(BOUND, max_size=4))
def test_a_change_is_told_and_only_a_change(pair: Any, maxima: Any, minima: Any) -> None:
    given, done = cpu(pair, policy_of(maxima, minima))
    assume(not any(finding.code == "DRG466" for finding in done.findings))  # no amount is within these
    assert (given != tuple(pair)) is any(finding.code == "DRG405" for finding in done.findings)
    above = any(pair[1] > amount for amount, action in maxima if action == "deny")
    below = any(pair[0] < amount for amount, action in minima if action == "deny")
    assert has_errors(done.findings) is (above or below)


@given(PAIR, PAIR, AMOUNT)
def test_a_cut_keeps_the_order_and_happens_once(one: Any, two: Any, top: int) -> None:
    policy = policy_of([(top, "clamp")])
    (first, _), (second, _) = cpu(one, policy), cpu(two, policy)
    assert first == tuple(min(amount, top) for amount in one)
    if one[0] <= two[0] and one[1] <= two[1]:
        assert first[0] <= second[0]
        assert first[1] <= second[1]
    again, done = cpu(first, policy)
    assert (again, done.findings) == (first, [])


@given(st.integers(1, 10**7), st.integers(0, 10**7), st.sampled_from(["cpu", "memory", "disk"]))
def test_the_smaller_of_the_two(amount: int, top: int, key: str) -> None:
    shown, most = (quantity.canonical(key, one) if key == "cpu" else f"{one}k" for one in (amount, top))
    done = settled(f"steps: {{a: {{resources: {{{key}: {shown}}}}}}}", f"max: [{{{key}: {most}, action: clamp}}]")
    container = done.step().container
    assert container is not None
    assert container.resources.requests[key] == min(amount, top) * (1 if key == "cpu" else 1000)
    assert len(done.findings) == (amount > top)
