"""What is said of an amount beyond a policy's bound: what was asked for, what is given, who says so, what to do."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman import quantity
from dragoman.findings import ERROR, INFO, WARNING, Finding, Fix, Span
from dragoman.plan.context import address_of
from dragoman.plan.model import Step
from dragoman.plan.origin import Origin
from dragoman.policy.merge import Known, Place, where
from dragoman.policy.model import Bound, Side

WORDS: Mapping[Side, str] = {"max": "maximum", "min": "minimum"}
NOT_ASKED = ("built-in", "policy")  # layers that are no author's


def asked_beyond(side: Side, step: Step, bound: Bound, over: Known, *, cut: bool, given: bool) -> Finding:
    """Amounts of one resource that are beyond a bound: a request and its limit are one finding.

    cut    they are cut, or raised, to the bound
    given  they are not what was asked for: another bound has changed them
    """
    by_author = [(place, one) for place, one in over.items() if one[1].layer not in NOT_ASKED]
    place, (amount, said) = next(iter(by_author or over.items()))
    end = quantity.canonical(bound.key, bound.amount)
    related = _set_here(bound, side)
    span = said.span()
    if said.layer in NOT_ASKED:
        related += [] if span is None else [(span, "the default is set here")]
        span = None
    other = next((by.span() for at, (_, by) in over.items() if at != place), None)
    if other is not None and other != said.span():
        related.append((other, "the limit is set here"))
    what = _amount(bound.key, over, place)
    if said.layer in NOT_ASKED:
        asked = f"{': ' if cut else ' has '}{what} by default"
    else:
        asked = f"{': asked' if cut else ' has' if given else ' asks for'} {what}"
    return Finding(
        "DRG405" if cut else "DRG406",
        f"step `{step.name}`{asked}, {'given' if cut else f'the {WORDS[side]} is'} {end}",
        span or _name(step),
        _way_out(side, bound, place, amount, said, cut=cut),
        ERROR if bound.action == "deny" else WARNING,
        _address(step, place, said),
        tuple(related),
        rule=f"{side}.{bound.key}",
        fix=_fix(said, end) if cut else None,  # what is denied is the author's to decide
    )


def may_be_beyond(side: Side, step: Step, bound: Bound, place: Place, said: Origin, *, cut: bool) -> Finding:
    """An amount that may turn out to be beyond a bound. Of a minimum it is a note: no step can declare its least.

    cut  the engine cuts it, or raises it, to the bound then
    """
    end = quantity.canonical(bound.key, bound.amount)
    what = f"and the {WORDS[side]} is {end}"
    if cut:
        what = f"{'more' if side == 'max' else 'less'} than {end} becomes {end} then"
    way_out = "" if cut else f"whether it is at least {end} is checked by nobody"
    if side == "max":
        way_out = f"declare `resources.bounds.{bound.key}`, at most {end}" + (", and nothing is cut" if cut else "")
    return Finding(
        "DRG408" if cut else "DRG407",
        f"the `{bound.key}` of step `{step.name}` is known only while running{':' if cut else ','} {what}",
        said.span() or _name(step),
        _with_reason(way_out, bound),
        INFO if side == "min" else ERROR if bound.action == "deny" else WARNING,
        _address(step, place, said),
        tuple(_set_here(bound, side)),
        rule=f"{side}.{bound.key}",
    )


def _amount(key: str, over: Known, place: Place) -> str:
    """What is asked for, in a sentence."""
    shown = {at: quantity.canonical(key, amount) for at, (amount, _) in over.items()}
    what = f"{shown[place]} {key}"
    if place[0] == "retry":
        return f"up to {what} after failures"
    if place[0] == "bounds":
        return f"up to {what}"
    if place[0] == "limits" and ("requests", key) not in over:
        return f"a {key} limit of {shown[place]}"
    if len(set(shown.values())) > 1:
        return f"{shown['requests', key]} {key} with a limit of {shown['limits', key]}"
    return what


def _way_out(side: Side, bound: Bound, place: Place, amount: int, said: Origin, *, cut: bool) -> str:
    end, shown = (quantity.canonical(bound.key, one) for one in (bound.amount, amount))
    within = f"at {'most' if side == 'max' else 'least'} {end}"
    if said.layer in NOT_ASKED:
        whose = "built-in default" if said.layer == "built-in" else "policy's default"
        return _with_reason(f"say `resources.{bound.key}` in the flow, {within}: {shown} is the {whose}", bound)
    verb = {"retry": "let it grow to", "bounds": "declare"}.get(place[0], "ask for")
    if cut:
        return _with_reason(f"{verb} {end}, and nothing is {'cut' if side == 'max' else 'raised'}", bound)
    return _with_reason(f"{verb} {within}" if bound.amount or side == "min" else "ask for none", bound)


def _with_reason(way_out: str, bound: Bound) -> str:
    return ": ".join(filter(None, (way_out, bound.reason.rstrip("."))))


def _set_here(bound: Bound, side: Side) -> list[tuple[Span, str]]:
    span = bound.origin.span()
    return [] if span is None else [(span, f"the {WORDS[side]} is set here")]


def _name(step: Step) -> Span:
    return step.layers[0].source.span(step.layers[0].path, key=True)


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
