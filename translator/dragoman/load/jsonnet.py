"""A Jsonnet file as plain data, evaluated by a process of its own that is confined and can be stopped."""

from __future__ import annotations

import json
import marshal
import os
import select
import signal
import sys
from collections.abc import Mapping
from importlib.machinery import PathFinder
from time import monotonic
from typing import Any, NamedTuple

from dragoman.findings import Finding, Findings, Span
from dragoman.load import reads
from dragoman.load.document import Document, refuse_nul

KEPT = 1 << 16  # bytes of stderr; also what a pipe holds
LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # what an interpreter may need to find its own library
ENGINES = {"rjsonnet": "rjsonnet", "jsonnet": "_jsonnet"}  # the name on the command line -> the module
LIBRARY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "spec", "dragoman.libsonnet")
WORKER = os.path.join(os.path.dirname(__file__), "jsonnet_worker.py")


class Limits(NamedTuple):
    """What one evaluation may use: bytes, seconds and counts."""

    memory: int = 1_000_000_000  # address space
    cpu: int = 5
    wall: int = 10
    output: int = 20_000_000
    depth: int = 100
    file: int = 5_000_000
    imports: int = 1_000
    calls: int = 500  # within calls; both engines' own default
    stack: int = 8 * 1024 * 1024  # the usual one, so that a crash is the same everywhere


LIMITS = Limits()


class Evaluated(NamedTuple):
    """The plain data of a Jsonnet file, and the real paths of the files that it imported.

    `imports` are sorted, and relative to the repository root where they lie inside it.
    `trace` are the lines that `std.trace` printed.
    """

    data: Any
    imports: tuple[str, ...]
    trace: tuple[str, ...] = ()


class Run(NamedTuple):
    """One evaluation, as messages need it.

    path    the file as the caller wrote it
    root    the real root
    entry   the file's real path from there
    """

    path: str
    root: str
    entry: str
    engine: str
    limits: Limits
    variables: Mapping[str, Mapping[str, str]]  # ext_vars, ext_codes, tla_vars, tla_codes

    @property
    def span(self) -> Span:
        """The file itself, when no better place is known."""
        return Span(self.path, approximate=True)


class Answer(NamedTuple):
    """What a worker said and the end of its stderr; its exit code (a signal: negative; too late: None)."""

    output: bytes
    errors: bytes
    status: int | None


def evaluate(
    path: str,
    *,
    root: str,
    ext: Mapping[str, tuple[str, str]] = {},
    tla: Mapping[str, tuple[str, str]] = {},
    engine: str = "rjsonnet",
    library: str = LIBRARY,
    limits: Limits = LIMITS,
) -> Evaluated:
    """Evaluate the file at `path`; it may import what lies under `root`, and `dragoman.libsonnet`.

    `ext` and `tla` map a name to ('str' or 'code', its text).
    Raises Findings with one finding: DRG021 to DRG028, or what any file gets that cannot be read.
    """
    real_root = os.path.realpath(root)
    entry = os.path.relpath(os.path.realpath(path), real_root)
    variables = {**_by_kind("ext", ext), **_by_kind("tla", tla)}
    run = Run(os.path.normpath(path), real_root, entry, engine, limits, variables)
    request = {
        "engine": ENGINES[engine],
        "directory": _directory_of(run),
        "root": real_root,
        "entry": entry,
        "library": os.path.realpath(library),
        "variables": variables,
        "limits": limits._asdict(),
    }
    command = [sys.executable, "-I", "-S", WORKER]
    answer = converse(command, marshal.dumps(request), seconds=limits.wall, size=limits.output + 1_000_000)
    kind, files, looked, body = _parts(answer.output)
    if kind != "data":
        from dragoman.load.jsonnet_errors import explain

        found = explain(run, answer, kind, files, body)
        raise Findings([found], 2 if found.code in ("DRG013", "DRG028") else 1)
    for lexical, name, digest in looked:
        asked = path if lexical == entry else os.path.relpath(os.path.join(real_root, lexical))
        reads.note_lookup(asked, os.path.join(real_root, name), digest)
    trace = answer.errors.decode(errors="replace").splitlines()
    return Evaluated(
        _plain(run, body),
        tuple(sorted(name for name in files if name != entry)),
        tuple(line for line in trace if line.startswith("TRACE: ")),
    )


def documents(evaluated: Evaluated, file: str) -> list[Document]:
    """The flows of an evaluated file: one object is one, a list of objects several, numbered from 1.

    Raises Findings: DRG021 for anything else.
    """
    several = isinstance(evaluated.data, list)
    flows = evaluated.data if several else [evaluated.data]
    wrong = [
        Finding(
            "DRG021",
            f"{f'item {number} of ' if several else ''}the result is {_a(flow)}, not an object",
            Span(file, approximate=True),
            "a file evaluates to one flow (an object) or to a list of flows",
        )
        for number, flow in enumerate(flows, 1)
        if not isinstance(flow, dict)
    ]
    if wrong:
        raise Findings(wrong)
    found = [Document(file, number, flow, {}, approximate=True) for number, flow in enumerate(flows, 1)]
    refuse_nul(found)
    return found


