"""What the spec means is what Batch and Step Functions do; most flows are run by our own scheduler as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from aws import table
from aws.flows import Flows, Run
from aws.ran import at_once
from dragoman.findings import Findings
from drive.scenarios import SCENARIOS

REFUSED = {
    "what a step prints": "batch cannot translate `outputs.from: stdout`",
    "a step's time": "`timeout` is 1 s, and Batch stops a job after 60 s at the earliest",
    "one at a time": "batch cannot translate `parallelism (flow)`",
}
WEAKER = {"the flow's time"}  # its onExit does not run
CHECK = "check: {command: [give, n=1], outputs: {n: {type: int}}}"


def agreed(flows: Flows, spec: str | Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Run:
    """A run that does what our own scheduler does."""
    run = flows(spec, params, name="run-1")
    table.check(run, params or {}, "run-1")
    return run


# Every engine's scenarios.


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in REFUSED and name not in WEAKER])
def test_scenarios(flows: Flows, name: str) -> None:
    scenario = SCENARIOS[name]
    run = flows(scenario.spec)
    assert run.names() == sorted(scenario.ran), run.done.cause
    assert run.status == ("SUCCEEDED" if scenario.succeeded else "FAILED")
    for chain in scenario.order:
        assert all(run.before(first, then) for first, then in pairwise(chain))


@pytest.mark.parametrize("name", REFUSED)
def test_scenarios_that_batch_cannot_say(flows: Flows, name: str) -> None:
    with pytest.raises(Findings) as caught:
        flows(SCENARIOS[name].spec)
    assert any(finding.message.startswith(REFUSED[name]) for finding in caught.value.findings)


def test_a_flow_that_takes_too_long_ends_with_its_jobs(flows: Flows) -> None:
    run = flows("timeout: 60s\nsteps: {slow: {command: [sleep, '60']}, after: {needs: [slow], command: [show]}}")
    assert (run.status, [(one.name, one.ran.exit_code) for one in run.tried]) == ("TIMED_OUT", [("slow", 143)])


# Order.


def test_an_n_waits_for_more_than_it_needs(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  a: {command: [show]}
  b: {command: [show]}
  c: {needs: [a], command: [show]}
  d: {needs: [a, b], command: [show]}
  e: {needs: [c], command: [show]}
""",
    )
    assert [finding.code for finding in run.rendering.findings if finding.code == "DRG311"] == ["DRG311"]


def test_branches_meet_and_part(flows: Flows) -> None:
    agreed(
        flows,
        """
steps:
  a: {command: [give, n=1], outputs: {n: {type: int}}}
  b: {command: [give, "n=${{ steps.a.outputs.n + 1 }}"], outputs: {n: {type: int}}}
  c: {command: [give, "n=${{ steps.a.outputs.n + 2 }}"], outputs: {n: {type: int}}}
  b2: {command: [give, "n=${{ steps.b.outputs.n * 10 }}"], outputs: {n: {type: int}}}
  d: {command: [show, "${{ steps.b2.outputs.n + steps.c.outputs.n }}"]}
  alone: {command: [show]}
""",
    )


def test_needs(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  bad: {command: [fail, "3"]}
  good: {command: [show]}
  succeeded: {needs: [bad], command: [show]}
  failed: {needs: {bad: failed}, command: [show]}
  completed: {needs: {bad: completed, good: completed}, command: [show]}
  unneeded: {needs: {good: failed}, command: [show]}
  later: {needs: {unneeded: completed}, command: [show]}
  never: {needs: [unneeded], command: [show]}
""",
    )
    assert run.shown().keys() == {"good", "failed", "completed", "later"}


def test_a_failure_that_nobody_accepted(flows: Flows) -> None:
    run = agreed(
        flows,
        """
failFast: false
steps:
  bad: {command: [fail, "3"]}
  next: {needs: [bad], command: [show]}
  last: {needs: {next: completed}, command: [show]}
  other: {command: [show]}
  more: {needs: [other], command: [show]}
""",
    )
    assert (run.status, run.done.error) == ("FAILED", "DragomanStepFailed")
    assert run.shown().keys() == {"last", "other", "more"}


def test_after_a_failure_nothing_new_starts(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  bad: {command: [fail, "3"]}
  seen: {command: [fail, "1"]}
  told: {needs: {seen: failed}, command: [show]}
  next: {needs: {bad: succeeded, told: succeeded}, command: [show]}
""".replace("bad: {", "bad: {needs: {seen: completed, told: completed}, "),
    )
    assert (run.status, run.shown()) == ("FAILED", {"told": []})


# Conditions.


