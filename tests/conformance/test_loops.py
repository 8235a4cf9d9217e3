"""Loops: over lists, ranges and data, with conditions, limits, and what is gathered of them."""

from __future__ import annotations

import pytest

from conformance.flows import Flows, arguments

CHECK = "check: {image: i, command: [give, n=1], outputs: {n: {type: int}}}"


def test_a_condition_on_each_item(flows: Flows) -> None:
    run = flows("""
steps:
  try:
    image: i
    foreach: {in: [1, 2, 3], parallelism: 2}
    when: item != 2
    command: [give, "score=${{ item }}", note=null]
    outputs: {score: {type: int, default: 0}, note: {type: string}}
  none: {image: i, foreach: {in: [1, 2]}, when: item > 5, command: [show, "${{ item }}"]}
  join: {image: i, command: [show, "${{ steps.try.outputs.score }}", "${{ steps.try.outputs.note }}"]}
  last: {image: i, needs: [none], command: [show]}
""")
    assert (run.phase, run.most_at_once) == ("Succeeded", 3)
    assert arguments(run) == {"last": [], "join": ["[1,0,3]", '["null",null,"null"]']}
    assert [run.nodes[path] for path in ("none", "none(0)", "try.each(1).run")] == ["Succeeded", "Skipped", "Skipped"]


@pytest.mark.parametrize("loop", ["in: [a, b]", "range: 2"])
def test_a_known_loop_is_skipped(flows: Flows, loop: str) -> None:
    run = flows(f"""
steps:
  {CHECK}
  loop:
    image: i
    when: steps.check.outputs.n == 2
    foreach: {{{loop}}}
    command: [give, v=7]
    outputs: {{v: {{type: int}}}}
  join: {{image: i, command: [show, "${{{{ steps.loop.outputs.v }}}}"]}}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"join": ["[]"]})


def test_a_loop_over_data_is_skipped(flows: Flows) -> None:
    run = flows("""
steps:
  check: {image: i, command: [give, n=1, "l=[1]"], outputs: {n: {type: int}, l: {type: list, items: int}}}
  range: {image: i, when: steps.check.outputs.n == 2, foreach: {range: steps.check.outputs.n}, command: [show]}
  list: {image: i, when: steps.check.outputs.n == 2, foreach: {in: steps.check.outputs.l}, command: [show]}
  after: {image: i, needs: [range, list], command: [show]}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"after": []})


@pytest.mark.parametrize(("rows", "shards", "joined"), [("2", ["0", "1"], "[0,10]"), ("0", [], "[]"), ("-3", [], "[]")])
def test_ranges(flows: Flows, rows: str, shards: list[str], joined: str) -> None:
    run = flows(f"""
steps:
  count: {{image: i, command: [give, "n={rows}"], outputs: {{n: {{type: int}}}}}}
  shards:
    image: i
    foreach: {{range: steps.count.outputs.n, as: shard, maxItems: 5}}
    command: [give, "v=${{{{ shard * 10 }}}}"]
    outputs: {{v: {{type: int}}}}
  shown: {{image: i, foreach: {{range: steps.count.outputs.n}}, command: [show, "${{{{ item }}}}", "${{{{ index }}}}"]}}
  join: {{image: i, command: [show, "${{{{ steps.shards.outputs.v }}}}"]}}
""")
    assert run.phase == "Succeeded"
    assert arguments(run) == {
        **{f"shown({shard})": [shard, shard] for shard in shards},
        "join": [joined],
    }


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ("range: steps.make.outputs.n", "the range has more items than maxItems, 2"),
        ("in: steps.make.outputs.l", "the list has more items than maxItems, 2"),
    ],
)
def test_more_items_than_allowed(flows: Flows, loop: str, message: str) -> None:
    run = flows(f"""
steps:
  make: {{image: i, command: [give, n=3, "l=[1,2,3]"], outputs: {{n: {{type: int}}, l: {{type: list, items: int}}}}}}
  loop: {{image: i, foreach: {{{loop}, maxItems: 2}}, command: [show]}}
  after: {{image: i, needs: [loop], command: [show]}}
""")
    assert (run.phase, run.nodes["loop"], run.nodes["after"]) == ("Error", "Error", "Omitted")
    assert message in run.messages["loop"]


