"""Calls that are made again while what they met may pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dragoman.drive.answers import ApiError

PAUSE = 1.0  # seconds before the second try
LONGEST_PAUSE = 30.0
TRIES = 10  # in a row: about three and a half minutes
CONFLICT, EXPIRED = 409, 410

Result = TypeVar("Result")


def patiently(call: Callable[[], Result], sleep: Callable[[float], object], lost: Callable[[str], object]) -> Result:
    """The call's result; `ApiError` when it is refused, or fails for long. `lost` hears of each failure."""
    failed = 0
    while True:
        try:
            return call()
        except ApiError as error:
            failed += 1
            sleep(pause(error, failed, lost))


def pause(error: ApiError, failed: int, lost: Callable[[str], object]) -> float:
    """How long to wait after so many failures in a row; raises the error again when waiting does not help."""
    again = error.status == CONFLICT or (error.passing and error.status != EXPIRED)
    if not again or failed > TRIES:
        raise error
    seconds: float = max(min(PAUSE * 2 ** (failed - 1), LONGEST_PAUSE), error.after)
    lost(f"lost contact ({error.message}); trying again in {seconds:.0f}s")
    return seconds