def test_a_skipped_step_leaves_defaults_and_nulls(flows: Flows) -> None:
    run = agreed(
        flows,
        f"""
steps:
  {CHECK}
  maybe:
    when: steps.check.outputs.n == 2
    command: [give, a=1, b=1]
    outputs: {{a: {{type: int}}, b: {{type: int, default: 9}}, l: {{type: list, items: int, default: [1]}}}}
  reads: {{command: [show, "${{{{ steps.maybe.outputs.a }}}}", "${{{{ steps.maybe.outputs.b + 1 }}}}"]}}
  each: {{foreach: {{in: steps.maybe.outputs.l}}, command: [show, "${{{{ item }}}}"]}}
  nulls: {{when: steps.maybe.outputs.a == null && steps.maybe.outputs.b == 9, command: [show]}}
  after: {{needs: [maybe], command: [show]}}
  not: {{needs: [maybe], when: steps.check.outputs.n == 3, command: [show]}}
""",
    )
    assert run.shown() == {"after": [], "each[0]": ["1"], "nulls": [], "reads": ["null", "10"]}


def test_a_condition_on_each_item(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  try:
    foreach: {in: [1, 2, 3], parallelism: 2}
    when: item != 2
    command: [give, "score=${{ item }}", note=null]
    outputs: {score: {type: int, default: 0}, note: {type: string}}
  none: {foreach: {in: [1, 2]}, when: item > 5, command: [show, "${{ item }}"]}
  odd: {foreach: {range: 4}, when: index % 2 == 1, command: [show, "${{ item }}"]}
  join: {command: [show, "${{ steps.try.outputs.score }}", "${{ steps.try.outputs.note }}"]}
  last: {needs: [none], command: [show]}
""",
    )
    assert run.shown()["join"] == ["[1,0,3]", '["null",null,"null"]']


def test_a_condition_that_is_null(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  make: {command: [give, b=true], outputs: {b: {type: bool}}}
  then: {when: steps.make.outputs.b, command: [show]}
  lost: {when: "!steps.make.outputs.b", command: [show], outputs: {b: {type: bool}}}
  never: {when: steps.lost.outputs.b, command: [show]}
  each: {foreach: {in: [1]}, when: "item == 1 ? steps.lost.outputs.b : true", command: [show]}
  after: {needs: [never, each], command: [show]}
""",
    )
    assert run.shown().keys() == {"then", "after"}


def test_a_loop_is_skipped(flows: Flows) -> None:
    run = agreed(
        flows,
        f"""
steps:
  {CHECK}
  loop: {{when: steps.check.outputs.n == 2, foreach: {{range: 3}}, command: [give, v=7], outputs: {{v: {{type: int}}}}}}
  array: {{when: steps.check.outputs.n == 2, foreach: {{range: 3}}, command: [show]}}
  join: {{needs: [array], command: [show, "${{{{ steps.loop.outputs.v }}}}"]}}
""",
    )
    assert run.shown() == {"join": ["[]"]}


# Loops and groups.


@pytest.mark.parametrize("items", [[], [1], [[1, 2]], [[]], [[], [3], [1, [2]]], [{"a": [1]}], ["x", "y", "z", "%}"]])
def test_loops_over_data(flows: Flows, items: list[Any]) -> None:
    """The text of an item is the text of its value: JSONata would take lists apart."""
    kind = {"int": "int", "list": "{type: list}", "dict": "{a: {type: list, items: int}}", "str": "string"}
    name = kind[type(items[0]).__name__] if items else "int"
    made = json.dumps(f"items={json.dumps(items)}")
    run = agreed(
        flows,
        f"""
steps:
  make: {{command: [give, {made}], outputs: {{items: {{type: list, items: {name}}}}}}}
  each: {{foreach: {{in: steps.make.outputs.items}}, command: [show, "${{{{ toJson(item) }}}}", "${{{{ index }}}}"]}}
  loop:
    foreach: {{in: steps.make.outputs.items}}
    command: [give, "v=${{{{ toJson([item]) }}}}"]
    outputs: {{v: {{type: list, items: {name}}}}}
  join: {{command: [show, "${{{{ steps.loop.outputs.v }}}}"]}}
""",
    )
    whole = json.dumps([[item] for item in items], separators=(",", ":"))
    assert run.shown() == {
        **{
            f"each[{number}]": [json.dumps(item, separators=(",", ":")), str(number)]
            for number, item in enumerate(items)
        },
        "join": [whole],
    }


