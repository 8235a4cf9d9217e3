"""Spec files, however many: what was translated before is found again, the rest is shared out among processes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dragoman.cli.platform import platform
from dragoman.farm.outcome import Outcome
from dragoman.findings import WARNING, Finding, Findings
from dragoman.load import files, reads

if TYPE_CHECKING:  # a single small render keeps nothing
    from dragoman.cli.kept import Kept

VARIABLE = "DRAGOMAN_CACHE"
MANY = 50  # spec files from which on results are kept though nobody asked for it
EACH = 10  # spec files that are worth a process
SLOW = 10  # files of YAML that a file of Jsonnet is as much work as
PAUSE = 0.1  # seconds between two changes of what a terminal shows


def translated(specs: Sequence[str], arguments: argparse.Namespace) -> tuple[list[Outcome], list[Finding]]:
    """What became of each file, and what is to be said beside; raises `Findings` about policies.

    It is the same wherever, in how many processes and after what it was made.
    """
    kept, said = _kept(len(specs), arguments)
    found: dict[int, Outcome] = {}
    with _progress(len(specs), arguments) as progress:
        for number, spec in enumerate(specs):
            outcome = kept.find(spec) if kept else None
            if outcome is not None:
                found[number] = outcome
        missing = [number for number in range(len(specs)) if number not in found]
        for number, outcome in _made(specs, missing, kept, arguments) if missing else ():
            found[number] = outcome
            progress(len(found))
    return [found[number] for number in range(len(specs))], said


def _kept(count: int, arguments: argparse.Namespace) -> tuple[Kept | None, list[Finding]]:
    """What is known from before, if that is wanted for so many spec files, and why it cannot be."""
    asked = "" if arguments.no_cache else arguments.cache or os.environ.get(VARIABLE)
    folder = _usual(count) if asked is None else asked
    if not folder:
        return None, []
    from dragoman.cli.kept import opened

    try:
        return opened(folder, arguments), []
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "name another folder with `--cache DIR`, or say `--no-cache`"
        said = Finding("DRG684", f"nothing can be kept in `{folder}`: {reason}", None, advice, severity=WARNING)
        return None, [said] if asked else []


def _usual(count: int) -> str:
    """The folder when nobody names one; none for few files, and none inside of Argo CD.

    Argo CD keeps what it was given. A person can ask it to forget that, and it cannot ask us (argo-cd#23546).
    """
    if count < MANY or platform():
        return ""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "dragoman") if os.path.isabs(base) else ""


def _made(
    specs: Sequence[str], missing: Sequence[int], kept: Kept | None, arguments: argparse.Namespace
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of these files, in any order."""
    translate = _keeping(kept, arguments) if kept else _translator(arguments)
    here = [missing[0], *(number for number in missing[1:] if specs[number] == files.STDIN)]
    for number in here:  # the first one loads what the processes then have in common
        yield number, translate(specs[number])
    rest = dict.fromkeys(missing)
    for number in here:
        del rest[number]
    jobs = _jobs([specs[number] for number in rest], arguments.jobs)
    if jobs > 1:
        for number, outcome in _elsewhere(specs, list(rest), jobs, translate):
            del rest[number]
            yield number, outcome
    for number in rest:
        yield number, translate(specs[number])


def _elsewhere(
    specs: Sequence[str], rest: Sequence[int], jobs: int, translate: Callable[[str], Outcome]
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes from processes of their own; fewer, or none, where the system has no room for processes."""
    from dragoman.farm.processes import Killed, NoRoom, shared
    from dragoman.farm.wire import decode, encode

    try:
        with closing(shared(lambda number: encode(translate(specs[number])), rest, jobs)) as results:
            for number, data in results:
                yield number, translate(specs[number]) if data is None else decode(data)
    except Killed as end:
        raise Findings([_killed(specs[end.piece], end.signal)], 2) from None
    except NoRoom:
        return


def _killed(spec: str, signal: int) -> Finding:
    from signal import SIGKILL, Signals

    how = f"was killed by {Signals(signal).name}" if signal else "ended before it was done"
    advice = "what it was about to do may have been too much"
    if signal == SIGKILL:
        advice = "most likely there was not enough memory: with fewer processes, `--jobs 1` say, each has more"
    return Finding("DRG682", f"the process that translated `{spec}` {how}", None, advice)


def _jobs(specs: Sequence[str], asked: int | None) -> int:
    """How many processes are worth it."""
    if not hasattr(os, "fork") or asked == 1:
        return 1
    if asked is not None:
        return min(asked, len(specs))
    work = sum(SLOW if spec.endswith(files.JSONNET) else 1 for spec in specs)
    if work < 2 * EACH:
        return 1
    from dragoman.farm.processes import processors

    return min(processors(), work // EACH, len(specs))


def _translator(arguments: argparse.Namespace) -> Callable[[str], Outcome]:
    from dragoman.cli.translation import translator  # the compiler: nobody needs it for what is known

    return translator(arguments)


def _keeping(kept: Kept, arguments: argparse.Namespace) -> Callable[[str], Outcome]:
    """What translates a file and keeps what became of it, with all that was read for it."""
    with reads.watched() as common:
        translate = _translator(arguments)

    def keep(spec: str) -> Outcome:
        with reads.watched() as seen:
            outcome = translate(spec)
        if all(seen.get(read, state) == state for read, state in common.items()):
            kept.keep(spec, {**common, **seen}, outcome)
        return outcome

    return keep


@contextmanager
def _progress(total: int, arguments: argparse.Namespace) -> Iterator[Callable[[int], None]]:
    """A line on the terminal that counts, and is gone at the end; nothing where there is no terminal."""
    shown = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not arguments.quiet
    next_time = time.monotonic() + 5 * PAUSE  # who is done sooner needs no line
    drawn = False

    def progress(done: int) -> None:
        nonlocal next_time, drawn
        if shown and time.monotonic() >= next_time:
            next_time = time.monotonic() + PAUSE
            drawn = True
            sys.stderr.write(f"\r{done:,} of {total:,} specs\x1b[K")
            sys.stderr.flush()

    try:
        yield progress
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
