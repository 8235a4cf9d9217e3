"""What resolving says about a flow that cannot be meant: one finding a mistake, at its place, with the way out."""

from __future__ import annotations

import pytest

from dragoman.findings import Findings
from dragoman.load import yaml
from dragoman.plan.resolve import resolve
from dragoman.report.text import lines

HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n"


def said(body: str, environment: str = "", *sets: str) -> list[str]:
    """The findings of a flow whose `spec` starts in line 5."""
    [flow] = yaml.parse(HEAD + "".join(f"  {text}\n" for text in body.strip("\n").split("\n")), "f")
    try:
        resolve(flow, {}, environment, sets)
    except Findings as error:
        return [lines([finding]).rstrip("\n") for finding in error.findings]
    return []


STEPS = [
    (
        "a: {image: x, needs: [b]}\nb: {image: x, needs: [c]}\nc: {image: x, env: {V: '${{ steps.a.outputs.v }}'}}",
        ["f:8:49: error DRG202: unknown output `v` (there are none here; step `a` declares no `outputs`)"],
    ),
    (
        "a: {image: x, outputs: {v: {}}, needs: [b]}\nb: {image: x, env: {V: '${{ steps.a.outputs.v }}'}}",
        ["f:6:5: error DRG132: these steps wait for each other: `a` → `b` → `a` "
         "(take one of these needs out; reading an output is a need, too)"],
    ),
    ("a: {image: x, needs: [a]}",
     ["f:6:5: error DRG132: step `a` needs itself (take one of these needs out; reading an output is a need, too)"]),
    ("a: {image: x, needs: [bb]}\nb: {image: x}", ["f:6:27: error DRG131: there is no step `bb` in this graph (did you mean `b`?)"]),
    (
        "g: {steps: {h: {image: x, outputs: {v: {}}}}}\ni: {image: x, needs: [h], args: ['${{ steps.h.outputs.v }}']}",
        ["f:7:49: error DRG204: step `h` is inside the group `g` (let the group hand it on: `g` needs an entry in its `outputs`)",
         "f:7:27: error DRG133: step `h` is inside the group `g` (wait for the group: `needs: [g]`)"],
    ),
    (
        "a: {image: x, outputs: {v: {}}}\nb: {image: x, needs: {a: failed}, args: ['${{ steps.a.outputs.v }}']}",
        ["f:7:19: error DRG135: step `b` runs when `a` failed, and reads its output `v` "
         "(a failed step has no outputs: need `completed`, or do not read it)"],
    ),
    ("a: {command: [x]}", ["f:6:5: error DRG120: step `a` has no image (set `image` on the step, its template, or in `spec.defaults`)"]),
    (
        "a: {image: x, resources: {memory: 4096}}",
        ["f:6:39: error DRG121: `memory: 4096` has no unit (write `4096Mi` for MiB (2^20 bytes) or `4096M` for MB (10^6 bytes))"],
    ),
    (
        "a: {image: x, resources: {cpu: 1, requests: {cpu: 2}}}",
        ["f:6:36: error DRG118: `cpu` is both straight under `resources` and under `requests` "
         "(keep one: straight under `resources` means a request)"],
    ),
    ("a: {image: x, script: {interpreter: [sh], source: 'echo ${{ params.p }}'}}",
     ["f:6:55: error DRG123: a script's source takes no expressions: a value in it could become code "
      "(hand the value in through `env`, and read the variable in the script; a literal `${{` is written `$${{`)"]),
    ("a: {image: x, script: {interpreter: [sh], source: ':'}, args: [x]}",
     ["f:6:19: error DRG118: a step has `script` or `args`, not both (keep the one that runs)"]),
    ("a: {image: x, foreach: {in: [1], range: 2}}",
     ["f:6:19: error DRG118: this loop has more than one of `in`, `range` (give exactly one of `in`, `range`, `matrix`)"]),
    ("a: {image: x, foreach: {in: [1, 2, 3], maxItems: 2}}",
     ["f:6:54: error DRG112: the loop has 3 items, maxItems is 2 (raise `maxItems`, or shorten the list)"]),
    ("a: {image: x, foreach: {in: [1], as: steps}}",
     ["f:6:42: error DRG118: `steps` already means something in expressions (choose another name)"]),
    ("a: {image: x, use: nope}", ["f:6:24: error DRG116: there is no template `nope` (there are none here)"]),
    ("a: {image: x, with: {n: 1}}",
     ["f:6:19: error DRG117: `with` fills the inputs of a template, and this step uses none (name the template: `use: …`)"]),
    ("g: {image: x, steps: {a: {image: x}}}",
     ["f:6:9: error DRG119: a group has no `image`: it runs no container of its own "
      "(set it on the group's steps, or in `spec.defaults`)"]),
    ("a: {image: x, parallelism: 2}",
     ["f:6:19: error DRG119: `parallelism` belongs to a group; this step has no `steps` (a loop's width is `foreach.parallelism`)"]),
    ("a: {image: x, env: {DRAGOMAN_OUTPUTS: z}}",
     ["f:6:25: error DRG118: `DRAGOMAN_OUTPUTS`: names that start with `DRAGOMAN_` are dragoman's own (choose another name)"]),
    ("a: {image: x, env: {A: {}}}",
     ["f:6:28: error DRG118: `env.A` has none of `secret`, `configMap` (known here: `configMap`, `secret`)"]),
    ("a: {image: x, volumes: [{pvc: d, mount: /d}, {secret: s, mount: /d/}]}",
     ["f:6:69: error DRG118: two volumes are mounted at `/d` (mount each at a path of its own)"]),
    ("a: {image: x, retry: {causes: [oom]}}",
     ["f:6:19: error DRG118: `retry` says what to do on a retry, and its `limit` is 0 (set `retry.limit`)"]),
    ("a: {image: x, when: 1 + 1}", ["f:6:25: error DRG203: this gives an int where a bool is expected"]),
    ("a: {image: x, env: {N: '${{ item }}'}}",
     ["f:6:33: error DRG204: there is no `item` here (`item` is known inside a `foreach`, unless `as` gives it another name)"]),
    ("a: {image: x, when: run.status == 'Failed'}",
     ["f:6:29: error DRG204: how the run ended is not known here (`run.status` is known in `onExit`)"]),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), STEPS, ids=[steps[:40] for steps, _ in STEPS])
