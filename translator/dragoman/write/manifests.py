"""Manifests as text: a stream for a pipe, or files with their names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from errno import EBADF

from dragoman.emitter import Manifest
from dragoman.findings import Finding, Findings
from dragoman.write import yaml

HEADER = "# rendered by dragoman; do not edit: change {source} and render again\n"


def stream(manifests: Iterable[Manifest], format: str) -> str:
    """All manifests as one text: YAML documents, or JSON objects, one a line."""
    if format == "json":
        import json

        return "".join(
            json.dumps(manifest.body, ensure_ascii=False, separators=(",", ":")) + "\n" for manifest in manifests
        )
    return yaml.dump_all(manifest.body for manifest in manifests)


def files(manifests: Sequence[tuple[str, Manifest]], format: str) -> dict[str, str]:
    """The text of each manifest's file, by its name; `manifests` pairs each with the spec it comes from."""
    texts: dict[str, str] = {}
    for source, manifest in manifests:
        name, text = manifest.file, HEADER.format(source=os.path.basename(source)) + yaml.dump(manifest.body)
        if format == "json":
            import json

            name = manifest.file.removesuffix(".yaml") + ".json"
            text = json.dumps(manifest.body, ensure_ascii=False, indent=2) + "\n"
        if name in texts:
            raise Findings(
                [
                    Finding(
                        "DRG507",
                        f"two manifests would be written to `{name}`",
                        None,
                        "flows that are rendered into one folder need different names",
                    )
                ]
            )
        texts[name] = text
    return texts


def write_text(path: str, text: str) -> None:
    """Write to a file, or to standard output for `-`, in one go."""
    if path == "-":
        if sys.stdout is None:
            raise OSError(EBADF, "standard output is closed")
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    part = f"{path}.dragoman-part"
    try:
        with open(part, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(part, path)
    except OSError as error:
        if os.path.exists(part):
            os.remove(part)
        raise Findings(
            [
                Finding(
                    "DRG508",
                    f"cannot write `{path}`: {(error.strerror or str(error)).lower()}",
                    None,
                    "name another file: `-o FILE`",
                )
            ],
            2,
        ) from None
