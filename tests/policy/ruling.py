"""Rules asked of a flow, both from their text."""

from __future__ import annotations

from dragoman.findings import Finding, Span
from dragoman.load import yaml
from dragoman.pipeline import ruled
from enacted import enacted

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train, namespace: ml, labels: {team: ml}}
spec:
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: NAME}
spec:
"""


TEXTS: dict[str, str] = {}  # by file, of what was asked last


def policy(spec: str, name: str = "platform") -> str:
    """The text of a policy, from what is under its `spec`."""
    return POLICY.replace("NAME", name) + _indented(spec)


def asked(flow: str, *policies: str, target: str = "argo", environment: str = "") -> list[Finding]:
    """What policies say of a flow; each is what stands under `spec`, the highest policy first."""
    TEXTS["flow.yaml"] = FLOW + _indented(flow)
    files = {f"{number}.yaml": policy(text, f"layer-{number}") for number, text in enumerate(policies, 1)}
    TEXTS.update(files)
    layers = [yaml.parse(text, name)[0] for name, text in files.items()]
    *_, findings = ruled(yaml.parse(TEXTS["flow.yaml"], "flow.yaml")[0], {}, enacted(layers), target, environment)
    return [finding for finding in findings if finding.code.startswith("DRG44")]


def under(span: Span | None) -> str:
    """The file of a place in what was asked last, and the text there: `flow.yaml: prepare:latest`."""
    assert span is not None
    lines = TEXTS[span.file].splitlines()[span.line - 1 : span.end_line]
    return f"{span.file}: " + "\n".join([*lines[:-1], lines[-1][: span.end_column - 1]])[span.column - 1 :]


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.strip("\n").splitlines())
