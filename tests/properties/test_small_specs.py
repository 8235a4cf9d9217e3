"""Small specs that once came out wrong, by what they show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from dragoman.findings import Findings
from dragoman.load.yaml import parse
from dragoman.pipeline import Rendering, render
from dragoman.policy.force import NO_POLICIES
from dragoman.write.manifests import stream

HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: flow}\nspec:\n  defaults: {image: busybox}\n"
RIGHT = {
    "the description of an inner type is taken for a field": """\
        params: {names: {type: list, items: {type: string, description: one name}, default: [a]}}
        steps: {a: {}}""",
    "a quantity is compared with the text of its enum": """\
        params: {size: {type: quantity, default: 1Gi, enum: [1Gi, 2Gi]}}
        steps: {a: {}}""",
    "a quantity cannot be tested for null": """\
        steps: {a: {outputs: {q: {type: quantity}}}, b: {when: steps.a.outputs.q != null}}""",
    "what stands around an escaped `${{` in a script can look like one": """\
        steps: {a: {script: {interpreter: [python], source: "$$${{{{x}}"}}}""",
    "a group's outputs do not see its own item": """\
        steps:
          group: {foreach: {in: [a, b]}, steps: {work: {}}, outputs: {name: item}}
          join: {env: {NAMES: "${{ steps.group.outputs.name }}"}}""",
}
WRONG = {
    "two tasks have one name": "steps: {in: {}, in-step: {}}",
    "an amount is blank": "steps: {a: {resources: {memory: ' '}}}",
    "a path holds a NUL": 'imports: {lib: "a\\0b"}\nsteps: {a: {}}',
    "a variable holds a NUL": 'steps: {a: {env: {A: "a\\0b"}}}',
    "a backoff without a limit is dropped": "steps: {a: {retry: {backoff: {delay: 1m}}}}",
    "a backoff without a delay is dropped": "steps: {a: {retry: {limit: 1, backoff: {max: 1h}}}}",
    "shared memory has the place of a volume": """\
        steps: {a: {resources: {shm: 1Gi}, volumes: [{pvc: x, mount: /dev/shm}]}}""",
    "the outputs have the place of a volume": """\
        steps: {a: {outputs: {x: {}}, volumes: [{pvc: x, mount: /dragoman/outputs}]}}""",
    "a time does not fit in 64 bits": "timeout: 99999999999999999999w\nsteps: {a: {}}",
    "a time does not fit in 32 bits": "targets: {argo: {ttl: 99999w}}\nsteps: {a: {}}",
    "a history does not fit in 32 bits": "schedule: {cron: '@daily', history: 9999999999}\nsteps: {a: {}}",
    "a parallelism does not fit in 64 bits": "parallelism: 18446744073709551615\nsteps: {a: {}}",
    "a user does not fit in 64 bits": "targets: {argo: {runAsUser: 18446744073709551615}}\nsteps: {a: {}}",
    "a matrix is too wide": f"steps: {{a: {{foreach: {{matrix: {{{', '.join(f'{key}: {list(range(30))}' for key in 'abcde')}}}}}}}}}",
    "an image is empty": "steps: {a: {image: ''}}",
    "the key of an annotation is none": "steps: {a: {annotations: {'a b': x}}}",
    "a queue is no value of a label": "steps: {a: {queue: a b}}",
    "a mount holds a colon": "steps: {a: {volumes: [{pvc: x, mount: '/a:b'}]}}",
    "a path goes up": "steps: {a: {volumes: [{pvc: x, mount: /a, subPath: ../x}]}}",
}


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in RIGHT.items()])
def test_it_is_right(spec: str) -> None:
    _rendered(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "steps: {main: {}, main-graph: {}}",
        "steps: {on: {steps: {exit: {}}}}\nonExit: {tell: {}}",
        "steps: {dragoman-settled: {}, each: {foreach: {in: [1], tolerate: all}}}",
        "steps: {dragoman-settled: {}, a: {}, b: {needs: [a]}, c: {needs: {a: failed}}}",
    ],
)
def test_no_name_is_taken_twice(spec: str) -> None:
    [manifest] = _rendered(spec).emission.manifests
    templates = manifest.body["spec"]["templates"]
    assert len({template["name"] for template in templates}) == len(templates)
    for template in templates:
        tasks = template.get("dag", {}).get("tasks", [])
        assert len({task["name"] for task in tasks}) == len(tasks)


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in WRONG.items()])
def test_it_is_wrong(spec: str) -> None:
    with pytest.raises(Findings):
        _rendered(spec)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("steps.a.outputs.n + 1", True),
        ("size(steps.a.outputs.l)", True),
        ("steps.a.outputs.m.x", True),
        ("1 < steps.a.outputs.n ? 1 : 2", True),
        ("steps.a.outputs.n", False),
        ("steps.a.outputs.n == 3", False),
        ("string(steps.a.outputs.n)", False),
        ("steps.a.outputs.n == null ? 0 : steps.a.outputs.n + 1", False),
        ("steps.a.outputs.d + 1", False),
    ],
)
def test_computing_with_null_is_said(expression: str, said: bool) -> None:
    outputs = "{n: {type: int}, d: {type: int, default: 1}, l: {type: list}, m: {type: map, fields: {x: int}}}"
    done = _rendered(f"""\
        params: {{p: {{type: bool, default: true, runtime: true}}}}
        steps:
          a: {{when: params.p, outputs: {outputs}}}
          b: {{command: ["${{{{ {expression} }}}}"]}}""")
    codes = [one.message.partition(" nearly")[0] for one in done.findings if one.code == "DRG302"]
    assert (f"argo translates `{expression}`" in codes) == said


def test_the_order_of_a_models_fields_changes_no_byte() -> None:
    one, other = (
        stream(_rendered(f"steps: {{a: {{}}}}\ntargets: {{argo: {{ttl: {{{ttl}}}}}}}").emission.manifests, "yaml")
        for ttl in ("success: 1h, failure: 7d", "failure: 7d, success: 1h")
    )
    assert one == other


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        pytest.param("PYTHONIOENCODING=ascii {} >out", 0, id="stdout that is not UTF-8"),
        pytest.param("{} - <&-", 2, id="stdin that is closed"),
        pytest.param("{} >&-", 2, id="stdout that is closed"),
        pytest.param("{} >/dev/full", 2, id="stdout on a full disk"),
    ],
)
def test_streams_are_no_traceback(streams: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "flow.dragoman.yaml").write_text(HEAD + "  steps: {a: {command: [é]}}\n", encoding="utf-8")
    command = streams.format(f"{sys.executable} -m dragoman render flow.dragoman.yaml")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


@pytest.mark.parametrize("argument", ["timeout=1h\n---\n2h", "targets.nowhere.kind=x"])
def test_a_set_value_is_not_dropped(argument: str) -> None:
    with pytest.raises(Findings):
        _rendered("steps: {a: {}}", argument)


def _rendered(spec: str, *sets: str) -> Rendering:
    lines = [line.removeprefix(" " * 8) for line in spec.split("\n")]
    [flow] = parse(HEAD + indent("\n".join(lines), "  ") + "\n", "flow.dragoman.yaml")
    return render(flow, {}, NO_POLICIES, "argo", "", sets)
