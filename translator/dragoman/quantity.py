"""Kubernetes quantities as integers: bytes for memory and disk, milli-cores for cpu, whole devices for gpu.

Grammar and canonical form follow `k8s.io/apimachinery/pkg/api/resource` (quantity.go): decimal suffixes
n u m k M G T P E, binary Ki Mi Gi Ti Pi Ei, decimal exponents; a fraction is kept exactly until it is rounded up.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SUFFIXES = {
    "n": (1, 10**9), "u": (1, 10**6), "m": (1, 1000), "": (1, 1),
    "k": (10**3, 1), "M": (10**6, 1), "G": (10**9, 1), "T": (10**12, 1), "P": (10**15, 1), "E": (10**18, 1),
    "Ki": (2**10, 1), "Mi": (2**20, 1), "Gi": (2**30, 1), "Ti": (2**40, 1), "Pi": (2**50, 1), "Ei": (2**60, 1),
}  # fmt: skip
_QUANTITY = re.compile(r"([0-9]{1,30})(?:\.([0-9]{0,30}))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,3}))?")
_LARGEST = 2**63 - 1

# resource name -> units in one whole (1 core is 1000 milli-cores; 1 byte is 1 byte; 1 gpu is 1 gpu)
SCALE = {"cpu": 1000, "memory": 1, "gpu": 1, "disk": 1, "shm": 1}
BYTES = frozenset({"memory", "disk", "shm"})


@lru_cache(1024)  # a flow's steps ask for the same few amounts
def parse(text: str | int | float, scale: int = 1) -> int:
    """The quantity in units of 1/scale, rounded up; ValueError says what is wrong with the text.

    >>> parse("1.5Gi"), parse("250m", scale=1000), parse(2, scale=1000)
    (1610612736, 250, 2000)
    """
    match = _QUANTITY.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"`{text}` is not a quantity")
    whole, fraction, suffix, exponent = match.groups()
    numerator, denominator = _SUFFIXES[suffix or ""]
    digits = int(whole + (fraction or ""))
    denominator *= 10 ** len(fraction or "")
    power = int(exponent or 0)
    if abs(power) > 30:
        raise ValueError(f"`{text}` is out of range")
    numerator *= 10 ** max(power, 0) * scale
    denominator *= 10 ** max(-power, 0)
    value: int = -(-digits * numerator // denominator)
    if value > _LARGEST:
        raise ValueError(f"`{text}` is larger than 2^63-1")
    return value


def milli_text(millis: int) -> str:
    """Milli-cores as Kubernetes writes them: 1500 is `1500m`, 2000 is `2`."""
    return str(millis // 1000) if millis % 1000 == 0 else f"{millis}m"


def byte_text(count: int) -> str:
    """Bytes with the largest binary suffix that keeps them whole, else the largest decimal one, else bare."""
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki", "E", "P", "T", "G", "M", "k"):
        factor = _SUFFIXES[suffix][0]
        if count and count % factor == 0:
            return f"{count // factor}{suffix}"
    return str(count)


def canonical(resource: str, value: int) -> str:
    """A resource's amount (in the units of `SCALE`) as the string an engine reads.

    >>> canonical("cpu", 500), canonical("memory", 60000 * 2**20), canonical("gpu", 2)
    ('500m', '60000Mi', '2')
    """
    if resource == "cpu":
        return milli_text(value)
    return byte_text(value) if resource in BYTES else str(value)
