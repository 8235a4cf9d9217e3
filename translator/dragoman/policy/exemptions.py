"""Exemptions: who need not obey a rule, until when, and what became of those that nobody needs.

`exempted` and `is_exempt` know no date, so that a render gives the same bytes on every day. Only `expired` does, which
`dragoman check` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from dragoman.findings import INFO, WARNING, Finding, Pardon
from dragoman.plan.model import Address, Plan, Step
from dragoman.plan.resolve import ON_EXIT
from dragoman.policy.model import Exemption, Policies

KIND = "exemption"
FOREVER = "9999-12-31"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def exempted(findings: Iterable[Finding], exemptions: Sequence[Exemption], plan: Plan) -> list[Finding]:
    """The findings of one plan, those that an exemption covers with its pardon."""
    if not exemptions:
        return list(findings)
    return [_judged(finding, exemptions, plan) for finding in findings]


def is_exempt(policies: Policies, plan: Plan, step: Address, rule: str) -> Exemption | None:
    """The exemption that frees a step (an empty address: the flow) from a rule, `max.cpu` say."""
    return _covering(policies.exemptions, plan.name, (step,) if step else (), rule)


def pardon(exemption: Exemption) -> Pardon:
    """What an exemption says to a finding."""
    body = exemption.body
    return Pardon(KIND, body["reason"], body["owner"], body.get("expires") or "", exemption.origin.span())


def unreadable(exemptions: Iterable[Exemption]) -> list[Finding]:
    """Findings about last days that are no dates: such an exemption is over for everybody."""
    findings = []
    for exemption in exemptions:
        written = exemption.body.get("expires")
        if written is not None and not is_day(written):
            message = f"`expires: {written}` is no date: the exemption is over"
            advice = "write the last day as YYYY-MM-DD, for example `2027-01-31`"
            origin = exemption.origin
            place = origin._replace(path=(*origin.path, "expires")).span()
            findings.append(Finding("DRG450", message, place, advice))
    return findings


def expired(findings: Iterable[Finding], today: str | date) -> list[Finding]:
    """The findings as they are on a day: a pardon whose last day is before it is lifted.

    The finding comes back as it was; a note (a clamp that was not made, say) as a warning.
    """
    day = date.fromisoformat(today) if isinstance(today, str) else today
    return [_lifted(finding, day) if _is_over(finding.pardon, day) else finding for finding in findings]


def unused(findings: Iterable[Finding], checked: Iterable[tuple[str, Policies]]) -> list[Finding]:
    """A warning for each exemption for a flow that was checked, in which it pardoned nothing.

    findings  of the whole run, before `expired`: all flows, targets and environments
    checked   names of flows and the policies in force, for each case that policies have judged
    """
    given = {(finding.rule, finding.pardon) for finding in findings if finding.pardon is not None}
    result: dict[Finding, None] = {}
    for flow, policies in checked:
        for exemption in policies.exemptions:
            if not fnmatchcase(flow, exemption.body["flow"]) or unreadable([exemption]):
                continue
            mine = pardon(exemption)
            if not any(one == mine and fnmatchcase(rule, exemption.body["rule"]) for rule, one in given):
                result[_unneeded(exemption)] = None
    return list(result)


def steps_of(address: str, plan: Plan) -> tuple[Address, ...]:
    """The steps of a plan that a finding's address speaks of; none when it speaks of the flow.

    An address begins as the spec does (`spec.steps.shards.steps.train.image`, also in an environment) or with the
    names of the step (`shards.train.image`). A template stands for all steps that use it.
    """
    parts = address.split(".")
    if parts[:2] == ["spec", "environments"]:
        parts = ["spec", *parts[3:]]
    if parts[:2] == ["spec", "templates"] and len(parts) > 2:
        return tuple(_users(parts[2], (*plan.steps, *plan.on_exit)))
    if parts[:2] == ["spec", "steps"]:
        found = _below(plan.steps, ["steps", *parts[2:]])
    elif parts[:2] == ["spec", "onExit"]:
        found = _below(plan.on_exit, ["steps", *parts[2:]])
    elif parts[0] == ON_EXIT and plan.on_exit:
        found = _named(plan.on_exit, parts[1:]) or _named(plan.steps, parts)
    else:
        found = _named(plan.steps, parts)
    return (found,) if found else ()


def _judged(finding: Finding, exemptions: Sequence[Exemption], plan: Plan) -> Finding:
    if not finding.rule or finding.pardon is not None:
        return finding
    covering = _covering(exemptions, plan.name, steps_of(finding.address, plan), finding.rule)
    return finding if covering is None else finding._replace(pardon=pardon(covering))


def _covering(exemptions: Iterable[Exemption], flow: str, steps: Sequence[Address], rule: str) -> Exemption | None:
    """The exemption of those that match which lasts longest."""
    matching = [one for one in exemptions if _matches(one.body, flow, steps, rule) and not unreadable([one])]
    return max(matching, key=lambda one: one.body.get("expires") or FOREVER, default=None)


def _matches(body: Mapping[str, Any], flow: str, steps: Sequence[Address], rule: str) -> bool:
    if not fnmatchcase(rule, body["rule"]) or not fnmatchcase(flow, body["flow"]):
        return False
    pattern = body.get("step")
    return pattern is None or (bool(steps) and all(fnmatchcase(".".join(step), pattern) for step in steps))


def _below(steps: Iterable[Step], parts: Sequence[str]) -> Address:
    """The innermost step of `steps.shards.steps.train.image`."""
    found: Address = ()
    while len(parts) > 1 and parts[0] == "steps":
        step = next((one for one in steps if one.name == parts[1]), None)
        if step is None:
            break
        found, steps, parts = step.address, step.steps, parts[2:]
    return found


def _named(steps: Iterable[Step], parts: Sequence[str]) -> Address:
    """The innermost step of `shards.train.image`."""
    found: Address = ()
    for part in parts:
        step = next((one for one in steps if one.name == part), None)
        if step is None:
            break
        found, steps = step.address, step.steps
    return found


def _users(template: str, steps: Iterable[Step]) -> Iterator[Address]:
    """The steps that use a template of this name, the flow's own or a library's."""
    for step in steps:
        if any(layer.name == "template" and layer.path[-1] == template for layer in step.layers):
            yield step.address
        yield from _users(template, step.steps)


def is_day(written: str) -> bool:
    """Whether a text is a day, YYYY-MM-DD."""
    if not _DAY.fullmatch(written):
        return False
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _is_over(given: Pardon | None, day: date) -> bool:
    return given is not None and bool(given.expires) and date.fromisoformat(given.expires) < day


def _lifted(finding: Finding, day: date) -> Finding:
    given = finding.pardon
    assert given is not None
    days = (day - date.fromisoformat(given.expires)).days
    ago = "yesterday" if days == 1 else f"{days} days ago"
    note = f"the exemption by {given.owner} expired {ago}: `{given.reason}`"
    related = ((given.span, f"expired {ago}"),) if given.span is not None else ()
    return finding._replace(
        severity=WARNING if finding.severity == INFO else finding.severity,
        help=f"{finding.help}; {note}" if finding.help else note,
        related=(*finding.related, *related),
        pardon=None,
    )


def _unneeded(exemption: Exemption) -> Finding:
    body = exemption.body
    step = f", step `{body['step']}`" if body.get("step") else ""
    message = f"the exemption from `{body['rule']}` for `{body['flow']}`{step} pardons nothing"
    advice = "take it out: the rule is obeyed, or the names are not those of the flow"
    return Finding("DRG451", message, exemption.origin.span(), advice, severity=WARNING)