def test_known_loops(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  lists: {foreach: {in: [[1, 2], [], [[3]]]}, command: [show, "${{ item }}"]}
  one: {foreach: {in: [[1, 2]]}, command: [show, "${{ item }}"]}
  none: {foreach: {in: []}, command: [show, "${{ item }}"]}
  zero: {foreach: {range: 0}, command: [give, "n=${{ item }}"], outputs: {n: {type: int}}}
  maps: {foreach: {in: [{a: {b: 1}}, {a: {b: "%} '"}}]}, command: [show, "${{ item.a.b }}", "${{ item.a }}"]}
  matrix: {foreach: {matrix: {size: [1, 2], color: [red, blue]}}, command: [show, "${{ item.size }} ${{ item.color }}"]}
  array: {foreach: {range: 3}, command: [show]}
  single: {foreach: {range: 1}, command: [show, "${{ index }}"]}
  after: {needs: [lists, none, array], command: [show, "${{ steps.zero.outputs.n }}"]}
""",
    )
    assert len(run.tried) == 3 + 1 + 2 + 4 + 3 + 1 + 1


@pytest.mark.parametrize(("rows", "joined"), [("2", "[0,10]"), ("1", "[0]"), ("0", "[]"), ("-3", "[]")])
def test_ranges(flows: Flows, rows: str, joined: str) -> None:
    run = agreed(
        flows,
        f"""
steps:
  count: {{command: [give, "n={rows}"], outputs: {{n: {{type: int}}}}}}
  shards:
    foreach: {{range: steps.count.outputs.n, as: shard, maxItems: 5}}
    command: [give, "v=${{{{ shard * 10 }}}}"]
    outputs: {{v: {{type: int}}}}
  shown: {{foreach: {{range: steps.count.outputs.n}}, command: [show, "${{{{ item }}}}", "${{{{ index }}}}"]}}
  join: {{command: [show, "${{{{ steps.shards.outputs.v }}}}"]}}
""",
    )
    assert run.shown()["join"] == [joined]


@pytest.mark.parametrize("loop", ["range: steps.make.outputs.n", "in: steps.make.outputs.l"])
@pytest.mark.parametrize("handled", [False, True])
def test_more_items_than_allowed(flows: Flows, loop: str, handled: bool) -> None:
    run = agreed(
        flows,
        f"""
steps:
  make: {{command: [give, n=3, "l=[1,2,3]"], outputs: {{n: {{type: int}}, l: {{type: list, items: int}}}}}}
  fits: {{foreach: {{{loop}, maxItems: 3}}, command: [show]}}
  loop: {{needs: [fits], foreach: {{{loop}, maxItems: 2}}, command: [show]}}
  after: {{needs: {{loop: {"failed" if handled else "succeeded"}}}, command: [show, "${{{{ steps.make.outputs.n }}}}"]}}
""",
    )
    assert run.status == ("SUCCEEDED" if handled else "FAILED")
    assert handled or run.done.cause == "the loop has 3 items, more than maxItems, 2"


def test_groups_in_groups(flows: Flows) -> None:
    run = agreed(
        flows,
        """
params: {regions: {type: list, items: string, default: [eu, "u s"]}}
steps:
  seed: {command: [give, v=5], outputs: {v: {type: int}}}
  region:
    foreach: {in: params.regions, as: region}
    steps:
      list: {command: [give, "days=[1,2]"], outputs: {days: {type: list, items: int}}}
      day:
        foreach: {in: steps.list.outputs.days, as: day}
        steps:
          work:
            command: [show, "${{ region }}", "${{ day }}", "${{ index }}", "${{ steps.seed.outputs.v }}"]
          more: {needs: [work], command: [give, "n=${{ day * steps.seed.outputs.v }}"], outputs: {n: {type: int}}}
        outputs: {n: steps.more.outputs.n}
      total: {needs: [day], command: [give, n=1.5], outputs: {n: {type: float}}}
    outputs: {total: steps.total.outputs.n, half: "steps.total.outputs.n / 2.0", days: steps.day.outputs.n}
  report:
    command: [show, "${{ steps.region.outputs.total }}", "${{ steps.region.outputs.half }}", "${{ steps.region.outputs.days }}"]
""",
    )
    assert run.shown()["report"] == ["[1.5,1.5]", "[0.75,0.75]", "[[5,10],[5,10]]"]


def test_what_a_group_hands_on(flows: Flows) -> None:
    run = agreed(
        flows,
        f"""
params: {{p: {{type: int, default: 2, runtime: true}}}}
steps:
  {CHECK}
  each:
    foreach: {{in: [1, 2]}}
    steps:
      a:
        when: item == steps.check.outputs.n
        command: [give, v=1]
        outputs: {{v: {{type: int}}, d: {{type: int, default: 8}}}}
    outputs: {{v: steps.a.outputs.v, d: steps.a.outputs.d}}
  skipped:
    when: steps.check.outputs.n == 2
    steps:
      a: {{command: [give, v=1], outputs: {{v: {{type: int}}}}}}
    outputs: {{v: steps.a.outputs.v}}
  group:
    steps:
      a: {{command: [give, n=7], outputs: {{n: {{type: int}}}}}}
    outputs:
      n: steps.a.outputs.n * 1000000000000 * params.p
      b: steps.a.outputs.n > 3
      l: "[steps.a.outputs.n]"
      s: "string(steps.a.outputs.n) + 'x'"
      o: "steps.a.outputs.n > 9 ? 'many' : null"
      name: run.name
  reads:
    command:
      - show
      - ${{{{ steps.each.outputs.v }}}} ${{{{ steps.each.outputs.d }}}} ${{{{ steps.skipped.outputs.v }}}}
      - ${{{{ steps.group.outputs.n }}}} ${{{{ steps.group.outputs.b }}}} ${{{{ steps.group.outputs.l }}}}
      - ${{{{ steps.group.outputs.s }}}} ${{{{ steps.group.outputs.o }}}} ${{{{ steps.group.outputs.name }}}}
""",
    )
    assert run.shown()["reads"] == ["[1,null] [8,8] null", "14000000000000 true [7]", "7x null run-1"]


def test_groups_that_go_on_after_a_failure(flows: Flows) -> None:
    agreed(
        flows,
        """
failFast: false
steps:
  group:
    failFast: false
    foreach: {in: [0, 1]}
    steps:
      bad: {command: [fail, "${{ item }}"]}
      next: {needs: [bad], command: [show]}
      beside: {command: [give, n=1], outputs: {n: {type: int}}}
      told: {needs: {beside: completed}, command: [show, "${{ steps.beside.outputs.n }}"]}
  after: {needs: [group], command: [show]}
  anyway: {needs: {group: completed}, command: [show]}
  inner:
    steps:
      bad: {command: [fail, "1"]}
      rescue: {needs: {bad: failed}, command: [show]}
  last: {needs: [inner], command: [show]}
""".replace("foreach: {in: [0, 1]}", "foreach: {in: [0, 1], tolerate: all}"),
    )


def test_caps_hold(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  loop: {foreach: {range: 6, parallelism: 2}, command: [sleep, "0.05"], env: {N: "${{ item }}"}}
  one: {foreach: {range: 3, parallelism: 1}, command: [sleep, "0.05"]}
  group: {foreach: {range: 4, parallelism: 2}, steps: {a: {command: [sleep, "0.05"]}}}
""",
    )
    definitions = ("f1-loop", "f1-one", "f1-group-a")
    assert [at_once(run.done.ran, name) for name in definitions] == [2, 1, 2]


