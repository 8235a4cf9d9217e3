"""Manifests as Argo CD reads them: one JSON object a line, each read once as JSON and then again as YAML.

JSON is YAML, but for letters: readers of YAML refuse control characters, fold three others as ends of lines, and know
no pairs of surrogates (gitops-engine, SplitYAMLToString and SplitYAML). So those few are escaped, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.emitter import Manifest
from dragoman.write.manifests import stream

# what json leaves as it is: DEL and the C1 controls with NEL, separators of lines and paragraphs, byte order marks
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)}


def documents(manifests: Iterable[Manifest]) -> str:
    """The stream of a plugin's standard output."""
    return stream(manifests, "json").translate(_ESCAPES)
