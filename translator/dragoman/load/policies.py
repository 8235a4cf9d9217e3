"""Policies and what they stand on: those that they extend, and the files that a cluster enforces."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from dragoman.findings import Finding, Findings, Span
from dragoman.load import files, packs
from dragoman.load.document import Document, Path
from dragoman.load.files import STDIN, Options

SUFFIXES = (".policy.yaml", ".policy.yml", ".policy.jsonnet")
MOST = 32  # policies that stand on each other


class Policy(NamedTuple):
    """A policy's document, and those of the files that its `quotaFrom` names."""

    document: Document
    enforced: tuple[Document, ...] = ()


class _Place(NamedTuple):
    """A file, the folder that it may not lead out of, and who names it: nobody is the command line."""

    file: str
    root: str
    by: Span | None = None


def policies(paths: Sequence[str], options: Options) -> list[Policy]:
    """Every policy of the paths and everything they extend, each once and upper layers first.

    A path is a file, a folder (all policies under it), `-`, or `pack:` and a pack's name. Raises `Findings` with
    everything that is wrong: exit code 2 when a path cannot be read at all.
    """
    reading = _Reading(options)
    layers: list[Policy] = []
    for path in paths:
        layers += reading.named(path)
    if reading.findings:
        raise Findings(dict.fromkeys(reading.findings), reading.exit_code)
    return layers


class _Reading:
    """What was read so far, and what was wrong with it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.findings: list[Finding] = []
        self.exit_code = 1
        self.read: set[str] = set()  # policies' files
        self.cluster: dict[str, list[Document]] = {}  # the cluster's files

    def named(self, path: str) -> Iterator[Policy]:
        """The layers of one argument."""
        if path.startswith(packs.PREFIX):
            place = self.pack(path, None)
            if place is not None:
                yield from self.layers(place, ())
            return
        for file in files.expand(path, SUFFIXES, self.findings):
            root = self.options.root or files.root_of("." if file == STDIN else file)
            yield from self.layers(_Place(file, root), ())

    def layers(self, place: _Place, around: tuple[str, ...]) -> Iterator[Policy]:
        """What a file extends, then the file's own policies; `around` are the files that lead here."""
        key = place.file if place.file == STDIN else os.path.realpath(place.file)
        if key in around:
            self.cycle(around[around.index(key) :], place.by)
            return
        if key in self.read:
            return
        self.read.add(key)
        if len(around) >= MOST:
            message, advice = f"more than {MOST} policies extend one another", "join some of them"
            self.findings.append(Finding("DRG007", message, place.by, advice))
            return
        for document in self.documents(place):
            yield from self.layer(document, place, (*around, key))

    def layer(self, document: Document, place: _Place, around: tuple[str, ...]) -> Iterator[Policy]:
        """The layers that one document stands on, and its own."""
        for span, entry in _entries(document, "extends"):
            upper = self.pack(entry, span) if entry.startswith(packs.PREFIX) else self.beside(place, entry, span)
            if upper is not None:
                yield from self.layers(upper, around)
        enforced: list[Document] = []
        for span, entry in _entries(document, "quotaFrom"):
            file = self.beside(place, entry, span)
            if file is not None:
                enforced += self.enforced(file)
        yield Policy(document, tuple({id(one): one for one in enforced}.values()))

    def pack(self, name: str, by: Span | None) -> _Place | None:
        """The place of `pack:NAME`."""
        try:
            return _Place(packs.find(name.removeprefix(packs.PREFIX), by), packs.folder(), by)
        except Findings as error:
            self.wrong(error, by)
            return None

    def beside(self, place: _Place, path: str, by: Span) -> _Place | None:
        """The place of a path that counts from another file."""
        folder = "" if place.file == STDIN else os.path.dirname(place.file)
        file = os.path.normpath(os.path.join(folder, path))
        if os.path.isabs(path):
            message, advice = f"`{path}` is an absolute path", "a path in a policy counts from the policy's file"
            self.findings.append(Finding("DRG015", message, by, advice))
            return None
        return _Place(file, place.root, by)

    def documents(self, place: _Place) -> list[Document]:
        """The policies of a file."""
        try:
            if place.by is not None:
                files.check_inside(place.file, place.root, place.by)
            found = files.read(place.file, self.options._replace(root=place.root))
        except Findings as error:
            self.wrong(error, place.by)
            return []
        if place.root == packs.folder():
            found = [document._replace(file=packs.shown(place.file)) for document in found]
        return [document for document in found if self.is_policy(document, place.by)]

    def is_policy(self, document: Document, by: Span | None) -> bool:
        """Whether it says to be one; else that is found."""
        if isinstance(document.data, dict) and document.data.get("kind") == "Policy":
            return True
        code, span = ("DRG107", document.span(("kind",))) if by is None else ("DRG463", by)
        message, advice = f"`{document.file}` holds no policy", "a policy is a document of `kind: Policy`"
        self.findings.append(Finding(code, message, span, advice))
        return False

    def enforced(self, place: _Place) -> list[Document]:
        """The documents of a file that the cluster enforces; the same ones for whoever names it."""
        key = os.path.realpath(place.file)
        if key not in self.cluster:
            self.cluster[key] = []
            try:
                files.check_inside(place.file, place.root, place.by)
                self.cluster[key] = files.foreign(place.file, self.options._replace(root=place.root))
            except Findings as error:
                self.wrong(error, place.by)
        return self.cluster[key]

    def cycle(self, around: tuple[str, ...], by: Span | None) -> None:
        """The files of a circle extend each other: none of them is the upper one."""
        shown = [file if file == STDIN else os.path.relpath(file).replace(os.sep, "/") for file in (*around, around[0])]
        message = f"`{shown[0]}` extends itself" if len(shown) == 2 else f"policies extend each other: {_chain(shown)}"
        self.findings.append(Finding("DRG464", message, by, "take one `extends` out: a policy stands below another"))

    def wrong(self, error: Findings, by: Span | None) -> None:
        """What could not be read, at the line that names the file; what is wrong inside it stays where it is."""
        if by is None:
            self.exit_code = max(self.exit_code, error.exit_code)
        self.findings += [
            found._replace(span=by) if by is not None and found.code in ("DRG013", "DRG015") else found
            for found in error.findings
        ]


def _entries(document: Document, field: str) -> Iterator[tuple[Span, str]]:
    """The texts of a list of the spec, each with its place; what is no such list, the format's model reports."""
    body: Any = document.data.get("spec")
    found = body.get(field) if isinstance(body, dict) else None
    for number, entry in enumerate(found if isinstance(found, list) else ()):
        if isinstance(entry, str) and entry:
            path: Path = ("spec", field, number)
            yield document.span(path), entry


def _chain(shown: Sequence[str]) -> str:
    return " → ".join(f"`{file}`" for file in shown)
