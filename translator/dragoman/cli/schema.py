"""`dragoman schema`: the JSON Schema of the spec, for editors."""

from __future__ import annotations

import argparse

from dragoman.emit import registry
from dragoman.emit.options import model
from dragoman.spec import schema
from dragoman.spec.schema import Options
from dragoman.write.manifests import write_text


def run(arguments: argparse.Namespace) -> int:
    """Print the schema of every kind of document, or of one."""
    write_text(arguments.output, text(arguments.kind))
    return 0


def text(kind: str | None = None) -> str:
    """The schema with the options of our own targets in it: what the package ships."""
    return schema.text(kind, options())


def options() -> Options:
    """The models of our own targets' options."""
    return {name: model(registry.find(name)) for name in registry.BUILTIN}
