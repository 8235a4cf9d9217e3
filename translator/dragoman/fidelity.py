"""How faithfully a target translates a plan: an answer for each feature that the plan uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dragoman.emitter import Emulated, Native, Refused, Support, Weaker
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


def judge(plan: Plan, target: str, support: Mapping[Feature, Support]) -> tuple[Fidelity, list[Finding]]:
    """The answers, and a finding for each feature that is refused, or weaker (information only, once accepted)."""
    used = uses(plan)
    answers = {feature: support[feature] if feature in support else _unknown(target) for feature in used}
    accepted = set(plan.options.get("accept") or ())
    findings = [
        finding
        for feature, path in used.items()
        if (finding := _finding(plan, target, feature, answers[feature], path, accepted)) is not None
    ]
    return Fidelity(target, answers), findings + _unknown_accepts(plan)


def _unknown(target: str) -> Support:
    return Refused(f"the {target} emitter does not know this feature", "ask its makers for a newer version")


def _finding(
    plan: Plan, target: str, feature: Feature, answer: Support, path: Path, accepted: set[str]
) -> Finding | None:
    address = ".".join(map(str, path))
    if isinstance(answer, Refused):
        return Finding(
            "DRG301",
            f"{target} cannot translate `{feature.value}`: {answer.reason}",
            plan.source.span(path),
            answer.hint,
            address=address,
        )
    if not isinstance(answer, Weaker):
        return None
    message = f"{target} translates `{feature.value}` nearly: {answer.difference}"
    if feature.value in accepted:
        return Finding("DRG302", f"{message} (accepted)", plan.source.span(path), severity=INFO, address=address)
    return Finding(
        "DRG302",
        message,
        plan.source.span(path),
        f'if that is fine: `targets.{target}.accept: ["{feature.value}"]`',
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
