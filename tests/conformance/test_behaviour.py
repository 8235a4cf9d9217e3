"""What the spec means is what Argo does: skipping, defaults, groups, parameters, amounts."""

from __future__ import annotations

import pytest

from conformance.flows import Flows, arguments

CHECK = "check: {image: i, command: [give, n=1], outputs: {n: {type: int}}}"


def test_a_skipped_step_leaves_defaults_and_nulls(flows: Flows) -> None:
    run = flows(f"""
steps:
  {CHECK}
  maybe:
    image: i
    when: steps.check.outputs.n == 2
    command: [give, a=1, b=1]
    outputs: {{a: {{type: int}}, b: {{type: int, default: 9}}}}
  said: {{image: i, when: steps.check.outputs.n == 2, command: [echo, hi], outputs: {{t: {{from: stdout}}}}}}
  reads: {{image: i, command: [show, "${{{{ steps.maybe.outputs.a }}}}", "${{{{ steps.maybe.outputs.b + 1 }}}}"]}}
  listens: {{image: i, command: [show, "${{{{ steps.said.outputs.t }}}}"]}}
  nulls: {{image: i, when: steps.maybe.outputs.a == null && steps.maybe.outputs.b == 9, command: [show]}}
  after: {{image: i, needs: [maybe, said], command: [show]}}
""")
    assert run.phase == "Succeeded"
    assert arguments(run) == {"after": [], "listens": ["null"], "nulls": [], "reads": ["null", "10"]}


def test_a_step_that_may_be_skipped_and_is_not(flows: Flows) -> None:
    run = flows(f"""
steps:
  {CHECK}
  maybe:
    image: i
    when: steps.check.outputs.n == 1
    command: [sh, -c, "echo hi; echo 7 > /dragoman/outputs/a"]
    outputs: {{a: {{type: int}}, b: {{type: int, default: 9}}, t: {{from: stdout}}}}
  reads:
    image: i
    command: [show, "${{{{ steps.maybe.outputs.a }}}}", "${{{{ steps.maybe.outputs.b }}}}", "${{{{ steps.maybe.outputs.t }}}}"]
""")
    assert arguments(run) == {"reads": ["7", "9", "hi"]}


