"""The command line. A verb's modules are imported inside the verb: `--help` and `--version` stay instant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from dragoman import __version__
from dragoman.cli.flags import VERBS, parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; exit code 0 nothing to report, 1 findings, 2 could not do the work."""
    try:
        given = sys.argv[1:] if argv is None else argv
        arguments = parser(__version__, given).parse_args(given)
        arguments.given = list(given)
    except SystemExit as stop:  # argparse has printed its help, or what is wrong
        return stop.code if isinstance(stop.code, int) else 2
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of a pipe has gone: nobody is left to tell
        _silence_stdout()
        return 2
    except OSError as error:  # of our own streams: those who read and write files have words for theirs
        _silence_stdout()
        print(f"error: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    from dragoman.findings import Findings

    verb = import_module(f"dragoman.cli.{VERBS[arguments.verb].module}")
    try:
        if "paths" in arguments:
            from dragoman.cli.defaults import filled

            arguments = filled(arguments)
        result: int = verb.run(arguments)
        return result
    except Findings as error:
        from dragoman.cli.messages import show

        show(error.findings, arguments)
        return error.exit_code
    except RecursionError:
        print("error: the input is nested too deeply", file=sys.stderr)
        return 2
    except MemoryError:
        print("error: the input needs more memory than there is", file=sys.stderr)
        return 2


def _silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's own flush at exit has nowhere to fail."""
    import os

    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
