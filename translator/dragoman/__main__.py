"""The console script, and `python -m dragoman`."""

from __future__ import annotations

import gc
import sys


def start() -> None:
    """Run the command line and leave; one render is over before collecting garbage could pay."""
    gc.disable()
    from dragoman.cli import main

    code = main()
    gc.freeze()  # nothing is looked through on the way out
    sys.exit(code)


if __name__ == "__main__":
    start()
