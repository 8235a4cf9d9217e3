"""Who set a value, and where: layers of a flow and the places of their values, looked up only when asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.findings import Fix, Span
from dragoman.load.document import Document, Path

# lowest first; `built-in` and `policy` are below everything a flow says
LAYERS = ("built-in", "policy", "defaults", "--with", "template", "step", "environment", "--set")


class Source(NamedTuple):
    """A document and what was laid over its `spec`: an environment, then values from the command line."""

    document: Document
    environment: str = ""
    sets: tuple[tuple[Path, str], ...] = ()  # (path under the document, the argument as typed)

    def layer(self, path: Path) -> str | None:
        """The overlay that set the value at `path`, or None when the document's own text did."""
        for target, _ in self.sets:
            if path[: len(target)] == target:
                return "--set"
        return "environment" if self._in_environment(path) else None

    def span(self, path: Path, *, key: bool = False) -> Span:
        """The place of a value of the merged document, wherever it was written."""
        for target, text in self.sets:
            if path[: len(target)] == target:
                return Span(f"--set {text}")
        if self._in_environment(path):
            path = self._overlaid(path)
        return self.document.span(path, key=key)

    def fix(self, path: Path, value: Any) -> Fix | None:
        """What would set the value at `path`; None where no text of a YAML document holds it."""
        if self.document.approximate or self.layer(path) == "--set":
            return None
        written = self._overlaid(path) if self._in_environment(path) else path
        return Fix(self.document.file, self.document.number, written, value)

    def names(self, path: Path) -> list[str]:
        """The keys of a map of the merged document, wherever they were written."""
        written = [_at(self.document.data, path)]
        if self.environment:
            written.append(_at(self.document.data, self._overlaid(path)))
        found = [key for block in written if isinstance(block, dict) for key in block]
        size = len(path)
        below = [target[size] for target, _ in self.sets if len(target) > size and target[:size] == path]
        return list(dict.fromkeys([*found, *map(str, below)]))

    def _in_environment(self, path: Path) -> bool:
        if not self.environment or path[:1] != ("spec",) or len(path) < 2:
            return False
        return _at(self.document.data, self._overlaid(path)) is not _MISSING

    def _overlaid(self, path: Path) -> Path:
        return ("spec", "environments", self.environment, *path[1:])


class Layer(NamedTuple):
    """One of the mappings that a step is made of (the step itself, its template, the defaults), and its place."""

    name: str
    data: Mapping[str, Any]
    source: Source
    path: Path


class Origin(NamedTuple):
    """The layer that set a value, and the value's path in its source (None: no document said it).

    argument  what was typed, where a flag of the command line is a layer by itself
    """

    layer: str
    source: Source | None = None
    path: Path = ()
    argument: str = ""

    def span(self, *, key: bool = False) -> Span | None:
        """The value's place, if a document has it, or the argument that it was typed in."""
        if self.argument:
            return Span(f"{self.layer} {self.argument}")
        return None if self.source is None else self.source.span(self.path, key=key)

    def fix(self, value: Any) -> Fix | None:
        """What would set it to another value, where a YAML document has it."""
        return None if self.source is None else self.source.fix(self.path, value)

    def at_layer(self) -> str:
        """The layer, seen through the overlays of the document: `environment` and `--set` win over the step's own."""
        overlay = self.source.layer(self.path) if self.source is not None else None
        return overlay or self.layer


_MISSING: Any = object()


def _at(data: Any, path: Path) -> Any:
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(step, _MISSING)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return _MISSING
        if data is _MISSING:
            return _MISSING
    return data
