"""`dragoman init`: a repository of flows to begin with. Nothing that is there is touched."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from errno import EEXIST

from dragoman import __version__
from dragoman.findings import Finding, Findings

STARTER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "starter")
# file of the repository -> file of the starter, which has no name that a tool would take for its own
FILES = {
    "flows/hello.dragoman.yaml": "flows/hello.dragoman.yaml",
    "platform.policy.yaml": "platform.policy.yaml",
    ".dragoman.toml": "dragoman.toml",
    "Makefile": "Makefile",
    "requirements.txt": "requirements.txt",
    ".gitignore": "gitignore",
}
CI = {
    "github": {".github/workflows/dragoman.yml": "github.yml"},
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
    "none": {},
}
SCHEMA = "dragoman.schema.json"


def run(arguments: argparse.Namespace) -> int:
    """Write what is not there, say what was, and what to do next."""
    texts = dict(_texts(arguments))
    kept = [file for file, text in texts.items() if not _written(os.path.join(arguments.folder, file), text)]
    if arguments.quiet:
        return 0
    for file in texts:
        print(f"kept   {file}: it was there" if file in kept else f"wrote  {file}")
    here = os.path.normpath(arguments.folder)
    print("\nNext:" if here == "." else f"\nNext, in {here}:")
    print("  dragoman run -t local flows   # the flow, as processes of this machine")
    print("  make render check             # its manifests, and what is wrong with it")
    return 0


def _texts(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    from dragoman.cli import schema
    from dragoman.emit import registry

    target = arguments.target or registry.names()[0]
    registry.find(target)
    for file, source in {**FILES, **CI[arguments.ci]}.items():
        with open(os.path.join(STARTER, source), encoding="utf-8") as stream:
            text = stream.read()
        yield file, text.replace("{version}", __version__).replace("{target}", target)
    yield SCHEMA, schema.text()


def _written(file: str, text: str) -> bool:
    """Whether the file was not there, and is now."""
    try:
        os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
        with open(file, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        if error.errno == EEXIST and not os.path.isdir(file):
            return False
        reason = (error.strerror or str(error)).lower()
        hint = "name a folder that can be written: `dragoman init DIR`"
        raise Findings([Finding("DRG508", f"cannot write `{file}`: {reason}", None, hint)], 2) from None
    return True
