"""What an author reads about a document that is not right: one finding for each mistake, at its place."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

import pytest

from dragoman.findings import Finding, Findings, Span
from dragoman.load.document import Document
from dragoman.load.yaml import parse
from dragoman.spec import read
from dragoman.spec.gate import published
from dragoman.spec.hints import EXPLAINED, RENAMED

HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: x}\nspec:\n"
NAMES = "use letters, digits and `_`, and `-` between them; a letter comes first"
LABELS = "use lower-case letters, digits, and `-` between them"
DURATIONS = "a duration is like `30s`, `1h30m` or `7d`; the units are s, m, h, d, w"
QUOTES = "put it in quotes"
AMOUNTS = "for example `500m`, `2`, `4Gi` or `${{ item.mem }}`"

Row = tuple[str, int, int, str, str]  # code, line, column, message, help


def test_a_right_document_comes_back_as_it_is() -> None:
    (document,) = parse(HEAD + "  steps: {a: {image: x}}", "x.yaml")
    assert read(document) is document.data


def test_a_key_with_nothing_behind_it_is_left_out() -> None:
    (document,) = parse(HEAD + "  timeout:\n  steps: {a: {image: x, resources: }}", "x.yaml")
    assert read(document)["spec"] == {"timeout": None, "steps": {"a": {"image": "x", "resources": None}}}


def test_a_finding_in_full() -> None:
    assert _findings(HEAD + "  steps:\n    train:\n      resources: {memry: 4Gi}\n") == (
        Finding(
            "DRG102",
            "unknown key `memry` in `resources` of step `train`",
            Span("x.yaml", 7, 19, 7, 24),
            "did you mean `memory`?",
            address="spec.steps.train.resources.memry",
        ),
    )


# the lines under `spec:` (the first is line 5, and two spaces stand before it) -> the findings
UNKNOWN: dict[str, list[Row]] = {
    "targett: argo\nsteps: {a: {}}": [
        ("DRG102", 5, 3, "unknown key `targett` in `spec`", "did you mean `target`?"),
    ],
    "step: {a: {}}": [  # explains why `steps` is missing
        ("DRG102", 5, 3, "unknown key `step` in `spec`", "did you mean `steps`?"),
    ],
    "steps: {a: {memory: 4Gi}}": [
        ("DRG102", 5, 15, "unknown key `memory` in step `a`", "`memory` belongs in `resources` of step `a`"),
    ],
    "steps: {a: {retry: {memory: 3}}}": [
        ("DRG102", 5, 23, "unknown key `memory` in `retry` of step `a`", "`memory` belongs in `retry.escalate` of step `a` or in `resources` of step `a`"),
    ],
    "steps: {a: {retry: {timeout: 1h}}}": [
        ("DRG102", 5, 23, "unknown key `timeout` in `retry` of step `a`", "`timeout` belongs in step `a`"),
    ],
    "steps: {g: {steps: {a: {schedule: {}}}}}": [
        ("DRG102", 5, 27, "unknown key `schedule` in step `a`", "`schedule` belongs in `spec`"),
    ],
    "labels: {a: b}\nsteps: {a: {}}": [
        ("DRG102", 5, 3, "unknown key `labels` in `spec`", "`labels` belongs in `defaults` or in `metadata`"),
    ],
    "steps: {a: {dependsOn: [b]}, b: {depends: a}}": [
        ("DRG102", 5, 15, "unknown key `dependsOn` in step `a`", "did you mean `needs`?"),
        ("DRG102", 5, 36, "unknown key `depends` in step `b`", "did you mean `needs`?"),
    ],
    "steps: {a: {name: a, container: {image: x}, resource: {}}}": [
        ("DRG102", 5, 15, "unknown key `name` in step `a`", "the name of a step is its key under `steps`"),
        ("DRG102", 5, 24, "unknown key `container` in step `a`", "a step is one container: write `image`, `command` and `env` right in the step"),
        ("DRG102", 5, 47, "unknown key `resource` in step `a`", "did you mean `resources`?"),
    ],
    "steps: {a: {env: {A: {valueFrom: {}}, B: {value: x}}}}": [
        ("DRG102", 5, 25, "unknown key `valueFrom` in `env.A` of step `a`", "write `{secret: name/key}` or `{configMap: name/key}`"),
        ("DRG102", 5, 45, "unknown key `value` in `env.B` of step `a`", "write the value right behind the variable's name"),
    ],
    "params: {p: {defualt: 1, of: 2}}\nsteps: {a: {}}": [
        ("DRG102", 5, 16, "unknown key `defualt` in parameter `p`", "did you mean `default`?"),
        ("DRG102", 5, 28, "unknown key `of` in parameter `p`", "known here: `default`, `description`, `enum`, `fields`, `items`, `maximum`, `minimum`, `runtime`, `type`"),
    ],
    "steps: {a: {outputs: {x: {items: {y: {type: int, of: 1}}}}}}": [
        ("DRG102", 5, 52, "unknown key `of` in `items.y` of output `x`", "known here: `description`, `fields`, `items`, `type`"),
    ],
    "defaults: &a {imag: x}\ntemplates: {t: *a}\nsteps: {s: *a}": [  # one mistake, three times
        ("DRG102", 5, 17, "unknown key `imag` in `defaults`", "did you mean `image`?"),
    ],
}  # fmt: skip

MISSING: dict[str, list[Row]] = {
    "target: argo": [("DRG103", 4, 1, "missing key `steps` in `spec`", "add `steps`: the work")],
    "schedule: {}\nsteps: {a: {}}": [
        ("DRG103", 5, 3, "missing key `cron` in `schedule`", "add `cron`: one cron expression of five fields, or several"),
    ],
    "steps: {a: {script: {source: x}}}": [
        ("DRG103", 5, 15, "missing key `interpreter` in `script` of step `a`", "add `interpreter`: the command that runs the file"),
    ],
    "steps: {a: {volumes: [{mount: /x}, {pvc: x}]}}": [
        ("DRG103", 5, 38, "missing key `mount` in `volumes` of step `a`", "add `mount`: where it appears in the container"),
    ],
}  # fmt: skip

WRONG_TYPE: dict[str, list[Row]] = {
    "steps: [{name: a}]": [
        ("DRG104", 5, 10, "`steps` in `spec` must be a map, found a list", "write a map with the names as keys, not a list"),
    ],
    "steps: {a: }": [
        ("DRG104", 5, 14, "step `a` must be a map, found nothing", "write its value, or take the key away"),
    ],
    "steps: {a: {needs: b}}": [
        ("DRG104", 5, 22, "`needs` in step `a` must be a list or a map, found the string `b`", "write a list: `[b]`"),
    ],
    "steps: {a: {command: python train.py}}": [
        ("DRG104", 5, 24, "`command` in step `a` must be a list, found the string `python train.py`", "write a list: `[python, train.py]`"),
    ],
    "steps: {a: {args: [-n, 3, true]}}": [
        ("DRG104", 5, 26, "item 2 of `args` in step `a` must be a string, found the number 3", QUOTES),
        ("DRG104", 5, 29, "item 3 of `args` in step `a` must be a string, found `true`", QUOTES),
    ],
    "steps: {a: {env: {A: true, B: 1.5, C: []}}}": [
        ("DRG104", 5, 24, "`A` in `env` of step `a` must be a string, a whole number or a map, found `true`", QUOTES),
        ("DRG104", 5, 33, "`B` in `env` of step `a` must be a string, a whole number or a map, found the number 1.5", QUOTES),
        ("DRG104", 5, 41, "`C` in `env` of step `a` must be a string, a whole number or a map, found a list", ""),
    ],
    "steps: {a: {image: 3, failFast: 'true', timeout: 3600}}": [
        ("DRG104", 5, 22, "`image` in step `a` must be a string, found the number 3", QUOTES),
        ("DRG104", 5, 35, "`failFast` in step `a` must be true or false, found the string `true`", ""),
        ("DRG104", 5, 52, "`timeout` in step `a` must be a string, found the number 3600", DURATIONS),
    ],
    "steps: {a: {resources: {memory: [1], cpu: true}}}": [
        ("DRG104", 5, 35, "`memory` in `resources` of step `a` must be a string or a number, found a list", AMOUNTS),
        ("DRG104", 5, 45, "`cpu` in `resources` of step `a` must be a string or a number, found `true`", AMOUNTS),
    ],
    "steps: {a: {foreach: {in: 3, parallelism: 1.5, matrix: {x: 1}}}}": [
        ("DRG104", 5, 29, "`in` in `foreach` of step `a` must be a string or a list, found the number 3", "for example `steps.plan.outputs.items`"),
        ("DRG104", 5, 45, "`parallelism` in `foreach` of step `a` must be a whole number, found the number 1.5", ""),
        ("DRG104", 5, 62, "`x` in `foreach.matrix` of step `a` must be a string or a list, found the number 1", ""),
    ],
    "steps: {a: {retry: {causes: [1.5], escalate: {memory: {max: 1, factor: 'a'}}}, outputs: {x: 3}}}": [
        ("DRG104", 5, 32, "item 1 of `causes` in `retry` of step `a` must be a string or a whole number, found the number 1.5", ""),
        ("DRG104", 5, 74, "`factor` in `retry.escalate.memory` of step `a` must be a number, found the string `a`", ""),
        ("DRG104", 5, 95, "output `x` must be a map or a string, found the number 3", ""),
    ],
}  # fmt: skip

NOT_ALLOWED: dict[str, list[Row]] = {
    "schedule: {cron: x, concurrency: forbid}\nsteps: {a: {}}": [
        ("DRG105", 5, 36, "`concurrency` in `schedule` must be `Allow`, `Forbid` or `Replace`, found the string `forbid`", "did you mean `Forbid`?"),
    ],
    "steps: {a: {compute: argo, needs: {b: 3}}}": [
        ("DRG105", 5, 24, "`compute` in step `a` must be `kubernetes` or `batch`, found the string `argo`", ""),
        ("DRG105", 5, 41, "`b` in `needs` of step `a` must be `succeeded`, `failed` or `completed`, found the number 3", ""),
    ],
    "steps: {a: {retry: {causes: [oom, spott]}, foreach: {tolerate: some}}}": [
        ("DRG105", 5, 37, "item 2 of `causes` in `retry` of step `a` must be `error`, `oom`, `spot` or a whole number, found the string `spott`", "did you mean `spot`?"),
        ("DRG105", 5, 66, "`tolerate` in `foreach` of step `a` must be `all` or a whole number, found the string `some`", ""),
    ],
    "params: {p: {items: {cpu: integer}}}\nsteps: {a: {outputs: {x: {from: stderr}}}}": [
        ("DRG105", 5, 29, "`cpu` in `items` of parameter `p` must be `string`, `int`, `float`, `bool`, `quantity`, `list`, `map` or `any`, found the string `integer`", "did you mean `int`?"),
        ("DRG105", 6, 35, "`from` in output `x` must be `stdout`, found the string `stderr`", ""),
    ],
}  # fmt: skip

VIOLATED: dict[str, list[Row]] = {
    "steps: {1st: {}, a-: {}}": [
        ("DRG106", 5, 11, "`1st` in `steps` is not a name", NAMES),
        ("DRG106", 5, 20, "`a-` in `steps` is not a name", NAMES),
    ],
    "steps: {}": [("DRG106", 5, 10, "`steps` in `spec` is empty", "it needs at least one entry")],
    "steps: {a: {when: '', timeout: 1 hour, needs: [b c]}}": [
        ("DRG106", 5, 21, "`when` in step `a` is empty", ""),
        ("DRG106", 5, 34, "`timeout` in step `a` must be a duration, found the string `1 hour`", DURATIONS),
        ("DRG106", 5, 50, "item 1 of `needs` in step `a` must be a name, found the string `b c`", NAMES),
    ],
    "steps: {a: {retry: {limit: 2000, backoff: {factor: 0}, escalate: {memory: {factor: 1, max: 2}}}}}": [
        ("DRG106", 5, 30, "`limit` in `retry` of step `a` is 2000, maximum 1000", ""),
        ("DRG106", 5, 54, "`factor` in `retry.backoff` of step `a` is 0, minimum 1", ""),
        ("DRG106", 5, 86, "`factor` in `retry.escalate.memory` of step `a` is 1, must be more than 1", ""),
    ],
    "steps: {a: {volumes: [{mount: data, pvc: X}], use: a.b.c}}": [
        ("DRG106", 5, 33, "`mount` in `volumes` of step `a` must be an absolute path, found the string `data`", "start it with `/`"),
        ("DRG106", 5, 44, "`pvc` in `volumes` of step `a` must be the name of a Kubernetes object, found the string `X`", "use lower-case letters, digits, `-` and `.`; a letter or digit comes first and last"),
        ("DRG106", 5, 54, "`use` in step `a` must be the name of a template, found the string `a.b.c`", "write a name under `templates`, or `library.name` for one from a file under `imports`"),
    ],
    "steps: {a: {env: {1E: x, B: {secret: warehouse}}}}": [
        ("DRG106", 5, 21, "`1E` in `env` of step `a` is not the name of an environment variable", "it starts with a letter or `_`; letters, digits and `_` follow"),
        ("DRG106", 5, 40, "`secret` in `env.B` of step `a` must be a reference to a key, found the string `warehouse`", "write `name/key`, for example `warehouse/url`"),
    ],
    "steps: {a: {labels: {a b: x, c: d e}}}": [
        ("DRG106", 5, 24, "`a b` in `labels` of step `a` is not the key of a label or an annotation", "write `name` or `prefix/name`; letters, digits, `-`, `_` and `.`"),
        ("DRG106", 5, 35, "`c` in `labels` of step `a` must be the value of a label, found the string `d e`", "use letters, digits, `-`, `_` and `.`; a letter or digit comes first and last"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("body", "rows"), [
    *UNKNOWN.items(), *MISSING.items(), *WRONG_TYPE.items(), *NOT_ALLOWED.items(), *VIOLATED.items(),
])  # fmt: skip
def test_mistakes_in_a_flow(body: str, rows: list[Row]) -> None:
    assert _rows(HEAD + indent(body, "  ")) == rows


def test_everything_wrong_is_told_at_once_in_the_order_of_the_text() -> None:
    text = """\
        kind: Flow
        metadata: {name: %s, namespace: A_b}
        steps: {a: {}}
        spec:
          targett: argo
          schedule: {cron: []}
    """
    assert _rows(dedent(text) % ("x" * 70)) == [
        (
            "DRG103",
            1,
            1,
            "missing key `apiVersion` at the top level",
            "add `apiVersion: dragoman.dev/v1alpha1`",
        ),
        ("DRG106", 2, 18, "`name` in `metadata` has 70 letters, maximum 63", ""),
        ("DRG106", 2, 101, "`namespace` in `metadata` must be a DNS label, found the string `A_b`", LABELS),
        ("DRG102", 3, 1, "unknown key `steps` at the top level", "`steps` belongs in `spec`"),
        ("DRG102", 5, 3, "unknown key `targett` in `spec`", "did you mean `target`?"),
        ("DRG106", 6, 20, "`cron` in `schedule` is empty", "it needs at least one entry"),
    ]


def test_a_library_and_a_policy() -> None:
    head = "apiVersion: dragoman.dev/v1alpha1\n"
    assert _rows(head + "kind: Library\nspec: {templates: {t: {imag: x}}, steps: {}}") == [
        ("DRG102", 3, 24, "unknown key `imag` in template `t`", "did you mean `image`?"),
        ("DRG102", 3, 35, "unknown key `steps` in `spec`", "known here: `templates`"),
    ]
    assert _rows(head + "kind: Policy\nmetadata: {name: p}\nspec: {accelerators: {l4: {taints: 3}}}") == [
        (
            "DRG102",
            4,
            28,
            "unknown key `taints` in accelerator `l4`",
            "known here: `nodeSelector`, `resource`, `tolerations`",
        ),
    ]


def test_what_hints_offer_exists() -> None:
    known = {key for node in published()["definitions"].values() for key in node.get("properties", ())}
    assert set(RENAMED.values()) - known == set()
    assert {other for _, other in EXPLAINED} - known == set()
    assert known & {*RENAMED, *(key for key, _ in EXPLAINED)} == {"name", "value"}


def test_without_marks_every_finding_stands_at_the_document() -> None:
    data: dict[str, Any] = {"kind": "Flow", "spec": {"steps": {"a": {"imag": 1}, "b": {"imag": 1}}}}
    document = Document("x.jsonnet", 1, data, {}, approximate=True)
    with pytest.raises(Findings) as raised:
        read(document)
    assert [(finding.address, finding.span) for finding in raised.value.findings] == [
        (address, Span("x.jsonnet", 1, 1, 1, 1, approximate=True))
        for address in ("spec.steps.a.imag", "spec.steps.b.imag", "apiVersion", "metadata")
    ]


def test_a_long_value_is_cut_and_stays_on_one_line() -> None:
    assert _rows(HEAD + '  steps: {a: {needs: "one\\ntwo ' + "x" * 100 + '"}}') == [
        (
            "DRG104",
            5,
            22,
            f"`needs` in step `a` must be a list or a map, found the string `one two {'x' * 52}…`",
            f"write a list: `[one two {'x' * 52}…]`",
        ),
    ]


def _findings(text: str) -> tuple[Finding, ...]:
    (document,) = parse(text, "x.yaml")
    with pytest.raises(Findings) as raised:
        read(document)
    return raised.value.findings


def _rows(text: str) -> list[Row]:
    spans = [(finding, finding.span or Span("")) for finding in _findings(text)]
    return [(found.code, span.line, span.column, found.message, found.help) for found, span in spans]
