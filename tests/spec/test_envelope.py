"""What is said of a document that is none of dragoman's."""

from __future__ import annotations

import pytest

from dragoman.findings import Findings, Span
from dragoman.load.document import Document
from dragoman.load.yaml import parse
from dragoman.spec import read

START = "a flow starts with `apiVersion: dragoman.dev/v1alpha1` and `kind: Flow`"

# text -> line, column, message, help
FOREIGN: dict[str, tuple[int, int, str, str]] = {
    "- a": (1, 1, "a document of dragoman is a map, this is a list", START),
    "a": (1, 1, "a document of dragoman is a map, this is the string `a`", START),
    "apiVersion: apps/v1\nkind: Deployment": (1, 1, "this is a Kubernetes Deployment, not a document of dragoman", START),
    "apiVersion: v1\nkind: ConfigMap": (1, 1, "this is a Kubernetes ConfigMap, not a document of dragoman", START),
    "# by hand\napiVersion: argoproj.io/v1alpha1\nkind: Workflow": (2, 1, "this is an Argo Workflow, not a document of dragoman", START),
    "apiVersion: argoproj.io/v1alpha1\nkind: Application": (1, 1, "this is an Argo CD Application, not a document of dragoman", START),
    "apiVersion: kyverno.io/v1\nkind: Policy": (1, 1, "this is a Kyverno Policy, not a document of dragoman", START),
    "services: {web: {image: x}}": (1, 1, "this is a Docker Compose file, not a document of dragoman", START),
    "StartAt: a\nStates: {}": (1, 1, "this is an AWS Step Functions state machine, not a document of dragoman", START),
    "steps: {a: {}}": (1, 1, "`apiVersion` and `kind` are missing", "add `apiVersion: dragoman.dev/v1alpha1` and `kind: Flow`"),
    "apiVersion: dragoman.dev/v1alpha1\nspec: {templates: {}}": (1, 1, "`kind` is missing", "add `kind: Library`"),
    "apiVersion: dragoman.dev/v1alpha1\nspec: {accelerators: {}}": (1, 1, "`kind` is missing", "add `kind: Policy`"),
    "apiVersion: dragoman.dev/v1alpha1\nkind: flow": (2, 7, "unknown kind `flow`", "did you mean `Flow`?"),
    "apiVersion: dragoman.dev/v1alpha1\nkind: [Flow]": (2, 7, "`kind` must be a string, found a list", "did you mean `Flow`?"),
    "apiVersion: dragoman.dev/v2\nkind: Flow": (1, 13, "unknown apiVersion `dragoman.dev/v2`", "this dragoman reads `dragoman.dev/v1alpha1`"),
    "apiVersion: dragoman/v1alpha1\nkind: Flow": (1, 13, "unknown apiVersion `dragoman/v1alpha1`", "this dragoman reads `dragoman.dev/v1alpha1`"),
    "apiVersion: 1\nkind: Policy": (1, 13, "`apiVersion` must be a string, found the number 1", "this dragoman reads `dragoman.dev/v1alpha1`"),
}  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN)
def test_a_document_that_is_not_ours(text: str) -> None:
    (document,) = parse(text, "x.yaml")
    with pytest.raises(Findings) as raised:
        read(document)
    (found,) = raised.value.findings
    span = found.span or Span("")
    assert found.code == "DRG101"
    assert (span.line, span.column, found.message, found.help) == FOREIGN[text]


def test_an_empty_document() -> None:
    with pytest.raises(Findings, match=r"^DRG101: the document is empty$"):
        read(Document("x.jsonnet", 1, None, {}, approximate=True))
