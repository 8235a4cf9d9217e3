"""The scheduler alone: flows whose tasks end as a table says, one look after another, without a clock or a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import pytest

from dragoman.drive.walk import Outcome, walk
from dragoman.load import yaml
from dragoman.lower.task import Attempt, Id, Task, name_of
from dragoman.plan.model import Plan, Reference
from dragoman.plan.resolve import resolve
from dragoman.policy.force import LOWEST
from dragoman.policy.settle import settle

HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  defaults: {image: x}\n"
KNOWN = {Reference("run", (), "id"): "r1", Reference("run", (), "name"): "f-r1"}
Attempts: TypeAlias = dict[Id, list[Attempt]]
End = Callable[[Task], "Mapping[str, str] | int"]  # a task's outputs, or the exit code it fails with


class Ran(NamedTuple):
    """What happened: each round's tasks, and how it ended."""

    rounds: list[list[str]]
    phase: str
    outcome: Outcome


def plan_of(body: str) -> Plan:
    [flow] = yaml.parse(HEAD + "".join(f"  {text}\n" for text in body.strip("\n").split("\n")), "f")
    plan, findings = settle(resolve(flow, {}, target="local"), LOWEST)
    assert findings == []
    return plan


def drive(body: str, end: End = lambda task: {}, most: int = 50) -> Ran:
    """Run a flow in rounds: all that can start starts, then all of it ends; waits between attempts pass at once."""
    plan, now = plan_of(body), 0.0
    facts: dict[Id, list[Attempt]] = {}
    rounds: list[list[str]] = []
    for _ in range(most):
        outcome = walk(plan, facts, now, KNOWN, 0)
        if outcome.phase != "running":
            return Ran(rounds, outcome.phase, outcome)
        rounds.append([f"{task.name}#{task.attempt}" if task.attempt > 1 else task.name for task in outcome.starts])
        for task in outcome.starts:
            _end(facts, task, end(task), now)
        if not outcome.starts:
            assert outcome.wake is not None
            rounds.pop()
            now = outcome.wake
    raise AssertionError("the flow does not end")


def _end(facts: dict[Id, list[Attempt]], task: Task, result: Mapping[str, str] | int, now: float) -> None:
    attempts = facts.setdefault(task.id, [])
    if isinstance(result, int):
        cause: Any = "oom" if result == 137 else "error"
        attempts.append(Attempt(task.attempt, "failed", {}, result, cause, f"exit code {result}", now, now))
    else:
        attempts.append(Attempt(task.attempt, "succeeded", result, 0, started=now, ended=now))


def test_order() -> None:
    body = """
steps:
  d: {needs: [b, c]}
  a: {}
  b: {needs: [a]}
  c: {needs: [a]}
"""
    ran = drive(body)
    assert (ran.rounds, ran.phase) == ([["a"], ["b", "c"], ["d"]], "succeeded")


def test_outputs_reach_what_reads_them() -> None:
    body = """
steps:
  make: {outputs: {n: {type: int}, items: {type: list, items: {cpu: int, mem: quantity}}}}
  each:
    foreach: {in: steps.make.outputs.items, as: job}
    args: ["${{ job.cpu + steps.make.outputs.n }}", "${{ index }}", "${{ run.id }}"]
    resources: {cpu: "${{ job.cpu }}", memory: "${{ job.mem }}"}
    outputs: {score: {type: float}}
  join: {args: ["${{ steps.each.outputs.score }}"]}
"""
    seen: dict[str, Task] = {}

    def end(task: Task) -> Mapping[str, str]:
        seen[task.name] = task
        if task.name == "make":
            return {"n": "40\n", "items": '[{"cpu": 1, "mem": "1Gi"}, {"cpu": 2, "mem": "512Mi"}]'}
        return {"score": f"0.{task.id[-1]}"}

    ran = drive(body, end)
    assert (ran.rounds, ran.phase) == ([["make"], ["each[0]", "each[1]"], ["join"]], "succeeded")
    assert [seen[name].args for name in ("each[0]", "each[1]", "join")] == [
        ("41", "0", "r1"),
        ("42", "1", "r1"),
        ("[0,0.1]",),
    ]
    assert seen["each[1]"].requests == {"cpu": 2000, "memory": 512 * 2**20}
    assert seen["each[1]"].limits == {"memory": 512 * 2**20}