def test_more_items_than_one_history_holds(flows: Flows) -> None:
    """A distributed Map."""
    run = agreed(
        flows,
        """
steps:
  make: {command: [give, n=12], outputs: {n: {type: int}}}
  many: {foreach: {range: steps.make.outputs.n}, command: [give, "v=${{ item }}"], outputs: {v: {type: int}}}
  wide: {foreach: {range: 42, parallelism: 41}, command: ["true"], env: {N: "${{ item }}"}}
  join: {command: [show, "${{ size(steps.many.outputs.v) }} ${{ steps.many.outputs.v[11] }}"]}
""",
    )
    text = next(one.body["definition"] for one in run.rendering.emission.manifests if one.kind == "StateMachine")
    assert (text.count('"DISTRIBUTED"'), run.shown()) == (2, {"join": ["12 11"]})


# Failures of items.


def test_tolerated_items_are_null(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  try:
    foreach: {in: ["0", "1", "0"], tolerate: all}
    steps:
      a: {command: [fail, "${{ item }}"]}
      b: {needs: [a], command: [give, "v=${{ index }}"], outputs: {v: {type: int}}}
    outputs: {v: steps.b.outputs.v}
  missing:
    foreach: {in: [v, w, v], tolerate: 1}
    command: [give, "${{ item }}=1"]
    outputs: {v: {type: int}, d: {type: int, default: 4}}
  bare: {foreach: {in: ["1", "0"], tolerate: all}, command: [fail, "${{ item }}"]}
  join:
    needs: [bare]
    command: [show, "${{ steps.try.outputs.v }}", "${{ steps.missing.outputs.v }}", "${{ steps.missing.outputs.d }}"]
""",
    )
    assert run.shown() == {"join": ["[0,null,2]", "[1,null,1]", "[4,null,4]"]}


@pytest.mark.parametrize(("tolerate", "status"), [(2, "SUCCEEDED"), (1, "FAILED")])
@pytest.mark.parametrize("handled", [False, True])
def test_more_failures_than_tolerated(flows: Flows, tolerate: int, status: str, handled: bool) -> None:
    run = flows(f"""
steps:
  try: {{foreach: {{in: ["0", "1", "1"], tolerate: {tolerate}}}, command: [fail, "${{{{ item }}}}"]}}
  told: {{needs: {{try: {"failed" if handled else "succeeded"}}}, command: [show]}}
""")
    assert run.status == ("SUCCEEDED" if handled else status)
    assert bool(run.shown()) == ((status == "FAILED") == handled)


def test_a_failed_loop_is_told(flows: Flows) -> None:
    run = flows("""
steps:
  try: {foreach: {in: ["0", "1"]}, command: [fail, "${{ item }}"]}
  array: {foreach: {range: 2}, command: [fail, "1"]}
  next: {needs: {try: completed, array: completed}, command: [show]}
  alarm: {needs: {try: failed, array: failed}, command: [show]}
  fine: {needs: {try: succeeded}, command: [show]}
""")
    assert (run.status, run.shown()) == ("SUCCEEDED", {"alarm": [], "next": []})


# Outputs and texts.


def test_outputs_of_every_type(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  work:
    foreach: {in: [c, a, b]}
    command: [give, "n=${{ index }}", b=true, q=1.5Gi, f=2.5, "l=[1]", 'm={"k": [1]}', "t=${{ item }}", "z=[[], [1]]"]
    outputs:
      n: {type: int}
      b: {type: bool}
      q: {type: quantity}
      f: {type: float}
      l: {type: list, items: int}
      m: {type: map}
      t: {}
      z: {type: list, items: {type: list, items: int}}
      gone: {type: quantity, default: 2Gi}
      late: {type: list, items: int, default: [7]}
  join:
    command:
      - show
      - ${{ steps.work.outputs.n }}
      - ${{ steps.work.outputs.b }}
      - ${{ steps.work.outputs.q }}
      - ${{ steps.work.outputs.f }}
      - ${{ steps.work.outputs.l }}
      - ${{ steps.work.outputs.m }}
      - ${{ steps.work.outputs.t }}
      - ${{ steps.work.outputs.z }}
      - ${{ steps.work.outputs.gone }}
      - ${{ steps.work.outputs.late }}
      - ${{ steps.work.outputs.t[1] }}${{ steps.work.outputs.l[2][0] }}
""",
    )
    assert run.shown()["join"] == [
        "[0,1,2]",
        "[true,true,true]",
        '["1.5Gi","1.5Gi","1.5Gi"]',
        "[2.5,2.5,2.5]",
        "[[1],[1],[1]]",
        '[{"k":[1]},{"k":[1]},{"k":[1]}]',
        '["c","a","b"]',
        "[[[],[1]],[[],[1]],[[],[1]]]",
        '["2Gi","2Gi","2Gi"]',
        "[[7],[7],[7]]",
        "a1",
    ]


