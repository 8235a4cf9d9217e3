"""Settings of targets that are wrong are findings, whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dragoman.emit.options import model
from dragoman.emit.registry import BUILTIN, find
from dragoman.findings import Findings
from dragoman.load.document import Document
from dragoman.pipeline import render
from dragoman.policy.force import NO_POLICIES
from dragoman.spec.fields import RULES


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern of a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else ():
        yield from patterns(part)


@pytest.mark.parametrize("target", BUILTIN)
def test_every_form_has_words(target: str) -> None:
    assert {*patterns(model(find(target)).model_json_schema())} - RULES.keys() == set()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stateMachineRole": "arn:aws:iam::1:role"}, "must be the name or the ARN of a role"),
        ({"account": "12"}, "must be the number of an AWS account"),
        ({"region": "Europe"}, "must be a region of AWS"),
        ({"outputs": "bucket"}, "must be a place in S3"),
        ({"volumes": {"v": {"efs": "x"}}}, "must be the id of an EFS file system"),
        ({"volumes": {"v": {"path": "x"}}}, "must be an absolute path"),
        ({"shareIdentifier": "a-b"}, "must be the name of a share"),
        ({"providerConfig": "A/b"}, "must be the name of a provider config"),
    ],
)
def test_a_wrong_form(options: dict[str, Any], said: str) -> None:
    flow = {
        "apiVersion": "dragoman.dev/v1alpha1",
        "kind": "Flow",
        "metadata": {"name": "f"},
        "spec": {"steps": {"a": {"image": "x"}}, "targets": {"batch": options}},
    }
    with pytest.raises(Findings) as caught:
        render(Document("f.yaml", 1, flow, {}), {}, NO_POLICIES, "batch")
    assert [finding.code for finding in caught.value.findings] == ["DRG106"]
    assert said in caught.value.findings[0].message
