"""Maxima and minima of policies: what a step asks for beyond them is refused, cut or raised, or only said.

Of several bounds on one resource the tightest of each action counts. What is denied is denied as it was asked for;
what is cut or raised is so before a bound that only warns is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from dragoman import quantity
from dragoman.findings import ERROR, INFO, WARNING, Finding, Fix
from dragoman.plan.context import address_of
from dragoman.plan.model import Amount, Escalation, Plan, Step
from dragoman.plan.origin import Origin
from dragoman.plan.origins import origin
from dragoman.policy.dynamic import at_least, at_most
from dragoman.policy.merge import SHM, Place, where
from dragoman.policy.model import Action, Bound, Exemption, Policies

Side: TypeAlias = Literal["max", "min"]
Known: TypeAlias = dict[Place, tuple[int, Origin]]
Amounts: TypeAlias = dict[Place, tuple[Amount, Origin]]

WORDS: Mapping[Side, str] = {"max": "maximum", "min": "minimum"}
ACTIONS: tuple[Action, ...] = ("deny", "clamp", "warn")
NOT_ASKED = ("built-in", "policy")  # layers that are no author's


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


def hold(step: Step, amounts: Amounts, bounds: Bounds, findings: list[Finding]) -> Step:
    """Keep a step's amounts within the bounds; the step, what it may grow to within them too."""
    if not bounds.tightest:
        return step
    for key in dict.fromkeys(key for _, key, _ in bounds.tightest):
        places = [SHM] if key == "shm" else [("requests", key), ("limits", key)]
        asked = {place: amounts[place] for place in places if place in amounts}
        known: Known = {place: (amount, said) for place, (amount, said) in asked.items() if isinstance(amount, int)}
        amounts.update(_held(step, key, known, bounds, findings))
        running = {place: amount for place, (amount, _) in asked.items() if place not in known}
        if running:
            _hold_running(step, key, list(running), amounts, bounds, findings)
    return _with_growth(step, bounds, findings)


def _with_growth(step: Step, bounds: Bounds, findings: list[Finding]) -> Step:
    """The step with what its amounts may grow to within the bounds."""
    if step.retry is None or not step.retry.escalate:
        return step
    grown: list[Escalation] = []
    for growth in step.retry.escalate:
        place = ("retry", "escalate", growth.resource, "max")
        asked: Known = {place: (growth.maximum, origin(step, *place))}
        [(maximum, _)] = _held(step, growth.resource, asked, bounds, findings).values()
        grown.append(growth._replace(maximum=maximum))
    return step._replace(retry=step.retry._replace(escalate=tuple(grown)))


def _held(step: Step, key: str, asked: Known, bounds: Bounds, findings: list[Finding]) -> Known:
    """Known amounts of one resource within its bounds: the minimum first, as a maximum has the last word."""
    for side in SIDES:
        asked = _held_on(side, step, key, asked, bounds, findings)
    return asked


SIDES: tuple[Side, ...] = ("min", "max")


def _held_on(side: Side, step: Step, key: str, asked: Known, bounds: Bounds, findings: list[Finding]) -> Known:
    for action in ACTIONS:
        bound = bounds.tightest.get((side, key, action))
        if bound is None:
            continue
        over = {place: found for place, found in asked.items() if beyond(side, found[0], bound.amount)}
        if not over:
            continue
        exemption = bounds.exemption(step, side, key)
        findings.append(_pardoned(_finding(side, step, bound, over, cut=exemption is None), exemption))
        if action == "deny" or exemption is not None:
            return asked
        if action == "clamp":
            asked = {**asked, **{place: (bound.amount, said) for place, (_, said) in over.items()}}
    return asked


def _finding(side: Side, step: Step, bound: Bound, over: Known, *, cut: bool) -> Finding:
    """What was asked for beyond a bound, and what became of it."""
    by_author = [(place, one) for place, one in over.items() if one[1].layer not in NOT_ASKED]
    place, (amount, said) = next(iter(by_author or over.items()))
    cut = cut and bound.action == "clamp"
    given = quantity.canonical(bound.key, bound.amount)
    place_of_bound = bound.origin.span()
    related = [] if place_of_bound is None else [(place_of_bound, f"the {WORDS[side]} is set here")]
    span = said.span()
    if said.layer in NOT_ASKED:
        related += [] if span is None else [(span, "the default is set here")]
        span = None
    other = next((by.span() for at, (_, by) in over.items() if at != place), None)
    if other is not None and other != said.span():
        related.append((other, "the limit is set here"))
    return Finding(
        "DRG405" if cut else "DRG406",
        f"step `{step.name}`{_asked(bound.key, over, place, said, cut=cut)}, "
        + (f"given {given}" if cut else f"the {WORDS[side]} is {given}"),
        span or step.layers[0].source.span(step.layers[0].path, key=True),
        _help(side, bound, place, amount, said, cut=cut),
        ERROR if bound.action == "deny" else WARNING,
        _address(step, place, said),
        tuple(related),
        rule=f"{side}.{bound.key}",
        fix=_fix(said, given),
    )


