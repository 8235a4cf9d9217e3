"""Other forms of what the batch target emits: each a function of the emission, whose bodies are the API's own inputs.

api             the inputs of RegisterJobDefinition, CreateStateMachine and CreateSchedule, as they are
crossplane      objects of Crossplane's provider for AWS
cloudformation  one template
iam             the least that each role must be allowed
submit-plan     the inputs of SubmitJob in their order, for those who have no Step Functions
"""

from __future__ import annotations

from importlib import import_module

from dragoman.emitter import Emission
from dragoman.plan.model import Plan

FORMS = {
    "api": "",
    "crossplane": "dragoman.emit.batch.formats.crossplane",
    "cloudformation": "dragoman.emit.batch.formats.cloudformation",
    "iam": "dragoman.emit.batch.formats.iam",
    "submit-plan": "dragoman.emit.batch.formats.submit_plan",
}


def form(plan: Plan, emission: Emission) -> Emission:
    """The emission in the form that the flow asks for; its findings are those about the form."""
    emission = emission._replace(findings=())
    module = FORMS[plan.options.get("format") or "api"]
    if not module:
        return emission
    made: Emission = import_module(module).form(plan, emission)
    return made
