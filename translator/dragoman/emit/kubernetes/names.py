"""Names of objects: a start that people recognise, and a hash of the content behind it.

A Job's name becomes a label of its pods, and an Indexed Job's pods are named after it: at most 63 letters, lower case,
no dots (batch/validation ValidateJobSpec; core DNS-1123 labels).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

LONGEST = 63
CRON_LONGEST = 52  # the CronJob controller adds `-` and ten digits
HASH = 8
_OTHER = re.compile(r"[^a-z0-9]+")


def digest(*content: Any) -> str:
    """The hash that a name ends with: the same for the same content, in whatever order its keys were written."""
    from hashlib import sha256
    from json import dumps

    text = dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:HASH]


def named(parts: Sequence[str | int], ending: str, longest: int = LONGEST) -> str:
    """The parts in lower case with dashes between, cut so that the ending fits.

    >>> named(["Country_Train", "shards", 2], "1a2b3c4d")
    'country-train-shards-2-1a2b3c4d'
    """
    text = _OTHER.sub("-", "-".join(map(str, parts)).lower()).strip("-")
    if not text[:1].isalpha():
        text = f"f-{text}"
    room = longest - len(ending) - 1
    return f"{text[:room].rstrip('-')}-{ending}" if ending else text[:longest].rstrip("-")
