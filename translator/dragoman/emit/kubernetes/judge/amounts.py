"""Quantities as Kubernetes reads them: `500m`, `1.5Gi`, `2e3`; exact, in nano units.

Grammar of `apimachinery/pkg/api/resource/quantity.go`; what is finer than a nano is rounded up, as there.
"""

from __future__ import annotations

import re
from functools import lru_cache

_QUANTITY = re.compile(r"([+-]?)([0-9]{0,40})(?:\.([0-9]{0,40}))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,9}))?")
_NANO = 10**9
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_FARTHEST = 60  # powers of ten beyond it are all the same: far too much, or as good as nothing
LARGEST = (2**63 - 1) * _NANO  # Kubernetes caps what is larger


@lru_cache(4096)  # the steps of a flow ask for the same few amounts
def amount(text: str) -> int | None:
    """The quantity in nano units; None where the text is none.

    >>> amount("500m"), amount("1Ki"), amount(".5"), amount("1 Gi"), amount("1K")
    (500000000, 1024000000000, 500000000, None, None)
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, suffix, exponent = match.groups("")
    if not whole and not fraction:
        return None
    power = _POWERS.get(suffix, 0) + (int(exponent) if exponent else 0)
    power = max(-_FARTHEST, min(power, _FARTHEST)) + 9 - len(fraction)
    digits = int(whole + fraction) << 10 * _BINARY.get(suffix, 0)
    nanos: int = digits * 10**power if power >= 0 else -(-digits // 10**-power)
    return -min(nanos, LARGEST) if sign == "-" else min(nanos, LARGEST)


def quantity(value: str | int | float) -> int | None:
    """The quantity that a string or a number of JSON stands for."""
    if type(value) is int:
        return max(-LARGEST, min(value * _NANO, LARGEST))
    return amount(value if isinstance(value, str) else repr(value))


def whole(nanos: int) -> bool:
    """Whether an amount is an integer once Kubernetes has rounded it up to milli units.

    >>> whole(amount("2")), whole(amount("500m")), whole(amount("1Gi"))
    (True, False, True)
    """
    return -(-nanos // 10**6) % 1000 == 0
