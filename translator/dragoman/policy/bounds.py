"""Maxima and minima of policies: what a step asks for beyond them is refused, cut or raised, or only said.

Of several bounds on one resource the tightest of each action counts. What is denied is denied as it was asked for;
what is cut or raised is so before a bound that only warns is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from dragoman.findings import ERROR, INFO, Finding
from dragoman.plan.model import Amount, Escalation, Plan, Step
from dragoman.plan.origin import Origin
from dragoman.plan.origins import origin
from dragoman.policy.merge import SHM, Known, Place
from dragoman.policy.model import Action, Bound, Exemption, Policies, Side

Amounts: TypeAlias = dict[Place, tuple[Amount, Origin]]

ACTIONS: tuple[Action, ...] = ("deny", "clamp", "warn")
SIDES: tuple[Side, ...] = ("min", "max")  # a maximum has the last word


class Bounds(NamedTuple):
    """What holds the steps of a plan."""

    tightest: Mapping[tuple[Side, str, Action], Bound]
    policies: Policies
    plan: Plan

    def exemption(self, step: Step, side: Side, key: str) -> Exemption | None:
        """Who frees a step from the bounds of one side."""
        if not self.policies.exemptions:
            return None
        from dragoman.policy.exemptions import is_exempt

        return is_exempt(self.policies, self.plan, step.address, f"{side}.{key}")


def bounds_of(plan: Plan, policies: Policies) -> Bounds:
    """The bounds that hold a plan's steps."""
    tightest: dict[tuple[Side, str, Action], Bound] = {}
    sides: tuple[tuple[Side, tuple[Bound, ...]], ...] = (("max", policies.maxima), ("min", policies.minima))
    for side, bounds in sides:
        for bound in bounds:
            place = (side, bound.key, bound.action)
            other = tightest.get(place)
            if other is None or beyond(side, other.amount, bound.amount):
                tightest[place] = bound
    return Bounds(tightest, policies, plan)


def beyond(side: Side, amount: int, bound: int) -> bool:
    """Whether an amount is beyond a bound."""
    return amount > bound if side == "max" else amount < bound


class _Case(NamedTuple):
    """A step under its bounds, and what was said so far."""

    step: Step
    bounds: Bounds
    findings: list[Finding]

    def say(self, finding: Finding, exemption: Exemption | None) -> None:
        """Add a finding; of one that an exemption covers, nothing comes but a note."""
        if exemption is not None:
            from dragoman.policy.exemptions import pardon

            severity = finding.severity if finding.severity == ERROR else INFO
            finding = finding._replace(severity=severity, pardon=pardon(exemption))
        self.findings.append(finding)


def hold(step: Step, amounts: Amounts, bounds: Bounds, findings: list[Finding]) -> Step:
    """Keep a step's amounts within the bounds; the step, what it may grow to within them too."""
    if not bounds.tightest:
        return step
    case = _Case(step, bounds, findings)
    for key in dict.fromkeys(key for _, key, _ in bounds.tightest):
        places = [SHM] if key == "shm" else [("requests", key), ("limits", key)]
        asked = {place: amounts[place] for place in places if place in amounts}
        known: Known = {place: (amount, said) for place, (amount, said) in asked.items() if isinstance(amount, int)}
        amounts.update(_held(case, key, known))
        running = [place for place in asked if place not in known]
        if running:
            _hold_running(case, key, running, amounts)
    return _with_growth(case)


def _with_growth(case: _Case) -> Step:
    """The step with what its amounts may grow to within the bounds."""
    step = case.step
    if step.retry is None or not step.retry.escalate:
        return step
    grown: list[Escalation] = []
    for growth in step.retry.escalate:
        place = ("retry", "escalate", growth.resource, "max")
        asked: Known = {place: (growth.maximum, origin(step, *place))}
        [(maximum, _)] = _held(case, growth.resource, asked).values()
        grown.append(growth._replace(maximum=maximum))
    return step._replace(retry=step.retry._replace(escalate=tuple(grown)))


def _held(case: _Case, key: str, asked: Known) -> Known:
    """Known amounts of one resource within its bounds."""
    for side in SIDES:
        asked = _held_on(case, side, key, asked)
    return asked


def _held_on(case: _Case, side: Side, key: str, asked: Known) -> Known:
    given = False
    for action in ACTIONS:
        bound = case.bounds.tightest.get((side, key, action))
        if bound is None:
            continue
        over = {place: found for place, found in asked.items() if beyond(side, found[0], bound.amount)}
        if not over:
            continue
        from dragoman.policy.beyond import asked_beyond

        exemption = case.bounds.exemption(case.step, side, key)
        cut = action == "clamp" and exemption is None
        case.say(asked_beyond(side, case.step, bound, over, cut=cut, given=given), exemption)
        if action == "deny" or exemption is not None:
            return asked
        if cut:
            given = True
            asked = {**asked, **{place: (bound.amount, said) for place, (_, said) in over.items()}}
    return asked


def _hold_running(case: _Case, key: str, places: list[Place], amounts: Amounts) -> None:
    """Hold amounts that are known only while the flow runs: by what is declared of them, else by an expression."""
    clamps = {side: _held_while_running(case, side, key, places[0], amounts) for side in SIDES}
    if any(bound is not None for bound in clamps.values()):
        from dragoman.policy.dynamic import within

        for place in places:
            amount, said = amounts[place]
            assert not isinstance(amount, int)
            amounts[place] = (within(amount, key, clamps["min"], clamps["max"]), said)


def _held_while_running(case: _Case, side: Side, key: str, place: Place, amounts: Amounts) -> int | None:
    """What the engine has to hold an amount to on one side, if anything; what is declared of it is held here."""
    declared = _declared(key, amounts)
    amounts.update(_held_on(case, side, key, declared))
    clamp: int | None = None
    for action in ACTIONS:
        bound = case.bounds.tightest.get((side, key, action))
        if bound is None or (clamp is not None and not beyond(side, clamp, bound.amount)):
            continue
        told = any(beyond(side, amount, bound.amount) for amount, _ in declared.values())
        if declared and side == "max" and not told:  # no amount may be more than what is declared
            continue
        exemption = case.bounds.exemption(case.step, side, key)
        cut = action == "clamp" and exemption is None
        if not told:
            from dragoman.policy.beyond import may_be_beyond

            case.say(may_be_beyond(side, case.step, bound, place, amounts[place][1], cut=cut), exemption)
        if action == "deny" or exemption is not None:
            break
        if cut:
            clamp = bound.amount
    return clamp


def _declared(key: str, amounts: Amounts) -> Known:
    """The most that a step's amount may turn out to be, if it says so."""
    if ("bounds", key) not in amounts:
        return {}
    amount, said = amounts["bounds", key]
    assert isinstance(amount, int)
    return {("bounds", key): (amount, said)}
