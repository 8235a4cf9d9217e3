"""Follow a run until it ends, over watches that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dragoman.drive.answers import ApiError
from dragoman.drive.argo.reach import Argo, Workflow

PAUSE = 1.0  # seconds before a watch that ended is opened again
LONGEST_PAUSE = 30.0
TRIES = 10  # in a row: about three and a half minutes

ENDINGS = frozenset({"Succeeded", "Failed", "Error"})


def follow(
    argo: Argo,
    name: str,
    seen: Callable[[Workflow], None],
    lost: Callable[[str], None],
    sleep: Callable[[float], object],
    waiting: Callable[[Iterator[Workflow]], Iterator[Workflow]] = iter,
) -> Workflow:
    """The run as it ended; raises `ApiError` when it is gone, refused, or out of reach for long.

    seen     is called with each state of the run
    lost     is called with a sentence when contact is lost
    waiting  is what a watch is read through
    """
    failed = 0
    while True:
        try:
            for workflow in waiting(argo.watch(name)):
                failed = 0
                seen(workflow)
                if (workflow.get("status") or {}).get("phase") in ENDINGS:
                    return workflow
            pause = PAUSE
        except ApiError as error:
            failed += 1
            if not error.passing or failed > TRIES:
                raise
            pause = min(PAUSE * 2 ** (failed - 1), LONGEST_PAUSE)
            lost(f"lost contact ({error.message}); trying again in {pause:.0f}s")
        sleep(pause)
