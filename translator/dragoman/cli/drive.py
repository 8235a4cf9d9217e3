"""`dragoman drive`: the coordinator of a run, inside its cluster."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
import traceback

from dragoman.drive.answers import ApiError
from dragoman.drive.cluster import connect
from dragoman.drive.kubernetes.client import Client
from dragoman.drive.kubernetes.coordinate import coordinate, myself, read
from dragoman.drive.kubernetes.jobs import OwnerGone, World
from dragoman.drive.kubernetes.refusals import gone, refused
from dragoman.findings import Finding, Findings
from dragoman.report.progress import Progress

TERMINATED = 128 + signal.SIGTERM


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when the flow succeeded, 1 when it failed; whatever keeps it from being seen to its end is 2."""
    signal.signal(signal.SIGTERM, _leave)  # the first process of a container has no other way to be told
    gc.enable()  # a run may last for days
    me = myself(os.environ)
    plan = read(arguments.plan)
    try:
        place = connect("", me.namespace)
    except ImportError as error:
        message = f"a client for Kubernetes is not installed: {error}"
        raise Findings([Finding("DRG601", message, None, "pip install 'dragoman[kubernetes]'")], 2) from None
    progress = Progress(_written, time.time, quiet=arguments.quiet)
    world = World(time.time, time.sleep, progress.note)
    try:
        return 0 if coordinate(plan, me, arguments.param, Client(place), world, progress) else 1
    except Findings:
        raise
    except ApiError as error:
        raise refused(error, place) from None
    except OwnerGone:
        raise gone(place, me.name) from None
    except Exception:  # a bug: exit code 1 would say that the flow failed, and nobody would try again
        traceback.print_exc()
        return 2


def _leave(number: int, frame: object) -> None:
    """Go at once: the Jobs go on, and the next coordinator finds them."""
    os._exit(TERMINATED)


def _written(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
