"""Other forms of what a target emits: one that is asked for by name, beside what the flow says."""

from __future__ import annotations

from dragoman.emitter import Emitter
from dragoman.findings import Finding, Findings, did_you_mean
from dragoman.plan.model import Plan


def asked(plan: Plan, emitter: Emitter, form: str) -> Plan:
    """The plan with the form as its option; raises `Findings` where the target has no such form."""
    if form not in emitter.forms:
        message = f"the target `{emitter.name}` has no format `{form}`"
        way_out = did_you_mean(form, emitter.forms) if emitter.forms else "it is written as `yaml` or as `json`"
        raise Findings([Finding("DRG321", message, None, way_out)], 2)
    return plan._replace(options={**plan.options, "format": form})