LETTERS = [
    """a'b"c \\ / `d`""",
    "{% x %}",
    "{%",
    "%}",
    "{%y",
    "Ref::x",
    "$(x) $$ ${x} $states.input",
    "{{x}} {{=x}}",
    "é \u2028 \ufeff 😀 \u007f",
    "two\nlines\n\n\tand a tab ",
    "null",
    "[1, 2]",
    " ",
]


def test_texts_arrive_letter_by_letter(flows: Flows) -> None:
    """As a step writes them, as an output hands them on, as items, and as defaults."""
    outputs: dict[str, Any] = {f"t{number}": {} for number in range(len(LETTERS))}
    reads = [f"${{{{ steps.make.outputs.{name} }}}}" for name in outputs]
    escaped = [text.replace("${{", "$${{") for text in LETTERS]
    spec = {
        "make": {"command": ["give", *(f"t{n}={text}" for n, text in enumerate(escaped))], "outputs": outputs},
        "known": {"command": ["show", *escaped], "env": {f"T{n}": text for n, text in enumerate(escaped) if "Ref" not in text}},
        "read": {"command": ["show", *reads], "env": {f"T{n}": f"<{text}>" for n, text in enumerate(reads)}},
        "mixed": {"command": ["show", *escaped, reads[0]], "env": {"T": f"{LETTERS[1]} {reads[1]}"}},
        "each": {"foreach": {"in": escaped}, "command": ["show", "${{ item }}", "[${{ item }}]"]},
        "lost": {"when": "steps.make.outputs.t0 == 'x'", "command": ["show"],
                 "outputs": {f"t{n}": {"default": text} for n, text in enumerate(escaped)}},
        "late": {"command": ["show", *(f"${{{{ steps.lost.outputs.{name} }}}}" for name in outputs)]},
    }  # fmt: skip
    run = agreed(flows, {"steps": spec})
    shown = run.shown()
    assert shown["known"] == shown["read"] == shown["late"] == LETTERS
    assert [shown[f"each[{number}]"] for number in range(len(LETTERS))] == [[text, f"[{text}]"] for text in LETTERS]
    assert run.one("read").env == {f"T{n}": f"<{text}>" for n, text in enumerate(LETTERS)}


