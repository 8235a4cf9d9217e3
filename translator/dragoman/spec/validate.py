"""Reads a document: its data when it is a right flow, library or policy, else all that is wrong with it."""

from __future__ import annotations

from typing import Any

from dragoman.findings import Findings
from dragoman.load.document import Placed
from dragoman.spec.gate import accepts


def read(document: Placed) -> dict[str, Any]:
    """The document's data, unchanged; Findings (DRG101 to DRG106) when the spec does not allow it.

    The models may accept what the gate refused: a key with nothing behind it (null) counts as left out.
    """
    if not accepts(document.data):
        from dragoman.spec.envelope import stranger
        from dragoman.spec.mistakes import mistakes

        foreign = stranger(document)
        found = [foreign] if foreign else mistakes(document)
        if found:
            raise Findings(found)
    data: dict[str, Any] = document.data
    return data
