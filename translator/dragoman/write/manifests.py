"""Write manifests: as a stream for a pipe, or as a folder of files that holds nothing stale."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from errno import EBADF

from dragoman.emitter import Manifest
from dragoman.findings import Finding, Findings
from dragoman.write import yaml

HEADER = "# rendered by dragoman; do not edit: change {source} and render again\n"
_MARK = HEADER.partition(";")[0]


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


def write_folder(folder: str, texts: dict[str, str]) -> None:
    """Make the folder hold these files, and of those that dragoman wrote before, no others.

    Everything is written beside its place first and then moved there: a failure leaves the folder as it was.
    """
    waiting: list[tuple[str, str]] = []
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in texts.items():
            place = os.path.join(folder, name)
            part = f"{place}.dragoman-part"
            with open(part, "w", encoding="utf-8", newline="\n") as file:
                waiting.append((part, place))
                file.write(text)
        stale = [name for name in os.listdir(folder) if name not in texts and _is_ours(os.path.join(folder, name))]
        while waiting:
            os.replace(*waiting[0])
            waiting.pop(0)
        for name in stale:
            os.remove(os.path.join(folder, name))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Findings(
            [
                Finding(
                    "DRG508",
                    f"cannot write to `{folder}`: {reason}",
                    None,
                    "name a folder that can be written: `-o DIR`",
                )
            ],
            2,
        ) from None
    finally:
        for part, _ in waiting:
            if os.path.exists(part):
                os.remove(part)


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


def _is_ours(path: str) -> bool:
    if not path.endswith(".yaml") or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(_MARK)) == _MARK.encode()
