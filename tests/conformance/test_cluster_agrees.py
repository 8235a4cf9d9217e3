"""Random flows do the same as processes of this machine and as Jobs: what runs, in which order, with what result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conformance.node import Node
from conformance.plane import Plane
from conformance.runs import HEAD, Runs
from dragoman.cli import main
from dragoman.drive.local.records import attempts
from dragoman.drive.walk import Facts
from dragoman.lower.task import Id
from dragoman.plan.model import Plan
from drive.test_kubernetes_agrees import address, everything, prefix, task_of

FLOWS, FEWER = 100, 30
AT_ONCE = 4


def test_random_flows(
    request: pytest.FixtureRequest,
    control_plane: Plane,
    node: Node,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred of them with `--conformance`, else some."""
    monkeypatch.setenv("PATH", node.path)
    specs = [
        text_of(spec(Random(seed))) for seed in range(FLOWS if request.config.getoption("--conformance") else FEWER)
    ]
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (runs, succeeded) in enumerate(pool.map(lambda text: on_jobs(control_plane, node, text), specs)):
            folder = tmp_path / str(number)
            folder.mkdir()
            monkeypatch.chdir(folder)
            (folder / "f.dragoman.yaml").write_text(head(specs[number]))
            code = main(["run", "-q", "-t", "local", "f.dragoman.yaml"])
            here, there = attempts(folder / ".dragoman/runs/f/1"), runs.facts()
            assert shown(here) == shown(there), specs[number]
            assert (code == 0) == succeeded, specs[number]
            began, ended = moments(runs)
            in_order(runs.plan, began, ended)
            tries = {task: tries for task, tries in here.items() if tries}
            in_order(
                runs.plan,
                {task: one[0].started or 0 for task, one in tries.items()},
                {task: one[-1].ended or 0 for task, one in tries.items()},
            )
            failed += not succeeded
    assert 0 < failed < len(specs)


def on_jobs(plane: Plane, node: Node, text: str) -> tuple[Runs, bool]:
    runs = Runs(plane, node, text)
    return runs, runs.drive()


def head(text: str) -> str:
    return HEAD.format(namespace="ml") + "".join(f"  {line}\n" for line in text.split("\n"))


def text_of(spec: Mapping[str, Any]) -> str:
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in spec.items())


def shown(facts: Facts) -> dict[Id, list[tuple[Any, ...]]]:
    """What both say of each attempt: its end, its exit code, why it failed, what it handed on."""
    return {
        task: [(one.number, one.phase, one.exit_code, one.cause, dict(one.outputs)) for one in tries]
        for task, tries in facts.items()
    }


def moments(runs: Runs) -> tuple[dict[Id, float], dict[Id, float]]:
    """When the first attempt of each task began, and when its last one ended, as places in a row."""
    tasks = {job["metadata"]["name"]: task_of(job)[0] for job in runs.jobs()}
    began: dict[Id, float] = {}
    ended: dict[Id, float] = {}
    for place, moment in enumerate(runs.node.moments):
        if moment.namespace == runs.namespace and moment.ended:
            ended[tasks[moment.job]] = place
        elif moment.namespace == runs.namespace:
            began.setdefault(tasks[moment.job], place)
    return began, ended


def in_order(plan: Plan, began: Mapping[Id, float], ended: Mapping[Id, float]) -> None:
    """No task begins before those that its step needs have ended."""
    for step in everything(plan):
        for need in step.needs:
            for task, start in began.items():
                if address(task)[: len(step.address)] != step.address:
                    continue
                place = (*prefix(task, len(step.address) - 1), need.step)
                assert all(end <= start for other, end in ended.items() if other[: len(place)] == place), (task, need)


