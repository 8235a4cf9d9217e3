"""Random flows do on AWS what our scheduler does: what runs, in which order, with what, and how it ends.

DRAGOMAN_AWS_FLOWS says how many of each kind; a few when it is not there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from aws import made, table
from aws.flows import Flows

MOST = int(os.environ.get("DRAGOMAN_AWS_FLOWS", "4"))
WORDS = ("x", "a b", "it's $(X) {{y}}", 'ünï \\ "q" {% z %}', "%}")


class Made:
    """A flow under construction: what later steps may read, by the type of it."""

    def __init__(self, random: Random, *, depth: int = 0, loops: Sequence[str] = (), prefix: str = "") -> None:
        self.random, self.depth, self.loops = random, depth, loops
        self.prefix = prefix
        self.ints: list[str] = []
        self.lists: list[str] = []
        self.texts: list[str] = []
        self.later: list[tuple[list[str], str]] = []  # what is known when the step is there

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def graph(self, most: int) -> dict[str, Any]:
        steps: dict[str, Any] = {}
        for number in range(self.random.randint(1, most)):
            name = f"{self.prefix}s{number}"
            kinds = [self.number, self.items, self.several, self.fails, self.retried, self.seen, self.over, self.over]
            if self.depth < 2:
                kinds += [self.group, self.group]
            steps[name] = self.ordered(self.random.choice(kinds)(name), list(steps))
            for known, path in self.later:
                known.append(path)
            self.later = []
        return steps

    def ordered(self, made: dict[str, Any], before: Sequence[str]) -> dict[str, Any]:
        if self.often(0.3) and "when" not in made:
            made.update(self.when())
        if before and self.often(0.6):
            needed = self.random.sample(before, self.random.randint(1, min(3, len(before))))
            reads = json.dumps(made)
            made["needs"] = {
                one: "succeeded"
                if f"steps.{one}." in reads
                else self.random.choice(("succeeded", "succeeded", "completed", "failed"))
                for one in needed
            }
        return made

    def when(self) -> dict[str, Any]:
        if self.ints and self.often(0.5):
            return {"when": f"{self.random.choice(self.ints)} >= {self.random.randint(0, 3)}"}
        if self.texts and self.often(0.5):
            return {"when": f"{self.random.choice(self.texts)} != {json.dumps(self.random.choice(WORDS))}"}
        return {"when": self.random.choice(("1 > 2", "2 > 1"))} if self.often(0.3) else {}

    def env(self) -> dict[str, str]:
        """What is around, and some of what is known."""
        known = [*self.loops, *self.ints, *self.lists, *self.texts]
        picked = self.random.sample(known, min(len(known), self.random.randint(0, 3)))
        env = {f"V{number}": f"${{{{ {path} }}}}" for number, path in enumerate(picked)}
        if self.often(0.3):
            env["W"] = self.random.choice(WORDS) + "".join(f" ${{{{ {path} }}}}" for path in picked[:1])
        return env

    def number(self, name: str) -> dict[str, Any]:
        self.later.append((self.ints, f"steps.{name}.outputs.n"))
        outputs = {"n": {"type": "int", "default": 2}}
        return {"command": ["give", f"n={self.random.randint(0, 4)}"], "outputs": outputs, "env": self.env()}

    def items(self, name: str) -> dict[str, Any]:
        forms: list[tuple[Any, list[Any]]] = [
            ("int", [0, 1, 2, 3]),
            ("string", list(WORDS)),
            ({"type": "list", "items": "int"}, [[], [1], [1, 2]]),
            ({"a": "int", "b": "string"}, [{"a": 1, "b": "x"}, {"a": 0, "b": "it's %}"}]),
        ]
        kind, values = self.random.choice(forms)
        found = [self.random.choice(values) for _ in range(self.random.randint(0, 3))]
        if kind == "int":
            self.later.append((self.lists, f"steps.{name}.outputs.items"))
        else:
            self.later.append((self.texts, f"toJson(steps.{name}.outputs.items)"))
        made: dict[str, Any] = {"command": ["give", f"items={json.dumps(found)}"], "env": self.env()}
        return {**made, "outputs": {"items": {"type": "list", "items": kind}}}

    def several(self, name: str) -> dict[str, Any]:
        """Outputs of which one is missing, and has a default or is a failure."""
        words = [f"n={self.random.randint(0, 4)}", f"t={self.random.choice(WORDS)}"]
        if self.texts and self.often(0.5):
            words[1] = "t=${{ " + self.random.choice(self.texts) + " }}"
        gone = {} if self.often(0.1) else {"default": self.random.choice(WORDS)}
        self.later.append((self.ints, f"steps.{name}.outputs.n"))
        self.later += [(self.texts, f"steps.{name}.outputs.{output}") for output in ("t", "gone")]
        outputs = {"n": {"type": "int"}, "t": {}, "gone": gone}
        return {"command": ["give", *words], "outputs": outputs, "env": self.env()}

    def fails(self, name: str) -> dict[str, Any]:
        return {"command": ["fail", str(self.random.choice((0, 1, 3)))], "env": self.env()}

    def retried(self, name: str) -> dict[str, Any]:
        """It succeeds at its n-th attempt, if that is worth one; or it never does."""
        retry: dict[str, Any] = {"limit": self.random.randint(1, 2)}
        if causes := self.random.choice(([], ["error"], [3], ["oom", 1])):
            retry["causes"] = causes
        if self.often(0.5):
            retry["backoff"] = {"delay": "1s"}
        code = self.random.choice((1, 3, 137))
        word = f"${{{{ attempt < {self.random.randint(2, 4)} ? '{code}' : '0' }}}}" if self.often(0.5) else str(code)
        outputs = {"outputs": {"o": {"default": "d"}}} if self.often(0.3) else {}
        if outputs:
            self.later.append((self.texts, f"steps.{name}.outputs.o"))
        return {"retry": retry, "command": ["fail", word], "env": self.env(), **outputs}

    def seen(self, name: str) -> dict[str, Any]:
        return {"command": ["show", *self.env().values(), self.random.choice(WORDS)], "env": self.env()}

    def loop(self) -> tuple[dict[str, Any], str]:
        """A loop, and its item as an int."""
        forms: list[dict[str, Any]] = [
            {"range": self.random.randint(0, 3)},
            {"in": self.random.sample([0, 1, 2, 3], self.random.randint(1, 3))},
        ]
        if self.lists:
            forms += [{"in": self.random.choice(self.lists)}] * 3
        if self.ints:
            forms += [{"range": f"{self.random.choice(self.ints)} - 1"}] * 2
        name = f"it{self.depth}"
        more = self.random.choice([{}, {"parallelism": 1}, {"parallelism": 2}, {"maxItems": 2}])
        found = {**self.random.choice(forms), "as": name, "tolerate": "all", **more}
        if isinstance(found.get("in"), list) or isinstance(found.get("range"), int):
            found.pop("maxItems", None)
        return found, name

    def over(self, name: str) -> dict[str, Any]:
        """A loop over one step; some items fail, and that is fine."""
        loop, item = self.loop()
        inner = Made(self.random, loops=(*self.loops, item, "index"))
        inner.ints, inner.texts = self.ints, self.texts
        made: dict[str, Any] = {"foreach": loop, "env": {**inner.env(), "ITEM": f"${{{{ {item} }}}}"}}
        if self.often(0.3):
            made["when"] = f"{item} != {self.random.randint(0, 2)}"
        if self.often(0.5):
            self.later.append((self.texts, f"toJson(steps.{name}.outputs.n)"))
            word = f"${{{{ {item} == 1 ? 'n' : 'm' }}}}=${{{{ {item} + index }}}}"
            default = {"default": 7} if self.often(0.5) else {}
            return {**made, "command": ["give", word], "outputs": {"n": {"type": "int", **default}}}
        return {**made, "command": ["fail", f"${{{{ {item} == 1 ? '1' : '0' }}}}"]}

    def group(self, name: str) -> dict[str, Any]:
        """A graph of its own, once or for each item; its last step says what it hands on."""
        loop, item = self.loop() if self.often(0.7) else (None, "")
        around = (*self.loops, *((item,) if loop else ()))
        inner = Made(self.random, depth=self.depth + 1, loops=around, prefix=f"{name}-")
        inner.ints, inner.texts, inner.lists = list(self.ints), list(self.texts), list(self.lists)
        steps = inner.graph(3)
        own = [path for path in inner.ints if path.startswith(f"steps.{name}-")]
        made: dict[str, Any] = {"steps": steps, "failFast": False}
        if loop:
            made["foreach"] = loop
        if own:
            made["outputs"] = {"o": self.random.choice(own)}
            self.later.append((self.texts, f"toJson(steps.{name}.outputs.o)"))
        return made


def known(random: Random, depth: int = 0) -> dict[str, Any]:
    """Steps whose loops and conditions are written in the flow."""
    steps: dict[str, Any] = {}
    for name in random.sample(("a", "b", "c-d", "E_f", "g"), random.randint(1, 5 - depth)):
        step: dict[str, Any] = {"command": ["true"]}
        if depth < 2 and random.random() < 0.3:
            step = {"steps": known(random, depth + 1)}
        loop = random.choice((None, None, {"range": random.randint(0, 4)}, {"in": ["p", "q", "it's", "$(r)"]}))
        if loop is not None:
            step["foreach"] = loop
            if "steps" not in step and random.random() < 0.5:
                step["env"] = {"ITEM": "${{ item }}", "INDEX": "${{ index }}"}
        if random.random() < 0.2:
            step["when"] = "1 > 2"
        if steps and random.random() < 0.7:
            step["needs"] = random.sample(sorted(steps), random.randint(1, min(2, len(steps))))
        steps[name] = step
    return steps


def spec(random: Random) -> dict[str, Any]:
    """A small flow whose failures stop nothing that runs beside them: that would be a matter of time."""
    made = Made(random)
    steps = made.graph(5)
    reads = {f"R{number}": f"${{{{ {path} }}}}" for number, path in enumerate([*made.ints, *made.lists, *made.texts])}
    last = {"command": ["show", "${{ run.status }}"]}
    told = {"when": "run.status == 'Failed'", "command": ["show", "failed", "${{ run.name }}"]}
    flow = {"failFast": False, "steps": {**steps, "reads": {"command": ["show"], "env": reads}}}
    if random.random() < 0.3:
        return flow
    return {**flow, "onExit": {"told": told, **({"last": last} if random.random() < 0.5 else {})}}


@pytest.mark.parametrize("seed", range(MOST))
def test_flows_of_data_and_failures(flows: Flows, seed: int) -> None:
    table.check(flows(spec(Random(seed)), name="run-1"), {}, "run-1")


@pytest.mark.parametrize("seed", range(MOST))
def test_flows_known_at_render(flows: Flows, seed: int) -> None:
    steps = known(Random(seed))
    table.check(flows({"steps": steps}, name="run-1"), {}, "run-1")


@pytest.mark.parametrize("seed", range(MOST))
def test_flows_of_all_that_the_spec_can_say(flows: Flows, seed: int) -> None:
    random = Random(seed)
    rendering = next(made.accepted(random))
    table.check(flows.execute(rendering, name="run-1"), {}, "run-1")