@pytest.mark.parametrize("step", ["env: {T: 'Ref::x'}, command: [show]", "command: [show, 'Ref::x', 'Ref::xy']"])
def test_texts_like_parameters_of_batch(flows: Flows, step: str) -> None:
    agreed(flows, f"steps: {{a: {{{step}}}}}")


def test_names_that_are_words_of_jsonata(flows: Flows) -> None:
    agreed(
        flows,
        """
params: {or: {type: int, default: 1, runtime: true}}
steps:
  in: {command: [give, v=1, and=2, my_out=3, function=4], outputs: {v: {type: int}, and: {}, my_out: {}, function: {}}}
  group:
    foreach: {in: [{name: x, a-b: 1}], as: it}
    steps:
      "true": {command: [give, "v=${{ it.name }}"], outputs: {v: {type: string}}}
      status: {command: [show, "${{ steps.true.outputs.v }}", "${{ it['a-b'] }}"]}
  Up_Case: {command: [show, "${{ steps.in.outputs.and }}", "${{ steps.in.outputs.function }}", "${{ params.or }}"]}
""",
    )


def test_long_names_and_a_step_called_flow(flows: Flows) -> None:
    long = "x" * 63
    agreed(
        flows,
        f"""
failFast: false
steps:
  {long}:
    failFast: false
    steps:
      {long}: {{steps: {{bad: {{command: [fail, "1"]}}, told: {{needs: {{bad: failed}}, command: [show]}}}}}}
      flow: {{needs: {{{long}: completed}}, command: [show]}}
  flow: {{failFast: false, steps: {{x: {{command: [show]}}, y: {{command: [fail, "1"]}}}}}}
""",
    )


def test_a_step_named_as_one_of_a_group(flows: Flows) -> None:
    with pytest.raises(Findings) as caught:
        agreed(flows, "steps: {a: {steps: {b: {command: [show]}}}, a-b: {command: [show]}}")
    [finding] = [one for one in caught.value.findings if one.severity == "error"]
    assert (finding.code, "would both be the job definition" in finding.message) == ("DRG136", True)


@pytest.mark.parametrize("text", ["many", "1.5", "", "[1]"])
def test_a_wrong_output_is_a_failure(flows: Flows, text: str) -> None:
    run = agreed(
        flows,
        f"""
steps:
  make: {{command: [give, "n={text}"], outputs: {{n: {{type: int}}}}}}
  more: {{command: [show, "${{{{ steps.make.outputs.n }}}}"]}}
  rescue: {{needs: {{make: failed}}, command: [show]}}
""",
    )
    assert run.shown() == {"rescue": []}


def test_an_expression_that_fails_is_a_failure_of_its_step(flows: Flows) -> None:
    run = agreed(
        flows,
        """
failFast: false
steps:
  make: {command: [give, n=0], outputs: {n: {type: int}}}
  text: {command: [show, "${{ 1 / steps.make.outputs.n }}"]}
  loop: {foreach: {range: 5 / steps.make.outputs.n}, command: [show]}
  group:
    steps: {a: {command: [give, m=0], outputs: {m: {type: int}}}}
    outputs: {o: 1 / steps.a.outputs.m}
  rescue: {needs: {text: failed, loop: failed, group: failed, asks: failed, long: failed}, command: [show]}
  asks: {when: 1 / steps.make.outputs.n > 2, command: [show]}
  long: {foreach: {range: 1 / steps.make.outputs.n, maxItems: 3}, command: [show]}
  each: {foreach: {in: [0, 1], tolerate: all}, when: 4 / item > 3, command: [show, "${{ item }}"]}
  reads: {needs: {group: completed}, command: [show, "${{ steps.make.outputs.n }}"]}
  other: {needs: [group], command: [show, "${{ steps.group.outputs.o }}"]}
""",
    )
    assert run.shown() == {"each[1]": ["1"], "reads": ["0"], "rescue": []}


