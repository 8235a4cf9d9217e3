"""The judge of what goes to AWS Batch and Step Functions: what AWS would refuse, found without AWS.

Job definitions and submissions are judged in two passes. The types (`shape.json`, from botocore's model) say which
fields there are and what they hold; the rules, one module for each subject, say what no model can. A right definition
costs the fast pass and the rules; only a wrong one is explained. Facts come from AWS's documentation, most of it in
botocore. Where the judge is stricter than AWS, the comment at the rule says what would go wrong later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.emit.problem import Body, Problem

from .definitions import judge as _definition
from .fargate import fargate
from .gate import check
from .history import LIMIT, events
from .machines import judge as _machine
from .shapes import file
from .work import near, submitted

__all__ = [
    "LIMIT",
    "Problem",
    "definition_problems",
    "events",
    "fargate",
    "machine_problems",
    "submit_problems",
]


def definition_problems(body: Any) -> list[Problem]:
    """What AWS Batch has against the input of RegisterJobDefinition, in the spelling of its API."""
    name = file().operations["RegisterJobDefinition"]
    if check(name)(body):
        return list(_definition(body, body))
    from .explain import explain

    wrong, kept = explain(body, name)
    pointers = [each.pointer for each in wrong]
    rules = _definition(kept, body)
    return wrong + [each for each in rules if not any(near(each.pointer, one) for one in pointers)]


def machine_problems(definition: Any, definitions: Mapping[str, Body] | None = None) -> list[Problem]:
    """What Step Functions has against a machine in JSONata mode, with the jobs that it submits.

    Where `definitions` says which job definitions there are, by name, each job that is submitted has to be of one.
    They have to be right ones.
    """
    return list(_machine(definition, definitions))


def submit_problems(
    arguments: Any, definitions: Mapping[str, Body] | None = None, *, waiting: bool = True
) -> list[Problem]:
    """What AWS Batch has against the `Arguments` of a state that calls `batch:submitJob`.

    A text in `{% %}` may be anything. `definitions` are right ones, by name. `waiting`: the state waits for the job,
    for which Step Functions adds a variable.
    """
    return submitted(arguments, definitions, waiting=waiting)
