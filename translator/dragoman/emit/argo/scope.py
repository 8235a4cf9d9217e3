"""How each Argo template spells the values around it: its own tasks, its loop's item, or an input handed to it.

A template is built while its texts are printed: each value that it cannot reach itself becomes one of its inputs, and
the task that calls it prints the same value in its own template, which may ask for an input in turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dragoman.emit.argo.expressions import Spelling, key
from dragoman.emit.argo.names import slug
from dragoman.expr.tree import Expr, Member, Ref
from dragoman.expr.types import Type
from dragoman.plan.model import Address, Reference
from dragoman.plan.references import target

RUN = {"id": "workflow.uid", "name": "workflow.name"}


class Result(NamedTuple):
    """How the tasks of a DAG see one output of a step.

    path      the simple tag's inside, `tasks.train.outputs.parameters.score`; empty when the output may be absent
    expr      the same as an expression, with what to read instead when it is absent
    gathered  Argo's list of a loop's results, see `Spelling`
    """

    path: str
    expr: str
    gathered: str = ""
    nullable: bool = False


class Known(NamedTuple):
    """What is known of the whole workflow while its templates are built.

    trusts  of the items of each loop, see `expressions.Spelling`
    nulls   outputs that are null when their step was skipped
    """

    trusts: dict[Address, str]
    nulls: set[tuple[Address, str]]


class Item(NamedTuple):
    """How a loop's task sees its item. `form`: plain (as it is), pair ({index, item}), json (a JSON text of either)."""

    form: str
    trust: str
    indexed: bool = False


class Scope:
    """The names inside one template."""

    def __init__(
        self,
        address: Address,
        known: Known,
        results: Mapping[tuple[Address, str], Result] | None = None,
        *,
        attempts: bool = False,
    ) -> None:
        self.address = address
        self.attempts = attempts  # whether Argo counts this template's retries
        self.known = known
        self.results = dict(results or {})
        self.inputs: dict[str, Expr] = {}
        self.escaped = False  # whether a value came in with its braces escaped

    def spell(self, ref: Ref, fields: tuple[str, ...]) -> Spelling:
        """The spelling of a reference (of a field of it) in this template."""
        wanted = target(ref)
        if wanted.kind == "output":
            result = self.results.get((wanted.step, wanted.name))
            if result is not None:
                nullable = (wanted.step, wanted.name) in self.known.nulls
                return Spelling(result.expr, result.path, gathered=result.gathered, nullable=nullable)
        elif wanted.kind == "param":
            return Spelling(f"workflow.parameters{key(wanted.name)}", f"workflow.parameters.{wanted.name}")
        elif wanted.kind == "run":
            return _of_run(wanted)
        elif wanted.kind == "attempt":
            return Spelling("(int(retries) + 1)" if self.attempts else "1", native=True, trust="plain")
        return self._input(ref, wanted, fields)

    def _input(self, ref: Ref, wanted: Reference, fields: tuple[str, ...]) -> Spelling:
        name = _input_name(wanted, fields)
        if name in self.inputs and _identity(self.inputs[name]) != (wanted, fields):
            from hashlib import sha256

            name = f"{name}-{sha256(repr((wanted, fields)).encode()).hexdigest()[:8]}"
        self.inputs.setdefault(name, _with_fields(ref, fields))
        trust = "plain" if wanted.kind == "index" else "wild"
        if wanted.kind == "item":
            trust = self.known.trusts.get(wanted.step, "wild")
        self.escaped = self.escaped or trust == "escaped"
        nullable = wanted.kind == "output" and (wanted.step, wanted.name) in self.known.nulls
        return Spelling(f"inputs.parameters{key(name)}", f"inputs.parameters.{name}", trust=trust, nullable=nullable)

    def handed(self, ref: Ref, fields: tuple[str, ...]) -> Spelling:
        """The same where Argo knows only a DAG's tasks and inputs: the run's own values come in as inputs."""
        wanted = target(ref)
        return self._input(ref, wanted, fields) if wanted.kind in ("param", "run") else self.spell(ref, fields)


class TaskScope(NamedTuple):
    """The names in the arguments of a task that loops: those of its DAG, and the item."""

    dag: Scope
    loop: Address
    item: Item

    def spell(self, ref: Ref, fields: tuple[str, ...]) -> Spelling:
        """The spelling of a reference in the task's arguments and condition."""
        wanted = target(ref)
        if wanted.step != self.loop or wanted.kind not in ("item", "index"):
            return self.dag.spell(ref, fields)
        item = self.item
        if wanted.kind == "index":
            if item.form == "plain":  # a range counts: its item is the index
                return Spelling("item", "item", trust="plain")
            return Spelling(*_member("item", ("index",), item.form), native=item.form == "json", trust="plain")
        path = ("item", *fields) if item.indexed else fields
        if item.form == "json":
            return Spelling(*_member("item", path, "json"), native=True, trust=item.trust)
        if len(path) > 1:  # Argo knows an item's fields, and hands on what is in them as JSON
            inner = f"fromJSON({_member('item', path[:1], item.form)[0]})" + "".join(key(field) for field in path[1:])
            return Spelling(inner, native=True, trust=item.trust)
        expr, inside = _member("item", path, item.form)
        whole = not path and ref.type.kind == "map"  # for Argo, a map of texts: only its text can be handed on
        return Spelling("" if whole else expr, inside, trust="plain" if whole else item.trust)


def _member(root: str, fields: tuple[str, ...], form: str) -> tuple[str, str]:
    if form == "json":
        return f"fromJSON({root})" + "".join(key(field) for field in fields), ""
    return root + "".join(key(field) for field in fields), ".".join((root, *fields))


def _of_run(wanted: Reference) -> Spelling:
    if wanted.name == "status":  # Argo tells a failure of its own (Error) from one of the work
        return Spelling("(workflow.status == 'Error' ? 'Failed' : workflow.status)", trust="plain")
    return Spelling(RUN[wanted.name], RUN[wanted.name], trust="plain")


def _input_name(wanted: Reference, fields: tuple[str, ...]) -> str:
    if wanted.kind == "output":
        return slug(f"{wanted.step[-1]}-{wanted.name}")
    return slug("-".join((wanted.name, *fields)))


def _with_fields(ref: Ref, fields: tuple[str, ...]) -> Expr:
    expr: Expr = ref
    kind = ref.type
    for field in fields:
        kind = (kind.fields or {}).get(field, Type("any"))
        expr = Member(expr, field, kind)
    return expr


def _identity(expr: Expr) -> tuple[Reference, tuple[str, ...]]:
    fields: list[str] = []
    while isinstance(expr, Member):
        fields.append(expr.name)
        expr = expr.value
    assert isinstance(expr, Ref)
    return target(expr), tuple(reversed(fields))