def test_a_missing_output_is_a_failure(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  make: {command: [give, m=1], retry: {limit: 1}, outputs: {n: {type: int}}}
  rescue: {needs: {make: failed}, command: [show]}
""",
    )
    assert run.names() == ["make", "make#2", "rescue"]


# Attempts.


def test_attempts_grow(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  grow:
    command: [fail, "${{ attempt == 4 ? '0' : '137' }}"]
    env: {ATTEMPT: "attempt ${{ attempt }}"}
    resources: {requests: {cpu: 500m, memory: 1500Mi}, limits: {cpu: 4}}
    retry: {limit: 4, causes: [oom], escalate: {memory: {factor: 1.5, max: 4Gi}, cpu: {factor: 2, max: 4}}}
  out:
    command: [give, "n=${{ attempt }}"]
    resources: {memory: 1Gi}
    env: {ACCIDENT: "${{ attempt == 1 ? 'oom' : '' }}"}
    retry: {limit: 1, backoff: {delay: 5s}, causes: [oom], escalate: {memory: {factor: 3, max: 16Gi}}}
    outputs: {n: {type: int}}
  reads: {command: [show, "${{ steps.out.outputs.n }}", "${{ attempt }}"]}
""",
    )
    assert [one.amounts for one in run.tried if one.id == ("grow",)] == [
        {"VCPU": "1", "MEMORY": "1500"},
        {"VCPU": "1", "MEMORY": "2250"},
        {"VCPU": "2", "MEMORY": "3375"},
        {"VCPU": "4", "MEMORY": "4096"},
    ]
    assert run.shown() == {"reads": ["2", "1"]}


@pytest.mark.parametrize("more", ["", ", backoff: {delay: 3s, factor: 2, max: 5s}"], ids=["Batch", "the machine"])
@pytest.mark.parametrize("outputs", [False, True])
def test_causes(flows: Flows, more: str, outputs: bool) -> None:
    """What is tried again, by Batch itself and by the machine, with and without the container that hands on."""
    accidents = {"oom": "ACCIDENT: oom", "spot": "ACCIDENT: spot", "exit": "", "code": ""}
    commands = {"oom": '["true"]', "spot": '["true"]', "exit": '[fail, "1"]', "code": '[fail, "75"]'}
    steps = []
    for name, causes in {
        "any": "",
        "oom": "oom",
        "spot": "spot",
        "error": "error",
        "code": "75",
        "two": "oom, 75",
    }.items():
        for kind, command in commands.items():
            asked = f", causes: [{causes}]" if causes else ""
            handed = ", outputs: {n: {}}" if outputs else ""
            env = f", env: {{{accidents[kind]}}}" if accidents[kind] else ""
            steps.append(f"  {name}-{kind}: {{command: {command}{env}, retry: {{limit: 1{asked}{more}}}{handed}}}")
    run = agreed(flows, "failFast: false\nsteps:\n" + "\n".join(steps))
    again = {one.id[0] for one in run.tried if one.attempt == 2}
    assert {name for name in again if not str(name).startswith(("any", "error"))} == {
        "oom-oom",
        "spot-spot",
        "code-code",
        "two-oom",
        "two-code",
    }


@pytest.mark.parametrize("retry", ["limit: 2", "limit: 12", "limit: 2, backoff: {delay: 1s}", "limit: 3, causes: [7]"])
def test_attempts_run_out(flows: Flows, retry: str) -> None:
    run = agreed(
        flows,
        f"""
failFast: false
steps:
  work: {{command: [fail, "7"], retry: {{{retry}}}}}
  loop: {{foreach: {{range: 2, tolerate: all}}, command: [fail, "7"], env: {{N: "${{{{ item }}}}"}}, retry: {{{retry}}}}}
  after: {{needs: [work], command: [show]}}
""",
    )
    assert run.status == "FAILED"


def test_a_program_that_is_not_there_has_no_cause(flows: Flows) -> None:
    run = flows("""
failFast: false
steps:
  a: {command: [nope], retry: {limit: 2, causes: [oom, 3]}}
  b: {command: [nope], retry: {limit: 1, backoff: {delay: 1s}, causes: [oom, spot, error]}}
  c: {needs: {a: failed, b: failed}, command: [show]}
  d: {command: [nope], outputs: {n: {default: x}}}
  e: {needs: {d: failed}, command: [show]}
""")
    assert (run.status, run.names()) == ("SUCCEEDED", ["a", "b", "c", "d", "e"])


def test_a_step_takes_too_long(flows: Flows) -> None:
    """Batch tries it again for no retry of its own; the machine does."""
    run = flows("""
failFast: false
steps:
  own: {timeout: 60s, command: [sleep, "60"], retry: {limit: 1}}
  waits: {timeout: 60s, command: [sleep, "60"], retry: {limit: 1, backoff: {delay: 1s}}}
  asks: {timeout: 60s, command: [sleep, "${{ attempt == 1 ? '60' : '0' }}"], retry: {limit: 1}}
  caused: {timeout: 60s, command: [sleep, "60"], retry: {limit: 1, backoff: {delay: 1s}, causes: [spot]}}
""")
    assert run.names() == ["asks", "asks#2", "caused", "own", "waits", "waits#2"]


