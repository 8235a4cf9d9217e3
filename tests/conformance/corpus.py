"""Manifests of random flows, a folder each, for whoever wants to judge many: `python -m conformance.corpus DIR 100 7`."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from dragoman.write import manifests
from strategies import case, rendered


def write_corpus(folder: Path, count: int, seed: int) -> None:
    """What argo makes of `count` flows; the same bytes for the same seed."""
    random = Random(seed)
    for number in range(count):
        place = folder / f"{number:05}"
        place.mkdir(parents=True)
        emitted = rendered(case(random)).emission.manifests
        for name, text in manifests.files([("flow.dragoman.yaml", one) for one in emitted], "yaml").items():
            (place / name).write_text(text, newline="\n")


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