class _Made:
    """A flow under construction: numbers, lists and texts that later steps may read."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers: list[str] = []
        self.lists: list[str] = []
        self.texts: list[str] = []

    def step(self, name: str, before: Sequence[str]) -> dict[str, Any]:
        made: dict[str, Any] = self.random.choice(
            [
                self.number,
                self.items,
                self.said,
                self.carried,
                self.fails,
                self.retried,
                self.loop,
                self.over,
                self.group,
            ]
        )(name)
        if before and self.random.random() < 0.6:
            needed = self.random.sample(before, self.random.randint(1, min(2, len(before))))
            made["needs"] = {
                one: self.random.choice(("succeeded", "completed", "completed", "failed")) for one in needed
            }
            reads = json.dumps(made)
            made["needs"] = {
                one: "succeeded" if f"steps.{one}." in reads else how for one, how in made["needs"].items()
            }
        return made

    def when(self) -> dict[str, Any]:
        """A condition, now and then."""
        if self.numbers and self.random.random() < 0.4:
            return {"when": f"{self.random.choice(self.numbers)} >= {self.random.randint(0, 4)}"}
        if self.texts and self.random.random() < 0.4:
            return {"when": f"{self.random.choice(self.texts)} != {json.dumps(self.random.choice(WORDS))}"}
        return {}

    def number(self, name: str) -> dict[str, Any]:
        """A number, by the termination message."""
        made = {
            **self.when(),
            "command": ["give", f"n={self.random.randint(0, 4)}"],
            "outputs": {"n": {"type": "int", "default": 2}},
        }
        self.numbers.append(f"steps.{name}.outputs.n")
        return made

    def items(self, name: str) -> dict[str, Any]:
        """A list, by the carrier."""
        text = json.dumps(list(range(self.random.randint(0, 3))))
        self.lists.append(f"steps.{name}.outputs.items")
        return {"command": ["give", f"items={text}"], "outputs": {"items": {"type": "list", "items": "int"}}}

    def said(self, name: str) -> dict[str, Any]:
        """What it prints."""
        made = {
            **self.when(),
            "command": ["say", self.random.choice(WORDS)],
            "outputs": {"t": {"from": "stdout", "default": ""}},
        }
        self.texts.append(f"steps.{name}.outputs.t")
        return made

    def carried(self, name: str) -> dict[str, Any]:
        """Several outputs, one of which is missing."""
        words = [f"n={self.random.randint(0, 4)}", f"t={self.random.choice(WORDS)}"]
        if self.texts:
            words[1] = "t=${{ " + self.random.choice(self.texts) + " }}"
        outputs = {"n": {"type": "int"}, "t": {}, "gone": {"default": "nothing"}}
        self.numbers.append(f"steps.{name}.outputs.n")
        self.texts += [f"steps.{name}.outputs.{output}" for output in ("t", "gone")]
        return {"command": ["give", *words], "outputs": outputs}

    def fails(self, name: str) -> dict[str, Any]:
        return {**self.when(), "command": ["fail", str(self.random.choice((0, 1, 3)))]}

    def retried(self, name: str) -> dict[str, Any]:
        """It succeeds at its n-th attempt, if that is worth one."""
        retry: dict[str, Any] = {
            "limit": self.random.randint(1, 2),
            **self.random.choice([{}, {"causes": ["error"]}, {"causes": [3]}]),
        }
        code = self.random.choice((1, 3))
        word = f"${{{{ attempt < {self.random.randint(2, 4)} ? '{code}' : '0' }}}}"
        return {**self.when(), "retry": retry, "command": ["fail", word]}

    def loop(self, name: str) -> dict[str, Any]:
        """Items, some of which fail, and that is fine."""
        loop = {"in": [str(self.random.choice((0, 0, 1))) for _ in range(self.random.randint(0, 3))], "tolerate": "all"}
        return {**self.when(), "foreach": loop, "command": ["fail", "${{ item }}"]}

    def over(self, name: str) -> dict[str, Any]:
        """Items that another step has made; their results are a list."""
        source = {"in": self.random.choice(self.lists)} if self.lists else {"range": self.random.randint(0, 3)}
        self.lists.append(f"steps.{name}.outputs.n")
        return {
            "foreach": {**source, **self.random.choice([{}, {"parallelism": 1}])},
            "command": ["give", "n=${{ item + index }}"],
            "outputs": {"n": {"type": "int"}},
        }

    def group(self, name: str) -> dict[str, Any]:
        """Steps for each item."""
        steps: dict[str, Any] = {
            "one": {"command": ["give", "n=${{ item * 2 }}"], "outputs": {"n": {"type": "int"}}},
            "two": {"when": "steps.one.outputs.n > 0", "command": ["say", "${{ steps.one.outputs.n }}"]},
            "three": {"needs": {"two": "completed"}, "command": ["true"]},
        }
        self.lists.append(f"steps.{name}.outputs.all")
        loop = {"range": self.random.randint(0, 2)}
        return {"foreach": loop, "steps": steps, "outputs": {"all": "steps.one.outputs.n"}}


WORDS = ("x", "a b", "it's $(X) {{y}}", 'ünï \\ "q"')


def spec(random: Random) -> dict[str, Any]:
    """A small flow."""
    made = _Made(random)
    steps: dict[str, Any] = {}
    for number in range(random.randint(2, 5)):
        steps[f"s{number}"] = made.step(f"s{number}", list(steps))
    told = {"when": "run.status == 'Failed'", "command": ["say", "failed"]}
    choices: list[dict[str, Any]] = [{}, {"parallelism": 1}, {"onExit": {"told": told}}]
    more = random.choice(choices)
    return {"failFast": False, "steps": steps, **more}
