"""A comparison for programs: one JSON object, `version` says its form."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dragoman.diff.flows import Compared

VERSION = 1


def text(compared: Sequence[Compared], base: str) -> str:
    """The object, indented: `base`, and a list of `flows`, each for one target."""
    flows = [
        {
            "target": one.variant,
            "file": one.file,
            "before": one.before,
            "after": one.after,
            "obstacle": one.obstacle,
            "added": list(one.changes.added),
            "removed": list(one.changes.removed),
            "renamed": [{"before": old, "after": new} for old, new in one.changes.renamed],
            "changed": [change._asdict() for change in one.changes.changed],
            "peaks": [peak._asdict() for peak in one.peaks],
            "objects": [change._asdict() for change in one.objects],
        }
        for one in compared
    ]
    return json.dumps({"version": VERSION, "base": base, "flows": flows}, ensure_ascii=False, indent=2) + "\n"
