"""What policies make of a flow, for the tests: its settled plan, and what was said, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent, indent
from typing import NamedTuple

from dragoman import quantity
from dragoman.findings import Finding, Findings, Span
from dragoman.load import yaml
from dragoman.pipeline import ruled
from dragoman.plan.model import Amount, Plan, Step
from dragoman.plan.origins import origin
from dragoman.policy.floors import floors
from dragoman.policy.settle import KEYS
from enacted import enacted

HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: KIND\nmetadata: {name: NAME}\nspec:\n"


class Settled(NamedTuple):
    """A plan, what was said of it, and the texts of the documents."""

    plan: Plan
    findings: list[Finding]
    texts: Mapping[str, str]

    @property
    def said(self) -> list[str]:
        return [line(finding, self.texts) for finding in self.findings]

    def step(self, name: str = "a") -> Step:
        return next(step for step in self.plan.steps if step.name == name)

    def place(self, *path: str, name: str = "a") -> str:
        """Where a value of a step's resources is set."""
        return place(origin(self.step(name), "resources", *path).span(), self.texts)

    def amounts(self, name: str = "a") -> dict[str, str]:
        """The amounts of a step as people write them, `request/limit` where they differ, `?` while they run."""
        container = self.step(name).container
        assert container is not None
        found = {}
        for key in KEYS:
            blocks = (container.resources.requests, container.resources.limits)
            request, limit = (_shown(key, block.get(key)) for block in blocks)
            if request or limit:
                found[key] = request if request == limit else f"{request or '-'}/{limit or '-'}"
        if container.resources.shm is not None:
            found["shm"] = _shown("shm", container.resources.shm)
        return found


def _shown(key: str, amount: Amount | None) -> str:
    if amount is None:
        return ""
    return quantity.canonical(key, amount) if isinstance(amount, int) else "?"


def settled(
    flow: str,
    *policies: str,
    target: str = "argo",
    environment: str = "",
    sets: Sequence[str] = (),
    given: Sequence[str] = (),
) -> Settled:
    """The plan of a flow (the text of its `spec`) under policies (the texts of theirs), the highest first.

    given  arguments of `--with`
    """
    texts = {"f": _text("Flow", "f", flow), **_texts(policies)}
    [document] = yaml.parse(texts["f"], "f")
    said = enacted([one for name, text in texts.items() if name != "f" for one in yaml.parse(text, name)])
    asked = floors(given, lambda name: "")
    plan, _, findings = ruled(document, {}, said, target, environment, sets, floors=asked)
    return Settled(plan, findings, texts)


def mistakes(*policies: str) -> list[str]:
    """What is wrong with policies by themselves."""
    texts = _texts(policies)
    try:
        enacted([one for name, text in texts.items() for one in yaml.parse(text, name)])
    except Findings as error:
        return [line(finding, texts) for finding in error.findings]
    return []


def _texts(policies: Sequence[str]) -> dict[str, str]:
    return {f"p{number}": _text("Policy", f"p{number}", policy) for number, policy in enumerate(policies)}


def _text(kind: str, name: str, body: str) -> str:
    body = dedent(body).strip("\n")
    if kind == "Flow" and not any(row.startswith("defaults:") for row in body.splitlines()):
        body += "\ndefaults: {image: i}"
    return HEAD.replace("KIND", kind).replace("NAME", name) + indent(body, "  ") + "\n"


def line(finding: Finding, texts: Mapping[str, str]) -> str:
    """A finding as `severity code: message @ place, related place`."""
    places = [place(span, texts) for span in (finding.span, *(span for span, _ in finding.related))]
    return f"{finding.severity} {finding.code}: {finding.message} @ {', '.join(places)}"


def place(span: Span | None, texts: Mapping[str, str]) -> str:
    """A place as `f:2 4Gi`: the line of the text that a test gives, and what stands there."""
    if span is None or span.file not in texts:
        return span.file if span is not None else "-"
    row = texts[span.file].splitlines()[span.line - 1]
    return f"{span.file}:{span.line - HEAD.count(chr(10))} {row[span.column - 1 : span.end_column - 1]}"
