"""Find and read spec files: from paths, folders and standard input, never from outside the repository's root."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dragoman.findings import Finding, Findings, Span, did_you_mean
from dragoman.load import reads
from dragoman.load.document import Document
from dragoman.load.text import MAX_SIZE, decode

SUFFIXES = (".dragoman.yaml", ".dragoman.yml", ".dragoman.jsonnet")
JSONNET = (".jsonnet", ".libsonnet")
STDIN = "-"


class Options(NamedTuple):
    """How files are read.

    root    the folder that nothing is read outside of; the repository around each file when empty
    ext     Jsonnet's external variables, and `tla` its top-level arguments: name -> (str | code, text)
    engine  the Jsonnet engine
    drafts  what is read instead of YAML files, by the names that messages use
    """

    root: str = ""
    ext: Mapping[str, tuple[str, str]] = {}
    tla: Mapping[str, tuple[str, str]] = {}
    engine: str = "rjsonnet"
    drafts: Mapping[str, bytes] = {}


def load(paths: Sequence[str], options: Options) -> list[Document]:
    """Every document of the paths, in order; a folder stands for the spec files under it.

    Raises `Findings`: exit code 2 when a path cannot be read at all, 1 when a file is wrong.
    """
    documents: list[Document] = []
    findings: list[Finding] = []
    exit_code = 1
    for path in paths:
        for file in expand(path, SUFFIXES, findings):
            try:
                documents += read(file, options)
            except Findings as error:
                findings += error.findings
                exit_code = max(exit_code, error.exit_code)
    if findings:
        raise Findings(findings, exit_code)
    return documents


def read(file: str, options: Options) -> list[Document]:
    """The documents of one file, or of standard input for `-`."""
    from dragoman.load import yaml  # libyaml: to find files is also for those who read none

    if file == STDIN:
        reads.note_elsewhere()
        if sys.stdin is None:
            raise Findings([Finding("DRG013", "standard input is closed", Span("<stdin>"))], 2)
        return yaml.parse(decode(sys.stdin.buffer.read(MAX_SIZE + 1), "<stdin>"), "<stdin>")
    root = options.root or root_of(file)
    check_inside(file, root)
    if file.endswith(JSONNET):
        from dragoman.load import jsonnet

        evaluated = jsonnet.evaluate(file, root=root, ext=options.ext, tla=options.tla, engine=options.engine)
        return jsonnet.documents(evaluated, _shown(file))
    draft = options.drafts.get(_shown(file))
    return yaml.parse(decode(_bytes(file) if draft is None else draft, _shown(file)), _shown(file))


def foreign(file: str, options: Options) -> list[Document]:
    """The documents of a file that others wrote, for a cluster say: `yaml.parse` of what is `foreign`."""
    from dragoman.load import yaml

    if file.endswith(JSONNET):
        return read(file, options)
    check_inside(file, options.root or root_of(file))
    return yaml.parse(decode(_bytes(file), _shown(file)), _shown(file), foreign=True)


def imported(flow: Document, imports: Mapping[str, str], options: Options) -> dict[str, Document]:
    """The libraries that a flow imports, by their names; paths count from the flow's file."""
    libraries: dict[str, Document] = {}
    findings: list[Finding] = []
    here = "" if flow.file == "<stdin>" else os.path.dirname(flow.file)
    root = options.root or root_of(flow.file if here or flow.file != "<stdin>" else ".")
    for name, path in imports.items():
        span = flow.span(("spec", "imports", name))
        file = os.path.normpath(os.path.join(here, path))
        try:
            if os.path.isabs(path):
                raise Findings(
                    [
                        Finding(
                            "DRG015",
                            f"`{path}` is an absolute path",
                            span,
                            "an import counts from the flow's file",
                        )
                    ]
                )
            check_inside(file, root, span)
            documents = read(file, options._replace(root=root))
        except Findings as error:
            findings += [
                found._replace(span=span) if found.code in ("DRG013", "DRG015") else found for found in error.findings
            ]
            continue
        kind = documents[0].data.get("kind") if isinstance(documents[0].data, dict) else None
        if len(documents) != 1 or kind != "Library":
            findings.append(
                Finding(
                    "DRG115",
                    f"`{path}` is not a library",
                    span,
                    "an imported file is one document of `kind: Library` with `spec.templates`",
                )
            )
            continue
        libraries[name] = documents[0]
    if findings:
        raise Findings(findings)
    return libraries


def root_of(file: str) -> str:
    """The repository that a file is in; without one, the working folder, or the file's own folder outside of it."""
    folder = os.path.dirname(os.path.abspath(file))
    at = folder
    while True:
        if os.path.exists(os.path.join(at, ".git")):
            return at
        parent = os.path.dirname(at)
        if parent == at:
            break
        at = parent
    here = os.getcwd()
    return here if os.path.commonpath([here, folder]) == here else folder


def check_inside(file: str, root: str, span: Span | None = None) -> None:
    """Raise unless the file, links followed, is under the root."""
    top = os.path.realpath(root)
    real = os.path.realpath(file)
    if real != top and not real.startswith(top.rstrip(os.sep) + os.sep):
        raise Findings(
            [
                Finding(
                    "DRG015",
                    f"`{_shown(file)}` is outside the repository",
                    span or Span(_shown(file)),
                    "everything a flow reads must be in the repository; `--root` names another folder",
                )
            ],
            1,
        )


def expand(path: str, suffixes: tuple[str, ...], findings: list[Finding]) -> Iterator[str]:
    """The path itself; for a folder, the files under it whose names end so, or a finding when there are none."""
    if path == STDIN or not os.path.isdir(path):
        yield path
        return
    found = reads.listing(path, suffixes)
    yield from found
    if not found:
        endings = " or ".join(f"`{suffix}`" for suffix in suffixes)
        one, several = ("spec", "specs") if suffixes == SUFFIXES else ("policy", "policies")
        if ".policy-test.yaml" in suffixes:
            one, several = "policy test", "policy tests"
        findings.append(
            Finding("DRG014", f"there are no {several} under `{path}`", None, f"a {one}'s name ends in {endings}")
        )


def _bytes(file: str) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not keep us waiting
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        message, advice = f"`{_shown(file)}` is not a regular file", "name a file, or `-` for standard input"
        raise Findings([Finding("DRG013", message, None, advice)], 2)
    with os.fdopen(descriptor, "rb") as stream:
        try:
            data = stream.read(MAX_SIZE + 1)
        except OSError as error:
            raise _unreadable(file, error) from None
    reads.note_file(file, data)
    return data


def _unreadable(file: str, error: OSError | ValueError) -> Findings:
    reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
    folder = os.path.dirname(file) or "."
    hint = ""
    if isinstance(error, FileNotFoundError) and os.path.isdir(folder):
        beside = [name for name in os.listdir(folder) if not name.startswith(".")]
        close = did_you_mean(os.path.basename(file), beside)
        hint = close if close.startswith("did") else ""
    return Findings([Finding("DRG013", f"cannot read `{_shown(file)}`: {reason}", None, hint)], 2)


def _shown(file: str) -> str:
    """A path as messages and manifests write it."""
    return os.path.normpath(file).replace(os.sep, "/")
