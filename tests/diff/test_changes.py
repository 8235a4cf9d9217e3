"""What changed between two plans of a flow, in the spec's own words."""

from __future__ import annotations

from textwrap import indent

import pytest

from dragoman.diff.changes import Changes, changes
from dragoman.diff.facts import facts
from dragoman.diff.text import said
from dragoman.load import yaml
from dragoman.pipeline import ruled
from dragoman.plan.model import Plan

HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  defaults: {image: i}\n"
STEP = "steps:\n  a: {command: [x], resources: {memory: 1Gi}}\n"


def plan(body: str) -> Plan:
    [flow] = yaml.parse(HEAD + indent(body, "  "), "f.dragoman.yaml")
    return ruled(flow, {}, target="argo")[0]


def between(before: str, after: str) -> Changes:
    return changes(facts(plan(before)), facts(plan(after)))


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        (STEP, []),
        (STEP.replace("1Gi", "2Gi"), ["a: memory 1Gi → 2Gi"]),
        (
            STEP.replace("{memory: 1Gi}", "{requests: {memory: 1Gi}, limits: {memory: 3Gi}}"),
            ["a: memory (limit) 1Gi → 3Gi"],
        ),
        (
            STEP.replace("{memory: 1Gi}", "{requests: {memory: 2Gi}, limits: {memory: 3Gi}}"),
            ["a: memory (request) 1Gi → 2Gi", "a: memory (limit) 1Gi → 3Gi"],
        ),
        (STEP.replace("memory: 1Gi", "memory: 1024Mi"), []),
        (STEP.replace("memory: 1Gi", "memory: 1Gi, gpu: 1"), ["a: gpu 1 added"]),
        (STEP.replace("[x]", "[x, 'a b']"), ['a: command x → x "a b"']),
        (STEP.replace("command:", "timeout: 90m, command:"), ["a: timeout 1h30m added"]),
        (
            STEP.replace("command:", "foreach: {range: 3, parallelism: 2}, command:"),
            ["a: foreach.as item added", "a: foreach.range 3 added", "a: foreach.parallelism 2 added"],
        ),
        (STEP.replace("command:", "env: {N: '1'}, command:"), ["a: env.N 1 added"]),
        (STEP.replace("command:", "retry: {limit: 2, backoff: {delay: 90s}}, command:"), [
            "a: retry.limit 2 added", "a: retry.backoff.delay 1m30s added", "a: retry.backoff.factor 1 added",
        ]),
        (STEP.replace("[x]", f"[{'long' * 30}]"), ["a: command changed"]),
        (f"timeout: 2h\nparallelism: 3\n{STEP}", [": parallelism 3 added", ": timeout 2h added"]),
        (f"schedule: {{cron: '0 2 * * *'}}\n{STEP}", [
            ": schedule.cron \"0 2 * * *\" added", ": schedule.timezone Etc/UTC added",
            ": schedule.concurrency Forbid added", ": schedule.suspend false added",
        ]),
        (f"targets: {{argo: {{ttl: 7d}}, batch: {{queue: q}}}}\n{STEP}", [": targets.ttl 7d added"]),
        (f"params: {{n: {{type: int, default: 3}}}}\n{STEP}", [": params.n.type int added", ": params.n.value 3 added"]),
    ],
)  # fmt: skip
def test_fields(after: str, wanted: list[str]) -> None:
    found = between(STEP, after)
    assert [f"{one.step}: {said(one)}" for one in found.changed] == wanted
    assert (found.added, found.removed, found.renamed) == ((), (), ())
    back = between(after, STEP)
    assert len(back.changed) == len(wanted)


GRAPH = """\
steps:
  first: {command: [one]}
  group:
    needs: [first]
    foreach: {range: 2}
    steps:
      inner: {command: [two]}
      last: {needs: [inner], command: [three]}
  end: {needs: [group], command: [four]}
"""


@pytest.mark.parametrize(
    ("changed", "added", "removed", "renamed"),
    [
        (GRAPH.replace("first", "start"), (), (), (("first", "start"),)),
        (GRAPH.replace("inner", "deep"), (), (), (("group.inner", "group.deep"),)),
        (
            GRAPH.replace("group", "shards"),
            (), (), (("group", "shards"), ("group.inner", "shards.inner"), ("group.last", "shards.last")),
        ),
        (GRAPH.replace("  end: {needs: [group], command: [four]}\n", ""), (), ("end",), ()),
        (GRAPH + "  more: {command: [five]}\n", ("more",), (), ()),
        # another name and another command: nobody can say that it is the same step
        (GRAPH.replace("end: {needs: [group], command: [four]}", "fin: {command: [five]}"), ("fin",), ("end",), ()),
    ],
)  # fmt: skip
def test_steps(
    changed: str, added: tuple[str, ...], removed: tuple[str, ...], renamed: tuple[tuple[str, str], ...]
) -> None:
    found = between(GRAPH, changed)
    assert (found.added, found.removed, found.renamed, found.changed) == (added, removed, renamed, ())


def test_two_steps_that_say_the_same_are_renamed_once_each() -> None:
    before = "steps:\n  a: {command: [x]}\n  b: {command: [x]}\n"
    found = between(before, before.replace("a:", "c:").replace("b:", "d:"))
    assert found.renamed == (("a", "c"), ("b", "d"))


def test_a_reference_to_a_renamed_step_is_a_change_of_who_reads_it() -> None:
    before = "steps:\n  a: {command: [x], outputs: {n: {type: int}}}\n  b: {command: ['${{ steps.a.outputs.n }}']}\n"
    found = between(before, before.replace("a:", "c:", 1).replace("steps.a", "steps.c"))
    assert found.renamed == (("a", "c"),)
    assert [said(one) for one in found.changed] == ['command "${{ steps.a.outputs.n }}" → "${{ steps.c.outputs.n }}"']
