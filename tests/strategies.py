"""Random valid flows as plain data, with what they are rendered with: `cases` for hypothesis, `case` from a seed.

Everything that the spec can say is in them, and every text that some reader has taken for something else. What argo
refuses is left out: counted tolerance, `compute: batch`, matrices over outputs, arithmetic with quantities while
running, expressions over items whose text Argo would read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

import texts as t
from expressions import (
    BOOL,
    CPUS,
    INT,
    SIZE,
    STRING,
    Kind,
    Known,
    declared,
    expression,
    fields_of,
    kind,
    strings,
    value,
)

API_VERSION = "dragoman.dev/v1alpha1"
_READ = re.compile(r"\{\{|\$\(|\$\$")  # text of an item that Argo can only hand on


class Case(NamedTuple):
    """A flow, the libraries it imports by name, and the policies over it."""

    flow: dict[str, Any]
    libraries: dict[str, dict[str, Any]]
    policies: list[dict[str, Any]]


class Offer(NamedTuple):
    """A template as a step sees it."""

    inputs: dict[str, Kind]
    required: frozenset[str]
    outputs: dict[str, Kind]
    script: bool


def case(random: Random) -> Case:
    """A flow with its surroundings."""
    return _Maker(random).case()


cases: st.SearchStrategy[Case] = st.randoms(use_true_random=False).map(case)


class _Maker:
    """The choices of one flow: `grows` where memory grows with each retry, and so is no expression."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.grows = self.often(3)
        self.accelerators = self.often(4)
        self.offers: dict[str, Offer] = {}

    def often(self, times: int) -> bool:
        """Once in so many times."""
        return not self.random.randrange(times)

    def some(self, **fields: Any) -> dict[str, Any]:
        """Some of these fields; a field is a value or what makes it."""
        chosen = {name: made for name, made in fields.items() if self.often(3)}
        return {name.rstrip("_"): made() if callable(made) else made for name, made in chosen.items()}

    def pick(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def case(self) -> Case:
        """The parts in the order in which they know each other."""
        params, known = self.params()
        libraries = {"lib": self.library()} if self.often(4) else {}
        templates = {name: self.template(name, known) for name in self.names(self.random.randrange(3))}
        steps, _ = self.graph(known, self.random.randint(1, 4), 2)
        spec: dict[str, Any] = {
            **self.some(target="argo", queue=self.label, schedule=self.schedule, parallelism=lambda: self.pick((1, 7, 100))),
            **self.some(timeout=self.duration, failFast=lambda: self.pick((True, False))),
            **({"params": params} if params else {}),
            "defaults": self.defaults(known),
            **({"imports": {"lib": "lib.yaml"}} if libraries else {}),
            **({"templates": templates} if templates else {}),
            "steps": steps,
            **({"onExit": self.on_exit(known)} if self.often(3) else {}),
            **({"targets": {"argo": self.options()}} if self.often(2) else {}),
            **({"environments": {"prod": self.environment(params)}} if self.often(2) else {}),
        }
        flow = {"apiVersion": API_VERSION, "kind": "Flow", "metadata": self.metadata(), "spec": spec}
        return Case(flow, libraries, [self.policy()] if self.accelerators or self.often(4) else [])

    def metadata(self) -> dict[str, Any]:
        name = self.pick(("flow", "a", "0", "no", "1e3", "x-1", "f" * 63))
        namespace = self.some(namespace=lambda: self.pick(("ml", "default", "0")))
        return {"name": name, **namespace, **self.some(labels=self.labels, annotations=self.annotations)}

    def params(self) -> tuple[dict[str, Any], list[Known]]:
        """Parameters; those that a run may change are typed references, the others constants."""
        blocks: dict[str, Any] = {}
        known = [Known("env", STRING), Known("run.id", STRING), Known("run.name", STRING)]
        for name in self.names(self.random.randrange(4)):
            made = kind(self.random)
            block = {**declared(self.random, made), "default": self.present(made)}
            if made.name in ("int", "float"):
                block |= self.some(minimum=-(10**13), maximum=1e22)
            if self.often(4):
                block["enum"] = [block["default"]] if made.name != "string" else [block["default"], "other"]
            if self.often(2):
                block["runtime"] = self.pick((True, True, False))
            blocks[name] = block
            constant = not block.get("runtime")
            alone = constant and any(_READ.search(found) for found in strings(block["default"]))
            if not (constant and made.name in ("list", "map", "any")):  # an item of it could be missing
                known += fields_of(Known(f"params.{name}", made))
            elif made.name == "list":
                known.append(Known(f"params.{name}", made, alone))
        return blocks, known

    def present(self, kind: Kind) -> Any:
        """A value that is not null."""
        return value(self.random, kind)

    def library(self) -> dict[str, Any]:
        templates = {name: self.template(f"lib.{name}", []) for name in self.names(2)}
        document = {"apiVersion": API_VERSION, "kind": "Library", "spec": {"templates": templates}}
        return {**document, **self.some(metadata={"name": "steps"})}

    def template(self, name: str, known: Sequence[Known]) -> dict[str, Any]:
        """A template, offered to the steps by its name."""
        inputs = {one: kind(self.random) for one in self.names(self.random.randrange(4))}
        given = [found for one, made in inputs.items() for found in fields_of(Known(f"inputs.{one}", made))]
        scope = [*(one for one in known if not one.path.startswith("run.")), *given]
        blocks = {one: declared(self.random, made) for one, made in inputs.items()}
        for one, made in inputs.items():
            if self.often(2):
                blocks[one]["default"] = self.present(made)
        body = self.work(scope)
        outputs, kinds = self.outputs()
        condition = self.some(when=lambda: expression(self.random, BOOL, scope))
        required = frozenset(one for one, block in blocks.items() if "default" not in block)
        self.offers[name] = Offer(inputs, required, kinds, "script" in body)
        return {**self.some(description=self.text), "inputs": blocks, **body, "outputs": outputs, **condition}

    def graph(
        self, outer: Sequence[Known], size: int, depth: int, *, sees_steps: bool = True
    ) -> tuple[dict[str, Any], list[Known]]:
        """Steps by name, and their outputs as their siblings know them; later ones read earlier ones."""
        names = self.names(size)
        hidden = tuple(f"steps.{name}." for name in names)
        outer = [one for one in outer if not one.path.startswith(hidden)]
        steps: dict[str, Any] = {}
        known: list[Known] = []
        for name in names:
            step, outputs = self.step([*outer, *known], depth)
            self.need(step, list(steps))
            steps[name] = step
            for output, made in outputs.items() if sees_steps else ():
                listed = Kind("list", made if made.name != "any" else None) if "foreach" in step else made
                known += fields_of(Known(f"steps.{name}.outputs.{output}", listed))
        if self.often(3):
            steps = dict(self.random.sample(list(steps.items()), len(steps)))
        return steps, known

    def on_exit(self, known: Sequence[Known]) -> dict[str, Any]:
        return self.graph([*known, Known("run.status", STRING)], self.random.randint(1, 2), 1, sees_steps=False)[0]

    def need(self, step: dict[str, Any], before: list[str]) -> None:
        """Needs of a step among those before it; one that it reads must not have failed."""
        if not before or self.often(2):
            return
        chosen = self.random.sample(before, self.random.randint(1, len(before)))
        if self.often(2):
            step["needs"] = chosen
            return
        shown = str(step)
        step["needs"] = {
            name: self.pick(("succeeded", "completed") if f"steps.{name}." in shown else ("succeeded", "completed", "failed"))
            for name in chosen
        }

    def step(self, scope: list[Known], depth: int) -> tuple[dict[str, Any], dict[str, Kind]]:
        """A step with what it hands on."""
        loop: dict[str, Any] = {}
        if self.often(3):
            block, items = self.loop(scope)
            loop = {"foreach": block}
            names = {item.path.partition(".")[0] for item in items}
            scope = [one for one in scope if one.path.partition(".")[0] not in names] + items
        condition = self.some(when=lambda: expression(self.random, BOOL, scope))
        common = {**self.some(description=self.text), **loop, **condition}
        if depth and self.often(4):
            return self.group(common, scope, depth)
        body, outputs = self.leaf(scope)
        return {**common, **body}, outputs

    def group(
        self, common: dict[str, Any], scope: list[Known], depth: int
    ) -> tuple[dict[str, Any], dict[str, Kind]]:
        steps, known = self.graph(scope, self.random.randint(1, 3), depth - 1)
        outputs: dict[str, str] = {}
        kinds: dict[str, Kind] = {}
        for name in self.names(self.random.randrange(3)) if known else ():
            source = self.pick(known)
            outputs[name], kinds[name] = source.path, source.kind
            if self.often(3):
                made = self.pick((INT, STRING, BOOL))
                outputs[name], kinds[name] = expression(self.random, made, [*scope, *known]), made
        settings = self.some(parallelism=3, failFast=lambda: self.pick((True, False)), compute="kubernetes", queue=self.label)
        return {**common, **settings, "steps": steps, **({"outputs": outputs} if outputs else {})}, kinds

    def leaf(self, scope: list[Known]) -> tuple[dict[str, Any], dict[str, Kind]]:
        """A step with a container of its own, or of a template."""
        inner = [*scope, Known("attempt", INT)]
        outputs, kinds = self.outputs()
        body = self.work(inner)
        if self.offers and self.often(2):
            name = self.pick(list(self.offers))
            offer = self.offers[name]
            if offer.script:
                body = {key: value for key, value in body.items() if key not in ("script", "args")}
            given = [one for one in offer.inputs if one in offer.required or self.often(2)]
            arguments = {one: self.argument(offer.inputs[one], scope) for one in given}
            body = {"use": name, **({"with": arguments} if arguments else {}), **body}
            kinds = {**offer.outputs, **kinds}
        return {**body, **({"outputs": outputs} if outputs else {})}, kinds

    def argument(self, kind: Kind, scope: Sequence[Known]) -> Any:
        """What `with` gives for an input."""
        fitting = [known.path for known in scope if known.kind == kind and not known.alone]
        if fitting and self.often(2):
            return "${{ " + self.pick(fitting) + " }}"
        if kind == STRING and self.often(2):
            return self.template_text(scope)
        return _escaped(self.present(kind))

    def loop(self, scope: Sequence[Known]) -> tuple[dict[str, Any], list[Known]]:
        """A foreach, and what it lets its step know."""
        name = self.pick(("item", "item", "it", "shard", "X"))
        lists = [known for known in scope if known.kind.name == "list" and not known.alone]
        block, item, alone = self.items(scope, lists)
        block |= {} if name == "item" else {"as": name}
        block |= self.some(parallelism=lambda: self.pick((1, 50)), maxItems=1000, tolerate="all")
        return block, [*fields_of(Known(name, item, alone)), Known("index", INT)]

    def items(self, scope: Sequence[Known], lists: list[Known]) -> tuple[dict[str, Any], Kind, bool]:
        """What a loop runs over: the block, its item's type, whether the item can only be handed on."""
        form = self.random.randrange(5)
        if form == 0:
            counted = [known.path for known in scope if known.kind == INT and known.path.startswith("steps.")]
            count = f"{self.pick(counted)} / 10" if counted and self.often(2) else self.pick((0, 1, 5, "2 + 3", "size('abc')"))
            return {"range": count}, INT, False
        if form == 1:
            axes = {name: self.written_items() for name in self.names(self.random.randint(1, 2))}
            block = {name: items for name, (items, _, _) in axes.items()}
            item = Kind("map", fields={name: made for name, (_, made, _) in axes.items()})
            return {"matrix": block}, item, any(alone for *_, alone in axes.values())
        if lists and form < 4:
            chosen = self.pick(lists)
            constant = chosen.path.startswith("params.")
            return {"in": chosen.path}, chosen.kind.item or Kind("any"), constant and chosen.alone
        items, item, alone = self.written_items()
        return {"in": items}, item, alone

    def written_items(self) -> tuple[list[Any], Kind, bool]:
        """A list as a spec writes it, the type of its items, whether any of their texts means something to Argo."""
        item = kind(self.random, 1)
        items = [value(self.random, item) for _ in range(self.random.randint(0, 3))]
        alone = any(_READ.search(found) for found in strings(items))
        return _escaped(items), item if items else Kind("any"), alone

    def outputs(self) -> tuple[dict[str, Any], dict[str, Kind]]:
        blocks: dict[str, Any] = {}
        kinds: dict[str, Kind] = {}
        for name in self.names(self.random.randrange(3)):
            kinds[name] = kind(self.random)
            blocks[name] = declared(self.random, kinds[name])
            if self.often(3):
                blocks[name]["default"] = self.present(kinds[name])
            place = self.pick(({}, {}, {"path": f"/tmp/{name}"}, {"from": "stdout"}))
            if "from" not in place or all("from" not in other for other in blocks.values()):
                blocks[name] |= place
        return blocks, kinds

    def work(self, scope: Sequence[Known]) -> dict[str, Any]:
        """What a template or a step says about its container."""
        return {
            **self.entrypoint(scope),
            **self.some(image=lambda: self.pick(t.IMAGES), imagePullPolicy=lambda: self.pick(("Always", "IfNotPresent", "Never"))),
            **self.some(workingDir=lambda: self.pick(t.MOUNTS), env=lambda: self.env(scope), volumes=self.volumes),
            **self.some(resources=lambda: self.resources(scope), retry=self.retry, timeout=self.duration),
            **self.some(compute="kubernetes", queue=self.label, serviceAccount=lambda: self.pick(t.OBJECTS)),
            **self.some(labels=self.labels, annotations=self.annotations),
            **self.some(targets=lambda: {"argo": {"resources": {"cpu": self.pick(t.CPU)} if self.grows else {"disk": "1Gi"}}}),
        }

    def entrypoint(self, scope: Sequence[Known]) -> dict[str, Any]:
        if self.often(4):
            return {"script": {"interpreter": self.pick(t.INTERPRETERS), "source": t.written(self.text())}}
        return self.some(command=lambda: self.words(scope), args=lambda: self.words(scope))

    def words(self, scope: Sequence[Known]) -> list[str]:
        return [self.template_text(scope) for _ in range(self.random.randint(1, 3))]

    def env(self, scope: Sequence[Known]) -> dict[str, Any]:
        sources = ({"secret": self.pick(t.KEY_REFERENCES)}, {"configMap": self.pick(t.KEY_REFERENCES)}, t.number(self.random))
        names = self.random.sample(t.VARIABLES, self.random.randint(1, 4))
        return {name: self.pick(sources) if self.often(3) else self.template_text(scope) for name in names}

    def template_text(self, scope: Sequence[Known]) -> str:
        """A text with expressions in it; before one stands no `$`, which would escape it."""
        parts = [t.written(self.text()).rstrip("$") for _ in range(self.random.randint(0, 2))]
        for _ in range(self.random.randrange(3)):
            made = self.pick((STRING, INT, BOOL))
            inside = self.pick(scope).path if scope and self.often(2) else expression(self.random, made, scope)
            parts.insert(self.random.randint(0, len(parts)), "${{ " + inside + " }}")
        return "".join(parts)

    def resources(self, scope: Sequence[Known]) -> dict[str, Any]:
        """Amounts, straight or as requests and limits; from data where nothing grows."""
        requests = self.some(cpu=lambda: self.amount(t.CPU, CPUS, scope), memory=lambda: self.amount(t.BYTES, SIZE, scope))
        requests |= self.some(disk=lambda: self.pick(t.BYTES))
        limits = self.some(cpu=lambda: self.pick(t.MORE_CPU), memory=lambda: self.pick(t.MORE_BYTES), disk="2Ti")
        block = requests if self.often(2) else {"requests": requests}
        gpu = {"gpu": self.pick((1, 2, 8)), **self.some(accelerator="l4" if self.accelerators else None)}
        block |= {name: made for name, made in gpu.items() if made is not None} if self.often(4) else {}
        return {**block, **({"limits": limits} if limits else {}), **self.some(shm="64Mi", bounds={"cpu": 8, "memory": "4Gi"})}

    def amount(self, fixed: Sequence[Any], kind: Kind, scope: Sequence[Known]) -> Any:
        known = [one.path for one in scope if one.kind == kind and not one.alone]
        return self.pick(fixed) if self.grows or not known or self.often(2) else "${{ " + self.pick(known) + " }}"

    def retry(self) -> dict[str, Any]:
        block: dict[str, Any] = {"limit": self.pick((1, 3, 1000))}
        block |= self.some(backoff=lambda: {"delay": "30s", **self.some(factor=2, max="10m")})
        block |= self.some(causes=lambda: self.random.sample(["error", "oom", "spot", 137, 1, 255], self.random.randrange(4)))
        growth = self.some(memory={"factor": 1.5, "max": "16Ti"}, cpu={"max": 64})
        return {**block, **({"escalate": growth} if growth and self.grows else {})}

    def volumes(self) -> list[dict[str, Any]]:
        kinds = ("pvc", "secret", "configMap", "emptyDir")
        empty = self.some(size=lambda: self.pick(t.BYTES), medium=lambda: self.pick(("Disk", "Memory")))
        mounts = self.random.sample(t.MOUNTS, self.random.randint(1, 3))
        return [
            {**{one: empty if one == "emptyDir" else self.pick(t.OBJECTS)}, "mount": mount, **self.some(readOnly=True, subPath="a b")}
            for mount in mounts
            for one in [self.pick(kinds)]
        ]

    def defaults(self, known: Sequence[Known]) -> dict[str, Any]:
        """The lowest layer; what would take part in a step's entrypoint or amounts from data stays out."""
        scope = [one for one in known if not one.path.startswith("run.")]
        body = self.work(scope)
        fixed = {key: made for key, made in body.items() if key not in ("script", "resources", "targets")}
        return {"image": "busybox", **fixed, **self.some(resources={"cpu": "500m", "memory": "256Mi"})}

    def schedule(self) -> dict[str, Any]:
        cron = self.pick(("0 2 * * *", ["@daily", "*/5 0-3 * jan,dec mon"], ["59 23 31 12 6"]))
        more = self.some(timezone=lambda: self.pick(("Etc/UTC", "Europe/Berlin")), startingDeadline=self.duration, history=0)
        concurrency = self.some(concurrency=lambda: self.pick(("Allow", "Forbid", "Replace")))
        return {"cron": cron, **more, **concurrency, **self.some(suspend=lambda: self.pick((True, False)))}

    def options(self) -> dict[str, Any]:
        kinds = ("WorkflowTemplate", "ClusterWorkflowTemplate", "Workflow")
        made = self.some(
            version=lambda: self.pick(("3.6", "3.7", "4.0", "4.1")),
            kind=lambda: self.pick(kinds),
            crds=lambda: self.pick(("full", "minimal")),
            serviceAccount=lambda: self.pick(t.OBJECTS),
            executorServiceAccount=lambda: self.pick(t.OBJECTS),
            imagePullSecrets=lambda: self.random.sample(t.OBJECTS, 2),
            podSecurity=lambda: self.pick(("restricted", "none")),
            runAsUser=65534,
            ttl=lambda: self.pick(("7d", {"success": "1h"}, {"completion": "1d", "failure": "2w"})),
            podGC=lambda: self.pick(("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")),
            priorityClass="low",
            archiveLogs=lambda: self.pick((True, False)),
            accept=["foreach.tolerate: all", "text from data", "needs.failed"],
        )
        if self.often(4):
            target = {"kind": made.get("kind", "WorkflowTemplate")}
            made["patch"] = [{"target": target, "ops": [{"op": "add", "path": "/spec/hostNetwork", "value": False}]}]
        return made

    def environment(self, params: dict[str, Any]) -> dict[str, Any]:
        same = {name: {"default": block["default"]} for name, block in params.items()}
        return {**({"params": same} if same else {}), **self.some(parallelism=2, timeout="1d", schedule=None)}

    def policy(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.some(match={"targets": ["argo"]}, defaults={"resources": {"cpu": 1, "memory": "2Gi"}})
        if self.accelerators:
            toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
            kinds = self.some(resource="amd.com/gpu", nodeSelector={"gpu": "l4"}, tolerations=[toleration])
            spec["accelerators"] = {"l4": kinds}
        return {"apiVersion": API_VERSION, "kind": "Policy", "metadata": {"name": "platform"}, "spec": spec}

    def names(self, count: int) -> list[str]:
        """Different names, also for Argo."""
        return self.random.sample(t.NAMES, count)

    def text(self) -> str:
        return t.text(self.random)

    def label(self) -> str:
        return str(self.pick([value for value in t.LABEL_VALUES if value]))

    def labels(self) -> dict[str, str]:
        return {key: self.pick(t.LABEL_VALUES) for key in self.random.sample(t.LABEL_KEYS, self.random.randint(1, 3))}

    def annotations(self) -> dict[str, str]:
        return {key: self.text() for key in self.random.sample(t.LABEL_KEYS, self.random.randint(1, 3))}

    def duration(self) -> str:
        return str(self.pick(t.DURATIONS))


def _escaped(value: Any) -> Any:
    """Data whose texts are written as a spec has them; names of fields stand as they are."""
    if isinstance(value, dict):
        return {name: _escaped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return t.written(value) if isinstance(value, str) else value
