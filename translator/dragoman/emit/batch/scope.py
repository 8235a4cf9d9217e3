"""Where values are while a state machine runs, in its language.

Everything travels in one object from state to state:

    {"params": {…}, "run": "…", "steps": {"train": {"status": "succeeded", "out": {"score": 0.9}}}}

An iteration of a loop begins with its own, which has the one around it inside: {"item": …, "index": 0, "up": {…},
"steps": {}}. Branches begin with the object as it is, and what they add is merged. No variables are used: AWS lets an
inner scope neither change nor hide one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.emit.batch.jsonata import Unprintable
from dragoman.plan.model import Address, Reference, Step

INPUT = "$states.input"


class Scope(NamedTuple):
    """The states of one scope, and the loops around it, outermost first."""

    states: dict[str, Any]
    loops: tuple[Address, ...] = ()

    def at(self, depth: int) -> str:
        """The object of a loop around (0: of the whole run)."""
        return INPUT + ".up" * (len(self.loops) - depth)

    def name(self, reference: Reference) -> str:
        """Where a reference's value is."""
        if reference.kind == "param":
            return f"{self.at(0)}.params.{field(reference.name)}"
        if reference.kind in ("item", "index"):
            depth = self.loops.index(reference.step) + 1
            return f"{self.at(depth)}.{reference.kind}"
        if reference.kind == "output":
            return f"{self.record(reference.step)}.out.{field(reference.name)}"
        if reference.kind == "attempt":
            return f"{INPUT}.attempt"
        if reference.kind == "run":
            return f"{self.at(0)}.{'status' if reference.name == 'status' else 'run'}"
        raise Unprintable(f"`{reference.name}` is not known while the flow runs", "")

    def record(self, address: Address) -> str:
        """What is known of a step."""
        depth = sum(address[: len(loop)] == loop and address != loop for loop in self.loops)
        return f"{self.at(depth)}.steps.{field('.'.join(address))}"


def field(name: str) -> str:
    """A field of an object, whatever letters it has."""
    return name if name.isidentifier() and name.isascii() and name not in _WORDS else f"`{name}`"


_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def recorded(step: Step, status: str, out: Mapping[str, str]) -> str:
    """The object with what has become of a step; `out` are the sources of its outputs."""
    from json import dumps

    fields = ", ".join(f"{dumps(name)}: {source}" for name, source in out.items())
    key = dumps(".".join(step.address))
    entry = f"{{{key}: {{'status': '{status}', 'out': {{{fields}}}}}}}"
    return f"$merge([{INPUT}, {{'steps': $merge([{INPUT}.steps, {entry}])}}])"


def expression(source: str) -> str:
    """A source as Step Functions wants it: a whole string between its signs."""
    return f"{{% {source} %}}"


def add(scope: Scope, name: str, state: dict[str, Any], after: str | None) -> str:
    """Put a state into its scope, and say what comes next."""
    scope.states[name] = {**state, **({"End": True} if after is None else {"Next": after})}
    return name