# The end.


@pytest.mark.parametrize(("code", "status"), [("0", "Succeeded"), ("1", "Failed")])
def test_on_exit(flows: Flows, code: str, status: str) -> None:
    run = agreed(
        flows,
        f"""
steps:
  work: {{command: [fail, "{code}"]}}
onExit:
  log: {{command: [show, "${{{{ run.status }}}}", "${{{{ run.name }}}}"]}}
  alarm: {{needs: [log], when: run.status == 'Failed', command: [show]}}
  fine: {{needs: [log], when: run.status == 'Succeeded', command: [show]}}
  each: {{foreach: {{in: [a, b]}}, command: [show, "${{{{ item }}}} ${{{{ run.status }}}}"]}}
""",
    )
    assert run.status == status.upper()
    assert run.shown()["on-exit.log"] == [status, "run-1"]


def test_a_handler_that_fails_fails_the_run(flows: Flows) -> None:
    assert agreed(flows, "steps: {work: {command: [show]}}\nonExit: {log: {command: [fail, '1']}}").status == "FAILED"


def test_on_exit_after_a_careful_flow(flows: Flows) -> None:
    agreed(
        flows,
        """
failFast: false
steps:
  bad: {command: [fail, "1"]}
  beside: {command: [show]}
  rest: {needs: [beside], command: [show]}
onExit:
  try: {command: [fail, "2"]}
  tell: {needs: {try: failed}, command: [show, "${{ run.status }}"]}
""",
    )


# Parameters, amounts, secrets.


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"rows": 1, "name": "z%}", "tags": ["c"]},
        {"rows": 0, "tags": []},
        {"rows": -1, "tags": [["d"]][0], "size": "2Gi", "deep": {"a": [1]}},
    ],
)
def test_parameters_of_a_run(flows: Flows, params: dict[str, Any]) -> None:
    agreed(
        flows,
        """
params:
  rows: {type: int, default: 2, runtime: true}
  name: {type: string, default: "x'{%", runtime: true}
  tags: {type: list, items: string, default: [a, b], runtime: true}
  size: {type: quantity, default: 1Gi, runtime: true}
  deep: {type: map, fields: {a: {type: list, items: int}}, default: {a: []}, runtime: true}
  fixed: {type: int, default: 7}
steps:
  work:
    command: [show, "${{ params.rows + params.fixed }}", "${{ params.name }}", "${{ params.tags }}", "${{ params.deep.a }}"]
    when: params.rows > 0
    resources: {memory: "${{ params.size }}", bounds: {memory: 4Gi}}
  loop: {foreach: {range: params.rows}, command: [show, "${{ item }}"]}
  tags: {foreach: {in: params.tags}, command: [show, "${{ item }}"]}
""",
        params,
    )


def test_amounts_from_data(flows: Flows) -> None:
    run = agreed(
        flows,
        """
steps:
  make:
    command: [give, mem=300Mi, cpu=0.5, n=3]
    outputs: {mem: {type: quantity}, cpu: {type: quantity}, n: {type: int}}
  one:
    command: [show]
    resources:
      requests: {cpu: "${{ steps.make.outputs.cpu }}", memory: "${{ steps.make.outputs.mem }}"}
      limits: {memory: "${{ steps.make.outputs.n * 200 }}Mi", cpu: 2}
      bounds: {cpu: 2, memory: 1Gi}
  each:
    foreach: {in: [{n: 1, m: 64Mi}, {n: 2500m, m: 1G}]}
    command: [give, "m=${{ item.m }}"]
    resources: {cpu: "${{ item.n }}", memory: "${{ item.m }}"}
    outputs: {m: {type: quantity}}
  last: {command: [show, "${{ steps.each.outputs.m }}"]}
""",
    )
    assert run.one("one").amounts == {"VCPU": "1", "MEMORY": "600"}
    assert [run.one(f"each[{number}]").amounts for number in (0, 1)] == [
        {"VCPU": "1", "MEMORY": "64"},
        {"VCPU": "3", "MEMORY": "954"},
    ]


def test_secrets(flows: Flows) -> None:
    spec = "steps: {a: {command: [show], env: {URL: {secret: db/url}}}}"
    with pytest.raises(Findings) as caught:
        flows(spec)
    assert [finding.message for finding in caught.value.findings if finding.severity == "error"] == [
        "`URL` is `db/url`, and AWS's name of it is not known"
    ]
    arn = "arn:aws:secretsmanager:us-east-1:111111111111:secret:db"
    run = flows(spec, secrets={"db/url": arn}, executionRole="jobs")
    assert run.one("a").env == {"URL": f"<{arn}>"}
