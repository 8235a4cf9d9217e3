"""How faithfully a target translates a plan: an answer for each feature that the plan uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dragoman.emitter import Emitter, Emulated, Native, Refused, Support, Weaker
from dragoman.findings import INFO, WARNING, Finding, did_you_mean
from dragoman.load.document import Path
from dragoman.plan.features import Feature, uses
from dragoman.plan.model import Plan

WORDS: Mapping[type, str] = {Native: "native", Emulated: "emulated", Weaker: "weaker", Refused: "refused"}


class Fidelity(NamedTuple):
    """What a plan uses, and the target's answer to each."""

    target: str
    answers: Mapping[Feature, Support]

    def count(self, kind: type) -> int:
        """How many features have this kind of answer."""
        return sum(isinstance(answer, kind) for answer in self.answers.values())


def judge(plan: Plan, emitter: Emitter) -> tuple[Fidelity, list[Finding]]:
    """The answers, and a finding for each feature that is refused, or weaker (information only, once accepted)."""
    narrowed = emitter.narrow(plan)
    used = uses(plan)
    answers = {feature: narrowed[feature] if feature in narrowed else _answer(emitter, feature) for feature in used}
    accepted = set(plan.options.get("accept") or ())
    findings = [
        finding
        for feature, path in used.items()
        if (finding := _finding(plan, emitter, feature, answers[feature], path, accepted)) is not None
    ]
    return Fidelity(emitter.name, answers), findings + _unknown_accepts(plan)


def _answer(emitter: Emitter, feature: Feature) -> Support:
    found = emitter.support.get(feature)
    if found is None:
        return Refused(f"the {emitter.name} emitter does not know this feature", "ask its makers for a newer version")
    return found


def _finding(
    plan: Plan, emitter: Emitter, feature: Feature, answer: Support, path: Path, accepted: set[str]
) -> Finding | None:
    address = ".".join(map(str, path))
    if isinstance(answer, Refused):
        return Finding(
            "DRG301",
            f"{emitter.name} cannot translate `{feature.value}`: {answer.reason}",
            plan.source.span(path),
            answer.hint,
            address=address,
        )
    if not isinstance(answer, Weaker):
        return None
    message = f"{emitter.name} translates `{feature.value}` nearly: {answer.difference}"
    if feature.value in accepted:
        return Finding("DRG302", f"{message} (accepted)", plan.source.span(path), severity=INFO, address=address)
    return Finding(
        "DRG302",
        message,
        plan.source.span(path),
        f'if that is fine: `targets.{emitter.name}.accept: ["{feature.value}"]`',
        WARNING,
        address,
    )


def _unknown_accepts(plan: Plan) -> list[Finding]:
    known = [feature.value for feature in Feature]
    path = ("spec", "targets", plan.target, "accept")
    accepted: Sequence[str] = plan.options.get("accept") or ()
    return [
        Finding(
            "DRG305",
            f"`accept` names `{name}`, which is no feature",
            plan.source.span((*path, number)),
            did_you_mean(name, known),
            address=".".join(path),
        )
        for number, name in enumerate(accepted)
        if name not in known
    ]