ENDS = [
    # what the flow is, which tasks fail, what ran, how it ended, what became of the others
    ("a: {}\nb: {needs: [a]}", {"a": 1}, [["a"]], "failed", {"a": "failed", "b": "omitted"}),
    ("a: {}\nb: {needs: {a: failed}}\nc: {needs: {a: completed}}", {"a": 1}, [["a"], ["b", "c"]], "succeeded", {}),
    ("a: {}\nb: {needs: {a: failed}}\nc: {needs: [b]}", {}, [["a"]], "succeeded", {"b": "omitted", "c": "omitted"}),
    ("a: {when: 'false'}\nb: {needs: [a]}", {}, [["b"]], "succeeded", {"a": "skipped"}),
    ("a: {foreach: {in: []}}\nb: {needs: [a]}", {}, [["b"]], "succeeded", {"a": "succeeded"}),
    ("a: {foreach: {range: 3, parallelism: 2}}", {}, [["a[0]", "a[1]"], ["a[2]"]], "succeeded", {}),
    ("a: {foreach: {range: 4, parallelism: 1}}", {"a[1]": 1}, [["a[0]"], ["a[1]"]], "failed", {("a", 2): "omitted"}),
    ("a: {foreach: {range: 3, parallelism: 1, tolerate: 1}}", {"a[1]": 1}, [["a[0]"], ["a[1]"], ["a[2]"]], "succeeded", {}),
    ("a: {foreach: {in: [1, 2, 3]}, when: item != 2}", {}, [["a[0]", "a[2]"]], "succeeded", {("a", 1): "skipped"}),
    ("g: {parallelism: 1, steps: {a: {}, b: {}}}", {}, [["g.a"], ["g.b"]], "succeeded", {}),
    ("g: {foreach: {in: [x, z]}, steps: {a: {}, b: {needs: [a]}}}\nh: {needs: [g]}", {},
     [["g[0].a", "g[1].a"], ["g[0].b", "g[1].b"], ["h"]], "succeeded", {}),
    ("a: {}\nb: {}\nc: {needs: [b]}", {"a": 1}, [["a", "b"]], "failed", {"c": "omitted"}),
    ("a: {retry: {limit: 2}}", {"a": 1}, [["a"], ["a#2"], ["a#3"]], "failed", {}),
    ("a: {retry: {limit: 2, causes: [oom]}}", {"a": 1}, [["a"]], "failed", {}),
    ("a: {retry: {limit: 2, causes: [oom]}}", {"a": 137}, [["a"], ["a#2"], ["a#3"]], "failed", {}),
    ("a: {retry: {limit: 2, causes: [3]}}", {"a": 3}, [["a"], ["a#2"], ["a#3"]], "failed", {}),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "failing", "rounds", "phase", "others"), ENDS, ids=[case[0][:50] for case in ENDS])
def test_ends(
    steps: str, failing: Mapping[str, int], rounds: list[list[str]], phase: str, others: Mapping[Any, str]
) -> None:
    body = "steps:\n" + "".join(f"  {text}\n" for text in steps.split("\n"))
    ran = drive(body, lambda task: failing.get(task.name, {}))
    assert (ran.rounds, ran.phase) == (rounds, phase)
    assert {key: ran.outcome.states[(key,) if isinstance(key, str) else key].phase for key in others} == others


def test_independent_branches_go_on_without_fail_fast() -> None:
    ran = drive(
        "failFast: false\nsteps:\n  a: {}\n  b: {}\n  c: {needs: [b]}", lambda task: 1 if task.name == "a" else {}
    )
    assert (ran.rounds, ran.phase) == ([["a", "b"], ["c"]], "failed")


def test_a_tolerated_failure_is_null() -> None:
    body = """
steps:
  try: {foreach: {range: 3, tolerate: all}, outputs: {v: {type: int}}}
  join: {args: ["${{ steps.try.outputs.v }}"]}
"""
    args: list[Any] = []

    def end(task: Task) -> Mapping[str, str] | int:
        args.append(task.args)
        return 1 if task.name == "try[1]" else {"v": str(task.id[-1])}

    assert drive(body, end).phase == "succeeded"
    assert args[-1] == ("[0,null,2]",)