def _asked(key: str, over: Known, place: Place, said: Origin, *, cut: bool) -> str:
    """What a step asks for, after its name in a sentence."""
    shown = {at: quantity.canonical(key, amount) for at, (amount, _) in over.items()}
    if place[0] == "retry":
        return (": asked to grow" if cut else " asks to grow") + f" to {shown[place]} {key}"
    what = f"{shown[place]} {key}"
    if place[0] == "bounds":
        what = f"up to {what}"
    elif ("requests", key) not in over and place[0] == "limits":
        what = f"a {key} limit of {shown[place]}"
    elif len(set(shown.values())) > 1:
        what = f"{shown['requests', key]} {key} with a limit of {shown['limits', key]}"
    if said.layer in NOT_ASKED:
        return (f": {what}" if cut else f" has {what}") + " by default"
    return (": asked " if cut else " asks for ") + what


def _help(side: Side, bound: Bound, place: Place, amount: int, said: Origin, *, cut: bool) -> str:
    given, shown = (quantity.canonical(bound.key, one) for one in (bound.amount, amount))
    if said.layer in NOT_ASKED:
        whose = "built-in default" if said.layer == "built-in" else "policy's default"
        way_out = f"say `resources.{bound.key}` in the flow: {shown} is the {whose}"
    elif cut:
        way_out = f"ask for {given}, and nothing is {'cut' if side == 'max' else 'raised'}"
    else:
        verb = {"retry": "let it grow to", "bounds": "declare"}.get(place[0], "ask for")
        way_out = f"{verb} at {'most' if side == 'max' else 'least'} {given}"
    return _with_reason(way_out, bound)


def _with_reason(way_out: str, bound: Bound) -> str:
    return f"{way_out}: {bound.reason.rstrip('.')}" if bound.reason else way_out


def _address(step: Step, place: Place, said: Origin) -> str:
    """The address of a value where the step itself has it, else where it would."""
    own = step.layers[0].path
    if said.layer == "step" and said.path[: len(own)] == own:
        return address_of(said.path)
    return where(step, *place) if place[0] == "retry" else where(step, "resources", *place)


def _fix(said: Origin, value: str) -> Fix | None:
    """What would set the amount where it is written; none where an expression gives it, or no flow says it."""
    fix = None if said.layer in NOT_ASKED else said.fix(value)
    if fix is None or said.source is None:
        return None
    written: object = said.source.document.data
    for name in fix.path:
        written = written.get(name) if isinstance(written, Mapping) else None
    return None if written is None or "${{" in str(written) else fix


def _pardoned(finding: Finding, exemption: Exemption | None) -> Finding:
    """A finding that an exemption covers: what would have been changed is only noted."""
    if exemption is None:
        return finding
    from dragoman.policy.exemptions import pardon

    severity = finding.severity if finding.severity == ERROR else INFO
    return finding._replace(severity=severity, pardon=pardon(exemption))


def _hold_running(
    step: Step, key: str, places: list[Place], amounts: Amounts, bounds: Bounds, findings: list[Finding]
) -> None:
    """Hold amounts that are known only while the flow runs: by what is declared of them, else by an expression."""
    for side in SIDES:
        declared = _declared(key, amounts)
        amounts.update(_held_on(side, step, key, declared, bounds, findings))
        held: int | None = None
        for action in ACTIONS:
            bound = bounds.tightest.get((side, key, action))
            if bound is None or (held is not None and not beyond(side, held, bound.amount)):
                continue
            told = any(beyond(side, amount, bound.amount) for amount, _ in declared.values())
            if declared and side == "max" and not told:  # no amount may be more than what is declared
                continue
            exemption = bounds.exemption(step, side, key)
            if not told:
                findings.append(_pardoned(_unknown(side, step, bound, places[0], amounts[places[0]][1]), exemption))
            if action == "deny" or exemption is not None:
                break
            if action == "clamp":
                held = bound.amount
                _rewrite(side, key, held, places, amounts)


def _declared(key: str, amounts: Amounts) -> Known:
    """The most that a step's amount may turn out to be, if it says so."""
    if ("bounds", key) not in amounts:
        return {}
    amount, said = amounts["bounds", key]
    assert isinstance(amount, int)
    return {("bounds", key): (amount, said)}


def _rewrite(side: Side, key: str, bound: int, places: list[Place], amounts: Amounts) -> None:
    for place in places:
        amount, said = amounts[place]
        assert not isinstance(amount, int)
        amounts[place] = ((at_most if side == "max" else at_least)(amount, key, bound), said)


def _unknown(side: Side, step: Step, bound: Bound, place: Place, said: Origin) -> Finding:
    """An amount that may turn out to be beyond a bound. Of a minimum it is a note: no step can declare its least."""
    given = quantity.canonical(bound.key, bound.amount)
    cut = bound.action == "clamp"
    what = f"the {WORDS[side]} is {given}"
    if cut:
        what = f"{'more' if side == 'max' else 'less'} than {given} becomes {given} then"
    way_out = "" if cut else f"whether it is at least {given} is checked by nobody"
    if side == "max":
        way_out = (
            f"declare `resources.bounds.{bound.key}`, at most {given}: the step then fails rather than to have more"
        )
    place_of_bound = bound.origin.span()
    return Finding(
        "DRG408" if cut else "DRG407",
        f"the `{bound.key}` of step `{step.name}` is known only while running: {what}",
        said.span() or step.layers[0].source.span(step.layers[0].path, key=True),
        _with_reason(way_out, bound) if way_out else bound.reason,
        INFO if side == "min" else ERROR if bound.action == "deny" else WARNING,
        _address(step, place, said),
        () if place_of_bound is None else ((place_of_bound, f"the {WORDS[side]} is set here"),),
        rule=f"{side}.{bound.key}",
    )
