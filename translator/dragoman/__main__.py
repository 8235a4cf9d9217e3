"""The console script, and `python -m dragoman`."""

from __future__ import annotations

import gc
import io
import sys


def start() -> None:
    """Run the command line and leave; one render is over before collecting garbage could pay."""
    gc.disable()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # manifests are, whatever the terminal says
    from dragoman.cli import main

    code = main()
    gc.freeze()  # nothing is looked through on the way out
    sys.exit(code)


if __name__ == "__main__":
    start()