def test_an_empty_list_runs_nothing(flows: Flows) -> None:
    run = flows("""
steps:
  make: {image: i, command: [give, "l=[]"], outputs: {l: {type: list, items: string}}}
  loop: {image: i, foreach: {in: steps.make.outputs.l}, command: [give, v=1], outputs: {v: {type: int, default: 3}}}
  join: {image: i, command: [show, "${{ steps.loop.outputs.v }}", "${{ size(steps.loop.outputs.v) }}"]}
  after: {image: i, needs: [loop], command: [show]}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"after": [], "join": ["[]", "0"]})


def test_results_are_in_the_order_of_the_items(flows: Flows) -> None:
    run = flows(
        """
steps:
  work:
    image: i
    foreach: {in: [c, a, b]}
    command: [give, "n=${{ index }}", b=true, q=1Gi, f=1e-7, "l=[1]", 'm={"k": 1}']
    outputs:
      n: {type: int}
      b: {type: bool}
      q: {type: quantity}
      f: {type: float}
      l: {type: list, items: int}
      m: {type: map}
  texts: {image: i, foreach: {in: [c, a, b]}, command: [give, "v=${{ item }}"], outputs: {v: {type: string}}}
  said: {image: i, foreach: {in: [x, z]}, command: [echo, "${{ item }}"], outputs: {t: {from: stdout}}}
  join:
    image: i
    command:
      - show
      - ${{ steps.texts.outputs.v }}
      - ${{ steps.work.outputs.n }}
      - ${{ steps.work.outputs.b }}
      - ${{ steps.work.outputs.q }}
      - ${{ steps.work.outputs.f }}
      - ${{ steps.work.outputs.l }}
      - ${{ steps.work.outputs.m }}
      - ${{ steps.said.outputs.t }}
      - ${{ steps.texts.outputs.v[1] }}${{ steps.work.outputs.l[2][0] }}
""",
        last_first=True,
    )
    assert [pod.path for pod in run.pods if pod.template == "work"] == ["work(2)", "work(1)", "work(0)"]
    assert arguments(run)["join"] == [
        '["c","a","b"]',
        "[0,1,2]",
        "[true,true,true]",
        '["1Gi","1Gi","1Gi"]',
        "[1e-7,1e-7,1e-7]",
        "[[1],[1],[1]]",
        '[{"k":1},{"k":1},{"k":1}]',
        '["x","z"]',
        "a1",
    ]


@pytest.mark.parametrize(
    ("steps", "pods", "most"),
    [
        ("{a: {use: t, foreach: {range: 4}}, b: {use: t}}\nparallelism: 2", 5, 2),
        ("{a: {use: t, foreach: {range: 5, parallelism: 2}}}", 5, 2),
        ("{a: {parallelism: 1, steps: {b: {use: t}, c: {use: t}, d: {use: t, needs: [b]}}}}", 3, 1),
        ("{a: {foreach: {range: 4, parallelism: 3}, steps: {b: {use: t}, c: {use: t}}}}", 8, 6),
    ],
)
def test_limits_on_what_runs_at_once(flows: Flows, steps: str, pods: int, most: int) -> None:
    run = flows(f"templates: {{t: {{image: i, command: [show]}}}}\nsteps: {steps}\n")
    assert (run.phase, len(run.pods), run.most_at_once) == ("Succeeded", pods, most)


def test_fields_of_fields_of_items(flows: Flows) -> None:
    run = flows("""
steps:
  make:
    image: i
    command: [give, 'l=[{"a": {"b": 2}}]']
    outputs: {l: {type: list, items: {a: {b: int}}}}
  known: {image: i, foreach: {in: [{a: {b: 1}}]}, command: [show, "${{ item.a.b }}", "${{ item.a }}"]}
  found: {image: i, foreach: {in: steps.make.outputs.l}, command: [show, "${{ item.a.b }}", "${{ item.a }}"]}
""")
    assert arguments(run) == {"known(0)": ["1", '{"b":1}'], "found(0)": ["2", '{"b":2}']}


@pytest.mark.parametrize("items", ["[{n: 1}, {n: 2}]", "steps.make.outputs.l"])
def test_conditions_on_whole_items(flows: Flows, items: str) -> None:
    run = flows(f"""
steps:
  make: {{image: i, command: [give, 'l=[{{"n":1}},{{"n":2}}]'], outputs: {{l: {{type: list, items: {{n: int}}}}}}}}
  loop: {{image: i, foreach: {{in: {items}}}, when: "toJson(item) != '{{\\"n\\":2}}'", command: [show, "${{{{ item }}}}"]}}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"loop(0)": ['{"n":1}']})


def test_a_group_hands_on_an_omitted_loop(flows: Flows) -> None:
    run = flows("""
steps:
  group:
    steps:
      good: {image: i, command: [show]}
      rescue:
        image: i
        needs: {good: failed}
        foreach: {in: [1, 2]}
        command: [give, n=1]
        outputs: {n: {type: int}}
    outputs: {n: steps.rescue.outputs.n}
  reads: {image: i, command: [show, "${{ steps.group.outputs.n }}"]}
""")
    assert arguments(run) == {"group.good": [], "reads": ["[]"]}