def test_steps(steps: str, expected: list[str]) -> None:
    assert said("steps:\n" + "".join(f"  {text}\n" for text in steps.split("\n"))) == expected


def test_a_group_is_not_named_as_what_runs_at_the_end() -> None:
    body = "steps:\n  on-exit: {steps: {a: {image: x}}}\n"
    assert said(body) == []
    [finding] = said(body + "onExit:\n  b: {image: x}\n")
    assert "error DRG118: the steps of the group `on-exit` would have the names of those under `onExit`" in finding


def test_a_template_says_what_it_needs() -> None:
    body = """
templates:
  t:
    inputs: {n: {type: int}, s: {default: x}}
    image: x
    args: ["${{ inputs.n + 1 }}", "${{ steps.a.outputs.v }}", "${{ item }}"]
steps:
  a: {use: t}
  b: {use: t, with: {n: many, m: 1}}
  c: {use: t, with: {n: 1}}
"""
    assert said(body) == [
        "f:11:14: error DRG117: template `t` needs a value for its input `n` (add `with: {n: …}`)",
        "f:9:42: error DRG204: a template cannot read a step's outputs (give them to it: an input, filled by `with`)",
        "f:9:70: error DRG204: a template does not know the loop around it (give the item to it: an input, filled by `with`)",
        "f:12:33: error DRG117: template `t` has no input `m` (known here: `n`, `s`)",
        "f:12:27: error DRG117: the input `n`: `many` is not an int (it is declared as int)",
    ]


PARAMS = [
    ("{type: int}", "f:6:5: error DRG111: parameter `p` has no value (give it a `default`, or `--set params.p=…`)"),
    ("{type: int, default: x}", "f:6:29: error DRG112: parameter `p`: `x` is not an int (it is declared as int)"),
    ("{type: int, default: 0, minimum: 1}", "f:6:29: error DRG112: parameter `p` is 0, below its minimum 1"),
    ("{default: c, enum: [a, b]}", "f:6:18: error DRG112: parameter `p` is 'c', not one of `a`, `b`"),
    ("{type: string, default: x, items: int}",
     "f:6:8: error DRG105: `items` belongs to a list, this is a string "
     "(types are string, int, float, bool, quantity, list, map, any)"),
]  # fmt: skip


@pytest.mark.parametrize(("declaration", "expected"), PARAMS)
def test_params(declaration: str, expected: str) -> None:
    assert said(f"params:\n  p: {declaration}\nsteps:\n  a: {{image: x, env: {{P: '${{{{ params.p }}}}'}}}}") == [
        expected
    ]


OVERLAYS = [
    ("prod", (), "f:8:3: error DRG113: the flow has no environment `prod` (did you mean `prd`?)"),
    ("", ("params.q=1",), "--set params.q=1: error DRG114: there is no parameter `q` (known here: `p`)"),
    ("", ("steps.b.image=z",), "--set steps.b.image=z: error DRG114: there is no step `b` (known here: `a`)"),
    ("", ("steps.a.resources.cpu=lots",),
     "--set steps.a.resources.cpu=lots: error DRG121: `lots` is not a quantity "
     "(for example `500m` or `2` for cpu, `4Gi` for memory)"),
    ("", ("params",), "--set: error DRG114: `--set params` is not `path=value` "
     "(for example `--set steps.train.resources.cpu=8` or `--set params.rows=500`)"),
    ("prd", (), "f:9:40: error DRG121: `much` is not a quantity (for example `500m` or `2` for cpu, `4Gi` for memory)"),
]  # fmt: skip


@pytest.mark.parametrize(("environment", "sets", "expected"), OVERLAYS)
def test_overlays(environment: str, sets: tuple[str, ...], expected: str) -> None:
    body = """
params: {p: {default: 1, type: int}}
steps:
  a: {image: x}
environments:
  prd: {steps: {a: {resources: {cpu: much}}}}
"""
    assert said(body, environment, *sets) == [expected]
