"""The names that expressions may use at each place of a flow, and what to say about those that exist elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.expr.scope import Binding, Constant, Forbidden, Namespace, Scope, Variable
from dragoman.expr.types import Type
from dragoman.plan.model import Address, Output, Param, Reference
from dragoman.plan.params import bindings

_STRING, _INT = Type("string"), Type("int")

ITEM = Forbidden("there is no `item` here", "`item` is known inside a `foreach`, unless `as` gives it another name")
INDEX = Forbidden("there is no `index` here", "`index` is known inside a `foreach`")
INPUTS = Forbidden("there are no `inputs` here", "`inputs` are known inside a template")
ATTEMPT = Forbidden("`attempt` is not known here", "`attempt` is known in a step's command, args, env and resources")
STEPS_IN_EXIT = Forbidden(
    "an exit step cannot read the outputs of steps: they may not have run",
    "write what it needs to a place of your own from the step itself",
)
STEPS_IN_TEMPLATE = Forbidden("a template cannot read a step's outputs", "give them to it: an input, filled by `with`")
ITEM_IN_TEMPLATE = Forbidden(
    "a template does not know the loop around it", "give the item to it: an input, filled by `with`"
)


def roots(params: tuple[Param, ...], environment: str) -> Scope:
    """What is known everywhere in a flow."""
    return {
        "params": bindings(params),
        "env": Constant(environment, _STRING),
        "run": _run(status=False),
        "item": ITEM,
        "index": INDEX,
        "inputs": INPUTS,
        "attempt": ATTEMPT,
        "steps": Namespace("step", {}),
    }


def on_exit(scope: Scope) -> Scope:
    """The scope of exit steps: they know how the run ended, and no step's outputs."""
    return {**scope, "run": _run(status=True), "steps": STEPS_IN_EXIT}


def in_container(scope: Scope) -> Scope:
    """The scope of a container's texts."""
    return {**scope, "attempt": Variable(Reference("attempt"), _INT)}


def in_template(scope: Scope, inputs: Mapping[str, Binding], *, library: bool) -> Scope:
    """The scope of a template's body; one from a library does not see the flow's parameters."""
    hidden = Forbidden(
        "a library's template does not know the flow's parameters",
        "give the value to it: an input, filled by `with`",
    )
    return {
        **in_container(scope),
        "params": hidden if library else scope["params"],
        "steps": STEPS_IN_TEMPLATE,
        "item": ITEM_IN_TEMPLATE,
        "index": ITEM_IN_TEMPLATE,
        "inputs": Namespace("input", inputs),
    }


def in_loop(scope: Scope, address: Address, variable: str, item: Type) -> Scope:
    """The scope inside a loop."""
    return {
        **scope,
        variable: Variable(Reference("item", address, variable), item),
        "index": Variable(Reference("index", address, "index"), _INT),
    }


def with_steps(
    scope: Scope, address: Address, outputs: Mapping[str, Mapping[str, Output]], hidden: Mapping[str, str]
) -> Scope:
    """The scope of a graph's steps: their outputs, over those of the graphs around them.

    `hidden` maps a name inside one of the groups to that group, for the hint.
    """
    outer = scope.get("steps")
    members: dict[str, Any] = {
        name: Forbidden(
            f"step `{name}` is inside the group `{group}`",
            f"let the group hand it on: `{group}` needs an entry in its `outputs`",
        )
        for name, group in hidden.items()
    }
    if isinstance(outer, Namespace):
        members.update(outer.members)
    for name, declared in outputs.items():
        targets = {
            key: Variable(Reference("output", (*address, name), key), output.type) for key, output in declared.items()
        }
        members[name] = Namespace(
            "field",
            {"outputs": Namespace("output", targets, "" if targets else f"step `{name}` declares no `outputs`")},
        )
    return {**scope, "steps": Namespace("step", members)}


def _run(*, status: bool) -> Namespace:
    unknown = Forbidden("how the run ended is not known here", "`run.status` is known in `onExit`")
    return Namespace(
        "run",
        {
            "id": Variable(Reference("run", (), "id"), _STRING),
            "name": Variable(Reference("run", (), "name"), _STRING),
            "status": Variable(Reference("run", (), "status"), _STRING) if status else unknown,
        },
    )
