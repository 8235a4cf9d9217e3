"""The Jsonnet library: complete, the same in both engines, and giving documents that are right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import _jsonnet  # type: ignore[import-untyped]
import pytest
import rjsonnet

import dragoman.spec
from dragoman.load.document import Document
from dragoman.spec import read
from dragoman.spec.libsonnet import text
from dragoman.spec.schema import schema

COMMITTED = Path(dragoman.spec.__file__).with_name("dragoman.libsonnet")
DEFINITIONS = schema()["definitions"]


def test_the_committed_file_is_what_the_models_give() -> None:
    assert COMMITTED.read_text() == text(), f"write dragoman.spec.libsonnet.text() to {COMMITTED.name}"


def test_it_needs_what_every_engine_has() -> None:
    assert set(re.findall(r"std\.\w+", text())) == {"std.objectFields"}
    assert " % " not in text()


def test_a_flow() -> None:
    assert evaluated("""
        local d = import 'dragoman.libsonnet';
        local base =
          d.flow('country-train', namespace='ml')
          + d.labels({ team: 'ml' })
          + d.schedule('0 2 * * *', timezone='Etc/UTC')
          + d.params({ countries: { type: 'list', default: ['US', 'NO'] } })
          + d.defaults(d.image('python:3.12') + d.resources(cpu=1, memory='1Gi'))
          + d.templates({ slack: d.template('slack:1') + d.inputs({ text: { type: 'string' } }) })
          + d.steps({
            plan: d.step(command=['python', 'plan.py']) + d.outputs({ items: { type: 'list' } }),
            train:
              d.step('trainer:2', ['train', d.output('plan', 'items'), d.expr('item')])
              + d.foreach(in_='steps.plan.outputs.items', maxItems=10, tolerate=0)
              + d.needs(['plan'])
              + d.retry(limit=3, backoff={ delay: '30s' })
              + d.env({ A: '1' }) + d.env({ B: { secret: 'warehouse/url' } }),
            shards: d.group({ one: d.step('a') + d.timeout('1h') }) + d.parallelism(2),
          })
          + d.onExit({ notify: d.use('slack', { text: 'over' }) + d.when("run.status == 'Failed'") })
          + d.targets({ argo: { ttl: '7d' } })
          + d.timeout('12h');
        base + { steps+: { train+: d.resources(memory='4Gi') + d.env({ A: '2' }) } }
    """) == {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Flow",
        "metadata": {"name": "country-train", "namespace": "ml", "labels": {"team": "ml"}},
        "spec": {
            "schedule": {"cron": "0 2 * * *", "timezone": "Etc/UTC"},
            "timeout": "12h",
            "params": {"countries": {"type": "list", "default": ["US", "NO"]}},
            "defaults": {"image": "python:3.12", "resources": {"cpu": 1, "memory": "1Gi"}},
            "templates": {"slack": {"image": "slack:1", "inputs": {"text": {"type": "string"}}}},
            "steps": {
                "plan": {"command": ["python", "plan.py"], "outputs": {"items": {"type": "list"}}},
                "train": {
                    "image": "trainer:2",
                    "command": ["train", "${{ steps.plan.outputs.items }}", "${{ item }}"],
                    "foreach": {"in": "steps.plan.outputs.items", "maxItems": 10, "tolerate": 0},
                    "needs": ["plan"],
                    "retry": {"limit": 3, "backoff": {"delay": "30s"}},
                    "env": {"A": "2", "B": {"secret": "warehouse/url"}},
                    "resources": {"memory": "4Gi"},
                },
                "shards": {"steps": {"one": {"image": "a", "timeout": "1h"}}, "parallelism": 2},
            },
            "onExit": {"notify": {"use": "slack", "with": {"text": "over"}, "when": "run.status == 'Failed'"}},
            "targets": {"argo": {"ttl": "7d"}},
        },
    }


def test_a_library_and_a_policy() -> None:
    assert evaluated("""
        local d = import 'dragoman.libsonnet';
        d.library() + d.templates({ t: d.template() + d.script(['bash'], 'true') })
    """) == {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Library",
        "spec": {"templates": {"t": {"script": {"interpreter": ["bash"], "source": "true"}}}},
    }
    assert evaluated("""
        local d = import 'dragoman.libsonnet';
        d.policy('platform')
        + d.annotations({ owner: 'us' })
        + d.match(namespaces=['ml-*'])
        + d.defaults(d.resources(memory='4Gi'))
        + d.accelerators({ l4: { nodeSelector: { gpu: 'l4' } } })
    """) == {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Policy",
        "metadata": {"name": "platform", "annotations": {"owner": "us"}},
        "spec": {
            "match": {"namespaces": ["ml-*"]},
            "defaults": {"resources": {"memory": "4Gi"}},
            "accelerators": {"l4": {"nodeSelector": {"gpu": "l4"}}},
        },
    }


def test_a_flow_can_be_changed_behind_its_spec_too() -> None:
    flow = evaluated("""
        local d = import 'dragoman.libsonnet';
        d.flow('x') + d.steps({ a: d.step('a') })
        + { spec+: { steps+: { a+: { timeout: '1h' } }, queue: 'ml' } }
    """)
    assert flow["spec"] == {"steps": {"a": {"image": "a", "timeout": "1h"}}, "queue": "ml"}


@pytest.mark.parametrize("owner", ["FlowSpec", "LibrarySpec", "PolicySpec", "Step", "Template"])
def test_every_field_has_its_function(owner: str) -> None:
    names = list(DEFINITIONS[owner]["properties"])
    fields = ", ".join(f"{name}: std.objectHasAll(d, '{name}')" for name in names)
    known = run("local d = import 'dragoman.libsonnet'; {" + fields + "}")
    assert known == dict.fromkeys(names, True)


def test_a_word_of_the_language_is_quoted_and_has_another_argument() -> None:
    assert run("(import 'dragoman.libsonnet').foreach(in_=[1], as='i')") == {"foreach": {"in": [1], "as": "i"}}


def evaluated(source: str) -> Any:
    """What both engines give, which is a right document."""
    data = run(source)
    return read(Document("x.jsonnet", 1, data, {}, approximate=True))


def run(source: str) -> Any:
    paths = [str(COMMITTED.parent)]
    one = json.loads(rjsonnet.evaluate_snippet("x.jsonnet", source, jpathdir=paths))
    other = json.loads(_jsonnet.evaluate_snippet("x.jsonnet", source, jpathdir=paths))
    assert one == other
    return one
