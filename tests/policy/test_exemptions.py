"""Exemptions: what they cover, for how long, and which of them nobody needs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.findings import ERROR, INFO, WARNING, Finding, Findings, Pardon, Span, has_errors
from dragoman.load import yaml
from dragoman.plan.model import Plan
from dragoman.plan.origin import Origin, Source
from dragoman.plan.resolve import resolve
from dragoman.policy.exemptions import exempted, expired, is_exempt, steps_of, unreadable, unused
from dragoman.policy.model import Exemption, Policies
from enacted import enacted

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: legacy-train}
spec:
  defaults: {image: busybox, command: [run]}
  templates:
    consumer: {resources: {cpu: 2}}
    lonely: {}
  steps:
    first: {use: consumer}
    shards:
      steps:
        train: {resources: {cpu: 8}}
        steps: {use: lib.slack}
    second: {use: consumer}
  onExit:
    notify: {use: lib.slack}
  environments: {prod: {steps: {first: {resources: {cpu: 4}}}}}
"""
LIBRARY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Library
metadata: {name: lib}
spec: {templates: {slack: {}}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  exemptions:
    - {rule: pinned-image, flow: legacy-*, step: first, reason: vendor image, owner: ml-platform, expires: EXPIRES}
"""
BASE = {"rule": "max.cpu", "flow": "legacy-*", "reason": "old", "owner": "ml"}
PLAN: Plan = resolve(yaml.parse(FLOW, "a.yaml")[0], {"lib": yaml.parse(LIBRARY, "lib.yaml")[0]})


def exemption(number: int = 0, **body: Any) -> Exemption:
    document = yaml.parse(POLICY, "p.yaml")[0]
    return Exemption({**BASE, **body}, Origin("policy", Source(document), ("spec", "exemptions", number)))


def finding(rule: str = "max.cpu", address: str = "spec.steps.first.resources.cpu", severity: str = ERROR) -> Finding:
    return Finding("DRG411", "too much", Span("a.yaml", 3), "ask for less", severity, address, rule=rule)


@pytest.mark.parametrize(
    ("address", "steps"),
    [
        ("spec.steps.first.resources.cpu", ["first"]),
        ("spec.steps.first", ["first"]),
        ("spec.steps.shards.steps.train.env.steps", ["shards.train"]),
        ("spec.steps.shards.steps.steps.image", ["shards.steps"]),
        ("spec.steps.shards.foreach.in", ["shards"]),
        ("spec.environments.prod.steps.first.resources.cpu", ["first"]),
        ("spec.templates.consumer.resources.cpu", ["first", "second"]),
        ("spec.templates.slack.image", ["shards.steps", "on-exit.notify"]),
        ("spec.templates.lonely.image", []),
        ("spec.onExit.notify.image", ["on-exit.notify"]),
        ("shards.train.resources.requests.cpu", ["shards.train"]),
        ("on-exit.notify.resources.requests.cpu", ["on-exit.notify"]),
        ("spec.steps.nobody.image", []),
        ("spec.steps", []),
        ("spec.defaults.image", []),
        ("spec.schedule", []),
        ("spec", []),
        ("", []),
    ],
)
def test_the_steps_that_an_address_speaks_of(address: str, steps: list[str]) -> None:
    assert [".".join(step) for step in steps_of(address, PLAN)] == steps


@pytest.mark.parametrize(
    ("body", "covered"),
    [
        ({}, True),
        ({"rule": "max.*"}, True),
        ({"rule": "*"}, True),
        ({"rule": "max"}, False),
        ({"rule": "MAX.CPU"}, False),
        ({"flow": "legacy-train"}, True),
        ({"flow": "legacy"}, False),
        ({"step": "first"}, True),
        ({"step": "f*"}, True),
        ({"step": "second"}, False),
        ({"expires": "2000-01-01"}, True),  # what day it is is none of a render's business
        ({"expires": "2027-02-30"}, False),
        ({"expires": "soon"}, False),
        ({"expires": "20270131"}, False),
        ({"expires": "２０２７-01-31"}, False),
        ({"expires": ""}, False),
    ],
)
def test_what_an_exemption_covers(body: dict[str, Any], covered: bool) -> None:
    one = exemption(**body)
    (judged,) = exempted([finding()], [one], PLAN)
    place = Span("p.yaml", 6, 7, 6, 116)
    said = Pardon("exemption", "old", "ml", body.get("expires", ""), place)
    assert judged == finding()._replace(pardon=said if covered else None)
    assert has_errors([judged]) is not covered
    assert is_exempt(Policies(exemptions=(one,)), PLAN, ("first",), "max.cpu") == (one if covered else None)


@pytest.mark.parametrize(
    ("address", "step", "covered"),
    [
        ("spec.templates.consumer.resources.cpu", "first", False),  # the second step would be pardoned with it
        ("spec.templates.consumer.resources.cpu", "*", True),
        ("spec.defaults.image", "*", False),
        ("spec", "*", False),
        ("shards.train.image", "shards.*", True),
        ("shards.train.image", "shards", False),
        ("spec.onExit.notify.image", "on-exit.*", True),
    ],
)
def test_a_step_is_pardoned_and_nobody_else(address: str, step: str, covered: bool) -> None:
    (judged,) = exempted([finding(address=address)], [exemption(step=step)], PLAN)
    assert (judged.pardon is not None) is covered


def test_the_flow_itself_is_no_step() -> None:
    policies = Policies(exemptions=(exemption(rule="quota.*", step="*"), exemption(rule="quota.gpu")))
    assert is_exempt(policies, PLAN, (), "quota.cpu") is None
    assert is_exempt(policies, PLAN, (), "quota.gpu") == policies.exemptions[1]


def test_of_several_exemptions_the_one_that_lasts_counts() -> None:
    ends = ["2026-01-01", None, "2027-01-01", "never"]
    several = [exemption(expires=end, reason=f"until {end}") for end in ends]
    (judged,) = exempted([finding()], several, PLAN)
    assert judged.pardon is not None
    assert judged.pardon.reason == "until None"
    (judged,) = exempted([finding()], [several[0], several[2]], PLAN)
    assert judged.pardon is not None
    assert judged.pardon.expires == "2027-01-01"


def test_what_no_policy_says_cannot_be_pardoned() -> None:
    plain = Finding("DRG102", "unknown key", address="spec.steps.first.imagge")
    before = finding()._replace(pardon=Pardon("baseline"))
    assert exempted([plain, before], [exemption(rule="*")], PLAN) == [plain, before]


@pytest.mark.parametrize(
    ("today", "ago"),
    [("2027-01-30", ""), ("2027-01-31", ""), ("2027-02-01", "yesterday"), ("2027-02-10", "10 days ago")],
)
def test_the_last_day_is_a_day_of_grace(today: str, ago: str) -> None:
    given_ = exempted([finding()], [exemption(expires="2027-01-31", reason="vendor image")], PLAN)
    place = Span("p.yaml", 6, 7, 6, 116)
    lifted = finding()._replace(
        help=f"ask for less; the exemption by ml expired {ago}: `vendor image`", related=((place, f"expired {ago}"),)
    )
    assert expired(given_, today) == ([lifted] if ago else given_)
    assert expired(given_, date.fromisoformat(today)) == expired(given_, today)


def test_an_expired_note_is_a_warning_and_other_severities_stay() -> None:
    noted = [finding(severity=severity) for severity in (INFO, WARNING, ERROR)]
    given_ = exempted(noted, [exemption(expires="2027-01-31")], PLAN)
    assert [one.severity for one in expired(given_, "2027-02-01")] == [WARNING, WARNING, ERROR]
    forever = exempted(noted, [exemption()], PLAN)
    assert expired(forever, "9999-12-31") == forever
    baselined = [finding()._replace(pardon=Pardon("baseline"))]
    assert expired(baselined, "9999-12-31") == baselined


def test_a_last_day_that_cannot_be_read_is_an_error_at_its_line() -> None:
    with pytest.raises(Findings) as caught:
        enacted([yaml.parse(POLICY.replace("EXPIRES", "2027-02-30"), "p.yaml")[0]])
    assert caught.value.findings == (
        Finding(
            "DRG450",
            "`expires: 2027-02-30` is no date: the exemption is over",
            Span("p.yaml", 6, 108, 6, 118),
            "write the last day as YYYY-MM-DD, for example `2027-01-31`",
        ),
    )
    assert unreadable([exemption(), exemption(expires="2028-02-29")]) == []


def test_an_exemption_that_pardons_nothing_is_unused() -> None:
    policies = Policies(exemptions=(exemption(), exemption(rule="max.gpu"), exemption(flow="other", rule="x")))
    findings = exempted([finding()], policies.exemptions, PLAN)
    warning = Finding(
        "DRG451",
        "the exemption from `max.gpu` for `legacy-*` pardons nothing",
        Span("p.yaml", 6, 7, 6, 116),
        "take it out: the rule is obeyed, or the names are not those of the flow",
        severity=WARNING,
    )
    assert unused(findings, [("legacy-train", policies), ("legacy-train", policies)]) == [warning]
    assert unused(findings, [("else", policies)]) == []
    assert unused(findings, []) == []
    assert [one.code for one in unused([], [("legacy-train", policies)])] == ["DRG451", "DRG451"]
    assert [one.message for one in unused([], [("other", policies)])] == [
        "the exemption from `x` for `other` pardons nothing"
    ]


def test_exemptions_that_cannot_be_read_are_no_unused_ones() -> None:
    assert unused([], [("legacy-x", Policies(exemptions=(exemption(expires="never"),)))]) == []


@given(st.dates(), st.dates())
def test_a_pardon_holds_through_its_last_day_and_no_longer(last: date, today: date) -> None:
    (judged,) = expired(exempted([finding()], [exemption(expires=last.isoformat())], PLAN), today)
    assert (judged.pardon is not None) is (today <= last)