def test_memory_grows_and_waits_grow() -> None:
    plan = plan_of("""
steps:
  a:
    resources: {memory: 1Gi}
    retry: {limit: 3, backoff: {delay: 10s, factor: 3, max: 1m}, escalate: {memory: {factor: 2, max: 3Gi}}}
""")
    facts: dict[Id, list[Attempt]] = {}
    seen = []
    now = 0.0
    while (outcome := walk(plan, facts, now, KNOWN, 0)).phase == "running":
        for task in outcome.starts:
            seen.append((now, task.requests["memory"] // 2**20, task.limits["memory"] // 2**20))
            _end(facts, task, 137, now)
        if not outcome.starts:
            assert outcome.wake is not None
            now = outcome.wake
    assert seen == [(0, 1024, 1024), (10, 2048, 2048), (40, 3072, 3072), (100, 3072, 3072)]


@pytest.mark.parametrize(
    ("ending", "statuses", "phase"),
    [(0, ["Succeeded"], "succeeded"), (1, ["Failed"], "failed")],
)
def test_on_exit_runs_whatever_happened(ending: int, statuses: list[str], phase: str) -> None:
    body = "steps:\n  a: {}\nonExit:\n  tell: {args: ['${{ run.status }}']}\n  alarm: {when: run.status == 'Failed'}"
    seen: list[str] = []

    def end(task: Task) -> Mapping[str, str] | int:
        if task.name == "on-exit.tell":
            seen.extend(task.args or ())
        return ending if task.name == "a" and ending else {}

    ran = drive(body, end)
    assert (seen, ran.phase, ran.outcome.states[("on-exit", "alarm")].phase) == (
        statuses,
        phase,
        "succeeded" if ending else "skipped",
    )


WRONG = [
    ("a: {outputs: {v: {type: int}}}", {}, "output `v` is not there: the step wrote no `/dragoman/outputs/v`"),
    ("a: {outputs: {v: {type: int}}}", {"v": "x"}, "output `v`: `x` is not an int"),
]


@pytest.mark.parametrize(("step", "outputs", "message"), WRONG)
def test_wrong_outputs_fail_their_step(step: str, outputs: Mapping[str, str], message: str) -> None:
    ran = drive(f"steps:\n  {step}", lambda task: outputs)
    assert (ran.phase, ran.outcome.states[("a",)].message) == ("failed", message)


AGAIN = [
    # the causes that are worth a retry, how an attempt failed, whether there is another one
    ("", 143, "timeout", True),
    (", causes: [error, 143]", 143, "timeout", False),
    (", causes: [error]", 143, "error", True),
    (", causes: [error]", 137, "oom", True),
    (", causes: [spot]", 137, "oom", False),
    (", causes: [spot]", None, "spot", True),
]


@pytest.mark.parametrize(("causes", "code", "cause", "again"), AGAIN)
def test_what_is_worth_a_retry(causes: str, code: int | None, cause: Any, again: bool) -> None:
    plan = plan_of(f"steps: {{a: {{retry: {{limit: 1{causes}}}}}}}")
    facts: Attempts = {("a",): [Attempt(1, "failed", {}, code, cause, "", 0.0, 1.0)]}
    assert (len(walk(plan, facts, 1, KNOWN, 0).starts) == 1) == again


def test_an_output_that_is_not_there_is_worth_a_retry() -> None:
    ran = drive(
        "steps: {a: {outputs: {v: {}}, retry: {limit: 2}}}", lambda task: {"v": "x"} if task.attempt == 2 else {}
    )
    assert (ran.rounds, ran.phase) == ([["a"], ["a#2"]], "succeeded")
    ran = drive("steps: {a: {outputs: {v: {}}, retry: {limit: 2, causes: [error]}}}")
    assert (ran.rounds, ran.phase) == ([["a"]], "failed")


def test_a_list_beyond_its_bound_fails_its_step() -> None:
    body = "steps:\n  a: {outputs: {n: {type: int}}}\n  b: {foreach: {range: steps.a.outputs.n, maxItems: 2}}"
    ran = drive(body, lambda task: {"n": "3"})
    assert (ran.phase, ran.outcome.states[("b",)].message) == ("failed", "the loop has 3 items, more than maxItems, 2")


def test_the_flows_parallelism() -> None:
    assert drive("parallelism: 2\nsteps:\n  a: {}\n  b: {}\n  c: {}").rounds == [["a", "b"], ["c"]]


def test_names() -> None:
    assert name_of(("shards", 2, "train")) == "shards[2].train"


SLOW = """
timeout: 1h30m
steps:
  a: {retry: {limit: 5}}
  b: {needs: {a: completed}}
onExit:
  tell: {args: ["${{ run.status }}"]}
"""


def test_a_flow_that_takes_too_long() -> None:
    plan, began = plan_of(SLOW), 1000.0
    deadline = began + 5400
    running: Attempts = {("a",): [Attempt(1, "running", started=began)]}
    before = walk(plan, running, deadline - 1, KNOWN, began)
    assert (before.phase, before.stops, before.wake, before.message) == ("running", (), deadline, "")
    late = walk(plan, running, deadline, KNOWN, began)
    assert (late.phase, late.starts, late.stops) == ("running", (), (("a",),))
    assert late.message == "the flow took longer than 90 min"
    ended = Attempt(1, "failed", {}, 143, "timeout", "stopped", began, deadline + 2)
    told = walk(plan, {("a",): [ended]}, deadline + 3, KNOWN, began)  # not tried again, `b` does not start
    assert ([task.name for task in told.starts], told.starts[0].args) == (["on-exit.tell"], ("Failed",))
    assert {key: state.phase for key, state in told.states.items()} == {
        ("a",): "failed",
        ("b",): "omitted",
        ("on-exit", "tell"): "running",
    }
    last: Attempts = {("a",): [ended], ("on-exit", "tell"): [Attempt(1, "running", started=deadline + 4)]}
    assert walk(plan, last, deadline * 2, KNOWN, began).stops == ()  # what is on exit has all the time it wants
    last["on-exit", "tell"] = [Attempt(1, "succeeded", {}, 0, started=deadline + 4, ended=deadline * 2)]
    over = walk(plan, last, deadline * 2, KNOWN, began)
    assert (over.phase, over.message) == ("failed", "the flow took longer than 90 min")


LATE = [
    # steps, and the attempt of `a` (of its first item) that ended then; the flow's time is 60 s
    ("a: {}", "succeeded", 60.0, "succeeded"),
    ("a: {}", "succeeded", 60.5, "failed"),
    ("a: {foreach: {range: 1, tolerate: all}}", "failed", 61.0, "failed"),
    ("a: {}\n  b: {needs: {a: failed}, when: 'false'}", "failed", 61.0, "failed"),
    ("a: {}\n  b: {needs: {a: failed}, when: 'false'}", "failed", 59.0, "succeeded"),
]


@pytest.mark.parametrize(("steps", "phase", "ended", "result"), LATE)
def test_what_ended_after_the_flows_time_was_too_late(steps: str, phase: Any, ended: float, result: str) -> None:
    plan = plan_of(f"timeout: 1m\nsteps:\n  {steps}")
    task: Id = ("a", 0) if "foreach" in steps else ("a",)
    facts: Attempts = {task: [Attempt(1, phase, {}, int(phase == "failed"), started=0.0, ended=ended)]}
    assert walk(plan, facts, 1000.0, KNOWN, 0).phase == result


def test_a_step_on_exit_may_be_called_as_another() -> None:
    ran = drive("steps:\n  a: {}\nonExit:\n  a: {}")
    assert (ran.rounds, ran.phase) == ([["a"], ["on-exit.a"]], "succeeded")


NUMBERS = """
failFast: false
steps:
  n: {{outputs: {{n: {{type: list, items: int}}}}}}
  a: {{foreach: {{in: steps.n.outputs.n{loop}}}, args: ["${{{{ 4 / item }}}}"]}}
"""


def test_an_item_that_cannot_be_computed_fails_alone() -> None:
    ran = drive(NUMBERS.format(loop=", tolerate: 1"), lambda task: {"n": "[1, 0, 2]"})
    assert (ran.rounds, ran.phase) == ([["n"], ["a[0]", "a[2]"]], "succeeded")
    assert ran.outcome.states["a", 1].message == "`4 / item` divides by zero"


def test_a_loop_that_fails_at_once_starts_nothing() -> None:
    ran = drive(NUMBERS.format(loop=""), lambda task: {"n": "[1, 0, 2]"})
    assert (ran.rounds, ran.phase) == ([["n"]], "failed")
    assert [ran.outcome.states["a", index].phase for index in range(3)] == ["omitted", "failed", "omitted"]


def test_a_failed_item_is_null_whatever_the_default() -> None:
    body = """
steps:
  try: {foreach: {range: 2, tolerate: all}, outputs: {v: {default: none}}}
  join: {args: ["${{ steps.try.outputs.v }}"]}
"""
    args: list[Any] = []

    def end(task: Task) -> Mapping[str, str] | int:
        args.append(task.args)
        return 1 if task.name == "try[1]" else {}

    assert (drive(body, end).phase, args[-1]) == ("succeeded", ('["none",null]',))


def test_what_failed_before_it_ran_hands_on_nothing() -> None:
    body = """
steps:
  n: {outputs: {n: {type: int}}}
  a: {foreach: {range: steps.n.outputs.n, maxItems: 2}, outputs: {v: {}}}
  b: {needs: {a: completed}, args: ["${{ steps.a.outputs.v }}"]}
"""
    args: list[Any] = []

    def end(task: Task) -> Mapping[str, str] | int:
        args.append(task.args)
        return {"n": "3"}

    assert (drive(body, end).phase, args[-1]) == ("succeeded", ("[]",))


def _attempt(phase: Any, number: int = 1, ended: float | None = 0.0) -> Attempt:
    return Attempt(number, phase, {}, int(phase == "failed"), started=0.0, ended=ended if phase != "running" else None)


def test_a_later_item_that_runs_counts_before_an_earlier_one_starts() -> None:
    plan = plan_of("steps:\n  a: {foreach: {range: 4, parallelism: 2}}")
    facts: Attempts = {("a", 2): [_attempt("running")], ("a", 3): [_attempt("succeeded")]}
    assert [task.name for task in walk(plan, facts, 1, KNOWN, 0).starts] == ["a[0]"]
    facts = {("a", 2): [_attempt("running")], ("a", 3): [_attempt("failed")]}
    assert walk(plan, facts, 1, KNOWN, 0).starts == ()


def test_nothing_new_starts_in_a_loop_that_has_failed() -> None:
    plan = plan_of("""
steps:
  a:
    foreach: {range: 3}
    steps: {b: {retry: {limit: 3}}, c: {needs: [b]}}
""")
    facts: Attempts = {
        ("a", 0, "b"): [_attempt("succeeded")],
        ("a", 1, "b"): [_attempt("failed", number) for number in (1, 2, 3, 4)],
        ("a", 2, "b"): [_attempt("running")],
    }
    outcome = walk(plan, facts, 1, KNOWN, 0)
    assert (outcome.phase, outcome.starts) == ("running", ())
    facts["a", 2, "b"] = [_attempt("failed")]
    outcome = walk(plan, facts, 1, KNOWN, 0)
    assert (outcome.phase, outcome.starts) == ("failed", ())
    assert [outcome.states["a", 0, "c"].phase, outcome.states["a", 2, "b"].phase] == ["omitted", "failed"]


def test_what_must_wait_for_its_turn_is_not_said_to_run() -> None:
    states = walk(plan_of("parallelism: 1\nsteps:\n  a: {}\n  b: {}"), {}, 0, KNOWN, 0).states
    assert [states["a",].phase, states["b",].phase] == ["running", "waiting"]


def test_an_attempt_whose_end_is_not_known_is_tried_again_at_once() -> None:
    plan = plan_of("steps:\n  a: {retry: {limit: 1, backoff: {delay: 10s}}}")
    outcome = walk(plan, {("a",): [_attempt("failed", ended=None)]}, 5, KNOWN, 0)
    assert [task.attempt for task in outcome.starts] == [2]


def test_a_long_chain_may_be_written_from_its_end() -> None:
    last = 1500
    body = "steps:\n" + "".join(f"  s{n}: {{needs: [s{n - 1}]}}\n" for n in range(last, 0, -1)) + "  s0: {}"
    plan = plan_of(body)
    facts: Attempts = {(f"s{number}",): [_attempt("succeeded")] for number in range(last)}
    assert [task.name for task in walk(plan, facts, 1, KNOWN, 0).starts] == [f"s{last}"]
