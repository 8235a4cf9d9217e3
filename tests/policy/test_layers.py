"""Layers of policies: lower ones add to the upper ones and tighten them; what would loosen them is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.findings import ERROR
from dragoman.plan.origin import Origin
from dragoman.policy.force import LOWEST
from dragoman.policy.layers import stacked
from dragoman.policy.model import Action, Bound, Policies
from policy.settling import mistakes, settled

STEP = "steps: {a: {resources: {cpu: 2}}}"


def said(*policies: str) -> list[str]:
    """What is said of the layers themselves."""
    return [one for one in settled(STEP, *policies).said if "DRG46" in one]


@pytest.mark.parametrize(
    ("upper", "lower", "limit"),
    [
        ("none", "none", ""),
        ("none", "{ratio: 2}", "4"),
        ("none", "equal", "2"),
        ("{ratio: 2}", "{ratio: 2}", "4"),
        ("{ratio: 2}", "{ratio: 1.5}", "3"),
        ("{ratio: 2}", "equal", "2"),
        ("{ratio: 1}", "equal", "2"),
        ("equal", "{ratio: 1}", "2"),
        ("equal", "equal", "2"),
    ],
)
def test_a_missing_limit_is_tightened(upper: str, lower: str, limit: str) -> None:
    done = settled(STEP, f"limits: {{cpu: {upper}}}", f"limits: {{cpu: {lower}}}")
    assert done.said == []
    assert done.amounts()["cpu"] == (f"2/{limit or '-'}" if limit != "2" else "2")


@pytest.mark.parametrize(
    ("upper", "lower", "words"),
    [
        ("equal", "none", "`equal` in an upper policy; `none` here"),
        ("equal", "{ratio: 1.5}", "`equal` in an upper policy; `ratio: 1.5` here"),
        ("{ratio: 1.5}", "{ratio: 2}", "`ratio: 1.5` in an upper policy; `ratio: 2` here"),
        ("{ratio: 1.5}", "none", "`ratio: 1.5` in an upper policy; `none` here"),
    ],
)
def test_a_missing_limit_is_not_loosened(upper: str, lower: str, words: str) -> None:
    policies = (f"limits: {{cpu: {upper}}}", f"limits: {{cpu: {lower}}}")
    done = settled(STEP, *policies)
    assert done.said == [f"error DRG467: `limits.cpu` is {words} would loosen it @ p1:1 {lower}, p0:1 {upper}"]
    assert done.amounts() == settled(STEP, policies[0]).amounts()
    for name in ("limits", "limits.cpu"):
        left = settled(STEP, f"{policies[0]}\noverridable: [{name}]", policies[1])
        assert left.said == []
        assert left.amounts() == settled(STEP, policies[1]).amounts()
    assert said(f"{policies[0]}\noverridable: [limits.memory]", policies[1])


def test_the_built_in_layer_is_no_policy() -> None:
    done = settled(STEP, "limits: {memory: none}")
    assert (done.said, done.amounts()["memory"]) == ([], "4Gi/-")


def test_whoever_says_a_thing_last_decides_about_it() -> None:
    free, tight, loose = (
        "limits: {cpu: {ratio: 2}}\noverridable: [limits]",
        "limits: {cpu: equal}",
        "limits: {cpu: none}",
    )
    assert said(free, loose) == []
    assert said(free, tight, loose) == [
        "error DRG467: `limits.cpu` is `equal` in an upper policy; `none` here would loosen it @ p2:1 none, p1:1 equal"
    ]
    assert said(free, f"{tight}\noverridable: [limits.cpu]", loose) == []
    assert said(free, "limits: {disk: equal}", loose) == []
    assert said(tight, "overridable: [limits, limits.cpu]", loose)  # what is somebody else's


BOUNDS: list[tuple[str, str, list[str], str]] = [
    ("max: [{cpu: 4}]", "max: [{cpu: 2}]", [], "2"),
    ("max: [{cpu: 4}]", "max: [{cpu: 4}]", [], "4"),
    (
        "max: [{cpu: 4}]",
        "max: [{cpu: 8}]",
        ["warning DRG468: `max` of 8 cpu (`deny`) has no effect: an upper policy says 4 cpu (`deny`) @ p1:1 8, p0:1 4"],
        "4",
    ),
    (
        "max: [{cpu: 4}]",
        "max: [{cpu: 4, action: warn}]",
        ["warning DRG468: `max` of 4 cpu (`warn`) has no effect: an upper policy says 4 cpu (`deny`) @ p1:1 4, p0:1 4"],
        "4",
    ),
    (
        "max: [{cpu: 4, action: clamp}]",
        "max: [{cpu: 8, action: warn}]",
        ["warning DRG468: `max` of 8 cpu (`warn`) has no effect: an upper policy says 4 cpu (`clamp`) @ p1:1 8, p0:1 4"],
        "4",
    ),
    ("max: [{cpu: 4, action: clamp}]", "max: [{cpu: 8}]", [], "4"),  # what is above 8 is denied now
    ("max: [{cpu: 4, action: warn}]", "max: [{cpu: 8, action: clamp}]", [], "8"),
    ("max: [{cpu: 4, action: clamp}]", "max: [{cpu: 4}]", [], "4"),
    ("max: [{cpu: 4}]", "max: [{memory: 8Gi}]", [], "4"),
    ("max: [{cpu: 4, overridable: true}]", "max: [{cpu: 8}]", [], "8"),
    ("max: [{cpu: 4, overridable: true}]", "max: [{cpu: 2}]", [], "2"),
    ("max: [{cpu: 4, overridable: true}, {cpu: 6}]", "max: [{cpu: 5}]", [], "5"),
    (
        "max: [{cpu: 4, overridable: true}, {cpu: 6}]",
        "max: [{cpu: 8}]",
        ["warning DRG468: `max` of 8 cpu (`deny`) has no effect: an upper policy says 6 cpu (`deny`) @ p1:1 8, p0:1 6"],
        "6",
    ),
    (
        "min: [{memory: 1Gi}]",
        "min: [{memory: 512Mi}]",
        [
            "warning DRG468: `min` of 512Mi memory (`deny`) has no effect: an upper policy says 1Gi memory (`deny`)"
            " @ p1:1 512Mi, p0:1 1Gi"
        ],
        "-",
    ),
    ("min: [{memory: 1Gi, overridable: true}]", "min: [{memory: 512Mi}]", [], "-"),
    ("min: [{memory: 512Mi}]", "min: [{memory: 1Gi}]", [], "-"),
    (
        "quota: [{cpu: 64, limits: {disk: 1Ti}}]",
        "quota: [{cpu: 128, pods: 4, limits: {disk: 2Ti}}]",
        [
            "warning DRG468: `quota` of 128 cpu (`deny`) has no effect: an upper policy says 64 cpu (`deny`)"
            " @ p1:1 128, p0:1 64",
            "warning DRG468: `quota` of a limit of 2Ti disk (`deny`) has no effect: an upper policy says a limit of 1Ti disk"
            " (`deny`) @ p1:1 2Ti, p0:1 1Ti",
        ],
        "-",
    ),
    ("quota: [{cpu: 64, overridable: true}]", "quota: [{cpu: 128}]", [], "-"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("upper", "lower", "wanted", "most"), BOUNDS, ids=[f"{one} | {two}" for one, two, _, _ in BOUNDS]
)
def test_bounds_are_tightened(upper: str, lower: str, wanted: list[str], most: str) -> None:
    assert said(upper, lower) == wanted
    if most != "-":
        step = "steps: {a: {resources: {cpu: CPU}}}"
        within, above = (settled(step.replace("CPU", amount), upper, lower) for amount in (most, f"{most}001m"))
        assert not [one for one in within.findings if one.code == "DRG405" or one.severity == ERROR]
        assert [one for one in above.findings if one.code in ("DRG405", "DRG406")]


def test_a_quota_that_is_overridden_is_gone() -> None:
    one = stacked([LOWEST, *map(quota, ((64, True), (128, False), (96, False)))])[0]
    assert [entry.amount for entry in one.quotas] == [128, 96]


def quota(said: tuple[int, bool]) -> Policies:
    from dragoman.policy.model import Quota

    return Policies(quotas=(Quota("requests.cpu", said[0], "deny", Origin("policy"), overridable=said[1]),))


@pytest.mark.parametrize(
    ("upper", "lower", "wanted"),
    [
        ("values: {most: 4}", "values: {least: 4}", []),
        ("values: {most: 4}", "values: {most: 4}", []),
        (
            "values: {most: 4}",
            "values: {most: 8}",
            ["error DRG467: the constant `most` is an upper policy's, which does not leave it to others @ p1:1 8, p0:1 4"],
        ),
        ("values: {most: 4}\noverridable: [values.most]", "values: {most: 8}", []),
        (
            "values: {most: 4}\noverridable: [values.most]",
            "values: {most: many}",
            ["error DRG467: the constant `most` is an int in the upper policy, here a string @ p1:1 many, p0:1 4"],
        ),
        (
            "values: {on: true}\noverridable: [values.on]",
            "values: {on: 1}",
            ["error DRG467: the constant `on` is a bool in the upper policy, here an int @ p1:1 1, p0:1 true"],
        ),
        ("values: {teams: [ml]}\noverridable: [values.teams]", "values: {teams: [ml, web]}", []),
        ("values: {teams: [ml]}\noverridable: [values.teams]", "values: {teams: []}", []),
        (
            "values: {teams: [ml]}\noverridable: [values.teams]",
            "values: {teams: [1]}",
            ["error DRG467: the constant `teams` is a list<string> in the upper policy, here a list<int> @ p1:1 [1], p0:1 [ml]"],
        ),
    ],
)  # fmt: skip
def test_constants_are_left_to_others_or_not(upper: str, lower: str, wanted: list[str]) -> None:
    upper, lower = (text.replace("on:", "isOn:").replace(".on]", ".isOn]") for text in (upper, lower))
    assert said(upper, lower) == [one.replace("`on`", "`isOn`") for one in wanted]


RULE = "rules: [{id: r, severity: warning, assert: 'true', message: never}]"


@pytest.mark.parametrize(
    ("upper", "lower", "wanted"),
    [
        (RULE, RULE, []),
        (RULE, RULE.replace("warning", "error"), []),
        (RULE, RULE.replace("id: r", "id: s"), []),
        (RULE.replace("never}", "never, overridable: true}"), RULE.replace("'true'", "'false'").replace("warning", "info"), []),
        *(
            (RULE, RULE.replace(one, other),
             ["error DRG467: the rule `r` is an upper policy's, which does not leave it to others @ p1:1 LOWER, p0:1 UPPER"])
            for one, other in (("warning", "info"), ("'true'", "'false'"), ("message: never", "message: nothing"))
        ),
        (RULE, RULE.replace("warning", "error").replace("'true'", "'false'"),
         ["error DRG467: the rule `r` is an upper policy's, which does not leave it to others @ p1:1 LOWER, p0:1 UPPER"]),
    ],
)  # fmt: skip
def test_rules_are_replaced_or_not(upper: str, lower: str, wanted: list[str]) -> None:
    shown = [one.removeprefix("rules: [").removesuffix("]") for one in (upper, lower)]
    assert said(upper, lower) == [one.replace("UPPER", shown[0]).replace("LOWER", shown[1]) for one in wanted]


def test_the_rule_in_force_is_the_lower_one_where_it_may_be() -> None:
    from dragoman.load import yaml
    from enacted import enacted

    def policies(*texts: str) -> list[Policies]:
        head = "apiVersion: dragoman.dev/v1alpha1\nkind: Policy\nmetadata: {name: p}\nspec:\n  "
        return list(enacted([one for text in texts for one in yaml.parse(f"{head}{text}\n", "p")]).said)

    raised, findings = stacked(policies(RULE, RULE.replace("warning", "error")))
    assert ([rule.severity for rule in raised.rules], findings) == (["error"], [])
    kept, findings = stacked(policies(RULE, RULE.replace("warning", "info")))
    assert [rule.severity for rule in kept.rules] == ["warning"]
    assert len(findings) == 1


EXEMPT = "exemptions: [{rule: WHAT, flow: f, reason: because, owner: me}]"


@pytest.mark.parametrize(
    ("upper", "what", "name"),
    [
        (RULE, "r", "r"),
        (RULE, "'*'", "r"),
        ("max: [{cpu: 4}]", "max.cpu", "max.cpu"),
        ("max: [{cpu: 4}]", "'max.*'", "max.cpu"),
        ("min: [{memory: 1Gi}]", "min.memory", "min.memory"),
        ("quota: [{cpu: 64}]", "quota.cpu", "quota.cpu"),
        ("quota: [{gpu: 64}]", "quota.gpu", "quota.gpu"),
    ],
)
def test_exemptions_are_left_to_others_or_not(upper: str, what: str, name: str) -> None:
    lower = EXEMPT.replace("WHAT", what)
    [found] = said(upper, lower)
    words = f"error DRG467: an exemption from `{name}`, which an upper policy says and does not leave to others"
    assert found.startswith(f"{words} @ p1:1 {what}, p0:1 ")
    assert said(f"{upper}\noverridable: [exemptions]", lower) == []
    body, _, end = upper.rpartition("}]")
    assert said(f"{body}, overridable: true}}]{end}", lower) == []
    assert said(f"{upper}\n{lower}") == []
    assert said(lower, upper) == []
    assert said("overridable: [exemptions]", upper, lower)  # it leaves its own to others, not somebody else's
    assert said(upper, EXEMPT.replace("WHAT", "nothing")) == []


@pytest.mark.parametrize(
    ("policies", "wanted"),
    [
        (["max: [{cpu: 4}]\nmin: [{cpu: 8}]"],
         ["error DRG466: the minimum of `cpu` is 8, and its maximum 4 @ p0:2 8, p0:1 4"]),
        (["max: [{memory: 4Gi}]", "min: [{memory: 8Gi, action: clamp}]"],
         ["error DRG466: the minimum of `memory` is 8Gi, and its maximum 4Gi @ p1:1 8Gi, p0:1 4Gi"]),
        (["max: [{cpu: 4}]\nmin: [{cpu: 4}]"], []),
        (["max: [{cpu: 4}]\nmin: [{memory: 8Gi}]"], []),
        (["match: {targets: [batch]}\nmax: [{cpu: 4}]", "min: [{cpu: 8, action: clamp}]"], []),
    ],
)  # fmt: skip
def test_a_minimum_is_not_above_a_maximum(policies: list[str], wanted: list[str]) -> None:
    assert said(*policies) == wanted


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("overridable: [limits, limits.cpu, limits.memory, limits.disk, exemptions]", []),
        ("values: {most: 4}\noverridable: [values.most]", []),
        ("max: [{cpu: 0}, {action: clamp}]", ["error DRG468: this entry of `max` has no amount: it bounds nothing @ p0:1 {action: clamp}"]),
        ("min: [{cpu: null}]", ["error DRG468: this entry of `min` has no amount: it bounds nothing @ p0:1 {cpu: null}"]),
        ("quota: [{limits: {cpu: 1}}, {pods: 0}, {limits: {}, action: warn}]",
         ["error DRG468: this entry of `quota` has no amount: it bounds nothing @ p0:1 {limits: {}, action: warn}"]),
        ("overridable: [limit]", ["error DRG469: `overridable` names `limit`, which this policy does not have @ p0:1 limit"]),
        ("overridable: [limits.gpu]",
         ["error DRG469: `overridable` names `limits.gpu`, which this policy does not have @ p0:1 limits.gpu"]),
        ("values: {most: 4}\noverridable: [values.mots]",
         ["error DRG469: `overridable` names `values.mots`, which this policy does not have @ p0:2 values.mots"]),
        (f"{RULE[:-1]}, {{id: r, assert: 'true', message: never}}]",
         ["error DRG419: two rules of this policy are `r` @ p0:1 r, p0:1 r"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one_layer(policy: str, wanted: list[str]) -> None:
    assert mistakes(policy) == wanted


SLIPS = """\
max: [{cpu: 4}]
quota: [{gpu: 4, limits: {cpu: 4}}]
rules: [{id: pinned, assert: size(step.name) < policy.values.longest, message: x}]
values: {longest: 40, longset: 9, other: 1}
exemptions:
- {rule: pinnd, flow: f, reason: old, owner: me}
- {rule: max.cpus, flow: f, reason: old, owner: me}
- {rule: pin*d, flow: f, reason: old, owner: me}
- {rule: quota.cpu, flow: f, reason: old, owner: me}
- {rule: resourcequota.limits.cpu, flow: f, reason: old, owner: me}
"""


def test_names_that_are_nearly_others() -> None:
    """What is near nothing may be for the rules of a lower layer, or for what a cluster says."""
    plan = settled("steps: {a: {image: i, resources: {cpu: 1}}}", SLIPS)
    assert plan.said == [
        "warning DRG443: no rule names the constant `longset` @ p0:4 9",
        "warning DRG443: an exemption from `pinnd`, which no policy here says @ p0:6 pinnd",
        "warning DRG443: an exemption from `max.cpus`, which no policy here says @ p0:7 max.cpus",
    ]


ACTIONS: list[Action] = ["deny", "clamp", "warn"]
LAYER = st.lists(
    st.builds(
        lambda amount, action, free: Bound("cpu", amount, action, Origin("policy"), overridable=free),
        st.integers(1, 5),
        st.sampled_from(ACTIONS),
        st.just(False),
    ),
    max_size=3,
)


@given(st.lists(LAYER, max_size=4))
def test_a_layer_never_loosens_the_maximum(layers: Any) -> None:
    """Whatever the lower layers say, what the upper ones deny is denied, and what they cut is cut."""
    policies = [Policies(maxima=tuple(layer)) for layer in layers]
    for count in range(1, len(policies) + 1):
        upper, whole = (stacked(some)[0].maxima for some in (policies[:count], policies))
        for action in ACTIONS:
            before = min((one.amount for one in upper if one.action == action), default=99)
            after = min((one.amount for one in whole if one.action == action), default=99)
            assert after <= before


@given(st.lists(LAYER, min_size=2, max_size=4))
def test_only_what_changes_nothing_has_no_effect(layers: Any) -> None:
    """What is told to have no effect can go, and nobody sees a difference."""
    policies = [Policies(maxima=tuple(layer)) for layer in layers]
    _, findings = stacked(policies)
    idle = sum(finding.code == "DRG468" for finding in findings)
    useless = 0
    for number, policy in enumerate(policies):
        above = [one for upper in policies[:number] for one in upper.maxima]
        for one in policy.maxima:
            strength = {"warn": 0, "clamp": 1, "deny": 2}
            useless += any(
                other.amount <= one.amount
                and strength[other.action] >= strength[one.action]
                and (other.amount, other.action) != (one.amount, one.action)
                for other in above
            )
    assert idle == useless
