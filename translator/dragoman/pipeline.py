"""The compiler, from a document to its manifests: the phases in their order, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dragoman import lower, spec
from dragoman.emit import registry
from dragoman.emit.forms import asked
from dragoman.emit.options import check_options
from dragoman.emit.patches import patched
from dragoman.emitter import Emission
from dragoman.fidelity import Fidelity, judge
from dragoman.findings import Finding, Findings, has_errors
from dragoman.load.document import Document
from dragoman.plan.model import Plan
from dragoman.plan.resolve import resolve
from dragoman.policy import verdict
from dragoman.policy.floors import NO_FLOORS, Floors
from dragoman.policy.force import NO_POLICIES, Enacted, in_force
from dragoman.policy.model import Policies
from dragoman.policy.settle import settle

if TYPE_CHECKING:
    from dragoman.policy.sources import Admitted

# what is known of where the manifests go: options of targets, below those of the flow
Platform: TypeAlias = Mapping[str, Mapping[str, Any]]
NOWHERE: Platform = {}


class Ruled(NamedTuple):
    """A plan with everything that policies say settled, the policies that match it, and what there is to say."""

    plan: Plan
    policies: Policies
    findings: list[Finding]


class Rendering(NamedTuple):
    """One flow for one target, under the policies that match it."""

    plan: Plan
    emission: Emission
    fidelity: Fidelity
    findings: tuple[Finding, ...]
    policies: Policies = Policies()


def ruled(
    flow: Document,
    libraries: Mapping[str, Document],
    policies: Enacted = NO_POLICIES,
    target: str = "",
    environment: str = "",
    sets: Sequence[str] = (),
    platform: Platform = NOWHERE,
    floors: Floors = NO_FLOORS,
) -> Ruled:
    """The plan of a flow for a target under policies; raises `Findings` when it cannot even be understood.

    floors  what `--with` says: amounts of steps that say nothing themselves, by target
    """
    for document in (flow, *libraries.values()):
        spec.read(document)
    plan = resolve(flow, libraries, environment, sets, target)
    plan = plan._replace(options={**platform.get(plan.target, {}), **plan.options})
    said, findings = in_force(policies, plan)
    plan, settling = settle(plan, said, floors)
    return Ruled(plan, said, verdict.pardoned([*findings, *settling, *verdict.of_rules(plan, said)], plan, said))


def seen(one: Ruled | Rendering) -> Admitted:
    """A plan as its cluster sees it, with the quotas that count it and what its target adds: for what measures it."""
    from dragoman.policy.sources import admitted

    return admitted(one.policies, one.plan, registry.find(one.plan.target).footprint)


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
    """The manifests of a flow; raises `Findings` when there are none: never half a tree.

    form  another form of what the target emits, instead of the one that the flow asks for
    """
    plan, said, findings = ruled(flow, libraries, policies, target, environment, sets, platform, floors)
    emitter = registry.find(plan.target, None if target else plan.source.span(("spec", "target")))
    if form:
        plan = asked(plan, emitter, form)
    check_options(plan, emitter)
    findings += registry.strangers(plan)
    fidelity, answers = judge(plan, emitter.name, {**emitter.support, **emitter.narrow(plan)})
    findings += answers
    findings += verdict.pardoned(verdict.of_quotas(plan, said, emitter.footprint), plan, said)
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
    return Rendering(plan, emission, fidelity, tuple(findings), said)
