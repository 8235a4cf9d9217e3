"""What a failed Jsonnet evaluation tells its author: one finding from what the engine or the worker said."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence

from dragoman.findings import Finding, did_you_mean
from dragoman.load.jsonnet import LIBRARY, Answer, Run
from dragoman.load.jsonnet_trace import address, display, frames, span_of_import
from dragoman.load.text import decode

INSTALL = {"rjsonnet": "pip install rjsonnet", "jsonnet": "pip install 'dragoman[jsonnet]'"}
NEAREST = 5  # places beside the first that a finding shows
LONGEST = 300  # letters of an engine's message
OVERFLOW = ("stack overflow", "max stack frames exceeded")
FUNCTION = ("tried to manifest function", "couldn't manifest function")
PREFIX = re.compile(r"^(RUNTIME ERROR|STATIC ERROR|runtime error|assert failed): ")
UNSAID = re.compile(r"assert failed: null\n|RUNTIME ERROR: (Object a|A)ssertion failed\.\n")
EXT_VAR = re.compile(r"(?:external variable is not defined|undefined external variable): (.*)")
ARGUMENT = re.compile(r"function (?:argument is not passed: (\w+)|parameter (\w+) not bound in call)")
SIMILAR = re.compile(r"There is \w+ with similar names? present: (.*)")
SIGNATURE = re.compile(r"Function has the following signature: (.*)")


def explain(run: Run, answer: Answer, kind: str, files: Sequence[str], body: bytes) -> Finding:
    """The finding for an answer without data, whatever it is."""
    text = body.decode(errors="surrogateescape")
    if kind in ("missing", "outside", "unfit"):
        return _refused(run, files, kind, *text.split("\0"))
    if kind == "error":
        return _evaluation(run, files, text)
    if kind == "large":
        size = f"has {int(text):,} bytes, maximum {run.limits.output:,}"
        return Finding("DRG026", f"the result {size}", run.span)
    if kind == "text":
        return Finding("DRG026", "the result holds half of a surrogate pair, which is not text", run.span)
    if kind == "engine":
        return missing_engine(run, text)
    return _stopped(run, answer, kind, text)


def missing_engine(run: Run, reason: str = "") -> Finding:
    """The engine that was asked for is not there, or does not load."""
    state = f"does not load: {_clean(reason)}" if reason else "is not installed"
    return Finding("DRG028", f"the Jsonnet engine `{run.engine}` {state}", help=INSTALL[run.engine])


def _stopped(run: Run, answer: Answer, kind: str, text: str) -> Finding:
    """The worker ended, or was ended, without an answer."""
    limits, status = run.limits, answer.status
    if status in (None, -signal.SIGXCPU):
        seconds = limits.wall if status is None else limits.cpu
        help_ = "a loop or a recursion may have no end"
        if run.engine == "jsonnet":
            help_ += "; the default engine, `rjsonnet`, is often a hundred times faster"
        return Finding("DRG024", f"evaluation took longer than {seconds} s", run.span, help_)
    if kind == "memory" or b"memory allocation" in answer.errors:
        help_ = "a string, an array or a recursion may grow without end"
        message = f"evaluation used more than {limits.memory / 1e9:g} GB of memory"
        return Finding("DRG025", message, run.span, help_)
    if kind == "crash":
        how = f"crashed: {_clean(text)}"
    elif status is not None and status < 0:
        how = f"was ended by {_signal(-status)}"
    else:
        how = f"ended without an answer (exit code {status})"
    help_ = "nesting or recursion without end is the usual reason"
    if status == -signal.SIGKILL:
        help_ = "the machine may have run out of memory"
    return Finding("DRG025", f"the Jsonnet engine {how}", run.span, help_)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _refused(run: Run, files: Sequence[str], kind: str, base: str, wanted: str, reason: str) -> Finding:
    """An import that the jail did not allow."""
    code = "DRG023" if kind == "outside" else "DRG022"
    if not files:
        return _unread(run, kind, reason)
    span = span_of_import(run, files, base, wanted) or run.span
    name = _shown(wanted)
    if kind == "outside":
        help_ = "an import is relative to its file or to `vendor`, inside the repository"
        return Finding(code, f"import `{name}` {reason}", span, help_)
    if kind == "unfit":
        return Finding(code, f"import `{name}` {reason}", span)
    directories = [os.path.normpath(os.path.join(run.root, place)) for place in (base, "vendor")]
    searched = " or ".join(f"`{display(run, os.path.relpath(place, run.root))}`" for place in directories)
    folder, _ = os.path.split(wanted)
    known = [os.path.join(folder, file) for place in directories for file in _listed(place, folder)]
    return Finding(code, f"import `{name}` is not found in {searched}", span, did_you_mean(wanted, known))


def _unread(run: Run, kind: str, reason: str) -> Finding:
    """The file itself, which gets the findings of any other file."""
    if kind == "outside":
        help_ = "everything a flow reads must be in the repository; `--root` names another folder"
        return Finding("DRG015", f"`{run.path}` is outside the repository", run.span, help_)
    if kind == "missing":
        return Finding("DRG013", f"cannot read `{run.path}`: no such file or directory")
    place = os.path.join(run.root, run.entry)
    if os.path.isfile(place) and os.access(place, os.R_OK):
        with open(place, "rb") as file:
            decode(file.read(run.limits.file + 1), run.path)
    return Finding("DRG013", f"`{run.path}` {reason}")


def _listed(directory: str, folder: str) -> list[str]:
    place = os.path.join(directory, folder)
    try:
        return [name for name in os.listdir(place) if os.path.isfile(os.path.join(place, name))]
    except OSError:
        return []


def _evaluation(run: Run, files: Sequence[str], text: str) -> Finding:
    """The engine's own error, at the author's innermost place: what the library says is about its caller."""
    found = frames(run, files, text)
    library = os.path.basename(LIBRARY)
    at = next((i for i, frame in enumerate(found) if os.path.basename(frame.file) != library), 0)
    first = found[at] if found else None
    words = first.words if first and text.startswith("STATIC ERROR: ") else PREFIX.sub("", text)
    code, message, help_ = _meaning(run, words, located=bool(found))
    if UNSAID.match(text):
        message = "an assertion failed"
    span = first.span if first else run.span
    others = {frame.span: "raised here" if i < at else "reached from here" for i, frame in enumerate(found)}
    related = tuple((place, words) for place, words in others.items() if place != span)
    return Finding(code, message, span, help_, address=address(text), related=related[:NEAREST])


def _meaning(run: Run, text: str, *, located: bool) -> tuple[str, str, str]:
    """Code, message and help of what an engine says."""
    variable, argument = EXT_VAR.match(text), ARGUMENT.match(text)
    if variable:
        name = _shown(variable[1])
        given = [*run.variables["ext_vars"], *run.variables["ext_codes"]]
        known = "; " + did_you_mean(name, given) if given else ""
        help_ = f"give it with `--ext-str {name}=VALUE`{known}"
        return "DRG027", f"the external variable `{name}` is not set", help_
    if argument and not located:  # by the engine itself, which calls a file that is a function
        name = argument[1] or argument[2]
        return (
            "DRG027",
            f"the top-level argument `{name}` is not given",
            f"give it with `--tla-str {name}=VALUE`",
        )
    if text.startswith(FUNCTION):
        return "DRG026", "the result holds a function", "call it, or hide its field with `::`"
    if text.startswith(OVERFLOW):
        help_ = "a function, a field or a variable may refer to itself without end"
        return "DRG021", f"evaluation failed: calls are nested deeper than {run.limits.calls}", help_
    message = _clean(text)
    return (
        "DRG021",
        message if message.startswith("syntax error") else f"evaluation failed: {message}",
        _hint(text),
    )


def _hint(text: str) -> str:
    """What rjsonnet adds to some errors."""
    similar, signature = SIMILAR.search(text), SIGNATURE.search(text)
    if similar:
        return "did you mean " + " or ".join(f"`{_shown(name)}`" for name in similar[1].split(", ")) + "?"
    return f"its parameters are `{_shown(signature[1])}`" if signature else ""


def _clean(text: str) -> str:
    """The first line that says something."""
    lines = (line.strip() for line in text.split("\n") if not line.startswith("\t"))
    return _shown(next(filter(None, lines), "no message").removesuffix("."))


def _shown(text: str) -> str:
    """Text of a spec without what would move a terminal's cursor, and not too long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text[: LONGEST + 1])
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