def test_conditions_on_texts(flows: Flows) -> None:
    run = flows(r"""
steps:
  a: {image: i, command: [give, "s=a'b\"c - / \\ (x)", t=true], outputs: {s: {type: string}, t: {type: string}}}
  same: {image: i, when: "steps.a.outputs.s == 'a\\'b\"c - / \\\\ (x)'", command: [show]}
  other: {image: i, when: "steps.a.outputs.s in ['x', '}}', '{{']", command: [show]}
  both: {image: i, when: "steps.a.outputs.t == 'true' && !steps.a.outputs.s.contains('{{')", command: [show]}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"both": [], "same": []})


def test_groups_in_groups(flows: Flows) -> None:
    run = flows("""
params: {regions: {type: list, items: string, default: [eu, "u s"]}}
steps:
  seed: {image: i, command: [give, v=5], outputs: {v: {type: int}}}
  region:
    foreach: {in: params.regions, as: region}
    steps:
      list: {image: i, command: [give, "days=[1,2]"], outputs: {days: {type: list, items: int}}}
      day:
        foreach: {in: steps.list.outputs.days, as: day}
        steps:
          work:
            image: i
            command: [show, "${{ region }}", "${{ day }}", "${{ index }}", "${{ steps.seed.outputs.v }}"]
      total: {image: i, needs: [day], command: [give, n=1.5], outputs: {n: {type: float}}}
    outputs: {total: steps.total.outputs.n, half: "steps.total.outputs.n / 2.0"}
  report: {image: i, command: [show, "${{ steps.region.outputs.total }}", "${{ steps.region.outputs.half }}"]}
""")
    assert run.phase == "Succeeded"
    assert arguments(run) == {
        "region(0).day(0).work": ["eu", "1", "0", "5"],
        "region(0).day(1).work": ["eu", "2", "1", "5"],
        "region(1).day(0).work": ["u s", "1", "0", "5"],
        "region(1).day(1).work": ["u s", "2", "1", "5"],
        "report": ["[1.5,1.5]", "[0.75,0.75]"],
    }


def test_a_join_inside_a_group(flows: Flows) -> None:
    run = flows("""
steps:
  group:
    steps:
      list: {image: i, command: [give, "l=[1,2]"], outputs: {l: {type: list, items: int}}}
      each: {image: i, foreach: {in: steps.list.outputs.l}, command: [give, "v=${{ item }}"], outputs: {v: {type: int}}}
      join: {image: i, command: [show, "${{ steps.each.outputs.v }}"]}
""")
    assert arguments(run) == {"group.join": ["[1,2]"]}


def test_a_step_that_may_be_skipped_inside_a_group(flows: Flows) -> None:
    run = flows(f"""
steps:
  group:
    steps:
      {CHECK}
      maybe: {{image: i, when: steps.check.outputs.n == 1, command: [give, v=7], outputs: {{v: {{type: int}}}}}}
      reads: {{image: i, command: [show, "${{{{ steps.maybe.outputs.v }}}}"]}}
      then: {{image: i, when: steps.maybe.outputs.v == 7, command: [show]}}
""")
    assert arguments(run) == {"group.reads": ["7"], "group.then": []}


def test_what_a_group_hands_on(flows: Flows) -> None:
    run = flows(f"""
steps:
  {CHECK}
  each:
    foreach: {{in: [1, 2]}}
    steps:
      a:
        image: i
        when: item == steps.check.outputs.n
        command: [give, v=1]
        outputs: {{v: {{type: int}}, d: {{type: int, default: 8}}}}
    outputs: {{v: steps.a.outputs.v, d: steps.a.outputs.d}}
  skipped:
    when: steps.check.outputs.n == 2
    steps:
      a: {{image: i, command: [give, v=1], outputs: {{v: {{type: int}}}}}}
    outputs: {{v: steps.a.outputs.v}}
  group:
    steps:
      a: {{image: i, command: [give, n=7], outputs: {{n: {{type: int}}}}}}
    outputs:
      n: steps.a.outputs.n * 1000000000000
      b: steps.a.outputs.n > 3
      l: "[steps.a.outputs.n]"
      s: "string(steps.a.outputs.n) + 'x'"
  reads:
    image: i
    command:
      - show
      - ${{{{ steps.each.outputs.v }}}} ${{{{ steps.each.outputs.d }}}} ${{{{ steps.skipped.outputs.v }}}}
      - ${{{{ steps.group.outputs.n }}}} ${{{{ steps.group.outputs.b }}}} ${{{{ steps.group.outputs.l }}}} ${{{{ steps.group.outputs.s }}}}
""")
    assert arguments(run) == {"reads": ["[1,null] [8,8] null", "7000000000000 true [7] 7x"]}


def test_a_group_hands_on_null(flows: Flows) -> None:
    run = flows("""
steps:
  group:
    steps:
      a: {image: i, command: [give, n=7], outputs: {n: {type: int}}}
    outputs: {n: "steps.a.outputs.n > 9 ? 'many' : null"}
  reads: {image: i, command: [show, "${{ steps.group.outputs.n }}"]}
""")
    assert arguments(run) == {"reads": ["null"]}


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, {"loop(0)": ["0"], "loop(1)": ["1"], "work": ["9", "x", '["a","b"]'], "tags(0)": ["a"], "tags(1)": ["b"]}),
        (
            {"rows": "1", "name": "z", "tags": '["c"]'},
            {"loop(0)": ["0"], "work": ["8", "z", '["c"]'], "tags(0)": ["c"]},
        ),
        ({"rows": "0", "tags": "[]"}, {}),
        ({"rows": "-1", "tags": "[]"}, {}),
    ],
)
def test_parameters_of_a_run(flows: Flows, params: dict[str, str], shown: dict[str, list[str]]) -> None:
    run = flows(
        """
params:
  rows: {type: int, default: 2, runtime: true}
  name: {type: string, default: x, runtime: true}
  tags: {type: list, items: string, default: [a, b], runtime: true}
  fixed: {type: int, default: 7}
steps:
  work:
    image: i
    command: [show, "${{ params.rows + params.fixed }}", "${{ params.name }}", "${{ params.tags }}"]
    when: params.rows > 0
  loop: {image: i, foreach: {range: params.rows}, command: [show, "${{ item }}"]}
  tags: {image: i, foreach: {in: params.tags}, command: [show, "${{ item }}"]}
""",
        params=params,
    )
    assert (run.phase, arguments(run)) == ("Succeeded", shown)


def test_a_group_hands_on_a_float(flows: Flows) -> None:
    run = flows("""
steps:
  group:
    steps:
      a: {image: i, command: [give, n=2.5], outputs: {n: {type: float}}}
    outputs: {n: steps.a.outputs.n * 1000000.0}
  reads: {image: i, command: [show, "${{ steps.group.outputs.n }}"]}
""")
    assert arguments(run) == {"reads": ["2500000"]}


def test_a_group_hands_on_a_parameter_of_the_run(flows: Flows) -> None:
    run = flows("""
params: {p: {type: int, default: 2, runtime: true}}
steps:
  group:
    steps:
      a: {image: i, command: [give, n=7], outputs: {n: {type: int}}}
    outputs: {n: steps.a.outputs.n * params.p, name: run.name}
  reads: {image: i, command: [show, "${{ steps.group.outputs.n }}", "${{ steps.group.outputs.name }}"]}
""")
    assert arguments(run) == {"reads": ["14", "flow-x7k2p"]}


def test_a_default_with_braces(flows: Flows) -> None:
    run = flows(f"""
steps:
  {CHECK}
  maybe:
    image: i
    when: steps.check.outputs.n == 2
    command: [give, t=x]
    outputs: {{t: {{type: string, default: "}}}}"}}}}
  reads: {{image: i, command: [show, "${{{{ steps.maybe.outputs.t }}}}"]}}
""")
    assert arguments(run) == {"reads": ["}}"]}


def test_expressions_over_null(flows: Flows) -> None:
    run = flows(f"""
steps:
  {CHECK}
  maybe:
    image: i
    when: steps.check.outputs.n == 2
    command: [give, n=1, b=true]
    outputs: {{n: {{type: int}}, b: {{type: bool}}}}
  reads:
    image: i
    command:
      - show
      - "${{{{ string(steps.maybe.outputs.n) }}}} ${{{{ toJson(steps.maybe.outputs.b) }}}} ${{{{ steps.maybe.outputs.n == 3 }}}}"
      - "${{{{ steps.maybe.outputs.n == null ? 0 : steps.maybe.outputs.n }}}}"
""")
    assert arguments(run) == {"reads": ["null null false", "0"]}


def test_amounts_from_data(flows: Flows) -> None:
    run = flows("""
steps:
  make:
    image: i
    command: [give, mem=300Mi, cpu=0.5, n=3]
    outputs: {mem: {type: quantity}, cpu: {type: quantity}, n: {type: int}}
  one:
    image: i
    command: [show]
    resources:
      requests: {cpu: "${{ steps.make.outputs.cpu }}", memory: "${{ steps.make.outputs.mem }}"}
      limits: {memory: "${{ steps.make.outputs.n * 200 }}Mi"}
      bounds: {cpu: 2, memory: 1Gi}
  each:
    image: i
    foreach: {in: [{n: 1, m: 64Mi}, {n: 2, m: 1Gi}]}
    command: [show, "${{ item.m }}"]
    resources: {cpu: "${{ item.n }}", memory: "${{ item.m }}", disk: 1Gi}
""")
    assert run.phase == "Succeeded"
    assert run.pod("one").resources == {"requests": {"cpu": "0.5", "memory": "300Mi"}, "limits": {"memory": "600Mi"}}
    assert run.pod("each(1)").resources == {
        "requests": {"cpu": "2", "memory": "1Gi", "ephemeral-storage": "1Gi"},
        "limits": {"memory": "1Gi"},
    }


def test_an_amount_that_is_none(flows: Flows) -> None:
    run = flows("""
steps:
  make: {image: i, command: [give, mem=lots], outputs: {mem: {type: quantity}}}
  one: {image: i, command: [show], resources: {memory: "${{ steps.make.outputs.mem }}", bounds: {memory: 1Gi}}}
""")
    assert (run.phase, run.messages["one"]) == ("Error", "quantities must match the regular expression: 'lots'")


def test_names_that_are_words_of_argo(flows: Flows) -> None:
    run = flows("""
steps:
  in: {image: i, command: [give, v=1], outputs: {v: {type: int}}}
  group:
    foreach: {in: [{name: x, a-b: 1}], as: it}
    steps:
      name: {image: i, command: [give, "v=${{ it.name }}"], outputs: {v: {type: string}}}
      status: {image: i, command: [show, "${{ steps.name.outputs.v }}", "${{ it['a-b'] }}"]}
  Up_Case: {image: i, command: [give, my_out=2], outputs: {my_out: {type: int}}}
  main: {image: i, command: [show, "${{ steps.in.outputs.v }}", "${{ steps.Up_Case.outputs.my_out }}"]}
""")
    assert arguments(run) == {"group(0).status": ["x", "1"], "main": ["1", "2"]}


@pytest.mark.xfail(strict=True, reason="Argo's `int` takes no space, and a condition no more than `true`")
def test_space_around_a_number(flows: Flows) -> None:
    run = flows("""
steps:
  make: {image: i, command: [give, "n= 7 ", "b=true "], outputs: {n: {type: int}, b: {type: bool}}}
  more: {image: i, command: [show, "${{ steps.make.outputs.n + 1 }}"]}
  then: {image: i, when: steps.make.outputs.b, command: [show]}
""")
    assert arguments(run) == {"more": ["8"], "then": []}
