"""Random valid flows as plain data, with what they are rendered with: `cases` for hypothesis, `case` from a seed.

Everything that the spec can say is in them, and every text that some reader has taken for something else. Left out is
what argo refuses: counted tolerance, `compute: batch`, matrices over outputs, arithmetic with quantities while running,
expressions over items whose text Argo would read, braces where nothing escapes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from bodies import defaults, environment, options, schedule, words, work
from chance import Chance
from dragoman.load.document import Document
from dragoman.pipeline import Rendering, render
from enacted import enacted
from expressions import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    STRING,
    Kind,
    Known,
    declared,
    expression,
    fields_of,
    kind,
    plain,
    strings,
    value,
)
from policies import policies
from texts import written

API_VERSION = "dragoman.dev/v1alpha1"
_READ = re.compile(r"\{\{|\$\(|\$\$")  # text of an item that Argo can only hand on


class Case(NamedTuple):
    """A flow, the libraries it imports by name, and the policies over it."""

    flow: dict[str, Any]
    libraries: dict[str, dict[str, Any]]
    policies: list[dict[str, Any]]


class Offer(NamedTuple):
    """A template as a step sees it; `alone` are the inputs that it only hands to its container."""

    inputs: dict[str, Kind]
    required: frozenset[str]
    alone: frozenset[str]
    outputs: dict[str, Kind]
    script: bool


def case(random: Random) -> Case:
    """A flow with its surroundings."""
    return _Maker(Chance(random)).case()


cases: st.SearchStrategy[Case] = st.randoms(use_true_random=False).map(case)


def rendered(case: Case, environment: str = "", sets: Sequence[str] = (), target: str = "argo") -> Rendering:
    """What argo, or another target, makes of a case."""
    libraries = {name: Document(f"{name}.yaml", 1, data, {}) for name, data in case.libraries.items()}
    policies = [Document("policy.yaml", 1, data, {}) for data in case.policies]
    return render(
        Document("flow.dragoman.yaml", 1, case.flow, {}), libraries, enacted(policies), target, environment, sets
    )


class _Maker:
    """One flow under construction: the templates that its steps may use."""

    def __init__(self, chance: Chance) -> None:
        self.chance, self.random = chance, chance.random
        self.offers: dict[str, Offer] = {}

    def case(self) -> Case:
        """The parts in the order in which they know each other."""
        chance = self.chance
        params, known = self.params()
        libraries = {"lib": self.library()} if chance.often(4) else {}
        templates = {name: self.template(name, known) for name in chance.names(2)}
        steps, _ = self.graph(known, chance.names(4, 1), 2)
        spec: dict[str, Any] = {
            **chance.some(
                target="argo",
                queue=chance.label,
                schedule=lambda: schedule(chance),
                parallelism=lambda: chance.pick((1, 7, 100)),
                timeout=chance.duration,
                failFast=chance.either,
            ),
            **({"params": params} if params else {}),
            "defaults": defaults(chance, known),
            **({"imports": {"lib": "lib.yaml"}} if libraries else {}),
            **({"templates": templates} if templates else {}),
            "steps": steps,
            **chance.some(
                onExit=lambda: self.on_exit(known),
                environments=lambda: {"prod": environment(chance, params)},
            ),
        }
        if chance.either():
            spec["targets"] = {"argo": options(chance, spec)}
        layers = [self.document("Policy", layer) for layer in policies(chance)]
        return Case(self.document("Flow", spec), libraries, layers)

    def document(self, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        chance = self.chance
        metadata = {
            "name": chance.pick(("flow", "a", "0", "no", "1e3", "x-1", "f" * 63)),
            **chance.some(namespace=lambda: chance.pick(("ml", "default", "0"))),
            **chance.some(labels=chance.labels, annotations=chance.annotations),
        }
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}

    def params(self) -> tuple[dict[str, Any], list[Known]]:
        """Parameters: those that a run may change are references while running, the others constants."""
        blocks = {}
        known = [Known("env", STRING), Known("run.id", STRING), Known("run.name", STRING)]
        for name in self.chance.names(3):
            made = kind(self.random)
            blocks[name] = block = self.param(made)
            path = f"params.{name}"
            alone = any(_READ.search(text) for text in strings(block["default"])) and not block.get("runtime")
            if block.get("runtime") or made.name not in ("list", "map", "any"):
                known += fields_of(Known(path, made, alone))
            elif made.name == "list":  # a constant: an item of it could be missing
                known.append(Known(path, made, alone))
        return blocks, known

    def param(self, kind: Kind) -> dict[str, Any]:
        default = value(self.random, kind)
        block = {**declared(self.random, kind), "default": default}
        if kind in (INT, FLOAT):
            block |= self.chance.some(minimum=-(10**13), maximum=1e22)
        if kind in (STRING, INT, FLOAT, BOOL):
            block |= self.chance.some(enum=[default, "other"] if kind == STRING else [default])
        return {**block, **self.chance.some(runtime=not _has_braces([*block.values()]) and not self.chance.often(3))}

    def library(self) -> dict[str, Any]:
        return self.document("Library", {"templates": {n: self.template(f"lib.{n}", []) for n in self.chance.names(2)}})

    def template(self, name: str, known: Sequence[Known]) -> dict[str, Any]:
        """A template, offered to the steps by its name."""
        inputs = {one: kind(self.random) for one in self.chance.names(3)}
        alone = frozenset(one for one in inputs if self.chance.often(3))
        given = [
            found for one, made in inputs.items() for found in fields_of(Known(f"inputs.{one}", made, one in alone))
        ]
        scope = [*(one for one in known if not one.path.startswith("run.")), *given]
        blocks = {one: declared(self.random, made) for one, made in inputs.items()}
        for one, made in inputs.items():
            blocks[one] |= {"default": self.constant(made, one in alone)} if self.chance.either() else {}
        body = work(self.chance, scope)
        outputs, kinds = self.outputs()
        more = self.chance.some(description=self.chance.text, when=lambda: expression(self.random, BOOL, scope))
        required = frozenset(one for one, block in blocks.items() if "default" not in block)
        self.offers[name] = Offer(inputs, required, alone, kinds, "script" in body)
        return {"inputs": blocks, **body, "outputs": outputs, **more}

    def graph(
        self, outer: Sequence[Known], names: list[str], depth: int, *, sees_steps: bool = True
    ) -> tuple[dict[str, Any], list[Known]]:
        """Steps by name, and their outputs as their siblings know them; a step reads those made before it."""
        hidden = tuple(f"steps.{name}." for name in names)
        outer = [one for one in outer if not one.path.startswith(hidden)]
        steps: dict[str, Any] = {}
        known: list[Known] = []
        for name in names:
            step, outputs = self.step([*outer, *known], depth)
            self.need(step, list(steps))
            steps[name] = step
            for output, made in outputs.items() if sees_steps else ():
                listed = Kind("list", None if made == ANY else made) if "foreach" in step else made
                known += fields_of(Known(f"steps.{name}.outputs.{output}", listed))
        if self.chance.often(3):
            steps = {name: steps[name] for name in self.random.sample(names, len(names))}
        return steps, known

    def on_exit(self, known: Sequence[Known]) -> dict[str, Any]:
        scope = [*known, Known("run.status", STRING)]
        return self.graph(scope, self.chance.names(2, 1), 1, sees_steps=False)[0]

    def need(self, step: dict[str, Any], before: list[str]) -> None:
        """Needs of a step among those before it; one that it reads must not have failed."""
        if not before or self.chance.either():
            return
        chosen = self.chance.sample(before, 1, len(before))
        shown = str(step)
        conditions = {
            name: self.chance.pick(("succeeded", "completed", *(() if f"steps.{name}." in shown else ("failed",))))
            for name in chosen
        }
        step["needs"] = chosen if self.chance.either() else conditions

    def step(self, scope: list[Known], depth: int) -> tuple[dict[str, Any], dict[str, Kind]]:
        """A step with what it hands on."""
        loop: dict[str, Any] = {}
        if self.chance.often(3):
            loop["foreach"], items = self.loop(scope)
            names = {item.path.partition(".")[0] for item in items}
            scope = [one for one in scope if one.path.partition(".")[0] not in names] + items
        common = {
            **loop,
            **self.chance.some(description=self.chance.text, when=lambda: expression(self.random, BOOL, scope)),
        }
        body, outputs = self.group(scope, depth) if depth and self.chance.often(4) else self.leaf(scope)
        return {**common, **body}, outputs

    def group(self, scope: list[Known], depth: int) -> tuple[dict[str, Any], dict[str, Kind]]:
        chance = self.chance
        steps, known = self.graph(scope, chance.names(3, 1), depth - 1)
        outside = [one for one in scope if one.path.partition(".")[0] in ("params", "env", "run")]
        outputs: dict[str, str] = {}
        kinds: dict[str, Kind] = {}
        for name in chance.names(2) if known else ():
            outputs[name], kinds[name], _ = chance.pick(known)
            if chance.often(3):
                kinds[name] = chance.pick((INT, STRING, BOOL))
                outputs[name] = expression(self.random, kinds[name], [*outside, *known])
        settings = chance.some(parallelism=3, failFast=chance.either, compute="kubernetes", queue=chance.label)
        return {**settings, "steps": steps, **({"outputs": outputs} if outputs else {})}, kinds

    def leaf(self, scope: list[Known]) -> tuple[dict[str, Any], dict[str, Kind]]:
        """A step with a container of its own, or of a template."""
        outputs, kinds = self.outputs()
        body = work(self.chance, [*scope, Known("attempt", INT)])
        if self.offers and self.chance.either():
            name = self.chance.pick(list(self.offers))
            offer = self.offers[name]
            if offer.script:
                body = {key: made for key, made in body.items() if key not in ("script", "args")}
            given = [one for one in offer.inputs if one in offer.required or self.chance.either()]
            arguments = {one: self.argument(offer.inputs[one], one in offer.alone, scope) for one in given}
            body = {"use": name, **({"with": arguments} if arguments else {}), **body}
            kinds = {**offer.outputs, **kinds}
        return {**body, **({"outputs": outputs} if outputs else {})}, kinds

    def argument(self, kind: Kind, alone: bool, scope: Sequence[Known]) -> Any:
        """What `with` gives for an input."""
        fitting = [known.path for known in scope if known.kind == kind and not known.alone]
        if fitting and self.chance.either():
            return "${{ " + self.chance.pick(fitting) + " }}"
        if kind == STRING and self.chance.either():
            computed = [known for known in scope if not known.alone]
            return "with " + words(self.chance, computed, braces=False)
        return _written(self.constant(kind, alone))

    def constant(self, kind: Kind, alone: bool) -> Any:
        """A value of a type; one with braces only where no expression is made of it."""
        while True:
            made = value(self.random, kind)
            if alone or not _has_braces(made):
                return made

    def loop(self, scope: Sequence[Known]) -> tuple[dict[str, Any], list[Known]]:
        """A foreach, and what it lets its step know."""
        name = self.chance.pick(("item", "item", "it", "shard", "X"))
        block, item, alone = self.items(scope)
        block |= {} if name == "item" else {"as": name}
        block |= self.chance.some(parallelism=lambda: self.chance.pick((1, 50)), maxItems=1000, tolerate="all")
        whole, *fields = fields_of(Known(name, item, alone))
        whole = whole._replace(alone=alone or whole.alone or item.name == "map")  # Argo knows its fields only
        return block, [whole, *fields, Known("index", INT)]

    def items(self, scope: Sequence[Known]) -> tuple[dict[str, Any], Kind, bool]:
        """What a loop runs over: the block, its item's type, whether the item can only be handed on."""
        form = self.chance.pick(("range", "matrix", "known", "known", "written"))
        lists = [
            known for known in scope if known.kind.name == "list" and not (known.alone and "params" not in known.path)
        ]
        if form == "range":
            counted = [f"{known.path} / 10" for known in scope if known.kind == INT and known.path.startswith("steps.")]
            return {"range": self.chance.pick(counted or (0, 5, "2 + 3", "size('abc')"))}, INT, False
        if form == "matrix":
            axes = {name: self.written_items() for name in self.chance.names(2, 1)}
            item = Kind("map", fields={name: made for name, (_, made, _) in axes.items()})
            matrix = {name: items for name, (items, _, _) in axes.items()}
            return {"matrix": matrix}, item, any(alone for *_, alone in axes.values())
        if lists and form == "known":
            path, made, alone = self.chance.pick(lists)
            return {"in": path}, made.item or ANY, alone
        items, item, alone = self.written_items()
        return {"in": items}, item, alone

    def written_items(self) -> tuple[list[Any], Kind, bool]:
        """A list as a spec writes it, the type of its items, whether any of their texts means something to Argo."""
        item = kind(self.random, 1)
        items = [plain(value(self.random, item), item) for _ in range(self.random.randrange(4))]
        items = [one for one in items if one != []]  # its own items would have no type
        return _written(items), item if items else ANY, any(_READ.search(text) for text in strings(items))

    def outputs(self) -> tuple[dict[str, Any], dict[str, Kind]]:
        """Outputs of a container, at most one of them what it prints."""
        kinds = {name: kind(self.random) for name in self.chance.names(2)}
        blocks = {name: declared(self.random, made) for name, made in kinds.items()}
        for name, made in kinds.items():
            default = value(self.random, made)
            blocks[name] |= {} if _has_braces(default) else self.chance.some(default=default)
            blocks[name] |= self.chance.some(path=f"/tmp/{name}")
        if kinds and self.chance.often(3):
            printed = self.chance.pick(list(blocks))
            blocks[printed] = {key: part for key, part in blocks[printed].items() if key != "path"} | {"from": "stdout"}
        return blocks, kinds


def _has_braces(value: Any) -> bool:
    """Whether a text in the value would be a tag of Argo's, where nothing escapes it."""
    return any("{{" in text for text in strings(value))


def _written(value: Any) -> Any:
    """Data whose texts are written as a spec has them; names of fields stand as they are."""
    if isinstance(value, dict):
        return {name: _written(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_written(inner) for inner in value]
    return written(value) if isinstance(value, str) else value
