"""The compiler, from a document to its manifests: the phases in their order, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from dragoman import lower, spec
from dragoman.emit import registry
from dragoman.emit.forms import asked
from dragoman.emit.options import check_options
from dragoman.emit.patches import patched
from dragoman.emitter import Emission, Emitter
from dragoman.fidelity import Fidelity, judge
from dragoman.findings import Finding, Findings, has_errors
from dragoman.load.document import Document
from dragoman.plan.model import Plan
from dragoman.plan.resolve import resolve
from dragoman.policy.enact import NO_POLICIES, Enacted, in_force
from dragoman.policy.floors import NO_FLOORS, Floors
from dragoman.policy.settle import settle

# what is known of where the manifests go: options of targets, below those of the flow
Platform: TypeAlias = Mapping[str, Mapping[str, Any]]
NOWHERE: Platform = {}


class Rendering(NamedTuple):
    """One flow for one target. `emission` has no manifests when a finding is an error: never half a tree."""

    plan: Plan
    emission: Emission
    fidelity: Fidelity
    findings: tuple[Finding, ...]


def planned(
    flow: Document,
    libraries: Mapping[str, Document],
    policies: Enacted = NO_POLICIES,
    target: str = "",
    environment: str = "",
    sets: Sequence[str] = (),
    platform: Platform = NOWHERE,
    floors: Floors = NO_FLOORS,
) -> tuple[Plan, list[Finding]]:
    """The plan of a flow for a target, with everything that policies say settled.

    floors  what `--with` says: amounts of steps that say nothing themselves, by target
    """
    for document in (flow, *libraries.values()):
        spec.read(document)
    plan = resolve(flow, libraries, environment, sets, target)
    plan = plan._replace(options={**platform.get(plan.target, {}), **plan.options})
    said, findings = in_force(policies, plan)
    plan, more = settle(plan, said, floors)
    if said.rules:
        from dragoman.policy.rules.judge import judge as asked_rules

        more += asked_rules(plan, said)
    return plan, [*findings, *more]


def _of_quotas(plan: Plan, policies: Enacted, emitter: Emitter) -> list[Finding]:
    """What quotas say of a plan; nothing is even imported where there are none."""
    said, _ = in_force(policies, plan)
    if not said.quotas and not said.enforced:
        return []
    from dragoman.policy.quota.judge import judge
    from dragoman.policy.sources import admitted

    seen = admitted(said, plan, emitter.footprint)
    return [*seen.findings, *judge(seen.plan, seen.policies.quotas, seen.footprint)]


def render(
    flow: Document,
    libraries: Mapping[str, Document],
    policies: Enacted = NO_POLICIES,
    target: str = "",
    environment: str = "",
    sets: Sequence[str] = (),
    platform: Platform = NOWHERE,
    form: str = "",
    floors: Floors = NO_FLOORS,
) -> Rendering:
    """The manifests of a flow, or why there are none; raises `Findings` when it cannot even be understood.

    form  another form of what the target emits, instead of the one that the flow asks for
    """
    plan, findings = planned(flow, libraries, policies, target, environment, sets, platform, floors)
    emitter = registry.find(plan.target)
    if form:
        plan = asked(plan, emitter, form)
    check_options(plan, emitter)
    findings += registry.strangers(plan)
    fidelity, answers = judge(plan, emitter.name, {**emitter.support, **emitter.narrow(plan)})
    findings += answers
    findings += _of_quotas(plan, policies, emitter)
    if has_errors(findings):
        raise Findings(findings)
    lowered = lower.lowered(plan, fidelity.answers)
    emission = patched(plan, emitter.emit(lowered))
    findings += (
        *emission.findings,
        *(emitter.verify(plan, emission) if not has_errors(emission.findings) else ()),
    )
    if has_errors(findings):
        raise Findings(findings)
    emission = emitter.form(lowered, emission)
    findings += emission.findings
    if has_errors(findings):
        raise Findings(findings)
    return Rendering(plan, emission, fidelity, tuple(findings))