def converse(command: list[str], request: bytes, *, seconds: float, size: int) -> Answer:
    """Give a new process a request and take its answer, for so long and up to that size; then it is dead."""
    try:
        worker, ends = _start(command)
    except OSError as error:
        return Answer(b"", str(error).encode(), 127)
    try:
        output, errors, late = _exchange(ends, request, seconds, size)
    finally:  # Ctrl-C too
        os.kill(worker, signal.SIGKILL)  # one that has ended keeps the status it ended with
        status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        last_words = os.read(ends[2], KEPT)
        for end in ends:
            os.close(end)
    return Answer(output, (errors + last_words)[-KEPT:], None if late else status)


def _start(command: list[str]) -> tuple[int, tuple[int, int, int]]:
    """A process in a session of its own, where no terminal's Ctrl-C goes, and our ends of its streams."""
    stdin, asking = os.pipe()
    hearing, stdout = os.pipe()
    muttering, stderr = os.pipe()
    streams = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate((stdin, stdout, stderr))]
    kept = {name: os.environ[name] for name in LOADER if name in os.environ}
    try:
        # not subprocess: importing that costs more than starting the worker
        worker = os.posix_spawn(command[0], command, kept, file_actions=streams, setsid=True)
    except OSError:
        for end in (asking, hearing, muttering):
            os.close(end)
        raise
    finally:
        for end in (stdin, stdout, stderr):
            os.close(end)
    return worker, (asking, hearing, muttering)


def _exchange(ends: tuple[int, int, int], request: bytes, seconds: float, size: int) -> tuple[bytes, bytes, bool]:
    """The worker's output until it closes it, the end of its stderr, and whether it took too long."""
    asking, hearing, muttering = ends
    poll, deadline = select.poll(), monotonic() + seconds
    for end in ends:
        os.set_blocking(end, False)
        poll.register(end, select.POLLOUT if end == asking else select.POLLIN)
    heard = {hearing: bytearray(), muttering: bytearray()}
    while len(heard[hearing]) <= size:
        left = deadline - monotonic()
        if left <= 0:
            return bytes(heard[hearing]), bytes(heard[muttering]), True
        for end, _ in poll.poll(left * 1000):
            if end == asking:
                request = request[_write(asking, request) :]
                if not request:
                    poll.unregister(asking)
                continue
            chunk = os.read(end, KEPT)
            heard[end] += chunk
            if not chunk:
                poll.unregister(end)
            if end == muttering:
                del heard[end][:-KEPT]
            elif not chunk:
                return bytes(heard[hearing]), bytes(heard[muttering]), False
    return bytes(heard[hearing]), bytes(heard[muttering]), False


def _write(end: int, request: bytes) -> int:
    try:
        return os.write(end, request)
    except BrokenPipeError:
        return len(request)  # it does not want to know; what it says, or its end, tells why


def _by_kind(which: str, values: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """The values as the engines take them: `ext_vars` and `ext_codes`, or `tla_vars` and `tla_codes`."""
    kinds = {"str": "vars", "code": "codes"}
    return {
        f"{which}_{plural}": {name: text for name, (given, text) in values.items() if given == kind}
        for kind, plural in kinds.items()
    }


def _directory_of(run: Run) -> str:
    """The directory that the engine is imported from, in this interpreter's own order."""
    spec = PathFinder.find_spec(ENGINES[run.engine])
    if spec is None or spec.origin is None:
        from dragoman.load.jsonnet_errors import missing_engine

        raise Findings([missing_engine(run)], 2)
    directory = os.path.dirname(spec.origin)
    return os.path.dirname(directory) if spec.submodule_search_locations else directory


def _parts(output: bytes) -> tuple[str, tuple[str, ...], list[tuple[str, str, str]], bytes]:
    """The kind of an answer, the files read, what was looked up, the body; no kind when it is no whole answer."""
    header, end, body = output.partition(b"\0\0")
    kind, *rest = header.decode(errors="surrogateescape").split("\0")
    if not end or len(rest) < 2 or rest[0] != str(len(body)) or not rest[1].isdecimal():
        return "", (), [], b""
    count = int(rest[1]) + 2
    looked = rest[count:]
    return kind, tuple(rest[2:count]), list(zip(looked[::3], looked[1::3], looked[2::3], strict=False)), body


def _plain(run: Run, body: bytes) -> Any:
    """The engine's JSON as data; both engines' ways to write a number give the same one."""
    try:
        data = json.loads(body.decode(), parse_float=_number, parse_int=_number, parse_constant=_number)
    except RecursionError:
        wrong = f"is nested deeper than {run.limits.depth}"
    except ValueError:
        wrong = "holds a number that JSON cannot write: infinite, or not a number"
    else:
        if not _deeper(data, run.limits.depth):
            return data
        wrong = f"is nested deeper than {run.limits.depth}"
    raise Findings([Finding("DRG026", f"the result {wrong}", run.span)])


def _number(text: str) -> int | float:
    """An int for every whole number that 64 bits hold, as Jsonnet has only doubles."""
    value = float(text)
    if value - value != 0:
        raise ValueError(text)
    return int(value) if value.is_integer() and abs(value) < 2**63 else value


def _deeper(data: Any, limit: int) -> bool:
    level = [data] if isinstance(data, (dict, list)) else []
    for _ in range(limit):
        containers = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for children in containers for child in children if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _a(value: Any) -> str:
    """What a value is, in Jsonnet's words."""
    if value is None:
        return "null"
    words = {bool: "a boolean", str: "a string", int: "a number", float: "a number", list: "an array"}
    return words[type(value)]
