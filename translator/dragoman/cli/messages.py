"""Messages to people, on standard error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from dragoman.findings import ERROR, INFO, Finding
from dragoman.report import text


def show(findings: Iterable[Finding], arguments: argparse.Namespace) -> None:
    """The findings that this command line wants to see."""
    wanted = [finding for finding in findings if _wanted(finding, arguments)]
    sys.stderr.write(text.text(wanted, color=colored(arguments, sys.stderr), verbose=arguments.verbose))


def colored(arguments: argparse.Namespace, stream: TextIO) -> bool:
    """Whether a stream gets colors: on a terminal, unless NO_COLOR or `--color` say otherwise."""
    if arguments.color != "auto":
        return bool(arguments.color == "always")
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _wanted(finding: Finding, arguments: argparse.Namespace) -> bool:
    if arguments.quiet:
        return finding.severity == ERROR
    return finding.severity != INFO or arguments.verbose
